/* The operations of vector_backend.h, each in the file of its kind. */
#ifndef FLAT_VECTORS_OPERATIONS_H
#define FLAT_VECTORS_OPERATIONS_H

#include <keyway/plugin.h>

#include "repository.h"

/* repository_operations.c */
kw_status flat_info(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT;
kw_status flat_repos(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT;
kw_status flat_ensure(kw_instance *self, kw_call *call, const kw_repo_spec *in) KW_NOEXCEPT;
kw_status flat_wipe(kw_instance *self, kw_call *call, const kw_repo_in *in) KW_NOEXCEPT;
/* upsert_operation.c */
kw_status flat_upsert(kw_instance *self, kw_call *call, const kw_upsert_in *in) KW_NOEXCEPT;
/* change_operations.c */
kw_status flat_remove(kw_instance *self, kw_call *call, const kw_filter_in *in) KW_NOEXCEPT;
kw_status flat_count(kw_instance *self, kw_call *call, const kw_filter_in *in) KW_NOEXCEPT;
kw_status flat_update(kw_instance *self, kw_call *call, const kw_update_in *in) KW_NOEXCEPT;
/* query_operation.c */
kw_status flat_query(kw_instance *self, kw_call *call, const kw_query_in *in) KW_NOEXCEPT;
/* read_operations.c */
kw_status flat_get(kw_instance *self, kw_call *call, const kw_get_in *in) KW_NOEXCEPT;
kw_status flat_scan(kw_instance *self, kw_call *call, const kw_scan_in *in) KW_NOEXCEPT;
/* file_operations.c */
kw_status flat_flush(kw_instance *self, kw_call *call, const kw_flush_in *in) KW_NOEXCEPT;
kw_status flat_snapshot(kw_instance *self, kw_call *call, const kw_snapshot_in *in) KW_NOEXCEPT;
kw_status flat_restore(kw_instance *self, kw_call *call, const kw_snapshot_in *in) KW_NOEXCEPT;

/* What hosts are told of a repository; strings in the call's arena. */
kw_status describe_repository(kw_call *call, const repository *r, kw_repo_info *out);
kw_status no_repository(kw_call *call, kw_str name);
/* KW_UNIMPLEMENTED that names a field of the input. */
kw_status not_offered(kw_call *call, const char *field, const char *why);

#endif
