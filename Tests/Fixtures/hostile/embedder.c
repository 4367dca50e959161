/* A hostile embedder: rows, reports, leases, and calls that go on. */
#include "hostile.h"

#include <math.h>

static kw_status info(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    kw_embedder_info out = { .h = KW_HDR(kw_embedder_info), .id = KW_STR("s"), .model = KW_STR("m"), .dims = 4 };
    hostile_text(call, "id", &out.id);
    hostile_text(call, "model", &out.model);
    if (DOES("dims-0"))
        out.dims = 0;
    static const uint32_t allowed[] = { 8 };
    out.allowed_dims = (kw_span)KW_SPAN(allowed);
    hostile_span(call, "allowed", &out.allowed_dims, NULL);
    static const kw_str types[] = { { "a\xC3", 2 } };
    if (DOES("media-text"))
        out.media_types = (kw_span)KW_SPAN(types);
    static const kw_pair prefixes[] = { { KW_HDR(kw_pair), KW_STR("k"), { "a\xC3", 2 } } };
    if (DOES("prefix-text"))
        out.prefixes = (kw_span)KW_SPAN(prefixes);
    return KW_REPLY(call, &out);
}

static void release(kw_lease *lease)
{
    atomic_fetch_add(&hostile_released, 1);
    lease->release = NULL;
}

/* Adopts a lease, perhaps as it must not; then ends the call in one of several ways. */
static kw_status lend(kw_call *call, const kw_embed_out *out)
{
    static const char text[] = "lent";
    kw_lease lease = { .ptr = text, .len = 4, .release = release };
    kw_status status = call->api->adopt(call, &lease);
    if (DOES("lease-twice") && call->api->adopt(call, &lease) == KW_OK)
        return KW_DATA_LOSS;
    if (DOES("lease-fails"))
        return kw_fail(call, KW_UNAVAILABLE, "after it had lent");
    if (DOES("lease-never"))
        return KW_OK;
    if (DOES("lease-replies-twice"))
        (void)KW_REPLY(call, out);
    return status == KW_OK ? KW_REPLY(call, out) : status;
}

static kw_status embed(kw_instance *self, kw_call *call, const kw_embed_in *in)
{
    (void)self;
    uint32_t count = in->texts.count;
    float *row = in->rows;
    for (uint32_t i = 0; i < in->dims; i++)
        row[i] = 1;
    if (DOES("row-nan"))
        row[in->dims - 1] = NAN;
    if (DOES("row-infinite"))
        row[0] = -INFINITY;
    struct report {
        kw_embed_out out;
        uint32_t numbers[2];
        float values[2];
        kw_sparse sparse;
        kw_token_vectors vectors;
        kw_usage usage;
    } *r = call->api->alloc(call, sizeof *r, 16);
    if (r == NULL)
        return kw_reply_no_memory(call);
    r->values[0] = 1;
    r->sparse = (kw_sparse) { KW_HDR(kw_sparse), { r->numbers, 1, 4 }, { r->values, 1, 4 } };
    r->vectors = (kw_token_vectors) { KW_HDR(kw_token_vectors), r->values, 4, 4, 1, 1 };
    r->usage = (kw_usage) { .h = KW_HDR(kw_usage) };
    r->out = (kw_embed_out) { .h = KW_HDR(kw_embed_out), .rows_written = count, .tokens = { r->numbers, 1, 4 },
                              .truncated = { r->numbers, 1, 4 }, .sparse = ONE(r->sparse),
                              .token_vectors = ONE(r->vectors), .usage = ONE(r->usage) };
    if (DOES("rows-0"))
        r->out.rows_written = 0;
    if (DOES("rows-huge"))
        r->out.rows_written = UINT32_MAX;
    if (DOES("cut-foreign"))
        r->numbers[0] = count;
    if (DOES("cut-twice"))
        r->out.truncated.count = 2;
    hostile_span(call, "tokens", &r->out.tokens, NULL);
    hostile_span(call, "sparse", &r->out.sparse, &r->sparse.h);
    hostile_span(call, "vectors", &r->out.token_vectors, &r->vectors.h);
    if (DOES("sparse-none"))
        r->out.sparse.count = 0;
    if (DOES("sparse-values"))
        r->sparse.values.count = 0;
    if (DOES("sparse-order"))
        r->sparse.indices.count = r->sparse.values.count = 2;
    if (DOES("sparse-nan"))
        r->values[0] = NAN;
    if (DOES("vectors-none"))
        r->out.token_vectors.count = 0;
    if (DOES("vectors-size"))
        r->vectors.rows_size = 3;
    if (DOES("vectors-stride"))
        r->vectors.row_stride = 0;
    if (DOES("vectors-overflow")) {
        r->vectors.count = UINT32_MAX;
        r->vectors.row_stride = UINT64_MAX;
    }
    if (DOES("vectors-null"))
        r->vectors.rows = NULL;
    if (DOES("cost-nan")) {
        r->usage.flags = KW_USAGE_COST;
        r->usage.cost_usd = NAN;
    }
    if (DOES("lease") || DOES("lease-twice") || DOES("lease-fails") || DOES("lease-never") || DOES("lease-replies-twice"))
        return lend(call, &r->out);
    kw_status status = hostile_pending(call, &r->out);
    return status == KW_OK ? KW_REPLY(call, &r->out) : status;
}

static kw_status count_tokens(kw_instance *self, kw_call *call, const kw_count_tokens_in *in)
{
    (void)self;
    static const uint32_t numbers[4] = { 1, 1, 1, 1 };
    kw_count_tokens_out out = { .h = KW_HDR(kw_count_tokens_out), .tokens = { numbers, in->texts.count, 4 } };
    hostile_span(call, "tokens", &out.tokens, NULL);
    if (DOES("tokens-fewer"))
        out.tokens.count = 0;
    return KW_REPLY(call, &out);
}

const kw_embedder hostile_embedder = {
    .h = KW_HDR(kw_embedder), .info = info, .embed = embed, .count_tokens = count_tokens
};
