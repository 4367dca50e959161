/* Filters: every operation on random items against a second, plain evaluator that works on the values the items were made
 * from; operations by hand at their boundaries; programs that must be refused. */
#define _GNU_SOURCE
#include <ctype.h>

#include "fixture.h"

#define ITEMS 240
#define MOST_STEPS 48
#define MOST_VALUES 3

static kw_instance *instance;

/* ---- items ---------------------------------------------------------------------------------------------- */

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

static value *make_value(unsigned depth)
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

static void free_value(value *v)
{
    for (uint32_t i = 0; i < 4; i++)
        if (v->parts[i] != NULL)
            free_value(v->parts[i]);
    free(v);
}

static size_t write_value(const value *v, char *json, size_t size)
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

static void make_items(void)
{
    static char json[65536];
    float row[2] = { 1, 0 };
    for (int i = 0; i < ITEMS; i++) {
        for (items[i] = make_value(4); items[i]->kind != OF_OBJECT; items[i] = make_value(4))
            free_value(items[i]);
        CHECK(write_value(items[i], json, sizeof json) < sizeof json);
        snprintf(item_names[i], sizeof item_names[i], "i%d", i);
        CHECK(put(instance, "r", item_names[i], row, 2, json) == KW_OK);
    }
}

/* ---- the second evaluator ------------------------------------------------------------------------------- */

static const value *member_named(const value *object, const char *name, size_t length)
{
    const value *found = NULL;
    for (uint32_t i = 0; object->kind == OF_OBJECT && i < object->count; i++)
        if (strlen(object->names[i]) == length && memcmp(object->names[i], name, length) == 0)
            found = object->parts[i];
    return found;
}

static const value *field_of(const value *object, const char *path)
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
static int is_number(const value *v)
{
    return v->kind == OF_INT || v->kind == OF_DOUBLE;
}

static int order(const value *have, const kw_value *want, int *ordered)
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

static int same(const value *have, const kw_value *want)
{
    int ordered, difference = order(have, want, &ordered);
    if (have->kind == OF_NULL || want->kind == KW_VALUE_NULL)
        return have->kind == OF_NULL && want->kind == KW_VALUE_NULL;
    if (have->kind == OF_BOOL || want->kind == KW_VALUE_BOOL)
        return have->kind == OF_BOOL && want->kind == KW_VALUE_BOOL && have->integer == want->integer;
    return ordered && difference == 0;
}

static uint32_t words_of(const char *text, int fold, char words[16][64])
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

static int matches(const char *text, const kw_finst *step)
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
static long double metres(long double lat1, long double lon1, long double lat2, long double lon2)
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

static long double plain_number(const value *v)
{
    return v->kind == OF_INT ? (long double)v->integer : (long double)v->number;
}

static int one_holds(const kw_finst *step, const value *v)
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

static int has_element(const value *list, const kw_value *want)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (same(list->parts[i], want))
            return 1;
    return 0;
}

static int predicate_holds(const kw_finst *step, int item)
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

/* ---- random programs ------------------------------------------------------------------------------------ */

typedef struct tree {
    kw_finst step;
    kw_value values[MOST_VALUES];
    char field[32];
    struct tree *child[3];
} tree;

static kw_value random_operand(void)
{
    kw_value v = { .h = KW_HDR(kw_value), .kind = random_below(5) };
    if (v.kind == KW_VALUE_BOOL)
        v.integer = random_below(2);
    else if (v.kind == KW_VALUE_INT)
        v.integer = PICK(integers);
    else if (v.kind == KW_VALUE_DOUBLE)
        v.number = PICK(numbers);
    else if (v.kind == KW_VALUE_STRING)
        v.text = kw_string(PICK(texts));
    return v;
}

