/* keyway-scanner - runs plugins for a host that wants to know what they do, each in a process of its own.
 *
 * The scanner itself loads no plugin. It forks for each, so that a plugin costs a fork and not the start of a program, and
 * watches all of them in one loop. See CPluginScanner.h for what it says to its host. */
#define _GNU_SOURCE
#include "scanner.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TAIL 4096
/* What may still be in a pipe when its writers are dead, and more than that only if one of them is not. */
#define DRAIN_LIMIT (1 << 20)

typedef struct child {
    uint32_t tag;
    pid_t pid;
    int process; /* pidfd, -1: this place is free */
    int output;  /* -1: closed */
    int was_killed;
    int64_t began, deadline; /* nanoseconds of CLOCK_MONOTONIC */
    uint64_t printed;
    report *report;
    char tail[TAIL]; /* a ring: byte n of the output is at n % TAIL */
} child;

static child children[KWS_PARALLEL_LIMIT];
/* Readable when the scanner is to end: a signal that killed it would leave behind what plugins started. */
static int ending_signals;
static char packet[KWS_PACKET_LIMIT];

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* ---- answers -------------------------------------------------------------------------------------------- */

static _Noreturn void leave(int status);

static void send_packet(uint32_t kind, uint32_t tag, size_t text, size_t tail)
{
    kws_frame frame = { KWS_MAGIC, KWS_PROTOCOL, kind, tag, (uint32_t)text, (uint32_t)tail };
    memcpy(packet, &frame, sizeof frame);
    ssize_t sent;
    do
        sent = send(KWS_SOCKET, packet, sizeof frame + text + tail, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        leave(1);
}

static void send_failure(uint32_t tag, const char *call)
{
    send_packet(KWS_RESULT, tag,
                describe_failure(call, errno, packet + sizeof(kws_frame), sizeof packet - sizeof(kws_frame)), 0);
}

/* ---- children ------------------------------------------------------------------------------------------- */

static void read_output(child *child, size_t limit)
{
    static char buffer[65536];
    while (child->output >= 0 && limit > 0) {
        ssize_t got = read(child->output, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            close(child->output);
            child->output = -1;
            return;
        }
        for (ssize_t i = got > TAIL ? got - TAIL : 0; i < got; i++)
            child->tail[(child->printed + (uint64_t)i) % TAIL] = buffer[i];
        child->printed += (uint64_t)got;
        limit -= (size_t)got < limit ? (size_t)got : limit;
    }
}

/* Processes of plugins that left their group and lost their parent come to us, the nearest reaper. */
static void end_strays(void)
{
    char path[64], list[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    ssize_t length = read(file, list, sizeof list - 1);
    close(file);
    list[length > 0 ? length : 0] = '\0';
    for (char *at = list, *end;; at = end) {
        pid_t pid = (pid_t)strtol(at, &end, 10);
        if (end == at)
            return;
        int is_ours = 0;
        for (size_t i = 0; i < KWS_PARALLEL_LIMIT; i++)
            is_ours |= children[i].process >= 0 && children[i].pid == pid;
        if (!is_ours) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, WNOHANG);
        }
    }
}

static void report_child(child *child, int status)
{
    static report copy;
    ending ending = { status, child->was_killed, child->printed, now() - child->began };
    /* A stray of the plugin may still be writing to the original. */
    memcpy(&copy, child->report, sizeof copy);
    size_t text = describe(&copy, &ending, packet + sizeof(kws_frame), sizeof packet - sizeof(kws_frame) - TAIL);
    size_t tail = child->printed < TAIL ? (size_t)child->printed : TAIL;
    char *to = packet + sizeof(kws_frame) + text;
    for (size_t i = 0; i < tail; i++)
        to[i] = child->tail[(child->printed - tail + i) % TAIL];
    send_packet(KWS_RESULT, child->tag, text, tail);
}

