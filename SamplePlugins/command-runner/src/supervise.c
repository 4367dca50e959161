#define _GNU_SOURCE
#include "supervise.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <keyway/author.h>

static int64_t now_ns(const supervision *s)
{
    return s->host->now_ns(s->host);
}

/* ---- ending the program --------------------------------------------------------------------------------- */

/* The group's id cannot belong to anybody else before its leader is waited for, which happens last. */
static void signal_group(const supervision *s, int number)
{
    (void)kill(-s->reaper.program, number);
}

static void stop(supervision *s, uint32_t cause, const char *limit)
{
    if (s->cause != 0)
        return;
    s->cause = cause;
    s->limit = limit;
    s->asked = true;
    s->kill_at = now_ns(s) + (s->limits->grace_ns > 0 ? s->limits->grace_ns : SUPERVISE_GRACE_NS);
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
    const kw_limits *l = s->limits;
    if (kw_cancelled(s->call) || s->consumer_gone)
        stop(s, KW_END_CANCELLED, "cancelled");
    else if (has_passed(now, s->started, l->wall_ns))
        stop(s, KW_END_TIMEOUT, "wall");
    else if (!s->is_held && has_passed(now, s->last_output, l->idle_ns))
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

/* Not blocking: a consumer that does not read must not keep time limits from being kept. */
static void emit(supervision *s, const kw_event *event)
{
    if (s->consumer_gone || s->cause == KW_END_CANCELLED)
        return;
    kw_status status = s->call->api->emit(s->call, event, KW_EMIT_NOBLOCK);
    s->is_held = status == KW_WOULD_BLOCK;
    if (s->is_held) {
        s->held = *event;
        return;
    }
    if (status == KW_CANCELLED)
        s->consumer_gone = true;
    s->last_output = now_ns(s);
}

static void retry_held(supervision *s)
{
    if (s->is_held) {
        kw_event event = s->held;
        emit(s, &event);
    }
    if (s->consumer_gone || s->cause == KW_END_CANCELLED)
        s->is_held = false;
}

static void pass_on(supervision *s, stream *from, kw_bytes data)
{
    if (data.len == 0)
        return;
    stream_keep(from, data);
    kw_event event = { .h = KW_HDR(kw_event), .kind = from->event, .data = data };
    emit(s, &event);
}

/* Reads at most `most` bytes; false when there is nothing more to read now. */
static bool read_some(supervision *s, stream *from, size_t most)
{
    ssize_t n = read(from->pipe, s->chunk, most < sizeof s->chunk ? most : sizeof s->chunk);
    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && errno != EIO) /* EIO: a terminal that nobody has open any more */
        return false;
    if (n <= 0) {
        close(from->pipe);
        from->pipe = -1;
        return false;
    }
    size_t now = stream_take(from, s->chunk, (size_t)n);
    if (from->limit > 0 && from->produced > from->limit && s->policy->overflow == KW_OVERFLOW_KILL)
        stop(s, KW_END_OUTPUT, from->event == KW_EVENT_STDOUT ? "stdoutBytes" : "stderrBytes");
    s->last_output = now_ns(s);
    pass_on(s, from, (kw_bytes) { s->chunk, now });
    return true;
}

static void wake(void *user_data) KW_NOEXCEPT
{
    uint64_t one = 1;
    const supervision *s = user_data;
    ssize_t n = write(s->bell, &one, sizeof one);
    (void)n; /* full means that it rings already */
}

/* ---- what was sent -------------------------------------------------------------------------------------- */

