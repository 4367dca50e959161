/* Landlock, by its system calls: which files can be opened and changed, that no TCP port is used, whom a signal reaches. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the kernel's header; the one of this machine may be older than its kernel. */
struct ruleset_attributes {
    uint64_t files, ports, scopes;
};
struct path_rule {
    uint64_t access;
    int32_t folder;
} __attribute__((packed));
enum { CREATE_VERSION = 1, RULE_PATH = 1, PORT_BIND = 1, PORT_CONNECT = 2, SCOPE_ABSTRACT = 1, SCOPE_SIGNAL = 2 };
enum {
    EXECUTE = 1 << 0, WRITE_FILE = 1 << 1, READ_FILE = 1 << 2, READ_FOLDER = 1 << 3, REMOVE_FOLDER = 1 << 4,
    REMOVE_FILE = 1 << 5, MAKE_FOLDER = 1 << 7, MAKE_FILE = 1 << 8, REFER = 1 << 13, TRUNCATE = 1 << 14,
    DEVICE_REQUEST = 1 << 15,
    OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | DEVICE_REQUEST,
};
#define SYS_CREATE 444
#define SYS_ADD 445
#define SYS_RESTRICT 446

#define KNOWN_ABI 7u
#define PORTS_ABI 4u
#define SCOPES_ABI 6u

#if defined(__aarch64__)
#define DYNAMIC_LINKER "/lib/ld-linux-aarch64.so.1"
#else
#define DYNAMIC_LINKER "/lib64/ld-linux-x86-64.so.2"
#endif

uint32_t kws_landlock_most = UINT32_MAX;

static long version(void)
{
    return kws_landlock_most == 0 ? (errno = ENOSYS, -1) : syscall(SYS_CREATE, NULL, 0, CREATE_VERSION);
}

uint32_t kws_landlock_abi(void)
{
    long abi = version();
    uint32_t most = kws_landlock_most < KNOWN_ABI ? kws_landlock_most : KNOWN_ABI;
    return abi < 0 ? 0 : abi > (long)most ? most : (uint32_t)abi;
}

int kws_landlock_error(void)
{
    return version() < 0 ? errno : 0;
}

/* All rights to files that an ABI has: what is handled and not given is refused. */
static uint64_t file_rights(uint32_t abi)
{
    return abi >= 5 ? 0xFFFF : abi >= 3 ? 0x7FFF : abi == 2 ? 0x3FFF : 0x1FFF;
}

static uint64_t rights_of(uint32_t access)
{
    uint64_t rights = 0;
    if ((access & KWS_READ) != 0)
        rights |= READ_FILE | READ_FOLDER;
    /* No links to elsewhere, sockets, pipes and devices: others might follow or open them. */
    if ((access & KWS_WRITE) != 0)
        rights |= WRITE_FILE | TRUNCATE | MAKE_FILE | MAKE_FOLDER | REMOVE_FILE | REMOVE_FOLDER | REFER;
    if ((access & KWS_EXECUTE) != 0)
        rights |= EXECUTE | READ_FILE;
    return rights;
}

static int add_file(int rules, uint64_t handled, int descriptor, uint64_t rights)
{
    struct stat facts;
    if (fstat(descriptor, &facts) != 0)
        return errno;
    if (!S_ISDIR(facts.st_mode))
        rights &= OF_FILES;
    struct path_rule rule = { rights & handled, descriptor };
    if (rule.access == 0)
        return 0;
    return syscall(SYS_ADD, rules, RULE_PATH, &rule, 0) == 0 ? 0 : errno;
}

