/* Filter programs (vector_backend.h): checked once, then run over items without any further check. */
#ifndef FLAT_VECTORS_FILTER_H
#define FLAT_VECTORS_FILTER_H

#include <stdbool.h>

#include <keyway/plugin.h>

#include "repository.h"

/* The operations this backend evaluates: all of the header but NATIVE, as it has no language of its own. */
#define FILTER_OPS ((UINT64_C(1) << (KW_FILTER_GEO_RADIUS + 1)) - (UINT64_C(1) << KW_FILTER_AND))

typedef struct filter_step {
    uint32_t op, argc;
    kw_str field;
    kw_value *values; /* value_count of them; text is borrowed from the call's input */
    uint32_t value_count;
} filter_step;

typedef struct filter {
    filter_step *steps;
    kw_value *values;
    uint32_t count;      /* 0 admits everything */
    bool needs_metadata; /* not if it looks at ids only: then damaged metadata is no hindrance */
} filter;

/* KW_INVALID_ARGUMENT, or KW_UNIMPLEMENTED for an operation that is not offered, with a message that names the
 * instruction, by call's fail(). On KW_OK, filter_free() it. */
kw_status filter_compile(kw_call *call, kw_span program, filter *out);
void filter_free(filter *f);

/* Does the filter admit the item at this position? KW_DATA_LOSS if its metadata is damaged. */
kw_status filter_admits(kw_call *call, const filter *f, const repository *r, uint32_t position, bool *admitted);

/* Positions that the filter admits, rising; free() them. */
kw_status filter_select(kw_call *call, const filter *f, const repository *r, uint32_t **positions, uint32_t *count);

/* Does one predicate over a field hold? `m` may be NULL. For filter_run.c. */
bool filter_predicate(const filter_step *step, const metadata *m);

#endif
