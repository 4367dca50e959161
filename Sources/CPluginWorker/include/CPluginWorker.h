/* CPluginWorker - plugins in other processes: the host's side of the shared memory, and the protocol with keyway-worker.
 *
 *   host --spawns--> keyway-worker (the zygote: one thread, no plugin) --forks--> workers, one plugin each
 *
 * To the rest of a host a plugin in workers is a plugin like any other: a kw_plugin table whose operations are stubs, and
 * instances (kw_instance) that are a kww_remote, a set of workers that can serve a call. A stub marshals its input into a
 * lane's memory, wakes the worker, waits, and replies what comes back, all on the caller's thread; see forward.c.
 *
 * Trust. The host believes nothing that a worker writes: everything is copied, then checked, and every wait ends at a
 * deadline or with the process. A worker believes its host.
 */
#ifndef CPLUGINWORKER_H
#define CPLUGINWORKER_H

#include <CPluginMarshal.h>
#include <keyway/plugin.h>

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Rises with every change of this header, of shared.h or of the marshalling. */
#define KWW_PROTOCOL 4u
#define KWW_MAGIC 0x3157574Bu /* "KWW1" */

/* ---- the socket between host and zygote: packets (SOCK_SEQPACKET) of one frame and what follows it -------- */

/*   zygote -> host   HELLO    first
 *   host -> zygote   PRELOAD  a path, then NUL: a library of the host's own that plugins may need; no answer
 *   host -> zygote   SPAWN    kww_spawn, kww_sandbox, then the environment as NAME=VALUE and NUL one after the other, then the
 *                             description of interfaces that the host knows besides its build's; with descriptors: H, W, the
 *                             worker's side of its log socket, its standard output and error, the private libraries in the
 *                             order of loading, the plugin, the files of the sandbox's grants, the worker's end of the
 *                             socket to its broker if it has one
 *   zygote -> host   STARTED  kww_started with the tag of SPAWN; with a pidfd unless it failed
 *   zygote -> host   EXITED   kww_exited with the tag of SPAWN, if that was started: the process is gone
 */
#define KWW_SOCKET 3
#define KWW_HELLO 1u
#define KWW_PRELOAD 2u
#define KWW_SPAWN 3u
#define KWW_STARTED 4u
#define KWW_EXITED 5u

#define KWW_PACKET_LIMIT 131072u
#define KWW_LIBRARY_LIMIT 64u
/* Descriptors of SPAWN before the libraries. */
#define KWW_SPAWN_FILES 4u
/* Workers of one zygote. */
#define KWW_WORKER_LIMIT 1024u

typedef struct kww_frame {
    uint32_t magic, protocol;
    uint32_t kind;
    uint32_t tag; /* which worker */
} kww_frame;

/* A process without lanes is a probe: it loads the plugin, says what it offers, and ends; should it crash, it says where. */
typedef struct kww_spawn {
    uint32_t lanes;
    uint32_t libraries;
    uint32_t environment; /* bytes */
    uint32_t is_rehearsal; /* 1: there is no plugin; the worker enters its sandbox, says how that went, and exits */
    uint32_t described;   /* bytes of the interfaces' description, 0 = there is none; see kwm_read_description */
    uint32_t reserved;
    /* Limits of the process; 0 = any. */
    uint64_t memory;      /* bytes of data; what its control group may have follows from it: see kww_group_memory */
    uint64_t addresses;   /* bytes of all that is mapped */
    uint64_t open_files;
    uint64_t file_size;   /* bytes of each that it writes */
    uint64_t cpu_seconds;
} kww_spawn;

#define KWW_GRANT_LIMIT 96u
#define KWW_MECHANISM_LIMIT 32u

/* What a worker may do: a kws_policy of CPluginSandbox that can travel. */
typedef struct kww_sandbox {
    uint32_t is_used;      /* 0: the worker has all rights of its user */
    uint32_t may;          /* KWS_MAY_* */
    uint32_t uid, gid;     /* whom root becomes; 0: it stays, without its powers */
    uint32_t grants;
    uint32_t has_broker;   /* 1: it may ask its host for connections */
    uint32_t is_heard;     /* 1: with its first report comes a listener for what it is refused (kws_take_notice) */
    uint32_t reserved;
    uint64_t file_size, processes, cpu_seconds; /* 0 = any */
    uint8_t wanted[KWW_MECHANISM_LIMIT];   /* by KWS_*; KWS_NO and so on */
    uint8_t access[KWW_GRANT_LIMIT];       /* KWS_READ and so on */
    char runtime_folder[256];              /* of the Swift libraries, or empty */
} kww_sandbox;

