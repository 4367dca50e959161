/* The sockets of a relayed connection: begun, then completed or refused by the host, and by nobody else. */
#define _GNU_SOURCE
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* What poll(2) says: now, or when there is something to say. */
static int seen(int file, short events, int milliseconds)
{
    struct pollfd event = { .fd = file, .events = events };
    return poll(&event, 1, milliseconds) > 0 ? event.revents : 0;
}

static int state_of(int file)
{
    struct tcp_info facts;
    socklen_t size = sizeof facts;
    return getsockopt(file, IPPROTO_TCP, TCP_INFO, &facts, &size) == 0 ? facts.tcpi_state : -1;
}

static struct sockaddr_in name_of(int file)
{
    struct sockaddr_in name;
    socklen_t size = sizeof name;
    NEED(getsockname(file, (struct sockaddr *)&name, &size) == 0);
    return name;
}

static int has_family(int family)
{
    int made = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made >= 0)
        close(made);
    return made >= 0;
}

/* Begun, it waits as any connection does; completed, it carries both ways, and each half ends by itself. */
static void complete(int port, int family)
{
    int ends[2], before = count_descriptors();
    char word[8] = "";
    if (!has_family(family)) {
        printf("SKIP relay over IPv6: this machine has none\n");
        return;
    }
    NEED(kww_relay_begin(port, family, ends) == 0);
    CHECK_EQUAL(state_of(ends[1]), TCP_SYN_SENT);
    CHECK_EQUAL(seen(ends[1], POLLIN | POLLOUT, 0), 0);
    CHECK(send(ends[1], "early", 5, MSG_NOSIGNAL) < 0 && errno == EAGAIN);
    CHECK((fcntl(ends[1], F_GETFL) & O_NONBLOCK) != 0 && (fcntl(ends[1], F_GETFD) & FD_CLOEXEC) != 0);
    /* By another descriptor of the same: the worker has the first. */
    int held = kww_duplicate(ends[1]);
    CHECK((fcntl(held, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK_EQUAL(kww_relay_join(ends[0], held), 0);
    close(held);
    CHECK_EQUAL(seen(ends[1], POLLIN | POLLOUT, 10000), POLLOUT);
    CHECK_EQUAL(seen(ends[0], POLLIN | POLLOUT, 10000), POLLOUT);
    CHECK_EQUAL(kww_socket_error(ends[0]), 0);
    CHECK(send(ends[0], "ping", 4, MSG_NOSIGNAL) == 4 && seen(ends[1], POLLIN, 10000) == POLLIN);
    CHECK(recv(ends[1], word, sizeof word, 0) == 4 && memcmp(word, "ping", 4) == 0);
    CHECK(shutdown(ends[0], SHUT_WR) == 0 && seen(ends[1], POLLIN, 10000) == POLLIN && recv(ends[1], word, 1, 0) == 0);
    CHECK(send(ends[1], "pong", 4, MSG_NOSIGNAL) == 4 && seen(ends[0], POLLIN, 10000) == POLLIN);
    CHECK(recv(ends[0], word, sizeof word, 0) == 4 && memcmp(word, "pong", 4) == 0);
    close(ends[0]);
    close(ends[1]);
    CHECK_EQUAL(count_descriptors(), before);
}

/* Refused, whoever waits for it is woken, and told. */
static void refuse(int port)
{
    int ends[2], before = count_descriptors();
    NEED(kww_relay_begin(port, AF_INET, ends) == 0);
    int held = kww_duplicate(ends[1]);
    shutdown(held, SHUT_RDWR);
    close(held);
    CHECK((seen(ends[1], POLLIN | POLLOUT, 10000) & POLLERR) != 0);
    CHECK_EQUAL(kww_socket_error(ends[1]), ECONNRESET);
    CHECK_EQUAL(kww_socket_error(ends[1]), 0);
    close(ends[0]);
    close(ends[1]);
    /* Closed by whoever waited: then there is nobody to connect to. */
    NEED(kww_relay_begin(port, AF_INET, ends) == 0);
    struct sockaddr_in name = name_of(ends[1]);
    held = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    close(ends[1]);
    /* Its port is anybody's now, and nobody's: what listens there was not meant, and is not this one. */
    const int on = 1;
    setsockopt(held, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    NEED(bind(held, (struct sockaddr *)&name, sizeof name) == 0);
    CHECK_EQUAL(kww_relay_join(ends[0], held), 0);
    CHECK((seen(ends[0], POLLOUT, 10000) & POLLERR) != 0);
    CHECK_EQUAL(kww_socket_error(ends[0]), ECONNREFUSED);
    close(held);
    close(ends[0]);
    CHECK_EQUAL(count_descriptors(), before);
}

/* Broken, and not ended: the other end knows. */
static void reset(int port)
{
    int ends[2];
    NEED(kww_relay_begin(port, AF_INET, ends) == 0 && kww_relay_join(ends[0], ends[1]) == 0);
    CHECK_EQUAL(seen(ends[1], POLLOUT, 10000), POLLOUT);
    CHECK_EQUAL(seen(ends[0], POLLOUT, 10000), POLLOUT);
    kww_reset_connection(ends[0]);
    CHECK((seen(ends[1], POLLIN, 10000) & POLLERR) != 0);
    CHECK_EQUAL(kww_socket_error(ends[1]), ECONNRESET);
    close(ends[1]);
}

/* Whoever finds the port connects to nobody, and does not come between the ends of another connection; a listener without the
 * filter takes it. */
static void keep_strangers_out(int port)
{
    struct sockaddr_in there = name_of(port);
    int ends[2], before = count_descriptors(), control = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in other = there;
    other.sin_port = 0;
    NEED(bind(control, (struct sockaddr *)&other, sizeof other) == 0 && listen(control, 1) == 0);
    other = name_of(control);
    NEED(kww_relay_begin(port, AF_INET, ends) == 0);
    struct sockaddr_in theirs = name_of(ends[1]);
    int stranger = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int taken = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int intruder = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(connect(stranger, (struct sockaddr *)&there, sizeof there) != 0 && errno == EINPROGRESS);
    CHECK(connect(taken, (struct sockaddr *)&other, sizeof other) != 0 && errno == EINPROGRESS);
    CHECK_EQUAL(seen(taken, POLLOUT, 10000), POLLOUT);
    CHECK_EQUAL(state_of(stranger), TCP_SYN_SENT);
    /* From a port of its own to the end that waits for the host. */
    CHECK(connect(intruder, (struct sockaddr *)&theirs, sizeof theirs) != 0);
    CHECK((seen(intruder, POLLOUT, 10000) & POLLERR) != 0);
    CHECK_EQUAL(state_of(ends[1]), TCP_SYN_SENT);
    CHECK_EQUAL(kww_relay_join(ends[0], ends[1]), 0);
    CHECK_EQUAL(seen(ends[1], POLLOUT, 10000), POLLOUT);
    CHECK_EQUAL(state_of(stranger), TCP_SYN_SENT);
    const int files[] = { control, stranger, taken, intruder, ends[0], ends[1] };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        close(files[i]);
    CHECK_EQUAL(count_descriptors(), before);
}

/* By edges: told once of what is possible, and again when it has become so anew. */
static void wait_for_readiness(int port)
{
    int ends[2], set = kww_open_readiness();
    kww_readiness found[4];
    NEED(set >= 0 && kww_relay_begin(port, AF_INET, ends) == 0 && kww_relay_join(ends[0], ends[1]) == 0);
    CHECK_EQUAL(seen(ends[0], POLLOUT, 10000), POLLOUT);
    CHECK_EQUAL(seen(ends[1], POLLOUT, 10000), POLLOUT);
    CHECK_EQUAL(kww_watch_readiness(set, ends[0], 77), 0);
    CHECK_EQUAL(kww_watch_readiness(set, ends[0], 78), EEXIST);
    CHECK(kww_await_readiness(set, found, 4, -1) == 1 && found[0].key == 77 && found[0].what == KWW_WRITABLE);
    CHECK_EQUAL(kww_await_readiness(set, found, 4, 0), 0);
    CHECK_EQUAL(send(ends[1], "x", 1, MSG_NOSIGNAL), 1);
    CHECK(kww_await_readiness(set, found, 4, -1) == 1 && (found[0].what & KWW_READABLE) != 0);
    CHECK_EQUAL(kww_await_readiness(set, found, 4, 0), 0);
    kww_reset_connection(ends[1]);
    CHECK(kww_await_readiness(set, found, 4, -1) == 1);
    CHECK_EQUAL(found[0].what, KWW_READABLE | KWW_WRITABLE | KWW_FAILED);
    close(ends[0]);
    CHECK_EQUAL(kww_await_readiness(set, found, 4, 0), 0);
    close(set);
}

void test_relay(void)
{
    int ends[2], port = kww_relay_port();
    NEED(port >= 0);
    complete(port, AF_INET);
    complete(port, AF_INET6);
    refuse(port);
    reset(port);
    keep_strangers_out(port);
    wait_for_readiness(port);
    close(port);
    CHECK_EQUAL(kww_relay_begin(port, AF_INET, ends), EBADF);
}
