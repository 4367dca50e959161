/* The plugin table through a host's eyes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out);

#define DIMS 256u

static test_host host;
static const kw_plugin *plugin;
static const kw_embedder *embedder;

static kw_instance *create(const char *config, kw_status *status, char *message, size_t size)
{
    test_call call;
    test_call_begin(&call);
    kw_create_in in = { .h = KW_HDR(kw_create_in), .host = &host.host, .config_json = kw_string(config) };
    *status = plugin->create(NULL, &call.call, &in);
    kw_instance *instance = call.reply != NULL ? ((const kw_create_out *)call.reply)->instance : NULL;
    snprintf(message, size, "%s", call.message);
    test_call_end(&call);
    return instance;
}

static void destroy(kw_instance *instance)
{
    test_call call;
    test_call_begin(&call);
    kw_none in = { .h = KW_HDR(kw_none) };
    CHECK(plugin->destroy(instance, &call.call, &in) == KW_OK);
    test_call_end(&call);
}

static kw_embed_in request(const kw_str *texts, uint32_t count, float *rows, uint64_t capacity)
{
    kw_embed_in in = {
        .h = KW_HDR(kw_embed_in),
        .texts = kw_span_of(texts, count, (uint32_t)sizeof(kw_str)),
        .rows = rows,
        .capacity = capacity,
        .row_stride = DIMS * sizeof(float),
        .dims = DIMS,
        .element = KW_ELEMENT_F32,
        .task = KW_TASK_DOCUMENT,
    };
    return in;
}

static kw_status refusal(kw_instance *instance, const kw_embed_in *in)
{
    test_call call;
    test_call_begin(&call);
    kw_status status = embedder->embed(instance, &call.call, in);
    CHECK(call.replies == 0);
    CHECK(call.error_status == status && call.message[0] != '\0');
    test_call_end(&call);
    return status;
}

static void test_table(void)
{
    const kw_plugin *again = NULL;
    CHECK(kw_plugin_entry_1(&host.host, KW_SDK + 1, &again) == KW_SDK_MISMATCH && again == NULL);
    CHECK(kw_plugin_entry_1(&host.host, KW_SDK, &plugin) == KW_OK);
    CHECK(kw_plugin_entry_1(&host.host, KW_SDK, &again) == KW_OK && again == plugin);
    CHECK(plugin->magic == KW_MAGIC && plugin->h.size == sizeof(kw_plugin));
    CHECK(plugin->ifaces.count == 1);
    const kw_iface *iface = kw_at(plugin->ifaces, 0);
    CHECK(kw_equal(iface->id, kw_string(KW_EMBEDDER_ID)));
    embedder = iface->vtable;
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
            CHECK((info->features & KW_EMBED_DETERMINISTIC) != 0);
            test_call_end(&call);
            destroy(instance);
        }
        if (test_failed != failed) {
            printf("  with configuration %s\n", cases[i].json);
        }
    }
}

static void test_embedding(kw_instance *instance)
{
    kw_str texts[] = { kw_string("The worker ran out of memory"), { NULL, 0 }, kw_string("of the and"),
                       kw_string("\xFF\xFE bad \xC3 bytes \x80") };
    static float rows[4][DIMS + 4];
    for (int r = 0; r < 4; r++) {
        for (uint32_t i = 0; i < DIMS + 4; i++) {
            rows[r][i] = 7.0f;
        }
    }
    kw_embed_in in = request(texts, 4, rows[0], sizeof rows);
    in.row_stride = sizeof rows[0];
    test_call call;
    test_call_begin(&call);
    CHECK(embedder->embed(instance, &call.call, &in) == KW_OK && call.replies == 1);
    const kw_embed_out *out = call.reply;
    CHECK(out->rows_written == 4);
    CHECK(out->tokens.count == 4 && out->truncated.count == 0);
    const uint32_t expected[] = { 6, 0, 3, 2 };
    uint64_t total = 0;
    for (uint32_t r = 0; r < 4; r++) {
        uint32_t tokens;
        memcpy(&tokens, kw_at(out->tokens, r), sizeof tokens);
        CHECK(tokens == expected[r]);
        total += tokens;
        double squares = 0;
        int padding_kept = 1;
        for (uint32_t i = 0; i < DIMS + 4; i++) {
            if (i < DIMS) {
                squares += (double)rows[r][i] * (double)rows[r][i];
            } else {
                padding_kept &= rows[r][i] == 7.0f;
            }
        }
        CHECK(padding_kept);
        CHECK(r == 1 || r == 2 ? squares == 0 : fabs(squares - 1) < 1e-5);
    }
    CHECK(out->total_tokens == total);
    test_call_end(&call);

    /* A batch is the same as its texts one by one, and a query is not embedded like a document. */
    static float single[DIMS], query[DIMS];
    in = request(texts, 1, single, sizeof single);
    test_call_begin(&call);
    CHECK(embedder->embed(instance, &call.call, &in) == KW_OK);
    CHECK(memcmp(single, rows[0], sizeof single) == 0);
    test_call_end(&call);
    in = request(texts, 1, query, sizeof query);
    in.task = KW_TASK_QUERY;
    test_call_begin(&call);
    CHECK(embedder->embed(instance, &call.call, &in) == KW_OK);
    CHECK(memcmp(single, query, sizeof single) != 0);
    test_call_end(&call);

    in = request(NULL, 0, NULL, 0);
    test_call_begin(&call);
    CHECK(embedder->embed(instance, &call.call, &in) == KW_OK && call.replies == 1);
    CHECK(((const kw_embed_out *)call.reply)->rows_written == 0);
    test_call_end(&call);
}

