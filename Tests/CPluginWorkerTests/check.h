/* What the tests of workers share: checks that count, a host as small as can be, and calls as it makes them. */
#ifndef CHECK_H
#define CHECK_H

#include "checks.h"

#include <CPluginCall.h>
#include <CPluginMarshal.h>
#include <CPluginSandbox.h>
#include <CPluginWorker.h>

#include <pthread.h>
#include <string.h>

/* Where the programs and plugins of the tests are: a folder that the first argument names. */
const char *built(const char *name, char path[4096]);

/* What is done by chance or many times is done more often than in `make test`. */
extern int is_long;

/* ---- a host --------------------------------------------------------------------------------------------- */

#define CHANNEL_LIMIT 64
#define SERVER_LIMIT 16

typedef struct served served;

/* A zygote, and the thread that takes what it and its workers say. */
typedef struct zygote {
    int socket;
    int32_t pid;
    int bell;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    served *first;
    uint32_t tag;
    int is_gone, is_stopping;
} zygote;

/* One worker. */
struct served {
    zygote *zygote;
    served *next;
    kww_worker *worker;
    uint32_t tag;
    int log, output;          /* the host's ends */
    int has_started, has_ended;
    uint32_t group_version;   /* as in kww_started */
    char group[KWW_GROUP_ROOM];
    int process;              /* a pidfd of the test's own, or -1 */
    uint64_t notes, printed;  /* messages, and bytes */
    uint32_t reports;         /* of its sandbox */
    kws_report report;        /* the first */
    kww_remote *remote;       /* of which it is the only one: refused when it ends */
    const kwm_described *interfaces;
    pthread_t server[SERVER_LIMIT]; /* threads that serve what its plugin asks for outside of calls */
    uint32_t servers;
    kww_description description;
    uint32_t state;           /* KWW_STATE_* */
    char message[256];
};

#define ANY_LANES 2

typedef struct recipe {
    const char *plugin;  /* trouble.so, if NULL */
    uint32_t lanes;      /* ANY_LANES, if 0 */
    int is_probe;        /* it has none */
    const char *environment[4];
    const kwm_described *interfaces; /* that the host knows, and tells */
    const void *told;                /* what it tells instead, of told_size bytes; NULL: their description */
    uint32_t told_size;
    int64_t patience_ns; /* until it is ready; ten seconds, if 0 */
    kww_spawn spawn;
    kww_sandbox sandbox;
    const char *grants[4]; /* paths, for sandbox.access */
} recipe;

/* One that grants nothing. */
kww_sandbox usual_sandbox(void);

/* program: keyway-worker, if NULL. variable: NAME=VALUE of its environment, or NULL. */
void start_zygote(zygote *zygote, const char *program, const char *variable);
/* Ends it and all that it has. */
void end_zygote(zygote *zygote);

/* Starts a worker, and waits until its plugin is loaded or that failed; the plugin has no instance yet. */
served *start_worker(zygote *zygote, const recipe *recipe);
/* The same, and creates and starts its instance; NULL if any of it failed. */
served *start_instance(zygote *zygote, const recipe *recipe);
/* Waits until the zygote has told of its end. */
void await_end(served *served);
/* Waits for the threads that serve what its plugin asks for; with the zygote's lock held. */
void stop_serving(served *served);
/* Kills it, unless it is dead, and frees it. It is in no remote. */
void end_worker_of(served *served);

/* ---- calls ---------------------------------------------------------------------------------------------- */

#define DIMS 384

typedef struct event_log {
    uint64_t count;
    char last[128];
    int (*on_event)(void *context, const kw_event *event); /* not 0: the sink answers KW_CANCELLED */
    void *context;
    int is_in_order;  /* numbers rose by one */
} event_log;

/* One call of embed and what came of it. */
typedef struct outcome {
    kw_status status;
    kww_fault fault;     /* of KWW_FAULT */
    char error[256];     /* what the plugin said */
    uint32_t misuse;
    uint64_t pid;        /* of the process that answered */
    float last;          /* of the row */
    uint64_t digest;     /* of the reply as a message, and the row */
    uint64_t tokens;     /* number of them */
} outcome;

typedef struct question {
    const char *text;
    int64_t deadline_ns;
    event_log *events;
    const kw_embedder *embedder; /* NULL: the one of stubs */
    _Atomic(kwc_frame *) *frame; /* set while the call runs, so that another thread can cancel it */
    int is_cancelled;            /* from the beginning */
} question;

/* What the test's host does for plugins, if a remote has it as its watch's host: kv and secrets. The keys say what happens;
 * everything else is found with its own name as the value. */
const kw_host *host_with_services(void);
/* A plugin that the service calls for the key "call": "ask call" of it comes back here. */
extern _Atomic(kww_remote *) called_by_service;

void ask(kww_remote *remote, const question *question, outcome *outcome);
/* The same, of a text only. */
outcome ask_text(kww_remote *remote, const char *text);
/* Creates and starts the instance in all workers of a remote, or stops and destroys it. */
kw_status create_in(kww_remote *remote);
kw_status destroy_in(kww_remote *remote);

/* A remote with these limits and the test's services that has one worker. */
kww_remote *remote_of(served *served, const kww_limits *limits);
void free_remote(kww_remote *remote, served *served);

int64_t now_ns(void);

/* ---- what is left --------------------------------------------------------------------------------------- */

/* Descriptors of this process, memory files it has open or mapped, and children of a process. */
typedef struct possessions {
    int descriptors, files, children, zygote_descriptors;
} possessions;

possessions count_possessions(const zygote *zygote);
/* Of this process. */
int count_descriptors(void);
int is_same_possession(possessions before, possessions after);
/* The same, of now; what a worker left is gone soon after it. */
int is_settled(const zygote *zygote, possessions before);
/* Bytes of this process that are resident. */
uint64_t resident(void);

/* ---- tests ---------------------------------------------------------------------------------------------- */

void test_loading(void);
void test_probes(void);
void test_misbehaviour(void);
void test_output(void);
void test_limits(void);
void test_cancelling(void);
void test_lifetimes(void);
void test_seals(void);
void test_hostile(void);
void test_racer(void);
void test_steps(void);
void test_killer(void);
void test_upcalls(void);
void test_sandbox(void);
void test_groups(void);
void test_network(void);
void test_relay(void);
void test_described(void);

/* A host that is killed: starts workers, writes their numbers to its output, and waits. */
int be_victim(void);

#endif
