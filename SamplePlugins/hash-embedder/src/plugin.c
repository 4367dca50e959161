/* hash-embedder: the plugin table and the operations of keyway.embedder/1. */
#include <stdlib.h>
#include <string.h>

#include <keyway/plugin.h>
#include <keyway/author.h>

#include "configuration.h"
#include "feature_row.h"
#include "term_bag.h"
#include "thesaurus.h"

#define PLUGIN_ID "hash-embedder"
#define PLUGIN_VERSION "0.1.0"
#define PLUGIN_CAPS (KW_CAP_UNLOADABLE | KW_CAP_CONCURRENT)

KW_NOTE_ABI(1, 1, PLUGIN_CAPS, KW_LANG_C);
KW_NOTE_MANIFEST(
    "{\"id\":\"" PLUGIN_ID "\",\"name\":\"" PLUGIN_ID "\",\"version\":\"" PLUGIN_VERSION "\",\"type\":\"embedder\","
    "\"description\":\"Texts to vectors without a model: hashed words, letter sequences and a small thesaurus\","
    "\"license\":\"Apache-2.0\",\"sdk\":{\"minVersion\":1,\"maxVersion\":1},\"interfaces\":[\"" KW_EMBEDDER_ID "\"],"
    "\"configSchema\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"dims\":{\"type\":\"integer\","
    "\"minimum\":64,\"maximum\":4096,\"default\":1024,\"description\":\"length of a vector\"}}}}");
KW_NOTE_IFACE(embedder, KW_EMBEDDER_ID);
KW_NOTE_BUILD("lang=c;compiler=" __VERSION__);

/* Immutable after create, so operations may run at the same time. */
struct kw_instance {
    configuration settings;
};

/* ---- embedder ------------------------------------------------------------------------------------------- */

