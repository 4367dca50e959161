/* What a permission gives, and what it still does not; and what cannot be kept is refused before anything runs. */
#define _GNU_SOURCE
#include "arena.h"
#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static uid_t attacker(void)
{
    return getuid() == 0 ? NOBODY : getuid();
}

/* A task with these permissions, sealed. The caller may change its policy. */
static task with(uint32_t may)
{
    task task = { .is_sealed = 1 };
    kws_policy_make(&task.policy);
    task.policy.may |= may;
    if ((may & (KWS_MAY_START_PROGRAMS | KWS_MAY_GENERATE_CODE)) != 0) {
        task.policy.wanted[KWS_SEAL] = KWS_IF_AVAILABLE;
    }
    return task;
}

static verdict_of_task attempt(task *task, int (*run)(void))
{
    kws_compiled compiled;
    NEED(kws_compile(task->policy.may, KWS_NATIVE, &compiled) == 0);
    task->compiled = &compiled;
    task->run = run;
    verdict_of_task verdict = perform(task);
    kws_compiled_free(&compiled);
    return verdict;
}

#define CHECK_RESULT(task, run, expected) CHECK_EQUAL(attempt(&(task), (run)).result, (expected))

/* The set-up ends at this mechanism, says why, and nothing has run. */
static void check_refused(task *task, uint32_t mechanism)
{
    verdict_of_task verdict = attempt(task, NULL);
    CHECK_EQUAL(verdict.report.failed, (int32_t)mechanism);
    CHECK_EQUAL(verdict.result, NOTHING);
    CHECK_EQUAL(verdict.sealed, -1);
    if (verdict.report.failed >= 0) {
        CHECK(verdict.report.outcome[verdict.report.failed].why[0] != '\0');
        CHECK(verdict.report.outcome[verdict.report.failed].state != KWS_ENFORCED);
    }
}

static int find_attack(const char *name, int (**run)(void))
{
    for (size_t i = 0; i < attack_count; i++) {
        if (strcmp(attacks[i].name, name) == 0)
            *run = attacks[i].run;
    }
    return *run != NULL;
}

/* An attack by its name in the table. */
static int (*the(const char *name))(void)
{
    int (*run)(void) = NULL;
    NEED(find_attack(name, &run));
    return run;
}

/* ---- TCP -------------------------------------------------------------------------------------------------- */

static int connect_to(uint16_t port, int flags)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int stream = socket(AF_INET, SOCK_STREAM, 0);
    if (stream < 0)
        return -errno;
    ssize_t result = flags != 0 ? sendto(stream, "x", 1, flags, (struct sockaddr *)&address, sizeof address)
                                : connect(stream, (struct sockaddr *)&address, sizeof address);
    return result < 0 ? -errno : 0;
}

static int connect_plainly(void)
{
    return connect_to(target_.port, 0);
}

static int connect_fast(void)
{
    return connect_to(target_.port, MSG_FASTOPEN);
}

/* The kernel would choose a port. */
static int listen_unbound(void)
{
    int stream = socket(AF_INET, SOCK_STREAM, 0);
    return stream < 0 || listen(stream, 1) != 0 ? -errno : 0;
}

