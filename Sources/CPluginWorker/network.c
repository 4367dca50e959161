/* What the broker of a worker's network does: the host's end of its socket, and sockets made for it. */
#define _GNU_SOURCE
#include "CPluginWorker.h"
#include "descriptors.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of answers that a worker does not read, each with a socket. */
#define SEND_BUFFER 8192

int kww_open_network(int ends[2])
{
    const int size = SEND_BUFFER;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    return 0;
}

int kww_receive_request(int socket, kww_network_request *request)
{
    /* One byte more than there may be. */
    char packet[sizeof *request + 1];
    ssize_t size;
    do
        size = recv(socket, packet, sizeof packet, 0); /* no room for descriptors: the kernel closes them */
    while (size < 0 && errno == EINTR);
    if (size <= 0)
        return -1;
    if (size != (ssize_t)sizeof *request)
        return 0;
    memcpy(request, packet, sizeof *request);
    return memchr(request->name, 0, sizeof request->name) != NULL;
}

void kww_send_answer(int socket, const kww_network_answer *answer, int descriptor)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
    struct iovec part = { (void *)(uintptr_t)answer, sizeof *answer };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    if (descriptor >= 0)
        attach_descriptors(&message, control, &descriptor, 1);
    while (sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EINTR)
        ;
}

/* ---- addresses -------------------------------------------------------------------------------------------- */

static socklen_t spell(const kww_network_address *from, struct sockaddr_storage *to)
{
    memset(to, 0, sizeof *to);
    if (from->family == AF_INET) {
        struct sockaddr_in *four = (struct sockaddr_in *)to;
        four->sin_family = AF_INET;
        four->sin_port = htons(from->port);
        memcpy(&four->sin_addr, from->bytes, sizeof four->sin_addr);
        return sizeof *four;
    }
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(from->port);
    six->sin6_scope_id = from->scope;
    memcpy(&six->sin6_addr, from->bytes, sizeof six->sin6_addr);
    return sizeof *six;
}

static int make(const kww_network_address *address, int *error)
{
    int made = socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    *error = made < 0 ? errno : 0;
    return made;
}

int kww_start_connection(const kww_network_address *to, int *error)
{
    struct sockaddr_storage address;
    socklen_t size = spell(to, &address);
    int made = make(to, error);
    if (made < 0)
        return -1;
    /* It does not wait, so no signal interrupts it. */
    if (connect(made, (struct sockaddr *)&address, size) == 0)
        return made;
    *error = errno;
    if (errno == EINPROGRESS)
        return made;
    close(made);
    return -1;
}

int kww_start_listening(const kww_network_address *at, int is_v6_only, int *error)
{
    struct sockaddr_storage address;
    const int on = 1;
    socklen_t size = spell(at, &address);
    int made = make(at, error);
    if (made < 0)
        return -1;
    if (setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
        && (at->family != AF_INET6
            || setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &is_v6_only, sizeof is_v6_only) == 0)
        && bind(made, (struct sockaddr *)&address, size) == 0 && listen(made, SOMAXCONN) == 0)
        return made;
    *error = errno;
    close(made);
    return -1;
}

int kww_resolve(const char *name, kww_network_address *addresses, uint32_t room)
{
    const struct addrinfo wanted = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    uint32_t count = 0;
    int error = getaddrinfo(name, NULL, &wanted, &found);
    if (error != 0)
        return error;
    for (const struct addrinfo *at = found; at != NULL && count < room; at = at->ai_next) {
        kww_network_address address = { .family = (uint16_t)at->ai_family };
        if (at->ai_family == AF_INET) {
            memcpy(address.bytes, &((const struct sockaddr_in *)(const void *)at->ai_addr)->sin_addr, 4);
        } else if (at->ai_family == AF_INET6) {
            const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)at->ai_addr;
            memcpy(address.bytes, &six->sin6_addr, 16);
            address.scope = six->sin6_scope_id;
        } else {
            continue;
        }
        addresses[count++] = address;
    }
    freeaddrinfo(found);
    return (int)count;
}
