/* A process on its way into the sandbox. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux 6.3. */
#define SET_WRITE_XOR_EXECUTE 65
#define REFUSE_EXECUTE_GAIN 1

/* Beyond the memory that it may have: libraries, files and stacks. */
#define ADDRESS_ROOM (UINT64_C(2) << 30)

void kws_policy_make(kws_policy *policy)
{
    *policy = (kws_policy){ .may = KWS_MAY_START_THREADS, .uid = 65534, .gid = 65534 };
    for (uint32_t i = 0; i < KWS_MECHANISM_COUNT; i++)
        policy->wanted[i] = kws_namespace_flag(i) != 0 ? KWS_NO : KWS_REQUIRED;
    policy->wanted[KWS_MEMORY_GROUP] = policy->wanted[KWS_PROCESS_GROUP] = KWS_NO;
    policy->wanted[KWS_PORTS] = KWS_IF_AVAILABLE;
    policy->wanted[KWS_SIGNALS] = KWS_IF_AVAILABLE;
    policy->wanted[KWS_ABSTRACT] = KWS_IF_AVAILABLE;
    policy->wanted[KWS_PROCESSES] = KWS_IF_AVAILABLE;
    policy->wanted[KWS_WRITE_XOR_EXECUTE] = KWS_IF_AVAILABLE;
}

/* ---- what makes no sense, or cannot be kept --------------------------------------------------------------- */

static int check(const kws_policy *policy, const kws_compiled *compiled, kws_report *report)
{
    if (compiled->may != policy->may || compiled->stage[0].instructions == NULL)
        return kws_stop(report, KWS_FILTER, EINVAL, "the filter was compiled for other permissions");
    if (policy->grant_count > KWS_GRANT_LIMIT)
        return kws_stop(report, KWS_FILES, E2BIG, "more than %u files are given", KWS_GRANT_LIMIT);
    /* Landlock and identity are of one thread. A link is one of its folders: ., .. and one for each thread. */
    struct stat threads;
    if (stat("/proc/self/task", &threads) != 0 || threads.st_nlink != 3)
        return kws_stop(report, KWS_FILTER, EBUSY, "the process must have one thread, and /proc");
    int is_apart = report->outcome[KWS_PROCESS_SPACE].state == KWS_ENFORCED;
    if (kws_is_wanted(policy, KWS_PROCESS_SPACE) && !is_apart
        && kws_do_without(policy, report, KWS_PROCESS_SPACE, KWS_NOT_ENFORCED,
                          report->outcome[KWS_PROCESS_SPACE].error, "the process was not forked into one") != 0)
        return -1;
    if (kws_check_groups(policy, report) != 0)
        return -1;
    if ((policy->may & KWS_MAY_START_PROGRAMS) != 0) {
        if (!is_apart && report->outcome[KWS_PROCESS_GROUP].state != KWS_ENFORCED)
            return kws_stop(report, KWS_PROCESS_SPACE, EPERM, "programs need one, or a pids cgroup, to be ended together");
        if (!is_apart && (kws_landlock_abi() < 6 || !kws_is_wanted(policy, KWS_SIGNALS)))
            return kws_stop(report, KWS_SIGNALS, EPERM, "programs need Landlock ABI 6 or a process namespace");
        if (kws_do_without(policy, report, KWS_SEAL, KWS_NOT_ENFORCED, 0, "programs may be started: a filter outlives execve") != 0
            || kws_do_without(policy, report, KWS_WRITE_XOR_EXECUTE, KWS_NOT_ENFORCED, 0, "programs may be started") != 0)
            return -1;
    } else if ((policy->may & KWS_MAY_GENERATE_CODE) != 0) {
        if (kws_do_without(policy, report, KWS_SEAL, KWS_PARTIAL, 0, "it may generate code: memory can become executable") != 0
            || kws_do_without(policy, report, KWS_WRITE_XOR_EXECUTE, KWS_NOT_ENFORCED, 0, "it may generate code") != 0)
            return -1;
    }
    return 0;
}

