/* The plugin table through a host's eyes: what it offers, how it is configured, what it refuses. */
#include "fixture.h"

static void test_table(void)
{
    const kw_plugin *again = NULL;
    CHECK(kw_plugin_entry_1(&host.host, KW_SDK + 1, &again) == KW_SDK_MISMATCH && again == NULL);
    CHECK(kw_plugin_entry_1(&host.host, KW_SDK, &again) == KW_OK && again == plugin);
    CHECK(plugin->magic == KW_MAGIC && plugin->h.size == sizeof(kw_plugin));
    CHECK(plugin->ifaces.count == 1);
    const kw_iface *iface = kw_at(plugin->ifaces, 0);
    CHECK(kw_equal(iface->id, kw_string(KW_EMBEDDER_ID)));
}

static void test_configuration(void)
{
    static const struct {
        const char *json;
        uint32_t dims; /* 0: refused */
        const char *says;
    } cases[] = {
        { "", 1024, "" },
        { "{}", 1024, "" },
        { " { \"dims\" : 256 } ", 256, "" },
        { "{\"dims\":64}", 64, "" },
        { "{\"dims\":4096}", 4096, "" },
        { "{\"dims\":63}", 0, "64 to 4096" },
        { "{\"dims\":4097}", 0, "64 to 4096" },
        { "{\"dims\":99999999999999999999}", 0, "64 to 4096" },
        { "{\"dims\":256.5}", 0, "64 to 4096" },
        { "{\"dims\":-256}", 0, "64 to 4096" },
        { "{\"dims\":\"256\"}", 0, "64 to 4096" },
        { "{\"dims\":}", 0, "64 to 4096" },
        { "{\"dims\":256", 0, "one JSON object" },
        { "{\"dims\":256}}", 0, "one JSON object" },
        { "{\"dims\":256,\"dims\":512}", 0, "more than one" },
        { "{\"size\":256}", 0, "does not know" },
        { "[]", 0, "one JSON object" },
        { "{", 0, "does not know" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        kw_status status;
        char message[1024];
        kw_instance *instance = create(cases[i].json, &status, message, sizeof message);
        unsigned long failed = test_failed;
        if (cases[i].dims == 0) {
            CHECK(instance == NULL && status == KW_INVALID_ARGUMENT);
            CHECK(strstr(message, cases[i].says) != NULL);
        } else {
            CHECK(instance != NULL && status == KW_OK);
        }
        if (instance != NULL) {
            test_call call;
            test_call_begin(&call);
            kw_none none = { .h = KW_HDR(kw_none) };
            CHECK(embedder->info(instance, &call.call, &none) == KW_OK && call.replies == 1);
            const kw_embedder_info *info = call.reply;
            CHECK(info->dims == cases[i].dims && info->dims_min == 64 && info->dims_max == 4096);
            CHECK(info->elements == 1u << KW_ELEMENT_F32);
            CHECK(info->features == (KW_EMBED_DETERMINISTIC | KW_EMBED_NORMALIZED | KW_EMBED_SPARSE));
            CHECK(info->allowed_dims.count == 0 && info->media_types.count == 0 && info->prefixes.count == 0);
            CHECK(info->max_tokens == 2048 && info->max_batch == 0 && info->max_batch_tokens == 0);
            test_call_end(&call);
            destroy(instance);
        }
        if (test_failed != failed) {
            printf("  with configuration %s\n", cases[i].json);
        }
    }
}

static void test_refusals(kw_instance *instance)
{
    static float rows[2 * DIMS];
    kw_str texts[] = { kw_string("one"), kw_string("two") };
    kw_embed_in in = request(texts, 2, rows, sizeof rows - 1);
    CHECK(refusal(instance, &in, "capacity") == KW_BUFFER_TOO_SMALL);
    in = request(texts, 2, rows, sizeof rows);
    in.row_stride = UINT64_MAX - 3;
    CHECK(refusal(instance, &in, "capacity") == KW_BUFFER_TOO_SMALL);
    in = request(texts, UINT32_MAX, rows, sizeof rows);
    CHECK(refusal(instance, &in, "capacity") == KW_BUFFER_TOO_SMALL);
    in = request(texts, 2, rows, sizeof rows);
    in.row_stride = DIMS * sizeof(float) - 4;
    CHECK(refusal(instance, &in, "row_stride") == KW_INVALID_ARGUMENT);
    in = request(texts, 2, NULL, sizeof rows);
    CHECK(refusal(instance, &in, "rows") == KW_INVALID_ARGUMENT);
    in = request(texts, 2, rows, sizeof rows);
    in.dims = 63;
    CHECK(refusal(instance, &in, "dims") == KW_DIMENSION_MISMATCH);
    in.dims = 4097;
    CHECK(refusal(instance, &in, "dims") == KW_DIMENSION_MISMATCH);
    in = request(texts, 2, rows, sizeof rows);
    in.element = KW_ELEMENT_F16;
    CHECK(refusal(instance, &in, "element") == KW_UNIMPLEMENTED);
    in = request(texts, 2, rows, sizeof rows);
    in.flags = 0x10;
    CHECK(refusal(instance, &in, "flags has bits that hash-embedder does not know: 0x10") == KW_UNIMPLEMENTED);
    in = request(texts, 2, rows, sizeof rows);
    in.h.size += 8;
    in.h.flags = KW_MUST;
    CHECK(refusal(instance, &in, "newer") == KW_UNIMPLEMENTED);
    in = request(texts, 2, rows, sizeof rows);
    in.h.size = sizeof(kw_hdr);
    CHECK(refusal(instance, &in, "shorter") == KW_INVALID_ARGUMENT);
    kw_str hollow = { NULL, 5 };
    in = request(&hollow, 1, rows, sizeof rows);
    CHECK(refusal(instance, &in, "texts[0]") == KW_INVALID_ARGUMENT);

    in = request(texts, 2, rows, sizeof rows);
    in.flags = KW_EMBED_WANT_TOKEN_LEVEL;
    CHECK(refusal(instance, &in, "KW_EMBED_WANT_TOKEN_LEVEL") == KW_UNIMPLEMENTED);
    in = request(texts, 2, rows, sizeof rows);
    in.truncate = 3;
    CHECK(refusal(instance, &in, "truncate") == KW_UNIMPLEMENTED);
    in = request(texts, 2, rows, sizeof rows);
    in.instruction = hollow;
    CHECK(refusal(instance, &in, "instruction") == KW_INVALID_ARGUMENT);
    kw_token_list list = { .h = KW_HDR(kw_token_list) };
    in = request(NULL, 0, rows, sizeof rows);
    in.token_lists = kw_span_of(&list, 1, sizeof list);
    CHECK(refusal(instance, &in, "token_lists") == KW_UNIMPLEMENTED);
    kw_part part = { .h = KW_HDR(kw_part), .kind = KW_PART_DATA };
    in = request(NULL, 0, rows, sizeof rows);
    in.media = kw_span_of(&part, 1, sizeof part);
    CHECK(refusal(instance, &in, "media") == KW_UNIMPLEMENTED);
}

/* A host of an older SDK wrote less; what it did not write is not looked at. */
static void test_shorter_request(kw_instance *instance)
{
    static float rows[DIMS];
    kw_str texts[] = { kw_string("one") };
    kw_embed_in in = request(texts, 1, rows, sizeof rows);
    in.h.size = (uint32_t)offsetof(kw_embed_in, instruction);
    in.token_lists = kw_span_of(&in, 99, 8);
    test_call call;
    test_call_begin(&call);
    CHECK(embedder->embed(instance, &call.call, &in) == KW_OK);
    test_call_end(&call);
}

static void test_limits(kw_instance *instance)
{
    static float rows[2 * DIMS];
    kw_str texts[] = { kw_string("one"), kw_string("two") };
    kw_embed_in in = request(texts, 2, rows, sizeof rows);
    test_call call;
    test_call_begin(&call);
    test_call_cancel(&call);
    CHECK(embedder->embed(instance, &call.call, &in) == KW_CANCELLED && call.replies == 0);
    test_call_end(&call);
    test_call_begin(&call);
    call.quota = 64;
    CHECK(embedder->embed(instance, &call.call, &in) == KW_RESOURCE_EXHAUSTED && call.replies == 0);
    test_call_end(&call);
}

int main(void)
{
    start();
    test_table();
    test_configuration();
    kw_status status;
    char message[1024];
    kw_instance *instance = create("{\"dims\":256}", &status, message, sizeof message);
    CHECK(instance != NULL);
    if (instance != NULL) {
        test_refusals(instance);
        test_shorter_request(instance);
        test_limits(instance);
        destroy(instance);
    }
    return test_finish();
}
