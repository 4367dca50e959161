#define _GNU_SOURCE
#include "jail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <keyway/author.h>
#include "bare_call.h"
#include "landlock.h"
#include "namespaces.h"
#include "ports.h"
#include "terminal.h"

#define SYS_RESTRICT 446

bool jail_has_profile(const kw_policy *policy)
{
    return !kw_equal(policy->seccomp, kw_string("none"));
}

/* ---- made by the host ----------------------------------------------------------------------------------- */

typedef struct parts {
    unsigned filter, landlock; /* FILTER_*, LANDLOCK_* */
    ports connect, bind;
} parts;

static void choose_network(const request *r, parts *p)
{
    if (r->policy.flags & KW_POLICY_ALLOW_NETWORK)
        return;
    (void)ports_read(r, KW_NET_PORTS, &p->connect);
    (void)ports_read(r, KW_NET_BIND, &p->bind);
    p->landlock |= LANDLOCK_ABSTRACT;
    if (p->connect.count == 0 && p->bind.count == 0) {
        p->filter |= FILTER_NO_NETWORK;
        return;
    }
    p->filter |= FILTER_TCP_ONLY | (p->bind.count == 0 ? FILTER_NO_LISTENING : 0u);
    p->landlock |= (p->connect.count < PORTS_ALL ? LANDLOCK_CONNECT : 0u) | (p->bind.count < PORTS_ALL ? LANDLOCK_BIND : 0u);
}

static void choose(const request *r, unsigned long namespaces, parts *p)
{
    choose_network(r, p);
    if (jail_has_profile(&r->policy)) {
        p->filter |= FILTER_PROFILE | (landlock_abi() == 0 ? FILTER_NO_TRACING : 0u);
        p->landlock |= LANDLOCK_SIGNALS;
    }
    if (!file_rules_are_set(r))
        return;
    p->landlock |= LANDLOCK_FILES;
    if (!(namespaces & CLONE_NEWNS))
        p->filter |= FILTER_NO_ATTRIBUTES;
    if (landlock_abi() < 3)
        p->filter |= FILTER_NO_TRUNCATION;
}

static int add_ports(int rules, const ports *p, uint32_t what)
{
    int number = 0;
    bool is_some = p->count > 0 && p->count < PORTS_ALL;
    for (uint32_t port = 0; number == 0 && is_some && port < PORTS_ALL; port++)
        if (ports_has(p, port))
            number = landlock_add_port(rules, (uint16_t)port, what);
    return number;
}

/* Where files are confined, the program begins in a folder that it may read. */
static const char *choose_folder(jail *j, const request *r, int *folder)
{
    char link[40], path[PATH_MAX];
    if (file_rules_are_set(r)) {
        if (*folder < 0)
            *folder = descriptor_move_up(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
        bool is_covered = *folder >= 0 && file_rules_cover(r, *folder);
        if (!is_covered && r->cwd != NULL) {
            errno = EACCES;
            return "working folder";
        }
        if (!is_covered) {
            if (*folder >= 0)
                close(*folder);
            *folder = descriptor_move_up(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
        }
    }
    if (!(j->namespaces & CLONE_NEWNS) || *folder < 0)
        return NULL;
    /* The descriptor is of the old mounts. */
    snprintf(link, sizeof link, "/proc/self/fd/%d", *folder);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0)
        return "working folder";
    path[size] = '\0';
    return (j->folder = strdup(path)) != NULL ? NULL : "working folder";
}

static const char *make_rules(jail *j, const request *r, const parts *p, const environment *e, const char *program,
                              int folder)
{
    j->rules = descriptor_move_up(landlock_make(p->landlock));
    if (j->rules < 0)
        return JAIL_STAGE "Landlock";
    const char *stage = p->landlock & LANDLOCK_FILES ? file_rules_add(r, e, program, folder, j->rules, &j->files) : NULL;
    if (stage != NULL)
        return stage;
    int number = add_ports(j->rules, &p->connect, LANDLOCK_CONNECT);
    if (number == 0)
        number = add_ports(j->rules, &p->bind, LANDLOCK_BIND);
    errno = number;
    return number == 0 ? NULL : JAIL_STAGE "Landlock's ports";
}

const char *jail_make(jail *j, const request *r, const environment *e, const char *program, int *folder)
{
    parts p = { 0 };
    j->is_profiled = jail_has_profile(&r->policy);
    j->confines_files = file_rules_are_set(r);
    unsigned long namespaces = namespaces_of(&r->policy);
    j->namespaces = namespaces != 0 && namespaces_work(namespaces) ? namespaces : 0;
    choose(r, j->namespaces, &p);
    if (filter_works())
        filter_make(&j->filter, p.filter);
    const char *stage = choose_folder(j, r, folder);
    if (stage != NULL || p.landlock == 0 || landlock_abi() == 0)
        return stage;
    return make_rules(j, r, &p, e, program, *folder);
}

void jail_free(jail *j)
{
    if (j->rules >= 0)
        close(j->rules);
    j->rules = -1;
    free(j->folder);
    j->folder = NULL;
    file_rules_free(&j->files);
}

/* ---- in processes that share the host's memory ---------------------------------------------------------- */

SPAWN_BARE int jail_prepare_namespaces(const jail *j)
{
    static char *const nothing[] = { NULL };
    if (!(j->namespaces & CLONE_NEWNS) || !j->confines_files)
        return 0;
    return namespaces_mount(j->files.writable != NULL ? j->files.writable : (char *const *)nothing);
}

SPAWN_BARE void jail_drop_bounds(const jail *j)
{
    /* Who may not has none to give, and PR_SET_NO_NEW_PRIVS keeps programs from gaining one. */
    for (int capability = 0; j->is_profiled && prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
        if (prctl(PR_CAPBSET_DROP, capability) != 0)
            return;
}

SPAWN_BARE static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return (int)syscall(SYS_capset, &header, none);
}

SPAWN_BARE const char *jail_enter(const jail *j)
{
    struct sock_fprog program = { j->filter.count, (struct sock_filter *)j->filter.list };
    if (j->is_profiled && drop_capabilities() != 0)
        return JAIL_STAGE "capabilities";
    if ((j->is_profiled || j->rules >= 0 || program.len > 0) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return JAIL_STAGE "no new privileges";
    if (j->rules >= 0 && syscall(SYS_RESTRICT, j->rules, 0) != 0)
        return JAIL_STAGE "Landlock";
    if (j->rules >= 0)
        (void)syscall(SYS_close, j->rules);
    if (program.len > 0 && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
        return JAIL_STAGE "system call filter";
    return NULL;
}
