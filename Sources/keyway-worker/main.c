/* keyway-worker: the zygote. It has one thread and no plugin; its children load plugins and serve calls, or only say what
 * they loaded.
 *
 * A child that is forked here has the libraries that the host had loaded here first, so that a Swift plugin is ready in
 * half a millisecond, and nothing of the host's memory. */
#define _GNU_SOURCE
#include "worker.h"
#include "descriptors.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct child {
    pid_t pid;  /* 0: there is none */
    pid_t init; /* of its process namespace, or 0 */
    uint32_t tag;
    int64_t began; /* nanoseconds of CLOCK_MONOTONIC */
} child;

static child children[KWW_WORKER_LIMIT];
static int signals;
static char packet[KWW_PACKET_LIMIT];

/* ---- answers -------------------------------------------------------------------------------------------- */

/* With 0: a place that is free. */
static child *child_of(pid_t pid)
{
    for (size_t i = 0; i < KWW_WORKER_LIMIT; i++) {
        if (children[i].pid == pid)
            return &children[i];
    }
    return NULL;
}

static int is_worker(pid_t pid)
{
    for (size_t i = 0; i < KWW_WORKER_LIMIT; i++) {
        if (children[i].pid == pid || children[i].init == pid)
            return 1;
    }
    return 0;
}

/* What plugins started and left behind comes to us, the nearest reaper, whatever group or session it made for itself. */
static void end_strays(void)
{
    char path[64];
    int pid;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *list = fopen(path, "re");
    if (list == NULL)
        return; /* a kernel without CONFIG_PROC_CHILDREN */
    while (fscanf(list, "%d", &pid) == 1) {
        if (!is_worker(pid))
            kill(pid, SIGKILL);
    }
    fclose(list);
}

static _Noreturn void leave(int status)
{
    for (size_t i = 0; i < KWW_WORKER_LIMIT; i++) {
        if (children[i].pid == 0)
            continue;
        kill(-children[i].pid, SIGKILL);
        kill(children[i].pid, SIGKILL);
        children[i].pid = 0;
    }
    /* With each process that ends, what it started comes to us in turn. */
    do
        end_strays();
    while (waitpid(-1, NULL, 0) >= 0 || errno == EINTR);
    _exit(status);
}

/* 0, or an errno. */
static int try_answer(uint32_t kind, uint32_t tag, const void *body, size_t size, int descriptor)
{
    kww_frame frame = { KWW_MAGIC, KWW_PROTOCOL, kind, tag };
    struct iovec parts[] = {
        { .iov_base = &frame, .iov_len = sizeof frame },
        { .iov_base = (void *)(uintptr_t)body, .iov_len = size },
    };
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
    if (descriptor >= 0)
        attach_descriptors(&message, control, &descriptor, 1);
    ssize_t sent;
    do
        sent = sendmsg(KWW_SOCKET, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

static void answer(uint32_t kind, uint32_t tag, const void *body, size_t size, int descriptor)
{
    if (try_answer(kind, tag, body, size, descriptor) != 0)
        leave(1);
}

/* ---- children ------------------------------------------------------------------------------------------- */

static void reap(void)
{
    siginfo_t end = { 0 };
    while (waitid(P_ALL, 0, &end, WEXITED | WNOHANG | WNOWAIT) == 0 && end.si_pid != 0) {
        struct rusage usage;
        int status;
        child *child = child_of(end.si_pid);
        /* What it started and left in its group, which nobody else can have until its number was waited for. */
        if (child != NULL) {
            if (child->init != 0)
                kill(child->init, SIGKILL);
            kill(-end.si_pid, SIGKILL);
        }
        if (wait4(end.si_pid, &status, 0, &usage) == end.si_pid && child != NULL) {
            kww_exited exited = {
                .status = status,
                .wall_ns = kww_monotonic_ns() - child->began,
                .cpu_ns = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000000)
                    + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * INT64_C(1000),
                .memory = (uint64_t)usage.ru_maxrss * 1024,
            };
            child->pid = 0;
            answer(KWW_EXITED, child->tag, &exited, sizeof exited, -1);
        }
        end.si_pid = 0;
    }
    end_strays();
}

static pid_t start(child *child, job *job)
{
    pid_t zygote = getpid();
    int64_t began = kww_monotonic_ns();
    int32_t init = 0;
    pid_t pid = job->sandbox.is_used ? kws_fork(&job->policy, &init, &job->report) : fork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        setsid();
        /* In a namespace of its own it sees no parent, and ends with the namespace. */
        pid_t parent = getppid();
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || (parent != zygote && parent != 0))
            _exit(1);
        run_worker(job);
    }
    if (pid > 0)
        *child = (struct child){ pid, init, job->tag, began };
    return pid;
}

