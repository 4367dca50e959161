/* What this kernel offers this user, by trying it. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Younger than a header of this machine may be. */
#define SYS_WAIT_FOR_MANY 449
#define SEAL_FUTURE_WRITE 0x10
#define SET_WRITE_XOR_EXECUTE 65
#define NOTIFICATION_SIZES 3

enum trial {
    TRY_USER, TRY_NETWORK, TRY_PROCESS, TRY_MOUNT, TRY_LANDLOCK, TRY_PORTS, TRY_SCOPES, TRY_FILTER, TRY_NOTIFICATION,
    TRY_ALL_THREADS, TRY_PIDFD, TRY_SEALS, TRY_WRITE_XOR_EXECUTE, TRY_WAIT_FOR_MANY, TRY_PROCESSES, TRY_CGROUP_MEMORY,
    TRY_CGROUP_PIDS /* behind the one before */, TRIAL_COUNT,
};

static const struct { const char *name, *minimum, *remedy; } trials[TRIAL_COUNT] = {
    [TRY_USER] = { "namespace.user", "Linux 3.8", "the machine or the container does not let this user make one" },
    [TRY_NETWORK] = { "namespace.network", "Linux 3.0", "needs root, or a user namespace with its rights" },
    [TRY_PROCESS] = { "namespace.pid", "Linux 3.8", "needs root, or a user namespace with its rights" },
    [TRY_MOUNT] = { "namespace.mount", "Linux 3.8", "needs root, or a user namespace with its rights" },
    [TRY_LANDLOCK] = { "landlock", "Linux 5.13", "not in this kernel, or not among lsm= of its command line" },
    [TRY_PORTS] = { "landlock.ports", "Linux 6.7", "needs Landlock ABI 4" },
    [TRY_SCOPES] = { "landlock.scopes", "Linux 6.12", "needs Landlock ABI 6" },
    [TRY_FILTER] = { "seccomp.filter", "Linux 3.17", "not in this kernel, or refused by the container" },
    [TRY_NOTIFICATION] = { "seccomp.notification", "Linux 5.0", "not in this kernel, or refused by the container" },
    [TRY_ALL_THREADS] = { "seccomp.tsync", "Linux 3.17", "not in this kernel, or refused by the container" },
    [TRY_PIDFD] = { "pidfd", "Linux 5.3", "not in this kernel, or refused by the container" },
    [TRY_SEALS] = { "memfd.seals", "Linux 5.1", "not in this kernel, or refused by the container" },
    [TRY_WRITE_XOR_EXECUTE] = { "mdwe", "Linux 6.3", "not in this kernel; the filter refuses the same" },
    [TRY_WAIT_FOR_MANY] = { "futex.waitv", "Linux 5.16", "not in this kernel, or refused by the container" },
    [TRY_PROCESSES] = { "limit.processes", "Linux 2.6", "the kernel does not limit the user of workers" },
    [TRY_CGROUP_MEMORY] = { "cgroup.memory", "Linux 4.5, or cgroup v1", "no group with this controller may be made here" },
    [TRY_CGROUP_PIDS] = { "cgroup.pids", "Linux 4.5, or cgroup v1", "no group with this controller may be made here" },
};

/* 0 or an errno; in a child that has one thread, and of a process that may have had more: only system calls. */
static int try_seals(void)
{
    int file = memfd_create("probe", MFD_ALLOW_SEALING);
    int error = file < 0 || ftruncate(file, 1) != 0 || fcntl(file, F_ADD_SEALS, SEAL_FUTURE_WRITE) != 0 ? errno : 0;
    if (file >= 0)
        close(file);
    return error;
}

static int try_filter(unsigned int flags)
{
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = { 1, &allow };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return errno;
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    return result == 0 ? 0 : result < 0 ? errno : ESRCH;
}