/* The child is dead, and not waited for: until then nobody else can have its number or its group's. */
static void finish_child(child *child)
{
    int status = 0;
    kill(-child->pid, SIGKILL);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(child->process);
    child->process = -1;
    read_output(child, DRAIN_LIMIT);
    if (child->output >= 0)
        close(child->output);
    end_strays();
    report_child(child, status);
    munmap(child->report, sizeof *child->report);
}

static void kill_child(child *child)
{
    child->was_killed = 1;
    child->deadline = INT64_MAX;
    kill(-child->pid, SIGKILL);
    /* It may have left its group for that of another child. */
    kill(child->pid, SIGKILL);
}

static _Noreturn void leave(int status)
{
    for (size_t i = 0; i < KWS_PARALLEL_LIMIT; i++) {
        if (children[i].process < 0)
            continue;
        kill_child(&children[i]);
        waitpid(children[i].pid, NULL, 0);
        children[i].process = -1;
    }
    /* With each process that ends, what it started comes to us in turn. All that are here were killed, so that one ends
     * soon; the host does not wait for ever. */
    do
        end_strays();
    while (waitpid(-1, NULL, 0) >= 0 || errno != ECHILD);
    _exit(status);
}

/* ---- requests ------------------------------------------------------------------------------------------- */

/* errno and the call that set it, or NULL. */
static const char *start(child *child, job *job)
{
    int pipe_ends[2];
    pid_t scanner = getpid();
    job->report = mmap(NULL, sizeof *job->report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (job->report == MAP_FAILED)
        return "mmap";
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
        munmap(job->report, sizeof *job->report);
        return "pipe2";
    }
    fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK);
    int64_t began = now();
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        setpgid(0, 0);
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != scanner)
            _exit(1);
        run_plugin(job, pipe_ends[1]);
    }
    const char *failed = pid < 0 ? "fork" : NULL;
    int process = -1;
    if (pid > 0) {
        /* Here as well as there: whoever is first. */
        setpgid(pid, pid);
        process = (int)syscall(SYS_pidfd_open, pid, 0); /* Linux 5.3 */
        if (process < 0) {
            failed = "pidfd_open";
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
    }
    int reason = errno;
    close(pipe_ends[1]);
    if (failed != NULL) {
        close(pipe_ends[0]);
        munmap(job->report, sizeof *job->report);
        errno = reason;
        return failed;
    }
    child->tag = job->tag;
    child->pid = pid;
    child->process = process;
    child->output = pipe_ends[0];
    child->was_killed = 0;
    child->began = began;
    child->deadline = began + (int64_t)job->probe.deadline_ms * 1000000;
    child->printed = 0;
    child->report = job->report;
    return NULL;
}

static void probe(job *job)
{
    for (size_t i = 0; i < KWS_PARALLEL_LIMIT; i++) {
        if (children[i].process >= 0)
            continue;
        const char *failed = start(&children[i], job);
        if (failed != NULL)
            send_failure(job->tag, failed);
        return;
    }
    errno = EBUSY;
    send_failure(job->tag, "probe");
}

/* One packet of the host. A host that breaks the protocol is left. */
static void receive(void)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE((KWS_LIBRARY_LIMIT + 1) * sizeof(int))];
    struct iovec part = { packet, sizeof packet - 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control };
    message.msg_controllen = sizeof control;
    job job = { 0 };
    size_t files = 0;
    ssize_t size = recvmsg(KWS_SOCKET, &message, MSG_CMSG_CLOEXEC);
    if (size < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (size <= 0)
        leave(0);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        files = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(job.descriptors, CMSG_DATA(header), files * sizeof(int));
    }
    kws_frame frame;
    if ((size_t)size < sizeof frame || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
        leave(1);
    memcpy(&frame, packet, sizeof frame);
    if (frame.magic != KWS_MAGIC || frame.protocol != KWS_PROTOCOL)
        leave(1);
    if (frame.kind == KWS_PRELOAD) {
        packet[size] = '\0';
        /* If it cannot be loaded, the plugin that needs it says so. */
        dlopen(packet + sizeof frame, RTLD_NOW | RTLD_LOCAL);
    } else if (frame.kind == KWS_PROBE && (size_t)size == sizeof frame + sizeof job.probe) {
        memcpy(&job.probe, packet + sizeof frame, sizeof job.probe);
        job.tag = frame.tag;
        if (job.probe.libraries > KWS_LIBRARY_LIMIT || files != job.probe.libraries + 1)
            leave(1);
        probe(&job);
    } else {
        leave(1);
    }
    for (size_t i = 0; i < files; i++)
        close(job.descriptors[i]);
}

