#define _GNU_SOURCE
#include "namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bare_call.h"

#define STACK_SIZE 16384u

/* Linux 5.12; a header of this machine may be older. */
#define SYS_MOUNT_ATTRIBUTES 442
#define RECURSIVE 0x8000
#define READ_ONLY 1u
#define NO_SET_ID 2u
struct mount_attributes {
    uint64_t set, clear, propagation, user_space;
};

unsigned long namespaces_of(const kw_policy *policy)
{
    static const struct {
        uint64_t bit;
        unsigned long flag;
    } spaces[] = { { KW_ISOLATE_PID, CLONE_NEWPID }, { KW_ISOLATE_IPC, CLONE_NEWIPC }, { KW_ISOLATE_NET, CLONE_NEWNET },
                   { KW_ISOLATE_MOUNT, CLONE_NEWNS }, { KW_ISOLATE_USER, CLONE_NEWUSER } };
    unsigned long flags = 0;
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
        if (policy->isolate & spaces[i].bit)
            flags |= spaces[i].flag;
    return flags != 0 && geteuid() != 0 ? flags | CLONE_NEWUSER : flags;
}

/* ---- users ---------------------------------------------------------------------------------------------- */

static int write_text(pid_t process, const char *name, const char *text, int size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)process, name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return errno;
    ssize_t written = write(file, text, (size_t)size);
    int number = written == size ? 0 : written < 0 ? errno : EIO;
    close(file);
    return number;
}

int namespaces_map(pid_t process, uid_t uid, gid_t gid)
{
    char text[48];
    /* Who is not root may not give up groups there, as one may be there to take rights away. */
    int number = geteuid() != 0 ? write_text(process, "setgroups", "deny", 4) : 0;
    if (number == 0)
        number = write_text(process, "uid_map", text, snprintf(text, sizeof text, "%u %u 1", (unsigned)uid, (unsigned)uid));
    if (number == 0)
        number = write_text(process, "gid_map", text, snprintf(text, sizeof text, "%u %u 1", (unsigned)gid, (unsigned)gid));
    return number;
}

/* ---- mounts --------------------------------------------------------------------------------------------- */

SPAWN_BARE static int call_mount(const char *source, const char *target, unsigned long flags)
{
    return syscall(SYS_mount, source, target, NULL, flags, NULL) == 0 ? 0 : errno;
}

SPAWN_BARE static int change_mount(const char *path, uint64_t set, uint64_t clear)
{
    struct mount_attributes change = { .set = set, .clear = clear };
    return syscall(SYS_MOUNT_ATTRIBUTES, AT_FDCWD, path, RECURSIVE, &change, sizeof change) == 0 ? 0 : errno;
}

SPAWN_BARE int namespaces_mount(char *const *writable)
{
    int number = call_mount(NULL, "/", MS_REC | MS_PRIVATE);
    for (size_t i = 0; number == 0 && writable[i] != NULL; i++)
        number = call_mount(writable[i], writable[i], MS_BIND | MS_REC);
    if (number == 0)
        number = change_mount("/", READ_ONLY | NO_SET_ID, 0);
    for (size_t i = 0; number == 0 && writable[i] != NULL; i++) {
        number = change_mount(writable[i], 0, READ_ONLY);
        /* It was read-only before, for everybody, and stays so. */
        if (number == EPERM)
            number = 0;
    }
    return number;
}

/* ---- trying --------------------------------------------------------------------------------------------- */

typedef struct trial {
    unsigned long flags;
    int channel[2];
    volatile int number;
} trial;

__attribute__((noreturn)) SPAWN_BARE static int live(void *argument)
{
    trial *t = argument;
    char go;
    (void)bare_call(SYS_close, t->channel[1], 0, 0, 0);
    if (bare_call(SYS_read, t->channel[0], (long)&go, 1, 0) == 1)
        /* A security module may let a namespace be made, and nothing be done in it. The host waits by now. */
        t->number = t->flags & CLONE_NEWNS ? call_mount(NULL, "/", MS_REC | MS_PRIVATE) : 0;
    for (;;)
        (void)bare_call(SYS_exit_group, 0, 0, 0, 0);
}

/* With the signals blocked: a handler of the host must not run there. */
static int try_on(trial *t, char *stack)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = clone(live, stack + STACK_SIZE, (int)(CLONE_VM | t->flags), t);
    int number = child < 0 ? errno : 0;
    if (child > 0 && t->flags & CLONE_NEWUSER)
        number = namespaces_map(child, geteuid(), getegid());
    if (child > 0 && number == 0 && write(t->channel[1], "", 1) != 1)
        number = errno;
    close(t->channel[1]);
    while (child > 0 && waitpid(child, NULL, __WALL) < 0 && errno == EINTR)
        ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return number != 0 ? number : t->number;
}

static bool try(unsigned long flags)
{
    trial t = { .flags = flags, .number = EIO };
    char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return false;
    bool works = pipe2(t.channel, O_CLOEXEC) == 0 && try_on(&t, stack) == 0;
    if (t.channel[0] > 0)
        close(t.channel[0]);
    munmap(stack, STACK_SIZE);
    return works;
}

bool namespaces_work(unsigned long flags)
{
    static _Atomic signed char known[32]; /* by which of the five are wanted: 0 not tried, 1 works, -1 does not */
    unsigned i = (flags & CLONE_NEWPID ? 1u : 0u) | (flags & CLONE_NEWIPC ? 2u : 0u) | (flags & CLONE_NEWNET ? 4u : 0u)
        | (flags & CLONE_NEWNS ? 8u : 0u) | (flags & CLONE_NEWUSER ? 16u : 0u);
    if (atomic_load(&known[i]) == 0)
        atomic_store(&known[i], try(flags) ? 1 : -1);
    return atomic_load(&known[i]) > 0;
}