static void fill_values(tree *t)
{
    static const double radii[] = { 1e5, 3e6, 9e6, 1.5e7, 2.1e7 };
    uint32_t op = t->step.op, count = 1;
    for (int i = 0; i < MOST_VALUES; i++)
        t->values[i] = random_operand();
    if (op == KW_FILTER_IN || op == KW_FILTER_NOT_IN || op == KW_FILTER_IDS || op == KW_FILTER_ALL_OF)
        count = random_below(MOST_VALUES + 1);
    else if (op == KW_FILTER_EXISTS || op == KW_FILTER_IS_NULL || op == KW_FILTER_IS_EMPTY || op < KW_FILTER_EQ)
        count = 0;
    else if (op == KW_FILTER_BETWEEN || op == KW_FILTER_SIZE)
        count = 2;
    else if (op == KW_FILTER_MATCH)
        count = 1 + random_below(2);
    else if (op == KW_FILTER_GEO_RADIUS)
        count = 3;
    for (uint32_t i = 0; i < count; i++) {
        kw_value *v = &t->values[i];
        if (op == KW_FILTER_IDS || op == KW_FILTER_PREFIX || (op == KW_FILTER_MATCH && i == 0)) {
            v->kind = KW_VALUE_STRING;
            v->text = kw_string(op == KW_FILTER_IDS ? item_names[random_below(ITEMS)] : PICK(texts));
        } else if (op == KW_FILTER_MATCH) {
            v->kind = KW_VALUE_BOOL;
            v->integer = random_below(2);
        } else if (op == KW_FILTER_SIZE) {
            v->kind = KW_VALUE_INT;
            v->integer = i == 0 ? random_below(4) : 1 + random_below(4);
        } else if (op == KW_FILTER_GEO_RADIUS) {
            v->kind = KW_VALUE_DOUBLE;
            v->number = i == 0 ? (double)random_below(180) - 90 : i == 1 ? (double)random_below(360) - 180 : PICK(radii);
        }
    }
    t->step.values = kw_span_of(t->values, count, sizeof t->values[0]);
}

static tree *grow_tree(unsigned depth, uint32_t op)
{
    tree *t = calloc(1, sizeof *t);
    t->step = (kw_finst) { .h = KW_HDR(kw_finst), .op = op };
    if (op <= KW_FILTER_NOT) {
        t->step.argc = op == KW_FILTER_NOT ? 1 : 1 + random_below(3);
        for (uint32_t i = 0; i < t->step.argc; i++)
            t->child[i] = grow_tree(depth - 1, depth > 1 && random_below(3) != 0 ? 1 + random_below(3)
                                                                                 : 4 + random_below(21));
        return t;
    }
    const char *first = PICK(names), *second = PICK(names);
    if (random_below(2))
        snprintf(t->field, sizeof t->field, "%s", first);
    else
        snprintf(t->field, sizeof t->field, "%s/%s", first, second);
    if (op != KW_FILTER_IDS && op != KW_FILTER_TRUE && op != KW_FILTER_FALSE)
        t->step.field = kw_string(t->field);
    fill_values(t);
    return t;
}

static int tree_holds(const tree *t, int item)
{
    int every = 1, any = 0;
    for (uint32_t i = 0; i < t->step.argc; i++) {
        int holds = tree_holds(t->child[i], item);
        every = every && holds;
        any = any || holds;
    }
    switch (t->step.op) {
    case KW_FILTER_AND:
        return every;
    case KW_FILTER_OR:
        return any;
    case KW_FILTER_NOT:
        return !any;
    case KW_FILTER_TRUE:
        return 1;
    case KW_FILTER_FALSE:
        return 0;
    default:
        return predicate_holds(&t->step, item);
    }
}

static void free_tree(tree *t)
{
    for (uint32_t i = 0; i < t->step.argc; i++)
        free_tree(t->child[i]);
    free(t);
}

static kw_finst steps[MOST_STEPS];

static uint32_t write_program(const tree *t, uint32_t at)
{
    for (uint32_t i = 0; i < t->step.argc; i++)
        at = write_program(t->child[i], at);
    if (at >= MOST_STEPS)
        return MOST_STEPS + 1;
    steps[at] = t->step;
    return at + 1;
}

