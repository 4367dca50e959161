/* Random items as plain values, and as the JSON that the plugin gets. */
#ifndef FLAT_VECTORS_TESTS_FILTER_VALUES_H
#define FLAT_VECTORS_TESTS_FILTER_VALUES_H

#include "fixture.h"

#define ITEMS 240

typedef enum kind { NOTHING_AT_ALL, OF_NULL, OF_BOOL, OF_INT, OF_DOUBLE, OF_TEXT, OF_LIST, OF_OBJECT } kind;

typedef struct value {
    kind kind;
    int64_t integer;
    double number;
    const char *text;
    uint32_t count;
    const char *names[4];
    struct value *parts[4];
} value;

static value *items[ITEMS];
static char item_names[ITEMS][16];
static const char *const texts[] = { "", "a", "ab", "abc", "Ab cd", "cd, AB!", "b-a x", "\xc3\xa4z", "x\xc3\xa4 1", "1" };
/* Names that hold the separator themselves stand beside members of members. */
static const char *const names[] = { "a", "b", "c", "a/b", "b/c", "a/b/c" };
static const double numbers[] = { -1.5, -1, -0.0, 0.5, 1, 2, 2.5, 9007199254740992.0, 9223372036854775808.0 };
static const int64_t integers[] = { -2, -1, 0, 1, 2, 9007199254740993, INT64_MAX, INT64_MIN };

#define PICK(list) (list)[random_below(sizeof(list) / sizeof((list)[0]))]

static inline value *make_value(unsigned depth)
{
    value *v = calloc(1, sizeof *v);
    v->kind = OF_NULL + random_below(depth > 0 ? 7 : 5);
    v->integer = v->kind == OF_BOOL ? (int64_t)random_below(2) : PICK(integers);
    v->number = PICK(numbers);
    v->text = PICK(texts);
    if (v->kind == OF_LIST || v->kind == OF_OBJECT)
        v->count = random_below(5);
    for (uint32_t i = 0; i < v->count; i++)
        v->parts[i] = make_value(depth - 1);
    if (v->kind == OF_OBJECT && random_below(4) == 0) { /* a place, perhaps with a third member or a wrong one */
        for (; v->count < 2; v->count++)
            v->parts[v->count] = make_value(depth - 1);
        for (uint32_t i = 0; i < 2; i++)
            if (random_below(8) == 0) {
                /* Angles beyond the precision of a double say nothing. */
                if (v->parts[i]->kind == OF_INT || v->parts[i]->kind == OF_DOUBLE)
                    v->parts[i]->kind = OF_NULL;
            } else {
                v->parts[i]->count = 0;
                v->parts[i]->kind = OF_DOUBLE;
                v->parts[i]->number = (double)random_below(3600) / 10 - (i == 0 ? 90 : 180);
                if (i == 0 && v->parts[i]->number > 90)
                    v->parts[i]->number /= 3;
            }
        v->names[0] = "lat";
        v->names[1] = "lon";
    }
    for (uint32_t i = 0; v->kind == OF_OBJECT && i < v->count; i++)
        if (v->names[i] == NULL)
            v->names[i] = PICK(names);
    return v;
}

static inline void free_value(value *v)
{
    for (uint32_t i = 0; i < 4; i++)
        if (v->parts[i] != NULL)
            free_value(v->parts[i]);
    free(v);
}

static inline size_t write_value(const value *v, char *json, size_t size)
{
    size_t used = 0;
    switch (v->kind) {
    case OF_NULL:
        return (size_t)snprintf(json, size, "null");
    case OF_BOOL:
        return (size_t)snprintf(json, size, v->integer ? "true" : "false");
    case OF_INT:
        return (size_t)snprintf(json, size, "%lld", (long long)v->integer);
    case OF_DOUBLE:
        used = (size_t)snprintf(json, size, "%.17g", v->number);
        /* A fraction or an exponent is what makes it no integer. */
        return used + (size_t)snprintf(json + used, size - used, "%s", strpbrk(json, ".e") == NULL ? ".0" : "");
    case OF_TEXT:
        return (size_t)snprintf(json, size, "\"%s\"", v->text);
    default:
        used += (size_t)snprintf(json, size, v->kind == OF_LIST ? "[" : "{");
        for (uint32_t i = 0; i < v->count; i++) {
            used += (size_t)snprintf(json + used, size - used, "%s", i > 0 ? " ,\n" : "");
            if (v->kind == OF_OBJECT)
                used += (size_t)snprintf(json + used, size - used, "\"%s\" : ", v->names[i]);
            used += write_value(v->parts[i], json + used, size - used);
        }
        return used + (size_t)snprintf(json + used, size - used, v->kind == OF_LIST ? "]" : "}");
    }
}

#endif