/* ---- limits ----------------------------------------------------------------------------------------------- */

/* Lowers a limit. 0 or an errno. */
static int lower(__rlimit_resource_t resource, uint64_t soft, uint64_t hard)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0)
        return errno;
    if (limit.rlim_max > hard)
        limit.rlim_max = hard;
    limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
    return setrlimit(resource, &limit) == 0 ? 0 : errno;
}

static int limit(const kws_policy *policy, kws_report *report, uint32_t mechanism, __rlimit_resource_t resource,
                 uint64_t value)
{
    if (value == 0 || !kws_is_wanted(policy, mechanism))
        return 0;
    int error = lower(resource, value, value);
    if (error != 0)
        return kws_do_without(policy, report, mechanism, KWS_NOT_ENFORCED, error, "setrlimit failed");
    kws_note(report, mechanism, KWS_ENFORCED, 0, "%llu", (unsigned long long)value);
    return 0;
}

static int set_limits(const kws_policy *policy, kws_report *report)
{
    static const __rlimit_resource_t nothing[] = {
        RLIMIT_CORE, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO,
    };
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        int error = lower(nothing[i], 0, 0);
        if (error != 0)
            return kws_stop(report, KWS_MEMORY, error, "limit %d could not be set to 0", (int)nothing[i]);
    }
    const kws_limits *limits = &policy->limits;
    uint64_t processes = report->outcome[KWS_PROCESS_GROUP].state == KWS_ENFORCED ? 0 : limits->processes;
    if (limit(policy, report, KWS_DESCRIPTORS, RLIMIT_NOFILE, limits->descriptors) != 0
        || limit(policy, report, KWS_FILE_SIZE, RLIMIT_FSIZE, limits->file_size) != 0
        || limit(policy, report, KWS_PROCESSES, RLIMIT_NPROC, processes) != 0
        || limit(policy, report, KWS_MEMORY, RLIMIT_DATA, limits->memory) != 0)
        return -1;
    uint64_t room = limits->memory > UINT64_MAX - ADDRESS_ROOM ? UINT64_MAX : limits->memory + ADDRESS_ROOM;
    if (limits->memory != 0 && limit(policy, report, KWS_MEMORY, RLIMIT_AS, room) != 0)
        return -1;
    if (limits->memory != 0 && kws_is_wanted(policy, KWS_MEMORY)) {
        if ((policy->may & KWS_MAY_START_PROGRAMS) != 0)
            kws_note(report, KWS_MEMORY, KWS_PARTIAL, 0, "%llu bytes of each process", (unsigned long long)limits->memory);
        else
            kws_note(report, KWS_MEMORY, KWS_ENFORCED, 0, "%llu bytes", (unsigned long long)limits->memory);
    }
    if (limits->cpu_seconds != 0 && kws_is_wanted(policy, KWS_CPU)) {
        /* SIGXCPU, which can be ignored, and a second later SIGKILL. */
        int error = lower(RLIMIT_CPU, limits->cpu_seconds, limits->cpu_seconds + 1);
        if (error != 0)
            return kws_do_without(policy, report, KWS_CPU, KWS_NOT_ENFORCED, error, "setrlimit failed");
        kws_note(report, KWS_CPU, KWS_ENFORCED, 0, "%llu seconds", (unsigned long long)limits->cpu_seconds);
    }
    return 0;
}

/* A limit of processes is the user's, and root's is none. */
static int judge_processes(const kws_policy *policy, kws_report *report)
{
    if (policy->limits.processes == 0 || report->outcome[KWS_PROCESSES].state != KWS_ENFORCED)
        return 0;
    uint32_t uid = getuid();
    if (uid == 0)
        return kws_do_without(policy, report, KWS_PROCESSES, KWS_NOT_ENFORCED, 0, "the kernel does not limit root");
    if (report->outcome[KWS_USER_SPACE].state != KWS_ENFORCED)
        return kws_do_without(policy, report, KWS_PROCESSES, KWS_PARTIAL, 0,
                              "%llu, and all processes of user %u count", (unsigned long long)policy->limits.processes, uid);
    return 0;
}