/* How many items the plugin admits to count, and to a query, and which. Returns how many. */
static uint64_t compare_with_reference(const tree *t, uint32_t length)
{
    float vector[2] = { 1, 0 };
    uint64_t expected = 0, count = 0;
    kw_span program = kw_span_of(steps, length, sizeof steps[0]);
    for (int i = 0; i < ITEMS; i++)
        expected += (uint64_t)tree_holds(t, i);
    CHECK(counted(instance, "r", program, &count) == KW_OK);
    if (!CHECK(count == expected) && test_failed < 20)
        fprintf(stderr, "operation %u over %s: %llu, expected %llu\n", t->step.op, t->field, (unsigned long long)count,
                (unsigned long long)expected);
    kw_query q = query_of(vector, 2, ITEMS);
    test_call call;
    kw_status status;
    q.filter = program;
    const kw_query_result *r = search(instance, "r", &q, &call, &status);
    CHECK(status == KW_OK && r->hits.count == expected);
    for (uint32_t i = 0; status == KW_OK && i < r->hits.count; i++)
        CHECK(tree_holds(t, atoi(((const kw_hit *)kw_at(r->hits, i))->id.ptr + 1)));
    test_call_end(&call);
    return expected;
}

static void each_operation_agrees_with_the_reference(void)
{
    for (uint32_t op = KW_FILTER_EQ; op <= KW_FILTER_GEO_RADIUS; op++) {
        uint64_t admitted = 0, refused = 0;
        for (int round = 0; round < 300; round++) {
            tree *t = grow_tree(0, op);
            uint64_t count = compare_with_reference(t, write_program(t, 0));
            admitted += count;
            refused += ITEMS - count;
            free_tree(t);
        }
        CHECK(admitted > 0 && refused > 0); /* or nothing was compared */
    }
}

static void random_trees_agree_with_the_reference(void)
{
    int compared = 0;
    for (int round = 0; round < 1500; round++) {
        tree *t = grow_tree(4, 1 + random_below(3));
        uint32_t length = write_program(t, 0);
        if (length <= MOST_STEPS) {
            compare_with_reference(t, length);
            compared++;
        }
        free_tree(t);
    }
    CHECK(compared > 1000);
}

/* ---- one operation at a time ---------------------------------------------------------------------------- */

#define INTEGER(n) { .h = KW_HDR(kw_value), .kind = KW_VALUE_INT, .integer = (n) }
#define NUMBER(n) { .h = KW_HDR(kw_value), .kind = KW_VALUE_DOUBLE, .number = (n) }
#define TEXT(t) { .h = KW_HDR(kw_value), .kind = KW_VALUE_STRING, .text = KW_STR(t) }
#define BOOLEAN(b) { .h = KW_HDR(kw_value), .kind = KW_VALUE_BOOL, .integer = (b) }
#define NOTHING { .h = KW_HDR(kw_value), .kind = KW_VALUE_NULL }

static uint64_t admitted(const char *json, uint32_t op, const char *field, const kw_value *list, uint32_t count)
{
    float row[1] = { 1 };
    uint64_t n = 99;
    kw_finst step = { .h = KW_HDR(kw_finst), .op = op, .field = kw_string(field),
                      .values = kw_span_of(list, count, sizeof *list) };
    CHECK(put(instance, "one", "it", row, 1, json) == KW_OK);
    CHECK(counted(instance, "one", kw_span_of(&step, 1, sizeof step), &n) == KW_OK);
    return n;
}

