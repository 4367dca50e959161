/* keyway-worker - what its parts share. */
#ifndef WORKER_H
#define WORKER_H

#include "shared.h"
#include "steps.h"
#include "wait.h"

#include <CPluginCall.h>
#include <CPluginMarshal.h>
#include <CPluginSandbox.h>

#include <pthread.h>

/* Descriptors of a job: memory and output, libraries and the plugin, grants, the broker's socket. */
#define SPAWN_LIMIT (KWW_SPAWN_FILES + KWW_LIBRARY_LIMIT + 1 + KWW_GRANT_LIMIT + 1)

/* One worker to start. */
typedef struct job {
    kww_spawn spawn;
    kww_sandbox sandbox;
    kws_policy policy;      /* the same, for the kernel; its grants are not there yet */
    kws_compiled compiled;
    kws_report report;
    uint32_t tag;
    int descriptors[SPAWN_LIMIT];
    char *environment; /* NAME=VALUE and NUL, one after the other */
    const char *described; /* of interfaces besides this build's */
} job;

/* The descriptors of a worker: empty input, its output twice, then these. */
#define HOST_FILE 3
#define WORKER_FILE 4
#define LOG_SOCKET 5
#define BROKER_SOCKET 6 /* nothing, if there is none */
#define FIRST_LIBRARY 7

/* main.c: tells the host, or leaves. */
void answer(uint32_t kind, uint32_t tag, const void *body, size_t size, int descriptor);

/* children.c: forks a worker, and says in started what came of it. */
void start_child(job *job, kww_started *started);
/* Ends one of which the host is not told. */
void discard_child(int32_t pid);
/* Takes those that have ended, tells the host of them, and ends what they have left. */
void reap_children(void);
/* Tries again to remove groups that something was still leaving. */
void end_groups(void);
/* How long to wait before that, in milliseconds; -1: there are none. */
int patience_of_groups(void);
/* Ends everything that comes of this process, and itself. */
_Noreturn void leave(int status);

/* Becomes the worker, in the process it is called in, which has one thread. Does not return. */
_Noreturn void run_worker(job *job);

/* jail.c: reads the sandbox of a job into its policy, and compiles its filters. 0 or an errno. */
int prepare_sandbox(job *job);
/* Takes from this process what the job does not give. NULL, or what could not be enforced. grants: the first descriptor of
 * the granted files, which are closed. */
const char *enter_sandbox(job *job, int grants);
/* The second stage, when the plugin is loaded. */
const char *seal_sandbox(job *job);

/* network.c: from now on the functions of the C library that connect and listen ask the broker. */
void use_broker(void);
int has_broker(void);
/* Asks it, and waits for half a minute at most: 0, or an errno. *descriptor: what it passed, the caller's, or -1. */
int ask_broker(kww_network_request *request, kww_network_answer *answer, int *descriptor);

/* names.c: of a host, by the broker if need be, with AI_* as for getaddrinfo(3); may be of other families than was wanted. 0, or
 * EAI_*. */
int find_addresses(const char *name, int family, int flags, uint16_t port, kww_network_answer *answer);
/* The C library's own function of a name that this program has, too; NULL: it has none. */
void *of_library(const char *name);

/* ---- within a worker ------------------------------------------------------------------------------------ */

/* One thread that serves one call after the other. */
typedef struct lane {
    uint32_t index;
    host_lane *host;
    worker_lane *worker;
    const unsigned char *request;
    unsigned char *ring, *reply;
    waiter waiter, upcall_waiter;
    uint64_t rows;         /* of the call's matrix, at the start of reply; aligned */
    unsigned char *buffer; /* a private copy of the input */
    uint64_t buffer_size;
    uint64_t written;             /* bytes of the ring */
    _Atomic(kwc_frame *) frame;   /* of the call that runs; NULL while another thread tells it something */
    _Atomic uint32_t told;        /* number of the request that was told to end */
    _Atomic uint32_t wants_wake;  /* an emit that may not block was refused */
    uintptr_t stack_low, stack_high;
} lane;

typedef struct loaded_interface {
    const kwm_interface *interface;
    void *table; /* a copy of this program's size, without holes */
} loaded_interface;

/* All there is to know of this process. Written before the lanes' threads start, but for the instance. */
typedef struct process {
    const host_header *host;
    worker_header *worker;
    kw_plugin plugin;
    kw_host host_table;
    kwm_described *described; /* what the host knows besides this build's interfaces; NULL: nothing */
    loaded_interface interface[KWW_INTERFACE_LIMIT]; /* by the number of kwm_interface_numbered */
    _Atomic(kw_instance *) instance;
    lane lane[LANE_LIMIT + OWN_LANES];
} process;

extern process this_process;

/* Reads the plugin's table, and writes what it offers into W. 0, or what is wrong with it. */
const char *read_plugin(const kw_plugin *source);
/* The operation of a request: its description and function. NULL: there is none. */
const kwm_operation *find_operation(const request_header *header, kw_any_op *function);

/* Fills in the table that the plugin sees. */
void make_host_table(kw_host *table, const host_header *host);
/* Its listener and memory are passed on with it, if it has some. */
void send_report(const kws_report *report);
void send_log(const kw_call *call, uint32_t level, kw_str component, kw_str message, kw_str fields);

/* Has the host serve what was asked for in a lane of the plugin's own. */
void send_question(uint32_t lane);
/* kw_host.get: NULL unless the host says that this plugin may have it. */
const void *find_service(const kw_host *host, kw_str id);

/* Where a lane's memory is. */
void arrange_lane(uint32_t index);
/* 0, or an errno. */
int start_lane(uint32_t index);
/* Tells calls that are to end, and those who wait for room. Does not return. */
_Noreturn void watch_lanes(void);
/* kwc_sink of a lane's call. */
kw_status send_event(void *lane, const kw_event *event, uint32_t flags);
/* Has the caller look, if it sleeps. */
void tell_host(lane *lane);

/* Is its plugin only looked at? */
static inline int is_probe(void)
{
    return this_process.host->lanes == 0;
}

/* From now on signals that end the process are noted in W first. Each thread with a stack of its own for that. */
void watch_for_crashes(void);
void use_signal_stack(void);
/* Is no memory to be had? */
int is_exhausted(void);
/* Of a probe, in the handler of a signal: where it was. */
void write_backtrace(const void *context);
/* What a backtrace calls this many files from FIRST_LIBRARY on. */
void read_file_names(uint32_t files);
/* A signal handler must not; a fork has what its parent has. */
void load_unwinder(void);
/* The lane that this thread serves, from 1; 0 = none. */
extern _Thread_local uint32_t own_lane;

#endif