/* ---- identity --------------------------------------------------------------------------------------------- */

static int is_root(void)
{
    uid_t real, effective, saved;
    return getresuid(&real, &effective, &saved) != 0 || real == 0 || effective == 0 || saved == 0;
}

static int change_identity(const kws_policy *policy, kws_report *report)
{
    if (!kws_is_wanted(policy, KWS_IDENTITY))
        return 0;
    if (!is_root()) {
        kws_note(report, KWS_IDENTITY, KWS_UNUSED, 0, "user %u already, with the groups it has", (unsigned int)getuid());
        return 0;
    }
    if (policy->uid == 0 || policy->gid == 0)
        return kws_do_without(policy, report, KWS_IDENTITY, KWS_NOT_ENFORCED, EINVAL, "the policy names no user but root");
    if (setgroups(0, NULL) != 0 || setresgid(policy->gid, policy->gid, policy->gid) != 0
        || setresuid(policy->uid, policy->uid, policy->uid) != 0)
        return kws_stop(report, KWS_IDENTITY, errno, "it could not become user %u", policy->uid);
    if (is_root())
        return kws_stop(report, KWS_IDENTITY, EPERM, "it is root still");
    kws_note(report, KWS_IDENTITY, KWS_ENFORCED, 0, "user %u, group %u", policy->uid, policy->gid);
    if (!kws_is_wanted(policy, KWS_USER_SPACE))
        return 0;
    /* Its files in /proc are root's until it can be dumped again, which ends below. */
    prctl(PR_SET_DUMPABLE, 1);
    return kws_enter_user_namespace(policy, report);
}

static void drop_bounds(void)
{
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++) {
        /* Without CAP_SETPCAP they stay, and PR_SET_NO_NEW_PRIVS keeps programs from using them. */
        if (prctl(PR_CAPBSET_DROP, capability) != 0)
            return;
    }
}

static int drop_capabilities(const kws_policy *policy, kws_report *report)
{
    if (!kws_is_wanted(policy, KWS_CAPABILITIES))
        return 0;
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[2] = { 0 }, left[2] = { 0 };
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &header, none) != 0 || syscall(SYS_capget, &header, left) != 0)
        return kws_stop(report, KWS_CAPABILITIES, errno, "they could not be dropped");
    if ((left[0].effective | left[1].effective | left[0].permitted | left[1].permitted) != 0)
        return kws_stop(report, KWS_CAPABILITIES, EPERM, "some are left");
    kws_note(report, KWS_CAPABILITIES, KWS_ENFORCED, 0, "none");
    return 0;
}

/* ---- the parent -------------------------------------------------------------------------------------------- */

typedef struct parent {
    pid_t process;
    int signal;
} parent;

/* The signal that follows a parent's end is forgotten when a process changes its identity or gains a namespace. */
static int keep_parent(const parent *parent, kws_report *report)
{
    if (parent->signal == 0)
        return 0;
    if (prctl(PR_SET_PDEATHSIG, parent->signal) != 0)
        return kws_stop(report, KWS_IDENTITY, errno, "it would outlive its parent");
    return getppid() == parent->process ? 0 : kws_stop(report, KWS_IDENTITY, ESRCH, "its parent has ended");
}

static int open_memory(void)
{
    int was_shut = kws_open_process();
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    if (was_shut)
        kws_shut_process();
    return memory;
}

/* ---- both stages ------------------------------------------------------------------------------------------ */