static void take_mail(supervision *s)
{
    session *own = s->session;
    if (own == NULL)
        return;
    pthread_mutex_lock(&s->sessions->lock);
    if (feed_add(&s->feed, own->input, own->input_size)) {
        own->input_size = 0;
        s->feed.ends = s->feed.ends || own->input_ends;
    } /* else there is no memory now; it stays, and the next event tries again */
    own->backlog = feed_left(&s->feed);
    uint64_t signals = own->signals;
    struct winsize size = { .ws_row = (unsigned short)own->rows, .ws_col = (unsigned short)own->columns };
    bool resized = own->resized;
    own->signals = 0;
    own->resized = false;
    pthread_mutex_unlock(&s->sessions->lock);
    for (int number = 1; number <= 64; number++)
        if (signals & UINT64_C(1) << (number - 1))
            signal_group(s, number);
    if (resized && s->terminal >= 0)
        (void)ioctl(s->terminal, TIOCSWINSZ, &size);
}

static void set_running(supervision *s, bool running)
{
    if (s->session == NULL)
        return;
    pthread_mutex_lock(&s->sessions->lock);
    s->session->is_running = running;
    s->session->takes_input = running && s->session->takes_input;
    pthread_mutex_unlock(&s->sessions->lock);
}

/* ---- waiting -------------------------------------------------------------------------------------------- */

static void earlier(int64_t *first, int64_t from, int64_t span)
{
    if (span > 0 && span < INT64_MAX - from && from + span < *first)
        *first = from + span;
}

static int64_t next_due(const supervision *s)
{
    int64_t due = INT64_MAX;
    if (s->cause == 0) {
        earlier(&due, s->started, s->limits->wall_ns);
        if (!s->is_held)
            earlier(&due, s->last_output, s->limits->idle_ns);
    }
    if (s->asked && !s->killed && s->kill_at < due)
        due = s->kill_at;
    if (s->call->deadline_ns != 0 && !(s->cause != 0 && s->killed) && s->call->deadline_ns < due)
        due = s->call->deadline_ns;
    return due;
}

/* Until something happens, or a limit is due. Returns whether the program has ended. Its outputs are read only while it
 * runs and nothing is held. */
static bool wait_for_event(supervision *s, bool running)
{
    int64_t due = next_due(s), now = now_ns(s), left = due > now ? due - now : 0;
    struct timespec timeout = { .tv_sec = (time_t)(left / 1000000000), .tv_nsec = (long)(left % 1000000000) };
    bool reads = running && !s->is_held;
    struct pollfd list[6] = {
        { .fd = running ? s->process : -1, .events = POLLIN },
        { .fd = reads ? s->streams[0].pipe : -1, .events = POLLIN },
        { .fd = reads ? s->streams[1].pipe : -1, .events = POLLIN },
        { .fd = s->bell, .events = POLLIN },
        { .fd = s->cause == 0 || (!running && s->is_held) ? s->cancel : -1, .events = POLLIN },
        { .fd = running && feed_wants(&s->feed) ? s->feed.fd : -1, .events = POLLOUT },
    };
    if (ppoll(list, 6, due == INT64_MAX ? NULL : &timeout, NULL) <= 0)
        return false;
    if (list[3].revents != 0) {
        uint64_t count;
        ssize_t n = read(s->bell, &count, sizeof count);
        (void)n;
        if (running)
            take_mail(s);
    }
    retry_held(s);
    if (list[5].revents != 0) {
        feed_write(&s->feed);
        take_mail(s);
    }
    for (int i = 0; i < 2; i++)
        if (list[i + 1].revents != 0 && !s->is_held)
            read_some(s, &s->streams[i], SUPERVISE_CHUNK);
    return list[0].revents != 0;
}

/* Holds an event until the consumer takes it, the call is cancelled, or its deadline passes. */
static void wait_for_room(supervision *s)
{
    while (s->is_held) {
        if (kw_cancelled(s->call) || (s->call->deadline_ns != 0 && now_ns(s) >= s->call->deadline_ns)) {
            s->consumer_gone = true;
            s->is_held = false;
            return;
        }
        wait_for_event(s, false);
    }
}

