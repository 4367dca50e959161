/* One call of a plugin in a worker, while it runs; what the files that carry it on share. All on the caller's thread. */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include "engine.h"

#include <CPluginCall.h>
#include <CPluginMarshal.h>

typedef struct conversation {
    place place;
    kw_call *call;
    kwc_frame *frame;
    const kwm_operation *operation;
    kwm_matrix matrix;
    uint32_t number;
    int has_waker;
    int is_cancelled;      /* the worker was told to end it */
    int is_cut;            /* events were kept from the caller since */
    int64_t deadline_ns;   /* the nearest: of call, wall limit or grace */
    int64_t began_ns;
    int64_t wall_ns, cpu_ns; /* limits, 0 = none */
    int64_t cpu_began_ns;  /* processor time of the worker when this was first looked at; -1 = not yet */
    uint32_t reason;       /* KWW_KILL_* for which it was told to end */
    uint64_t reason_value;
    uint64_t output, events; /* so far */
    uint64_t request_size; /* bytes of the lane's area that the request has: answers of services come behind it */
    uint64_t secret_size;  /* of the largest answer that is to be wiped */
} conversation;

/* request.c: writes the request into the lane's memory. *length is how much there is, for judge and blame. */
kw_status kww_write_request(conversation *talk, const void *in, uint64_t *length);
/* A call touched as much of an area. */
void kww_note_use(place *place, uint64_t size);
kw_status kww_too_large(const char *what, uint64_t needed);

/* limits.c: asks the plugin to end the call; if it does not within the grace, its process is ended. */
void kww_ask_to_end(conversation *talk, uint32_t reason, uint64_t value);
/* What the limits and the caller say now; asks the call to end if they say so. */
void kww_look_at_limits(conversation *talk);
/* Until when to sleep at most. */
int64_t kww_wake_time(const conversation *talk);
kw_status kww_limit_fault(const conversation *talk);
/* The worker has to go: it is killed, and its end awaited. */
void kww_end_worker(conversation *talk, uint32_t why);
/* The same, as it broke the protocol. */
kw_status kww_breach(conversation *talk, const char *what);

/* reading.c: passes on the events that are there. */
kw_status kww_take_events(conversation *talk);
/* Takes the reply, which is there. */
kw_status kww_read_reply(conversation *talk);

/* upcall.c: does what the plugin asks for, if this is the number of the next that it can ask for. */
kw_status kww_serve_upcall(conversation *talk, uint32_t number);
/* Has the worker not find what a service told it in confidence. */
void kww_wipe_answers(conversation *talk);

#endif
