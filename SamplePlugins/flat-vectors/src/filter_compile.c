#include <math.h>
#include <stdlib.h>

#include <keyway/author.h>
#include "call_error.h"
#include "filter.h"

/* What each operation takes. */
static const struct {
    const char *name;
    uint32_t least, most; /* values */
    bool needs_field;
} operations[] = {
    [KW_FILTER_AND] = { "AND", 0, 0, false },
    [KW_FILTER_OR] = { "OR", 0, 0, false },
    [KW_FILTER_NOT] = { "NOT", 0, 0, false },
    [KW_FILTER_TRUE] = { "TRUE", 0, 0, false },
    [KW_FILTER_FALSE] = { "FALSE", 0, 0, false },
    [KW_FILTER_EQ] = { "EQ", 1, 1, true },
    [KW_FILTER_NE] = { "NE", 1, 1, true },
    [KW_FILTER_LT] = { "LT", 1, 1, true },
    [KW_FILTER_LE] = { "LE", 1, 1, true },
    [KW_FILTER_GT] = { "GT", 1, 1, true },
    [KW_FILTER_GE] = { "GE", 1, 1, true },
    [KW_FILTER_IN] = { "IN", 0, UINT32_MAX, true },
    [KW_FILTER_NOT_IN] = { "NOT_IN", 0, UINT32_MAX, true },
    [KW_FILTER_EXISTS] = { "EXISTS", 0, 0, true },
    [KW_FILTER_IS_NULL] = { "IS_NULL", 0, 0, true },
    [KW_FILTER_PREFIX] = { "PREFIX", 1, 1, true },
    [KW_FILTER_CONTAINS] = { "CONTAINS", 1, 1, true },
    [KW_FILTER_IDS] = { "IDS", 0, UINT32_MAX, false },
    [KW_FILTER_BETWEEN] = { "BETWEEN", 2, 2, true },
    [KW_FILTER_ALL_OF] = { "ALL_OF", 0, UINT32_MAX, true },
    [KW_FILTER_SIZE] = { "SIZE", 2, 2, true },
    [KW_FILTER_IS_EMPTY] = { "IS_EMPTY", 0, 0, true },
    [KW_FILTER_MATCH] = { "MATCH", 1, 2, true },
    [KW_FILTER_GEO_RADIUS] = { "GEO_RADIUS", 3, 3, true },
};

static kw_status refuse(kw_call *call, uint32_t at, const char *op, const char *what)
{
    return call_error(call, KW_INVALID_ARGUMENT, "filter instruction %u (%s): %s", at, op, what);
}

static const char *check_operands(const filter_step *step, uint32_t depth)
{
    switch (step->op) {
    case KW_FILTER_NOT:
        if (step->argc != 1)
            return "takes one operand; argc must be 1";
        break;
    case KW_FILTER_AND:
    case KW_FILTER_OR:
        if (step->argc == 0)
            return "takes at least one operand; argc must not be 0";
        break;
    default:
        if (step->argc != 0)
            return "takes no operands from the stack; argc must be 0";
    }
    if (step->argc > depth)
        return "takes more operands than the stack holds; operands come before their operation";
    if (!kw_text_ok(step->field))
        return "the field has a length and no text";
    if (step->op == KW_FILTER_IDS && step->field.len != 0)
        return "compares ids; its field must be empty";
    if (step->value_count < operations[step->op].least || step->value_count > operations[step->op].most)
        return operations[step->op].most == 0 ? "takes no values" : "has a wrong number of values; see vector_backend.h";
    return NULL;
}

static const char *check_value(const filter_step *step, uint32_t v)
{
    const kw_value *value = &step->values[v];
    if (value->kind > KW_VALUE_STRING)
        return "a value is of an unknown kind";
    if (value->kind == KW_VALUE_BOOL && value->integer != 0 && value->integer != 1)
        return "a boolean value must be 0 or 1";
    if (value->kind == KW_VALUE_DOUBLE && !isfinite(value->number))
        return "a number must be finite";
    if (value->kind == KW_VALUE_STRING && !kw_text_ok(value->text))
        return "a value has a length and no text";
    switch (step->op) {
    case KW_FILTER_IDS:
    case KW_FILTER_PREFIX:
        return value->kind == KW_VALUE_STRING ? NULL : "its values must be strings";
    case KW_FILTER_MATCH:
        if (v == 0)
            return value->kind == KW_VALUE_STRING ? NULL : "its first value must be a string of words";
        return value->kind == KW_VALUE_BOOL ? NULL : "its second value, whether case counts, must be a boolean";
    case KW_FILTER_SIZE:
        return value->kind == KW_VALUE_INT ? NULL : "its values must be integers";
    case KW_FILTER_GEO_RADIUS:
        return value->kind == KW_VALUE_INT || value->kind == KW_VALUE_DOUBLE
            ? NULL
            : "its values must be numbers: latitude, longitude, metres";
    default:
        return NULL;
    }
}

