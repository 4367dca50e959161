/* What the unruly plugin tries of the network: "net VERB ADDRESS PORT". 0, or an errno; EAI_* as they are, which is negative. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/epoll.h>

typedef struct errand {
    char verb[16], host[256];
    int port, other;
    int count; /* of what there was */
} errand;

static int spell_address(const errand *errand, struct sockaddr_storage *to)
{
    struct sockaddr_in *four = (struct sockaddr_in *)to;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
    memset(to, 0, sizeof *to);
    if (inet_pton(AF_INET, errand->host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)errand->port);
        return sizeof *four;
    }
    inet_pton(AF_INET6, errand->host, &six->sin6_addr);
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((uint16_t)errand->port);
    return sizeof *six;
}

/* The other end sends back what it gets. */
static int echo(int file)
{
    char word[4] = "";
    if (send(file, "ping", 4, MSG_NOSIGNAL) != 4 || recv(file, word, 4, MSG_WAITALL) != 4)
        return errno != 0 ? errno : EPIPE;
    return memcmp(word, "ping", 4) == 0 ? 0 : EBADMSG;
}

static int connect_plainly(errand *errand)
{
    struct sockaddr_storage address;
    int size = spell_address(errand, &address), error = 0;
    int file = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0)
        return errno;
    if (connect(file, (struct sockaddr *)&address, (socklen_t)size) != 0)
        error = errno;
    if (error == 0 && strcmp(errand->verb, "reach") != 0)
        error = echo(file);
    /* Once is enough, and what was connected is not connected again. */
    if (error == 0 && (connect(file, (struct sockaddr *)&address, (socklen_t)size) == 0 || errno != EISCONN))
        error = EPROTO;
    close(file);
    return error;
}

/* As event loops do: watched first, then connected, then changed in what is watched. */
static int connect_in_loop(errand *errand)
{
    struct sockaddr_storage address;
    int size = spell_address(errand, &address), on = 1, error = 0, idle = 0;
    socklen_t length = sizeof error;
    struct timeval patience = { 7, 0 }, kept = { 0, 0 };
    int file = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLRDHUP };
    if (file < 0)
        return errno;
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    on = 77;
    setsockopt(file, IPPROTO_TCP, TCP_KEEPIDLE, &on, sizeof on);
    if (epoll_ctl(loop, EPOLL_CTL_ADD, file, &event) != 0)
        return errno;
    if (connect(file, (struct sockaddr *)&address, (socklen_t)size) != 0 && errno != EINPROGRESS)
        return errno;
    event.events = EPOLLOUT;
    if (epoll_ctl(loop, EPOLL_CTL_MOD, file, &event) != 0)
        return errno;
    if (epoll_wait(loop, &event, 1, -1) != 1 || getsockopt(file, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        return errno;
    if (error != 0)
        return error;
    length = sizeof on;
    if ((fcntl(file, F_GETFL) & O_NONBLOCK) == 0 || (fcntl(file, F_GETFD) & FD_CLOEXEC) == 0)
        return EPROTO;
    if (getsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, &length) != 0 || on == 0
        || getsockopt(file, IPPROTO_TCP, TCP_KEEPIDLE, &idle, &length) != 0 || idle != 77)
        return EPROTO;
    length = sizeof kept;
    if (getsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &kept, &length) != 0 || kept.tv_sec != 7)
        return EPROTO;
    fcntl(file, F_SETFL, 0);
    error = echo(file);
    close(file);
    close(loop);
    return error;
}

static int find_names(errand *errand, struct addrinfo **found)
{
    char port[8];
    struct addrinfo wanted = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    snprintf(port, sizeof port, "%d", errand->port);
    int error = getaddrinfo(errand->host, errand->port != 0 ? port : NULL, &wanted, found);
    for (struct addrinfo *at = *found; error == 0 && at != NULL; at = at->ai_next)
        errand->count++;
    return error;
}

static int connect_by_name(errand *errand)
{
    struct addrinfo *found = NULL;
    int error = find_names(errand, &found);
    for (struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        int file = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        error = connect(file, at->ai_addr, at->ai_addrlen) == 0 ? echo(file) : errno;
        close(file);
        if (error == 0)
            break;
    }
    if (found != NULL)
        freeaddrinfo(found);
    return error;
}

static int connect_without_library(errand *errand)
{
    struct sockaddr_storage address;
    int size = spell_address(errand, &address);
    int file = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    long result = file < 0 ? -1
        : strcmp(errand->verb, "raw") == 0 ? syscall(SYS_connect, file, &address, size)
                                           : sendto(file, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&address, (socklen_t)size);
    int error = result < 0 ? errno : 0;
    close(file);
    return error;
}

