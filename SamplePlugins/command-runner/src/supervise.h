/* Watches a program that was started: passes its output on, feeds its input, keeps its time limits, ends its process
 * group and what it left behind. */
#ifndef COMMAND_RUNNER_SUPERVISE_H
#define COMMAND_RUNNER_SUPERVISE_H

#include <stdbool.h>
#include <sys/types.h>

#include <keyway/plugin.h>

#include "feed.h"
#include "reaper.h"
#include "session.h"
#include "stream.h"
#include "survivors.h"

#define SUPERVISE_CHUNK 65536u
/* Between SIGTERM and SIGKILL where the policy does not say. */
#define SUPERVISE_GRACE_NS INT64_C(2000000000)

typedef struct supervision {
    kw_call *call;
    const kw_host *host;
    const kw_policy *policy;
    const kw_limits *limits;
    reaper reaper;
    int process;            /* pidfd of the program */
    int cancel, bell;       /* eventfds: of the call; of the waker and of send() */
    stream streams[2];
    feed feed;
    int terminal;           /* its other side, for its size; or -1 */
    session_table *sessions;
    session *session;       /* or NULL: send() does not reach this run */
    int64_t started, last_output;
    uint32_t cause;         /* KW_END_* for which it was stopped, 0: it was not */
    const char *limit;      /* name of the limit that stopped it, or NULL */
    bool asked, killed;     /* SIGTERM, SIGKILL sent */
    int64_t kill_at;
    bool consumer_gone;
    bool is_held;           /* the consumer had no room for `held` */
    kw_event held;
    kw_process announced;
    char chunk[SUPERVISE_CHUNK];
    /* the outcome */
    int64_t duration_ns, cpu_ns;
    uint64_t max_rss, disk_bytes;
    survivors survivors;
} supervision;

/* Runs until the program has ended, what it wrote has been passed on, and it has been reaped. reaper.has_status says
 * whether how it ended is known. */
void supervise(supervision *s);

#endif