static void spawn(job *job)
{
    kww_started started = { .pid = 0, .error = EAGAIN };
    int process;
    child *child = child_of(0);
    int error = prepare_sandbox(job);
    if (error != 0)
        started.error = error;
    if (job->spawn.lanes == 0)
        load_unwinder();
    if (child != NULL && error == 0) {
        started.pid = start(child, job);
        started.error = started.pid < 0 ? errno : 0;
    }
    if (started.pid > 0) {
        process = (int)syscall(SYS_pidfd_open, started.pid, 0); /* Linux 5.3 */
        /* Descriptors on their way count for the user: others may have too many of them. */
        error = process < 0 ? errno : try_answer(KWW_STARTED, job->tag, &started, sizeof started, process);
        if (process >= 0)
            close(process);
        if (error == 0)
            return;
        kill(started.pid, SIGKILL);
        if (child->init != 0)
            kill(child->init, SIGKILL);
        waitpid(started.pid, NULL, 0);
        child->pid = 0;
        started.error = error;
    }
    answer(KWW_STARTED, job->tag, &started, sizeof started, -1);
}

/* ---- requests ------------------------------------------------------------------------------------------- */

/* One packet of the host. A host that breaks the protocol is left. */
static void receive(void)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof((job *)0)->descriptors)];
    struct iovec part = { packet, sizeof packet - 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control };
    message.msg_controllen = sizeof control;
    job job = { 0 };
    size_t files = 0;
    ssize_t size = recvmsg(KWW_SOCKET, &message, MSG_CMSG_CLOEXEC);
    if (size < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (size <= 0)
        leave(0);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        files = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(job.descriptors, CMSG_DATA(header), files * sizeof(int));
    }
    kww_frame frame;
    if ((size_t)size < sizeof frame || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
        leave(1);
    memcpy(&frame, packet, sizeof frame);
    const size_t fixed = sizeof frame + sizeof job.spawn + sizeof job.sandbox;
    packet[size] = '\0';
    if (frame.magic != KWW_MAGIC || frame.protocol != KWW_PROTOCOL)
        leave(1);
    if (frame.kind == KWW_PRELOAD) {
        /* If it cannot be loaded, the plugin that needs it says so. */
        dlopen(packet + sizeof frame, RTLD_NOW | RTLD_LOCAL);
    } else if (frame.kind == KWW_SPAWN && (size_t)size >= fixed) {
        memcpy(&job.spawn, packet + sizeof frame, sizeof job.spawn);
        memcpy(&job.sandbox, packet + sizeof frame + sizeof job.spawn, sizeof job.sandbox);
        job.tag = frame.tag;
        job.environment = packet + fixed;
        job.described = job.environment + job.spawn.environment;
        if (job.spawn.libraries > KWW_LIBRARY_LIMIT || job.sandbox.grants > KWW_GRANT_LIMIT
            || job.sandbox.has_broker > 1
            || files != KWW_SPAWN_FILES + job.spawn.libraries + !job.spawn.is_rehearsal + job.sandbox.grants + job.sandbox.has_broker
            || (uint64_t)job.spawn.environment + job.spawn.described != (size_t)size - fixed
            || job.spawn.lanes > LANE_LIMIT)
            leave(1);
        spawn(&job);
    } else {
        leave(1);
    }
    for (size_t i = 0; i < files; i++)
        close(job.descriptors[i]);
}

/* ---- the loop ------------------------------------------------------------------------------------------- */

static void take_signals(void)
{
    struct signalfd_siginfo signal;
    while (read(signals, &signal, sizeof signal) == (ssize_t)sizeof signal) {
        if (signal.ssi_signo != SIGCHLD)
            leave(0);
    }
    reap();
}

int main(void)
{
    int kind = 0;
    socklen_t length = sizeof kind;
    if (getsockopt(KWW_SOCKET, SOL_SOCKET, SO_TYPE, &kind, &length) != 0 || kind != SOCK_SEQPACKET) {
        fputs("keyway-worker: a Keyway host starts this program to run plugins; it does nothing by itself.\n", stderr);
        return 2;
    }
    fcntl(KWW_SOCKET, F_SETFD, FD_CLOEXEC);
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, SIGTERM);
    sigaddset(&awaited, SIGINT);
    sigaddset(&awaited, SIGHUP);
    sigprocmask(SIG_BLOCK, &awaited, NULL);
    signals = signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK);
    /* The host's death shows as the end of the socket, too, unless a child of the host holds it. What workers start and
     * leave comes to this process. */
    if (signals < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        return 1;
    answer(KWW_HELLO, 0, NULL, 0, -1);
    for (;;) {
        struct pollfd events[] = {
            { .fd = KWW_SOCKET, .events = POLLIN },
            { .fd = signals, .events = POLLIN },
        };
        if (poll(events, 2, -1) < 0 && errno != EINTR)
            leave(1);
        if (events[1].revents != 0)
            take_signals();
        if (events[0].revents != 0)
            receive();
    }
}
