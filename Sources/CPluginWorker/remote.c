/* An instance that lives in workers: which worker serves a call, and what happens to calls while there is none. */
#define _GNU_SOURCE
#include "engine.h"

#include <CPluginCall.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

kww_remote *kww_remote_make(const kww_limits *limits, const kww_watch *watch)
{
    kww_remote *remote = aligned_alloc(APART, (sizeof *remote + APART - 1) / APART * APART);
    if (remote == NULL)
        return NULL;
    memset(remote, 0, sizeof *remote);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&remote->lock, NULL);
    pthread_cond_init(&remote->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (watch != NULL)
        remote->watch = *watch;
    kww_remote_set_limits(remote, limits);
    return remote;
}

void kww_remote_free(kww_remote *remote)
{
    pthread_cond_destroy(&remote->changed);
    pthread_mutex_destroy(&remote->lock);
    free(remote);
}

kw_instance *kww_remote_instance(kww_remote *remote)
{
    return (kw_instance *)(void *)remote;
}

void kww_remote_set_limits(kww_remote *remote, const kww_limits *limits)
{
    atomic_store(&remote->wall_ns, limits->wall_ns);
    atomic_store(&remote->cpu_ns, limits->cpu_ns);
    atomic_store(&remote->grace_ns, limits->grace_ns);
    atomic_store(&remote->output_bytes, limits->output_bytes);
    atomic_store(&remote->events, limits->events);
}

void kww_remote_set_judged(kww_remote *remote, int is_judged)
{
    atomic_store(&remote->is_judged, is_judged != 0);
}

static void announce(kww_remote *remote)
{
    pthread_mutex_lock(&remote->lock);
    pthread_cond_broadcast(&remote->changed);
    pthread_mutex_unlock(&remote->lock);
}

static uint32_t all_lanes(const kww_worker *worker)
{
    return (1u << worker->lanes) - 1;
}

int kww_remote_attach(kww_remote *remote, kww_worker *worker)
{
    int result = -1;
    pthread_mutex_lock(&remote->lock);
    for (uint32_t i = 0; i < KWW_REMOTE_LIMIT && result != 0; i++) {
        slot *slot = &remote->slot[i];
        if (slot->worker != NULL)
            continue;
        slot->worker = worker;
        atomic_store_explicit(&slot->available, ATTACHED | all_lanes(worker), memory_order_release);
        remote->is_refusing = 0;
        pthread_cond_broadcast(&remote->changed);
        result = 0;
    }
    pthread_mutex_unlock(&remote->lock);
    return result;
}

static slot *slot_of(kww_remote *remote, const kww_worker *worker)
{
    for (uint32_t i = 0; i < KWW_REMOTE_LIMIT; i++) {
        if (remote->slot[i].worker == worker)
            return &remote->slot[i];
    }
    return NULL;
}

void kww_remote_detach(kww_remote *remote, kww_worker *worker)
{
    pthread_mutex_lock(&remote->lock);
    slot *slot = slot_of(remote, worker);
    if (slot != NULL)
        atomic_fetch_and(&slot->available, ~ATTACHED);
    pthread_mutex_unlock(&remote->lock);
}

void kww_remote_remove(kww_remote *remote, kww_worker *worker)
{
    pthread_mutex_lock(&remote->lock);
    slot *slot = slot_of(remote, worker);
    if (slot != NULL) {
        atomic_fetch_and(&slot->available, ~ATTACHED);
        atomic_fetch_add(&remote->waiting, 1);
        while (atomic_load(&slot->available) != all_lanes(worker))
            pthread_cond_wait(&remote->changed, &remote->lock);
        atomic_fetch_sub(&remote->waiting, 1);
        atomic_store(&slot->available, 0);
        slot->worker = NULL;
    }
    pthread_mutex_unlock(&remote->lock);
}

void kww_remote_refuse(kww_remote *remote, const char *text, int64_t retry_after_ns)
{
    pthread_mutex_lock(&remote->lock);
    remote->is_refusing = text != NULL;
    if (text != NULL) {
        remote->retry_at_ns = retry_after_ns > 0 ? monotonic_ns() + retry_after_ns : 0;
        strncpy(remote->refusal, text, sizeof remote->refusal - 1);
    }
    pthread_cond_broadcast(&remote->changed);
    pthread_mutex_unlock(&remote->lock);
}

