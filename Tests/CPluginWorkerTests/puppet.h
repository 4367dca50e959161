/* A worker that is a thread of the test: it sees the shared memory as a worker does, and writes into it what it likes. */
#ifndef PUPPET_H
#define PUPPET_H

#include "check.h"
#include "engine.h"

typedef struct puppet puppet;

/* Called on the puppet's thread with each request; number is what an honest worker would answer with. */
typedef void (*script)(puppet *puppet, uint32_t number);

struct puppet {
    kww_worker *worker;
    const host_header *host;
    worker_header *memory;
    script script;
    void *context;
    pthread_t thread;
    uint64_t written; /* bytes of the ring */
    _Atomic uint32_t played; /* the latest request that the script is done with */
};

/* One lane. The script plays until the host kills the worker or end_puppet is called. */
void start_puppet(puppet *puppet, script script, void *context);
void end_puppet(puppet *puppet);
/* Waits until the script is done with the request that was made last: what it does after its reply is done then. */
void await_play(puppet *puppet);
/* Was it killed, or is the test over? For scripts that go on for long. */
int is_over(const puppet *puppet);

unsigned char *puppet_ring(puppet *puppet);
unsigned char *puppet_reply(puppet *puppet);

/* Writes one event into the ring, not yet published; returns where it ends. */
uint64_t write_event(puppet *puppet, uint64_t at, const char *text);
/* Publishes the ring up to here. */
void publish_events(puppet *puppet, uint64_t written);
/* What an honest worker would reply to embed. */
reply_header honest_reply(puppet *puppet);
/* An error in the place of a reply. */
reply_header honest_error(puppet *puppet, kw_status status, const char *text);
void publish_reply(puppet *puppet, uint32_t number, const reply_header *header);
void wake_host(puppet *puppet);

#endif