/* ---- the loop ------------------------------------------------------------------------------------------- */

/* Milliseconds until the next deadline, rounded up; -1: there is none. Kills what is over its deadline. */
static int enforce_deadlines(void)
{
    int64_t next = INT64_MAX, time = now();
    for (size_t i = 0; i < KWS_PARALLEL_LIMIT; i++) {
        if (children[i].process < 0)
            continue;
        if (children[i].deadline <= time)
            kill_child(&children[i]);
        else if (children[i].deadline < next)
            next = children[i].deadline;
    }
    if (next == INT64_MAX)
        return -1;
    int64_t left = (next - time + 999999) / 1000000;
    return left < 3600000 ? (int)left : 3600000;
}

static void turn(void)
{
    struct pollfd events[1 + 2 * KWS_PARALLEL_LIMIT + 1];
    struct pollfd *signals = &events[1 + 2 * KWS_PARALLEL_LIMIT];
    events[0] = (struct pollfd){ .fd = KWS_SOCKET, .events = POLLIN };
    *signals = (struct pollfd){ .fd = ending_signals, .events = POLLIN };
    for (size_t i = 0; i < KWS_PARALLEL_LIMIT; i++) {
        const child *child = &children[i];
        int lives = child->process >= 0;
        events[1 + 2 * i] = (struct pollfd){ .fd = child->process, .events = POLLIN };
        events[2 + 2 * i] = (struct pollfd){ .fd = lives ? child->output : -1, .events = POLLIN };
    }
    if (poll(events, sizeof events / sizeof events[0], enforce_deadlines()) < 0) {
        if (errno == EINTR)
            return;
        leave(1);
    }
    if (signals->revents != 0)
        leave(0);
    for (size_t i = 0; i < KWS_PARALLEL_LIMIT; i++) {
        if (events[1 + 2 * i].revents != 0)
            finish_child(&children[i]);
        else if (events[2 + 2 * i].revents != 0)
            read_output(&children[i], sizeof(char[65536]));
    }
    /* Last: it fills places that were free when the events came. */
    if (events[0].revents != 0)
        receive();
}

int main(void)
{
    int kind = 0;
    socklen_t length = sizeof kind;
    if (getsockopt(KWS_SOCKET, SOL_SOCKET, SO_TYPE, &kind, &length) != 0 || kind != SOCK_SEQPACKET) {
        fputs("keyway-scanner: a Keyway host starts this program to try plugins; it does nothing by itself.\n", stderr);
        return 2;
    }
    fcntl(KWS_SOCKET, F_SETFD, FD_CLOEXEC);
    for (size_t i = 0; i < KWS_PARALLEL_LIMIT; i++)
        children[i].process = -1;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    ending_signals = signalfd(-1, &signals, SFD_CLOEXEC);
    /* The host's death shows as the end of the socket, too, unless a child of the host holds it. The second is for what
     * leaves its group. */
    if (ending_signals < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        return 1;
    /* Loads the unwinder, which a signal handler must not. */
    void *here[1];
    backtrace(here, 1);
    send_packet(KWS_HELLO, 0, 0, 0);
    for (;;)
        turn();
}
