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
    "\"license\":\"Apache-2.0\",\"sdk\":{\"min\":1,\"max\":1},\"interfaces\":[\"" KW_EMBEDDER_ID "\"],"
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
        .features = KW_EMBED_DETERMINISTIC | KW_EMBED_NORMALIZED,
        .dims_min = DIMS_MINIMUM,
        .dims_max = DIMS_MAXIMUM,
    };
    return KW_REPLY(call, &out);
}

/* KW_OK, or the refusal that was reported. */
static kw_status check_request(kw_call *call, const kw_embed_in *in)
{
    if (!KW_ACCEPT(kw_embed_in, in)) {
        return kw_fail(call, KW_UNIMPLEMENTED, "the embed request must be understood whole and is newer than SDK 1");
    }
    if (!KW_HAS(kw_embed_in, in, instruction)) {
        return kw_fail(call, KW_INVALID_ARGUMENT, "the embed request is shorter than that of SDK 1");
    }
    if (in->element != KW_ELEMENT_F32) {
        return kw_fail(call, KW_UNIMPLEMENTED, "hash-embedder writes 32-bit floats only; ask for KW_ELEMENT_F32");
    }
    if ((in->flags & ~KW_EMBED_NORMALIZE) != 0) {
        return kw_fail(call, KW_UNIMPLEMENTED, "the embed request has a flag that hash-embedder does not know");
    }
    if (in->truncate > KW_TRUNCATE_ERROR) {
        return kw_fail(call, KW_INVALID_ARGUMENT, "truncate must be KW_TRUNCATE_END, _START or _ERROR");
    }
    if (in->dims < DIMS_MINIMUM || in->dims > DIMS_MAXIMUM) {
        return kw_fail(call, KW_DIMENSION_MISMATCH, "dims must be from 64 to 4096");
    }
    if (in->texts.count == 0) {
        return KW_OK;
    }
    if (in->texts.ptr == NULL || in->texts.stride < sizeof(kw_str) || in->texts.stride % _Alignof(kw_str) != 0) {
        return kw_fail(call, KW_INVALID_ARGUMENT, "texts must be an array of kw_str");
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

static kw_status embed(kw_instance *self, kw_call *call, const kw_embed_in *in) KW_NOEXCEPT
{
    (void)self;
    kw_status status = check_request(call, in);
    if (status != KW_OK) {
        return status;
    }
    kw_embed_out out = { .h = KW_HDR(kw_embed_out), .rows_written = in->texts.count };
    if (in->texts.count == 0) {
        return KW_REPLY(call, &out);
    }
    /* Zeroed by the host, which is an empty bag. One a call: nothing is allocated for a text. */
    term_bag *bag = call->api->alloc(call, sizeof *bag, _Alignof(term_bag));
    uint32_t *tokens = call->api->alloc(call, (uint64_t)in->texts.count * 2 * sizeof *tokens, _Alignof(uint32_t));
    if (bag == NULL || tokens == NULL) {
        return kw_fail(call, KW_RESOURCE_EXHAUSTED, "no memory left in this call for so many texts: send fewer at once");
    }
    const thesaurus *related = in->task == KW_TASK_QUERY ? thesaurus_standard() : NULL;
    if (in->task == KW_TASK_QUERY && related == NULL) {
        return kw_fail(call, KW_INTERNAL, "the built-in thesaurus does not fit its table: raise THESAURUS_RELATIONS");
    }
    uint32_t *truncated = tokens + in->texts.count, truncated_count = 0;
    for (uint32_t i = 0; i < in->texts.count; i++) {
        if (kw_cancelled(call)) {
            return KW_CANCELLED;
        }
        const kw_str *text = kw_at(in->texts, i);
        if ((text->ptr == NULL && text->len > 0) || text->len > PTRDIFF_MAX) {
            return kw_fail(call, KW_INVALID_ARGUMENT, "a text has a length but no bytes");
        }
        term_bag_read(bag, text->ptr, (size_t)text->len, in->truncate == KW_TRUNCATE_START ? CUT_START : CUT_END);
        if (bag->truncated && in->truncate == KW_TRUNCATE_ERROR) {
            return kw_fail(call, KW_CONTEXT_OVERFLOW, "a text has more than 2048 words: split it, or allow truncation");
        }
        if (related != NULL) {
            term_bag_expand(bag, related);
        }
        feature_row_write(bag, (float *)(void *)((char *)in->rows + (uint64_t)i * in->row_stride), in->dims);
        tokens[i] = bag->words;
        out.total_tokens += bag->words;
        if (bag->truncated) {
            truncated[truncated_count++] = i;
        }
    }
    out.tokens = kw_span_of(tokens, in->texts.count, (uint32_t)sizeof *tokens);
    out.truncated = kw_span_of(truncated, truncated_count, (uint32_t)sizeof *truncated);
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
    kw_health_out out = { .h = KW_HDR(kw_health_out), .healthy = 1 };
    return KW_REPLY(call, &out);
}

static kw_status quiesce(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
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

static const kw_embedder embedder = { .h = KW_HDR(kw_embedder), .info = info, .embed = embed };
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
    if (sdk != KW_SDK) {
        return KW_SDK_MISMATCH;
    }
    *out = &plugin;
    return KW_OK;
}
