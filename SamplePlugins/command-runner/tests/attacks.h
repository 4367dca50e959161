/* What a program in a jail tries. Each attack answers with 0 if it succeeded, otherwise with an errno. */
#ifndef COMMAND_RUNNER_TESTS_ATTACKS_H
#define COMMAND_RUNNER_TESTS_ATTACKS_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ANSWER(call) ((call) >= 0 ? 0 : errno)

/* ---- files ---------------------------------------------------------------------------------------------- */

static int attack_read(const char *path)
{
    char byte;
    int fd = open(path, O_RDONLY);
    return fd < 0 ? errno : ANSWER(read(fd, &byte, 1));
}

static int attack_list(const char *path) { return ANSWER(open(path, O_RDONLY | O_DIRECTORY)); }
static int attack_write(const char *path) { return ANSWER(open(path, O_WRONLY)); }
static int attack_create(const char *path) { return ANSWER(open(path, O_WRONLY | O_CREAT, 0600)); }
static int attack_cut(const char *path) { return ANSWER(open(path, O_RDONLY | O_TRUNC)); }
static int attack_truncate(const char *path) { return ANSWER(truncate(path, 0)); }
static int attack_remove(const char *path) { return ANSWER(unlink(path)); }
static int attack_chmod(const char *path) { return ANSWER(chmod(path, 0644)); }
static int attack_chown(const char *path) { return ANSWER(chown(path, getuid(), getgid())); }
static int attack_utimes(const char *path) { return ANSWER(utimes(path, NULL)); }
static int attack_setxattr(const char *path) { return ANSWER(setxattr(path, "user.x", "x", 1, 0)); }

static int attack_fchmod(const char *path)
{
    int fd = open(path, O_RDONLY);
    return fd < 0 ? errno : ANSWER(fchmod(fd, 0644));
}

/* By a link that it makes itself, in the working folder. */
static int attack_link(const char *path)
{
    (void)unlink("own-link");
    return symlink(path, "own-link") != 0 ? errno + 1000 : attack_read("own-link");
}

static int attack_hard_link(const char *path)
{
    (void)unlink("hard-link");
    return ANSWER(link(path, "hard-link"));
}

/* A file of the working folder, into the path. */
static int attack_rename(const char *path)
{
    int fd = open("moved", O_WRONLY | O_CREAT, 0600);
    return fd < 0 ? errno + 1000 : ANSWER(rename("moved", path));
}

static int run_program(const char *path, char *const argv[])
{
    int status = 0, report[2];
    int number = 0;
    if (pipe2(report, O_CLOEXEC) != 0)
        return errno;
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(report[1], 9);
        fcntl(9, F_SETFD, FD_CLOEXEC);
        execv(path, argv);
        number = errno;
        _exit(write(9, &number, sizeof number) < 0);
    }
    close(report[1]);
    if (pid > 0 && read(report[0], &number, sizeof number) <= 0)
        number = 0;
    (void)waitpid(pid, &status, 0);
    return pid < 0 ? errno : number != 0 ? number : status == 0 ? 0 : 2000;
}

static int attack_execute(const char *path)
{
    char *argv[] = { "true", NULL };
    return run_program(path, argv);
}

/* A copy of a program, in the working folder. */
static int attack_copy(const char *path)
{
    char buffer[65536];
    ssize_t size;
    int from = open(path, O_RDONLY), to = open("copy", O_WRONLY | O_CREAT | O_TRUNC, 0755);
    if (from < 0 || to < 0)
        return errno + 1000;
    while ((size = read(from, buffer, sizeof buffer)) > 0)
        if (write(to, buffer, (size_t)size) != size)
            return errno + 1000;
    close(to);
    return attack_execute("copy");
}

/* A script of its own, for an interpreter. */
static int attack_script(const char *interpreter)
{
    int fd = open("script", O_WRONLY | O_CREAT | O_TRUNC, 0755);
    if (fd < 0 || dprintf(fd, "#!%s\nexit 0\n", interpreter) < 0)
        return errno + 1000;
    close(fd);
    return attack_execute("script");
}

/* The dynamic linker, which every program needs, runs what can be read. */
static int attack_linker(const char *path)
{
#if defined(__aarch64__)
    static const char linker[] = "/lib/ld-linux-aarch64.so.1";
#else
    static const char linker[] = "/lib64/ld-linux-x86-64.so.2";
#endif
    char *argv[] = { "linker", (char *)path, NULL };
    return run_program(linker, argv);
}