static void values_compare_as_the_header_says(void)
{
    kw_value big[] = { INTEGER(INT64_C(9007199254740993)) }, near[] = { NUMBER(9007199254740992.0) };
    const char *precise = "{\"n\":9007199254740993}";
    CHECK(admitted(precise, KW_FILTER_EQ, "n", big, 1) == 1);
    CHECK(admitted(precise, KW_FILTER_EQ, "n", near, 1) == 0 && admitted(precise, KW_FILTER_GT, "n", near, 1) == 1);
    kw_value one[] = { INTEGER(1) }, yes[] = { BOOLEAN(1) }, none[] = { NOTHING }, text[] = { TEXT("1") };
    CHECK(admitted("{\"b\":true}", KW_FILTER_EQ, "b", one, 1) == 0);
    CHECK(admitted("{\"b\":true}", KW_FILTER_EQ, "b", yes, 1) == 1);
    CHECK(admitted("{\"b\":1}", KW_FILTER_NE, "b", text, 1) == 1);
    CHECK(admitted("{\"b\":1}", KW_FILTER_LT, "b", text, 1) == 0);
    CHECK(admitted("{\"b\":1}", KW_FILTER_GE, "b", text, 1) == 0);
    CHECK(admitted("{}", KW_FILTER_NE, "b", one, 1) == 0 && admitted("", KW_FILTER_NE, "b", one, 1) == 0);
    CHECK(admitted("{\"b\":null}", KW_FILTER_EXISTS, "b", NULL, 0) == 1);
    CHECK(admitted("{\"b\":null}", KW_FILTER_IS_NULL, "b", NULL, 0) == 1);
    CHECK(admitted("{\"b\":[null]}", KW_FILTER_IS_NULL, "b", NULL, 0) == 0);
    CHECK(admitted("{}", KW_FILTER_IS_NULL, "b", NULL, 0) == 0);
    CHECK(admitted("{\"b\":null}", KW_FILTER_EQ, "b", none, 1) == 1);
    kw_value quoted[] = { TEXT("a\"\xc3\xa4\xf0\x9f\x98\x80\n") };
    CHECK(admitted("{\"b\":\"a\\\"\\u00e4\\ud83d\\ude00\\n\"}", KW_FILTER_EQ, "b", quoted, 1) == 1);
    CHECK(admitted("{\"b\":1,\"b\":2}", KW_FILTER_EQ, "b", one, 1) == 0);
    kw_value set[] = { TEXT("x"), INTEGER(2), NUMBER(2.5) };
    CHECK(admitted("{\"b\":2.0}", KW_FILTER_IN, "b", set, 3) == 1);
    CHECK(admitted("{}", KW_FILTER_NOT_IN, "b", set, 3) == 0 && admitted("{\"b\":1}", KW_FILTER_IN, "b", NULL, 0) == 0);
    kw_value part[] = { TEXT("ell") };
    CHECK(admitted("{\"b\":\"hello\"}", KW_FILTER_CONTAINS, "b", part, 1) == 1);
    CHECK(admitted("{\"b\":[\"hello\"]}", KW_FILTER_CONTAINS, "b", part, 1) == 0);
    CHECK(admitted("{\"b\":[\"x\",\"ell\"]}", KW_FILTER_CONTAINS, "b", part, 1) == 1);
    kw_value named[] = { TEXT("zz"), TEXT("it"), TEXT("a"), TEXT("long-one") };
    CHECK(admitted("{}", KW_FILTER_IDS, "", named, 4) == 1 && admitted("{}", KW_FILTER_IDS, "", named, 1) == 0);
}

