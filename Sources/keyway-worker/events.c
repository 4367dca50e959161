/* Events of a call: into the lane's ring. */
#define _GNU_SOURCE
#include "worker.h"

#include <string.h>

/* An event may take half of the ring: so it always fits when the ring is empty. */
#define LARGEST (RING_SIZE / 2 - sizeof(ring_record))

static uint64_t free_bytes(const lane *lane)
{
    /* In one order with waits_for_room: either the host sees that, or its reading is seen here. */
    return RING_SIZE - (lane->written - atomic_load(&lane->host->events_read));
}

static void put_record(lane *lane, uint64_t length, uint64_t size)
{
    ring_record record = { .length = length };
    memcpy(lane->ring + lane->written % RING_SIZE, &record, sizeof record);
    lane->written += size;
    kww_step(STEP_EVENT_ENCODED);
    atomic_store(&lane->worker->events_written, lane->written);
    kww_step(STEP_EVENT_WRITTEN);
    tell_host(lane);
    kww_step(STEP_EVENT_TOLD);
}

/* Waits until the host has read something; KW_OK, or why there is no waiting. */
static kw_status wait_for_room(lane *lane, uint64_t wanted, uint32_t flags)
{
    host_header *host = (host_header *)(uintptr_t)this_process.host;
    kw_status status = KW_OK;
    atomic_store(&lane->worker->waits_for_room, 1);
    for (;;) {
        uint32_t control = atomic_load(&host->control);
        if (free_bytes(lane) >= wanted)
            break;
        if (atomic_load(&lane->host->cancelled) != 0) {
            status = KW_CANCELLED;
            break;
        }
        if ((flags & KW_EMIT_NOBLOCK) != 0) {
            atomic_store(&lane->wants_wake, 1);
            /* Room that came before the wish was seen would wake nobody. */
            if (free_bytes(lane) >= wanted)
                break;
            return KW_WOULD_BLOCK;
        }
        kww_step(STEP_ROOM_AWAITED);
        kww_futex_wait(&host->control, control, NO_DEADLINE);
    }
    atomic_store(&lane->worker->waits_for_room, 0);
    return status;
}

kw_status send_event(void *context, const kw_event *event, uint32_t flags)
{
    lane *lane = context;
    for (;;) {
        uint64_t room = RING_SIZE - lane->written % RING_SIZE, left = free_bytes(lane), length = 0;
        uint64_t most = room < left ? room : left;
        uint64_t capacity = most > sizeof(ring_record) ? most - sizeof(ring_record) : 0;
        unsigned char *at = lane->ring + lane->written % RING_SIZE + (capacity > 0 ? sizeof(ring_record) : 0);
        kw_status status = kwm_encode(&kwm_event, event, at, capacity, &length, NULL);
        if (status == KW_OK) {
            put_record(lane, length, sizeof(ring_record) + aligned(length));
            return KW_OK;
        }
        if (status != KW_BUFFER_TOO_SMALL)
            return status;
        if (length > LARGEST)
            return KW_RESOURCE_EXHAUSTED;
        uint64_t wanted = sizeof(ring_record) + aligned(length);
        if (room < wanted && left >= room) {
            put_record(lane, SKIP, room);
            continue;
        }
        status = wait_for_room(lane, room < wanted ? room : wanted, flags);
        if (status != KW_OK)
            return status;
    }
}
