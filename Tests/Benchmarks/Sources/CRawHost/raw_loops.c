/* The loops that are measured. Each fills its input anew, as a host has to for every call. */
#include "raw_plugin.h"

#include <string.h>

#include <CPluginCall.h>
#include <keyway/author.h>

/* ---- one embed call --------------------------------------------------------------------------------------- */

static kw_embed_in request(raw_plugin *plugin, const kw_str *text, uint32_t dims)
{
    kw_embed_in in = {
        .h = KW_HDR(kw_embed_in),
        .texts = { text, 1, sizeof *text },
        .rows = plugin->row,
        .capacity = sizeof plugin->row,
        .row_stride = sizeof plugin->row,
        .dims = dims,
        .element = KW_ELEMENT_F32,
        .flags = KW_EMBED_NORMALIZE,
    };
    return in;
}

static kw_status embed_minimal(raw_plugin *plugin, const kw_str *text, uint32_t dims)
{
    kw_embed_in in = request(plugin, text, dims);
    kw_embed_out out;
    memset(&out, 0, sizeof out);
    raw_call_begin(&plugin->call, &out, (uint32_t)sizeof out);
    kw_status status = plugin->embedder->embed(plugin->instance, &plugin->call.call, &in);
    return status == KW_OK && out.rows_written != 1 ? KW_INTERNAL : status;
}

static kw_status embed_keyway(raw_plugin *plugin, const kw_str *text, uint32_t dims)
{
    kw_embed_in in = request(plugin, text, dims);
    kw_embed_out out;
    kw_any_op op;
    memcpy(&op, &plugin->embedder->embed, sizeof op); /* every slot has the machine signature of kw_any_op */
    kwc_frame *frame = kwc_begin(&out, (uint32_t)sizeof out);
    if (frame == NULL)
        return KW_RESOURCE_EXHAUSTED;
    kw_status status = kwc_invoke(frame, op, plugin->instance, &in);
    kwc_end(frame);
    return status == KW_OK && out.rows_written != 1 ? KW_INTERNAL : status;
}

int64_t raw_embed(raw_plugin *plugin, raw_engine engine, const char *text, uint64_t length, uint32_t dims,
                  uint64_t count)
{
    if (plugin->embedder == NULL || plugin->embedder->embed == NULL || dims > RAW_MAX_DIMS)
        return -(int64_t)KW_UNIMPLEMENTED;
    kw_str borrowed = { text, length };
    int64_t began = raw_now_ns();
    for (uint64_t i = 0; i < count; i++) {
        kw_status status = engine == RAW_ENGINE_MINIMAL ? embed_minimal(plugin, &borrowed, dims)
                                                        : embed_keyway(plugin, &borrowed, dims);
        if (status != KW_OK)
            return -(int64_t)status;
    }
    return raw_now_ns() - began;
}

/* ---- one stream call -------------------------------------------------------------------------------------- */

static kw_status add_length(void *context, const kw_event *event)
{
    uint64_t *bytes = context;
    if (event->kind == KW_EVENT_TEXT)
        *bytes += event->text.len;
    return KW_OK;
}

static kw_status add_length_flagged(void *context, const kw_event *event, uint32_t flags)
{
    (void)flags;
    return add_length(context, event);
}

static kw_status stream_minimal(raw_plugin *plugin, const kw_generate_in *in, uint64_t *bytes)
{
    kw_generate_out out;
    memset(&out, 0, sizeof out);
    raw_call_begin(&plugin->call, &out, (uint32_t)sizeof out);
    plugin->call.sink = add_length;
    plugin->call.sink_context = bytes;
    kw_status status = plugin->provider->stream(plugin->instance, &plugin->call.call, in);
    plugin->call.sink = NULL;
    return status;
}

static kw_status stream_keyway(raw_plugin *plugin, const kw_generate_in *in, uint64_t *bytes)
{
    kw_generate_out out;
    kw_any_op op;
    memcpy(&op, &plugin->provider->stream, sizeof op);
    kwc_frame *frame = kwc_begin(&out, (uint32_t)sizeof out);
    if (frame == NULL)
        return KW_RESOURCE_EXHAUSTED;
    frame->sink = add_length_flagged;
    frame->sink_context = bytes;
    kw_status status = kwc_invoke(frame, op, plugin->instance, in);
    kwc_end(frame);
    return status;
}

int64_t raw_stream(raw_plugin *plugin, raw_engine engine, uint64_t deltas)
{
    if (plugin->provider == NULL || plugin->provider->stream == NULL)
        return -(int64_t)KW_UNIMPLEMENTED;
    kw_part part = { .h = KW_HDR(kw_part), .kind = KW_PART_TEXT, .text = KW_STR("go") };
    kw_message message = { .h = KW_HDR(kw_message), .role = KW_ROLE_USER, .parts = { &part, 1, sizeof part } };
    kw_generate_in in = {
        .h = KW_HDR(kw_generate_in),
        .messages = { &message, 1, sizeof message },
        .set = KW_SET_MAX_OUTPUT_TOKENS,
        .max_output_tokens = deltas,
    };
    uint64_t bytes = 0;
    int64_t began = raw_now_ns();
    kw_status status = engine == RAW_ENGINE_MINIMAL ? stream_minimal(plugin, &in, &bytes)
                                                    : stream_keyway(plugin, &in, &bytes);
    int64_t took = raw_now_ns() - began;
    if (status != KW_OK)
        return -(int64_t)status;
    return bytes >= deltas ? took : -(int64_t)KW_DATA_LOSS;
}
