/* Filters: each operator by hand, random trees against a recursive evaluator, and programs that must be refused. */
#define _GNU_SOURCE
#include "fixture.h"

#define ITEMS 60
#define MOST_STEPS 64

static kw_instance *instance;

/* ---- a second evaluator, over the values the items were made from ----------------------------------------- */

typedef struct source {
    int has_number, has_text, has_tags;
    int number;             /* number / 2 is written, so that some are whole and some are not */
    const char *text;
    int tags[3];
    uint32_t tag_count;
} source;

static source sources[ITEMS];
static char item_names[ITEMS][16];
static const char *const texts[] = { "", "a", "ab", "abc", "b", "ba", "\xc3\xa4" };

static void make_items(void)
{
    float row[2] = { 1, 0 };
    for (int i = 0; i < ITEMS; i++) {
        source *s = &sources[i];
        char json[256];
        size_t used = 0;
        *s = (source) { .has_number = random_below(4) != 0, .has_text = random_below(4) != 0,
                        .has_tags = random_below(3) != 0, .number = (int)random_below(8) - 4,
                        .text = texts[random_below(7)], .tag_count = random_below(4) };
        used += (size_t)snprintf(json, sizeof json, "{\"always\":true");
        if (s->has_number)
            used += (size_t)snprintf(json + used, sizeof json - used, ",\"n\":%s%d%s", s->number < 0 ? "-" : "",
                                     abs(s->number) / 2, s->number % 2 ? ".5" : i % 2 ? ".0" : "");
        if (s->has_text)
            used += (size_t)snprintf(json + used, sizeof json - used, ",\"t\":\"%s\"", s->text);
        if (s->has_tags) {
            used += (size_t)snprintf(json + used, sizeof json - used, ",\"tags\":[");
            for (uint32_t t = 0; t < s->tag_count; t++) {
                s->tags[t] = (int)random_below(4);
                used += (size_t)snprintf(json + used, sizeof json - used, "%s%d", t ? "," : "", s->tags[t]);
            }
            used += (size_t)snprintf(json + used, sizeof json - used, "]");
        }
        snprintf(json + used, sizeof json - used, "}");
        snprintf(item_names[i], sizeof item_names[i], "i%d", i);
        CHECK(put(instance, "r", item_names[i], row, 2, json) == KW_OK);
    }
}

typedef struct tree {
    uint32_t op, field, number, text, children; /* field: 0 n, 1 t, 2 tags */
    struct tree *child[3];
} tree;

