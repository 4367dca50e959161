/* What the test programs that go through the plugin's table share: an instance, requests, refusals. */
#ifndef HASH_EMBEDDER_TESTS_FIXTURE_H
#define HASH_EMBEDDER_TESTS_FIXTURE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out);

#define DIMS 256u

static test_host host;
static const kw_plugin *plugin;
static const kw_embedder *embedder;

/* Fetches the table. */
static inline void start(void)
{
    test_host_init(&host);
    CHECK(kw_plugin_entry_1(&host.host, KW_SDK, &plugin) == KW_OK);
    embedder = ((const kw_iface *)kw_at(plugin->ifaces, 0))->vtable;
}

static inline kw_instance *create(const char *config, kw_status *status, char *message, size_t size)
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

static inline void destroy(kw_instance *instance)
{
    test_call call;
    test_call_begin(&call);
    kw_none in = { .h = KW_HDR(kw_none) };
    CHECK(plugin->destroy(instance, &call.call, &in) == KW_OK);
    test_call_end(&call);
}

static inline kw_embed_in request(const kw_str *texts, uint32_t count, float *rows, uint64_t capacity)
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
static inline kw_status refusal(kw_instance *instance, const kw_embed_in *in, const char *says)
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

/* Row i of a reply's numbers. */
static inline uint32_t number_at(kw_span numbers, uint32_t i)
{
    uint32_t number = UINT32_MAX;
    if (i < numbers.count) {
        memcpy(&number, kw_at(numbers, i), sizeof number);
    }
    return number;
}

#endif
