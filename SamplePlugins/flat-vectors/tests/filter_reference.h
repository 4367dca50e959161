/* A second, plain evaluator of predicates, which works on the values that the items were made from. */
#ifndef FLAT_VECTORS_TESTS_FILTER_REFERENCE_H
#define FLAT_VECTORS_TESTS_FILTER_REFERENCE_H

#include <ctype.h>

#include "filter_values.h"

static inline const value *member_named(const value *object, const char *name, size_t length)
{
    const value *found = NULL;
    for (uint32_t i = 0; object->kind == OF_OBJECT && i < object->count; i++)
        if (strlen(object->names[i]) == length && memcmp(object->names[i], name, length) == 0)
            found = object->parts[i];
    return found;
}

static inline const value *field_of(const value *object, const char *path)
{
    const value *found = member_named(object, path, strlen(path));
    if (found != NULL)
        return found;
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        const value *inner = member_named(object, path, (size_t)(slash - path));
        if (inner != NULL && inner->kind == OF_OBJECT && (found = field_of(inner, slash + 1)) != NULL)
            return found;
    }
    return NULL;
}

/* What a value is compared with; kw_value's own form, read plainly. */
static inline int is_number(const value *v)
{
    return v->kind == OF_INT || v->kind == OF_DOUBLE;
}

static inline int order(const value *have, const kw_value *want, int *ordered)
{
    *ordered = 1;
    if (is_number(have) && (want->kind == KW_VALUE_INT || want->kind == KW_VALUE_DOUBLE)) {
        /* An x87 or quadruple long double holds every int64 and every double. */
        long double x = have->kind == OF_INT ? (long double)have->integer : (long double)have->number;
        long double y = want->kind == KW_VALUE_INT ? (long double)want->integer : (long double)want->number;
        return x < y ? -1 : x > y;
    }
    if (have->kind == OF_TEXT && want->kind == KW_VALUE_STRING) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "%.*s", (int)want->text.len, want->text.len ? want->text.ptr : "");
        return strcmp(have->text, wanted);
    }
    *ordered = 0;
    return 0;
}

static inline int same(const value *have, const kw_value *want)
{
    int ordered, difference = order(have, want, &ordered);
    if (have->kind == OF_NULL || want->kind == KW_VALUE_NULL)
        return have->kind == OF_NULL && want->kind == KW_VALUE_NULL;
    if (have->kind == OF_BOOL || want->kind == KW_VALUE_BOOL)
        return have->kind == OF_BOOL && want->kind == KW_VALUE_BOOL && have->integer == want->integer;
    return ordered && difference == 0;
}

static inline uint32_t words_of(const char *text, int fold, char words[16][64])
{
    uint32_t count = 0, length = 0;
    for (;; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x80 || isalnum(c)) {
            words[count][length++] = (char)(fold && c < 0x80 ? tolower(c) : c);
        } else if (length > 0) {
            words[count++][length] = '\0';
            length = 0;
        }
        if (c == '\0')
            return count;
    }
}

static inline int matches(const char *text, const kw_finst *step)
{
    const kw_value *list = step->values.ptr;
    char wanted_text[64], have[16][64], wanted[16][64];
    int fold = !(step->values.count > 1 && list[1].integer);
    snprintf(wanted_text, sizeof wanted_text, "%.*s", (int)list[0].text.len, list[0].text.len ? list[0].text.ptr : "");
    uint32_t haves = words_of(text, fold, have), wants = words_of(wanted_text, fold, wanted);
    for (uint32_t w = 0; w < wants; w++) {
        int found = 0;
        for (uint32_t h = 0; h < haves; h++)
            found = found || strcmp(have[h], wanted[w]) == 0;
        if (!found)
            return 0;
    }
    return 1;
}

/* The angle between two directions, not the haversine. */
static inline long double metres(long double lat1, long double lon1, long double lat2, long double lon2)
{
    long double degree = acosl(-1) / 180, angles[2][2] = { { lat1, lon1 }, { lat2, lon2 } }, v[2][3];
    for (int i = 0; i < 2; i++) {
        v[i][0] = cosl(angles[i][0] * degree) * cosl(angles[i][1] * degree);
        v[i][1] = cosl(angles[i][0] * degree) * sinl(angles[i][1] * degree);
        v[i][2] = sinl(angles[i][0] * degree);
    }
    long double x = v[0][1] * v[1][2] - v[0][2] * v[1][1], y = v[0][2] * v[1][0] - v[0][0] * v[1][2];
    long double z = v[0][0] * v[1][1] - v[0][1] * v[1][0];
    long double dot = v[0][0] * v[1][0] + v[0][1] * v[1][1] + v[0][2] * v[1][2];
    return 6371008.8L * atan2l(sqrtl(x * x + y * y + z * z), dot);
}