static int open_stream(void)
{
    int on = 1, stream = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    return stream < 0 || setsockopt(stream, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0 ? -errno : 0;
}

/* Sockets, and nothing that one of them could reach or be reached by. */
static void test_tcp(void)
{
    task task = with(KWS_MAY_OPEN_TCP);
    CHECK_RESULT(task, open_stream, 0);
    CHECK_RESULT(task, connect_plainly, -EPERM);
    CHECK_EQUAL(perform_freely(connect_plainly, attacker()), 0);
    CHECK_RESULT(task, connect_fast, -EPERM);
    CHECK(perform_freely(connect_fast, attacker()) != -EPERM);
    CHECK_RESULT(task, listen_unbound, -EPERM);
    CHECK_EQUAL(perform_freely(listen_unbound, attacker()), 0);
    CHECK_RESULT(task, the("bind a TCP port"), -EPERM);
    CHECK_RESULT(task, the("open a UDP socket"), -EPERM);
    CHECK_RESULT(task, the("open an MPTCP socket"), -EPERM);
    CHECK_RESULT(task, the("connect to a Unix socket"), -EPERM);
    /* Landlock, by itself. */
    task.policy.wanted[KWS_FILTER] = task.policy.wanted[KWS_SEAL] = KWS_NO;
    if (kws_landlock_abi() < 4) {
        printf("SKIP TCP ports: they need Landlock ABI 4\n");
        return;
    }
    task.policy.wanted[KWS_PORTS] = KWS_REQUIRED;
    verdict_of_task verdict = attempt(&task, connect_plainly);
    CHECK_EQUAL(verdict.result, -EACCES);
    CHECK_EQUAL(verdict.report.outcome[KWS_PORTS].state, KWS_ENFORCED);
    CHECK_RESULT(task, the("bind a TCP port"), -EACCES);
    kws_landlock_most = 3;
    check_refused(&task, KWS_PORTS);
    kws_landlock_most = UINT32_MAX;
}

static int serve_one(void)
{
    char byte = 0;
    int stream = accept4(target_.passed, NULL, NULL, SOCK_CLOEXEC);
    if (stream < 0)
        return -errno;
    return recv(stream, &byte, 1, 0) == 1 && byte == 'x' && send(stream, "y", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

static void test_passed_sockets(void)
{
    char byte = 0;
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    target_.passed = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    NEED(target_.passed >= 0 && bind(target_.passed, (struct sockaddr *)&address, size) == 0);
    NEED(listen(target_.passed, 4) == 0 && getsockname(target_.passed, (struct sockaddr *)&address, &size) == 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    NEED(client >= 0 && connect(client, (struct sockaddr *)&address, size) == 0 && send(client, "x", 1, 0) == 1);
    task task = with(0);
    CHECK_RESULT(task, serve_one, -EPERM);
    task = with(KWS_MAY_USE_SOCKETS);
    /* A socket is of the namespace in which it was made. */
    if (getuid() == 0)
        task.policy.wanted[KWS_NETWORK_SPACE] = KWS_REQUIRED;
    CHECK_RESULT(task, serve_one, 0);
    CHECK(recv(client, &byte, 1, MSG_DONTWAIT) == 1 && byte == 'y');
    CHECK_RESULT(task, the("connect by TCP"), -EPERM);
    close(client);
    close(target_.passed);
    target_.passed = -1;
}

/* ---- programs --------------------------------------------------------------------------------------------- */

static int status_of(const char *path, const char *script)
{
    char *const arguments[] = { (char *)(uintptr_t)path, "-c", (char *)(uintptr_t)script, NULL };
    char *const environment[] = { NULL };
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        execve(path, arguments, environment);
        _exit(errno);
    }
    if (child < 0)
        return -errno;
    return waitpid(child, &status, 0) != child ? -errno : WIFEXITED(status) ? -WEXITSTATUS(status) : KILLED_BY(WTERMSIG(status));
}

static int run_given(void)
{
    char script[300];
    snprintf(script, sizeof script, "echo text > '%s/of-shell' && read -r word < '%s/of-shell' && [ \"$word\" = text ]",
             target_.granted, target_.granted);
    return status_of("/usr/bin/dash", script);
}

static int read_in_program(void)
{
    return status_of("/usr/bin/dash", "read -r line < /etc/passwd") != 0 ? -EACCES : 0;
}

static int run_other(void)
{
    return status_of("/usr/bin/env", "");
}

static int signal_in_program(void)
{
    char script[64];
    snprintf(script, sizeof script, "kill -0 %d", (int)target_.victim);
    return status_of("/usr/bin/dash", script) != 0 ? -EPERM : 0;
}

/* Leaves a process that would live on: of another session and group, and nobody's child. */
static int leave_behind(void)
{
    pid_t child = fork();
    if (child == 0) {
        setsid();
        if (fork() == 0) {
            for (;;)
                pause();
        }
        _exit(0);
    }
    return child > 0 && waitpid(child, NULL, 0) == child ? 0 : -errno;
}

static int fork_many(void)
{
    int count = 0;
    for (; count < 200; count++) {
        pid_t child = fork();
        if (child == 0)
            for (;;)
                pause();
        if (child < 0)
            return -errno;
    }
    return 0;
}

static int write_again(void)
{
    /* A program is under the same limit, each for itself. */
    return status_of("/usr/bin/dash", "ulimit -d unlimited") != 0 ? -EPERM : 0;
}

/* Reads until all writers are gone. */
static int is_over(int pipe)
{
    char byte;
    return read(pipe, &byte, 1) == 0;
}

static void test_programs(int can_make_namespaces)
{
    kws_grant grants[3];
    task task = with(KWS_MAY_START_PROGRAMS);
    check_refused(&task, KWS_PROCESS_SPACE);
    give(&task.policy, grants);
    grants[2] = (kws_grant){ open("/usr/bin/dash", O_PATH | O_CLOEXEC), KWS_EXECUTE };
    NEED(grants[2].descriptor >= 0);
    task.policy.grant_count = 3;
    task.policy.is_in_pids_cgroup = 1;
    if (kws_landlock_abi() >= 6) {
        verdict_of_task verdict = attempt(&task, run_given);
        CHECK_EQUAL(verdict.result, 0);
        CHECK_EQUAL(verdict.report.outcome[KWS_SEAL].state, KWS_NOT_ENFORCED);
        CHECK_EQUAL(verdict.report.outcome[KWS_MEMORY].state, has_memory_limits ? KWS_PARTIAL : KWS_UNUSED);
        CHECK_RESULT(task, run_other, -EACCES);
        CHECK_EQUAL(perform_freely(run_other, attacker()), -125 /* env has no option -c */);
        CHECK_RESULT(task, read_in_program, -EACCES);
        CHECK_EQUAL(perform_freely(read_in_program, attacker()), 0);
        CHECK_RESULT(task, signal_in_program, -EPERM);
        CHECK_EQUAL(perform_freely(signal_in_program, attacker()), 0);
        CHECK_RESULT(task, the("trace another process"), -EPERM);
        CHECK_RESULT(task, the("connect by TCP"), -EPERM);
        if (has_memory_limits)
            CHECK_RESULT(task, write_again, -EPERM);
        kws_landlock_most = 5;
        check_refused(&task, KWS_SIGNALS);
        kws_landlock_most = UINT32_MAX;
    }
    task.policy.is_in_pids_cgroup = 0;
    task.policy.wanted[KWS_SEAL] = KWS_REQUIRED;
    task.policy.wanted[KWS_PROCESS_SPACE] = KWS_REQUIRED;
    if (can_make_namespaces) {
        check_refused(&task, KWS_SEAL);
        task.policy.wanted[KWS_SEAL] = KWS_IF_AVAILABLE;
        CHECK_RESULT(task, run_given, 0);
        /* By a number that means nothing there. */
        CHECK_RESULT(task, signal_in_program, -EPERM);
        int ends[2];
        NEED(pipe2(ends, O_CLOEXEC) == 0);
        target_.passed = ends[1];
        CHECK_RESULT(task, leave_behind, 0);
        close(ends[1]);
        target_.passed = -1;
        CHECK(is_over(ends[0]));
        close(ends[0]);
        task.policy.limits.processes = 20;
        task.policy.wanted[KWS_USER_SPACE] = KWS_REQUIRED;
        CHECK_RESULT(task, fork_many, -EAGAIN);
        task.policy.limits.processes = 0;
        CHECK_RESULT(task, fork_many, 0);
    } else {
        check_refused(&task, KWS_PROCESS_SPACE);
        printf("SKIP programs in namespaces: here none can be made\n");
    }
    for (size_t i = 0; i < 3; i++)
        close(grants[i].descriptor);
}

/* ---- code, threads, files --------------------------------------------------------------------------------- */

static int map_shared_file(void)
{
    char path[200];
    snprintf(path, sizeof path, "%s/file", target_.granted);
    int file = open(path, O_RDWR);
    return file < 0 ? -errno : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED ? -errno : 0;
}

static void test_code(void)
{
    task task = with(KWS_MAY_GENERATE_CODE);
    verdict_of_task verdict = attempt(&task, the("map writable code"));
    CHECK_EQUAL(verdict.result, 0);
    CHECK_EQUAL(verdict.report.outcome[KWS_SEAL].state, KWS_PARTIAL);
    CHECK_EQUAL(verdict.report.outcome[KWS_WRITE_XOR_EXECUTE].state, KWS_NOT_ENFORCED);
    CHECK_RESULT(task, the("make memory executable"), 0);
    CHECK_RESULT(task, the("load a library late"), 0);
    CHECK_RESULT(task, the("load a filter"), -EPERM);
    CHECK_RESULT(task, the("take shared memory"), -EPERM);
    CHECK_RESULT(task, the("execute a program"), -EPERM);
    task.policy.wanted[KWS_SEAL] = KWS_REQUIRED;
    check_refused(&task, KWS_SEAL);

    task = with(0);
    CHECK_RESULT(task, map_shared_file, -EPERM);
    task = with(KWS_MAY_SHARE_FILES);
    CHECK_RESULT(task, map_shared_file, 0);
    CHECK_RESULT(task, the("take shared memory"), -EPERM);
    CHECK_RESULT(task, the("take shared zeros"), -EACCES);
    CHECK_RESULT(task, the("make a memory file"), -EPERM);
}

static int start_early(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, (void *(*)(void *))(void (*)(void))getpid, NULL) == 0 ? 0 : -1;
}

static _Atomic int stage, other_result;

static void *map_in_thread(void *argument)
{
    while (atomic_load(&stage) == 0)
        syscall(SYS_futex, &stage, 0, 0, NULL, NULL, 0);
    int (*run)(void) = the("map a file as code");
    atomic_store(&other_result, run());
    return argument;
}

static pthread_t early;

static int start_waiting(void)
{
    return pthread_create(&early, NULL, map_in_thread, NULL);
}

static int let_it_map(void)
{
    atomic_store(&stage, 1);
    syscall(SYS_futex, &stage, 1, 1, NULL, NULL, 0);
    pthread_join(early, NULL);
    return atomic_load(&other_result);
}

static int try_thread(void)
{
    int (*run)(void) = the("allowed: start a thread");
    return run() == 0 ? 0 : -EPERM;
}

static void test_threads(void)
{
    task task = with(0);
    task.load = start_waiting;
    /* The second stage is for threads that were there before it. */
    CHECK_RESULT(task, let_it_map, -EPERM);
    task = with(0);
    task.policy.may &= ~KWS_MAY_START_THREADS;
    task.load = start_early;
    CHECK_RESULT(task, try_thread, -EPERM);
    task.is_sealed = 0;
    CHECK_RESULT(task, try_thread, 0);
}

/* A filter that says the next one was loaded when it was not. */
static int deceive(void)
{
    struct { unsigned short code; unsigned char yes, no; unsigned int k; } instructions[] = {
        { 0x20, 0, 0, 0 }, { 0x15, 0, 1, SYS_seccomp }, { 0x06, 0, 0, 0x00050000 }, { 0x06, 0, 0, 0x7FFF0000 },
    };
    struct { unsigned short count; void *filter; } program = { 4, instructions };
    return (int)syscall(SYS_seccomp, 1, 1, &program);
}

static void test_deceit(void)
{
    task task = with(0);
    task.load = deceive;
    verdict_of_task verdict = attempt(&task, the("map a file as code"));
    CHECK_EQUAL(verdict.entered, 0);
    CHECK_EQUAL(verdict.sealed, -1);
    CHECK_EQUAL(verdict.report.failed, KWS_SEAL);
    CHECK_EQUAL(verdict.result, NOTHING);
}

/* ---- each for itself -------------------------------------------------------------------------------------- */

static void test_scopes(void)
{
    task task = with(0);
    task.policy.wanted[KWS_FILTER] = task.policy.wanted[KWS_SEAL] = task.policy.wanted[KWS_FILES] = KWS_NO;
    task.policy.wanted[KWS_SIGNALS] = task.policy.wanted[KWS_ABSTRACT] = KWS_REQUIRED;
    task.policy.wanted[KWS_WRITE_XOR_EXECUTE] = KWS_NO;
    if (kws_landlock_abi() < 6) {
        check_refused(&task, KWS_SIGNALS);
        printf("SKIP scopes: they need Landlock ABI 6\n");
        return;
    }
    CHECK_RESULT(task, the("signal another process"), -EPERM);
    CHECK_RESULT(task, the("signal by a pidfd that it has"), -EPERM);
    CHECK_RESULT(task, the("connect to an abstract socket"), -EPERM);
    CHECK_RESULT(task, the("allowed: signal itself"), 0);
    /* What they do not cover. */
    CHECK_RESULT(task, the("connect to a Unix socket"), 0);
    CHECK_RESULT(task, the("read /etc/passwd"), 0);
    CHECK_RESULT(task, the("slow another down"), 0);
}

static int see_old_root(void)
{
    return access("/.old", F_OK) == 0 ? 0 : -errno;
}

/* What every worker is without, whatever its policy. */
static int has_extras(void)
{
    static const __rlimit_resource_t nothing[] = { RLIMIT_CORE, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO };
    struct rlimit limit;
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        if (getrlimit(nothing[i], &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0)
            return -(int)i - 1;
    }
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -100;
}

/* A folder for writing in one for reading, given in the wrong order, in a root of its own. */
static void test_nested(int can_make_namespaces)
{
    char outer_path[200];
    snprintf(outer_path, sizeof outer_path, "%s", target_.folder);
    kws_grant grants[2] = {
        { open(target_.granted, O_PATH | O_CLOEXEC), KWS_READ | KWS_WRITE },
        { open(outer_path, O_PATH | O_CLOEXEC), KWS_READ },
    };
    NEED(grants[0].descriptor >= 0 && grants[1].descriptor >= 0);
    for (int has_root = 0; has_root <= can_make_namespaces; has_root++) {
        task task = with(0);
        task.policy.grants = grants;
        task.policy.grant_count = 2;
        task.policy.wanted[KWS_MOUNT_SPACE] = has_root ? KWS_REQUIRED : KWS_NO;
        CHECK_RESULT(task, the("allowed: make a file in a given folder"), 0);
        CHECK_RESULT(task, the("allowed: read a file given for reading"), 0);
        CHECK_RESULT(task, the("write to a file that is not given"), has_root ? -EROFS : -EACCES);
        CHECK_RESULT(task, the("leaks: stat of /etc/shadow"), has_root ? -ENOENT : 0);
        CHECK_RESULT(task, see_old_root, -ENOENT);
        CHECK_RESULT(task, has_extras, 0);
    }
    close(grants[0].descriptor);
    close(grants[1].descriptor);
}

static int is_bound_to_parent(void)
{
    int number = 0;
    return prctl(PR_GET_PDEATHSIG, &number) == 0 && number == SIGKILL ? 0 : -ESRCH;
}

/* Changes of identity and namespaces make the kernel forget it. */
static void test_parent(int can_make_namespaces)
{
    task task = with(0);
    CHECK_RESULT(task, is_bound_to_parent, 0);
    if (can_make_namespaces) {
        task.policy.wanted[KWS_USER_SPACE] = task.policy.wanted[KWS_PROCESS_SPACE] = KWS_REQUIRED;
        CHECK_RESULT(task, is_bound_to_parent, 0);
    }
}

/* Bytes of its own state that a thread can read, as libdispatch does; or -errno. */
static int read_own_state(void)
{
    char path[40], text[512];
    snprintf(path, sizeof path, "/proc/%ld/stat", syscall(SYS_gettid));
    if (openat(AT_FDCWD, path, O_RDONLY) >= 0)
        return -EEXIST;
    int file = kws_open_thread_state(arena_threads, path);
    ssize_t size = file < 0 ? -1 : read(file, text, sizeof text);
    return size < 0 ? -errno : size > 0 && strtol(text, NULL, 10) != syscall(SYS_gettid) ? -EIO : (int)size;
}

/* Of nothing else. */
static int read_other_state(void)
{
    static const char *const others[] = { "/proc/self/stat", "/proc/1/status", "/proc//stat", "/proc/1/../stat", "/proc/1x/stat",
                                          "/proc/12345678901/stat", "proc/1/stat", "/etc/passwd", "", "/proc/1/stat/" };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        errno = ENOENT;
        if (kws_open_thread_state(arena_threads, others[i]) != -1 || errno != ENOENT)
            return -(int)i - 1;
    }
    char byte, path[40];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)target_.victim);
    int file = kws_open_thread_state(arena_threads, path);
    return file >= 0 && read(file, &byte, 1) == 0 ? 0 : -100;
}

