/* The host's end of a broker's socket, and the sockets that it makes: whatever a worker sends, nothing waits and nothing is
 * left. */
#define _GNU_SOURCE
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static void send_with_files(int socket, const void *bytes, size_t size, const int *files, size_t count)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = { 0 };
    struct iovec part = { (void *)(uintptr_t)bytes, size };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control };
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), files, count * sizeof(int));
    NEED(sendmsg(socket, &message, 0) == (ssize_t)size);
}

static void receive_requests(void)
{
    int ends[2], before = count_descriptors();
    NEED(kww_open_network(ends) == 0);
    kww_network_request sent = { .kind = KWW_NETWORK_RESOLVE, .number = 7, .name = "some.example" }, got = { 0 };
    NEED(send(ends[1], &sent, sizeof sent, 0) == sizeof sent);
    CHECK_EQUAL(kww_receive_request(ends[0], &got), 1);
    CHECK(memcmp(&got, &sent, sizeof got) == 0);
    /* Of every size that is not its own. */
    char longer[sizeof sent + 64] = { 0 };
    for (size_t size = 1; size <= sizeof longer; size++) {
        NEED(send(ends[1], longer, size, 0) == (ssize_t)size);
        CHECK_EQUAL(kww_receive_request(ends[0], &got), size == sizeof sent);
    }
    /* A name without an end. */
    memset(sent.name, 'a', sizeof sent.name);
    NEED(send(ends[1], &sent, sizeof sent, 0) == sizeof sent);
    CHECK_EQUAL(kww_receive_request(ends[0], &got), 0);
    /* Descriptors that nobody asked for. */
    sent.name[0] = '\0';
    sent.name[sizeof sent.name - 1] = '\0';
    const int files[] = { ends[0], ends[1], ends[0], ends[1], ends[0] };
    int descriptors = count_descriptors();
    for (size_t count = 1; count <= 5; count++) {
        send_with_files(ends[1], &sent, sizeof sent, files, count);
        CHECK_EQUAL(kww_receive_request(ends[0], &got), 1);
        CHECK_EQUAL(count_descriptors(), descriptors);
    }
    /* An empty packet cannot be told from the end, and is as good as it. */
    close(ends[1]);
    CHECK_EQUAL(kww_receive_request(ends[0], &got), -1);
    close(ends[0]);
    CHECK_EQUAL(count_descriptors(), before);
}

/* A worker that reads none of its answers: few wait for it, and the host does not. */
static void send_answers(void)
{
    int ends[2], before = count_descriptors();
    kww_network_answer answer = { .number = 1 }, got;
    NEED(kww_open_network(ends) == 0);
    for (int i = 0; i < 10000; i++)
        kww_send_answer(ends[0], &answer, ends[0]);
    int waiting = 0, file;
    for (struct pollfd event = { .fd = ends[1], .events = POLLIN }; poll(&event, 1, 0) > 0; waiting++) {
        CHECK_EQUAL(kww_receive(ends[1], &got, sizeof got, &file), (int64_t)sizeof got);
        CHECK(file >= 0 && got.number == 1);
        close(file);
    }
    CHECK(waiting > 0 && waiting < 32);
    kww_send_answer(ends[0], &answer, -1);
    CHECK_EQUAL(kww_receive(ends[1], &got, sizeof got, &file), (int64_t)sizeof got);
    CHECK_EQUAL(file, -1);
    close(ends[1]);
    kww_send_answer(ends[0], &answer, -1);
    close(ends[0]);
    CHECK_EQUAL(count_descriptors(), before);
}

static kww_network_address loopback(uint16_t family)
{
    kww_network_address address = { .family = family };
    if (family == AF_INET)
        address.bytes[0] = 127;
    address.bytes[family == AF_INET ? 3 : 15] = 1;
    return address;
}

static void make_sockets(uint16_t family)
{
    int error, before = count_descriptors();
    kww_network_address at = loopback(family);
    struct sockaddr_in6 name;
    socklen_t size = sizeof name;
    int listener = kww_start_listening(&at, 0, &error);
    if (listener < 0 && family == AF_INET6) {
        printf("SKIP IPv6: this machine has none\n");
        return;
    }
    NEED(listener >= 0 && getsockname(listener, (struct sockaddr *)&name, &size) == 0);
    at.port = ntohs(family == AF_INET ? ((struct sockaddr_in *)&name)->sin_port : name.sin6_port);
    CHECK((fcntl(listener, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(listener, F_GETFD) & FD_CLOEXEC) != 0);
    int stream = kww_start_connection(&at, &error);
    CHECK(stream >= 0 && (error == 0 || error == EINPROGRESS));
    CHECK((fcntl(stream, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(stream, F_GETFD) & FD_CLOEXEC) != 0);
    struct pollfd event = { .fd = listener, .events = POLLIN };
    CHECK_EQUAL(poll(&event, 1, 10000), 1);
    /* The port is taken. */
    CHECK(kww_start_listening(&at, 0, &error) == -1 && error == EADDRINUSE);
    close(listener);
    close(stream);
    at.family = AF_UNIX;
    CHECK(kww_start_connection(&at, &error) == -1 && error != 0);
    at.family = 999;
    CHECK(kww_start_connection(&at, &error) == -1 && error != 0);
    CHECK(kww_start_listening(&at, 0, &error) == -1 && error != 0);
    CHECK_EQUAL(count_descriptors(), before);
}

static void resolve(void)
{
    kww_network_address addresses[4];
    int count = kww_resolve("127.0.0.1", addresses, 4);
    CHECK_EQUAL(count, 1);
    kww_network_address expected = loopback(AF_INET);
    CHECK(memcmp(addresses, &expected, sizeof expected) == 0);
    CHECK_EQUAL(kww_resolve("::1", addresses, 0), 0);
    CHECK(kww_resolve("", addresses, 4) < 0);
}

void test_network(void)
{
    receive_requests();
    send_answers();
    make_sockets(AF_INET);
    make_sockets(AF_INET6);
    resolve();
}
