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

/* The status of a refusal, whose message must say that. */
static kw_status refusal(kw_instance *instance, const kw_embed_in *in, const char *says)
{
    test_call call;
    test_call_begin(&call);
    kw_status status = embedder->embed(instance, &call.call, in);
    CHECK(call.replies == 0);
    CHECK(call.error_status == status && call.message[0] != '\0');
    if (!CHECK(strstr(call.message, says) != NULL)) {
        printf("  \"%s\" does not say %s\n", call.message, says);
    }
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
    const kw_usage *usage = out->usage.ptr;
    CHECK(out->usage.count == 1 && usage->input == total && usage->total == total && usage->output == 0);
    CHECK(usage->flags == 0 && out->sparse.count == 0 && out->token_vectors.count == 0 && out->warnings.count == 0);
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

/* Row i of a reply's numbers. */
static uint32_t number_at(kw_span numbers, uint32_t i)
{
    uint32_t number = UINT32_MAX;
    if (i < numbers.count) {
        memcpy(&number, kw_at(numbers, i), sizeof number);
    }
    return number;
}

static void test_truncation(kw_instance *instance)
{
    enum { WORDS = 3000 };
    static char text[WORDS * 6 + 1], head[2048 * 6 + 1], tail[2048 * 6 + 1];
    for (size_t i = 0; i < WORDS; i++) {
        const char digits[] = { 'w', (char)('0' + i / 1000), (char)('0' + i / 100 % 10), (char)('0' + i / 10 % 10),
                                (char)('0' + i % 10), ' ' };
        memcpy(text + i * 6, digits, 6);
    }
    memcpy(head, text, sizeof head - 1);
    memcpy(tail, text + (WORDS - 2048) * 6, sizeof tail - 1);
    static float rows[5][DIMS];
    kw_str texts[] = { kw_string("short"), kw_string(text), kw_string(head), kw_string(tail), kw_string(text) };
    for (uint32_t way = KW_TRUNCATE_END; way <= KW_TRUNCATE_START; way++) {
        kw_embed_in in = request(texts, 5, rows[0], sizeof rows);
        test_call call;
        in.truncate = way;
        test_call_begin(&call);
        CHECK(embedder->embed(instance, &call.call, &in) == KW_OK);
        const kw_embed_out *out = call.reply;
        CHECK(out->truncated.count == 2 && number_at(out->truncated, 0) == 1 && number_at(out->truncated, 1) == 4);
        CHECK(number_at(out->tokens, 0) == 1 && number_at(out->tokens, 1) == 2048 && number_at(out->tokens, 3) == 2048);
        CHECK((memcmp(rows[1], rows[2], sizeof rows[1]) == 0) == (way == KW_TRUNCATE_END));
        CHECK((memcmp(rows[1], rows[3], sizeof rows[1]) == 0) == (way == KW_TRUNCATE_START));
        test_call_end(&call);
    }
    kw_embed_in in = request(texts, 2, rows[0], sizeof rows);
    in.truncate = KW_TRUNCATE_ERROR;
    CHECK(refusal(instance, &in, "texts[1]") == KW_CONTEXT_OVERFLOW);
    in = request(texts + 2, 2, rows[0], sizeof rows); /* exactly the limit is not beyond it */
    in.truncate = KW_TRUNCATE_ERROR;
    test_call call;
    test_call_begin(&call);
    CHECK(embedder->embed(instance, &call.call, &in) == KW_OK);
    test_call_end(&call);
}

/* How many texts of one are reported as cut. */
static uint32_t truncated_count(kw_instance *instance, const char *text, uint32_t task)
{
    static float rows[1][DIMS];
    kw_str texts[] = { kw_string(text) };
    kw_embed_in in = request(texts, 1, rows[0], sizeof rows);
    in.task = task;
    test_call call;
    test_call_begin(&call);
    CHECK(embedder->embed(instance, &call.call, &in) == KW_OK);
    uint32_t count = ((const kw_embed_out *)call.reply)->truncated.count;
    test_call_end(&call);
    return count;
}

/* Compound words bring more stems than words. As many of them as just fit leave the thesaurus no room, and that is no
 * reason to call the text cut. */
static void test_widened_query_is_not_truncated(kw_instance *instance)
{
    static char text[2048 * 16];
    size_t fits = (size_t)snprintf(text, sizeof text, "delete folder error stop configure start request user network ");
    for (int i = 100; i < 2000; i++) {
        size_t used = fits + (size_t)snprintf(text + fits, sizeof text - fits, "Aa%cb%dCc ", 'a' + i % 26, i);
        if (truncated_count(instance, text, KW_TASK_DOCUMENT) != 0) {
            break;
        }
        fits = used;
    }
    CHECK(truncated_count(instance, text, KW_TASK_DOCUMENT) == 1);
    text[fits] = '\0';
    CHECK(truncated_count(instance, text, KW_TASK_DOCUMENT) == 0);
    CHECK(truncated_count(instance, text, KW_TASK_QUERY) == 0);
}

/* Every length that is offered, with memory of exactly its size: a sanitizer sees what is written beyond it. */
static void test_every_length(kw_instance *instance)
{
    static const uint32_t lengths[] = { 64, 65, 100, 127, 128, 384, 768, 1000, 1024, 1536, 3072, 4095, 4096 };
    kw_str texts[] = { kw_string("Requests that are running can be cancelled"), kw_string("Bananas") };
    for (size_t n = 0; n < sizeof lengths / sizeof lengths[0]; n++) {
        uint32_t dims = lengths[n];
        float *rows = malloc((size_t)dims * 2 * sizeof *rows);
        kw_embed_in in = request(texts, 2, rows, (uint64_t)dims * 2 * sizeof *rows);
        in.dims = dims;
        in.row_stride = (uint64_t)dims * sizeof *rows;
        in.flags = KW_EMBED_NORMALIZE;
        test_call call;
        test_call_begin(&call);
        CHECK(embedder->embed(instance, &call.call, &in) == KW_OK);
        for (uint32_t r = 0; r < 2; r++) {
            double squares = 0;
            for (uint32_t i = 0; i < dims; i++) {
                squares += (double)rows[r * dims + i] * (double)rows[r * dims + i];
            }
            CHECK(fabs(squares - 1) < 1e-5);
        }
        test_call_end(&call);
        free(rows);
    }
}

static void test_sparse(kw_instance *instance)
{
    static float rows[3][DIMS];
    kw_str texts[] = { kw_string("The worker ran out of memory"), { NULL, 0 }, kw_string("memory") };
    kw_embed_in in = request(texts, 3, rows[0], sizeof rows);
    in.flags = KW_EMBED_WANT_SPARSE;
    test_call call;
    test_call_begin(&call);
    CHECK(embedder->embed(instance, &call.call, &in) == KW_OK);
    const kw_embed_out *out = call.reply;
    CHECK(out->sparse.count == 3);
    for (uint32_t r = 0; r < out->sparse.count; r++) {
        const kw_sparse *sparse = kw_at(out->sparse, r);
        uint32_t set = 0, last = 0;
        int same = sparse->indices.count == sparse->values.count;
        for (uint32_t i = 0; i < sparse->indices.count; i++) {
            uint32_t index = number_at(sparse->indices, i);
            float value;
            memcpy(&value, kw_at(sparse->values, i), sizeof value);
            same &= index < DIMS && (i == 0 || index > last) && value != 0.0f && value == rows[r][index];
            last = index;
        }
        for (uint32_t i = 0; i < DIMS; i++) {
            set += rows[r][i] != 0.0f;
        }
        CHECK(same && set == sparse->indices.count && (set == 0) == (r == 1));
    }
    test_call_end(&call);
}

static void test_instruction_is_warned_about(kw_instance *instance)
{
    static float rows[1][DIMS];
    kw_str texts[] = { kw_string("one") };
    kw_embed_in in = request(texts, 1, rows[0], sizeof rows);
    in.instruction = kw_string("find the answer");
    test_call call;
    test_call_begin(&call);
    CHECK(embedder->embed(instance, &call.call, &in) == KW_OK);
    const kw_embed_out *out = call.reply;
    const kw_warning *warning = out->warnings.ptr;
    CHECK(out->warnings.count == 1 && kw_equal(warning->feature, kw_string("instruction")) && warning->message.len > 0);
    test_call_end(&call);
}

/* What is counted is what embed reads, before it cuts. */
static void test_count_tokens(kw_instance *instance)
{
    enum { WORDS = 3000 };
    static char text[WORDS * 3 + 1];
    static float rows[7][DIMS];
    for (int i = 0; i < WORDS; i++) {
        memcpy(text + (size_t)i * 3, "ab ", 3);
    }
    kw_str texts[] = { kw_string("The worker ran out of memory"), { NULL, 0 }, kw_string("readFile HTTPServer a-b"),
                       kw_string("\xE4\xB8\xAD\xE6\x96\x87"), kw_string("\xFF\xFE bad \xC3 bytes \x80"),
                       kw_string("0123456789012345678901234567890123456789 short"), kw_string(text) };
    kw_count_tokens_in in = { .h = KW_HDR(kw_count_tokens_in), .texts = kw_span_of(texts, 7, sizeof texts[0]) };
    kw_embed_in embed_in = request(texts, 7, rows[0], sizeof rows);
    test_call call, embed_call;
    test_call_begin(&call);
    test_call_begin(&embed_call);
    CHECK(embedder->count_tokens(instance, &call.call, &in) == KW_OK && call.replies == 1);
    CHECK(embedder->embed(instance, &embed_call.call, &embed_in) == KW_OK);
    const kw_count_tokens_out *counted = call.reply;
    const kw_embed_out *embedded = embed_call.reply;
    CHECK(counted->tokens.count == 7 && counted->flags == 0);
    for (uint32_t i = 0; i < 6; i++) {
        CHECK(number_at(counted->tokens, i) == number_at(embedded->tokens, i));
    }
    CHECK(number_at(counted->tokens, 0) == 6 && number_at(counted->tokens, 2) == 4 && number_at(counted->tokens, 3) == 2);
    CHECK(number_at(counted->tokens, 6) == WORDS && number_at(embedded->tokens, 6) == 2048);
    test_call_end(&call);
    test_call_end(&embed_call);

    test_call_begin(&call);
    in.texts.count = 0;
    CHECK(embedder->count_tokens(instance, &call.call, &in) == KW_OK && call.replies == 1);
    test_call_end(&call);
    kw_str hollow = { NULL, 5 };
    in.texts = kw_span_of(&hollow, 1, sizeof hollow);
    test_call_begin(&call);
    CHECK(embedder->count_tokens(instance, &call.call, &in) == KW_INVALID_ARGUMENT && strstr(call.message, "texts[0]"));
    test_call_end(&call);
    in.texts = kw_span_of(texts, 7, 8);
    test_call_begin(&call);
    CHECK(embedder->count_tokens(instance, &call.call, &in) == KW_INVALID_ARGUMENT);
    test_call_end(&call);
    in.texts = kw_span_of(texts, 7, sizeof texts[0]);
    test_call_begin(&call);
    test_call_cancel(&call);
    CHECK(embedder->count_tokens(instance, &call.call, &in) == KW_CANCELLED && call.replies == 0);
    test_call_end(&call);
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
        test_widened_query_is_not_truncated(instance);
        test_every_length(instance);
        test_sparse(instance);
        test_instruction_is_warned_about(instance);
        test_count_tokens(instance);
        test_refusals(instance);
        test_shorter_request(instance);
        test_limits(instance);
        destroy(instance);
    }
    return test_finish();
}