static kw_status info(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
{
    (void)in;
    kw_embedder_info out = {
        .h = KW_HDR(kw_embedder_info),
        .id = KW_STR("keyway-hash-embedder/1"), /* changes whenever the same text gets another vector */
        .model = KW_STR("hash-embedder " PLUGIN_VERSION),
        .dims = self->settings.dims,
        .max_tokens = TEXT_WORD_LIMIT,
        .elements = 1u << KW_ELEMENT_F32,
        .tasks = 1u << KW_TASK_QUERY,
        .metrics = 1u << KW_METRIC_COSINE | 1u << KW_METRIC_DOT,
        .features = KW_EMBED_DETERMINISTIC | KW_EMBED_NORMALIZED | KW_EMBED_SPARSE,
        .dims_min = DIMS_MINIMUM,
        .dims_max = DIMS_MAXIMUM,
    };
    return KW_REPLY(call, &out);
}

#define KNOWN_FLAGS (KW_EMBED_NORMALIZE | KW_EMBED_WANT_SPARSE)

/* Inputs and flags that this embedder does not know. */
static kw_status check_kind(kw_call *call, const kw_embed_in *in)
{
    if (in->token_lists.count > 0) {
        return kw_fail(call, KW_UNIMPLEMENTED, "token_lists are not taken: hash-embedder has no token ids; pass texts");
    }
    if (in->media.count > 0) {
        return kw_fail(call, KW_UNIMPLEMENTED, "media are not taken: hash-embedder reads texts only");
    }
    if (in->flags & KW_EMBED_WANT_TOKEN_LEVEL) {
        return kw_fail(call, KW_UNIMPLEMENTED, "KW_EMBED_WANT_TOKEN_LEVEL is not known: hash-embedder has one vector a text");
    }
    if ((in->flags & ~KNOWN_FLAGS) != 0) {
        return kw_fail_format(call, KW_UNIMPLEMENTED, "flags has bits that hash-embedder does not know: 0x%x",
                              in->flags & ~KNOWN_FLAGS);
    }
    if (in->element != KW_ELEMENT_F32) {
        return kw_fail_format(call, KW_UNIMPLEMENTED, "element %u is not written: ask for KW_ELEMENT_F32", in->element);
    }
    if (!kw_text_ok(in->instruction)) {
        return kw_fail(call, KW_INVALID_ARGUMENT, "instruction has a length but no bytes");
    }
    if (in->truncate > KW_TRUNCATE_ERROR) {
        return kw_fail_format(call, KW_UNIMPLEMENTED, "truncate is %u; it must be KW_TRUNCATE_END, _START or _ERROR",
                              in->truncate);
    }
    if (in->dims < DIMS_MINIMUM || in->dims > DIMS_MAXIMUM) {
        return kw_fail_format(call, KW_DIMENSION_MISMATCH, "dims is %u; it must be from %u to %u", in->dims, DIMS_MINIMUM,
                              DIMS_MAXIMUM);
    }
    return KW_OK;
}

static kw_status check_texts(kw_call *call, kw_span texts)
{
    if (!kw_span_ok(texts, sizeof(kw_str))) {
        return kw_fail(call, KW_INVALID_ARGUMENT, "texts must be an array of kw_str");
    }
    for (uint32_t i = 0; i < texts.count; i++) {
        kw_str text = kw_text_at(texts, i);
        if (!kw_text_ok(text) || text.len > PTRDIFF_MAX) {
            return kw_fail_format(call, KW_INVALID_ARGUMENT, "texts[%u] has a length but no bytes", i);
        }
    }
    return KW_OK;
}

static kw_status check_rows(kw_call *call, const kw_embed_in *in)
{
    if (in->texts.count == 0) {
        return KW_OK;
    }
    uint64_t row = (uint64_t)in->dims * sizeof(float);
    if (in->row_stride < row || in->row_stride % sizeof(float) != 0) {
        return kw_fail(call, KW_INVALID_ARGUMENT, "row_stride must be a multiple of 4 that holds dims floats");
    }
    /* The last row needs no padding after it. Divided, not multiplied: the stride is the caller's and may be huge. */
    if (in->capacity < row || (in->capacity - row) / in->row_stride < in->texts.count - 1u) {
        return kw_fail(call, KW_BUFFER_TOO_SMALL, "rows hold fewer texts than were given: enlarge capacity or send less");
    }
    if (in->rows == NULL || (uintptr_t)in->rows % _Alignof(float) != 0) {
        return kw_fail(call, KW_INVALID_ARGUMENT, "rows must point to floats");
    }
    return KW_OK;
}

/* Reads the request as far as its writer knew it. KW_OK, or the refusal that was reported. */
static kw_status read_request(kw_call *call, const kw_embed_in *from, kw_embed_in *in)
{
    if (from != NULL && !KW_ACCEPT(kw_embed_in, from)) {
        return kw_fail(call, KW_UNIMPLEMENTED, "the embed request must be understood whole and is newer than SDK 1");
    }
    if (!kw_read(in, from) || !KW_HAS(kw_embed_in, from, flags)) {
        return kw_fail(call, KW_INVALID_ARGUMENT, "the embed request is shorter than that of SDK 1");
    }
    kw_status status = check_kind(call, in);
    if (status == KW_OK) {
        status = check_rows(call, in);
    }
    return status == KW_OK ? check_texts(call, in->texts) : status;
}

/* What a call works with: one bag for all texts, so that nothing but the reply is allocated for a text. */
typedef struct embedding {
    term_bag *bag;
    const thesaurus *related; /* or NULL */
    uint32_t *tokens, *truncated;
    kw_sparse *sparse;        /* or NULL: not wanted */
    uint32_t truncated_count;
    uint64_t total;
} embedding;

static kw_status prepare(kw_call *call, const kw_embed_in *in, embedding *e)
{
    uint32_t count = in->texts.count;
    int wants_sparse = (in->flags & KW_EMBED_WANT_SPARSE) != 0;
    *e = (embedding) { .bag = call->api->alloc(call, sizeof *e->bag, _Alignof(term_bag)) }; /* zeroed: an empty bag */
    e->tokens = call->api->alloc(call, (uint64_t)count * 2 * sizeof *e->tokens, _Alignof(uint32_t));
    if (wants_sparse) {
        e->sparse = call->api->alloc(call, (uint64_t)count * sizeof *e->sparse, _Alignof(kw_sparse));
    }
    if (e->bag == NULL || e->tokens == NULL || (wants_sparse && e->sparse == NULL)) {
        return kw_fail(call, KW_RESOURCE_EXHAUSTED, "no memory left in this call for so many texts: send fewer at once");
    }
    e->truncated = e->tokens + count;
    e->related = in->task == KW_TASK_QUERY ? thesaurus_standard() : NULL;
    if (in->task == KW_TASK_QUERY && e->related == NULL) {
        return kw_fail(call, KW_INTERNAL, "the built-in thesaurus does not fit its table: raise THESAURUS_RELATIONS");
    }
    return KW_OK;
}

/* The elements of a row that are not 0: the hashed features are the row's own positions, so both forms compare alike. */
static kw_status add_sparse(kw_call *call, const float *row, uint32_t dims, kw_sparse *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < dims; i++) {
        count += row[i] != 0.0f;
    }
    *out = (kw_sparse) { .h = KW_HDR(kw_sparse) };
    if (count == 0) {
        return KW_OK;
    }
    uint32_t *indices = call->api->alloc(call, (uint64_t)count * sizeof *indices, _Alignof(uint32_t));
    float *values = call->api->alloc(call, (uint64_t)count * sizeof *values, _Alignof(float));
    if (indices == NULL || values == NULL) {
        return kw_fail(call, KW_RESOURCE_EXHAUSTED, "no memory left in this call for sparse vectors: send fewer at once");
    }
    for (uint32_t i = 0, used = 0; i < dims; i++) {
        if (row[i] != 0.0f) {
            indices[used] = i;
            values[used++] = row[i];
        }
    }
    out->indices = kw_span_of(indices, count, (uint32_t)sizeof *indices);
    out->values = kw_span_of(values, count, (uint32_t)sizeof *values);
    return KW_OK;
}

