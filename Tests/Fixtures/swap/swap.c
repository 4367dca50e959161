/* A plugin of which several builds are made: VERSION and BUILD say which one it is. It counts its calls, and answers with its
 * build and the count. The macros make it refuse to be what its predecessor was. */
#include <keyway/author.h>
#include <keyway/plugin.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef ID
#define ID "counter"
#endif
#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef BUILD
#define BUILD 1
#endif
#ifndef MANIFEST
#define MANIFEST "\"type\":\"embedder\""
#endif
#ifndef CAPS
#define CAPS KW_CAP_CONCURRENT
#endif
#ifndef HEALTH
#define HEALTH KW_HEALTH_HEALTHY
#endif

struct kw_instance {
    atomic_uint calls;
    int32_t told; /* a descriptor for "created", "destroyed" and so on; -1 for none */
    char mood[32];
};

static void tell(const kw_instance *self, char what)
{
    if (self->told >= 0 && write(self->told, &what, 1) != 1)
        abort();
}

static int has(kw_str text, const char *word)
{
    return text.len > 0 && memmem(text.ptr, text.len, word, strlen(word)) != NULL;
}

static int number(kw_str text, const char *key)
{
    const char *at = text.len > 0 ? memmem(text.ptr, text.len, key, strlen(key)) : NULL;
    return at == NULL ? -1 : atoi(at + strlen(key));
}

#ifdef CONSTRUCTOR_CRASH
__attribute__((constructor)) static void crash(void) { abort(); }
#endif

static kw_status create(kw_instance *self, kw_call *call, const kw_create_in *in)
{
    (void)self;
#ifdef FAIL_CREATE
    return kw_fail(call, KW_INVALID_ARGUMENT, "this build takes no configuration at all");
#endif
    if (has(in->config_json, "\"unwanted\""))
        return kw_fail(call, KW_INVALID_ARGUMENT, "that is unwanted");
    kw_instance *made = calloc(1, sizeof *made);
    if (made == NULL)
        return KW_RESOURCE_EXHAUSTED;
    made->told = number(in->config_json, "\"told\":");
    if (in->state.len == sizeof(uint32_t)) {
        uint32_t calls;
        memcpy(&calls, in->state.ptr, sizeof calls);
        atomic_store(&made->calls, calls);
    }
    tell(made, 'c');
    return kw_reply_instance(call, made);
}

static kw_status start(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)in;
#ifdef HANG_START
    /* Until the host's patience ends: it cancels. */
    char byte;
    tell(self, 'h');
    if (read(call->api->cancel_fd(call), &byte, 1) < 0)
        pause();
    return KW_CANCELLED;
#endif
#ifdef FAIL_RESUME
    static atomic_int starts;
    if (atomic_fetch_add(&starts, 1) > 0)
        return kw_fail(call, KW_UNAVAILABLE, "it starts only once");
#endif
#ifdef FAIL_START
    return kw_fail(call, KW_UNAVAILABLE, "this build does not start");
#endif
    tell(self, 's');
    return kw_reply_none(call);
}

#ifdef CONFIGURABLE
static kw_status configure(kw_instance *self, kw_call *call, const kw_config_in *in)
{
    static const kw_config_issue issue = { KW_HDR(kw_config_issue), KW_STR("/mood"), KW_STR("there is no such mood"), KW_STR("mood"),
                              KW_ISSUE_ERROR, 0 };
    kw_config_out out = { .h = KW_HDR(kw_config_out) };
    if (has(in->config_json, "\"sour\"")) {
        out.issues = (kw_span){ &issue, 1, sizeof issue };
        return KW_REPLY(call, &out);
    }
    if ((in->flags & KW_CONFIGURE_DRY_RUN) == 0)
        tell(self, 'm');
    return KW_REPLY(call, &out);
}
#endif

static kw_status health(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    kw_health_out out = { .h = KW_HDR(kw_health_out), .state = HEALTH, .message = KW_STR("as built") };
    return KW_REPLY(call, &out);
}