/* ---- network -------------------------------------------------------------------------------------------- */

static int speak(int family, int type, const char *port, int binds)
{
    int fd = socket(family, type, 0), one = 1;
    if (fd < 0)
        return errno;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (binds)
        return bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ? errno : ANSWER(listen(fd, 1));
    return ANSWER(connect(fd, (struct sockaddr *)&address, sizeof address));
}

static int attack_tcp(const char *port) { return speak(AF_INET, SOCK_STREAM, port, 0); }
static int attack_udp(const char *port) { return speak(AF_INET, SOCK_DGRAM, port, 0); }
static int attack_listen(const char *port) { return speak(AF_INET, SOCK_STREAM, port, 1); }

static int attack_fast_open(const char *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 ? errno
                  : ANSWER(sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address));
}

static int attack_netlink(const char *ignored)
{
    (void)ignored;
    return ANSWER(socket(AF_NETLINK, SOCK_RAW, 0));
}

static socklen_t local_address(struct sockaddr_un *out, const char *name)
{
    *out = (struct sockaddr_un) { .sun_family = AF_UNIX };
    size_t size = strlen(name);
    memcpy(out->sun_path, name, size);
    /* An abstract one begins with a zero byte. */
    if (name[0] == '@')
        out->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

static int attack_unix(const char *name)
{
    struct sockaddr_un address;
    socklen_t size = local_address(&address, name);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    return fd < 0 ? errno : ANSWER(connect(fd, (struct sockaddr *)&address, size));
}

/* One of a pair needs no socket(2), and sends to any name. */
static int attack_pair(const char *name)
{
    struct sockaddr_un address;
    socklen_t size = local_address(&address, name);
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0)
        return errno;
    return ANSWER(sendto(pair[0], "x", 1, 0, (struct sockaddr *)&address, size));
}

static int attack_stream_pair(const char *ignored)
{
    int pair[2];
    (void)ignored;
    return ANSWER(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static int attack_io_uring(const char *ignored)
{
    char parameters[120] = { 0 };
    (void)ignored;
    return ANSWER(syscall(SYS_io_uring_setup, 1, parameters));
}

/* ---- other processes ------------------------------------------------------------------------------------ */

static int attack_signal(const char *pid) { return ANSWER(kill(atoi(pid), 0)); }

static int attack_trace(const char *pid)
{
    if (ptrace(PTRACE_SEIZE, atoi(pid), NULL, NULL) != 0)
        return errno;
    (void)ptrace(PTRACE_DETACH, atoi(pid), NULL, NULL);
    return 0;
}

static int attack_memory(const char *pid)
{
    /* Of nothing: who may not is told so first. */
    struct iovec none = { NULL, 0 };
    return ANSWER(syscall(SYS_process_vm_readv, (long)atoi(pid), &none, 1L, &none, 1L, 0L));
}

static int attack_descriptor(const char *pid)
{
    int fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
    return fd < 0 ? errno : ANSWER(syscall(438 /* pidfd_getfd */, fd, 0, 0));
}

static int attack_environment(const char *pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/environ", pid);
    return attack_read(path);
}

static int attack_users(const char *ignored)
{
    (void)ignored;
    return ANSWER(unshare(CLONE_NEWUSER));
}

static int attack_clone_users(const char *ignored)
{
    (void)ignored;
    long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0L, 0L, 0L, 0L);
    if (pid == 0)
        _exit(0);
    return ANSWER(pid);
}

static int attack_keys(const char *ignored)
{
    (void)ignored;
    return ANSWER(syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3, 0));
}

static int attack_mount(const char *ignored)
{
    (void)ignored;
    return ANSWER(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

static int attack_type(const char *ignored)
{
    (void)ignored;
    return ANSWER(ioctl(0, TIOCSTI, "x"));
}

static int attack_capabilities(const char *ignored)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    (void)ignored;
    if (syscall(SYS_capget, &header, data) != 0)
        return errno;
    return (data[0].effective | data[0].permitted | data[1].permitted) != 0 ? 0 : EPERM;
}

static int attack_bounds(const char *ignored)
{
    (void)ignored;
    return prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) == 1 ? 0 : EPERM;
}

