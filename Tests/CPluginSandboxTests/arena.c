#define _GNU_SOURCE
#include "arena.h"
#include "check.h"
#include "hearing.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <grp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
const int has_memory_limits = 0;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
const int has_memory_limits = 0;
#else
const int has_memory_limits = 1;
#endif
#else
const int has_memory_limits = 1;
#endif

int arena_threads = -1;

static char secret = 's';
static int listeners[4];

/* ---- what is attacked ------------------------------------------------------------------------------------- */

uid_t attacker(void)
{
    return getuid() == 0 ? NOBODY : getuid();
}

void become(uid_t uid)
{
    if (getuid() != uid)
        NEED(setgroups(0, NULL) == 0 && setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0);
    /* Who logs in has files in /proc. */
    NEED(prctl(PR_SET_DUMPABLE, 1) == 0);
}

static void make_folder(char *path, size_t room, const char *name, uid_t uid)
{
    snprintf(path, room, "%s/%s", target_.folder, name);
    NEED(mkdir(path, 0755) == 0 && chown(path, uid, uid) == 0);
}

static void make_file(const char *folder, const char *name, uid_t uid)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_CREAT | O_WRONLY | O_EXCL, 0600);
    NEED(file >= 0 && write(file, "secret\n", 7) == 7 && fchown(file, uid, uid) == 0);
    close(file);
}

static void make_files(uid_t uid)
{
    char path[200], evil[80];
    strcpy(target_.folder, "/tmp/keyway-sandbox-XXXXXX");
    NEED(mkdtemp(target_.folder) != NULL && chmod(target_.folder, 0755) == 0 && chown(target_.folder, uid, uid) == 0);
    snprintf(target_.temporary, sizeof target_.temporary, "%s-file", target_.folder);
    make_folder(target_.granted, sizeof target_.granted, "granted", uid);
    make_folder(target_.readable, sizeof target_.readable, "readable", uid);
    make_folder(target_.outside, sizeof target_.outside, "outside", uid);
    make_folder(evil, sizeof evil, "granted-evil", uid);
    make_file(target_.granted, "file", uid);
    make_file(target_.readable, "file", uid);
    make_file(target_.outside, "secret", uid);
    make_file(target_.outside, "removable", uid);
    make_file(evil, "secret", uid);
    snprintf(path, sizeof path, "%s/link", target_.granted);
    NEED(symlink("/etc", path) == 0);
    snprintf(path, sizeof path, "%s/folder", target_.granted);
    NEED(mkdir(path, 0755) == 0 && chown(path, uid, uid) == 0);
}

static void make_victim(uid_t uid)
{
    int ready[2];
    char byte;
    NEED(pipe2(ready, O_CLOEXEC) == 0);
    pid_t parent = getpid();
    target_.victim = fork();
    NEED(target_.victim >= 0);
    if (target_.victim == 0) {
        become(uid);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    NEED(read(ready[0], &byte, 1) == 1);
    close(ready[0]);
    target_.victim_pidfd = (int)syscall(SYS_pidfd_open, target_.victim, 0);
    target_.victim_secret = &secret;
    NEED(target_.victim_pidfd >= 0);
}

static int listen_on(int family, const void *address, socklen_t size)
{
    int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    NEED(listener >= 0 && bind(listener, address, size) == 0 && listen(listener, 1000) == 0);
    return listener;
}

static uint16_t listen_on_port(int *listener)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *listener = listen_on(AF_INET, &address, sizeof address);
    NEED(getsockname(*listener, (struct sockaddr *)&address, &size) == 0);
    return ntohs(address.sin_port);
}

static void make_listeners(uid_t uid)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    target_.port = listen_on_port(&listeners[0]);
    target_.other_port = listen_on_port(&listeners[1]);
    snprintf(target_.socket_path, sizeof target_.socket_path, "%s/socket", target_.folder);
    strcpy(address.sun_path, target_.socket_path);
    listeners[2] = listen_on(AF_UNIX, &address, sizeof address);
    NEED(chown(target_.socket_path, uid, uid) == 0);
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    int length = snprintf(target_.abstract_name, sizeof target_.abstract_name, "keyway-sandbox-%d", (int)getpid());
    memcpy(address.sun_path + 1, target_.abstract_name, (size_t)length);
    listeners[3] = listen_on(AF_UNIX, &address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length));
}

