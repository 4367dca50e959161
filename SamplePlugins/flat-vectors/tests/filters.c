/* Filters by hand: operations at their boundaries; programs that must be refused. */
#include "fixture.h"

static kw_instance *instance;

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

int main(void)
{
    float row[2] = { 1, 0 };
    start();
    instance = open_instance(NULL, "");
    values_compare_as_the_header_says();
    lists_and_paths_do_what_the_header_says();
    boundaries_are_part_of_what_they_bound();
    CHECK(put(instance, "r", "it", row, 2, "{\"n\":1}") == KW_OK);
    programs_that_cannot_be_run_are_refused();
    operations_that_are_not_offered_are_refused_as_such();
    operands_of_the_wrong_kind_or_number_are_refused();
    close_instance(instance);
    return test_finish();
}