static const char *check_step(const filter_step *step, uint32_t depth)
{
    const char *fault = check_operands(step, depth);
    for (uint32_t v = 0; fault == NULL && v < step->value_count; v++)
        fault = check_value(step, v);
    return fault;
}

static int by_id(const void *a, const void *b)
{
    return text_order(((const kw_value *)a)->text, ((const kw_value *)b)->text);
}

void filter_free(filter *f)
{
    free(f->steps);
    free(f->values);
    f->steps = NULL;
    f->values = NULL;
    f->count = 0;
}

static kw_status compile_steps(kw_call *call, kw_span program, filter *out)
{
    uint32_t depth = 0, used = 0;
    for (uint32_t i = 0; i < program.count; i++) {
        kw_finst in;
        filter_step *step = &out->steps[i];
        if (!kw_read_at(&in, program, i))
            return refuse(call, i, "?", "malformed; was it built for a later SDK?");
        if (in.op > 63 || !(FILTER_OPS >> in.op & 1))
            return call_error(call, KW_UNIMPLEMENTED, "filter instruction %u: operation %u is not offered; see filter_ops "
                              "of info", i, in.op);
        *step = (filter_step) { in.op, in.argc, in.field, &out->values[used], in.values.count };
        for (uint32_t v = 0; v < in.values.count; v++)
            if (!kw_read_at(&out->values[used + v], in.values, v))
                return refuse(call, i, operations[in.op].name, "a value is malformed; was it built for a later SDK?");
        used += in.values.count;
        const char *fault = check_step(step, depth);
        if (fault != NULL)
            return refuse(call, i, operations[in.op].name, fault);
        depth = depth - step->argc + 1;
        if (depth > KW_FILTER_MAX_DEPTH)
            return refuse(call, i, operations[in.op].name, "the stack would hold more than 64 values; join operands earlier");
        /* Id lists are long where retrieval re-reads known items; sorted, an item costs a binary search. */
        if (step->op == KW_FILTER_IDS && step->value_count > 1)
            qsort(step->values, step->value_count, sizeof *step->values, by_id);
        out->needs_metadata = out->needs_metadata || operations[in.op].needs_field;
    }
    if (depth != 1)
        return call_error(call, KW_INVALID_ARGUMENT, "the filter leaves %u values on the stack, and must leave one; "
                          "join them with AND or OR", depth);
    return KW_OK;
}

kw_status filter_compile(kw_call *call, kw_span program, filter *out)
{
    *out = (filter) { .count = 0 };
    if (program.count == 0)
        return KW_OK;
    if (!kw_span_ok(program, sizeof(kw_hdr)))
        return call_error(call, KW_INVALID_ARGUMENT, "the filter has instructions and no memory");
    if (program.count > KW_FILTER_MAX_LENGTH)
        return call_error(call, KW_INVALID_ARGUMENT, "the filter has %u instructions; at most 4096 are run",
                          program.count);
    uint64_t values = 0;
    for (uint32_t i = 0; i < program.count; i++) {
        kw_finst in;
        if (!kw_read_at(&in, program, i))
            return refuse(call, i, "?", "malformed; was it built for a later SDK?");
        if (!kw_span_ok(in.values, sizeof(kw_hdr)))
            return refuse(call, i, "?", "has values and no memory for them");
        values += in.values.count;
    }
    out->steps = calloc(program.count, sizeof *out->steps);
    out->values = values > UINT32_MAX ? NULL : calloc((size_t)values + 1, sizeof *out->values);
    if (out->steps == NULL || out->values == NULL) {
        filter_free(out);
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for a filter of %u instructions", program.count);
    }
    kw_status status = compile_steps(call, program, out);
    if (status == KW_OK)
        out->count = program.count;
    else
        filter_free(out);
    return status;
}