static void make_memory(int is_sealed)
{
    target_.sealed = memfd_create("host", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    target_.shared = memfd_create("worker", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    NEED(target_.sealed >= 0 && target_.shared >= 0);
    NEED(ftruncate(target_.sealed, 4096) == 0 && ftruncate(target_.shared, 4096) == 0);
    NEED(pwrite(target_.sealed, "H", 1, 0) == 1);
    /* F_SEAL_FUTURE_WRITE: Linux 5.1. */
    NEED(!is_sealed || fcntl(target_.sealed, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | 0x10 | F_SEAL_SEAL) == 0);
    NEED(!is_sealed || fcntl(target_.shared, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0);
    target_.sealed_memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, target_.sealed, 0);
    target_.shared_memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, target_.shared, 0);
    NEED(target_.sealed_memory != MAP_FAILED && target_.shared_memory != MAP_FAILED);
}

static void free_memory(void)
{
    munmap(target_.sealed_memory, 4096);
    munmap(target_.shared_memory, 4096);
    close(target_.sealed);
    close(target_.shared);
}

void make_target(uid_t uid)
{
    memset(&target_, 0, sizeof target_);
    target_.passed = -1;
    make_files(uid);
    make_victim(uid);
    make_listeners(uid);
    make_memory(1);
}

void destroy_target(void)
{
    char command[256];
    kill(target_.victim, SIGKILL);
    waitpid(target_.victim, NULL, 0);
    close(target_.victim_pidfd);
    for (size_t i = 0; i < 4; i++)
        close(listeners[i]);
    free_memory();
    snprintf(command, sizeof command, "rm -rf '%s' '%s'", target_.folder, target_.temporary);
    NEED(system(command) == 0);
}

/* ---- attackers -------------------------------------------------------------------------------------------- */

void forbid_namespaces(void)
{
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof instructions / sizeof instructions[0], instructions };
    NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

void give(kws_policy *policy, kws_grant grants[2])
{
    grants[0] = (kws_grant){ open(target_.granted, O_PATH | O_CLOEXEC), KWS_READ | KWS_WRITE };
    grants[1] = (kws_grant){ open(target_.readable, O_PATH | O_CLOEXEC), KWS_READ };
    NEED(grants[0].descriptor >= 0 && grants[1].descriptor >= 0);
    policy->grants = grants;
    policy->grant_count = 2;
    policy->limits = (kws_limits){ .descriptors = 64, .file_size = 1 << 20, .cpu_seconds = 20 };
    if (has_memory_limits)
        policy->limits.memory = UINT64_C(256) << 20;
}

/* Leaves what a worker has: 0 to 2, what it shares with its host, and a descriptor that it should not have. */
static void close_others(int threads)
{
    for (int i = 3; i < 256; i++) {
        if (i != target_.sealed && i != target_.shared && i != target_.victim_pidfd && i != target_.passed && i != threads)
            close(i);
    }
}

static _Noreturn void work(const task *task, verdict_of_task *verdict, int host)
{
    kws_grant grants[2];
    kws_policy policy = task->policy;
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGSYS, SIG_DFL);
    if (policy.grants == NULL)
        give(&policy, grants);
    /* As keyway-worker is by then. */
    prctl(PR_SET_DUMPABLE, 0);
    verdict->entered = kws_enter(&policy, task->compiled, &verdict->report);
    if (verdict->entered == 0) {
        arena_threads = verdict->report.threads;
        if (policy.is_heard != 0)
            pass_listener(host, &verdict->report);
        close_others(arena_threads);
        if (task->load != NULL)
            task->load();
        verdict->sealed = task->is_sealed ? kws_seal(&policy, task->compiled, &verdict->report) : 0;
        if (verdict->sealed == 0)
            verdict->result = task->run();
    }
    _exit(0);
}

static int result_of(int status, int result)
{
    if (WIFSIGNALED(status))
        return KILLED_BY(WTERMSIG(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? result : NOTHING;
}

static verdict_of_task *share(void)
{
    verdict_of_task *verdict = mmap(NULL, sizeof *verdict, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(verdict != MAP_FAILED);
    *verdict = (verdict_of_task){ .result = NOTHING, .entered = -1, .sealed = -1, .report = { .failed = -1, .threads = -1, .listener = -1, .memory = -1 } };
    return verdict;
}

verdict_of_task perform(const task *task)
{
    verdict_of_task *shared = share();
    kws_report report;
    int32_t init;
    int status = 0, pair[2];
    target_.parent = getpid();
    fflush(NULL);
    NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    pid_t worker = kws_fork(&task->policy, &init, &report);
    if (worker == 0) {
        shared->report = report;
        close(pair[0]);
        work(task, shared, pair[1]);
    }
    close(pair[1]);
    uint32_t refusals = worker > 0 && task->policy.is_heard != 0 ? hear(pair[0], task->named) : 0;
    close(pair[0]);
    verdict_of_task verdict = *shared;
    if (worker < 0) {
        verdict.report = report;
    } else {
        while (waitpid(worker, &status, 0) < 0)
            NEED(errno == EINTR);
        verdict = *shared;
        verdict.refusals = refusals;
        verdict.result = result_of(status, shared->result);
    }
    if (init != 0) {
        kill(init, SIGKILL);
        waitpid(init, NULL, 0);
    }
    munmap(shared, sizeof *shared);
    return verdict;
}

/* With a file system of its own in /tmp, so that there is something to be unmounted. */
static int be_alone(void)
{
    const int spaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;
    uid_t uid = getuid();
    gid_t gid = getgid();
    int error;
    /* A root without CAP_SYS_ADMIN does as others do. */
    int is_root = uid == 0 && unshare(spaces) == 0;
    if (!is_root && unshare(spaces | CLONE_NEWUSER) != 0)
        return -errno;
    /* A POSIX queue belongs to a user and a group that its namespace has. */
    if (!is_root && (error = kws_map_user(uid, gid)) != 0)
        return -error;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
        || mount("none", "/tmp", "tmpfs", 0, NULL) != 0)
        return -errno;
    return 0;
}

static int run_freely(int (*prepare)(void), int (*run)(void), uid_t uid)
{
    verdict_of_task *shared = share();
    int status = 0;
    target_.parent = getpid();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        become(uid);
        setsid();
        int error = prepare != NULL ? prepare() : 0;
        shared->result = error != 0 ? error : run();
        _exit(0);
    }
    NEED(child > 0 && waitpid(child, &status, 0) == child);
    int result = result_of(status, shared->result);
    munmap(shared, sizeof *shared);
    return result;
}

int perform_freely(int (*run)(void), uid_t uid)
{
    return run_freely(NULL, run, uid);
}

int perform_alone(int (*run)(void), uid_t uid)
{
    return run_freely(be_alone, run, uid);
}

int perform_unsealed(int (*run)(void), uid_t uid)
{
    const target sealed = target_;
    make_memory(0);
    int result = perform_freely(run, uid);
    free_memory();
    target_ = sealed;
    return result;
}
