#define _GNU_SOURCE
#include <math.h>
#include <string.h>

#include <keyway/author.h>

#include "filter.h"

#define EARTH_RADIUS_METRES 6371008.8
#define RADIANS_A_DEGREE 0.017453292519943295

/* ---- order ---------------------------------------------------------------------------------------------- */

typedef enum ordering { LESS = -1, SAME = 0, GREATER = 1, UNORDERED = 2 } ordering;

/* By value and without rounding: 2^53 + 1 is not equal to the double 2^53. */
static ordering order_mixed(int64_t integer, double number)
{
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

static ordering reversed(ordering order)
{
    return order == LESS ? GREATER : order == GREATER ? LESS : order;
}

static ordering order_of(const metadata *m, const metadata_node *have, const kw_value *want)
{
    switch (have->kind) {
    case KW_VALUE_INT:
        if (want->kind == KW_VALUE_INT)
            return have->as.integer < want->integer ? LESS : have->as.integer > want->integer ? GREATER : SAME;
        return want->kind == KW_VALUE_DOUBLE ? order_mixed(have->as.integer, want->number) : UNORDERED;
    case KW_VALUE_DOUBLE:
        if (want->kind == KW_VALUE_DOUBLE)
            return have->as.number < want->number ? LESS : have->as.number > want->number ? GREATER : SAME;
        return want->kind == KW_VALUE_INT ? reversed(order_mixed(want->integer, have->as.number)) : UNORDERED;
    case KW_VALUE_STRING: {
        if (want->kind != KW_VALUE_STRING)
            return UNORDERED;
        int order = text_order(metadata_text(m, have), want->text);
        return order < 0 ? LESS : order > 0 ? GREATER : SAME;
    }
    default:
        return UNORDERED;
    }
}

static bool equal(const metadata *m, const metadata_node *have, const kw_value *want)
{
    if (have->kind == KW_VALUE_NULL || have->kind == KW_VALUE_BOOL)
        return have->kind == want->kind && (have->kind == KW_VALUE_NULL || have->as.integer == want->integer);
    return order_of(m, have, want) == SAME;
}

static bool equals_any(const filter_step *step, const metadata *m, const metadata_node *have)
{
    for (uint32_t v = 0; v < step->value_count; v++)
        if (equal(m, have, &step->values[v]))
            return true;
    return false;
}

/* ---- texts ---------------------------------------------------------------------------------------------- */

static bool contains(kw_str text, kw_str part)
{
    return part.len == 0 || (part.len <= text.len && memmem(text.ptr, text.len, part.ptr, part.len) != NULL);
}

static bool begins(kw_str text, kw_str prefix)
{
    return prefix.len == 0 || (prefix.len <= text.len && memcmp(text.ptr, prefix.ptr, (size_t)prefix.len) == 0);
}

static bool is_word_byte(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80;
}

/* The next word from *at on; empty at the end. */
static kw_str next_word(kw_str text, uint64_t *at)
{
    while (*at < text.len && !is_word_byte((unsigned char)text.ptr[*at]))
        ++*at;
    uint64_t begin = *at;
    while (*at < text.len && is_word_byte((unsigned char)text.ptr[*at]))
        ++*at;
    return (kw_str) { *at > begin ? text.ptr + begin : NULL, *at - begin };
}

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool same_word(kw_str a, kw_str b, bool case_counts)
{
    if (a.len != b.len || case_counts)
        return kw_equal(a, b) != 0;
    for (uint64_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

static bool has_word(kw_str text, kw_str word, bool case_counts)
{
    uint64_t at = 0;
    for (kw_str other = next_word(text, &at); other.len > 0; other = next_word(text, &at))
        if (same_word(other, word, case_counts))
            return true;
    return false;
}

static bool matches(const filter_step *step, kw_str text)
{
    bool case_counts = step->value_count > 1 && step->values[1].integer != 0;
    uint64_t at = 0;
    for (kw_str word = next_word(step->values[0].text, &at); word.len > 0; word = next_word(step->values[0].text, &at))
        if (!has_word(text, word, case_counts))
            return false;
    return true;
}

static uint64_t scalars(kw_str text)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return count;
}

/* ---- places --------------------------------------------------------------------------------------------- */

static bool number_member(const metadata *m, const metadata_node *object, const char *name, double *out)
{
    const metadata_node *member = metadata_member(m, object, kw_string(name));
    if (member == NULL || (member->kind != KW_VALUE_INT && member->kind != KW_VALUE_DOUBLE))
        return false;
    *out = member->kind == KW_VALUE_INT ? (double)member->as.integer : member->as.number;
    return true;
}

static double number_of(const kw_value *value)
{
    return value->kind == KW_VALUE_INT ? (double)value->integer : value->number;
}

static bool is_near(const filter_step *step, const metadata *m, const metadata_node *place)
{
    double lat, lon;
    if (!number_member(m, place, "lat", &lat) || !number_member(m, place, "lon", &lon))
        return false;
    double from = number_of(&step->values[0]) * RADIANS_A_DEGREE, to = lat * RADIANS_A_DEGREE;
    double across = sin((lon - number_of(&step->values[1])) * RADIANS_A_DEGREE / 2), up = sin((to - from) / 2);
    double half = up * up + cos(from) * cos(to) * across * across; /* the haversine */
    return 2 * EARTH_RADIUS_METRES * asin(sqrt(half < 1 ? half : 1)) <= number_of(&step->values[2]);
}

/* ---- predicates ----------------------------------------------------------------------------------------- */

/* Predicates that look at the field as a whole. */
static bool whole_satisfies(const filter_step *step, const metadata *m, const metadata_node *have)
{
    const metadata_node *elements = have;
    uint32_t count = 1;
    if (have->kind == METADATA_LIST) {
        elements = &m->nodes[have->as.first];
        count = have->count;
    }
    switch (step->op) {
    case KW_FILTER_EXISTS:
        return true;
    case KW_FILTER_IS_NULL:
        return have->kind == KW_VALUE_NULL;
    case KW_FILTER_IS_EMPTY:
        return have->kind == KW_VALUE_NULL
            || ((have->kind == KW_VALUE_STRING || have->kind >= METADATA_LIST) && have->count == 0);
    case KW_FILTER_SIZE: {
        if (have->kind != METADATA_LIST && have->kind != KW_VALUE_STRING)
            return false;
        int64_t size = have->kind == METADATA_LIST ? have->count : (int64_t)scalars(metadata_text(m, have));
        return step->values[0].integer <= size && size <= step->values[1].integer;
    }
    case KW_FILTER_ALL_OF:
        for (uint32_t v = 0; v < step->value_count; v++) {
            bool found = false;
            for (uint32_t i = 0; i < count && !found; i++)
                found = equal(m, &elements[i], &step->values[v]);
            if (!found)
                return false;
        }
        return true;
    case KW_FILTER_CONTAINS:
        for (uint32_t i = 0; have->kind == METADATA_LIST && i < count; i++)
            if (equal(m, &elements[i], &step->values[0]))
                return true;
        return have->kind == KW_VALUE_STRING && step->values[0].kind == KW_VALUE_STRING
            && contains(metadata_text(m, have), step->values[0].text);
    default:
        return is_near(step, m, have); /* GEO_RADIUS; the member functions refuse what is no object */
    }
}

/* Predicates that look at one value: the field, or an element of a list. */
static bool value_satisfies(const filter_step *step, const metadata *m, const metadata_node *have)
{
    const kw_value *want = step->values;
    ordering order;
    switch (step->op) {
    case KW_FILTER_EQ:
        return equal(m, have, want);
    case KW_FILTER_NE:
        return !equal(m, have, want);
    case KW_FILTER_LT:
        return order_of(m, have, want) == LESS;
    case KW_FILTER_LE:
        order = order_of(m, have, want);
        return order == LESS || order == SAME;
    case KW_FILTER_GT:
        return order_of(m, have, want) == GREATER;
    case KW_FILTER_GE:
        order = order_of(m, have, want);
        return order == GREATER || order == SAME;
    case KW_FILTER_BETWEEN: {
        ordering low = order_of(m, have, &want[0]), high = order_of(m, have, &want[1]);
        return (low == GREATER || low == SAME) && (high == LESS || high == SAME);
    }
    case KW_FILTER_IN:
        return equals_any(step, m, have);
    case KW_FILTER_NOT_IN:
        return !equals_any(step, m, have);
    case KW_FILTER_PREFIX:
        return have->kind == KW_VALUE_STRING && begins(metadata_text(m, have), want->text);
    default: /* MATCH */
        return have->kind == KW_VALUE_STRING && matches(step, metadata_text(m, have));
    }
}

bool filter_predicate(const filter_step *step, const metadata *m)
{
    const metadata_node *have = metadata_find(m, step->field);
    if (have == NULL)
        return false;
    bool by_element = (step->op >= KW_FILTER_EQ && step->op <= KW_FILTER_NOT_IN) || step->op == KW_FILTER_BETWEEN
        || step->op == KW_FILTER_PREFIX || step->op == KW_FILTER_MATCH;
    if (!by_element)
        return whole_satisfies(step, m, have);
    if (have->kind != METADATA_LIST)
        return value_satisfies(step, m, have);
    bool every = step->op == KW_FILTER_NE || step->op == KW_FILTER_NOT_IN;
    for (uint32_t i = 0; i < have->count; i++)
        if (value_satisfies(step, m, &m->nodes[have->as.first + i]) != every)
            return !every;
    return every;
}
