/* Items by id, and with changed metadata. */
#include "batches.h"
#include "contents.h"

static char folder[512];

static kw_span with_ids(kw_finst *step, kw_value *id, const char *text)
{
    *id = (kw_value) { .h = KW_HDR(kw_value), .kind = KW_VALUE_STRING, .text = kw_string(text) };
    *step = (kw_finst) { .h = KW_HDR(kw_finst), .op = KW_FILTER_IDS, .values = kw_span_of(id, 1, sizeof *id) };
    return kw_span_of(step, 1, sizeof *step);
}

/* ---- get ------------------------------------------------------------------------------------------------ */

static void items_are_had_by_id_in_the_order_asked_for(void)
{
    kw_instance *instance = open_instance(NULL, "");
    test_call call;
    kw_status status;
    kw_str ids[] = { KW_STR("k00002"), KW_STR("none"), KW_STR("k00000"), KW_STR("k00002") };
    put_many(instance, "r", 0, 3);
    const kw_items_out *out = get(instance, "r", ids, 4, INCLUDE_ALL, &call, &status);
    CHECK(status == KW_OK && out->items.count == 4);
    for (uint32_t i = 0; i < out->items.count; i++) {
        const kw_item *it = kw_at(out->items, i);
        CHECK(kw_equal(it->id, ids[i]) && (it->flags == KW_ITEM_MISSING) == (i == 1) && it->expires_unix_ns == 0);
        CHECK((it->vector == NULL) == (i == 1) && (it->version == 0) == (i == 1));
        if (i != 1)
            CHECK(((const float *)it->vector)[0] == (i == 2 ? 0 : 2) && it->dims == 3 && kw_equal(it->text, it->id));
    }
    CHECK(kw_equal(((const kw_item *)kw_at(out->items, 2))->metadata_json, kw_string("{\"n\":0,\"even\":true}")));
    test_call_end(&call);
    out = get(instance, "r", ids, 1, 0, &call, &status);
    const kw_item *bare = out->items.ptr;
    CHECK(status == KW_OK && bare->vector == NULL && bare->text.len == 0 && bare->metadata_json.len == 0);
    test_call_end(&call);
    out = get(instance, "r", ids, 0, 0, &call, &status);
    CHECK(status == KW_OK && out->items.count == 0);
    test_call_end(&call);
    get(instance, "other", ids, 1, 0, &call, &status);
    CHECK(status == KW_NOT_FOUND);
    test_call_end(&call);
    get(instance, "r", ids, 1, 64, &call, &status);
    CHECK(status == KW_UNIMPLEMENTED && strstr(last_message, "include") != NULL);
    test_call_end(&call);
    for (uint64_t quota = 0; quota < 900; quota += 30) {
        kw_get_in in = { .h = KW_HDR(kw_get_in), .repo = KW_STR("r"), .ids = KW_SPAN(ids), .include = INCLUDE_ALL };
        test_call_begin(&call);
        call.quota = quota;
        status = backend->get(instance, &call.call, &in);
        CHECK(status == KW_OK || status == KW_RESOURCE_EXHAUSTED);
        done(&call, status);
    }
    close_instance(instance);
}

/* ---- update --------------------------------------------------------------------------------------------- */

static void merged(const char *before, const char *set, const char *after)
{
    kw_instance *instance = open_instance(NULL, "");
    float row[3] = { 1, 2, 3 };
    kw_str id = KW_STR("a");
    uint64_t count;
    test_call call;
    kw_status status;
    CHECK(put(instance, "r", "a", row, 3, before) == KW_OK);
    CHECK(updated(instance, "r", (kw_span) { NULL, 0, 0 }, set, &count) == KW_OK && count == 1);
    const kw_items_out *out = get(instance, "r", &id, 1, INCLUDE_ALL, &call, &status);
    const kw_item *it = out->items.ptr;
    if (!CHECK(kw_equal(it->metadata_json, kw_string(after))))
        fprintf(stderr, "%.*s, expected %s\n", (int)it->metadata_json.len, it->metadata_json.ptr, after);
    CHECK(memcmp(it->vector, row, sizeof row) == 0 && kw_equal(it->text, id)); /* nothing else has changed */
    test_call_end(&call);
    close_instance(instance);
}

