#define _GNU_SOURCE
#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the kernel's header, which on this machine may be older than its kernel, or not there. */
struct ruleset_attributes {
    uint64_t files, ports, scopes;
};
struct path_rule {
    uint64_t access;
    int32_t file;
} __attribute__((packed));
struct port_rule {
    uint64_t access, port;
};
enum { SYS_CREATE = 444, SYS_ADD = 445, CREATE_VERSION = 1, RULE_PATH = 1, RULE_PORT = 2, KNOWN_ABI = 7 };
enum { PORT_BIND = 1, PORT_CONNECT = 2, SCOPE_ABSTRACT = 1, SCOPE_SIGNAL = 2 };
enum {
    EXECUTE = 1 << 0, WRITE_FILE = 1 << 1, READ_FILE = 1 << 2, READ_FOLDER = 1 << 3, REMOVE_FOLDER = 1 << 4,
    REMOVE_FILE = 1 << 5, MAKE_FOLDER = 1 << 7, MAKE_FILE = 1 << 8, MAKE_SOCKET = 1 << 9, MAKE_PIPE = 1 << 10,
    MAKE_BLOCK_DEVICE = 1 << 11, MAKE_LINK = 1 << 12, REFER = 1 << 13, TRUNCATE = 1 << 14, DEVICE_REQUEST = 1 << 15,
    OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | DEVICE_REQUEST,
};

uint32_t landlock_abi(void)
{
    long abi = syscall(SYS_CREATE, NULL, 0, CREATE_VERSION);
    return abi < 0 ? 0 : abi > KNOWN_ABI ? KNOWN_ABI : (uint32_t)abi;
}

static uint64_t known_rights(uint32_t abi)
{
    return abi >= 5 ? 0xFFFF : abi >= 3 ? 0x7FFF : abi == 2 ? 0x3FFF : 0x1FFF;
}

int landlock_make(uint32_t what)
{
    uint32_t abi = landlock_abi();
    /* One right that nobody here has anyway: a rule set of nothing is refused. */
    struct ruleset_attributes attributes = { .files = what & LANDLOCK_FILES ? known_rights(abi) : MAKE_BLOCK_DEVICE };
    if (abi >= 4)
        attributes.ports = (what & LANDLOCK_CONNECT ? PORT_CONNECT : 0u) | (what & LANDLOCK_BIND ? PORT_BIND : 0u);
    if (abi >= 6)
        attributes.scopes = (what & LANDLOCK_SIGNALS ? SCOPE_SIGNAL : 0u) | (what & LANDLOCK_ABSTRACT ? SCOPE_ABSTRACT : 0u);
    return (int)syscall(SYS_CREATE, &attributes, abi >= 6 ? sizeof attributes : abi >= 4 ? 16u : 8u, 0);
}

static uint64_t rights_of(uint32_t access)
{
    uint64_t rights = 0;
    if (access & LANDLOCK_READ)
        rights |= READ_FILE | READ_FOLDER;
    if (access & LANDLOCK_WRITE)
        rights |= WRITE_FILE | TRUNCATE | MAKE_FILE | MAKE_FOLDER | MAKE_LINK | MAKE_PIPE | MAKE_SOCKET | REMOVE_FILE
            | REMOVE_FOLDER | REFER;
    if (access & LANDLOCK_EXECUTE)
        rights |= EXECUTE;
    if (access & LANDLOCK_DEVICE)
        rights |= DEVICE_REQUEST;
    return rights;
}

int landlock_add(int rules, int file, uint32_t access)
{
    struct stat facts;
    if (fstat(file, &facts) != 0)
        return errno;
    struct path_rule rule = { rights_of(access) & known_rights(landlock_abi()), file };
    if (!S_ISDIR(facts.st_mode))
        rule.access &= OF_FILES;
    return rule.access == 0 || syscall(SYS_ADD, rules, RULE_PATH, &rule, 0) == 0 ? 0 : errno;
}

int landlock_add_path(int rules, const char *path, uint32_t access)
{
    int file = open(path, O_PATH | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : errno;
    int number = landlock_add(rules, file, access);
    close(file);
    return number;
}

int landlock_add_port(int rules, uint16_t port, uint32_t what)
{
    struct port_rule rule = { what == LANDLOCK_BIND ? PORT_BIND : PORT_CONNECT, port };
    return syscall(SYS_ADD, rules, RULE_PORT, &rule, 0) == 0 ? 0 : errno;
}