int kws_enter(const kws_policy *policy, kws_compiled *compiled, kws_report *report)
{
    report->failed = report->threads = report->listener = report->memory = -1;
    if (check(policy, compiled, report) != 0)
        return -1;
    parent parent = { .process = getppid() };
    if (prctl(PR_GET_PDEATHSIG, &parent.signal) != 0)
        return kws_stop(report, KWS_IDENTITY, errno, "prctl failed");
    /* While files can still be opened. */
    int threads = open("/proc/self/task", O_PATH | O_DIRECTORY | O_CLOEXEC);
    /* Programs have other memory. */
    if (policy->is_heard != 0 && (policy->may & KWS_MAY_START_PROGRAMS) == 0)
        report->memory = open_memory();
    int rules = kws_landlock_make(policy, report, threads);
    if (rules == -2)
        return -1;
    if (kws_enter_namespaces(policy, report) != 0)
        return -1;
    /* Again, as the first is of the old root, to which .. would lead. */
    report->threads = open("/proc/self/task", O_PATH | O_DIRECTORY | O_CLOEXEC);
    close(threads);
    if (set_limits(policy, report) != 0)
        return -1;
    if (kws_is_wanted(policy, KWS_CAPABILITIES))
        drop_bounds();
    if (change_identity(policy, report) != 0 || judge_processes(policy, report) != 0
        || drop_capabilities(policy, report) != 0 || keep_parent(&parent, report) != 0)
        return -1;
    /* Nobody of this user looks into it, and no core of it is written, whatever the pattern. */
    if (prctl(PR_SET_DUMPABLE, 0) != 0)
        return kws_stop(report, KWS_IDENTITY, errno, "it can be dumped still");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return kws_stop(report, KWS_NO_NEW_PRIVILEGES, errno, "prctl failed");
    kws_note(report, KWS_NO_NEW_PRIVILEGES, KWS_ENFORCED, 0, "also of programs");
    if (rules >= 0) {
        int error = kws_landlock_enter(rules);
        close(rules);
        if (error != 0)
            return kws_stop(report, KWS_FILES, error, "Landlock could not be entered");
    }
    if (!kws_is_wanted(policy, KWS_FILTER))
        return 0;
    kws_adopt_program(&compiled->stage[0]);
    if (policy->is_heard != 0)
        report->listener = kws_load_with_listener(&compiled->stage[0], report->memory >= 0);
    /* Also where the kernel has no listeners: then nobody is told. */
    int error = report->listener >= 0 ? 0 : kws_load_program(&compiled->stage[0]);
    if (error != 0)
        return kws_do_without(policy, report, KWS_FILTER, KWS_NOT_ENFORCED, error, "the filter could not be loaded");
    kws_note(report, KWS_FILTER, KWS_ENFORCED, 0, "%zu instructions", compiled->stage[0].count);
    return 0;
}

/* Asks for an executable mapping of no file: refused by the second stage before the kernel sees that there is none. */
static int can_map_executable(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, -1, 0) != MAP_FAILED || errno != EPERM;
}

int kws_seal(const kws_policy *policy, kws_compiled *compiled, kws_report *report)
{
    report->failed = -1;
    int is_free = (policy->may & (KWS_MAY_START_PROGRAMS | KWS_MAY_GENERATE_CODE)) != 0;
    if (kws_is_wanted(policy, KWS_WRITE_XOR_EXECUTE) && !is_free) {
        if (prctl(SET_WRITE_XOR_EXECUTE, REFUSE_EXECUTE_GAIN, 0, 0, 0) == 0)
            kws_note(report, KWS_WRITE_XOR_EXECUTE, KWS_ENFORCED, 0, "PR_SET_MDWE");
        else if (kws_do_without(policy, report, KWS_WRITE_XOR_EXECUTE, KWS_UNUSED, errno,
                                "needs Linux 6.3; the filter refuses the same") != 0)
            return -1;
    }
    if (!kws_is_wanted(policy, KWS_SEAL) || compiled->stage[1].instructions == NULL)
        return 0;
    int error = kws_load_program(&compiled->stage[1]);
    if (error == 0 && !is_free && can_map_executable())
        error = EFAULT;
    if (error != 0)
        return kws_stop(report, KWS_SEAL, error, "the second filter could not be loaded for all threads");
    if (!is_free)
        kws_note(report, KWS_SEAL, KWS_ENFORCED, 0, "%zu instructions", compiled->stage[1].count);
    return 0;
}