static void lists_and_paths_do_what_the_header_says(void)
{
    kw_value one[] = { INTEGER(1) }, pair[] = { INTEGER(1), INTEGER(2) };
    CHECK(admitted("{\"b\":[1,2]}", KW_FILTER_EQ, "b", one, 1) == 1);
    CHECK(admitted("{\"b\":[1,2]}", KW_FILTER_NE, "b", one, 1) == 0);
    CHECK(admitted("{\"b\":[2,3]}", KW_FILTER_NE, "b", one, 1) == 1);
    CHECK(admitted("{\"b\":[]}", KW_FILTER_NE, "b", one, 1) == 1 && admitted("{\"b\":[]}", KW_FILTER_EQ, "b", one, 1) == 0);
    CHECK(admitted("{\"b\":[3,2]}", KW_FILTER_NOT_IN, "b", pair, 2) == 0);
    CHECK(admitted("{\"b\":[2,1,3]}", KW_FILTER_ALL_OF, "b", pair, 2) == 1);
    CHECK(admitted("{\"b\":[2]}", KW_FILTER_ALL_OF, "b", pair, 2) == 0);
    CHECK(admitted("{\"b\":1}", KW_FILTER_ALL_OF, "b", one, 1) == 1);
    CHECK(admitted("{\"b\":{\"c\":1}}", KW_FILTER_EXISTS, "b", NULL, 0) == 1);
    CHECK(admitted("{\"b\":{\"c\":1}}", KW_FILTER_EQ, "b/c", one, 1) == 1);
    CHECK(admitted("{\"b\":{\"c\":{\"d\":1}}}", KW_FILTER_EQ, "b/c/d", one, 1) == 1);
    CHECK(admitted("{\"b\":{\"c\":1},\"b/c\":2}", KW_FILTER_EQ, "b/c", one, 1) == 0);
    CHECK(admitted("{\"b\":{\"x\":1},\"b/c\":{\"d\":1}}", KW_FILTER_EQ, "b/c/d", one, 1) == 1);
    CHECK(admitted("{\"b\":[{\"c\":1}]}", KW_FILTER_EXISTS, "b/c", NULL, 0) == 0);
    CHECK(admitted("{\"b\":{\"\":1}}", KW_FILTER_EQ, "b/", one, 1) == 1);
    CHECK(admitted("{\"\":{\"b\":1}}", KW_FILTER_EQ, "/b", one, 1) == 1);
}

static void boundaries_are_part_of_what_they_bound(void)
{
    kw_value range[] = { INTEGER(1), NUMBER(2.5) }, reversed[] = { INTEGER(2), INTEGER(1) };
    CHECK(admitted("{\"b\":1}", KW_FILTER_BETWEEN, "b", range, 2) == 1);
    CHECK(admitted("{\"b\":2.5}", KW_FILTER_BETWEEN, "b", range, 2) == 1);
    CHECK(admitted("{\"b\":2.5000001}", KW_FILTER_BETWEEN, "b", range, 2) == 0);
    CHECK(admitted("{\"b\":[0,3]}", KW_FILTER_BETWEEN, "b", range, 2) == 0); /* no one element is in it */
    CHECK(admitted("{\"b\":2}", KW_FILTER_BETWEEN, "b", reversed, 2) == 0);
    kw_value two[] = { INTEGER(2), INTEGER(2) };
    CHECK(admitted("{\"b\":\"\\u00e4\\ud83d\\ude00\"}", KW_FILTER_SIZE, "b", two, 2) == 1);
    CHECK(admitted("{\"b\":\"abc\"}", KW_FILTER_SIZE, "b", two, 2) == 0);
    CHECK(admitted("{\"b\":[[],{}]}", KW_FILTER_SIZE, "b", two, 2) == 1);
    CHECK(admitted("{\"b\":{\"c\":1,\"d\":2}}", KW_FILTER_SIZE, "b", two, 2) == 0);
    CHECK(admitted("{\"b\":{}}", KW_FILTER_IS_EMPTY, "b", NULL, 0) == 1);
    CHECK(admitted("{\"b\":[null]}", KW_FILTER_IS_EMPTY, "b", NULL, 0) == 0);
    CHECK(admitted("{\"b\":0}", KW_FILTER_IS_EMPTY, "b", NULL, 0) == 0);
    CHECK(admitted("{}", KW_FILTER_IS_EMPTY, "b", NULL, 0) == 0);
    kw_value words[] = { TEXT("Caf\xc3\xa9, 7"), BOOLEAN(0) }, exact[] = { TEXT("Caf\xc3\xa9"), BOOLEAN(1) };
    CHECK(admitted("{\"b\":\"7 x caf\xc3\xa9!\"}", KW_FILTER_MATCH, "b", words, 1) == 1);
    CHECK(admitted("{\"b\":\"7 x caf\xc3\xa9!\"}", KW_FILTER_MATCH, "b", words, 2) == 1);
    CHECK(admitted("{\"b\":\"77 caf\xc3\xa9\"}", KW_FILTER_MATCH, "b", words, 1) == 0);
    CHECK(admitted("{\"b\":\"caf\xc3\xa9\"}", KW_FILTER_MATCH, "b", exact, 2) == 0);
    CHECK(admitted("{\"b\":[\"7\",\"caf\xc3\xa9\"]}", KW_FILTER_MATCH, "b", words, 1) == 0);
    /* A degree along a meridian is pi / 180 radians. */
    kw_value within[] = { INTEGER(0), INTEGER(0), NUMBER(111195.09) }, less[] = { INTEGER(0), INTEGER(0), NUMBER(111195.07) };
    CHECK(admitted("{\"b\":{\"lat\":1,\"lon\":0}}", KW_FILTER_GEO_RADIUS, "b", within, 3) == 1);
    CHECK(admitted("{\"b\":{\"lat\":1,\"lon\":0}}", KW_FILTER_GEO_RADIUS, "b", less, 3) == 0);
    CHECK(admitted("{\"b\":{\"lat\":0,\"lon\":359.5}}", KW_FILTER_GEO_RADIUS, "b", within, 3) == 1);
    CHECK(admitted("{\"b\":{\"lat\":\"0\",\"lon\":0}}", KW_FILTER_GEO_RADIUS, "b", within, 3) == 0);
    kw_value here[] = { NUMBER(48.5), NUMBER(2.25), INTEGER(0) };
    CHECK(admitted("{\"b\":{\"lat\":48.5,\"lon\":2.25}}", KW_FILTER_GEO_RADIUS, "b", here, 3) == 1);
}

