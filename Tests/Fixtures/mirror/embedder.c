/* The embedder of the mirror. */
#include "mirror.h"

static kw_status info(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    static const uint32_t allowed[] = { 16, 32 };
    static const kw_str media[] = { KW_STR("image/png"), KW_STR("audio") };
    static const kw_pair prefixes[] = {
        { KW_HDR(kw_pair), KW_STR("query"), KW_STR("search_query: ") },
        { KW_HDR(kw_pair), KW_STR("document"), KW_STR("search_document: ") },
    };
    kw_embedder_info out = {
        .h = KW_HDR(kw_embedder_info),
        .id = KW_STR("space-1"),
        .model = KW_STR("Mirror"),
        .dims = 8,
        .max_batch = 3,
        .max_tokens = 512,
        .max_parallel = 2,
        .elements = 1u << KW_ELEMENT_F32,
        .tasks = 1u << KW_TASK_QUERY | 1u << KW_TASK_CODE,
        .metrics = 1u << KW_METRIC_COSINE | 1u << KW_METRIC_JACCARD,
        .features = KW_EMBED_DETERMINISTIC | KW_EMBED_NORMALIZED | KW_EMBED_TOKEN_INPUT | KW_EMBED_MEDIA_INPUT |
                    KW_EMBED_SPARSE | KW_EMBED_TOKEN_LEVEL | KW_EMBED_INSTRUCTION,
        .allowed_dims = KW_SPAN(allowed),
        .dims_min = 4,
        .dims_max = 6,
        .max_batch_tokens = 2048,
        .media_types = KW_SPAN(media),
        .prefixes = KW_SPAN(prefixes),
    };
    return KW_REPLY(call, &out);
}

static void token_list(json *j, const void *at)
{
    const kw_token_list *x = at;
    json_raw(j, "[");
    for (uint32_t i = 0; i < x->ids.count; i++)
        json_int(j, *(const uint32_t *)kw_at(x->ids, i));
    json_raw(j, "]");
}

static void members(json *j, const kw_embed_in *x)
{
    TEXTS(texts)
    LIST(token_lists, token_list)
    LIST(media, mirror_part)
    TEXT(instruction)
    INT(capacity)
    INT(row_stride)
    INT(dims)
    INT(element)
    INT(task)
    INT(truncate)
    INT(flags)
}

static const uint32_t tokens[] = { 5, 6 };
static const uint32_t cut[] = { 1 };
static const uint32_t indices[] = { 3, 4000000000u };
static const float weights[] = { 0.5f, -2.0f };
static const kw_sparse sparse[] = {
    { KW_HDR(kw_sparse), KW_SPAN(indices), KW_SPAN(weights) },
    { .h = KW_HDR(kw_sparse) },
};
/* Two rows of two numbers, three numbers apart. */
static const float rows[] = { 1.0f, 2.0f, 99.0f, 3.0f, 4.0f };
static const kw_token_vectors vectors[] = {
    { KW_HDR(kw_token_vectors), rows, sizeof rows, 3 * sizeof(float), 2, 2 },
    { .h = KW_HDR(kw_token_vectors) },
};

static kw_status embed(kw_instance *self, kw_call *call, const kw_embed_in *in)
{
    (void)self;
    TELL(members(j, in);)
    uint32_t count = in->texts.count + in->token_lists.count + in->media.count;
    for (uint32_t row = 0; row < count; row++) {
        float *at = (float *)(void *)((char *)in->rows + row * in->row_stride);
        for (uint32_t i = 0; i < in->dims; i++)
            at[i] = (float)(row * 10 + i);
    }
    kw_embed_out out = {
        .h = KW_HDR(kw_embed_out),
        .rows_written = count,
        .total_tokens = 11,
        .tokens = KW_SPAN(tokens),
        .truncated = KW_SPAN(cut),
        .sparse = KW_SPAN(sparse),
        .token_vectors = KW_SPAN(vectors),
        .usage = ONE(mirror_usage),
        .warnings = KW_SPAN(mirror_warnings),
    };
    return KW_REPLY(call, &out);
}

static kw_status count_tokens(kw_instance *self, kw_call *call, const kw_count_tokens_in *in)
{
    (void)self;
    const kw_count_tokens_in *x = in;
    TELL(TEXTS(texts))
    uint32_t *counts = call->api->alloc(call, in->texts.count * sizeof *counts, sizeof *counts);
    if (counts == NULL)
        return kw_reply_no_memory(call);
    for (uint32_t i = 0; i < in->texts.count; i++)
        counts[i] = (uint32_t)kw_text_at(in->texts, i).len + 1;
    kw_count_tokens_out out = { .h = KW_HDR(kw_count_tokens_out),
                                .tokens = kw_span_of(counts, in->texts.count, sizeof *counts) };
    return KW_REPLY(call, &out);
}

const kw_embedder mirror_embedder = {
    .h = KW_HDR(kw_embedder), .info = info, .embed = embed, .count_tokens = count_tokens
};
