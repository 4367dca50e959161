/* TCP, and sockets that the host passes: what they reach, and what they still do not. */
#define _GNU_SOURCE
#include "permissions.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int connect_to(uint16_t port, int flags)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int stream = socket(AF_INET, SOCK_STREAM, 0);
    if (stream < 0)
        return -errno;
    ssize_t result = flags != 0 ? sendto(stream, "x", 1, flags, (struct sockaddr *)&address, sizeof address)
                                : connect(stream, (struct sockaddr *)&address, sizeof address);
    return result < 0 ? -errno : 0;
}

static int connect_plainly(void)
{
    return connect_to(target_.port, 0);
}

static int connect_fast(void)
{
    return connect_to(target_.port, MSG_FASTOPEN);
}

/* The kernel would choose a port. */
static int listen_unbound(void)
{
    int stream = socket(AF_INET, SOCK_STREAM, 0);
    return stream < 0 || listen(stream, 1) != 0 ? -errno : 0;
}

static int open_stream(void)
{
    int on = 1, stream = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    return stream < 0 || setsockopt(stream, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0 ? -errno : 0;
}

/* Sockets, and nothing that one of them could reach or be reached by. */
static void test_tcp(void)
{
    task task = with(KWS_MAY_OPEN_TCP);
    CHECK_RESULT(task, open_stream, 0);
    CHECK_RESULT(task, connect_plainly, -EPERM);
    CHECK_EQUAL(perform_freely(connect_plainly, attacker()), 0);
    CHECK_RESULT(task, connect_fast, -EPERM);
    CHECK(perform_freely(connect_fast, attacker()) != -EPERM);
    CHECK_RESULT(task, listen_unbound, -EPERM);
    CHECK_EQUAL(perform_freely(listen_unbound, attacker()), 0);
    CHECK_RESULT(task, the("bind a TCP port"), -EPERM);
    CHECK_RESULT(task, the("open a UDP socket"), -EPERM);
    CHECK_RESULT(task, the("open an MPTCP socket"), -EPERM);
    CHECK_RESULT(task, the("connect to a Unix socket"), -EPERM);
    /* Landlock, by itself. */
    task.policy.wanted[KWS_FILTER] = task.policy.wanted[KWS_SEAL] = KWS_NO;
    if (kws_landlock_abi() < 4) {
        printf("SKIP TCP ports: they need Landlock ABI 4\n");
        return;
    }
    task.policy.wanted[KWS_PORTS] = KWS_REQUIRED;
    verdict_of_task verdict = attempt(&task, connect_plainly);
    CHECK_EQUAL(verdict.result, -EACCES);
    CHECK_EQUAL(verdict.report.outcome[KWS_PORTS].state, KWS_ENFORCED);
    CHECK_RESULT(task, the("bind a TCP port"), -EACCES);
    kws_landlock_most = 3;
    check_refused(&task, KWS_PORTS);
    kws_landlock_most = UINT32_MAX;
}

static int serve_one(void)
{
    char byte = 0;
    int stream = accept4(target_.passed, NULL, NULL, SOCK_CLOEXEC);
    if (stream < 0)
        return -errno;
    return recv(stream, &byte, 1, 0) == 1 && byte == 'x' && send(stream, "y", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

static void test_passed_sockets(void)
{
    char byte = 0;
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    target_.passed = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    NEED(target_.passed >= 0 && bind(target_.passed, (struct sockaddr *)&address, size) == 0);
    NEED(listen(target_.passed, 4) == 0 && getsockname(target_.passed, (struct sockaddr *)&address, &size) == 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    NEED(client >= 0 && connect(client, (struct sockaddr *)&address, size) == 0 && send(client, "x", 1, 0) == 1);
    task task = with(0);
    CHECK_RESULT(task, serve_one, -EPERM);
    task = with(KWS_MAY_USE_SOCKETS);
    /* A socket is of the namespace in which it was made. */
    if (getuid() == 0)
        task.policy.wanted[KWS_NETWORK_SPACE] = KWS_REQUIRED;
    CHECK_RESULT(task, serve_one, 0);
    CHECK(recv(client, &byte, 1, MSG_DONTWAIT) == 1 && byte == 'y');
    CHECK_RESULT(task, the("connect by TCP"), -EPERM);
    close(client);
    close(target_.passed);
    target_.passed = -1;
}

void test_network(void)
{
    make_target(attacker());
    test_tcp();
    test_passed_sockets();
    destroy_target();
}
