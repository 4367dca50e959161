/* Attacks: sockets, and io_uring, which opens them too. */
#define _GNU_SOURCE
#include "attack_helpers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int with_socket(int family, int type, int protocol)
{
    int made = socket(family, type, protocol);
    if (made < 0)
        return -errno;
    close(made);
    return 0;
}

#define SOCKET(name, ...) static int name(void) { return with_socket(__VA_ARGS__); }
SOCKET(open_datagrams, AF_INET, SOCK_DGRAM, 0)
SOCKET(open_datagrams_six, AF_INET6, SOCK_DGRAM, 0)
SOCKET(open_raw, AF_INET, SOCK_RAW, IPPROTO_ICMP)
SOCKET(open_ping, AF_INET, SOCK_DGRAM, IPPROTO_ICMP)
SOCKET(open_packets, AF_PACKET, SOCK_RAW, 0)
SOCKET(open_netlink, AF_NETLINK, SOCK_RAW, 0)
SOCKET(open_vsock, 40, SOCK_STREAM, 0)
SOCKET(open_multipath, AF_INET, SOCK_STREAM, 262)
SOCKET(open_crypto, 38, SOCK_SEQPACKET, 0)

static int connect_tcp(void)
{
    int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (stream < 0)
        return -errno;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(target_.port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int result = answer(connect(stream, (struct sockaddr *)&address, sizeof address));
    close(stream);
    return result;
}

static int listen_tcp(void)
{
    int stream = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET };
    return stream < 0 ? -errno : answer(bind(stream, (struct sockaddr *)&address, sizeof address));
}

static int connect_unix(const char *name, int is_abstract)
{
    int stream = socket(AF_UNIX, SOCK_STREAM, 0);
    if (stream < 0)
        return -errno;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path + is_abstract, sizeof address.sun_path - 1, "%s", name);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)is_abstract + strlen(name) + !is_abstract);
    int result = answer(connect(stream, (struct sockaddr *)&address, size));
    close(stream);
    return result;
}

static int connect_path(void)
{
    return connect_unix(target_.socket_path, 0);
}

static int connect_abstract(void)
{
    return connect_unix(target_.abstract_name, 1);
}

static int pair_of_sockets(void)
{
    int pair[2];
    return answer(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static int set_up_ring(void)
{
    char parameters[120] = { 0 };
    return answer(syscall(SYS_io_uring_setup, 4, parameters));
}
CALL(enter_ring, SYS_io_uring_enter, 2, 1, 0, 0, NULL, 0L)
CALL(register_ring, SYS_io_uring_register, 2, 0, NULL, 0)

static const attack attacks[] = {
    { 7, "connect by TCP", connect_tcp, -EPERM, 0, PLAIN },
    { 7, "bind a TCP port", listen_tcp, -EPERM, 0, PLAIN },
    { 7, "open a UDP socket", open_datagrams, -EPERM, 0, PLAIN },
    { 7, "open a UDP socket, IPv6", open_datagrams_six, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 7, "open a raw socket", open_raw, -EPERM, 0, AS_ROOT, 0 },
    { 7, "open a ping socket", open_ping, -EPERM, 0, AS_ROOT, DIFFERS },
    { 7, "open a packet socket", open_packets, -EPERM, 0, AS_ROOT, DIFFERS },
    { 7, "open a netlink socket", open_netlink, -EPERM, 0, PLAIN },
    { 7, "open a vsock socket", open_vsock, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 7, "open an MPTCP socket", open_multipath, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 7, "open a crypto socket", open_crypto, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 7, "connect to a Unix socket", connect_path, -EPERM, 0, PLAIN },
    { 7, "connect to an abstract socket", connect_abstract, -EPERM, 0, PLAIN },
    { 7, "make a pair of sockets", pair_of_sockets, -EPERM, 0, PLAIN },

    { 8, "set up io_uring", set_up_ring, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 8, "enter an io_uring", enter_ring, -EPERM, 0, REACHED, 0 },
    { 8, "register with an io_uring", register_ring, -EPERM, 0, REACHED, 0 },
};
const attack_group attacks_network = GROUP(attacks);
