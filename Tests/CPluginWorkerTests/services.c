/* What the test's host does for plugins. */
#define _GNU_SOURCE
#include "check.h"

#include <keyway/author.h>
#include <time.h>

_Atomic(kww_remote *) called_by_service;

static int is(kw_str text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

static kw_status reply(kw_call *call, kw_bytes bytes, const kw_kv_value **out)
{
    kw_kv_value *value = call->api->alloc(call, sizeof *value, 8);
    if (value == NULL)
        return KW_RESOURCE_EXHAUSTED;
    *value = (kw_kv_value){ .h = KW_HDR(kw_kv_value), .value = bytes, .version = 7 };
    if (out != NULL)
        *out = value;
    return KW_OK;
}

/* Until the call is to end, or its deadline is over. */
static kw_status wait_for_end(kw_call *call)
{
    struct timespec pause = { 0, 1000000 };
    while (!kw_cancelled(call) && (call->deadline_ns == 0 || now_ns() < call->deadline_ns))
        nanosleep(&pause, NULL);
    return kw_fail(call, kw_cancelled(call) ? KW_CANCELLED : KW_DEADLINE_EXCEEDED, "nothing came");
}

static kw_status reply_large(kw_call *call, uint64_t size, const kw_kv_value **out)
{
    void *bytes = call->api->alloc(call, size, 8);
    if (bytes == NULL)
        return KW_RESOURCE_EXHAUSTED;
    memset(bytes, 'x', size);
    return reply(call, (kw_bytes){ bytes, size }, out);
}

/* The plugin asks the service, which asks the plugin ... Says what became of it in the end. */
static kw_status call_plugin(kw_call *call, kw_str key, const kw_kv_value **out)
{
    event_log events = { 0 };
    question question = { .text = "ask call", .events = &events };
    outcome outcome;
    ask(atomic_load(&called_by_service), &question, &outcome);
    if (outcome.status != KW_OK)
        return kw_fail(call, outcome.status == KWW_FAULT ? KW_UNAVAILABLE : outcome.status, outcome.error);
    return reply(call, (kw_bytes){ key.ptr, key.len }, out);
}

static kw_status get(const kw_host *host, kw_call *call, const kw_key_in *in, const kw_kv_value **out)
{
    struct timespec pause = { 0, 2000000 };
    if (host != host_with_services())
        return kw_fail(call, KW_INTERNAL, "the service was called for another plugin");
    if (is(in->key, "missing"))
        return kw_fail(call, KW_NOT_FOUND, "there is no such key");
    if (is(in->key, "wait"))
        return wait_for_end(call);
    if (is(in->key, "huge"))
        return reply_large(call, 17u << 20, out);
    if (is(in->key, "large"))
        return reply_large(call, 400000, out);
    if (is(in->key, "nothing"))
        return KW_OK;
    if (is(in->key, "call"))
        return call_plugin(call, in->key, out);
    if (is(in->key, "slow"))
        nanosleep(&pause, NULL);
    return reply(call, (kw_bytes){ in->key.ptr, in->key.len }, out);
}

static kw_status reveal(const kw_host *host, kw_call *call, const kw_key_in *in, const kw_contents **out)
{
    static const char secret[] = "hunter2-hunter2-hunter2";
    (void)host, (void)in;
    kw_contents *contents = call->api->alloc(call, sizeof *contents, 8);
    if (contents == NULL)
        return KW_RESOURCE_EXHAUSTED;
    *contents = (kw_contents){ .h = KW_HDR(kw_contents), .bytes = { secret, sizeof secret - 1 } };
    *out = contents;
    return KW_OK;
}

static const void *find(const kw_host *host, kw_str id)
{
    static const kw_host_kv kv = { .h = KW_HDR(kw_host_kv), .get = get };
    static const kw_host_secrets secrets = { .h = KW_HDR(kw_host_secrets), .get = reveal };
    (void)host;
    return is(id, KW_HOST_KV_ID) ? (const void *)&kv : is(id, KW_HOST_SECRETS_ID) ? (const void *)&secrets : NULL;
}

const kw_host *host_with_services(void)
{
    static const kw_host host = { .h = KW_HDR(kw_host), .get = find };
    return &host;
}