/* As the user of workers, who is not root. */
static int try_processes(void)
{
    struct rlimit none = { 0, 0 };
    int status = 0;
    pid_t child = fork();
    if (child < 0)
        return errno;
    if (child == 0) {
        if (geteuid() == 0
            && (syscall(SYS_setgroups, 0, NULL) != 0 || syscall(SYS_setresuid, 65534, 65534, 65534) != 0))
            _exit(EPERM);
        if (setrlimit(RLIMIT_NPROC, &none) != 0)
            _exit(errno);
        pid_t more = fork();
        if (more == 0)
            _exit(0);
        _exit(more < 0 ? 0 : ENOTSUP);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

static int try_mount(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ? 0 : errno;
}

/* In this order: the last ones change what can be had after them. */
static void try_all(int results[TRIAL_COUNT])
{
    long sizes[8];
    results[TRY_PROCESSES] = try_processes();
    int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    results[TRY_PIDFD] = pidfd >= 0 ? 0 : errno;
    results[TRY_SEALS] = try_seals();
    /* Of nothing, which it calls invalid. */
    errno = 0;
    syscall(SYS_WAIT_FOR_MANY, NULL, 0, 0, NULL, 0);
    results[TRY_WAIT_FOR_MANY] = errno == EINVAL ? 0 : errno;
    uint32_t uid = geteuid(), gid = getegid();
    results[TRY_USER] = unshare(CLONE_NEWUSER) == 0 ? kws_map_user(uid, gid) : errno;
    results[TRY_NETWORK] = unshare(CLONE_NEWNET) == 0 ? 0 : errno;
    results[TRY_PROCESS] = unshare(CLONE_NEWPID) == 0 ? 0 : errno;
    results[TRY_MOUNT] = try_mount();
    results[TRY_FILTER] = try_filter(0);
    results[TRY_ALL_THREADS] = try_filter(SECCOMP_FILTER_FLAG_TSYNC);
    results[TRY_NOTIFICATION] = syscall(SYS_seccomp, NOTIFICATION_SIZES, 0, sizes) == 0 ? 0 : errno;
    results[TRY_WRITE_XOR_EXECUTE] = prctl(SET_WRITE_XOR_EXECUTE, 1, 0, 0, 0) == 0 ? 0 : errno;
}

static void try_in_child(int results[TRIAL_COUNT])
{
    int channel[2];
    for (size_t i = 0; i < TRIAL_COUNT; i++)
        results[i] = EIO;
    if (pipe2(channel, O_CLOEXEC) != 0)
        return;
    pid_t child = fork();
    if (child == 0) {
        try_all(results);
        _exit(write(channel[1], results, TRIAL_COUNT * sizeof *results) < 0);
    }
    close(channel[1]);
    int received[TRIAL_COUNT];
    ssize_t size;
    do
        size = child < 0 ? -1 : read(channel[0], received, sizeof received);
    while (size < 0 && child > 0 && errno == EINTR);
    if (size == (ssize_t)sizeof received)
        memcpy(results, received, sizeof received);
    close(channel[0]);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
}

size_t kws_mechanisms(kws_facility *facilities, size_t room)
{
    int results[TRIAL_COUNT];
    try_in_child(results);
    uint32_t abi = kws_landlock_abi();
    results[TRY_LANDLOCK] = abi > 0 ? 0 : kws_landlock_error();
    results[TRY_PORTS] = abi >= 4 ? 0 : ENOSYS;
    results[TRY_SCOPES] = abi >= 6 ? 0 : ENOSYS;
    kws_try_groups(&results[TRY_CGROUP_MEMORY]);
    size_t count = room < TRIAL_COUNT ? room : TRIAL_COUNT;
    for (size_t i = 0; i < count; i++) {
        facilities[i] = (kws_facility){ trials[i].name, trials[i].minimum, results[i] == 0, i == TRY_LANDLOCK ? abi : 0, "" };
        if (results[i] != 0)
            snprintf(facilities[i].why, sizeof facilities[i].why, "%s (%s)", trials[i].remedy, strerrorname_np(results[i]));
    }
    return count;
}