#define KWW_GROUP_ROOM 544u

typedef struct kww_started {
    int32_t pid;
    int32_t error; /* errno; then there is no process */
    uint32_t group_version;     /* of the control group that limits its memory; 0: there is none */
    char group[KWW_GROUP_ROOM]; /* its folder, for kws_limit_memory */
} kww_started;

typedef struct kww_exited {
    int32_t status;  /* as waitpid(2) gives it */
    uint32_t memory_kills; /* processes that the kernel killed as its control group had no memory left */
    int64_t wall_ns; /* from its start */
    int64_t cpu_ns;  /* user and system */
    uint64_t memory; /* bytes, most that were resident at once */
} kww_exited;

/* Starts a program as a zygote: with no descriptors but an empty input and output, the caller's standard error and the
 * socket; with no environment but what is given; in a process group of its own. It dies with the calling *thread*. Returns
 * 0 and the caller's end of the socket, which is closed on exec, or an errno. */
int kww_spawn_zygote(const char *path, char *const *environment, int *socket, int32_t *pid);

/* Ends a zygote, and with it its workers, and waits until it is gone. */
void kww_end_zygote(int socket, int32_t pid);

/* Sends one packet: a frame, what follows it, and descriptors, which stay the caller's. 0, or -1 with errno. */
int kww_send(int socket, const kww_frame *frame, const void *body, size_t size, const int *descriptors, size_t count);

/* Receives one packet, waiting for it: its size, 0 at the end, or -1 with errno. At most one descriptor comes with it, else
 * -1 stands in *descriptor; it is the caller's. */
int64_t kww_receive(int socket, void *buffer, size_t size, int *descriptor);
/* The same without waiting: EAGAIN. With a report come the listener and the memory that it has. */
#define KWW_NOTE_FILES 2u
int64_t kww_receive_note(int socket, void *buffer, size_t size, int descriptors[KWW_NOTE_FILES]);

/* An eventfd that does not block, to wake a thread that polls, or -1. */
int kww_open_bell(void);

/* What a worker logs to (a socket of packets) and prints to (a pipe): the first of each is the host's, which does not block
 * reading the pipe. 0, or -1 with errno. */
int kww_open_channel(int log[2], int output[2]);

/* ---- the socket on which a worker logs: packets (SOCK_SEQPACKET) of one note and its texts ----------------- */

#define KWW_NOTE_LOG 1u    /* level; component, message, fields */
#define KWW_NOTE_METRIC 2u /* level = KW_INSTRUMENT_*, value; name, labels */
#define KWW_NOTE_SANDBOX 4u /* first text: a kws_report; the first comes before any code of the plugin has run, the second after
                             * its constructors and its entry: only of the second stage is it to be believed */
#define KWW_NOTE_UPCALL 3u /* level: a lane for kww_serve; never dropped, as a thread of the plugin waits */

#define KWW_NOTE_LIMIT 65536u

/* Untrusted like all that a worker says. A worker whose host is behind drops notes, and says how many. */
typedef struct kww_note {
    uint32_t kind;       /* KWW_NOTE_* */
    uint32_t level;      /* KW_LOG_* */
    uint64_t call;       /* kw_call.id, 0 = none */
    double value;
    uint64_t dropped;    /* notes lost before this one */
    uint32_t length[4];  /* of the texts behind it: component or name, message or labels, fields, run id */
} kww_note;

/* ---- the socket on which a worker asks its broker for the network: packets (SOCK_SEQPACKET) --------------- */

/*   worker -> host   kww_network_request, without descriptors
 *   host -> worker   kww_network_answer with the number of the request; with a socket, if one was made
 *
 * A worker without the right to connect and to bind sockets gets sockets that are: connected, or about to be (the error is
 * EINPROGRESS), or listening. None of them blocks. */
#define KWW_NETWORK_CONNECT 1u
#define KWW_NETWORK_LISTEN 2u
#define KWW_NETWORK_RESOLVE 3u

