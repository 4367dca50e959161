/* Row i is: the text's length, what the request's added field said, the host's number, i. */
#include "adapters.h"

#define DIMS 4u

static kw_status info(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
{
    (void)self;
    kw_none request;
    READ_REQUEST(kw_none, request, in, call);
    kw_embedder_info out = { .h = KW_HDR(kw_embedder_info), .id = KW_STR("abi-test/1"), .dims = DIMS };
    SET_ADDED(&out, ADDED_BY_PLUGIN);
    return KW_REPLY(call, &out);
}

/* Asks the host's key-value store: the usage tells what its functions said. */
static kw_status ask_store(kw_instance *self, kw_call *call, kw_usage *usage)
{
    const kw_host_kv *store = kw_get_service(self->host, KW_HOST_KV_ID, kw_host_kv, get);
    if (store == NULL)
        return kw_fail(call, KW_FAILED_PRECONDITION, "this plugin needs keyway.host.kv/1");
    kw_key_in in = { .h = KW_HDR(kw_key_in), .key = KW_STR("key") };
    const kw_kv_value *found = NULL;
    kw_kv_value value;
    kw_status status = store->get(self->host, call, &in, &found);
    if (status != KW_OK)
        return status;
    if (!kw_read(&value, found))
        return kw_fail(call, KW_INTERNAL, "the host's reply cannot be read");
    usage->input = value.version;
    usage->output = ADDED_NUMBER(&value);
#ifdef KW_ADDED
    const kw_host_kv *newer = kw_get_service(self->host, KW_HOST_KV_ID, kw_host_kv, added);
    const kw_added_out *answer = NULL;
    kw_added_in number = { .h = KW_HDR(kw_added_in), .number = 1 };
    if (newer != NULL && (status = newer->added(self->host, call, &number, &answer)) == KW_OK)
        usage->total = answer->number;
#endif
    return status;
}

static kw_status embed(kw_instance *self, kw_call *call, const kw_embed_in *in) KW_NOEXCEPT
{
    kw_embed_in request;
    READ_REQUEST(kw_embed_in, request, in, call);
    if (!kw_span_ok(request.texts, sizeof(kw_str)))
        return kw_fail(call, KW_INVALID_ARGUMENT, "texts must be an array of kw_str");
    if (request.row_stride < DIMS * sizeof(float) || request.capacity / request.row_stride < request.texts.count)
        return kw_fail(call, KW_BUFFER_TOO_SMALL, "rows hold fewer texts than were given");
    uint64_t noted = 0;
#ifdef KW_ADDED
    if (KW_HAS(kw_call_api, call->api, added))
        noted = call->api->added(call, 7) == KW_OK;
#endif
    for (uint32_t i = 0; i < request.texts.count; i++) {
        float *row = (float *)(void *)((char *)request.rows + i * request.row_stride);
        row[0] = (float)kw_text_at(request.texts, i).len;
        row[1] = (float)ADDED_NUMBER(&request);
        row[2] = (float)self->host_number;
        row[3] = (float)i;
    }
    kw_usage *usage = MAKE_ARRAY(call, 1, kw_usage);
    kw_warning *warnings = MAKE_ARRAY(call, 2, kw_warning);
    if (usage == NULL || warnings == NULL)
        return kw_fail(call, KW_RESOURCE_EXHAUSTED, "no memory left in this call");
    usage->cache_read = noted;
    SET_ADDED(usage, ADDED_BY_PLUGIN);
    kw_status status = ask_store(self, call, usage);
    if (status != KW_OK)
        return status;
    for (uint32_t i = 0; i < 2; i++) {
        warnings[i].feature = kw_string(i == 0 ? "first" : "second");
        SET_ADDED(&warnings[i], ADDED_BY_PLUGIN + i);
    }
    kw_embed_out out = {
        .h = KW_HDR(kw_embed_out),
        .rows_written = request.texts.count,
        .usage = kw_span_of(usage, 1, (uint32_t)sizeof *usage),
        .warnings = kw_span_of(warnings, 2, (uint32_t)sizeof *warnings),
    };
    SET_ADDED(&out, ADDED_BY_PLUGIN);
    /* "Whoever does not understand all of this reply must not use it." */
    if (kw_equal(request.instruction, kw_string("must-reply")))
        out.h.flags |= KW_MUST;
    return KW_REPLY(call, &out);
}

#ifdef KW_ADDED
static kw_status added(kw_instance *self, kw_call *call, const kw_added_in *in) KW_NOEXCEPT
{
    (void)self;
    kw_added_in request;
    READ_REQUEST(kw_added_in, request, in, call);
    kw_added_out out = { .h = KW_HDR(kw_added_out), .number = request.number + 1 };
    return KW_REPLY(call, &out);
}
#define ADDED_OPERATION .added = added,
#else
#define ADDED_OPERATION
#endif

const kw_embedder embedder = { .h = KW_HDR(kw_embedder), .info = info, .embed = embed, ADDED_OPERATION };
const kw_embedder must_embedder = {
    .h = { sizeof(kw_embedder), KW_MUST }, .info = info, .embed = embed, ADDED_OPERATION
};
