/* bench-plugin: operations that do nothing but answer, so that what is measured is the way there and back.
 *
 *   embed   replies at once and leaves the rows as they are; rows of 64 elements it fills: byte b of a text adds to
 *           element b % 64, which bench-swift does, too
 *   stream  emits max_output_tokens deltas of five bytes; for the model "alternating" they belong to two blocks in
 *           turn, so that no host can merge one with the one before it; for "endless" they never end
 */
#include <keyway/plugin.h>
#include <keyway/author.h>

#define PLUGIN_ID "bench-plugin"
#define PLUGIN_VERSION "0.1.0"
#define PLUGIN_CAPS (KW_CAP_UNLOADABLE | KW_CAP_CONCURRENT | KW_CAP_FORK_SAFE)

KW_NOTE_ABI(1, 1, PLUGIN_CAPS, KW_LANG_C);
KW_NOTE_MANIFEST(
    "{\"id\":\"" PLUGIN_ID "\",\"name\":\"" PLUGIN_ID "\",\"version\":\"" PLUGIN_VERSION "\",\"type\":\"embedder\","
    "\"description\":\"Does nothing, for measurements\",\"license\":\"Apache-2.0\",\"sdk\":{\"minVersion\":1,\"maxVersion\":1},"
    "\"interfaces\":[\"" KW_EMBEDDER_ID "\",\"" KW_PROVIDER_ID "\"]}");
KW_NOTE_IFACE(embedder, KW_EMBEDDER_ID);
KW_NOTE_IFACE(provider, KW_PROVIDER_ID);
KW_NOTE_BUILD("lang=c;compiler=" __VERSION__);

struct kw_instance {
    uint64_t reserved;
};

static kw_instance the_instance; /* holds nothing, so every create may give the same one */

static kw_status info(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
{
    (void)self;
    (void)in;
    kw_embedder_info out = {
        .h = KW_HDR(kw_embedder_info),
        .id = KW_STR("bench-plugin/1"),
        .model = KW_STR(PLUGIN_ID),
        .dims = 1024,
        .elements = 1u << KW_ELEMENT_F32,
        .dims_min = 1,
        .dims_max = 4096,
    };
    return KW_REPLY(call, &out);
}

enum { COUNTED = 64 };

static int count_bytes(const kw_embed_in *from)
{
    kw_embed_in in;
    if (!kw_read(&in, from) || !kw_span_ok(in.texts, sizeof(kw_str)) || in.element != KW_ELEMENT_F32)
        return 0;
    if (in.texts.count > 0 && (in.rows == NULL || in.row_stride < COUNTED * sizeof(float) || in.row_stride % sizeof(float)
                               || in.capacity / in.row_stride < in.texts.count))
        return 0;
    for (uint32_t i = 0; i < in.texts.count; i++) {
        kw_str text = kw_text_at(in.texts, i);
        float *row = (float *)(void *)((char *)in.rows + i * in.row_stride);
        if (!kw_text_ok(text))
            return 0;
        memset(row, 0, COUNTED * sizeof *row);
        for (uint64_t byte = 0; byte < text.len; byte++)
            row[(unsigned char)text.ptr[byte] % COUNTED] += 1;
    }
    return 1;
}

static kw_status embed(kw_instance *self, kw_call *call, const kw_embed_in *in) KW_NOEXCEPT
{
    (void)self;
    if (in->dims == COUNTED && !count_bytes(in))
        return kw_fail(call, KW_INVALID_ARGUMENT, "the texts or the rows have no memory");
    kw_embed_out out = { .h = KW_HDR(kw_embed_out), .rows_written = in->texts.count };
    return KW_REPLY(call, &out);
}

static kw_status stream(kw_instance *self, kw_call *call, const kw_generate_in *in) KW_NOEXCEPT
{
    (void)self;
    kw_str alternating = KW_STR("alternating");
    uint32_t step = kw_equal(in->model, alternating) ? 1 : 0;
    kw_str endless = KW_STR("endless");
    uint64_t deltas = in->set & KW_SET_MAX_OUTPUT_TOKENS ? in->max_output_tokens : 0;
    if (kw_equal(in->model, endless))
        deltas = UINT64_MAX;
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_TEXT, .text = KW_STR(" word") };
    for (uint64_t i = 0; i < deltas; i++) {
        kw_status status = call->api->emit(call, &event, 0);
        if (status != KW_OK)
            return status;
        event.index ^= step;
    }
    kw_choice choice = { .h = KW_HDR(kw_choice), .stop = KW_STOP_END };
    kw_choice *choices = call->api->alloc(call, sizeof choice, _Alignof(kw_choice));
    if (choices == NULL)
        return kw_fail(call, KW_RESOURCE_EXHAUSTED, "no memory left in this call: raise its quota");
    *choices = choice;
    kw_generate_out out = { .h = KW_HDR(kw_generate_out), .choices = kw_span_of(choices, 1, sizeof choice) };
    return KW_REPLY(call, &out);
}

static kw_status create(kw_instance *self, kw_call *call, const kw_create_in *in) KW_NOEXCEPT
{
    (void)self;
    (void)in;
    kw_create_out out = { .h = KW_HDR(kw_create_out), .instance = &the_instance };
    return KW_REPLY(call, &out);
}

static kw_status destroy(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
{
    (void)self;
    (void)in;
    kw_none out = { .h = KW_HDR(kw_none) };
    return KW_REPLY(call, &out);
}

static const kw_embedder embedder = { .h = KW_HDR(kw_embedder), .info = info, .embed = embed };
static const kw_provider provider = { .h = KW_HDR(kw_provider), .stream = stream };
static const kw_iface interfaces[] = {
    { .h = KW_HDR(kw_iface), .id = KW_STR(KW_EMBEDDER_ID), .vtable = &embedder },
    { .h = KW_HDR(kw_iface), .id = KW_STR(KW_PROVIDER_ID), .vtable = &provider },
};
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
    .destroy = destroy,
};

KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out);

KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out)
{
    (void)host;
    if (sdk != KW_SDK)
        return KW_SDK_MISMATCH;
    *out = &plugin;
    return KW_OK;
}