static kw_status embed_text(kw_call *call, const kw_embed_in *in, embedding *e, uint32_t i)
{
    kw_str text = kw_text_at(in->texts, i);
    float *row = (float *)(void *)((char *)in->rows + (uint64_t)i * in->row_stride);
    term_bag_read(e->bag, text.ptr, (size_t)text.len, in->truncate == KW_TRUNCATE_START ? CUT_START : CUT_END);
    if (e->bag->truncated && in->truncate == KW_TRUNCATE_ERROR) {
        return kw_fail_format(call, KW_CONTEXT_OVERFLOW, "texts[%u] has more than %d words or %d different stems: split it, "
                              "or allow truncation", i, TEXT_WORD_LIMIT, TERM_LIMIT);
    }
    e->tokens[i] = e->bag->words;
    e->total += e->bag->words;
    /* Asked before the bag is widened: related words for which it has no room are not words of the text. */
    if (e->bag->truncated) {
        e->truncated[e->truncated_count++] = i;
    }
    if (e->related != NULL) {
        term_bag_expand(e->bag, e->related);
    }
    feature_row_write(e->bag, row, in->dims);
    return e->sparse != NULL ? add_sparse(call, row, in->dims, &e->sparse[i]) : KW_OK;
}

static kw_status reply_embedding(kw_call *call, const kw_embed_in *in, const embedding *e)
{
    static const kw_warning ignored = { .h = KW_HDR(kw_warning), .feature = KW_STR("instruction"),
                                        .message = KW_STR("hash-embedder follows no instructions; it was ignored") };
    uint32_t count = in->texts.count;
    kw_usage *usage = call->api->alloc(call, sizeof *usage, _Alignof(kw_usage));
    if (usage == NULL) {
        return kw_fail(call, KW_RESOURCE_EXHAUSTED, "no memory left in this call for the reply: send fewer texts at once");
    }
    *usage = (kw_usage) { .h = KW_HDR(kw_usage), .input = e->total, .total = e->total };
    kw_embed_out out = {
        .h = KW_HDR(kw_embed_out),
        .rows_written = count,
        .total_tokens = e->total,
        .tokens = kw_span_of(e->tokens, count, (uint32_t)sizeof *e->tokens),
        .truncated = kw_span_of(e->truncated, e->truncated_count, (uint32_t)sizeof *e->truncated),
        .usage = kw_span_of(usage, 1, (uint32_t)sizeof *usage),
        .warnings = kw_span_of(&ignored, in->instruction.len > 0 ? 1 : 0, (uint32_t)sizeof ignored),
    };
    if (e->sparse != NULL) {
        out.sparse = kw_span_of(e->sparse, count, (uint32_t)sizeof *e->sparse);
    }
    return KW_REPLY(call, &out);
}

static kw_status embed(kw_instance *self, kw_call *call, const kw_embed_in *from) KW_NOEXCEPT
{
    (void)self;
    kw_embed_in in;
    embedding e = { .bag = NULL };
    kw_status status = read_request(call, from, &in);
    if (status == KW_OK && in.texts.count > 0) {
        status = prepare(call, &in, &e);
    }
    for (uint32_t i = 0; status == KW_OK && i < in.texts.count; i++) {
        status = kw_cancelled(call) ? kw_fail(call, KW_CANCELLED, "cancelled") : embed_text(call, &in, &e, i);
    }
    return status == KW_OK ? reply_embedding(call, &in, &e) : status;
}