/* ---- refusals ------------------------------------------------------------------------------------------- */

static kw_status status_of(const kw_finst *program, uint32_t count)
{
    uint64_t n;
    return counted(instance, "r", kw_span_of(program, count, sizeof *program), &n);
}

static kw_status status_with(uint32_t op, const char *field, const kw_value *list, uint32_t count)
{
    kw_finst step = { .h = KW_HDR(kw_finst), .op = op, .field = kw_string(field),
                      .values = kw_span_of(list, count, sizeof *list) };
    return status_of(&step, 1);
}

static void programs_that_cannot_be_run_are_refused(void)
{
    static kw_finst many[KW_FILTER_MAX_LENGTH + 1];
    kw_value two[] = { INTEGER(1), INTEGER(2) };
    kw_finst truth = { .h = KW_HDR(kw_finst), .op = KW_FILTER_TRUE };
    for (uint32_t i = 0; i <= KW_FILTER_MAX_LENGTH; i++)
        many[i] = truth;
    CHECK(status_of(many, KW_FILTER_MAX_LENGTH + 1) == KW_INVALID_ARGUMENT);
    CHECK(status_of(many, 65) == KW_INVALID_ARGUMENT && strstr(last_message, "64") != NULL);
    CHECK(status_of(many, 2) == KW_INVALID_ARGUMENT && strstr(last_message, "leaves 2") != NULL);
    many[64] = (kw_finst) { .h = KW_HDR(kw_finst), .op = KW_FILTER_AND, .argc = 64 };
    CHECK(status_of(many, 65) == KW_OK);
    many[64].argc = 65;
    CHECK(status_of(many, 65) == KW_INVALID_ARGUMENT);
    for (uint32_t i = 1; i < KW_FILTER_MAX_LENGTH; i++)
        many[i] = (kw_finst) { .h = KW_HDR(kw_finst), .op = KW_FILTER_NOT, .argc = 1 };
    CHECK(status_of(many, KW_FILTER_MAX_LENGTH) == KW_OK); /* the longest that is run */
    kw_finst step = { .h = KW_HDR(kw_finst), .op = KW_FILTER_NOT, .argc = 1 };
    CHECK(status_of(&step, 1) == KW_INVALID_ARGUMENT);
    step = (kw_finst) { .h = KW_HDR(kw_finst), .op = KW_FILTER_AND };
    CHECK(status_of(&step, 1) == KW_INVALID_ARGUMENT && strstr(last_message, "at least one") != NULL);
    step = (kw_finst) { .h = KW_HDR(kw_finst), .op = KW_FILTER_EQ, .field = KW_STR("n"), .values = { NULL, 1, 64 } };
    CHECK(status_of(&step, 1) == KW_INVALID_ARGUMENT);
    step.values = kw_span_of(two, 1, sizeof two[0]);
    step.argc = 1;
    CHECK(status_of(&step, 1) == KW_INVALID_ARGUMENT);
    step = (kw_finst) { .h = { sizeof step + 8, KW_MUST }, .op = KW_FILTER_TRUE };
    CHECK(status_of(&step, 1) == KW_INVALID_ARGUMENT);
    step = (kw_finst) { .h = KW_HDR(kw_finst), .op = KW_FILTER_EXISTS, .field = { NULL, 3 } };
    CHECK(status_of(&step, 1) == KW_INVALID_ARGUMENT);
}