/* A program that is root's and says so in its mode. */
static int attack_set_user(const char *ignored)
{
    (void)ignored;
    return geteuid() == 0 ? 0 : EPERM;
}

/* ---- limits --------------------------------------------------------------------------------------------- */

/* Processes that it could start beside itself; more than a hundred is as good as without end. */
static int attack_bomb(const char *ignored)
{
    int count = 0;
    (void)ignored;
    for (; count < 100; count++) {
        pid_t pid = fork();
        if (pid < 0)
            break;
        if (pid == 0)
            for (;;)
                pause();
    }
    return count;
}

/* Memory of a child of a child, in megabytes that it could have. */
static int attack_memory_of_children(const char *ignored)
{
    int report[2], count = 0;
    (void)ignored;
    if (pipe(report) != 0 || fork() != 0)
        return close(report[1]) == 0 && read(report[0], &count, sizeof count) == sizeof count ? count : 1000;
    while (count < 2048 && mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        count++;
    _exit(write(report[1], &count, sizeof count) < 0);
}

/* Leaves a process with a session of its own and no parent, which holds a lock on the file. */
static int attack_survive(const char *path)
{
    int ready[2];
    char byte;
    if (pipe(ready) != 0)
        return errno;
    pid_t child = fork();
    if (child == 0) {
        if (setsid() < 0 || fork() != 0)
            _exit(0);
        int fd = open(path, O_RDWR | O_CREAT, 0600);
        if (fd < 0 || flock(fd, LOCK_EX) != 0 || write(ready[1], "", 1) != 1)
            _exit(1);
        for (int i = 0; i < 65; i++)
            signal(i, SIG_IGN);
        close(ready[1]);
        for (;;)
            pause();
    }
    close(ready[1]);
    (void)waitpid(child, NULL, 0);
    return read(ready[0], &byte, 1) == 1 ? 0 : 1000;
}

/* Beyond what it was given. */
static int attack_raise(const char *ignored)
{
    struct rlimit limit;
    (void)ignored;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return errno;
    limit.rlim_cur = limit.rlim_max = limit.rlim_max + 1;
    return ANSWER(setrlimit(RLIMIT_NOFILE, &limit));
}

/* What it finds open beside the standard three. */
static int attack_descriptors(const char *ignored)
{
    int count = 0;
    (void)ignored;
    for (int fd = 3; fd < 4096; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static const struct {
    const char *name;
    int (*run)(const char *argument);
} attacks[] = {
    { "read", attack_read }, { "list", attack_list }, { "write", attack_write }, { "create", attack_create },
    { "cut", attack_cut }, { "truncate", attack_truncate }, { "remove", attack_remove }, { "chmod", attack_chmod },
    { "fchmod", attack_fchmod }, { "chown", attack_chown }, { "utimes", attack_utimes }, { "setxattr", attack_setxattr },
    { "link", attack_link }, { "hard-link", attack_hard_link }, { "rename", attack_rename }, { "execute", attack_execute },
    { "copy", attack_copy }, { "script", attack_script }, { "linker", attack_linker }, { "tcp", attack_tcp },
    { "udp", attack_udp }, { "listen", attack_listen }, { "fast-open", attack_fast_open }, { "netlink", attack_netlink },
    { "unix", attack_unix }, { "pair", attack_pair }, { "stream-pair", attack_stream_pair },
    { "io-uring", attack_io_uring }, { "signal", attack_signal }, { "trace", attack_trace }, { "memory", attack_memory },
    { "descriptor", attack_descriptor }, { "environment", attack_environment }, { "users", attack_users },
    { "clone-users", attack_clone_users }, { "keys", attack_keys }, { "mount", attack_mount }, { "type", attack_type },
    { "capabilities", attack_capabilities }, { "bounds", attack_bounds }, { "set-user", attack_set_user },
    { "bomb", attack_bomb }, { "memory-of-children", attack_memory_of_children }, { "survive", attack_survive },
    { "descriptors", attack_descriptors }, { "raise", attack_raise },
};

static inline int attack(const char *name, const char *argument)
{
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++)
        if (strcmp(attacks[i].name, name) == 0)
            /* At once: what a sanitizer does at the end needs more than the jail gives. */
            _exit(printf("%d", attacks[i].run(argument)) < 0 || fflush(stdout) != 0);
    return 99;
}

#endif
