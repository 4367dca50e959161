/* What a repository holds, as a scan tells it: how many items, and a hash of all that is in them. */
#ifndef FLAT_VECTORS_TESTS_CONTENTS_H
#define FLAT_VECTORS_TESTS_CONTENTS_H

#include "fixture.h"

/* Items in the order of the events: a hash of all that is in them but their versions, and how many. */
typedef struct contents {
    uint64_t hash, count, events;
    char first[64], last[64];
} contents;

static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, uint64_t size)
{
    const unsigned char *at = bytes;
    for (uint64_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return (hash ^ size) * UINT64_C(0x100000001b3);
}

static inline void take_items(test_call *call, const kw_event *event)
{
    contents *all = call->user;
    CHECK(event->kind == KW_EVENT_ITEMS && event->payload.count > 0);
    all->events++;
    for (uint32_t i = 0; i < event->payload.count; i++) {
        const kw_item *it = kw_at(event->payload, i);
        char id[64];
        snprintf(id, sizeof id, "%.*s", (int)it->id.len, it->id.ptr);
        CHECK(all->count == 0 || strcmp(all->last, id) < 0); /* by rising id */
        memcpy(all->last, id, sizeof id);
        if (all->count++ == 0)
            memcpy(all->first, id, sizeof id);
        all->hash = hash_bytes(all->hash, it->id.ptr, it->id.len);
        all->hash = hash_bytes(all->hash, it->text.ptr, it->text.len);
        all->hash = hash_bytes(all->hash, it->metadata_json.ptr, it->metadata_json.len);
        if (it->vector != NULL)
            all->hash = hash_bytes(all->hash, it->vector, (uint64_t)it->dims * sizeof(float));
    }
}

static inline kw_status scan(kw_instance *i, const char *repo, kw_scan_in in, contents *all, char *next, size_t size)
{
    test_call call;
    in.h = (kw_hdr)KW_HDR(kw_scan_in);
    in.repo = kw_string(repo);
    memset(all, 0, sizeof *all);
    test_call_begin(&call);
    call.user = all;
    call.on_event = take_items;
    kw_status status = backend->scan(i, &call.call, &in);
    const kw_scan_out *out = call.reply;
    if (status == KW_OK) {
        CHECK(out->count == all->count);
        if (next != NULL)
            snprintf(next, size, "%.*s", (int)out->next.len, out->next.len ? out->next.ptr : "");
    }
    return done(&call, status);
}

/* Everything of a repository; count is UINT64_MAX if it cannot be had. */
static inline contents contents_of(kw_instance *i, const char *repo)
{
    contents all;
    if (scan(i, repo, (kw_scan_in) { .include = INCLUDE_ALL }, &all, NULL, 0) != KW_OK)
        all = (contents) { .count = UINT64_MAX };
    return all;
}

#endif