typedef struct kww_network_address {
    uint16_t family;   /* AF_INET, AF_INET6 */
    uint16_t port;     /* as a number, whatever the machine's order of bytes */
    uint32_t scope;    /* of an IPv6 address: the interface, 0 = any */
    uint8_t bytes[16]; /* as they go over the network; of IPv4 the first four */
} kww_network_address;

#define KWW_NAME_LIMIT 256u
#define KWW_ADDRESS_LIMIT 32u

typedef struct kww_network_request {
    uint32_t kind, number;
    kww_network_address address; /* of RESOLVE: family 0 = both, port 0 = any, and no more */
    uint32_t is_v6_only;         /* of LISTEN: IPV6_V6ONLY */
    uint32_t reserved;
    char name[KWW_NAME_LIMIT];   /* of RESOLVE; ends with NUL */
} kww_network_request;

typedef struct kww_network_answer {
    uint32_t number;
    int32_t error;  /* an errno, of RESOLVE EAI_*; 0 = none */
    uint32_t count; /* of RESOLVE */
    uint32_t reserved;
    kww_network_address addresses[KWW_ADDRESS_LIMIT];
} kww_network_answer;

/* A pair of sockets, of which the first is the host's: of its answers few wait for a worker that reads none. 0, or -1 with
 * errno. */
int kww_open_network(int ends[2]);
/* Waits for a request: 1; 0: it is no request; -1: there will be no more. Descriptors that come with it are closed. */
int kww_receive_request(int socket, kww_network_request *request);
/* Does not wait for the worker, which goes without if it has no room. The descriptor stays the caller's, -1 = none. */
void kww_send_answer(int socket, const kww_network_answer *answer, int descriptor);

/* A socket that does not block and whose connection was begun. *error: 0, EINPROGRESS, or why there is none (-1). */
int kww_start_connection(const kww_network_address *to, int *error);
/* A socket that listens, or -1 with why. */
int kww_start_listening(const kww_network_address *at, int is_v6_only, int *error);
/* getaddrinfo(3): the number of addresses, at most room, or EAI_*, which is negative. Waits. */
int kww_resolve(const char *name, kww_network_address *addresses, uint32_t room);

/* ---- connections that go through the host, where they are limited ------------------------------------------- */

/* A worker is given a connection to the host, which is still being made until that of the host to the other end is: so it
 * waits for it, and finds it refused, as for any other. Both are connections of TCP, so that their options mean something. */

/* A port of the loopback on which nobody gets an answer, for all connections of one relay: a socket, or -1 with errno. */
int kww_relay_port(void);
/* Begins a connection between ends[0], the host's, and ends[1], for a worker, of the family AF_INET or AF_INET6: as good as
 * connect(2) with EINPROGRESS. Neither blocks. 0, or an errno. */
int kww_relay_begin(int port, int family, int ends[2]);
/* Completes it: `theirs` is a descriptor of ends[1]. Nobody but this host can. 0, or an errno. */
int kww_relay_join(int ours, int theirs);
/* Has a socket pass on at once what is written, and find out within two minutes that the other end is gone. */
void kww_relay_tune(int socket);
/* Closes it so that the other end sees it broken, and not ended. */
void kww_reset_connection(int socket);
/* SO_ERROR, which is taken: an errno, or 0. */
int kww_socket_error(int socket);
/* Another descriptor of the same, closed on exec, or -1 with errno. */
int kww_duplicate(int descriptor);

#define KWW_READABLE 1u
#define KWW_WRITABLE 2u
#define KWW_FAILED 4u /* then it is readable and writable, too: whoever tries is told why */

/* What has become possible with what was watched. */
typedef struct kww_readiness {
    uint64_t key;
    uint32_t what; /* KWW_READABLE and so on */
    uint32_t reserved;
} kww_readiness;

/* epoll(7) by edges: whoever is told has to go on until EAGAIN. A descriptor, or -1 with errno. */
int kww_open_readiness(void);
/* Until the descriptor is closed. 0, or an errno. */
int kww_watch_readiness(int set, int descriptor, uint64_t key);
/* Waits, for ever if milliseconds is -1: how many were found, at most room and 64; -1 with errno, such as EINTR. */
int kww_await_readiness(int set, kww_readiness *found, int room, int milliseconds);

