/* The network, by the host: connect(2), bind(2) and listen(2) for whatever is loaded here. Names are in names.c and hosts.c.
 *
 * The filter refuses these calls to a worker, whatever it was granted. The host makes sockets that are connected, or listen,
 * where the plugin was granted that, and passes them; here each takes the place of the plugin's own. Without a broker all is
 * the kernel's. What makes system calls without the C library is refused by the filter. */
#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATIENCE_NS INT64_C(30000000000)

static int is_brokered;

void use_broker(void)
{
    is_brokered = 1;
}

int has_broker(void)
{
    return is_brokered;
}

/* ---- asking ------------------------------------------------------------------------------------------------ */

/* Waits for one of the events: 0, or an errno. */
static int await(int file, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd event = { .fd = file, .events = events };
        int64_t left = deadline - kww_monotonic_ns();
        int count = left > 0 ? poll(&event, 1, (int)(left / 1000000) + 1) : 0;
        if (count > 0)
            return 0;
        if (count == 0 && left <= 0)
            return ETIMEDOUT;
        if (count < 0 && errno != EINTR)
            return errno;
    }
}

/* The next answer, whichever request it is to: 0, or an errno. */
static int receive(kww_network_answer *answer, int *descriptor)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    struct iovec part = { answer, sizeof *answer };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control };
    message.msg_controllen = sizeof control;
    ssize_t size = recvmsg(BROKER_SOCKET, &message, MSG_CMSG_CLOEXEC);
    *descriptor = -1;
    if (size < 0)
        return errno;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS
        && header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(descriptor, CMSG_DATA(header), sizeof(int));
    if (size == (ssize_t)sizeof *answer)
        return 0;
    return size == 0 ? ENETDOWN : EPROTO;
}

int ask_broker(kww_network_request *request, kww_network_answer *answer, int *descriptor)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static uint32_t number;
    int64_t deadline = kww_monotonic_ns() + PATIENCE_NS;
    *descriptor = -1;
    pthread_mutex_lock(&lock);
    request->number = ++number;
    int error = send(BROKER_SOCKET, request, sizeof *request, MSG_NOSIGNAL) < 0 ? errno : 0;
    while (error == 0) {
        error = await(BROKER_SOCKET, POLLIN, deadline);
        if (error == 0)
            error = receive(answer, descriptor);
        if (error == EINTR || error == EAGAIN)
            error = 0;
        else if (error == 0 && answer->number == request->number)
            break;
        /* To a request that nobody waits for any more. */
        if (*descriptor >= 0)
            close(*descriptor);
        *descriptor = -1;
    }
    pthread_mutex_unlock(&lock);
    return error;
}

/* ---- sockets ----------------------------------------------------------------------------------------------- */

enum { FOREIGN = -1, CLOSED = TCP_CLOSE, CONNECTING = TCP_SYN_SENT, LISTENING = TCP_LISTEN };

/* TCP_* of the kernel; FOREIGN: not of TCP, or nothing that a broker could replace. */
static int state_of(int file)
{
    struct tcp_info facts;
    socklen_t size = sizeof facts;
    return is_brokered && getsockopt(file, IPPROTO_TCP, TCP_INFO, &facts, &size) == 0 ? facts.tcpi_state : FOREIGN;
}

/* Copied first: another thread may write it meanwhile. 0: it is none of IP. */
static int read_address(__CONST_SOCKADDR_ARG from, socklen_t size, kww_network_address *address)
{
    struct sockaddr_storage copy = { 0 };
    memcpy(&copy, from.__sockaddr__, size < sizeof copy ? size : sizeof copy);
    const struct sockaddr_in *four = (const struct sockaddr_in *)&copy;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&copy;
    address->family = copy.ss_family;
    if (size >= sizeof *four && copy.ss_family == AF_INET) {
        address->port = ntohs(four->sin_port);
        memcpy(address->bytes, &four->sin_addr, 4);
        return 1;
    }
    if (size >= sizeof *six && copy.ss_family == AF_INET6) {
        address->port = ntohs(six->sin6_port);
        address->scope = six->sin6_scope_id;
        memcpy(address->bytes, &six->sin6_addr, 16);
        return 1;
    }
    return 0;
}

static int option(int file, int level, int name)
{
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(file, level, name, &value, &size) == 0 ? value : 0;
}

/* What a plugin may have said of its socket before. */
static void copy_options(int from, int to)
{
    static const struct { int level, name; } options[] = {
        { SOL_SOCKET, SO_KEEPALIVE }, { SOL_SOCKET, SO_RCVTIMEO }, { SOL_SOCKET, SO_SNDTIMEO }, { SOL_SOCKET, SO_LINGER },
        { IPPROTO_TCP, TCP_NODELAY }, { IPPROTO_TCP, TCP_KEEPIDLE }, { IPPROTO_TCP, TCP_KEEPINTVL },
        { IPPROTO_TCP, TCP_KEEPCNT }, { IPPROTO_TCP, TCP_USER_TIMEOUT }, { IPPROTO_IP, IP_TOS },
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        char value[32];
        socklen_t size = sizeof value;
        if (getsockopt(from, options[i].level, options[i].name, value, &size) == 0)
            setsockopt(to, options[i].level, options[i].name, value, size);
    }
}

