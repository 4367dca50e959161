#include <math.h>
#include <stdlib.h>

#include <keyway/author.h>
#include "call_error.h"
#include "filter.h"

static const char *const names[] = {
    "", "AND", "OR", "NOT", "TRUE", "FALSE", "EQ", "NE", "LT", "LE", "GT", "GE", "IN", "NOT_IN", "EXISTS", "IS_NULL",
    "PREFIX", "CONTAINS", "IDS",
};

static kw_status refuse(kw_call *call, uint32_t at, const char *op, const char *what)
{
    return call_error(call, KW_INVALID_ARGUMENT, "filter instruction %u (%s): %s", at, op, what);
}

static bool wants_one_value(uint32_t op)
{
    return (op >= KW_FILTER_EQ && op <= KW_FILTER_GE) || op == KW_FILTER_PREFIX || op == KW_FILTER_CONTAINS;
}

static bool wants_values(uint32_t op)
{
    return wants_one_value(op) || op == KW_FILTER_IN || op == KW_FILTER_NOT_IN || op == KW_FILTER_IDS;
}

static const char *check_step(const filter_step *step, uint32_t depth)
{
    if (!kw_text_ok(step->field))
        return "the field has a length and no text";
    switch (step->op) {
    case KW_FILTER_NOT:
        if (step->argc != 1)
            return "takes one operand; argc must be 1";
        break;
    case KW_FILTER_AND:
    case KW_FILTER_OR:
        break;
    default:
        if (step->argc != 0)
            return "takes no operands from the stack; argc must be 0";
    }
    if (step->argc > depth)
        return "takes more operands than the stack holds; operands come before their operator";
    if (wants_one_value(step->op) && step->value_count != 1)
        return "needs exactly one value";
    if (!wants_values(step->op) && step->value_count != 0)
        return "takes no values";
    if (step->op == KW_FILTER_IDS && step->field.len != 0)
        return "compares ids; its field must be empty";
    for (uint32_t v = 0; v < step->value_count; v++) {
        const kw_value *value = &step->values[v];
        if (value->kind > KW_VALUE_STRING)
            return "a value is of an unknown kind";
        if (value->kind == KW_VALUE_BOOL && value->integer != 0 && value->integer != 1)
            return "a boolean value must be 0 or 1";
        if (value->kind == KW_VALUE_STRING && !kw_text_ok(value->text))
            return "a value has a length and no text";
        if ((step->op == KW_FILTER_IDS || step->op == KW_FILTER_PREFIX) && value->kind != KW_VALUE_STRING)
            return "its values must be strings";
    }
    return NULL;
}

static int by_id(const void *a, const void *b)
{
    kw_str x = ((const kw_value *)a)->text, y = ((const kw_value *)b)->text;
    return x.len != y.len ? (x.len < y.len ? -1 : 1) : x.len == 0 ? 0 : memcmp(x.ptr, y.ptr, (size_t)x.len);
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
        if (in.op < KW_FILTER_AND || in.op > KW_FILTER_IDS)
            return refuse(call, i, "?", "unknown operator; see filter_ops of info");
        *step = (filter_step) { in.op, in.argc, in.field, &out->values[used], in.values.count };
        for (uint32_t v = 0; v < in.values.count; v++)
            if (!kw_read_at(&out->values[used + v], in.values, v))
                return refuse(call, i, names[in.op], "a value is malformed; was it built for a later SDK?");
        used += in.values.count;
        const char *fault = check_step(step, depth);
        if (fault != NULL)
            return refuse(call, i, names[in.op], fault);
        depth = depth - step->argc + 1;
        if (depth > KW_FILTER_MAX_DEPTH)
            return refuse(call, i, names[in.op], "the stack would hold more than 64 values; join operands earlier");
        /* Id lists are long where retrieval re-reads known items; sorted, an item costs a binary search. */
        if (step->op == KW_FILTER_IDS && step->value_count > 1)
            qsort(step->values, step->value_count, sizeof *step->values, by_id);
    }
    if (depth != 1)
        return call_error(call, KW_INVALID_ARGUMENT, "the filter leaves %u values on the stack, and must leave one; "
                          "join them with AND or OR", depth);
    return KW_OK;
}

kw_status filter_compile(kw_call *call, kw_span program, filter *out)
{
    *out = (filter) { NULL, NULL, 0 };
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
