/* An instance that lives in workers: which worker serves a call, and what happens to calls while there is none. */
#define _GNU_SOURCE
#include "engine.h"

#include <CPluginCall.h>
#include <CPluginMarshal.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

kww_remote *kww_remote_make(const kww_limits *limits, const kww_watch *watch)
{
    kww_remote *remote = aligned_alloc(APART, (sizeof *remote + APART - 1) / APART * APART);
    if (remote == NULL)
        return NULL;
    memset(remote, 0, sizeof *remote);
    pthread_mutex_init(&remote->lock, NULL);
    pthread_cond_init(&remote->left, NULL);
    if (watch != NULL)
        remote->watch = *watch;
    kww_remote_set_limits(remote, limits);
    const kw_host *host = remote->watch.host;
    for (uint32_t i = 0; host != NULL && i < kwm_service_count() && i < KWW_SERVICE_LIMIT; i++) {
        const char *id = kwm_service_at(i)->id;
        remote->service[i] = host->get(host, (kw_str){ id, strlen(id) });
    }
    return remote;
}

void kww_remote_free(kww_remote *remote)
{
    pthread_cond_destroy(&remote->left);
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
    atomic_store(&remote->queue_limit, limits->queue);
    atomic_store(&remote->retry, limits->retry);
    atomic_store(&remote->ageing_ns, limits->ageing_ns);
}

void kww_remote_set_judged(kww_remote *remote, int is_judged)
{
    atomic_store(&remote->is_judged, is_judged != 0);
}

/* Has the first in the queue look again; after it took its lane, it has the next one look. With the lock held. */
static void call_first(kww_remote *remote)
{
    if (remote->queue != NULL)
        pthread_cond_signal(&remote->queue->turn);
}

static void call_all(kww_remote *remote)
{
    for (waiting_call *call = remote->queue; call != NULL; call = call->next)
        pthread_cond_signal(&call->turn);
}

/* A lane is free. With the lock held. */
static void announce(kww_remote *remote)
{
    call_first(remote);
    if (remote->removals != 0)
        pthread_cond_broadcast(&remote->left);
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
        atomic_store(&worker->host->services, kww_services_of(remote));
        atomic_store_explicit(&slot->available, ATTACHED | all_lanes(worker), memory_order_release);
        call_first(remote);
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
        remote->removals++;
        atomic_fetch_add(&remote->waiting, 1);
        while (atomic_load(&slot->available) != all_lanes(worker))
            pthread_cond_wait(&remote->left, &remote->lock);
        atomic_fetch_sub(&remote->waiting, 1);
        remote->removals--;
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
        remote->retry_at_ns = retry_after_ns > 0 ? kww_monotonic_ns() + retry_after_ns : 0;
        strncpy(remote->refusal, text, sizeof remote->refusal - 1);
    }
    call_all(remote);
    pthread_mutex_unlock(&remote->lock);
}

uint32_t kww_remote_waiting(kww_remote *remote)
{
    pthread_mutex_lock(&remote->lock);
    uint32_t queued = remote->queued;
    pthread_mutex_unlock(&remote->lock);
    return queued;
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

static void return_lane(const place *place, int is_locked)
{
    kww_remote *remote = place->remote;
    atomic_fetch_sub_explicit(&place->worker->busy, 1, memory_order_relaxed);
    /* After this the worker may be gone. */
    atomic_fetch_or(&place->slot->available, 1u << place->index);
    if (atomic_load(&remote->waiting) == 0)
        return;
    if (!is_locked)
        pthread_mutex_lock(&remote->lock);
    announce(remote);
    if (!is_locked)
        pthread_mutex_unlock(&remote->lock);
}

static int take_of(kww_remote *remote, uint32_t number, place *place, int is_locked)
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
    return_lane(place, is_locked);
    return 0;
}

int kww_take_lane_of(kww_remote *remote, uint32_t number, place *place)
{
    int is_taken = take_of(remote, number, place, 0);
    if (is_taken)
        return 1;
    slot *slot = &remote->slot[number];
    pthread_mutex_lock(&remote->lock);
    remote->removals++;
    atomic_fetch_add(&remote->waiting, 1);
    while ((atomic_load(&slot->available) & ATTACHED) != 0 && !has_ended(slot->worker)
           && !(is_taken = take_of(remote, number, place, 1)))
        pthread_cond_wait(&remote->left, &remote->lock);
    atomic_fetch_sub(&remote->waiting, 1);
    remote->removals--;
    pthread_mutex_unlock(&remote->lock);
    return is_taken;
}

static _Thread_local uint32_t next_rank = KWW_USUAL_RANK;
static _Thread_local kww_worker *preferred;

void kww_set_rank(uint32_t rank)
{
    next_rank = rank;
}

void kww_set_preferred(kww_worker *worker)
{
    preferred = worker;
}

kww_worker *kww_swap_preferred(kww_worker *worker)
{
    kww_worker *before = preferred;
    preferred = worker;
    return before;
}