/* What this machine does not have gives no access. */
static int add_path(int rules, uint64_t handled, const char *path, uint32_t access)
{
    int descriptor = open(path, O_PATH | O_CLOEXEC);
    if (descriptor < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : errno;
    int error = add_file(rules, handled, descriptor, rights_of(access));
    close(descriptor);
    return error;
}

/* With all that is in them. */
static const char *const readable[] = { "/usr", "/lib", "/lib64", "/lib32", "/etc/ld.so.cache", "/dev/urandom" };

static int lies_in(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

int kws_is_everybodys(const char *path, uint32_t may)
{
    static const char *const more[] = { "/dev/null", "/dev/zero" };
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++) {
        if (lies_in(path, readable[i]))
            return 1;
    }
    for (size_t i = 0; (may & KWS_MAY_OPEN_TCP) != 0 && kws_certificates[i] != NULL; i++) {
        if (lies_in(path, kws_certificates[i]))
            return 1;
    }
    return strcmp(path, more[0]) == 0 || ((may & KWS_MAY_SHARE_FILES) == 0 && strcmp(path, more[1]) == 0);
}

static int add_base(const kws_policy *policy, int rules, uint64_t handled, int threads)
{
    int error = add_path(rules, handled, "/dev/null", KWS_READ | KWS_WRITE);
    for (size_t i = 0; error == 0 && i < sizeof readable / sizeof readable[0]; i++)
        error = add_path(rules, handled, readable[i], KWS_READ);
    for (size_t i = 0; error == 0 && (policy->may & KWS_MAY_OPEN_TCP) != 0 && kws_certificates[i] != NULL; i++) {
        error = add_path(rules, handled, kws_certificates[i], KWS_READ);
        /* What its user cannot reach is not given by a rule either. */
        if (error == EACCES)
            error = 0;
    }
    /* Its own threads, to read: see kws_open_thread_state. The folder is kept open, and so the one that the rule is of. */
    if (error == 0 && threads >= 0)
        error = add_file(rules, handled, threads, READ_FILE);
    if (error == 0 && policy->runtime_folder != NULL)
        error = add_path(rules, handled, policy->runtime_folder, KWS_READ);
    /* Mapped with MAP_SHARED it is memory that no limit of data counts. */
    if (error == 0 && (policy->may & (KWS_MAY_SHARE_FILES | KWS_MAY_START_PROGRAMS)) == 0)
        error = add_path(rules, handled, "/dev/zero", KWS_READ);
    if (error == 0 && (policy->may & KWS_MAY_START_PROGRAMS) != 0)
        error = add_path(rules, handled, DYNAMIC_LINKER, KWS_EXECUTE);
    return error;
}

/* Says what of it is used, and adds it to the attributes. 0 or -1. */
static int choose(const kws_policy *policy, kws_report *report, uint32_t abi, struct ruleset_attributes *attributes)
{
    int error = abi == 0 ? kws_landlock_error() : 0;
    if (kws_is_wanted(policy, KWS_FILES)) {
        if (abi >= 3) {
            kws_note(report, KWS_FILES, KWS_ENFORCED, 0, "Landlock ABI %u; names and sizes of files can be seen", abi);
        } else if (abi > 0) {
            /* The filter refuses truncate(2) and truncating what is opened for reading. */
            kws_note(report, KWS_FILES, KWS_ENFORCED, 0, "Landlock ABI %u and the filter; names and sizes can be seen", abi);
        } else if (kws_do_without(policy, report, KWS_FILES, KWS_NOT_ENFORCED, error,
                                  "this kernel has no Landlock (Linux 5.13), or it is not switched on") != 0) {
            return -1;
        }
        attributes->files = file_rights(abi) * (abi > 0);
    }
    if (kws_is_wanted(policy, KWS_PORTS)) {
        if (abi >= PORTS_ABI) {
            attributes->ports = PORT_BIND | PORT_CONNECT;
            kws_note(report, KWS_PORTS, KWS_ENFORCED, 0, "no TCP port");
        } else if (kws_do_without(policy, report, KWS_PORTS, KWS_UNUSED, error, "the filter lets no socket be connected") != 0) {
            return -1;
        }
    }
    static const struct { uint32_t mechanism; uint64_t scope; const char *needless; } scopes[] = {
        { KWS_SIGNALS, SCOPE_SIGNAL, "the filter lets no other process be signalled" },
        { KWS_ABSTRACT, SCOPE_ABSTRACT, "the filter lets no Unix socket be opened" },
    };
    for (size_t i = 0; i < 2; i++) {
        uint32_t mechanism = scopes[i].mechanism;
        if (!kws_is_wanted(policy, mechanism))
            continue;
        if (abi >= SCOPES_ABI) {
            attributes->scopes |= scopes[i].scope;
            kws_note(report, mechanism, KWS_ENFORCED, 0, "Landlock ABI %u", abi);
        } else if (mechanism == KWS_SIGNALS && (policy->may & KWS_MAY_START_PROGRAMS) != 0) {
            if (kws_do_without(policy, report, mechanism, KWS_NOT_ENFORCED, error, "needs Landlock ABI 6 (Linux 6.12)") != 0)
                return -1;
        } else if (kws_do_without(policy, report, mechanism, KWS_UNUSED, error, "%s", scopes[i].needless) != 0) {
            return -1;
        }
    }
    return 0;
}

int kws_landlock_make(const kws_policy *policy, kws_report *report, int threads)
{
    uint32_t abi = kws_landlock_abi();
    struct ruleset_attributes attributes = { 0 };
    report->landlock_abi = abi;
    if (choose(policy, report, abi, &attributes) != 0)
        return -2;
    if (attributes.files == 0 && attributes.ports == 0 && attributes.scopes == 0)
        return -1;
    size_t size = abi >= SCOPES_ABI ? sizeof attributes : abi >= PORTS_ABI ? 16 : 8;
    int rules = (int)syscall(SYS_CREATE, &attributes, size, 0);
    if (rules < 0) {
        kws_stop(report, KWS_FILES, errno, "no rule set could be made");
        return -2;
    }
    int error = attributes.files == 0 ? 0 : add_base(policy, rules, attributes.files, threads);
    if (error != 0)
        kws_stop(report, KWS_FILES, error, "what every worker reads could not be opened");
    for (size_t i = 0; error == 0 && attributes.files != 0 && i < policy->grant_count; i++) {
        const kws_grant *grant = &policy->grants[i];
        uint64_t rights = rights_of(grant->access);
        if ((policy->may & KWS_MAY_USE_DEVICES) != 0)
            rights |= DEVICE_REQUEST;
        error = add_file(rules, attributes.files, grant->descriptor, rights);
        if (error != 0)
            kws_stop(report, KWS_FILES, error, "grant %zu cannot be given", i);
    }
    if (error != 0) {
        close(rules);
        return -2;
    }
    return rules;
}

int kws_landlock_enter(int rules)
{
    return syscall(SYS_RESTRICT, rules, 0) == 0 ? 0 : errno;
}
