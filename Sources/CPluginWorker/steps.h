/* The steps of a worker's start and of a call, on both sides, in the order of an eventful one. With KWW_STEPS a test defines
 * kww_step and ends the worker at each of them; without, nothing is left of it. */
#ifndef STEPS_H
#define STEPS_H

/* Of the worker. */
#define KWW_WORKER_STEPS(STEP)                                                                                         \
    STEP(MAPPED)          /* H and W are mapped */                                                                     \
    STEP(ARRANGED)        /* descriptors, limits and environment are its own */                                        \
    STEP(LOADED)          /* the plugin's constructors ran */                                                          \
    STEP(ENTERED)         /* its entry returned */                                                                     \
    STEP(DESCRIBED)       /* its table is in W */                                                                      \
    STEP(LANES_STARTED)                                                                                                \
    STEP(READY)           /* the state is published, and nobody was woken */                                           \
    STEP(PARKED)          /* a lane's thread says that it sleeps */                                                    \
    STEP(REQUEST_SEEN)                                                                                                 \
    STEP(REQUEST_COPIED)                                                                                               \
    STEP(REQUEST_DECODED)                                                                                              \
    STEP(BEGUN)           /* the operation is about to run */                                                          \
    STEP(EVENT_ENCODED)                                                                                                \
    STEP(EVENT_WRITTEN)   /* published, and nobody was woken */                                                        \
    STEP(EVENT_TOLD)                                                                                                   \
    STEP(ROOM_AWAITED)    /* the ring is full */                                                                       \
    STEP(CANCEL_SEEN)     /* about to be told to the operation */                                                      \
    STEP(CANCEL_TOLD)                                                                                                  \
    STEP(UPCALL_WRITTEN)  /* what the plugin asks its host for */                                                      \
    STEP(UPCALL_MADE)     /* its number is published, and nobody was woken */                                          \
    STEP(UPCALL_TOLD)                                                                                                  \
    STEP(ANSWER_SEEN)                                                                                                  \
    STEP(ANSWER_COPIED)                                                                                                \
    STEP(ENDED)           /* the operation returned */                                                                 \
    STEP(REPLY_ENCODED)                                                                                                \
    STEP(REPLY_WRITTEN)   /* its header, too */                                                                        \
    STEP(REPLY_PUBLISHED) /* nobody was woken */                                                                       \
    STEP(REPLY_TOLD)

/* Of the host. */
#define KWW_HOST_STEPS(STEP)                                                                                           \
    STEP(LANE_TAKEN)                                                                                                   \
    STEP(REQUEST_WRITTEN)                                                                                              \
    STEP(REQUEST_NUMBERED) /* nobody was woken */                                                                      \
    STEP(REQUEST_SENT)                                                                                                 \
    STEP(CALLER_PARKED)    /* about to sleep */                                                                        \
    STEP(CALLER_WOKEN)                                                                                                 \
    STEP(EVENT_COPIED)                                                                                                 \
    STEP(EVENT_FREED)      /* its room is the worker's again */                                                        \
    STEP(UPCALL_SEEN)                                                                                                  \
    STEP(UPCALL_COPIED)                                                                                                \
    STEP(UPCALL_SERVED)    /* the service has done it */                                                               \
    STEP(ANSWER_NUMBERED)  /* nobody was woken */                                                                      \
    STEP(ASKED_TO_END)                                                                                                 \
    STEP(REPLY_SEEN)                                                                                                   \
    STEP(OUTPUT_COPIED)                                                                                                \
    STEP(REPLY_READ)

#define KWW_STEP_NUMBER(name) STEP_##name,
enum { KWW_WORKER_STEPS(KWW_STEP_NUMBER) KWW_HOST_STEPS(KWW_STEP_NUMBER) STEP_COUNT };
#undef KWW_STEP_NUMBER

#ifdef KWW_STEPS
void kww_step(int number);
#else
#define kww_step(number) ((void)0)
#endif

#endif
