/* What all interfaces of the hostile plugin share: notes, table, spoiling, threads. */
#include "hostile.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

atomic_int hostile_released;

static int does_part(const kw_call *call, const char *what, const char *how)
{
    char word[64];
    (void)snprintf(word, sizeof word, "%s-%s", what, how);
    return mirror_does(call, word);
}

void hostile_span(const kw_call *call, const char *what, kw_span *span, kw_hdr *element)
{
    if (does_part(call, what, "null"))
        span->ptr = NULL;
    if (does_part(call, what, "stride-0"))
        span->stride = 0;
    if (does_part(call, what, "stride-6"))
        span->stride = 6;
    if (does_part(call, what, "count"))
        span->count = UINT32_MAX;
    if (element != NULL && does_part(call, what, "size-0"))
        element->size = 0;
    if (element != NULL && does_part(call, what, "size-7"))
        element->size = 7;
    if (element != NULL && does_part(call, what, "size-huge"))
        element->size = UINT32_MAX;
    /* The element says that it is longer than this host knows, and has the room for it. */
    if (element != NULL && (does_part(call, what, "must") || does_part(call, what, "longer"))) {
        element->size += 8;
        span->stride += 8;
        if (does_part(call, what, "must"))
            element->flags |= KW_MUST;
    }
}

void hostile_text(const kw_call *call, const char *what, kw_str *text)
{
    if (does_part(call, what, "text"))
        *text = NOT_TEXT;
    if (does_part(call, what, "no-text"))
        *text = NO_TEXT;
}

/* ---- threads ---- */

/* One job at a time for the thread that the constructor made. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static kw_call *waiting_call;
static const void *waiting_out;

static void *serve(void *unused)
{
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&lock);
        while (waiting_call == NULL)
            pthread_cond_wait(&changed, &lock);
        kw_call *call = waiting_call;
        const void *out = waiting_out;
        waiting_call = NULL;
        pthread_mutex_unlock(&lock);
        (void)KW_REPLY(call, out);
        call->api->complete(call, KW_OK);
    }
    return NULL;
}

__attribute__((constructor)) static void make_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, NULL) != 0)
        abort();
    pthread_detach(thread);
}

/* A call that nobody has completed yet, until somebody asks for it. */
static kw_call *left_open;
static const void *left_out;

static void finish_left_open(void)
{
    pthread_mutex_lock(&lock);
    kw_call *call = left_open;
    left_open = NULL;
    pthread_mutex_unlock(&lock);
    if (call != NULL) {
        (void)KW_REPLY(call, left_out);
        call->api->complete(call, KW_OK);
    }
}

static int number_of(const kw_call *call, const char *key)
{
    for (uint32_t i = 0; i < call->attributes.count; i++) {
        const kw_pair *pair = kw_at(call->attributes, i);
        if (kw_equal(pair->key, kw_string(key)))
            return atoi(pair->value.ptr);
    }
    return -1;
}

kw_status hostile_pending(kw_call *call, const void *out)
{
    if (DOES("pending-thread")) {
        pthread_mutex_lock(&lock);
        waiting_call = call;
        waiting_out = out;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
        return KW_PENDING;
    }
    if (DOES("pending-twice")) {
        (void)KW_REPLY(call, out);
        call->api->complete(call, KW_OK);
        call->api->complete(call, KW_OK);
        return KW_PENDING;
    }
    if (DOES("pending-mute")) {
        call->api->complete(call, KW_OK);
        return KW_PENDING;
    }
    if (DOES("pending-pending")) {
        (void)KW_REPLY(call, out);
        call->api->complete(call, KW_PENDING);
        return KW_PENDING;
    }
    if (DOES("pending-never")) {
        pthread_mutex_lock(&lock);
        left_open = call;
        left_out = out;
        pthread_mutex_unlock(&lock);
        char byte = 1;
        if (write(number_of(call, "tell"), &byte, 1) != 1)
            abort();
        return KW_PENDING;
    }
    return KW_OK;
}

/* ---- life ---- */

static kw_status health(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    if (DOES("finish"))
        finish_left_open();
    json *j = mirror_buffer();
    json_raw(j, "{");
    json_key(j, "released");
    json_int(j, hostile_released);
    json_raw(j, "}");
    kw_health_out out = { .h = KW_HDR(kw_health_out), .state = KW_HEALTH_HEALTHY, .message = KW_STR("m") };
    out.details_json = kw_copy(call, json_text(j));
    if (DOES("state"))
        out.state = 9;
    if (DOES("no-state"))
        out.state = 0;
    hostile_text(call, "message", &out.message);
    hostile_text(call, "details", &out.details_json);
    if (DOES("details-json"))
        out.details_json = (kw_str)KW_STR("{");
    return KW_REPLY(call, &out);
}

#define HOSTILE(OFFER, SET)                      \
    OFFER(KW_PROVIDER_ID, hostile_provider)      \
    OFFER(KW_EMBEDDER_ID, hostile_embedder)      \
    OFFER(KW_VECTOR_BACKEND_ID, hostile_vectors) \
    OFFER(KW_TOOL_EXECUTOR_ID, hostile_executor) \
    OFFER(KW_HOOKS_ID, hostile_hooks)            \
    OFFER(KW_FUNCTIONS_ID, hostile_functions)    \
    OFFER(KW_OPERATIONS_ID, hostile_operations)  \
    OFFER(KW_ENDPOINTS_ID, hostile_endpoints)    \
    SET(create, kw_create_stateless)             \
    SET(health, health)                          \
    SET(destroy, kw_destroy_stateless)

KW_PLUGIN("hostile", "0.1.0", 1, 1, KW_CAP_CONCURRENT | KW_CAP_ASYNC, KW_JSON("description": "Breaks contracts"),
          HOSTILE);