static struct sockaddr_in racing;
static atomic_int race_is_over;

static void *race(void *argument)
{
    const errand *errand = argument;
    for (uint32_t i = 0; !atomic_load(&race_is_over); i++)
        *(volatile uint16_t *)&racing.sin_port = htons((uint16_t)(i % 2 == 0 ? errand->port : errand->other));
    return NULL;
}

/* Another thread changes where to while it connects: what it gets to is what was granted, or nothing. Both often. */
static int connect_in_race(errand *errand)
{
    pthread_t thread;
    int error = 0, refused = 0;
    racing.sin_family = AF_INET;
    racing.sin_port = htons((uint16_t)errand->port);
    inet_pton(AF_INET, errand->host, &racing.sin_addr);
    atomic_store(&race_is_over, 0);
    if (pthread_create(&thread, NULL, race, errand) != 0)
        return EAGAIN;
    while (error == 0 && (errand->count < 50 || refused < 50)) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(file, (struct sockaddr *)&racing, sizeof racing) == 0) {
            errand->count++;
            if (getpeername(file, (struct sockaddr *)&peer, &size) != 0 || ntohs(peer.sin_port) != errand->port)
                error = EPROTO;
        } else if (errno == EACCES) {
            refused++;
        } else if (errno != EAGAIN) {
            error = errno;
        }
        close(file);
    }
    atomic_store(&race_is_over, 1);
    pthread_join(thread, NULL);
    return error;
}

static int listener = -1;

static int listen_there(errand *errand)
{
    struct sockaddr_storage address;
    int size = spell_address(errand, &address);
    listener = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0)
        return errno;
    if (strcmp(errand->verb, "lonely") != 0 && bind(listener, (struct sockaddr *)&address, (socklen_t)size) != 0)
        return errno;
    return listen(listener, 5) == 0 ? 0 : errno;
}

/* Answers one caller, and listens no more. */
static int accept_one(errand *errand)
{
    char word[4];
    (void)errand;
    int file = accept(listener, NULL, NULL);
    int error = file < 0 || recv(file, word, 4, MSG_WAITALL) != 4 || send(file, word, 4, MSG_NOSIGNAL) != 4 ? errno : 0;
    close(file);
    close(listener);
    return error;
}

static int open_datagrams(errand *errand)
{
    (void)errand;
    int file = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int error = file < 0 ? errno : 0;
    close(file);
    return error;
}

/* Writes to the broker itself: as many requests as `port` says, of `other` bytes, that are of no kind unless `host` is one. */
static int write_to_broker(errand *errand)
{
    enum { BROKER = 6 };
    static char packet[70000];
    memset(packet, 0, sizeof packet);
    int kind = atoi(errand->host);
    memcpy(packet, &kind, sizeof kind);
    packet[8] = AF_INET;
    packet[16] = 127, packet[19] = 1;
    for (int i = 0; i < errand->port; i++) {
        if (send(BROKER, packet, (size_t)errand->other, MSG_NOSIGNAL) < 0)
            return errno;
    }
    /* What is wrong with it ends this process. */
    while (errand->port == 1)
        pause();
    return 0;
}

static int connect_to(const errand *errand)
{
    struct sockaddr_storage address;
    int size = spell_address(errand, &address);
    int file = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file >= 0 && connect(file, (struct sockaddr *)&address, (socklen_t)size) == 0)
        return file;
    int error = errno;
    if (file >= 0)
        close(file);
    errno = error;
    return -1;
}

/* To whom it is connected, as the kernel says. */
static int name_peer(errand *errand)
{
    struct sockaddr_in peer = { .sin_port = 0 };
    socklen_t size = sizeof peer;
    int file = connect_to(errand), error = 0;
    if (file < 0 || getpeername(file, (struct sockaddr *)&peer, &size) != 0)
        error = errno;
    errand->count = ntohs(peer.sin_port);
    close(file);
    return error;
}

/* The byte that is at a place of what is sent: of no period that a buffer has. */
static unsigned char byte_at(long place)
{
    return (unsigned char)(place * 31 + place / 251 + place / 65521);
}