/* ---- what a worker says of its plugin, and of its end ---------------------------------------------------- */

#define KWW_LANE_LIMIT 16u
#define KWW_INTERFACE_LIMIT 32u
#define KWW_SERVICE_LIMIT 64u

#define KWW_STATE_LOADING 0u
#define KWW_STATE_READY 1u
#define KWW_STATE_FAILED 2u

#define KWW_PHASE_SETUP 0u
#define KWW_PHASE_LIBRARIES 1u
#define KWW_PHASE_LOAD 2u
#define KWW_PHASE_ENTRY 3u
#define KWW_PHASE_TABLE 4u
#define KWW_PHASE_SERVING 5u
#define KWW_PHASE_SANDBOX 6u

typedef struct kww_offer {
    char id[128];
    uint64_t present; /* bit i: slot i of its table is filled */
} kww_offer;

typedef struct kww_description {
    char id[256], version[128];
    uint32_t sdk_built, sdk_min, sdk_max, caps, max_concurrency;
    uint32_t present; /* bit i: slot i of kw_plugin, from create on, is filled */
    uint32_t interfaces;
    uint32_t reserved;
    kww_offer interface[KWW_INTERFACE_LIMIT];
} kww_description;

/* Seen by the process that crashed, so a plugin can forge it. What ended a process is what the zygote says. */
typedef struct kww_crash {
    _Atomic uint32_t seen; /* 1: the rest is there */
    int32_t signal, code;
    uint32_t has_address;
    uint64_t address;
    uint32_t is_stack;     /* 1: the stack of a lane overflowed */
    uint32_t is_memory;    /* 1: no memory was to be had when it crashed */
    uint32_t lane;         /* whose thread it was, from 1; 0 = of none */
} kww_crash;

#define KWW_PLACE_LIMIT 32u

/* One function of a backtrace. */
typedef struct kww_place {
    char module[64];        /* name of a file; empty if the address is in none */
    char symbol[128];       /* empty if nothing is known */
    uint64_t offset;        /* into the module */
    uint64_t symbol_offset; /* into the symbol */
} kww_place;

/* ---- the host's view of one worker ----------------------------------------------------------------------- */

typedef struct kww_worker kww_worker;

/* Makes the memory of a worker and what it says to its plugin. The two descriptors are for SPAWN and the caller's to
 * close. NULL with errno: none could be had. lanes: calls that it can serve at once, up to KWW_LANE_LIMIT; 0: a probe. */
kww_worker *kww_worker_make(uint32_t lanes, uint32_t sdk, uint32_t sdk_min, uint32_t sdk_max, int *host_file,
                            int *worker_file);

/* Frees it. It is in no remote, and no call of it runs. */
void kww_worker_free(kww_worker *worker);

/* Its process runs: a pidfd, which is the worker's from now on. */
void kww_worker_started(kww_worker *worker, int process, int32_t pid);

/* Its process is gone, or never came: status as waitpid(2) gives it; how is KWW_END_*. Wakes whoever waits for it. Any
 * thread; only the first one counts. */
#define KWW_END_EXIT 1u   /* the zygote saw it end */
#define KWW_END_ZYGOTE 2u /* the zygote itself is gone */
#define KWW_END_START 3u  /* it could not be started: status is an errno */
void kww_worker_ended(kww_worker *worker, uint32_t how, int32_t status);
/* The kernel killed processes of its control group for want of memory, so that is why it ended, if it was killed. Before
 * kww_worker_ended. */
void kww_worker_lacked_memory(kww_worker *worker);
/* Bytes for the control group of a worker with so many lanes and such a limit, 0 = none: what it shares with its host counts
 * there, too, and what the kernel has for it. */
uint64_t kww_group_memory(uint32_t lanes, uint64_t memory);

/* Why the host kills a worker; 0 is the first that was given. */
#define KWW_KILL_NONE 0u
#define KWW_KILL_RETIRED 1u  /* it is not needed any more */
#define KWW_KILL_WALL 2u
#define KWW_KILL_CPU 3u
#define KWW_KILL_OUTPUT 4u
#define KWW_KILL_PROTOCOL 5u
#define KWW_KILL_CANCELLED 6u /* a cancelled call did not end */
#define KWW_KILL_LOAD 7u      /* it was not ready in time */
#define KWW_KILL_DEADLINE 8u  /* as WALL, of the call's own deadline */
#define KWW_KILL_EVENTS 9u
#define KWW_KILL_DISK 11u     /* its plugin's folders hold too much */
#define KWW_KILL_MEMORY 10u
void kww_worker_kill(kww_worker *worker, uint32_t why);