static void an_update_replaces_members_and_null_removes_them(void)
{
    merged("", "{\"a\":1}", "{\"a\":1}");
    merged("{}", "{}", "{}");
    merged("{\"a\": 1, \"b\" :[1, 2]}", "{\"b\":{\"c\":null}}", "{\"a\": 1,\"b\":{\"c\":null}}");
    merged("{\"a\":1,\"b\":2}", "{\"a\":null,\"none\":null}", "{\"b\":2}");
    merged("{\"a\":1,\"a\":2,\"b\":3}", "{\"a\":4,\"c\":5,\"c\":6}", "{\"b\":3,\"a\":4,\"c\":6}");
    merged("{\"\\u00e4\":1}", "{\"\xc3\xa4\":2}", "{\"\xc3\xa4\":2}");
    merged("{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":3}}", "{\"a\":{\"b\":3}}"); /* members, not theirs */
    merged("{\"a\":\"}\\\"{\",\"\":1}", "{\"\":2}", "{\"a\":\"}\\\"{\",\"\":2}");
}

static void an_update_changes_all_that_is_admitted_or_nothing(void)
{
    kw_instance *instance = open_instance(folder, "");
    kw_finst step, other;
    kw_value yes, id;
    uint64_t count;
    put_many(instance, "update", 0, 100);
    CHECK(updated(instance, "update", even(&step, &yes), "{\"even\":\"so\"}", &count) == KW_OK && count == 50);
    CHECK(counted(instance, "update", even(&step, &yes), &count) == KW_OK && count == 0);
    CHECK(updated(instance, "update", even(&step, &yes), "{\"x\":1}", &count) == KW_OK && count == 0);
    contents before = contents_of(instance, "update");
    static const char *const broken[] = { "", "[]", "{", "{\"a\":}", "1", "{} x" };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        CHECK(updated(instance, "update", (kw_span) { NULL, 0, 0 }, broken[i], &count) == KW_INVALID_ARGUMENT);
    /* One item that would become too large keeps all of them as they are. */
    size_t length = 0x100000 - 64;
    char *large = malloc(length + 16);
    memcpy(large, "{\"y\":\"", 6);
    memset(large + 6, 'y', length);
    memcpy(large + 6 + length, "\"}", 3);
    CHECK(updated(instance, "update", with_ids(&other, &id, "k00007"), large, &count) == KW_OK);
    CHECK(updated(instance, "update", (kw_span) { NULL, 0, 0 }, "{\"more\":\"than it may have, by some bytes\"}", &count)
          == KW_INVALID_ARGUMENT);
    CHECK(strstr(last_message, "k00007") != NULL && strstr(last_message, "1 MiB") != NULL);
    CHECK(updated(instance, "update", with_ids(&other, &id, "k00007"), "{\"y\":null}", &count) == KW_OK);
    contents after = contents_of(instance, "update");
    CHECK(before.hash == after.hash && after.count == 100);
    free(large);
    close_instance(instance);
    instance = open_instance(folder, "");
    after = contents_of(instance, "update");
    CHECK(before.hash == after.hash && after.count == 100);
    CHECK(updated(instance, "none", (kw_span) { NULL, 0, 0 }, "{}", &count) == KW_NOT_FOUND);
    CHECK(wipe(instance, "update") == KW_OK);
    close_instance(instance);
}

int main(void)
{
    start();
    test_folder_make(folder, sizeof folder);
    items_are_had_by_id_in_the_order_asked_for();
    an_update_replaces_members_and_null_removes_them();
    an_update_changes_all_that_is_admitted_or_nothing();
    test_folder_remove(folder);
    return test_finish();
}