static void operations_that_are_not_offered_are_refused_as_such(void)
{
    kw_value native[] = { TEXT("sql"), TEXT("1=1") };
    CHECK(status_with(KW_FILTER_NATIVE, "", native, 2) == KW_UNIMPLEMENTED && strstr(last_message, "25") != NULL);
    CHECK(status_with(0, "", NULL, 0) == KW_UNIMPLEMENTED && status_with(26, "", NULL, 0) == KW_UNIMPLEMENTED);
    CHECK(status_with(UINT32_MAX, "", NULL, 0) == KW_UNIMPLEMENTED && status_with(64, "", NULL, 0) == KW_UNIMPLEMENTED);
    test_call call;
    kw_none none = { .h = KW_HDR(kw_none) };
    test_call_begin(&call);
    CHECK(backend->info(instance, &call.call, &none) == KW_OK);
    uint64_t offered = ((const kw_vector_info *)call.reply)->filter_ops;
    test_call_end(&call);
    for (uint32_t op = 0; op < 64; op++) /* what is declared is run, or refused for what it lacks */
        CHECK((status_with(op, "", NULL, 0) != KW_UNIMPLEMENTED) == (offered >> op & 1));
}

static void operands_of_the_wrong_kind_or_number_are_refused(void)
{
    static const struct {
        uint32_t op, least, most;
    } counts[] = { { KW_FILTER_EQ, 1, 1 }, { KW_FILTER_GE, 1, 1 }, { KW_FILTER_PREFIX, 1, 1 },
                   { KW_FILTER_CONTAINS, 1, 1 }, { KW_FILTER_EXISTS, 0, 0 }, { KW_FILTER_IS_NULL, 0, 0 },
                   { KW_FILTER_IS_EMPTY, 0, 0 }, { KW_FILTER_BETWEEN, 2, 2 }, { KW_FILTER_SIZE, 2, 2 },
                   { KW_FILTER_MATCH, 1, 2 }, { KW_FILTER_GEO_RADIUS, 3, 3 }, { KW_FILTER_IN, 0, 4 },
                   { KW_FILTER_NOT_IN, 0, 4 }, { KW_FILTER_ALL_OF, 0, 4 }, { KW_FILTER_TRUE, 0, 0 } };
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
        for (uint32_t n = 0; n <= 4; n++) {
            kw_value list[4] = { INTEGER(1), INTEGER(2), INTEGER(3), INTEGER(4) };
            if (counts[c].op == KW_FILTER_PREFIX || counts[c].op == KW_FILTER_MATCH)
                list[0] = (kw_value)TEXT("x");
            if (counts[c].op == KW_FILTER_MATCH)
                list[1] = (kw_value)BOOLEAN(1);
            int fits = n >= counts[c].least && n <= counts[c].most;
            CHECK(status_with(counts[c].op, "n", list, n) == (fits ? KW_OK : KW_INVALID_ARGUMENT));
        }
    kw_value text[] = { TEXT("1"), TEXT("2"), TEXT("3") }, odd[] = { { .h = KW_HDR(kw_value), .kind = 9 } };
    kw_value infinite[] = { NUMBER(INFINITY), NUMBER(0), NUMBER(NAN) }, three[] = { BOOLEAN(3) };
    kw_value place[] = { NUMBER(1), NUMBER(2), TEXT("3") }, sizes[] = { NUMBER(1), INTEGER(2) };
    CHECK(status_with(KW_FILTER_EQ, "n", odd, 1) == KW_INVALID_ARGUMENT && strstr(last_message, "EQ") != NULL);
    CHECK(status_with(KW_FILTER_EQ, "n", three, 1) == KW_INVALID_ARGUMENT);
    CHECK(status_with(KW_FILTER_EQ, "n", infinite, 1) == KW_INVALID_ARGUMENT);
    CHECK(status_with(KW_FILTER_GEO_RADIUS, "n", text, 3) == KW_INVALID_ARGUMENT);
    CHECK(status_with(KW_FILTER_GEO_RADIUS, "n", place, 3) == KW_INVALID_ARGUMENT);
    CHECK(status_with(KW_FILTER_GEO_RADIUS, "n", infinite, 3) == KW_INVALID_ARGUMENT);
    CHECK(status_with(KW_FILTER_SIZE, "n", sizes, 2) == KW_INVALID_ARGUMENT);
    CHECK(status_with(KW_FILTER_MATCH, "n", text, 2) == KW_INVALID_ARGUMENT);
    CHECK(status_with(KW_FILTER_MATCH, "n", sizes, 1) == KW_INVALID_ARGUMENT);
    CHECK(status_with(KW_FILTER_PREFIX, "n", sizes, 1) == KW_INVALID_ARGUMENT);
    CHECK(status_with(KW_FILTER_IDS, "", sizes, 1) == KW_INVALID_ARGUMENT);
    CHECK(status_with(KW_FILTER_IDS, "n", text, 1) == KW_INVALID_ARGUMENT);
}

