/* Connections that go through the host: the sockets of the two ends, and what a relay waits for. */
#define _GNU_SOURCE
#include "CPluginWorker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of what lies between a host and a worker: a relay holds back what is sent, and the kernel would take megabytes of it. */
#define LOCAL_BUFFER 65536
#define QUEUE_PATIENCE_MS 1000
#define KEEPALIVE_IDLE 60
#define KEEPALIVE_INTERVAL 15
#define KEEPALIVE_COUNT 4

static int set(int socket, int level, int option, int value)
{
    return setsockopt(socket, level, option, &value, sizeof value);
}

/* Closes what was made, and leaves errno as it is. */
static int give_up(int made)
{
    int error = errno;
    if (made >= 0)
        close(made);
    errno = error;
    return error;
}

/* Any port if the port is 0. SO_REUSEPORT lets the host have many sockets on one; those of other users are kept out. */
static int open_local(in_port_t port)
{
    const struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int made = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (made >= 0 && set(made, SOL_SOCKET, SO_REUSEPORT, 1) == 0
        && bind(made, (const struct sockaddr *)&here, sizeof here) == 0)
        return made;
    give_up(made);
    return -1;
}

/* Whoever connects to a listener that nobody accepts from, and whose queue is full, gets neither an answer nor a refusal. */
static void fill_queue(const struct sockaddr_in *there)
{
    int visitor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (visitor < 0)
        return;
    struct pollfd event = { .fd = visitor, .events = POLLOUT };
    /* If it stays outside, somebody else has taken the place. */
    if (connect(visitor, (const struct sockaddr *)there, sizeof *there) != 0 && errno == EINPROGRESS)
        poll(&event, 1, QUEUE_PATIENCE_MS);
    close(visitor);
}

int kww_relay_port(void)
{
    struct sockaddr_in here = { .sin_port = 0 };
    socklen_t size = sizeof here;
    int made = open_local(0);
    /* A queue without room takes one. */
    if (made >= 0 && listen(made, 0) == 0 && getsockname(made, (struct sockaddr *)&here, &size) == 0) {
        fill_queue(&here);
        return made;
    }
    give_up(made);
    return -1;
}

static int port_of(int socket, in_port_t *port)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(socket, (struct sockaddr *)&address, &size) != 0)
        return -1;
    *port = address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
                                         : ((struct sockaddr_in6 *)&address)->sin6_port;
    return 0;
}

int kww_relay_begin(int port, int family, int ends[2])
{
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    /* The same place, as a socket of IPv6 names it: a machine may have no ::1. */
    struct sockaddr_in6 six = { .sin6_family = AF_INET6,
                                .sin6_addr.s6_addr = { [10] = 0xFF, [11] = 0xFF, [12] = 127, [15] = 1 } };
    struct sockaddr *to = family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six;
    socklen_t size = family == AF_INET ? sizeof four : sizeof six;
    if (port_of(port, &four.sin_port) != 0)
        return errno;
    six.sin6_port = four.sin_port;
    ends[0] = open_local(four.sin_port);
    if (ends[0] < 0)
        return errno;
    set(ends[0], SOL_SOCKET, SO_RCVBUF, LOCAL_BUFFER);
    set(ends[0], SOL_SOCKET, SO_SNDBUF, LOCAL_BUFFER);
    ends[1] = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (ends[1] >= 0) {
        int result = connect(ends[1], to, size);
        if (result != 0 && errno == EINPROGRESS)
            return 0;
        /* Somebody has answered: it is not the host. */
        if (result == 0)
            errno = ECONNREFUSED;
        give_up(ends[1]);
    }
    return give_up(ends[0]);
}

int kww_relay_join(int ours, int theirs)
{
    struct sockaddr_in there = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (port_of(theirs, &there.sin_port) != 0)
        return errno;
    /* Both begin at once (RFC 9293, 3.5): no third can come between two sockets that name each other. */
    if (connect(ours, (struct sockaddr *)&there, sizeof there) != 0 && errno != EINPROGRESS)
        return errno;
    return 0;
}

void kww_relay_tune(int socket)
{
    set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(socket, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE);
    set(socket, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL);
    set(socket, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
}

void kww_reset_connection(int socket)
{
    const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(socket);
}

int kww_socket_error(int socket)
{
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

int kww_duplicate(int descriptor)
{
    return fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
}

/* ---- waiting ------------------------------------------------------------------------------------------------ */

int kww_open_readiness(void)
{
    return epoll_create1(EPOLL_CLOEXEC);
}

int kww_watch_readiness(int set, int descriptor, uint64_t key)
{
    /* By edges: what cannot be read or written yet does not wake anybody again and again. */
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u64 = key };
    return epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : errno;
}

int kww_await_readiness(int set, kww_readiness *found, int room, int milliseconds)
{
    struct epoll_event events[64];
    if (room > (int)(sizeof events / sizeof events[0]))
        room = (int)(sizeof events / sizeof events[0]);
    int count = epoll_wait(set, events, room, milliseconds);
    for (int i = 0; i < count; i++) {
        uint32_t seen = events[i].events;
        found[i].key = events[i].data.u64;
        found[i].what = ((seen & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 ? KWW_READABLE : 0)
            | ((seen & (EPOLLOUT | EPOLLERR)) != 0 ? KWW_WRITABLE : 0) | ((seen & EPOLLERR) != 0 ? KWW_FAILED : 0);
    }
    return count;
}