/* Has what the broker passed be what the plugin calls `file`. 0, or -1. */
static int replace(int file, int made)
{
    int status = fcntl(file, F_GETFL), flags = fcntl(file, F_GETFD);
    int result = status < 0 || flags < 0 || fcntl(made, F_SETFL, status) < 0 ? -1 : 0;
    if (result == 0)
        result = dup3(made, file, (flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0) < 0 ? -1 : 0;
    int error = errno;
    close(made);
    errno = error;
    return result;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

/* A socket like this one, made by the broker; -1 with an errno: *error if it is that of a connection that was begun. */
static int made_by_broker(int file, kww_network_request *request, int *error)
{
    kww_network_answer answer;
    int made;
    if (option(file, SOL_SOCKET, SO_DOMAIN) != request->address.family)
        return fail(EAFNOSUPPORT);
    *error = ask_broker(request, &answer, &made);
    if (*error == 0)
        *error = answer.error;
    if (made < 0)
        /* The kernel drops what this process has no descriptor left for. */
        return fail(*error != 0 && *error != EINPROGRESS ? *error : EMFILE);
    copy_options(file, made);
    return made;
}

/* Clients look whether this machine has IPv6 by opening a socket for datagrams, and ask for no such addresses where it cannot
 * be had: libcurl does, and what uses it. They close it. What they get to look at leads nowhere. */
int socket(int family, int kind, int protocol)
{
    const int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    int ends[2], made = (int)syscall(SYS_socket, family, kind, protocol);
    if (made >= 0 || !is_brokered || errno != EPERM || family != AF_INET6 || (kind & ~flags) != SOCK_DGRAM)
        return made;
    /* Of packets: to send into a stream without another end is a signal. */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | (kind & flags), 0, ends) != 0)
        return -1;
    close(ends[1]);
    return ends[0];
}

int connect(int file, __CONST_SOCKADDR_ARG address, socklen_t size)
{
    kww_network_request request = { .kind = KWW_NETWORK_CONNECT };
    int state = state_of(file), error;
    if (state == FOREIGN || !read_address(address, size, &request.address))
        return (int)syscall(SYS_connect, file, address.__sockaddr__, size);
    if (state != CLOSED)
        return fail(state == CONNECTING ? EALREADY : EISCONN);
    /* Of a connection that was begun before: whoever asks again is told, as by the kernel. */
    error = option(file, SOL_SOCKET, SO_ERROR);
    if (error != 0)
        return fail(error);
    int made = made_by_broker(file, &request, &error);
    if (made < 0)
        return -1;
    int waits = error == EINPROGRESS && (fcntl(file, F_GETFL) & O_NONBLOCK) == 0;
    if (waits) {
        error = await(made, POLLOUT, kww_monotonic_ns() + PATIENCE_NS);
        if (error == 0)
            error = option(made, SOL_SOCKET, SO_ERROR);
        if (error != 0) {
            close(made);
            return fail(error);
        }
    }
    if (replace(file, made) != 0)
        return -1;
    return error == 0 ? 0 : fail(error);
}

int bind(int file, __CONST_SOCKADDR_ARG address, socklen_t size)
{
    kww_network_request request = { .kind = KWW_NETWORK_LISTEN };
    int state = state_of(file), error;
    if (state == FOREIGN || !read_address(address, size, &request.address))
        return (int)syscall(SYS_bind, file, address.__sockaddr__, size);
    if (state != CLOSED)
        return fail(EINVAL);
    request.is_v6_only = option(file, IPPROTO_IPV6, IPV6_V6ONLY) != 0;
    int made = made_by_broker(file, &request, &error);
    return made < 0 ? -1 : replace(file, made);
}

/* What was bound does listen. */
int listen(int file, int waiting)
{
    return state_of(file) == LISTENING ? 0 : (int)syscall(SYS_listen, file, waiting);
}

/* Event loops watch a socket before they connect it. What takes its place is not watched yet. */
int epoll_ctl(int loop, int operation, int file, struct epoll_event *event)
{
    int result = (int)syscall(SYS_epoll_ctl, loop, operation, file, event);
    if (result != 0 && errno == ENOENT && operation == EPOLL_CTL_MOD && state_of(file) != FOREIGN)
        result = (int)syscall(SYS_epoll_ctl, loop, EPOLL_CTL_ADD, file, event);
    return result;
}
