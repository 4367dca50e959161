/* The host's end of the socket to a zygote. */
#define _GNU_SOURCE
#include "CPluginWorker.h"
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_FILES (KWW_SPAWN_FILES + KWW_LIBRARY_LIMIT + 1 + KWW_GRANT_LIMIT + 1)
/* How long a zygote may take to end its workers. */
#define PATIENCE_MS 5000

static int set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int socket)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int reason = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (reason == 0)
        reason = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (reason == 0)
        reason = posix_spawn_file_actions_adddup2(actions, socket, KWW_SOCKET);
    if (reason == 0)
        reason = posix_spawn_file_actions_addclosefrom_np(actions, KWW_SOCKET + 1);
    if (reason == 0)
        reason = posix_spawnattr_setsigdefault(attributes, &all);
    if (reason == 0)
        reason = posix_spawnattr_setsigmask(attributes, &none);
    if (reason == 0)
        reason = posix_spawnattr_setflags(attributes,
                                          POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    return reason;
}

static int spawn(const char *path, char *const *environment, int socket, int32_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char name[] = "keyway-worker";
    char *arguments[] = { name, NULL };
    pid_t child = 0;
    int reason = posix_spawn_file_actions_init(&actions);
    if (reason != 0)
        return reason;
    reason = posix_spawnattr_init(&attributes);
    if (reason == 0) {
        reason = set_up(&actions, &attributes, socket);
        if (reason == 0)
            reason = posix_spawn(&child, path, &actions, &attributes, arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    *pid = child;
    return reason;
}

int kww_spawn_zygote(const char *path, char *const *environment, int *socket, int32_t *pid)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return errno;
    /* 0 to 2 are opened over in the child before the socket is moved. */
    int theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, KWW_SOCKET);
    int reason = theirs < 0 ? errno : 0;
    close(ends[1]);
    if (reason == 0)
        reason = spawn(path, environment, theirs, pid);
    if (theirs >= 0)
        close(theirs);
    if (reason != 0) {
        close(ends[0]);
        return reason;
    }
    *socket = ends[0];
    return 0;
}

void kww_end_zygote(int socket, int32_t pid)
{
    shutdown(socket, SHUT_RDWR);
    struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN }; /* Linux 5.3 */
    if (end.fd >= 0) {
        while (poll(&end, 1, PATIENCE_MS) < 0 && errno == EINTR)
            ;
        close(end.fd);
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

int kww_send(int socket, const kww_frame *frame, const void *body, size_t size, const int *descriptors, size_t count)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(MOST_FILES * sizeof(int))] = { 0 };
    struct iovec parts[] = {
        { .iov_base = (void *)(uintptr_t)frame, .iov_len = sizeof *frame },
        { .iov_base = (void *)(uintptr_t)body, .iov_len = size },
    };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
    if (count > MOST_FILES) {
        errno = EINVAL;
        return -1;
    }
    if (count > 0)
        attach_descriptors(&message, control, descriptors, count);
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -1 : 0;
}

/* At most count descriptors are the caller's; -1 stands for those that did not come. */
static int64_t receive(int socket, void *buffer, size_t size, int *descriptors, size_t count, int flags)
{
    /* Because of the alignment there may be room for one more than is asked for; the kernel closes what does not fit. */
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(KWW_NOTE_FILES * sizeof(int))];
    struct iovec part = { .iov_base = buffer, .iov_len = size };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control };
    message.msg_controllen = sizeof control;
    ssize_t got;
    for (size_t i = 0; i < count; i++)
        descriptors[i] = -1;
    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    size_t came = header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS
        ? (header->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
    int is_cut = (message.msg_flags & MSG_TRUNC) != 0;
    for (size_t i = 0; i < came; i++) {
        int descriptor;
        memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
        if (i < count && !is_cut)
            descriptors[i] = descriptor;
        else
            close(descriptor);
    }
    if (is_cut) {
        errno = EMSGSIZE;
        return -1;
    }
    return got;
}

int64_t kww_receive(int socket, void *buffer, size_t size, int *descriptor)
{
    return receive(socket, buffer, size, descriptor, 1, 0);
}

int64_t kww_receive_note(int socket, void *buffer, size_t size, int descriptors[KWW_NOTE_FILES])
{
    return receive(socket, buffer, size, descriptors, KWW_NOTE_FILES, MSG_DONTWAIT);
}

int kww_open_bell(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

int kww_open_channel(int log[2], int output[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, log) != 0)
        return -1;
    if (pipe2(output, O_CLOEXEC) == 0) {
        fcntl(output[0], F_SETFL, O_NONBLOCK);
        return 0;
    }
    int reason = errno;
    close(log[0]);
    close(log[1]);
    errno = reason;
    return -1;
}