static void release(kw_lease *lease)
{
    free(lease->owner);
    lease->owner = NULL;
    lease->release = NULL;
}

#ifdef STARTS_THREADS
#include <pthread.h>
static void *nothing(void *argument) { return argument; }
#endif

static kw_status quiesce(kw_instance *self, kw_call *call, const kw_quiesce_in *in)
{
#ifdef STARTS_THREADS
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, NULL) == 0)
        pthread_join(thread, NULL);
#endif
    tell(self, in->reason == KW_QUIESCE_SUSPEND ? 'z' : in->reason == KW_QUIESCE_SWAP ? 'w' : 'q');
    kw_quiesce_out out = { .h = KW_HDR(kw_quiesce_out) };
#ifdef THREADS_LEFT
    out.threads_left = THREADS_LEFT;
#endif
#ifdef FAIL_QUIESCE
    return kw_fail(call, KW_UNAVAILABLE, "it cannot stop");
#endif
    if ((in->flags & KW_QUIESCE_WANTS_STATE) != 0) {
        uint32_t *calls = malloc(sizeof *calls);
        if (calls == NULL)
            return KW_RESOURCE_EXHAUSTED;
        *calls = atomic_load(&self->calls);
        out.state = (kw_lease){ calls, sizeof *calls, release, calls };
    }
    return KW_REPLY(call, &out);
}

static kw_status destroy(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)in;
    tell(self, 'd');
    free(self);
    return kw_reply_none(call);
}

static kw_status info(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    kw_embedder_info out = { .h = KW_HDR(kw_embedder_info), .id = KW_STR(ID), .model = KW_STR(VERSION), .dims = 2 };
    return KW_REPLY(call, &out);
}

/* Row i is (BUILD, calls). A text "hold:OUT:IN" writes to OUT and then waits for a byte of IN, or its end. */
static kw_status embed(kw_instance *self, kw_call *call, const kw_embed_in *in)
{
    uint32_t calls = atomic_fetch_add(&self->calls, 1) + 1;
    for (uint64_t i = 0; i < in->texts.count; i++) {
        const kw_str text = *(const kw_str *)(const void *)((const char *)in->texts.ptr + i * in->texts.stride);
        int out_fd, in_fd;
        char copy[64] = "", byte = 1;
        memcpy(copy, text.ptr, text.len < sizeof copy ? text.len : sizeof copy - 1);
        if (sscanf(copy, "hold:%d:%d", &out_fd, &in_fd) == 2) {
            if (write(out_fd, &byte, 1) != 1 || read(in_fd, &byte, 1) < 0)
                abort();
        }
        float *row = (float *)(void *)((char *)in->rows + i * in->row_stride);
        row[0] = BUILD;
        row[1] = (float)calls;
    }
    kw_embed_out out = { .h = KW_HDR(kw_embed_out), .rows_written = in->texts.count };
    return KW_REPLY(call, &out);
}

#ifndef NARROW
static kw_status count_tokens(kw_instance *self, kw_call *call, const kw_count_tokens_in *in)
{
    (void)self;
    static const uint32_t one = 1;
    kw_count_tokens_out out = { .h = KW_HDR(kw_count_tokens_out), .tokens = { &one, 1, sizeof one } };
    return in->texts.count == 1 ? KW_REPLY(call, &out) : KW_UNIMPLEMENTED;
}
#endif

static const kw_embedder embedder = {
    .h = KW_HDR(kw_embedder),
    .info = info,
    .embed = embed,
#ifndef NARROW
    .count_tokens = count_tokens,
#endif
};

#ifdef CONFIGURABLE
#define CONFIGURE(SET) SET(configure, configure)
#else
#define CONFIGURE(SET)
#endif

#define PARTS(OFFER, SET)            \
    OFFER(KW_EMBEDDER_ID, embedder)  \
    SET(create, create)              \
    SET(start, start)                \
    SET(health, health)              \
    SET(quiesce, quiesce)            \
    CONFIGURE(SET)                   \
    SET(destroy, destroy)

KW_PLUGIN(ID, VERSION, 1, 1, CAPS, MANIFEST, PARTS);