/* Waits until the plugin is loaded. KWW_STATE_READY and what it offers; KWW_STATE_FAILED and a message, of at most
 * room bytes with NUL; KWW_STATE_LOADING: it was not done at the deadline (CLOCK_MONOTONIC), or has ended. */
uint32_t kww_worker_await(kww_worker *worker, int64_t deadline_ns, kww_description *description, char *message,
                          size_t room);

typedef struct kww_facts {
    int32_t pid;
    uint32_t ended;      /* KWW_END_*, 0 = it lives */
    int32_t status;      /* as waitpid(2) gives it */
    uint32_t killed;     /* KWW_KILL_* */
    uint32_t lacked_memory; /* 1: its group had none left, and the kernel killed it */
    uint32_t phase;      /* KWW_PHASE_*, as it says */
    uint32_t lanes, busy; /* calls it can serve, and those that it does */
    uint64_t calls;
    int32_t signal;      /* the crash as its process saw it: a hint; 0 = none */
    uint32_t has_address;
    uint64_t address;
    uint32_t is_stack, is_memory, lane;
    uint32_t is_descriptors; /* 1: no descriptor was to be had when it was loaded */
} kww_facts;
void kww_worker_facts(const kww_worker *worker, kww_facts *facts);
/* Was it ended by a filter of system calls? The kernel asks no handler then, and SIGSYS that a handler has seen is another's. */
int kww_is_filtered(const kww_facts *facts);

/* Where a probe crashed, the innermost function first: their number, at most room. A plugin can forge it. */
uint32_t kww_worker_backtrace(const kww_worker *worker, kww_place *places, uint32_t room);

/* Processor time of its process in nanoseconds, or -1. */
int64_t kww_worker_cpu_ns(const kww_worker *worker);

/* ---- an instance that lives in workers ------------------------------------------------------------------- */

typedef struct kww_remote kww_remote;

/* Limits of one call. 0 = none. */
typedef struct kww_limits {
    int64_t wall_ns;
    int64_t cpu_ns;
    int64_t grace_ns;      /* between asking a call to end and killing its worker */
    uint64_t output_bytes; /* of events and reply */
    uint64_t events;
    uint32_t queue;        /* calls that may wait for a worker; here 0 = none */
    uint32_t retry;        /* KWW_RETRY_*: which failed calls are made once more, if that can do no harm */
    int64_t ageing_ns;     /* after how long a waiting call rises by one rank */
} kww_limits;

#define KWW_RETRY_NONE 0u
#define KWW_RETRY_LOST 1u    /* those whose worker was ended, though not because of them */
#define KWW_RETRY_CRASHED 2u /* and those that ended it by a crash, an exit or a breach of the protocol */

#define KWW_USUAL_RANK 2u
/* Of the calls of this thread that have to wait for a worker: 0 is served first. */
void kww_set_rank(uint32_t rank);
/* The calls of this thread go to this worker alone, and wait for none; NULL: to any again. */
void kww_set_preferred(kww_worker *worker);

/* Asks about a request before it is sent, and tells of one that ended its worker. Called on the caller's thread with the
 * request as it travels: operation, then bytes, valid during the call. judge: not 0 refuses it. */
typedef struct kww_watch {
    void *context;
    int (*judge)(void *context, const char *operation, const void *bytes, uint64_t length);
    void (*blame)(void *context, int32_t pid, const char *operation, const void *bytes, uint64_t length);
    /* A call has begun to wait for a worker, or none waits any more. */
    void (*waiting)(void *context);
    /* Whose services the plugin may ask for; asked for each once, at kww_remote_make. NULL: there are none. The services of a
     * call are run on the thread of its caller. */
    const kw_host *host;
    /* What the worker was told of interfaces besides its build's; they live as long as the remote. NULL: nothing. */
    const kwm_described *interfaces;
} kww_watch;

