#define _GNU_SOURCE
#include "CPluginScanner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int socket)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int reason = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (reason == 0)
        reason = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (reason == 0)
        reason = posix_spawn_file_actions_adddup2(actions, socket, KWS_SOCKET);
    if (reason == 0)
        reason = posix_spawn_file_actions_addclosefrom_np(actions, KWS_SOCKET + 1);
    if (reason == 0)
        reason = posix_spawnattr_setsigdefault(attributes, &all);
    if (reason == 0)
        reason = posix_spawnattr_setsigmask(attributes, &none);
    if (reason == 0)
        reason = posix_spawnattr_setflags(attributes,
                                          POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    return reason;
}

static int spawn(const char *path, int socket, int32_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char name[] = "keyway-scanner";
    char *arguments[] = { name, NULL };
    pid_t child = 0;
    int reason = posix_spawn_file_actions_init(&actions);
    if (reason != 0)
        return reason;
    reason = posix_spawnattr_init(&attributes);
    if (reason == 0) {
        reason = set_up(&actions, &attributes, socket);
        if (reason == 0)
            reason = posix_spawn(&child, path, &actions, &attributes, arguments, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    *pid = child;
    return reason;
}

int kws_spawn(const char *path, int *socket, int32_t *pid)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return errno;
    /* Only this end: the flag belongs to the open socket, and the scanner waits for what it sends. */
    int reason = fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
    /* 0 to 2 are opened over in the child before the socket is moved. */
    int theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, KWS_SOCKET);
    if (reason == 0 && theirs < 0)
        reason = errno;
    close(ends[1]);
    if (reason == 0)
        reason = spawn(path, theirs, pid);
    if (theirs >= 0)
        close(theirs);
    if (reason != 0) {
        close(ends[0]);
        return reason;
    }
    *socket = ends[0];
    return 0;
}

int kws_end(int socket, int32_t pid, int patience_ms)
{
    close(socket);
    /* Linux 5.3. Without it nobody waits for the scanner to tidy up. */
    struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
    if (end.fd >= 0) {
        while (poll(&end, 1, patience_ms) < 0 && errno == EINTR)
            ;
        close(end.fd);
    }
    kill(pid, SIGKILL);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return status;
}

int kws_send(int socket, const kws_frame *frame, const void *body, size_t size, const int *descriptors, size_t count)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE((KWS_LIBRARY_LIMIT + 1) * sizeof(int))] = { 0 };
    struct iovec parts[] = {
        { .iov_base = (void *)(uintptr_t)frame, .iov_len = sizeof *frame },
        { .iov_base = (void *)(uintptr_t)body, .iov_len = size },
    };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
    if (count > KWS_LIBRARY_LIMIT + 1) {
        errno = EINVAL;
        return -1;
    }
    if (count > 0) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -1 : 0;
}

int64_t kws_receive(int socket, void *buffer, size_t size)
{
    struct iovec part = { .iov_base = buffer, .iov_len = size };
    /* No room for control messages: the kernel closes descriptors that a false scanner sends. */
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    ssize_t got;
    do
        got = recvmsg(socket, &message, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got > 0 && (message.msg_flags & MSG_TRUNC)) {
        errno = EMSGSIZE;
        return -1;
    }
    return got;
}