static void removing_takes_what_the_filter_admits(void)
{
    tree *t = grow_tree(0, KW_FILTER_EXISTS);
    memcpy(t->field, "a", 2);
    t->step.field = kw_string(t->field);
    kw_span program = kw_span_of(&t->step, 1, sizeof t->step);
    uint64_t before, matching, gone, after;
    CHECK(counted(instance, "r", (kw_span) { NULL, 0, 0 }, &before) == KW_OK && before == ITEMS);
    CHECK(counted(instance, "r", program, &matching) == KW_OK && matching > 0 && matching < ITEMS);
    CHECK(removed(instance, "r", program, &gone) == KW_OK && gone == matching);
    CHECK(counted(instance, "r", program, &after) == KW_OK && after == 0);
    CHECK(items_of(instance, "r") == ITEMS - gone);
    for (int i = 0; i < ITEMS; i++) {
        kw_value id = { .h = KW_HDR(kw_value), .kind = KW_VALUE_STRING, .text = kw_string(item_names[i]) };
        kw_finst step = { .h = KW_HDR(kw_finst), .op = KW_FILTER_IDS, .values = kw_span_of(&id, 1, sizeof id) };
        uint64_t found;
        CHECK(counted(instance, "r", kw_span_of(&step, 1, sizeof step), &found) == KW_OK);
        CHECK(found == !predicate_holds(&t->step, i));
    }
    free_tree(t);
}

int main(void)
{
    start();
    instance = open_instance(NULL, "");
    make_items();
    each_operation_agrees_with_the_reference();
    random_trees_agree_with_the_reference();
    values_compare_as_the_header_says();
    lists_and_paths_do_what_the_header_says();
    boundaries_are_part_of_what_they_bound();
    programs_that_cannot_be_run_are_refused();
    operations_that_are_not_offered_are_refused_as_such();
    operands_of_the_wrong_kind_or_number_are_refused();
    removing_takes_what_the_filter_admits();
    close_instance(instance);
    for (int i = 0; i < ITEMS; i++)
        free_value(items[i]);
    return test_finish();
}