static int compare(uint32_t op, double order)
{
    switch (op) {
    case KW_FILTER_EQ:
        return order == 0;
    case KW_FILTER_NE:
        return order != 0;
    case KW_FILTER_LT:
        return order < 0;
    case KW_FILTER_LE:
        return order <= 0;
    case KW_FILTER_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

static int reference(const tree *t, const source *s)
{
    double wanted = ((int)t->number - 4) / 2.0;
    int all = 1, any = 0;
    switch (t->op) {
    case KW_FILTER_AND:
    case KW_FILTER_OR:
        for (uint32_t i = 0; i < t->children; i++) {
            int value = reference(t->child[i], s);
            all = all && value;
            any = any || value;
        }
        return t->op == KW_FILTER_AND ? all : any;
    case KW_FILTER_NOT:
        return !reference(t->child[0], s);
    case KW_FILTER_TRUE:
        return 1;
    case KW_FILTER_FALSE:
        return 0;
    case KW_FILTER_EXISTS:
        return t->field == 0 ? s->has_number : t->field == 1 ? s->has_text : s->has_tags;
    case KW_FILTER_PREFIX:
        return t->field == 1 && s->has_text && strncmp(s->text, texts[t->text], strlen(texts[t->text])) == 0;
    case KW_FILTER_CONTAINS:
        return t->field == 1 && s->has_text && strstr(s->text, texts[t->text]) != NULL;
    default:
        if (t->field == 0)
            return s->has_number && compare(t->op, s->number / 2.0 - wanted);
        if (t->field == 1)
            return s->has_text && compare(t->op, strcmp(s->text, texts[t->text]));
        for (uint32_t i = 0; s->has_tags && i < s->tag_count; i++)
            any = any || compare(t->op, s->tags[i] - wanted);
        return any;
    }
}

static tree *grow_tree(unsigned depth)
{
    static const uint32_t leaves[] = { KW_FILTER_TRUE, KW_FILTER_FALSE, KW_FILTER_EQ, KW_FILTER_NE, KW_FILTER_LT,
                                       KW_FILTER_LE, KW_FILTER_GT, KW_FILTER_GE, KW_FILTER_EXISTS, KW_FILTER_PREFIX,
                                       KW_FILTER_CONTAINS };
    tree *t = calloc(1, sizeof *t);
    t->op = depth == 0 || random_below(3) == 0 ? leaves[random_below(11)] : KW_FILTER_AND + random_below(3);
    t->field = t->op == KW_FILTER_PREFIX || t->op == KW_FILTER_CONTAINS ? 1 : random_below(3);
    t->number = random_below(9);
    t->text = random_below(7);
    t->children = t->op == KW_FILTER_NOT ? 1 : t->op <= KW_FILTER_OR ? random_below(4) : 0;
    for (uint32_t i = 0; i < t->children; i++)
        t->child[i] = grow_tree(depth - 1);
    return t;
}

static void free_tree(tree *t)
{
    for (uint32_t i = 0; i < t->children; i++)
        free_tree(t->child[i]);
    free(t);
}

static kw_finst steps[MOST_STEPS];
static kw_value values[MOST_STEPS];

static uint32_t write_program(const tree *t, uint32_t at)
{
    static const char *const fields[] = { "n", "t", "tags" };
    for (uint32_t i = 0; i < t->children; i++)
        at = write_program(t->child[i], at);
    if (at >= MOST_STEPS)
        return MOST_STEPS + 1;
    steps[at] = (kw_finst) { .h = KW_HDR(kw_finst), .op = t->op, .argc = t->children };
    if (t->op >= KW_FILTER_EQ) {
        steps[at].field = kw_string(fields[t->field]);
        values[at] = (kw_value) { .h = KW_HDR(kw_value) };
        if (t->field == 1) {
            values[at].kind = KW_VALUE_STRING;
            values[at].text = kw_string(texts[t->text]);
        } else if (((int)t->number - 4) % 2 == 0 && t->text % 2) {
            values[at].kind = KW_VALUE_INT;
            values[at].integer = ((int)t->number - 4) / 2;
        } else {
            values[at].kind = KW_VALUE_DOUBLE;
            values[at].number = ((int)t->number - 4) / 2.0;
        }
        if (t->op != KW_FILTER_EXISTS)
            steps[at].values = kw_span_of(&values[at], 1, sizeof values[at]);
    }
    return at + 1;
}

static void random_trees_agree_with_the_reference(void)
{
    float vector[2] = { 1, 0 };
    int compared = 0;
    for (int round = 0; round < 4000; round++) {
        tree *t = grow_tree(4);
        uint32_t length = write_program(t, 0);
        if (length <= MOST_STEPS) {
            uint64_t expected = 0, count = 0;
            kw_span program = kw_span_of(steps, length, sizeof steps[0]);
            for (int i = 0; i < ITEMS; i++)
                expected += (uint64_t)reference(t, &sources[i]);
            CHECK(counted(instance, "r", program, &count) == KW_OK && count == expected);
            kw_query q = query_of(vector, 2, ITEMS);
            test_call call;
            kw_status status;
            q.filter = program;
            const kw_query_result *r = search(instance, "r", &q, &call, &status);
            CHECK(status == KW_OK && r->hits.count == expected);
            for (uint32_t i = 0; status == KW_OK && i < r->hits.count; i++) {
                kw_str id = ((const kw_hit *)kw_at(r->hits, i))->id;
                CHECK(reference(t, &sources[atoi(id.ptr + 1)]));
            }
            test_call_end(&call);
            compared++;
        }
        free_tree(t);
    }
    CHECK(compared > 3000);
}

/* ---- one operator at a time ------------------------------------------------------------------------------ */

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

static void operators_do_what_the_header_says(void)
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
    CHECK(admitted("{\"b\":0}", KW_FILTER_IS_NULL, "b", NULL, 0) == 0);
    CHECK(admitted("{}", KW_FILTER_IS_NULL, "b", NULL, 0) == 0);
    CHECK(admitted("{\"b\":null}", KW_FILTER_EQ, "b", none, 1) == 1);
    kw_value set[] = { TEXT("x"), INTEGER(2), NUMBER(2.5) };
    CHECK(admitted("{\"b\":2.0}", KW_FILTER_IN, "b", set, 3) == 1);
    CHECK(admitted("{\"b\":\"y\"}", KW_FILTER_IN, "b", set, 3) == 0);
    CHECK(admitted("{\"b\":\"y\"}", KW_FILTER_NOT_IN, "b", set, 3) == 1);
    CHECK(admitted("{\"b\":2}", KW_FILTER_NOT_IN, "b", set, 3) == 0);
    CHECK(admitted("{}", KW_FILTER_NOT_IN, "b", set, 3) == 0 && admitted("{\"b\":1}", KW_FILTER_IN, "b", NULL, 0) == 0);
    kw_value part[] = { TEXT("ell") };
    CHECK(admitted("{\"b\":\"hello\"}", KW_FILTER_CONTAINS, "b", part, 1) == 1);
    CHECK(admitted("{\"b\":[\"hello\"]}", KW_FILTER_CONTAINS, "b", part, 1) == 0);
    CHECK(admitted("{\"b\":[\"x\",\"ell\"]}", KW_FILTER_CONTAINS, "b", part, 1) == 1);
    kw_value quoted[] = { TEXT("a\"\xc3\xa4\xf0\x9f\x98\x80\n") };
    CHECK(admitted("{\"b\":\"a\\\"\\u00e4\\ud83d\\ude00\\n\"}", KW_FILTER_EQ, "b", quoted, 1) == 1);
    CHECK(admitted("{\"b\":1,\"b\":2}", KW_FILTER_EQ, "b", one, 1) == 0);
    CHECK(admitted("{\"b\":{\"c\":1}}", KW_FILTER_EXISTS, "b", NULL, 0) == 1);
    CHECK(admitted("{\"b\":{\"c\":1}}", KW_FILTER_EQ, "b", one, 1) == 0);
    kw_value named[] = { TEXT("zz"), TEXT("it"), TEXT("a"), TEXT("long-one") };
    CHECK(admitted("{}", KW_FILTER_IDS, "", named, 4) == 1 && admitted("{}", KW_FILTER_IDS, "", named, 1) == 0);
}

/* ---- refusals -------------------------------------------------------------------------------------------- */

static kw_status status_of(const kw_finst *program, uint32_t count)
{
    uint64_t n;
    return counted(instance, "r", kw_span_of(program, count, sizeof *program), &n);
}

static void programs_that_cannot_be_run_are_refused(void)
{
    static kw_finst many[KW_FILTER_MAX_LENGTH + 1];
    kw_value two[] = { INTEGER(1), INTEGER(2) }, odd[] = { { .h = KW_HDR(kw_value), .kind = 9 } };
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
    kw_finst step = { .h = KW_HDR(kw_finst), .op = KW_FILTER_NOT, .argc = 1 };
    CHECK(status_of(&step, 1) == KW_INVALID_ARGUMENT);
    step = (kw_finst) { .h = KW_HDR(kw_finst), .op = 77 };
    CHECK(status_of(&step, 1) == KW_INVALID_ARGUMENT);
    step = (kw_finst) { .h = KW_HDR(kw_finst), .op = KW_FILTER_EQ, .field = KW_STR("n") };
    CHECK(status_of(&step, 1) == KW_INVALID_ARGUMENT && strstr(last_message, "EQ") != NULL);
    step.values = kw_span_of(two, 2, sizeof two[0]);
    CHECK(status_of(&step, 1) == KW_INVALID_ARGUMENT);
    step.values = kw_span_of(odd, 1, sizeof odd[0]);
    CHECK(status_of(&step, 1) == KW_INVALID_ARGUMENT);
    step.values = (kw_span) { NULL, 1, sizeof two[0] };
    CHECK(status_of(&step, 1) == KW_INVALID_ARGUMENT);
    step = (kw_finst) { .h = KW_HDR(kw_finst), .op = KW_FILTER_IDS, .values = kw_span_of(two, 1, sizeof two[0]) };
    CHECK(status_of(&step, 1) == KW_INVALID_ARGUMENT);
    step = (kw_finst) { .h = { sizeof step + 8, KW_MUST }, .op = KW_FILTER_TRUE };
    CHECK(status_of(&step, 1) == KW_INVALID_ARGUMENT);
}

static void removing_takes_what_the_filter_admits(void)
{
    kw_value half[] = { NUMBER(0) };
    kw_finst negative = { .h = KW_HDR(kw_finst), .op = KW_FILTER_LT, .field = KW_STR("n"), .values = KW_SPAN(half) };
    kw_span program = kw_span_of(&negative, 1, sizeof negative);
    uint64_t before, matching, gone, after;
    CHECK(counted(instance, "r", (kw_span) { NULL, 0, 0 }, &before) == KW_OK && before == ITEMS);
    CHECK(counted(instance, "r", program, &matching) == KW_OK && matching > 0);
    CHECK(removed(instance, "r", program, &gone) == KW_OK && gone == matching);
    CHECK(counted(instance, "r", program, &after) == KW_OK && after == 0);
    CHECK(items_of(instance, "r") == ITEMS - gone);
    for (int i = 0; i < ITEMS; i++) {
        kw_value id = { .h = KW_HDR(kw_value), .kind = KW_VALUE_STRING, .text = kw_string(item_names[i]) };
        kw_finst step = { .h = KW_HDR(kw_finst), .op = KW_FILTER_IDS, .values = kw_span_of(&id, 1, sizeof id) };
        uint64_t found;
        CHECK(counted(instance, "r", kw_span_of(&step, 1, sizeof step), &found) == KW_OK);
        CHECK(found == !(sources[i].has_number && sources[i].number < 0));
    }
}

int main(void)
{
    start();
    instance = open_instance(NULL, "");
    make_items();
    random_trees_agree_with_the_reference();
    operators_do_what_the_header_says();
    programs_that_cannot_be_run_are_refused();
    removing_takes_what_the_filter_admits();
    close_instance(instance);
    return test_finish();
}