static void test_thread_state(int can_make_namespaces)
{
    task task = with(0);
    CHECK(attempt(&task, read_own_state).result > 0);
    CHECK_RESULT(task, read_other_state, 0);
    if (!can_make_namespaces)
        return;
    task.policy.wanted[KWS_MOUNT_SPACE] = KWS_REQUIRED;
    CHECK(attempt(&task, read_own_state).result > 0);
    task.policy.wanted[KWS_PROCESS_SPACE] = KWS_REQUIRED;
    CHECK_RESULT(task, read_own_state, 0);
}

static void test_missing(void)
{
    task task = with(0);
    kws_landlock_most = 0;
    check_refused(&task, KWS_FILES);
    task.policy.wanted[KWS_FILES] = KWS_IF_AVAILABLE;
    verdict_of_task verdict = attempt(&task, the("read /etc/passwd"));
    CHECK_EQUAL(verdict.result, 0);
    CHECK_EQUAL(verdict.report.outcome[KWS_FILES].state, KWS_NOT_ENFORCED);
    CHECK_EQUAL(verdict.report.outcome[KWS_FILES].error, ENOSYS);
    CHECK_EQUAL(verdict.report.landlock_abi, 0);
    kws_landlock_most = 5;
    task.policy.wanted[KWS_SIGNALS] = KWS_REQUIRED;
    check_refused(&task, KWS_SIGNALS);
    kws_landlock_most = UINT32_MAX;
}