static int try_take(kww_remote *remote, place *place, int is_locked)
{
    for (uint32_t i = 0; i < KWW_REMOTE_LIMIT; i++) {
        if (preferred != NULL && remote->slot[i].worker != preferred)
            continue;
        if (take_of(remote, i, place, is_locked))
            return 1;
    }
    return 0;
}

void kww_give_lane(const place *place)
{
    return_lane(place, 0);
}

static kw_status refuse(kww_remote *remote)
{
    kww_fault *fault = kww_new_fault(KWW_FAULT_REFUSED);
    memcpy(fault->text, remote->refusal, sizeof fault->text);
    int64_t left = remote->retry_at_ns == 0 ? 0 : remote->retry_at_ns - kww_monotonic_ns();
    fault->retry_after_ns = left > 0 ? left : 0;
    return KWW_FAULT;
}

/* ---- the queue ------------------------------------------------------------------------------------------ */

static void wake_waiting(void *remote)
{
    kww_remote *all = remote;
    pthread_mutex_lock(&all->lock);
    call_all(all);
    pthread_mutex_unlock(&all->lock);
}

/* Behind those that came before with the same rank. With the lock held. */
static void enqueue(kww_remote *remote, waiting_call *call)
{
    waiting_call **at = &remote->queue;
    while (*at != NULL && (*at)->key <= call->key)
        at = &(*at)->next;
    call->next = *at;
    *at = call;
    remote->queued++;
}

static void dequeue(kww_remote *remote, const waiting_call *call)
{
    waiting_call **at = &remote->queue;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    remote->queued--;
    call_first(remote);
}

static kw_status await_turn(kww_remote *remote, kw_call *call, int64_t deadline_ns, waiting_call *mine, place *place)
{
    struct timespec until = { .tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000 };
    for (;;) {
        if (remote->is_refusing)
            return refuse(remote);
        if (remote->queue == mine && try_take(remote, place, 1))
            return KW_OK;
        if (kw_cancelled(call))
            return kww_fail(KWW_FAULT_CANCELLED, "it was cancelled while it waited for a worker");
        if (deadline_ns == NO_DEADLINE)
            pthread_cond_wait(&mine->turn, &remote->lock);
        else if (kww_monotonic_ns() >= deadline_ns)
            return kww_fail(KWW_FAULT_EXPIRED, "its time was over while it waited for a worker");
        else
            pthread_cond_timedwait(&mine->turn, &remote->lock, &until);
    }
}

static void tell_waiting(kww_remote *remote)
{
    if (remote->watch.waiting != NULL)
        remote->watch.waiting(remote->watch.context);
}

static kw_status wait_for_lane(kww_remote *remote, kw_call *call, int64_t deadline_ns, place *place)
{
    pthread_condattr_t attributes;
    waiting_call mine = { .key = kww_monotonic_ns() + atomic_load(&remote->ageing_ns) * next_rank };
    uint32_t limit = atomic_load(&remote->queue_limit);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&mine.turn, &attributes);
    pthread_condattr_destroy(&attributes);
    atomic_fetch_add(&remote->waiting, 1);
    call->api->set_waker(call, wake_waiting, remote);
    pthread_mutex_lock(&remote->lock);
    kw_status status = KWW_FAULT;
    int is_first = remote->queued == 0, is_last = 0;
    if (remote->is_refusing) {
        status = refuse(remote);
    } else if (remote->queued >= limit && !try_take(remote, place, 1)) {
        kww_new_fault(KWW_FAULT_OVERLOADED)->value = limit;
    } else if (remote->queued >= limit) {
        status = KW_OK;
    } else {
        enqueue(remote, &mine);
        pthread_mutex_unlock(&remote->lock);
        if (is_first)
            tell_waiting(remote);
        pthread_mutex_lock(&remote->lock);
        status = await_turn(remote, call, deadline_ns, &mine, place);
        dequeue(remote, &mine);
        is_last = remote->queued == 0;
    }
    pthread_mutex_unlock(&remote->lock);
    call->api->set_waker(call, NULL, NULL);
    atomic_fetch_sub(&remote->waiting, 1);
    pthread_cond_destroy(&mine.turn);
    if (is_last)
        tell_waiting(remote);
    return status;
}

kw_status kww_take_lane(kww_remote *remote, kw_call *call, int64_t deadline_ns, place *place)
{
    if (preferred != NULL)
        return try_take(remote, place, 0) ? KW_OK : kww_fail(KWW_FAULT_REFUSED, "the worker has no time");
    /* Whoever finds others waiting waits behind them. */
    if (atomic_load_explicit(&remote->waiting, memory_order_relaxed) == 0
        && !atomic_load_explicit(&remote->is_refusing, memory_order_relaxed) && try_take(remote, place, 0))
        return KW_OK;
    return wait_for_lane(remote, call, deadline_ns, place);
}