uint32_t kww_remote_waiting(kww_remote *remote)
{
    return atomic_load(&remote->waiting);
}

/* ---- lanes ---------------------------------------------------------------------------------------------- */

/* The number of a lane that is ours now, or -1. */
static int take_free_lane(slot *slot)
{
    uint32_t available = atomic_load_explicit(&slot->available, memory_order_relaxed);
    while ((available & ATTACHED) != 0 && (available & ~ATTACHED) != 0) {
        uint32_t index = (uint32_t)__builtin_ctz(available);
        if (atomic_compare_exchange_weak_explicit(&slot->available, &available, available & ~(1u << index),
                                                  memory_order_acquire, memory_order_relaxed))
            return (int)index;
    }
    return -1;
}

int take_lane_of(kww_remote *remote, uint32_t number, place *place)
{
    slot *slot = &remote->slot[number];
    int index = take_free_lane(slot);
    if (index < 0)
        return 0;
    kww_worker *worker = slot->worker;
    place->remote = remote;
    place->slot = slot;
    place->worker = worker;
    place->index = (uint32_t)index;
    place->host = &worker->host->lane[index];
    place->lane = &worker->worker->lane[index];
    place->record = &worker->lane[index];
    place->request = (unsigned char *)worker->host + host_area_offset((uint32_t)index);
    place->ring = (unsigned char *)worker->worker + worker_ring_offset((uint32_t)index);
    place->reply = (unsigned char *)worker->worker + worker_area_offset(worker->lanes, (uint32_t)index);
    atomic_fetch_add_explicit(&worker->busy, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&worker->calls, 1, memory_order_relaxed);
    if (!has_ended(worker))
        return 1;
    give_lane(place);
    return 0;
}

static int try_take(kww_remote *remote, place *place)
{
    for (uint32_t i = 0; i < KWW_REMOTE_LIMIT; i++) {
        if (take_lane_of(remote, i, place))
            return 1;
    }
    return 0;
}

void give_lane(const place *place)
{
    kww_remote *remote = place->remote;
    atomic_fetch_sub_explicit(&place->worker->busy, 1, memory_order_relaxed);
    /* After this the worker may be gone. */
    atomic_fetch_or(&place->slot->available, 1u << place->index);
    if (atomic_load(&remote->waiting) != 0)
        announce(remote);
}

static kw_status refuse(kww_remote *remote)
{
    kww_fault *fault = new_fault(KWW_FAULT_REFUSED);
    memcpy(fault->text, remote->refusal, sizeof fault->text);
    int64_t left = remote->retry_at_ns == 0 ? 0 : remote->retry_at_ns - monotonic_ns();
    fault->retry_after_ns = left > 0 ? left : 0;
    return KWW_FAULT;
}

static void wake_waiting(void *remote)
{
    announce(remote);
}

static kw_status wait_for_lane(kww_remote *remote, kw_call *call, int64_t deadline_ns, place *place)
{
    kw_status status = KW_OK;
    int is_taken = 0;
    struct timespec until = { .tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000 };
    call->api->set_waker(call, wake_waiting, remote);
    atomic_fetch_add(&remote->waiting, 1);
    pthread_mutex_lock(&remote->lock);
    while (status == KW_OK && !(is_taken = try_take(remote, place))) {
        if (remote->is_refusing)
            status = refuse(remote);
        else if (kw_cancelled(call))
            status = fault(KWW_FAULT_CANCELLED, "it was cancelled while it waited for a worker");
        else if (deadline_ns == NO_DEADLINE)
            pthread_cond_wait(&remote->changed, &remote->lock);
        else if (monotonic_ns() >= deadline_ns)
            status = KW_DEADLINE_EXCEEDED;
        else
            pthread_cond_timedwait(&remote->changed, &remote->lock, &until);
    }
    pthread_mutex_unlock(&remote->lock);
    atomic_fetch_sub(&remote->waiting, 1);
    call->api->set_waker(call, NULL, NULL);
    return status;
}

kw_status take_lane(kww_remote *remote, kw_call *call, int64_t deadline_ns, place *place)
{
    return try_take(remote, place) ? KW_OK : wait_for_lane(remote, call, deadline_ns, place);
}
