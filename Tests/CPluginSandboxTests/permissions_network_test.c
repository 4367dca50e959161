/* TCP, and sockets that the host passes: what they reach, and what they still do not. */
#define _GNU_SOURCE
#include "permissions.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
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

/* ---- pairs of sockets ---------------------------------------------------------------------------------------- */

static int pair_kind;
static struct sockaddr_un receiver_name;
static socklen_t receiver_name_size;

/* What threads wake loops with. */
static int use_pair(void)
{
    char byte = 0;
    int ends[2], on = 65536;
    if (socketpair(AF_UNIX, pair_kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    if (setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &on, sizeof on) != 0 || send(ends[0], "x", 1, MSG_NOSIGNAL) != 1)
        return -errno;
    return recv(ends[1], &byte, 1, 0) == 1 && byte == 'x' ? 0 : -EIO;
}

/* Past its own other end, to somebody else's socket. */
static int send_by_name(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, pair_kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    return sendto(ends[0], "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&receiver_name, receiver_name_size) == 1 ? 0 : -errno;
}

static int connect_end_of_pair(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, pair_kind | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    return connect(ends[0], (struct sockaddr *)&receiver_name, receiver_name_size) == 0 ? 0 : -errno;
}

static int send_urgently(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, pair_kind | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    return send(ends[0], "x", 1, MSG_NOSIGNAL | MSG_OOB) == 1 ? 0 : -errno;
}

/* A pair leads to its own other end alone, and only where TCP is given. */
static void test_pairs(void)
{
    char byte;
    task none = with(0), sockets = with(KWS_MAY_USE_SOCKETS), tcp = with(KWS_MAY_OPEN_TCP);
    int receiver = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    receiver_name.sun_family = AF_UNIX;
    int length = snprintf(receiver_name.sun_path + 1, sizeof receiver_name.sun_path - 1, "keyway-receiver-%d", (int)getpid());
    receiver_name_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    NEED(receiver >= 0 && bind(receiver, (struct sockaddr *)&receiver_name, receiver_name_size) == 0);
    static const int kinds[] = { SOCK_STREAM, SOCK_SEQPACKET };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        pair_kind = kinds[i];
        CHECK_RESULT(none, use_pair, -EPERM);
        CHECK_RESULT(sockets, use_pair, -EPERM);
        CHECK_RESULT(tcp, use_pair, 0);
        CHECK_RESULT(tcp, connect_end_of_pair, -EPERM);
        CHECK(perform_freely(connect_end_of_pair, attacker()) != -EPERM);
        CHECK_RESULT(tcp, send_urgently, -EPERM);
        CHECK(perform_freely(send_urgently, attacker()) != -EPERM);
        attempt(&tcp, send_by_name);
        CHECK(recv(receiver, &byte, 1, MSG_DONTWAIT) < 0);
    }
    pair_kind = SOCK_DGRAM;
    CHECK_RESULT(tcp, use_pair, -EPERM);
    CHECK_RESULT(tcp, send_by_name, -EPERM);
    CHECK_EQUAL(perform_freely(send_by_name, attacker()), 0);
    CHECK(recv(receiver, &byte, 1, MSG_DONTWAIT) == 1 && byte == 'x');
    close(receiver);
}

/* ---- certificates ---------------------------------------------------------------------------------------------- */

static const char *trusted;

static int read_trusted(void)
{
    char byte;
    int file = open(trusted, O_RDONLY | O_CLOEXEC);
    return file >= 0 && read(file, &byte, 1) == 1 ? 0 : -errno;
}

static int read_trusted_by_link(void)
{
    trusted = "/usr/lib/ssl/certs/ca-certificates.crt";
    return read_trusted();
}

/* Private keys lie beside the certificates. */
static int list_folder_above(void)
{
    return open("/etc/ssl", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0 ? 0 : -errno;
}

/* Whom the machine trusts, where TCP is given; and nothing beside it. */
static void test_certificates(void)
{
    trusted = "/etc/ssl/certs/ca-certificates.crt";
    if (access(trusted, R_OK) != 0) {
        printf("SKIP certificates of the machine: there is no %s\n", trusted);
        return;
    }
    for (int has_root = 0; has_root <= can_make_namespaces(); has_root++) {
        task none = with(0), tcp = with(KWS_MAY_OPEN_TCP);
        none.policy.wanted[KWS_MOUNT_SPACE] = tcp.policy.wanted[KWS_MOUNT_SPACE] = has_root ? KWS_REQUIRED : KWS_NO;
        CHECK_RESULT(none, read_trusted, has_root ? -ENOENT : -EACCES);
        CHECK_RESULT(tcp, read_trusted, 0);
        CHECK_RESULT(tcp, list_folder_above, -EACCES);
        CHECK_EQUAL(perform_freely(list_folder_above, attacker()), 0);
        if (access("/usr/lib/ssl/certs", F_OK) == 0)
            CHECK_RESULT(tcp, read_trusted_by_link, 0);
    }
}

void test_network(void)
{
    make_target(attacker());
    test_tcp();
    test_passed_sockets();
    test_pairs();
    test_certificates();
    destroy_target();
}
