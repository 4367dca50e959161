#define _GNU_SOURCE
#include "outcome.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <keyway/author.h>
#include "call_error.h"
#include "tool.h"

void outcome_violate(run *r, const char *kind, const char *subject, uint64_t count)
{
    uint32_t n = r->out.violations.count;
    if (n < RUN_MOST_VIOLATIONS) {
        r->violations[n] = (kw_violation) { .h = KW_HDR(kw_violation), .kind = kw_string(kind),
                                            .subject = kw_string(subject), .count = count };
        r->out.violations = kw_span_of(r->violations, n + 1, sizeof *r->violations);
    }
}

static kw_status reply(run *r)
{
    if (r->request.in.kind == KW_RUN_TOOL)
        tool_finish(r->call, r->supervision, &r->out);
    return KW_REPLY(r->call, &r->out);
}

kw_status outcome_reply_without_run(run *r, uint32_t end, kw_str detail)
{
    r->out.end = end;
    r->out.detail = detail;
    return reply(r);
}

static void say_signal(run *r, int signal)
{
    const supervision *s = r->supervision;
    const kw_limits *l = s->limits;
    bool is_crash = signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS || signal == SIGKILL;
    r->out.end = KW_END_SIGNALLED;
    if (l->cpu_ns > 0 && (signal == SIGXCPU || (signal == SIGKILL && s->cpu_ns >= l->cpu_ns))) {
        r->out.end = KW_END_CPU;
        outcome_violate(r, "cpu", "run", 1);
    } else if (l->memory > 0 && is_crash && s->max_rss >= l->memory / 2) {
        /* RLIMIT_AS refuses memory and says nothing; a crash that close to the limit is taken to be its doing. */
        r->out.end = KW_END_MEMORY;
        outcome_violate(r, "memory", "run", 1);
    } else if (l->file_size > 0 && signal == SIGXFSZ) {
        outcome_violate(r, "fileSize", "run", 1);
    }
}

static void say_survivors(run *r)
{
    const supervision *s = r->supervision;
    uint32_t count = s->survivors.count;
    if (count == 0)
        return;
    int64_t *pids = r->call->api->alloc(r->call, count * sizeof *pids, _Alignof(int64_t));
    if (pids != NULL) {
        memcpy(pids, s->survivors.pids, count * sizeof *pids);
        r->out.leftover = kw_span_of(pids, count, sizeof *pids);
    }
    if (s->policy->background != KW_BACKGROUND_KEEP)
        outcome_violate(r, "background", "processes", count);
    if (s->policy->background == KW_BACKGROUND_DENY && s->cause == 0) {
        r->out.detail = call_text(r->call, "the program left %u processes running, which the policy's background denies; "
                                  "they were ended", count);
        r->out.end = KW_END_DENIED;
        r->out.exit_code = -1;
    }
}

static void say_output(run *r)
{
    static const char *const kinds[] = { "stdoutBytes", "stderrBytes" }, *const subjects[] = { "stdout", "stderr" };
    const supervision *s = r->supervision;
    for (int i = 0; i < 2; i++) {
        const stream *from = &s->streams[i];
        if (from->produced > from->passed) {
            r->out.truncated = 1;
            outcome_violate(r, kinds[i], subjects[i], from->produced - from->passed);
        }
        if (from->spool_failed)
            outcome_violate(r, "spool", subjects[i], 1);
    }
    r->out.stdout_bytes = s->streams[0].produced;
    r->out.stderr_bytes = s->streams[1].produced;
    r->out.stdout_path = kw_copy(r->call, kw_string(s->streams[0].spool_path));
    r->out.stderr_path = kw_copy(r->call, kw_string(s->streams[1].spool_path));
}

kw_status outcome_reply(run *r)
{
    const supervision *s = r->supervision;
    int status = s->reaper.status, signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    r->out.signal = signal;
    if (s->cause != 0) {
        r->out.end = s->cause;
        if (s->cause != KW_END_OUTPUT) /* counted in bytes below */
            outcome_violate(r, s->limit, "run", 1);
    } else if (signal == 0) {
        r->out.end = KW_END_EXITED;
        r->out.exit_code = WEXITSTATUS(status);
    } else {
        say_signal(r, signal);
    }
    say_output(r);
    say_survivors(r);
    r->out.duration_ns = s->duration_ns;
    r->out.cpu_ns = s->cpu_ns;
    r->out.max_rss = s->max_rss;
    r->out.disk_bytes = s->disk_bytes;
    return reply(r);
}