static void test_truncation(kw_instance *instance)
{
    enum { WORDS = 3000 };
    static char text[WORDS * 3 + 1];
    for (int i = 0; i < WORDS; i++) {
        memcpy(text + (size_t)i * 3, "ab ", 3);
    }
    static float rows[2][DIMS];
    kw_str texts[] = { kw_string("short"), kw_string(text) };
    kw_embed_in in = request(texts, 2, rows[0], sizeof rows);
    test_call call;
    test_call_begin(&call);
    CHECK(embedder->embed(instance, &call.call, &in) == KW_OK);
    const kw_embed_out *out = call.reply;
    uint32_t row = 0;
    CHECK(out->truncated.count == 1);
    if (out->truncated.count == 1) {
        memcpy(&row, kw_at(out->truncated, 0), sizeof row);
    }
    CHECK(row == 1);
    test_call_end(&call);
    in.truncate = KW_TRUNCATE_ERROR;
    CHECK(refusal(instance, &in) == KW_CONTEXT_OVERFLOW);
}

static void test_refusals(kw_instance *instance)
{
    static float rows[2 * DIMS];
    kw_str texts[] = { kw_string("one"), kw_string("two") };
    kw_embed_in in = request(texts, 2, rows, sizeof rows - 1);
    CHECK(refusal(instance, &in) == KW_BUFFER_TOO_SMALL);
    in = request(texts, 2, rows, sizeof rows);
    in.row_stride = UINT64_MAX - 3;
    CHECK(refusal(instance, &in) == KW_BUFFER_TOO_SMALL);
    in = request(texts, UINT32_MAX, rows, sizeof rows);
    CHECK(refusal(instance, &in) == KW_BUFFER_TOO_SMALL);
    in = request(texts, 2, rows, sizeof rows);
    in.row_stride = DIMS * sizeof(float) - 4;
    CHECK(refusal(instance, &in) == KW_INVALID_ARGUMENT);
    in = request(texts, 2, NULL, sizeof rows);
    CHECK(refusal(instance, &in) == KW_INVALID_ARGUMENT);
    in = request(texts, 2, rows, sizeof rows);
    in.dims = 63;
    CHECK(refusal(instance, &in) == KW_DIMENSION_MISMATCH);
    in.dims = 4097;
    CHECK(refusal(instance, &in) == KW_DIMENSION_MISMATCH);
    in = request(texts, 2, rows, sizeof rows);
    in.element = KW_ELEMENT_F16;
    CHECK(refusal(instance, &in) == KW_UNIMPLEMENTED);
    in = request(texts, 2, rows, sizeof rows);
    in.flags = 0x10;
    CHECK(refusal(instance, &in) == KW_UNIMPLEMENTED);
    in = request(texts, 2, rows, sizeof rows);
    in.h.size += 8;
    in.h.flags = KW_MUST;
    CHECK(refusal(instance, &in) == KW_UNIMPLEMENTED);
    in = request(texts, 2, rows, sizeof rows);
    in.h.size = sizeof(kw_hdr);
    CHECK(refusal(instance, &in) == KW_INVALID_ARGUMENT);
    kw_str hollow = { NULL, 5 };
    in = request(&hollow, 1, rows, sizeof rows);
    CHECK(refusal(instance, &in) == KW_INVALID_ARGUMENT);
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
    test_host_init(&host);
    test_table();
    test_configuration();
    kw_status status;
    char message[1024];
    kw_instance *instance = create("{\"dims\":256}", &status, message, sizeof message);
    CHECK(instance != NULL);
    if (instance != NULL) {
        test_embedding(instance);
        test_truncation(instance);
        test_refusals(instance);
        test_limits(instance);
        destroy(instance);
    }
    return test_finish();
}
