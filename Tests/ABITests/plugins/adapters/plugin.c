/* The plugin's table, its life and its entry. */
#include "adapters.h"

#include <stdlib.h>

#define ID "abi-test-adapters"
#define MUST_EMBEDDER_ID "test.must-embedder/1"

KW_NOTE_ABI(1, KW_SDK, KW_CAP_CONCURRENT, KW_LANG_C);
KW_NOTE_MANIFEST("{\"id\":\"" ID "\",\"version\":\"1.0.0\"}");
KW_NOTE_IFACE(embedder, KW_EMBEDDER_ID);
KW_NOTE_IFACE(must_embedder, MUST_EMBEDDER_ID);
KW_NOTE_IFACE(provider, KW_PROVIDER_ID);
KW_NOTE_IFACE(vector_backend, KW_VECTOR_BACKEND_ID);
KW_NOTE_IFACE(tool_executor, KW_TOOL_EXECUTOR_ID);

void *make_array(kw_call *call, uint32_t count, uint32_t size)
{
    unsigned char *array = call->api->alloc(call, (uint64_t)count * size, sizeof(void *));
    if (array != NULL) {
        for (uint32_t i = 0; i < count; i++) {
            kw_hdr header = { size, 0 };
            memcpy(array + (uint64_t)i * size, &header, sizeof header);
        }
    }
    return array;
}

static kw_status create(kw_instance *self, kw_call *call, const kw_create_in *in) KW_NOEXCEPT
{
    (void)self;
    kw_create_in request;
    READ_REQUEST(kw_create_in, request, in, call);
    kw_instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL)
        return kw_fail(call, KW_RESOURCE_EXHAUSTED, "no memory for an instance");
    instance->host = request.host;
#ifdef KW_ADDED
    if (KW_HAS(kw_host, request.host, added))
        instance->host_number = request.host->added(request.host);
#endif
    kw_create_out out = { .h = KW_HDR(kw_create_out), .instance = instance };
    SET_ADDED(&out, ADDED_BY_PLUGIN);
    return KW_REPLY(call, &out);
}

static kw_status destroy(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
{
    kw_none request;
    READ_REQUEST(kw_none, request, in, call);
    free(self);
    kw_none out = { .h = KW_HDR(kw_none) };
    SET_ADDED(&out, ADDED_BY_PLUGIN);
    return KW_REPLY(call, &out);
}

static const kw_iface interfaces[] = {
    { .h = KW_HDR(kw_iface), .id = KW_STR(KW_EMBEDDER_ID), .vtable = &embedder },
    { .h = KW_HDR(kw_iface), .id = KW_STR(MUST_EMBEDDER_ID), .vtable = &must_embedder },
    { .h = KW_HDR(kw_iface), .id = KW_STR(KW_PROVIDER_ID), .vtable = &provider },
    { .h = KW_HDR(kw_iface), .id = KW_STR(KW_VECTOR_BACKEND_ID), .vtable = &vector_backend },
    { .h = KW_HDR(kw_iface), .id = KW_STR(KW_TOOL_EXECUTOR_ID), .vtable = &tool_executor },
};

static const kw_plugin plugin = {
    .h = KW_HDR(kw_plugin),
    .magic = KW_MAGIC,
    .caps = KW_CAP_CONCURRENT,
    .sdk_built = KW_SDK,
    .sdk_min = 1,
    .sdk_max = KW_SDK,
    .id = KW_STR(ID),
    .version = KW_STR("1.0.0"),
    .ifaces = KW_SPAN(interfaces),
    .create = create,
    .destroy = destroy,
};

KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out);

KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out)
{
    (void)host;
    if (sdk < 1 || sdk > KW_SDK)
        return KW_SDK_MISMATCH;
    *out = &plugin;
    return KW_OK;
}
