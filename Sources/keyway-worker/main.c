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
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int signals;
static char packet[KWW_PACKET_LIMIT];

/* ---- answers -------------------------------------------------------------------------------------------- */

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

void answer(uint32_t kind, uint32_t tag, const void *body, size_t size, int descriptor)
{
    if (try_answer(kind, tag, body, size, descriptor) != 0)
        leave(1);
}

/* ---- children ------------------------------------------------------------------------------------------- */

static void spawn(job *job)
{
    kww_started started = { .pid = 0, .error = EAGAIN };
    int error = prepare_sandbox(job);
    if (error != 0)
        started.error = error;
    if (job->spawn.lanes == 0)
        load_unwinder();
    if (error == 0)
        start_child(job, &started);
    if (started.pid > 0) {
        int process = (int)syscall(SYS_pidfd_open, started.pid, 0); /* Linux 5.3 */
        /* Descriptors on their way count for the user: others may have too many of them. */
        error = process < 0 ? errno : try_answer(KWW_STARTED, job->tag, &started, sizeof started, process);
        if (process >= 0)
            close(process);
        if (error == 0)
            return;
        discard_child(started.pid);
        started = (kww_started){ .pid = 0, .error = error };
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
    reap_children();
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
        if (poll(events, 2, patience_of_groups()) < 0 && errno != EINTR)
            leave(1);
        end_groups();
        if (events[1].revents != 0)
            take_signals();
        if (events[0].revents != 0)
            receive();
    }
}
