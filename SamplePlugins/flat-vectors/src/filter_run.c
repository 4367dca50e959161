#define _GNU_SOURCE
#include <string.h>

#include <keyway/author.h>

#include "filter.h"

typedef enum ordering { LESS = -1, SAME = 0, GREATER = 1, UNORDERED = 2 } ordering;

/* By value and without rounding: 2^53 + 1 is not equal to the double 2^53. */
static ordering order_mixed(int64_t integer, double number)
{
    if (number != number)
        return UNORDERED;
    if (number >= 9223372036854775808.0)
        return LESS;
    if (number < -9223372036854775808.0)
        return GREATER;
    int64_t whole = (int64_t)number; /* towards zero */
    if (integer != whole)
        return integer < whole ? LESS : GREATER;
    double rest = number - (double)whole;
    return rest > 0 ? LESS : rest < 0 ? GREATER : SAME;
}

static ordering order_doubles(double a, double b)
{
    return a < b ? LESS : a > b ? GREATER : a == b ? SAME : UNORDERED;
}

static ordering order_texts(kw_str a, kw_str b)
{
    size_t shared = (size_t)(a.len < b.len ? a.len : b.len);
    int order = shared == 0 ? 0 : memcmp(a.ptr, b.ptr, shared);
    if (order == 0)
        return a.len < b.len ? LESS : a.len > b.len ? GREATER : SAME;
    return order < 0 ? LESS : GREATER;
}

static ordering order_of(const metadata *object, const metadata_value *have, const kw_value *want)
{
    switch (have->kind) {
    case KW_VALUE_INT:
        if (want->kind == KW_VALUE_INT)
            return have->as.integer < want->integer ? LESS : have->as.integer > want->integer ? GREATER : SAME;
        return want->kind == KW_VALUE_DOUBLE ? order_mixed(have->as.integer, want->number) : UNORDERED;
    case KW_VALUE_DOUBLE:
        if (want->kind == KW_VALUE_DOUBLE)
            return order_doubles(have->as.number, want->number);
        if (want->kind == KW_VALUE_INT) {
            ordering reverse = order_mixed(want->integer, have->as.number);
            return reverse == LESS ? GREATER : reverse == GREATER ? LESS : reverse;
        }
        return UNORDERED;
    case KW_VALUE_STRING:
        return want->kind == KW_VALUE_STRING ? order_texts(metadata_text(object, have), want->text) : UNORDERED;
    default:
        return UNORDERED;
    }
}

static bool equal(const metadata *object, const metadata_value *have, const kw_value *want)
{
    if (have->kind == KW_VALUE_NULL || have->kind == KW_VALUE_BOOL)
        return have->kind == want->kind && (have->kind == KW_VALUE_NULL || have->as.integer == want->integer);
    return order_of(object, have, want) == SAME;
}

static bool contains(kw_str text, kw_str part)
{
    return part.len == 0 || (part.len <= text.len && memmem(text.ptr, text.len, part.ptr, part.len) != NULL);
}

static bool value_satisfies(const filter_step *step, const metadata *object, const metadata_value *have, bool in_list)
{
    const kw_value *want = step->values;
    ordering order;
    kw_str text;
    bool found = false;
    switch (step->op) {
    case KW_FILTER_EQ:
        return equal(object, have, want);
    case KW_FILTER_NE:
        return !equal(object, have, want);
    case KW_FILTER_LT:
        return order_of(object, have, want) == LESS;
    case KW_FILTER_LE:
        order = order_of(object, have, want);
        return order == LESS || order == SAME;
    case KW_FILTER_GT:
        return order_of(object, have, want) == GREATER;
    case KW_FILTER_GE:
        order = order_of(object, have, want);
        return order == GREATER || order == SAME;
    case KW_FILTER_IN:
    case KW_FILTER_NOT_IN:
        for (uint32_t v = 0; v < step->value_count && !found; v++)
            found = equal(object, have, &want[v]);
        return found == (step->op == KW_FILTER_IN);
    case KW_FILTER_IS_NULL:
        return have->kind == KW_VALUE_NULL;
    case KW_FILTER_PREFIX:
        if (have->kind != KW_VALUE_STRING || have->text_length < want->text.len)
            return false;
        text = metadata_text(object, have);
        return want->text.len == 0 || memcmp(text.ptr, want->text.ptr, (size_t)want->text.len) == 0;
    case KW_FILTER_CONTAINS:
        /* A list contains elements; only a text by itself contains parts. */
        if (in_list)
            return equal(object, have, want);
        return have->kind == KW_VALUE_STRING && want->kind == KW_VALUE_STRING
            && contains(metadata_text(object, have), want->text);
    default:
        return false;
    }
}

static bool id_is_listed(const filter_step *step, kw_str id)
{
    uint32_t low = 0, high = step->value_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        kw_str other = step->values[middle].text;
        int order = other.len != id.len ? (other.len < id.len ? -1 : 1)
            : id.len == 0               ? 0
                                        : memcmp(other.ptr, id.ptr, (size_t)id.len);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static bool predicate(const filter_step *step, const item *i)
{
    if (step->op == KW_FILTER_IDS)
        return id_is_listed(step, item_id(i));
    const metadata_field *field = metadata_find(i->fields, step->field);
    if (field == NULL)
        return false;
    if (step->op == KW_FILTER_EXISTS)
        return true;
    for (uint32_t v = 0; v < field->value_count; v++)
        if (value_satisfies(step, i->fields, &i->fields->values[field->first_value + v], field->is_list != 0))
            return true;
    return false;
}

bool filter_admits(const filter *f, const item *i)
{
    bool stack[KW_FILTER_MAX_DEPTH + 1];
    uint32_t top = 0;
    if (f->count == 0)
        return true;
    for (uint32_t at = 0; at < f->count; at++) {
        const filter_step *step = &f->steps[at];
        bool value;
        switch (step->op) {
        case KW_FILTER_AND:
        case KW_FILTER_OR:
            value = step->op == KW_FILTER_AND; /* of nothing: true for AND, false for OR */
            for (uint32_t n = 0; n < step->argc; n++) {
                bool operand = stack[--top];
                value = step->op == KW_FILTER_AND ? value && operand : value || operand;
            }
            break;
        case KW_FILTER_NOT:
            value = !stack[--top];
            break;
        case KW_FILTER_TRUE:
        case KW_FILTER_FALSE:
            value = step->op == KW_FILTER_TRUE;
            break;
        default:
            value = predicate(step, i);
        }
        stack[top++] = value;
    }
    return stack[0];
}
