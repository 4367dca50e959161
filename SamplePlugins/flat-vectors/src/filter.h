/* Filter programs (vector_backend.h): checked once, then run over items without any further check. */
#ifndef FLAT_VECTORS_FILTER_H
#define FLAT_VECTORS_FILTER_H

#include <stdbool.h>

#include <keyway/plugin.h>

#include "repository.h"

/* The operators this backend evaluates: all of the header. */
#define FILTER_OPS ((UINT64_C(1) << (KW_FILTER_IDS + 1)) - (UINT64_C(1) << KW_FILTER_AND))

typedef struct filter_step {
    uint32_t op, argc;
    kw_str field;
    kw_value *values; /* value_count of them; text is borrowed from the call's input */
    uint32_t value_count;
} filter_step;

typedef struct filter {
    filter_step *steps;
    kw_value *values;
    uint32_t count; /* 0 admits everything */
} filter;

/* KW_INVALID_ARGUMENT with a message that names the instruction, by call's fail(). On KW_OK, filter_free() it. */
kw_status filter_compile(kw_call *call, kw_span program, filter *out);
void filter_free(filter *f);

bool filter_admits(const filter *f, const item *i);

#endif