/* In a process that may make no namespaces: the number of the first that was not refused, or 0. */
static int miss_namespaces(void)
{
    static const uint32_t spaces[] = { KWS_USER_SPACE, KWS_NETWORK_SPACE, KWS_PROCESS_SPACE, KWS_MOUNT_SPACE,
                                       KWS_IPC_SPACE, KWS_NAME_SPACE };
    forbid_namespaces();
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        task task = with(0);
        task.policy.wanted[spaces[i]] = KWS_REQUIRED;
        verdict_of_task verdict = attempt(&task, miss_namespaces);
        if (verdict.report.failed != (int32_t)spaces[i] || verdict.report.outcome[spaces[i]].error != EPERM
            || verdict.sealed != -1 || verdict.result != NOTHING)
            return -(int)spaces[i];
    }
    return 0;
}

static void *wait_for_ever(void *argument)
{
    for (;;)
        pause();
    return argument;
}

/* Enters with another thread: the mechanism that was refused. */
static int enter_with_thread(void)
{
    pthread_t thread;
    kws_policy policy;
    kws_compiled compiled;
    kws_report report = { .failed = -1 };
    kws_policy_make(&policy);
    NEED(kws_compile(policy.may, KWS_NATIVE, &compiled) == 0);
    NEED(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
    return kws_enter(&policy, &compiled, &report) == -1 ? report.failed : -1;
}

static void test_misuse(void)
{
    task task = with(0);
    kws_grant grant = { -1, KWS_READ };
    task.policy.grants = &grant;
    task.policy.grant_count = 1;
    check_refused(&task, KWS_FILES);
    grant.descriptor = target_.shared;
    check_refused(&task, KWS_FILES);
    task.policy.grant_count = KWS_GRANT_LIMIT + 1;
    check_refused(&task, KWS_FILES);
    CHECK_EQUAL(perform_freely(enter_with_thread, getuid()), KWS_FILTER);
    CHECK_EQUAL(perform_freely(miss_namespaces, getuid()), 0);

    kws_compiled compiled;
    NEED(kws_compile(KWS_MAY_START_THREADS | KWS_MAY_USE_DEVICES, KWS_NATIVE, &compiled) == 0);
    task = with(0);
    task.compiled = &compiled;
    task.run = NULL;
    verdict_of_task verdict = perform(&task);
    CHECK_EQUAL(verdict.report.failed, KWS_FILTER);
    CHECK_EQUAL(verdict.report.outcome[KWS_FILTER].error, EINVAL);
    kws_compiled_free(&compiled);

    if (getuid() == 0) {
        task = with(0);
        task.policy.uid = 0;
        check_refused(&task, KWS_IDENTITY);
        task.policy.wanted[KWS_IDENTITY] = KWS_IF_AVAILABLE;
        task.policy.limits.processes = 10;
        verdict = attempt(&task, the("allowed: start a thread"));
        CHECK_EQUAL(verdict.result, 0);
        CHECK_EQUAL(verdict.report.outcome[KWS_IDENTITY].state, KWS_NOT_ENFORCED);
    }
}

static int spin_for_ever(void)
{
    static volatile unsigned int count;
    signal(SIGXCPU, SIG_IGN);
    alarm(0);
    setrlimit(RLIMIT_CPU, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
    for (;;)
        count++;
    return 0;
}

static void test_processor_time(void)
{
    kws_grant grants[2];
    task task = with(0);
    give(&task.policy, grants);
    task.policy.limits.cpu_seconds = 1;
    CHECK_RESULT(task, spin_for_ever, KILLED_BY(SIGKILL));
    close(grants[0].descriptor);
    close(grants[1].descriptor);
}

static int make_namespaces(void)
{
    kws_report report;
    kws_policy policy;
    int32_t init = 0;
    kws_policy_make(&policy);
    policy.wanted[KWS_PROCESS_SPACE] = policy.wanted[KWS_USER_SPACE] = KWS_REQUIRED;
    int32_t worker = kws_fork(&policy, &init, &report);
    if (worker == 0)
        _exit(0);
    if (worker < 0)
        return -report.outcome[report.failed].error;
    waitpid(worker, NULL, 0);
    kill(init, SIGKILL);
    return waitpid(init, NULL, 0) == init ? 0 : -errno;
}

void test_permissions(void)
{
    make_target(attacker());
    int can_make_namespaces = perform_freely(make_namespaces, attacker()) == 0;
    test_tcp();
    test_passed_sockets();
    test_programs(can_make_namespaces);
    test_code();
    test_threads();
    test_deceit();
    test_scopes();
    test_nested(can_make_namespaces);
    test_parent(can_make_namespaces);
    test_thread_state(can_make_namespaces);
    test_missing();
    test_misuse();
    test_processor_time();
    destroy_target();
}
