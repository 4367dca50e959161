/* Names of hosts: getaddrinfo(3) for whatever is loaded here, if the worker has a broker, and so a granted network. The host
 * looks for what was granted; addresses that are written out and this machine's own name need nobody. Older functions are in
 * hosts.c. */
#define _GNU_SOURCE
#include "worker.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

void *of_library(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* ---- what is asked ------------------------------------------------------------------------------------------ */

/* A number, or one of the names that are not to be looked for: the list of them is shut. 0, or EAI_*. */
static int read_service(const char *service, int flags, uint16_t *port)
{
    static const struct { const char *name; uint16_t port; } known[] = {
        { "http", 80 }, { "ws", 80 }, { "https", 443 }, { "wss", 443 },
    };
    char *end;
    *port = 0;
    if (service == NULL)
        return 0;
    unsigned long number = strtoul(service, &end, 10);
    if (end != service && *end == '\0') {
        *port = (uint16_t)number;
        return number <= UINT16_MAX ? 0 : EAI_SERVICE;
    }
    for (size_t i = 0; (flags & AI_NUMERICSERV) == 0 && i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(service, known[i].name) == 0) {
            *port = known[i].port;
            return 0;
        }
    }
    return (flags & AI_NUMERICSERV) != 0 ? EAI_NONAME : EAI_SERVICE;
}

static uint32_t add(kww_network_answer *answer, int family, const void *bytes, size_t size)
{
    kww_network_address *address = &answer->addresses[answer->count++];
    *address = (kww_network_address){ .family = (uint16_t)family };
    memcpy(address->bytes, bytes, size);
    return answer->count;
}

/* What needs no network: 1 if it is such. */
static int find_here(const char *name, int flags, kww_network_answer *answer)
{
    const struct in_addr any = { htonl(INADDR_ANY) }, loopback = { htonl(INADDR_LOOPBACK) };
    struct in6_addr address;
    answer->count = 0;
    if (name == NULL && (flags & AI_PASSIVE) != 0)
        return add(answer, AF_INET, &any, 4), add(answer, AF_INET6, &in6addr_any, 16), 1;
    if (name == NULL || strcasecmp(name, "localhost") == 0)
        return add(answer, AF_INET, &loopback, 4), add(answer, AF_INET6, &in6addr_loopback, 16), 1;
    if (inet_pton(AF_INET, name, &address) == 1)
        return add(answer, AF_INET, &address, 4), 1;
    return inet_pton(AF_INET6, name, &address) == 1 ? add(answer, AF_INET6, &address, 16), 1 : 0;
}

int find_addresses(const char *name, int family, int flags, uint16_t port, kww_network_answer *answer)
{
    kww_network_request request = { .kind = KWW_NETWORK_RESOLVE, .address = { .port = port } };
    int descriptor;
    if (find_here(name, flags, answer))
        return 0;
    if ((flags & AI_NUMERICHOST) != 0 || strlen(name) >= sizeof request.name)
        return EAI_NONAME;
    request.address.family = (uint16_t)family;
    memcpy(request.name, name, strlen(name));
    int error = ask_broker(&request, answer, &descriptor);
    if (error != 0) {
        errno = error;
        return error == ETIMEDOUT ? EAI_AGAIN : EAI_SYSTEM;
    }
    return answer->count <= KWW_ADDRESS_LIMIT ? answer->error : EAI_FAIL;
}

/* ---- the answer ----------------------------------------------------------------------------------------------- */

/* One allocation. */
typedef struct entry {
    struct addrinfo info;
    union {
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } address;
} entry;

static entry *entry_of(const kww_network_address *found, uint16_t port, int kind)
{
    entry *made = calloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    made->info = (struct addrinfo){
        .ai_family = found->family, .ai_socktype = kind, .ai_protocol = kind == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP,
        .ai_addr = (struct sockaddr *)&made->address,
    };
    if (found->family == AF_INET) {
        made->info.ai_addrlen = sizeof made->address.four;
        made->address.four.sin_family = AF_INET;
        made->address.four.sin_port = htons(port);
        memcpy(&made->address.four.sin_addr, found->bytes, 4);
    } else {
        made->info.ai_addrlen = sizeof made->address.six;
        made->address.six.sin6_family = AF_INET6;
        made->address.six.sin6_port = htons(port);
        made->address.six.sin6_scope_id = found->scope;
        memcpy(&made->address.six.sin6_addr, found->bytes, 16);
    }
    return made;
}

/* A list that freeaddrinfo frees. 0, or EAI_*. */
static int list(const kww_network_answer *answer, const char *name, const struct addrinfo *wanted, uint16_t port,
                struct addrinfo **result)
{
    struct addrinfo *first = NULL, **end = &first;
    /* There is nothing else to connect; who asks for datagrams may still want to know an address. */
    int kind = wanted->ai_socktype == SOCK_DGRAM ? SOCK_DGRAM : SOCK_STREAM;
    for (uint32_t i = 0; i < answer->count; i++) {
        const kww_network_address *found = &answer->addresses[i];
        if (wanted->ai_family != AF_UNSPEC && wanted->ai_family != found->family)
            continue;
        entry *made = entry_of(found, port, kind);
        if (made != NULL && first == NULL && (wanted->ai_flags & AI_CANONNAME) != 0 && name != NULL)
            made->info.ai_canonname = strdup(name);
        if (made == NULL) {
            freeaddrinfo(first);
            return EAI_MEMORY;
        }
        *end = &made->info;
        end = &made->info.ai_next;
    }
    *result = first;
    return first != NULL ? 0 : EAI_NONAME;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    if (!has_broker()) {
        int (*own)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
        *(void **)&own = of_library("getaddrinfo");
        return own != NULL ? own(name, service, hints, result) : EAI_SYSTEM;
    }
    static const struct addrinfo any;
    const struct addrinfo *wanted = hints != NULL ? hints : &any;
    kww_network_answer answer;
    uint16_t port;
    if (name == NULL && service == NULL)
        return EAI_NONAME;
    if (wanted->ai_family != AF_UNSPEC && wanted->ai_family != AF_INET && wanted->ai_family != AF_INET6)
        return EAI_FAMILY;
    if (wanted->ai_socktype != 0 && wanted->ai_socktype != SOCK_STREAM && wanted->ai_socktype != SOCK_DGRAM)
        return EAI_SOCKTYPE;
    int error = read_service(service, wanted->ai_flags, &port);
    if (error == 0)
        error = find_addresses(name, wanted->ai_family, wanted->ai_flags, port, &answer);
    return error != 0 ? error : list(&answer, name, wanted, port, result);
}

void freeaddrinfo(struct addrinfo *first)
{
    if (!has_broker()) {
        void (*own)(struct addrinfo *);
        *(void **)&own = of_library("freeaddrinfo");
        if (own != NULL)
            own(first);
        return;
    }
    while (first != NULL) {
        struct addrinfo *following = first->ai_next;
        free(first->ai_canonname);
        free(first);
        first = following;
    }
}