/* watch may be NULL. */
kww_remote *kww_remote_make(const kww_limits *limits, const kww_watch *watch);
/* Frees it when no call runs; its workers are the caller's to free. */
void kww_remote_free(kww_remote *remote);
kw_instance *kww_remote_instance(kww_remote *remote);
void kww_remote_set_limits(kww_remote *remote, const kww_limits *limits);
/* From now on judge is asked. */
void kww_remote_set_judged(kww_remote *remote, int is_judged);

/* Workers that one remote can have. */
#define KWW_REMOTE_LIMIT 32u
/* Has calls go to the worker, too. 0; -1: there is no place left for it. */
int kww_remote_attach(kww_remote *remote, kww_worker *worker);
/* Has no new calls go to it. Its calls run on. */
void kww_remote_detach(kww_remote *remote, kww_worker *worker);
/* The same; then waits until its calls have left, and lets go of it. The thread must not be in a call of the remote. */
void kww_remote_remove(kww_remote *remote, kww_worker *worker);
/* Has calls fail instead of going to a worker or waiting for one; text says why, at most 255 bytes. NULL: lets them be made
 * again. Those of kww_set_preferred are made in any case. */
void kww_remote_refuse(kww_remote *remote, const char *text, int64_t retry_after_ns);
/* Serves what the worker's plugin asks for outside of calls, after a KWW_NOTE_UPCALL with this lane, on the calling thread,
 * which may have to wait for the service. The worker stays attached to the remote meanwhile. 0, or -1: it asked for what no
 * honest worker does, and is to be killed. */
int kww_serve(kww_remote *remote, kww_worker *worker, uint32_t lane);
/* Calls that wait for a worker now. */
uint32_t kww_remote_waiting(kww_remote *remote);

/* The table of a plugin in workers, all of whose operations are stubs; NULL where the description says that the plugin has
 * none. id and version point into the description. */
void kww_plugin_table(const kww_description *description, kw_plugin *table);
/* The same of an interface: 0; -1 if nobody here knows it. room: bytes at table. */
int kww_interface_table(const char *id, uint64_t present, void *table, size_t room);

/* ---- what went wrong between host and worker ------------------------------------------------------------- */

/* What a stub returns when it was not the plugin that failed; then kww_take_fault says more. No kw_status. */
static const kw_status KWW_FAULT = 0x4B570001;

#define KWW_FAULT_CRASHED 1u    /* the process ended by a signal */
#define KWW_FAULT_EXITED 2u     /* the plugin ended its process */
#define KWW_FAULT_LOST 3u       /* the worker was ended, not because of this call */
#define KWW_FAULT_LIMIT 4u      /* this call went beyond a limit */
#define KWW_FAULT_PROTOCOL 5u   /* what the worker wrote makes no sense */
#define KWW_FAULT_TOO_LARGE 6u  /* input or output do not fit into a lane */
#define KWW_FAULT_REFUSED 7u    /* there is no worker, and none is to be waited for */
#define KWW_FAULT_POISONED 8u   /* judge refused it */
#define KWW_FAULT_CANCELLED 9u  /* cancelled while it waited for a worker, or beyond its grace */
#define KWW_FAULT_INPUT 10u     /* the input cannot be marshalled */
#define KWW_FAULT_OVERLOADED 12u /* too many calls wait already: value of them */
#define KWW_FAULT_EXPIRED 13u    /* its deadline passed while it waited for a worker */
#define KWW_FAULT_MEMORY 11u    /* no memory is left on the host's side */

typedef struct kww_fault {
    uint32_t kind;    /* KWW_FAULT_* */
    uint32_t limit;   /* KWW_KILL_*, of KWW_FAULT_LIMIT */
    int32_t signal;   /* of CRASHED */
    int32_t status;   /* exit status of EXITED */
    uint32_t has_address, is_stack, is_memory;
    uint32_t is_filtered; /* 1: its process was ended for a system call, by the kernel */
    int32_t pid;
    uint64_t address;
    uint64_t value;   /* of the limit: nanoseconds, bytes or events; of TOO_LARGE the bytes that do fit */
    int64_t retry_after_ns;
    char text[256];
} kww_fault;

/* The fault of this thread's latest call that returned KWW_FAULT. */
void kww_take_fault(kww_fault *fault);

#endif
