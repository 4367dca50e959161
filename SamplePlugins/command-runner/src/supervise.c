#define _GNU_SOURCE
#include "supervise.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <keyway/author.h>

static int64_t now_ns(const supervision *s)
{
    return s->host->now_ns(s->host);
}

/* ---- ending the program --------------------------------------------------------------------------------- */

/* The group's id cannot belong to anybody else before its leader is reaped, which happens last. */
static void signal_group(const supervision *s, int number)
{
    (void)kill(-s->pid, number);
}

static void stop(supervision *s, uint32_t cause, const char *limit)
{
    if (s->cause != 0)
        return;
    s->cause = cause;
    s->limit = limit;
    s->asked = true;
    s->kill_at = now_ns(s) + (s->policy->grace_ns > 0 ? s->policy->grace_ns : SUPERVISE_GRACE_NS);
    signal_group(s, SIGTERM);
    signal_group(s, SIGCONT); /* a stopped program would not notice */
}

/* now - then >= span, where span may be near the end of the range. */
static bool has_passed(int64_t now, int64_t then, int64_t span)
{
    return span > 0 && now - then >= span;
}

static void keep_limits(supervision *s)
{
    int64_t now = now_ns(s);
    const kw_policy *p = s->policy;
    if (kw_cancelled(s->call) || s->consumer_gone)
        stop(s, KW_END_CANCELLED, "cancelled");
    else if (has_passed(now, s->started, p->wall_ns))
        stop(s, KW_END_TIMEOUT, "wall");
    else if (s->held_by == NULL && has_passed(now, s->last_output, p->idle_ns))
        stop(s, KW_END_IDLE, "idle");
    /* By the call's deadline everything must be over, so there is no grace left to give. */
    if (s->call->deadline_ns != 0 && now >= s->call->deadline_ns) {
        stop(s, KW_END_TIMEOUT, "deadline");
        s->kill_at = now;
    }
    if (s->asked && !s->killed && now >= s->kill_at) {
        s->killed = true;
        signal_group(s, SIGKILL);
    }
}

/* ---- output --------------------------------------------------------------------------------------------- */

static void pass_on(supervision *s, stream *from, size_t size)
{
    if (size == 0 || s->consumer_gone || s->cause == KW_END_CANCELLED)
        return;
    kw_event event = { .h = KW_HDR(kw_event), .kind = from->event, .data = { s->chunk, size } };
    /* Not blocking: a consumer that does not read must not keep time limits from being kept. */
    kw_status status = s->call->api->emit(s->call, &event, KW_EMIT_NOBLOCK);
    if (status == KW_WOULD_BLOCK) {
        s->held_by = from;
        s->held = size;
        return;
    }
    s->held_by = NULL;
    if (status == KW_CANCELLED)
        s->consumer_gone = true;
    s->last_output = now_ns(s);
}

static void retry_held(supervision *s)
{
    if (s->held_by != NULL)
        pass_on(s, s->held_by, s->held);
    if (s->consumer_gone || s->cause == KW_END_CANCELLED)
        s->held_by = NULL;
}

/* Reads at most `most` bytes; false when there is nothing more to read now. */
static bool read_some(supervision *s, stream *from, size_t most)
{
    ssize_t n = read(from->pipe, s->chunk, most < sizeof s->chunk ? most : sizeof s->chunk);
    if (n < 0)
        return errno == EINTR;
    if (n == 0) {
        close(from->pipe);
        from->pipe = -1;
        return false;
    }
    uint64_t size = (uint64_t)n, allowed = size;
    from->produced += size;
    if (from->limit > 0 && size > from->limit - from->passed) {
        allowed = from->limit - from->passed;
        if (s->policy->overflow == KW_OVERFLOW_KILL)
            stop(s, KW_END_OUTPUT, from->event == KW_EVENT_STDOUT ? "stdoutBytes" : "stderrBytes");
    }
    from->passed += allowed;
    s->last_output = now_ns(s);
    pass_on(s, from, (size_t)allowed);
    return true;
}

static void wake(void *user_data) KW_NOEXCEPT
{
    uint64_t one = 1;
    const supervision *s = user_data;
    ssize_t n = write(s->room, &one, sizeof one);
    (void)n; /* full means that it is readable already */
}

/* ---- waiting -------------------------------------------------------------------------------------------- */

static void earlier(int64_t *first, int64_t from, int64_t span)
{
    if (span > 0 && span < INT64_MAX - from && from + span < *first)
        *first = from + span;
}

