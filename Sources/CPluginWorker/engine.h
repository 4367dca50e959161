/* What the host's files share. */
#ifndef ENGINE_H
#define ENGINE_H

#include "shared.h"
#include "steps.h"
#include "wait.h"

#include <pthread.h>

/* What the host alone knows of a lane. Used by the thread that has the lane. */
typedef struct lane_record {
    _Alignas(APART) uint32_t number; /* of the latest request */
    waiter waiter;
    uint64_t events_read; /* bytes of the ring that were taken */
    uint32_t upcalls;     /* number of the latest that was served */
    uint64_t secret_size; /* of a lane of the plugin's own: bytes of its latest answer that are to be wiped */
    _Atomic uint32_t is_serving; /* likewise: a thread is at it */
    uint64_t used;        /* most of an area that a call touched since it was given back to the system */
    void *scratch;        /* of the host: what was written by the worker, copied */
    uint64_t scratch_size;
} lane_record;

struct kww_worker {
    host_header *host;     /* H, mapped for writing */
    worker_header *worker; /* W */
    int host_file, worker_file; /* to give memory back; -1 if there is none */
    uint32_t lanes;
    _Atomic uint64_t calls;
    _Atomic uint32_t busy; /* lanes that have a call */
    _Alignas(APART) _Atomic uint32_t ended;  /* KWW_END_*; written after status */
    _Atomic int32_t status;
    _Atomic uint32_t killed; /* KWW_KILL_* */
    _Atomic uint32_t lacked_memory; /* written before ended */
    _Atomic int process;     /* pidfd, or -1 */
    _Atomic int32_t pid;
    lane_record lane[LANE_LIMIT + OWN_LANES];
};

#define ATTACHED 0x80000000u

/* A worker's place in a remote. Its memory is the remote's, so that a thread may look for a lane of a worker that goes at
 * this moment: who has a lane has the worker, which stays until all lanes are back. */
typedef struct slot {
    _Alignas(APART) _Atomic uint32_t available; /* bit i: lane i is free; ATTACHED: calls may take one; 0: nobody is here */
    kww_worker *worker;
} slot;

/* A call that waits for a lane. On its thread's stack. */
typedef struct waiting_call {
    struct waiting_call *next;
    int64_t key; /* the least is served first: when it came, and later the lower its rank */
    pthread_cond_t turn;
} waiting_call;

struct kww_remote {
    slot slot[KWW_REMOTE_LIMIT];
    _Alignas(APART) _Atomic uint32_t waiting; /* calls in the queue, and those who wait for calls to leave */
    _Atomic uint32_t is_judged;
    kww_watch watch;
    const void *service[KWW_SERVICE_LIMIT]; /* tables of what its plugin may ask for, by number; NULL: nothing of it */
    _Atomic int64_t wall_ns, cpu_ns, grace_ns, ageing_ns;
    _Atomic uint64_t output_bytes, events;
    _Atomic uint32_t queue_limit, retry;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t left;  /* a lane was given back to a worker that is to be let go of */
    waiting_call *queue;  /* by key */
    uint32_t queued;
    uint32_t removals;    /* threads that wait for `left`, to let go of a worker or to reach all */
    _Atomic int is_refusing; /* written with the lock held */
    int64_t retry_at_ns;
    char refusal[256];
};

/* A lane that a call has. */
typedef struct place {
    kww_remote *remote;
    slot *slot;
    kww_worker *worker;
    uint32_t index;
    host_lane *host;
    worker_lane *lane;
    lane_record *record;
    unsigned char *request, *ring, *reply;
} place;

/* Takes a lane of any worker of the remote, waiting for one until the deadline if there is none; KW_OK or KWW_FAULT. */
kw_status kww_take_lane(kww_remote *remote, kw_call *call, int64_t deadline_ns, place *place);
/* The same of the worker in one slot, for operations that every worker has to do; waits until one of its lanes is free. 0:
 * there is no worker, or it has ended. */
int kww_take_lane_of(kww_remote *remote, uint32_t slot, place *place);
void kww_give_lane(const place *place);

/* upcall.c: what the plugin of this remote may ask for, as the bits of host_header.services. */
uint64_t kww_services_of(const kww_remote *remote);
/* Room for a private copy of what the worker wrote, until the next of this lane; 16-aligned. NULL: no memory is left. */
void *kww_scratch(lane_record *record, uint64_t size);

/* While this lives, the thread's calls are not bound to one worker. */
kww_worker *kww_swap_preferred(kww_worker *worker);

/* The calling thread's fault, emptied and of this kind. */
kww_fault *kww_new_fault(uint32_t kind);
kw_status kww_fail(uint32_t kind, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What the end of a worker means for a call that it had in a lane. */
kw_status kww_fault_of_end(kww_worker *worker, uint32_t lane);

static inline int has_ended(kww_worker *worker)
{
    return atomic_load_explicit(&worker->ended, memory_order_acquire) != 0;
}

#endif
