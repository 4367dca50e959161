/* Rows, sparse rows and numbers of tokens, through the plugin table. */
#include "fixture.h"

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

int main(void)
{
    start();
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
        destroy(instance);
    }
    return test_finish();
}