/* Until something happens, or a limit is due. Returns whether the program has ended. */
static bool wait_for_event(supervision *s, bool running)
{
    int64_t due = INT64_MAX, now = now_ns(s);
    if (s->cause == 0) {
        earlier(&due, s->started, s->policy->wall_ns);
        if (s->held_by == NULL)
            earlier(&due, s->last_output, s->policy->idle_ns);
    }
    if (s->asked && !s->killed && s->kill_at < due)
        due = s->kill_at;
    if (s->call->deadline_ns != 0 && !(s->cause != 0 && s->killed) && s->call->deadline_ns < due)
        due = s->call->deadline_ns;
    int64_t left = due > now ? due - now : 0;
    struct timespec timeout = { .tv_sec = (time_t)(left / 1000000000), .tv_nsec = (long)(left % 1000000000) };
    struct pollfd list[5] = {
        { .fd = running ? s->process : -1, .events = POLLIN },
        { .fd = s->held_by == NULL ? s->streams[0].pipe : -1, .events = POLLIN },
        { .fd = s->held_by == NULL ? s->streams[1].pipe : -1, .events = POLLIN },
        { .fd = s->room, .events = POLLIN },
        { .fd = s->cause == 0 || (!running && s->held_by != NULL) ? s->cancel : -1, .events = POLLIN },
    };
    if (ppoll(list, 5, due == INT64_MAX ? NULL : &timeout, NULL) <= 0)
        return false;
    if (list[3].revents != 0) {
        uint64_t count;
        ssize_t n = read(s->room, &count, sizeof count);
        (void)n;
    }
    retry_held(s);
    for (int i = 0; i < 2; i++)
        if (list[i + 1].revents != 0 && s->held_by == NULL)
            read_some(s, &s->streams[i], SUPERVISE_CHUNK);
    return list[0].revents != 0;
}

/* Holds a chunk until the consumer takes it, the call is cancelled, or its deadline passes. */
static void wait_for_room(supervision *s)
{
    while (s->held_by != NULL) {
        if (kw_cancelled(s->call)
            || (s->call->deadline_ns != 0 && now_ns(s) >= s->call->deadline_ns)) {
            s->consumer_gone = true;
            s->held_by = NULL;
            return;
        }
        wait_for_event(s, false);
    }
}

/* What lies in the pipes now, and no more: whoever still holds the other end could write for ever. */
static void drain(supervision *s)
{
    wait_for_room(s);
    for (int i = 0; i < 2; i++) {
        stream *from = &s->streams[i];
        int left = 0;
        if (from->pipe < 0 || ioctl(from->pipe, FIONREAD, &left) != 0)
            continue;
        for (uint64_t end = from->produced + (uint64_t)left; from->pipe >= 0 && from->produced < end;) {
            /* The other stream waits meanwhile, so its pipe is not polled by wait_for_room. */
            if (!read_some(s, from, (size_t)(end - from->produced)))
                break;
            if (s->held_by != NULL) {
                int other = s->streams[1 - i].pipe;
                int own = from->pipe;
                s->streams[1 - i].pipe = from->pipe = -1;
                wait_for_room(s);
                s->streams[1 - i].pipe = other;
                from->pipe = own;
            }
        }
    }
}

static void reap(supervision *s)
{
    struct rusage host, used;
    pid_t reaped;
    (void)getrusage(RUSAGE_SELF, &host);
    while ((reaped = wait4(s->pid, &s->status, 0, &used)) < 0 && errno == EINTR)
        ;
    s->reaped = reaped == s->pid;
    if (!s->reaped)
        return;
    s->cpu_ns = ((int64_t)used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000
        + ((int64_t)used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000;
    /* At exec, the kernel counts the memory the process had before it, which was the host's. A value that is not above
     * the host's own peak says nothing about the program. */
    s->max_rss = used.ru_maxrss > host.ru_maxrss ? (uint64_t)used.ru_maxrss * 1024 : 0;
}

void supervise(supervision *s)
{
    bool ended = false;
    s->started = s->last_output = now_ns(s);
    s->call->api->set_waker(s->call, wake, s);
    s->cancel = s->call->api->cancel_fd(s->call);
    while (!ended) {
        keep_limits(s);
        ended = wait_for_event(s, true);
    }
    s->duration_ns = now_ns(s) - s->started;
    /* What the program left in its group ends with it. */
    signal_group(s, SIGKILL);
    drain(s);
    s->call->api->set_waker(s->call, NULL, NULL);
    reap(s);
}