static inline long double plain_number(const value *v)
{
    return v->kind == OF_INT ? (long double)v->integer : (long double)v->number;
}

static inline int one_holds(const kw_finst *step, const value *v)
{
    const kw_value *list = step->values.ptr;
    int ordered = 0, above = 0, any = 0, difference = step->values.count > 0 ? order(v, &list[0], &ordered) : 0;
    for (uint32_t i = 0; i < step->values.count; i++)
        any = any || same(v, &list[i]);
    switch (step->op) {
    case KW_FILTER_EQ:
        return same(v, &list[0]);
    case KW_FILTER_NE:
        return !same(v, &list[0]);
    case KW_FILTER_LT:
        return ordered && difference < 0;
    case KW_FILTER_LE:
        return ordered && difference <= 0;
    case KW_FILTER_GT:
        return ordered && difference > 0;
    case KW_FILTER_GE:
        return ordered && difference >= 0;
    case KW_FILTER_BETWEEN:
        return ordered && difference >= 0 && order(v, &list[1], &above) <= 0 && above;
    case KW_FILTER_IN:
        return any;
    case KW_FILTER_NOT_IN:
        return !any;
    case KW_FILTER_PREFIX:
        return v->kind == OF_TEXT && strlen(v->text) >= list[0].text.len
            && (list[0].text.len == 0 || memcmp(v->text, list[0].text.ptr, (size_t)list[0].text.len) == 0);
    default:
        return v->kind == OF_TEXT && matches(v->text, step);
    }
}

static inline int has_element(const value *list, const kw_value *want)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (same(list->parts[i], want))
            return 1;
    return 0;
}

static inline int predicate_holds(const kw_finst *step, int item)
{
    const kw_value *list = step->values.ptr;
    char path[64], part[64];
    snprintf(path, sizeof path, "%.*s", (int)step->field.len, step->field.len ? step->field.ptr : "");
    const value *v = field_of(items[item], path), *lat, *lon;
    if (step->op == KW_FILTER_IDS) {
        for (uint32_t i = 0; i < step->values.count; i++)
            if (kw_equal(list[i].text, kw_string(item_names[item])))
                return 1;
        return 0;
    }
    if (v == NULL)
        return 0;
    switch (step->op) {
    case KW_FILTER_EXISTS:
        return 1;
    case KW_FILTER_IS_NULL:
        return v->kind == OF_NULL;
    case KW_FILTER_IS_EMPTY:
        return v->kind == OF_NULL || (v->kind == OF_TEXT && v->text[0] == '\0')
            || ((v->kind == OF_LIST || v->kind == OF_OBJECT) && v->count == 0);
    case KW_FILTER_CONTAINS:
        if (v->kind == OF_LIST)
            return has_element(v, &list[0]);
        snprintf(part, sizeof part, "%.*s", (int)list[0].text.len, list[0].text.len ? list[0].text.ptr : "");
        return v->kind == OF_TEXT && list[0].kind == KW_VALUE_STRING && strstr(v->text, part) != NULL;
    case KW_FILTER_ALL_OF:
        for (uint32_t i = 0; i < step->values.count; i++)
            if (v->kind == OF_LIST ? !has_element(v, &list[i]) : !same(v, &list[i]))
                return 0;
        return 1;
    case KW_FILTER_SIZE: {
        int64_t size = v->kind == OF_LIST ? v->count : 0;
        if (v->kind != OF_LIST && v->kind != OF_TEXT)
            return 0;
        for (const char *at = v->text; v->kind == OF_TEXT && *at != '\0'; size++)
            at += *at & 0x80 ? 2 : 1; /* what is not ASCII in texts[] has two bytes */
        return size >= list[0].integer && size <= list[1].integer;
    }
    case KW_FILTER_GEO_RADIUS:
        lat = member_named(v, "lat", 3);
        lon = member_named(v, "lon", 3);
        return lat != NULL && lon != NULL && is_number(lat) && is_number(lon)
            && metres(list[0].number, list[1].number, plain_number(lat), plain_number(lon)) <= list[2].number;
    default:
        break;
    }
    if (v->kind != OF_LIST)
        return one_holds(step, v);
    int every = 1, any = 0;
    for (uint32_t i = 0; i < v->count; i++) {
        int holds = one_holds(step, v->parts[i]);
        every = every && holds;
        any = any || holds;
    }
    return step->op == KW_FILTER_NE || step->op == KW_FILTER_NOT_IN ? every : any;
}

#endif
