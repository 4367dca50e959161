/* The operations of vector_backend.h, each in the file of its kind. */
#ifndef FLAT_VECTORS_OPERATIONS_H
#define FLAT_VECTORS_OPERATIONS_H

#include <keyway/plugin.h>

/* repository_operations.c */
kw_status flat_info(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT;
kw_status flat_repos(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT;
kw_status flat_ensure(kw_instance *self, kw_call *call, const kw_repo_spec *in) KW_NOEXCEPT;
kw_status flat_wipe(kw_instance *self, kw_call *call, const kw_repo_in *in) KW_NOEXCEPT;
/* item_operations.c */
kw_status flat_upsert(kw_instance *self, kw_call *call, const kw_upsert_in *in) KW_NOEXCEPT;
kw_status flat_remove(kw_instance *self, kw_call *call, const kw_filter_in *in) KW_NOEXCEPT;
kw_status flat_count(kw_instance *self, kw_call *call, const kw_filter_in *in) KW_NOEXCEPT;
/* query_operation.c */
kw_status flat_query(kw_instance *self, kw_call *call, const kw_query_in *in) KW_NOEXCEPT;

#endif