/* Sends `other` bytes, ends its half, and reads what comes back until its end: all of it, byte for byte. */
static int exchange(errand *errand)
{
    static _Thread_local unsigned char block[30000];
    int file = connect_to(errand), error = 0;
    long sent = 0;
    if (file < 0)
        return errno;
    while (error == 0) {
        struct pollfd event = { .fd = file, .events = (short)(POLLIN | (sent < errand->other ? POLLOUT : 0)) };
        if (poll(&event, 1, -1) < 0)
            error = errno;
        if ((event.revents & POLLOUT) != 0) {
            long count = errand->other - sent < (long)sizeof block ? errand->other - sent : (long)sizeof block;
            for (long i = 0; i < count; i++)
                block[i] = byte_at(sent + i);
            count = send(file, block, (size_t)count, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (count < 0 && errno != EAGAIN)
                error = errno;
            sent += count > 0 ? count : 0;
            if (sent == errand->other && shutdown(file, SHUT_WR) != 0)
                error = errno;
        }
        if ((event.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
            long count = recv(file, block, sizeof block, MSG_DONTWAIT);
            if (count == 0)
                break;
            if (count < 0 && errno != EAGAIN)
                error = errno;
            for (long i = 0; i < count && error == 0; i++)
                error = block[i] == byte_at(errand->count + i) ? 0 : EBADMSG;
            errand->count += count > 0 ? (int)count : 0;
        }
    }
    close(file);
    return error != 0 ? error : sent == errand->other ? 0 : EPIPE;
}

/* Reads until the other end is at its end, or breaks. */
static int read_all(errand *errand)
{
    char block[4096];
    int file = connect_to(errand);
    long count;
    if (file < 0)
        return errno;
    while ((count = recv(file, block, sizeof block, 0)) > 0)
        errand->count += (int)count;
    int error = count < 0 ? errno : 0;
    close(file);
    return error;
}

static int held[256], held_count;

/* Connects `other` times, and keeps the connections: it writes to them what there is room for, and reads nothing. */
static int hold(errand *errand)
{
    static char block[65536];
    for (int i = 0; i < errand->other && held_count < 256; i++) {
        int file = connect_to(errand);
        if (file < 0)
            return errno;
        while (send(file, block, sizeof block, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
            continue;
        held[held_count++] = file;
    }
    errand->count = held_count;
    return 0;
}

static int let_go(errand *errand)
{
    (void)errand;
    while (held_count > 0)
        close(held[--held_count]);
    return 0;
}

/* `other` connections at once, on each of which something is sent and comes back. */
static int crowd(errand *errand)
{
    static int files[256];
    char word[4];
    int error = 0, made = 0;
    for (; made < errand->other && made < 256 && error == 0; made++) {
        files[made] = connect_to(errand);
        error = files[made] < 0 ? errno : 0;
    }
    for (int i = 0; i < made && error == 0; i++)
        error = send(files[i], &i, sizeof i, MSG_NOSIGNAL) == sizeof i ? 0 : errno;
    for (int i = 0; i < made && error == 0; i++) {
        error = recv(files[i], word, sizeof word, MSG_WAITALL) == sizeof word ? 0 : errno != 0 ? errno : EPIPE;
        if (error == 0 && memcmp(word, &i, sizeof i) != 0)
            error = EBADMSG;
    }
    for (int i = 0; i < made; i++)
        close(files[i]);
    errand->count = made;
    return error;
}

/* For a constructor: wants what nobody has granted, and never ends. */
__attribute__((unused)) static void reach_and_wait(void)
{
    struct sockaddr_storage address;
    errand errand = { .host = "127.0.0.2", .port = 9 };
    int size = spell_address(&errand, &address), file = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    for (;;) {
        connect(file, (struct sockaddr *)&address, (socklen_t)size);
        pause();
    }
}

static int try_network(kw_str text, int *count)
{
    static const struct { const char *verb; int (*run)(errand *); } errands[] = {
        { "connect", connect_plainly }, { "reach", connect_plainly }, { "loop", connect_in_loop }, { "name", connect_by_name },
        { "raw", connect_without_library }, { "fast", connect_without_library }, { "race", connect_in_race },
        { "listen", listen_there }, { "lonely", listen_there }, { "accept", accept_one }, { "udp", open_datagrams },
        { "broker", write_to_broker }, { "peer", name_peer }, { "exchange", exchange }, { "read", read_all },
        { "hold", hold }, { "release", let_go }, { "crowd", crowd },
    };
    char line[400] = "";
    errand errand = { .port = 0 };
    memcpy(line, text.ptr, text.len < sizeof line ? text.len : sizeof line - 1);
    sscanf(line, "net %15s %255s %d %d", errand.verb, errand.host, &errand.port, &errand.other);
    if (strcmp(errand.verb, "resolve") == 0) {
        struct addrinfo *found = NULL;
        int error = find_names(&errand, &found);
        if (found != NULL)
            freeaddrinfo(found);
        *count = errand.count;
        return error;
    }
    for (size_t i = 0; i < sizeof errands / sizeof errands[0]; i++) {
        if (strcmp(errand.verb, errands[i].verb) == 0) {
            errno = 0;
            int error = errands[i].run(&errand);
            *count = errand.count;
            return error;
        }
    }
    return EINVAL;
}