/* How much lies in it now, and no more: whoever still holds the other end could write for ever. A terminal does not say. */
static uint64_t readable_now(const supervision *s, const stream *from)
{
    int left = 0;
    if (from->pipe < 0)
        return 0;
    if (s->terminal >= 0)
        return SUPERVISE_CHUNK * 16;
    return ioctl(from->pipe, FIONREAD, &left) == 0 && left > 0 ? (uint64_t)left : 0;
}

static void drain(supervision *s)
{
    wait_for_room(s);
    for (int i = 0; i < 2; i++) {
        stream *from = &s->streams[i];
        kw_bytes rest[2];
        uint64_t end = from->produced + readable_now(s, from);
        while (from->pipe >= 0 && from->produced < end && read_some(s, from, (size_t)(end - from->produced)))
            wait_for_room(s);
        unsigned pieces = stream_rest(from, rest);
        for (unsigned n = 0; n < pieces; n++) {
            pass_on(s, from, rest[n]);
            wait_for_room(s);
        }
    }
}

/* ---- after the end -------------------------------------------------------------------------------------- */

/* Of the program and the processes it waited for. While nobody has waited for it, its figures are there. */
static uint64_t disk_bytes(const supervision *s)
{
    char path[64], line[128];
    unsigned long long bytes = 0;
    snprintf(path, sizeof path, "/proc/%lld/io", (long long)s->reaper.program);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "write_bytes: %llu", &bytes) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return bytes;
}

static void count_use(supervision *s)
{
    struct rusage host;
    const struct rusage *used = &s->reaper.used;
    (void)getrusage(RUSAGE_SELF, &host);
    s->cpu_ns = ((int64_t)used->ru_utime.tv_sec + used->ru_stime.tv_sec) * 1000000000
        + ((int64_t)used->ru_utime.tv_usec + used->ru_stime.tv_usec) * 1000;
    /* At exec, the kernel counts the memory the process had before it, which was the host's. A value that is not above
     * the host's own peak says nothing about the program. */
    s->max_rss = used->ru_maxrss > host.ru_maxrss ? (uint64_t)used->ru_maxrss * 1024 : 0;
}

static void settle_survivors(supervision *s)
{
    uint32_t way = s->cause != 0 ? KW_BACKGROUND_REAP : s->policy->background;
    if (way == KW_BACKGROUND_REAP)
        signal_group(s, SIGKILL);
    s->disk_bytes = disk_bytes(s);
    bool left = reaper_collect(&s->reaper);
    /* With their namespace's first process all others end. */
    bool ends_all = reaper_takes_all(&s->reaper);
    if (left && (way == KW_BACKGROUND_DENY || (way == KW_BACKGROUND_KEEP && !ends_all)))
        survivors_find(&s->reaper, &s->survivors);
    if (left && way != KW_BACKGROUND_KEEP && !ends_all) {
        survivors stubborn;
        survivors_end(&s->reaper, &stubborn);
        if (way == KW_BACKGROUND_REAP)
            s->survivors = stubborn;
    }
    reaper_end(&s->reaper);
}

void supervise(supervision *s)
{
    bool ended = false;
    s->started = s->last_output = now_ns(s);
    s->call->api->set_waker(s->call, wake, s);
    s->cancel = s->call->api->cancel_fd(s->call);
    set_running(s, true);
    take_mail(s);
    s->announced = (kw_process) { .h = KW_HDR(kw_process), .pid = s->reaper.program };
    if (s->session != NULL)
        s->announced.session = kw_string(s->session->name);
    kw_event started = { .h = KW_HDR(kw_event), .kind = KW_EVENT_PROCESS,
                         .payload = kw_span_of(&s->announced, 1, sizeof s->announced) };
    emit(s, &started);
    while (!ended) {
        keep_limits(s);
        ended = wait_for_event(s, true);
    }
    s->duration_ns = now_ns(s) - s->started;
    set_running(s, false);
    settle_survivors(s);
    drain(s);
    s->call->api->set_waker(s->call, NULL, NULL);
    if (s->reaper.has_status)
        count_use(s);
}
