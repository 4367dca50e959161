/* Names of hosts as they were asked for before getaddrinfo(3): gethostbyname(3) and its kind, for whatever is loaded here, if
 * the worker has a broker. */
#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* What a caller's memory, or a thread's own, is used for. */
typedef struct places {
    char *aliases[1];
    char *addresses[KWW_ADDRESS_LIMIT + 1];
    unsigned char bytes[KWW_ADDRESS_LIMIT][16];
    char name[]; /* with its NUL */
} places;

/* As HOST_NOT_FOUND and so on. */
static int trouble(int error)
{
    switch (error) {
    case EAI_NONAME: return HOST_NOT_FOUND;
    case EAI_AGAIN: return TRY_AGAIN;
    case EAI_SYSTEM: return NETDB_INTERNAL;
    default: return NO_RECOVERY;
    }
}

/* Writes into memory of the caller: 0; ERANGE: it is too small; ENOENT: no address is of the family. */
static int describe(const kww_network_answer *answer, const char *name, int family, struct hostent *host, void *memory, size_t size)
{
    size_t shift = (_Alignof(places) - (uintptr_t)memory % _Alignof(places)) % _Alignof(places), length = strlen(name) + 1;
    uint32_t count = 0;
    if (size < shift + sizeof(places) + length)
        return ERANGE;
    places *used = (places *)(void *)((char *)memory + shift);
    const int width = family == AF_INET ? 4 : 16;
    for (uint32_t i = 0; i < answer->count; i++) {
        if (answer->addresses[i].family != family)
            continue;
        memcpy(used->bytes[count], answer->addresses[i].bytes, (size_t)width);
        used->addresses[count] = (char *)used->bytes[count];
        count++;
    }
    used->addresses[count] = used->aliases[0] = NULL;
    memcpy(used->name, name, length);
    *host = (struct hostent){
        .h_name = used->name, .h_aliases = used->aliases, .h_addrtype = family, .h_length = width,
        .h_addr_list = used->addresses,
    };
    return count > 0 ? 0 : ENOENT;
}

/* As gethostbyname2_r says it: 0 with *result NULL if there is no such host. */
static int find_host(const char *name, int family, struct hostent *host, char *memory, size_t size, struct hostent **result,
                     int *why)
{
    kww_network_answer answer;
    *result = NULL;
    if (family != AF_INET && family != AF_INET6) {
        *why = NETDB_INTERNAL;
        return EAFNOSUPPORT;
    }
    int error = find_addresses(name, family, 0, 0, &answer);
    if (error != 0) {
        *why = trouble(error);
        return *why == HOST_NOT_FOUND ? 0 : *why == NETDB_INTERNAL ? errno : EAGAIN;
    }
    error = describe(&answer, name, family, host, memory, size);
    *why = error == 0 ? NETDB_SUCCESS : error == ERANGE ? NETDB_INTERNAL : NO_DATA;
    if (error == 0)
        *result = host;
    return error == ERANGE ? ERANGE : 0;
}

int gethostbyname2_r(const char *name, int family, struct hostent *host, char *memory, size_t size, struct hostent **result,
                     int *why)
{
    if (!has_broker()) {
        int (*own)(const char *, int, struct hostent *, char *, size_t, struct hostent **, int *);
        *(void **)&own = of_library("gethostbyname2_r");
        return own != NULL ? own(name, family, host, memory, size, result, why) : ENOSYS;
    }
    return find_host(name, family, host, memory, size, result, why);
}

int gethostbyname_r(const char *name, struct hostent *host, char *memory, size_t size, struct hostent **result, int *why)
{
    if (!has_broker()) {
        int (*own)(const char *, struct hostent *, char *, size_t, struct hostent **, int *);
        *(void **)&own = of_library("gethostbyname_r");
        return own != NULL ? own(name, host, memory, size, result, why) : ENOSYS;
    }
    return find_host(name, AF_INET, host, memory, size, result, why);
}

struct hostent *gethostbyname2(const char *name, int family)
{
    static _Thread_local struct hostent host;
    static _Thread_local char memory[sizeof(places) + sizeof((kww_network_request *)0)->name];
    struct hostent *result = NULL;
    if (!has_broker()) {
        struct hostent *(*own)(const char *, int);
        *(void **)&own = of_library("gethostbyname2");
        return own != NULL ? own(name, family) : NULL;
    }
    int error = find_host(name, family, &host, memory, sizeof memory, &result, &h_errno);
    if (error != 0)
        errno = error;
    return result;
}

struct hostent *gethostbyname(const char *name)
{
    if (!has_broker()) {
        struct hostent *(*own)(const char *);
        *(void **)&own = of_library("gethostbyname");
        return own != NULL ? own(name) : NULL;
    }
    return gethostbyname2(name, AF_INET);
}
