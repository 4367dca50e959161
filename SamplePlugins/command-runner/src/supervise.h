/* Watches a program that was started: passes its output on, keeps its time limits, ends its process group, reaps it. */
#ifndef COMMAND_RUNNER_SUPERVISE_H
#define COMMAND_RUNNER_SUPERVISE_H

#include <stdbool.h>
#include <sys/types.h>

#include <keyway/plugin.h>

#define SUPERVISE_CHUNK 65536u
/* Between SIGTERM and SIGKILL where the policy does not say. */
#define SUPERVISE_GRACE_NS INT64_C(2000000000)

typedef struct stream {
    int pipe;               /* or -1 once it has ended */
    uint32_t event;         /* KW_EVENT_STDOUT or KW_EVENT_STDERR */
    uint64_t limit;         /* 0: none */
    uint64_t produced, passed;
} stream;

typedef struct supervision {
    kw_call *call;
    const kw_host *host;
    const kw_policy *policy;
    pid_t pid;
    int process;            /* pidfd */
    int cancel, room;       /* eventfds: of the call; of the waker */
    stream streams[2];
    int64_t started, last_output;
    uint32_t cause;         /* KW_END_* for which it was stopped, 0: it was not */
    const char *limit;      /* name of the limit that stopped it, or NULL */
    bool asked, killed;     /* SIGTERM, SIGKILL sent */
    int64_t kill_at;
    bool consumer_gone;
    stream *held_by;        /* a chunk the consumer had no room for */
    size_t held;
    char chunk[SUPERVISE_CHUNK];
    /* the outcome */
    bool reaped;
    int status;             /* as of wait4 */
    int64_t duration_ns, cpu_ns;
    uint64_t max_rss;
} supervision;

/* Runs until the program has ended, what it wrote has been passed on, and it has been reaped. */
void supervise(supervision *s);

#endif