static kw_status count_tokens(kw_instance *self, kw_call *call, const kw_count_tokens_in *from) KW_NOEXCEPT
{
    (void)self;
    kw_count_tokens_in in;
    if (!kw_read(&in, from)) {
        return kw_fail(call, KW_INVALID_ARGUMENT, "the request is malformed, or of an SDK this plugin does not know");
    }
    kw_status status = check_texts(call, in.texts);
    if (status != KW_OK) {
        return status;
    }
    uint32_t *tokens = call->api->alloc(call, (uint64_t)in.texts.count * sizeof *tokens, _Alignof(uint32_t));
    if (tokens == NULL) {
        return kw_fail(call, KW_RESOURCE_EXHAUSTED, "no memory left in this call for so many texts: send fewer at once");
    }
    for (uint32_t i = 0; i < in.texts.count; i++) {
        if (kw_cancelled(call)) {
            return kw_fail(call, KW_CANCELLED, "cancelled");
        }
        kw_str text = kw_text_at(in.texts, i);
        size_t words = term_bag_count_words(text.ptr, (size_t)text.len);
        tokens[i] = words < UINT32_MAX ? (uint32_t)words : UINT32_MAX;
    }
    kw_count_tokens_out out = { .h = KW_HDR(kw_count_tokens_out),
                                .tokens = kw_span_of(tokens, in.texts.count, (uint32_t)sizeof *tokens) };
    return KW_REPLY(call, &out);
}

/* ---- lifecycle ------------------------------------------------------------------------------------------ */

static kw_status create(kw_instance *self, kw_call *call, const kw_create_in *in) KW_NOEXCEPT
{
    (void)self;
    configuration settings;
    const char *problem = configuration_parse(&settings, in->config_json.ptr, (size_t)in->config_json.len);
    if (problem != NULL) {
        return kw_fail(call, KW_INVALID_ARGUMENT, problem);
    }
    kw_instance *instance = malloc(sizeof *instance);
    if (instance == NULL) {
        return kw_fail(call, KW_RESOURCE_EXHAUSTED, "no memory for an instance of hash-embedder");
    }
    instance->settings = settings;
    kw_create_out out = { .h = KW_HDR(kw_create_out), .instance = instance };
    return KW_REPLY(call, &out);
}

static kw_status health(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
{
    (void)self;
    (void)in;
    kw_health_out out = { .h = KW_HDR(kw_health_out), .state = KW_HEALTH_HEALTHY };
    return KW_REPLY(call, &out);
}

static kw_status quiesce(kw_instance *self, kw_call *call, const kw_quiesce_in *in) KW_NOEXCEPT
{
    (void)self;
    (void)in;
    kw_quiesce_out out = { .h = KW_HDR(kw_quiesce_out) }; /* no threads, no state */
    return KW_REPLY(call, &out);
}

static kw_status destroy(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
{
    (void)in;
    free(self);
    kw_none out = { .h = KW_HDR(kw_none) };
    return KW_REPLY(call, &out);
}

static const kw_embedder embedder = { .h = KW_HDR(kw_embedder), .info = info, .embed = embed,
                                     .count_tokens = count_tokens };
static const kw_iface interfaces[] = { { .h = KW_HDR(kw_iface), .id = KW_STR(KW_EMBEDDER_ID), .vtable = &embedder } };
static const kw_plugin plugin = {
    .h = KW_HDR(kw_plugin),
    .magic = KW_MAGIC,
    .caps = PLUGIN_CAPS,
    .sdk_built = KW_SDK,
    .sdk_min = 1,
    .sdk_max = 1,
    .id = KW_STR(PLUGIN_ID),
    .version = KW_STR(PLUGIN_VERSION),
    .ifaces = KW_SPAN(interfaces),
    .create = create,
    .health = health,
    .quiesce = quiesce,
    .destroy = destroy,
};

KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out);

KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out)
{
    (void)host;
    if (sdk < plugin.sdk_min || sdk > plugin.sdk_max) {
        return KW_SDK_MISMATCH;
    }
    *out = &plugin;
    return KW_OK;
}
