#define _GNU_SOURCE
#include "arena.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
target target_;

static int answer(long result)
{
    return result < 0 ? -errno : 0;
}

static int open_and_close(const char *path, int flags)
{
    int file = open(path, flags, 0600);
    if (file < 0)
        return -errno;
    close(file);
    return 0;
}

static const char *join(const char *folder, const char *name)
{
    static char path[4][200];
    static unsigned int next;
    char *place = path[next++ % 4];
    snprintf(place, sizeof path[0], "%s/%s", folder, name);
    return place;
}

#define GRANTED(name) join(target_.granted, name)
#define READABLE(name) join(target_.readable, name)
#define OUTSIDE(name) join(target_.outside, name)
#define CALL(name, ...) static int name(void) { return answer(syscall(__VA_ARGS__)); }
#define OPEN(name, path, flags) static int name(void) { return open_and_close(path, flags); }

/* ---- 1: reading ------------------------------------------------------------------------------------------- */

OPEN(read_shadow, "/etc/shadow", O_RDONLY)
OPEN(read_passwd, "/etc/passwd", O_RDONLY)
OPEN(read_outside, OUTSIDE("secret"), O_RDONLY)
OPEN(read_through_link, GRANTED("link/passwd"), O_RDONLY)
OPEN(read_through_dots, GRANTED("../../../etc/passwd"), O_RDONLY)
OPEN(read_neighbour, join(target_.folder, "granted-evil/secret"), O_RDONLY)
OPEN(list_root, "/", O_RDONLY | O_DIRECTORY)
OPEN(list_parent, GRANTED(".."), O_RDONLY | O_DIRECTORY)
OPEN(read_through_proc, "/proc/self/root/etc/passwd", O_RDONLY)
OPEN(read_device, "/dev/full", O_RDONLY)
OPEN(read_granted, GRANTED("file"), O_RDONLY)
OPEN(read_readable, READABLE("file"), O_RDONLY)
OPEN(list_granted, GRANTED("."), O_RDONLY | O_DIRECTORY)
OPEN(read_library, "/usr/lib/os-release", O_RDONLY)
OPEN(read_random, "/dev/urandom", O_RDONLY)

static int read_from_handle(void)
{
    /* Landlock lets any folder be named (O_PATH); reading is still asked for. */
    int root = open("/", O_PATH | O_DIRECTORY);
    if (root < 0)
        return -errno;
    int result = answer(openat(root, "etc/passwd", O_RDONLY));
    close(root);
    return result;
}

static int reopen_handle(void)
{
    char path[40];
    int file = open(OUTSIDE("secret"), O_PATH);
    if (file < 0)
        return -errno;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return open_and_close(path, O_RDONLY);
}

/* ---- 2: writing ------------------------------------------------------------------------------------------- */

OPEN(write_temporary, target_.temporary, O_CREAT | O_WRONLY)
OPEN(write_system, "/usr/lib/os-release", O_WRONLY)
OPEN(write_readable, READABLE("file"), O_WRONLY)
OPEN(write_outside, OUTSIDE("secret"), O_WRONLY)
OPEN(create_outside, OUTSIDE("made"), O_CREAT | O_WRONLY)
OPEN(empty_readable, READABLE("file"), O_RDONLY | O_TRUNC)
OPEN(create_granted, GRANTED("made"), O_CREAT | O_WRONLY)
OPEN(empty_granted, GRANTED("made"), O_CREAT | O_WRONLY | O_TRUNC)
OPEN(unnamed_granted, target_.granted, O_TMPFILE | O_WRONLY)
OPEN(unnamed_outside, target_.outside, O_TMPFILE | O_WRONLY)
CALL(truncate_outside, SYS_truncate, OUTSIDE("secret"), 0L)
CALL(truncate_readable, SYS_truncate, READABLE("file"), 0L)
CALL(make_folder_outside, SYS_mkdirat, AT_FDCWD, OUTSIDE("folder"), 0700)
CALL(remove_outside, SYS_unlinkat, AT_FDCWD, OUTSIDE("removable"), 0)
CALL(make_link, SYS_symlinkat, "/etc", AT_FDCWD, GRANTED("new-link"))
CALL(make_pipe, SYS_mknodat, AT_FDCWD, GRANTED("pipe"), S_IFIFO | 0600, 0)
CALL(change_mode, SYS_fchmodat, AT_FDCWD, OUTSIDE("secret"), 0666)
CALL(change_owner, SYS_fchownat, AT_FDCWD, OUTSIDE("secret"), -1, -1, 0)
CALL(change_times, SYS_utimensat, AT_FDCWD, OUTSIDE("secret"), NULL, 0)
CALL(change_attribute, SYS_setxattr, OUTSIDE("secret"), "user.attack", "x", 1L, 0)
CALL(link_in, SYS_linkat, AT_FDCWD, OUTSIDE("secret"), AT_FDCWD, GRANTED("linked"), 0)
CALL(exchange, SYS_renameat2, AT_FDCWD, GRANTED("file"), AT_FDCWD, OUTSIDE("secret"), 2 /* RENAME_EXCHANGE */)

static int change_open_mode(void)
{
    int file = open(READABLE("file"), O_RDONLY);
    return file < 0 ? -errno : answer(fchmod(file, 0666));
}

static int with_file(const char *name)
{
    int file = open(GRANTED(name), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (file < 0)
        return -errno;
    ssize_t written = write(file, "text", 4);
    close(file);
    return written == 4 ? 0 : -EIO;
}

static int rename_out(void)
{
    int error = with_file("moving");
    return error != 0 ? error : answer(rename(GRANTED("moving"), OUTSIDE("moved")));
}

static int link_out(void)
{
    int error = with_file("linking");
    unlink(OUTSIDE("linked"));
    return error != 0 ? error : answer(link(GRANTED("linking"), OUTSIDE("linked")));
}

static int rename_in(void)
{
    return answer(rename(READABLE("file"), GRANTED("taken")));
}

static int rename_within(void)
{
    int error = with_file("moving");
    return error != 0 ? error : answer(rename(GRANTED("moving"), GRANTED("moved")));
}

static int rename_between_folders(void)
{
    int error = with_file("moving");
    return error != 0 ? error : answer(rename(GRANTED("moving"), GRANTED("folder/moved")));
}

static int make_and_remove_folder(void)
{
    return mkdir(GRANTED("new-folder"), 0700) != 0 ? -errno : answer(rmdir(GRANTED("new-folder")));
}

static int shorten_granted(void)
{
    int error = with_file("short");
    int file = error != 0 ? -1 : open(GRANTED("short"), O_WRONLY);
    return file < 0 ? -errno : answer(ftruncate(file, 2));
}

/* ---- 3: sizes and numbers --------------------------------------------------------------------------------- */

static int exceed_file_size(void)
{
    static char block[65536];
    signal(SIGXFSZ, SIG_IGN);
    int file = open(GRANTED("large"), O_CREAT | O_WRONLY | O_TRUNC, 0600), result = 0;
    if (file < 0)
        return -errno;
    for (int i = 0; i < 64 && result == 0; i++)
        result = write(file, block, sizeof block) < 0 ? -errno : 0;
    unlink(GRANTED("large"));
    return result;
}

static int stretch_file(void)
{
    signal(SIGXFSZ, SIG_IGN);
    int file = open(GRANTED("long"), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (file < 0)
        return -errno;
    int result = answer(ftruncate(file, 1L << 30));
    unlink(GRANTED("long"));
    return result;
}

static int exhaust_descriptors(void)
{
    for (int i = 0; i < 200; i++) {
        if (dup(2) < 0)
            return -errno;
    }
    return 0;
}

/* ---- 4, 5, 6: other processes ----------------------------------------------------------------------------- */

static const char *of_victim(const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)target_.victim, name);
    return path;
}

OPEN(open_memory, of_victim("mem"), O_RDWR)
OPEN(open_environment, of_victim("environ"), O_RDONLY)
OPEN(open_command, of_victim("cmdline"), O_RDONLY)
OPEN(open_own_memory, "/proc/self/mem", O_RDWR)
OPEN(open_own_environment, "/proc/self/environ", O_RDONLY)
OPEN(open_own_maps, "/proc/self/maps", O_RDONLY)
OPEN(open_processes, "/proc", O_RDONLY | O_DIRECTORY)
CALL(trace, SYS_ptrace, PTRACE_SEIZE, target_.victim, 0L, 0L)
CALL(be_traced, SYS_ptrace, PTRACE_TRACEME, 0L, 0L, 0L)
CALL(compare, SYS_kcmp, getpid(), target_.victim, 0L, 0L, 0L)
CALL(name_process, SYS_pidfd_open, target_.victim, 0)
CALL(take_descriptor, SYS_pidfd_getfd, target_.victim_pidfd, 0, 0)
CALL(signal_victim, SYS_kill, target_.victim, 0)
CALL(signal_parent, SYS_kill, target_.parent, 0)
CALL(signal_everybody, SYS_kill, -1, 0)
CALL(signal_group, SYS_kill, 0, 0)
CALL(signal_thread, SYS_tgkill, target_.victim, target_.victim, 0)
CALL(signal_task, SYS_tkill, target_.victim, 0)
CALL(signal_by_pidfd, SYS_pidfd_send_signal, target_.victim_pidfd, 0, NULL, 0)
CALL(limit_victim, SYS_prlimit64, target_.victim, RLIMIT_NOFILE, NULL, NULL)
CALL(slow_victim, SYS_setpriority, PRIO_PROCESS, target_.victim, 19)
CALL(slow_user, SYS_setpriority, PRIO_USER, 0, 0)
CALL(schedule_victim, SYS_sched_setscheduler, target_.victim, SCHED_OTHER, &(struct sched_param){ 0 })
CALL(signal_itself, SYS_kill, getpid(), 0)
CALL(raise_in_itself, SYS_tgkill, getpid(), syscall(SYS_gettid), 0)

static int queue_signal(void)
{
    siginfo_t info = { 0 };
    info.si_code = SI_QUEUE;
    return answer(syscall(SYS_rt_sigqueueinfo, target_.victim, 0, &info));
}

static int access_memory(long number)
{
    char byte = 0;
    struct iovec here = { &byte, 1 }, there = { target_.victim_secret, 1 };
    return answer(syscall(number, target_.victim, &here, 1L, &there, 1L, 0L));
}

static int read_memory(void)
{
    return access_memory(SYS_process_vm_readv);
}

static int write_memory(void)
{
    return access_memory(SYS_process_vm_writev);
}

static int send_input_signal(void)
{
    int channel[2];
    return pipe(channel) != 0 ? -errno : answer(fcntl(channel[0], F_SETOWN, target_.victim));
}

/* ---- 7, 8: the network ------------------------------------------------------------------------------------ */

static int with_socket(int family, int type, int protocol)
{
    int made = socket(family, type, protocol);
    if (made < 0)
        return -errno;
    close(made);
    return 0;
}

#define SOCKET(name, ...) static int name(void) { return with_socket(__VA_ARGS__); }
SOCKET(open_datagrams, AF_INET, SOCK_DGRAM, 0)
SOCKET(open_datagrams_six, AF_INET6, SOCK_DGRAM, 0)
SOCKET(open_raw, AF_INET, SOCK_RAW, IPPROTO_ICMP)
SOCKET(open_ping, AF_INET, SOCK_DGRAM, IPPROTO_ICMP)
SOCKET(open_packets, AF_PACKET, SOCK_RAW, 0)
SOCKET(open_netlink, AF_NETLINK, SOCK_RAW, 0)
SOCKET(open_vsock, 40, SOCK_STREAM, 0)
SOCKET(open_multipath, AF_INET, SOCK_STREAM, 262)
SOCKET(open_crypto, 38, SOCK_SEQPACKET, 0)

static int connect_tcp(void)
{
    int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (stream < 0)
        return -errno;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(target_.port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int result = answer(connect(stream, (struct sockaddr *)&address, sizeof address));
    close(stream);
    return result;
}

static int listen_tcp(void)
{
    int stream = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET };
    return stream < 0 ? -errno : answer(bind(stream, (struct sockaddr *)&address, sizeof address));
}

static int connect_unix(const char *name, int is_abstract)
{
    int stream = socket(AF_UNIX, SOCK_STREAM, 0);
    if (stream < 0)
        return -errno;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path + is_abstract, sizeof address.sun_path - 1, "%s", name);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)is_abstract + strlen(name) + !is_abstract);
    int result = answer(connect(stream, (struct sockaddr *)&address, size));
    close(stream);
    return result;
}

static int connect_path(void)
{
    return connect_unix(target_.socket_path, 0);
}

static int connect_abstract(void)
{
    return connect_unix(target_.abstract_name, 1);
}

static int pair_of_sockets(void)
{
    int pair[2];
    return answer(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static int set_up_ring(void)
{
    char parameters[120] = { 0 };
    return answer(syscall(SYS_io_uring_setup, 4, parameters));
}
CALL(enter_ring, SYS_io_uring_enter, 2, 1, 0, 0, NULL, 0L)
CALL(register_ring, SYS_io_uring_register, 2, 0, NULL, 0)

/* ---- 9: programs ------------------------------------------------------------------------------------------ */

static char *const program[] = { "/usr/bin/true", NULL };

static int run_program(void)
{
    execve(program[0], program, environ);
    return -errno;
}

static int run_at(void)
{
    return answer(syscall(SYS_execveat, AT_FDCWD, program[0], program, environ, 0));
}

static int run_memory(void)
{
    /* The memory file is refused, and so is what would run it. */
    int file = open(program[0], O_RDONLY);
    return file < 0 ? -errno : answer(syscall(SYS_execveat, file, "", program, environ, AT_EMPTY_PATH));
}

static int run_linker(void)
{
    char *const arguments[] = { "/lib64/ld-linux-x86-64.so.2", "/usr/bin/true", NULL };
    execve(arguments[0], arguments, environ);
    return -errno;
}

static int await(pid_t child)
{
    if (child == 0)
        _exit(0);
    if (child < 0)
        return -errno;
    waitpid(child, NULL, 0);
    return 0;
}

static int fork_process(void)
{
    return await(fork());
}

static int clone_process(void)
{
    return await((pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L));
}

static int clone_three(void)
{
    uint64_t arguments[11] = { 0 };
    arguments[4] = SIGCHLD;
    return await((pid_t)syscall(SYS_clone3, arguments, sizeof arguments));
}

static int spawn_program(void)
{
    pid_t child;
    int error = posix_spawn(&child, program[0], NULL, NULL, program, environ);
    if (error == 0)
        waitpid(child, NULL, 0);
    return -error;
}

static int call_shell(void)
{
    int status = system("true");
    return status == 127 << 8 || status == -1 ? -EPERM : status;
}

/* ---- 10: threads and namespaces ---------------------------------------------------------------------------- */

static void *nothing(void *argument)
{
    return argument;
}

static int start_thread(void)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, nothing, NULL);
    return error != 0 ? -error : -pthread_join(thread, NULL);
}

CALL(unshare_user, SYS_unshare, CLONE_NEWUSER)
CALL(unshare_network, SYS_unshare, CLONE_NEWUSER | CLONE_NEWNET)
CALL(unshare_files, SYS_unshare, CLONE_FILES)
CALL(enter_namespace, SYS_setns, target_.victim_pidfd, CLONE_NEWUTS)
CALL(mount_memory, SYS_mount, "none", "/tmp", "tmpfs", 0L, 0L)
CALL(unmount, SYS_umount2, "/tmp", 0)
CALL(pivot, SYS_pivot_root, "/nowhere", "/nowhere")
CALL(open_file_system, SYS_fsopen, "nothing", 0)
CALL(open_mount, SYS_open_tree, AT_FDCWD, "/", 0)
CALL(move_mounted, SYS_move_mount, -1, "", -1, "", 0)
CALL(enter_folder_as_root, SYS_chroot, "/tmp")
CALL(name_host, SYS_sethostname, "attack", 6L)

/* ---- 11: the kernel ----------------------------------------------------------------------------------------- */

CALL(load_bpf, SYS_bpf, 0, NULL, 0)
CALL(count_events, SYS_perf_event_open, NULL, 0, -1, -1, 0L)
CALL(handle_faults, SYS_userfaultfd, 1)
CALL(use_keys, SYS_keyctl, 0, -3, 1)
CALL(add_a_key, SYS_add_key, "user", "keyway-attack", "x", 1L, -3)
CALL(request_a_key, SYS_request_key, "user", "keyway-attack", NULL, 0)
CALL(open_handle, SYS_open_by_handle_at, -1, NULL, 0)
CALL(make_handle, SYS_name_to_handle_at, AT_FDCWD, "/etc", NULL, NULL, 0)
CALL(change_personality, SYS_personality, 0x0040000L)
CALL(load_module, SYS_finit_module, -1, "", 0)
CALL(load_module_memory, SYS_init_module, NULL, 0L, "")
CALL(unload_module, SYS_delete_module, NULL, 0)
CALL(load_kernel, SYS_kexec_load, 0L, 0L, NULL, 0L)
CALL(restart, SYS_reboot, 0, 0, 0, NULL)
CALL(set_clock, SYS_clock_settime, CLOCK_REALTIME, &(struct timespec){ 0, 0 })
CALL(set_day, SYS_settimeofday, &(struct timeval){ 0, 0 }, NULL)
CALL(read_kernel_log, SYS_syslog, 10, NULL, 0)
CALL(swap_on, SYS_swapon, "/nowhere", 0)
CALL(account, SYS_acct, "/nowhere")
CALL(use_quota, SYS_quotactl, 0, "/nowhere", 0, NULL)
CALL(watch_files, SYS_inotify_init1, 0)
CALL(watch_accesses, SYS_fanotify_init, 0, 0)
CALL(set_up_aio, SYS_io_setup, 0, NULL)
CALL(splice_memory, SYS_vmsplice, -1, NULL, 0L, 0)
CALL(make_semaphore, SYS_semget, 0, 1, 01600)
CALL(make_messages, SYS_msgget, 0, 01600)
CALL(make_queue, SYS_mq_open, "keyway-attack", O_CREAT | O_RDWR, 0600, NULL)
CALL(secret_memory, SYS_memfd_secret, 0)
CALL(adjust_clock, SYS_adjtimex, NULL)
#if defined(__x86_64__)
CALL(open_ports, SYS_ioperm, 0x80L, 1L, 0)
CALL(raise_port_level, SYS_iopl, 0)
CALL(change_segments, SYS_modify_ldt, 0, NULL, 0L)
#endif

static int inject_input(void)
{
    return answer(ioctl(0, TIOCSTI, "x"));
}

/* ---- 12: more than it was given ------------------------------------------------------------------------------ */

static int raise_limit(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max = limit.rlim_max == RLIM_INFINITY ? RLIM_INFINITY : limit.rlim_max + 1;
    return answer(setrlimit(RLIMIT_FSIZE, &limit));
}

static int gain_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct all[2] = { { ~0U, ~0U, 0 }, { 0, 0, 0 } };
    all[0].effective = all[0].permitted = 1u << CAP_CHOWN;
    return answer(syscall(SYS_capset, &header, all));
}

CALL(become_root, SYS_setuid, 0)
CALL(become_root_fully, SYS_setresuid, 0, 0, 0)
CALL(join_root_group, SYS_setgid, 0)
CALL(set_groups, SYS_setgroups, 0L, NULL)
CALL(gain_priority, SYS_setpriority, PRIO_PROCESS, 0, -10)
CALL(become_real_time, SYS_sched_setscheduler, 0, SCHED_FIFO, &(struct sched_param){ .sched_priority = 1 })
CALL(gain_input_priority, SYS_ioprio_set, 1, 0, (1 << 13) | 0)
CALL(outlive_parent, SYS_prctl, PR_SET_PDEATHSIG, 0L, 0L, 0L, 0L)
CALL(be_dumpable, SYS_prctl, PR_SET_DUMPABLE, 1L, 0L, 0L, 0L)
CALL(keep_capabilities, SYS_prctl, PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L)
CALL(change_layout, SYS_prctl, PR_SET_MM, 0L, 0L, 0L, 0L)
CALL(reap_others, SYS_prctl, PR_SET_CHILD_SUBREAPER, 0L, 0L, 0L, 0L)

static int choose_processor(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    return answer(sched_setaffinity(0, sizeof set, &set));
}

static int have_capability(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct held[2] = { 0 };
    return syscall(SYS_capget, &header, held) == 0 && (held[0].permitted | held[1].permitted) != 0 ? 0 : -EPERM;
}

static int stay_root(void)
{
    return getuid() == 0 || geteuid() == 0 ? 0 : -EPERM;
}

static int gain_privileges(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 ? 0 : -EPERM;
}

/* ---- 13: code ------------------------------------------------------------------------------------------------ */

static int map(int protection, int flags, int file)
{
    void *memory = mmap(NULL, 4096, protection, flags, file, 0);
    if (memory == MAP_FAILED)
        return -errno;
    munmap(memory, 4096);
    return 0;
}

static int map_all(void)
{
    return map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static int map_code(void)
{
    return map(PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static int map_file_code(void)
{
    int file = open("/usr/lib/os-release", O_RDONLY);
    return file < 0 ? -errno : map(PROT_READ | PROT_EXEC, MAP_PRIVATE, file);
}

static int map_written_code(void)
{
    int error = with_file("code");
    int file = error != 0 ? -1 : open(GRANTED("code"), O_RDONLY);
    return file < 0 ? -errno : map(PROT_READ | PROT_EXEC, MAP_PRIVATE, file);
}

static int make_executable(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? -errno : answer(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}

static int make_executable_by_key(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? -errno
        : answer(syscall(SYS_pkey_mprotect, memory, 4096L, (long)(PROT_READ | PROT_EXEC), -1L));
}

static int make_stack_executable(void)
{
    char here = 0;
    return answer(mprotect((void *)((uintptr_t)&here & ~(uintptr_t)4095), 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
}

static int write_code(void)
{
    return answer(mprotect((void *)((uintptr_t)write_code & ~(uintptr_t)4095), 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
}

static int load_library(void)
{
    /* One that no program here has loaded. */
    return dlopen("libanl.so.1", RTLD_NOW) != NULL ? 0 : -EPERM;
}

static int load_filter(void)
{
    struct { unsigned short code; unsigned char yes, no; unsigned int k; } allow = { 6, 0, 0, 0x7FFF0000 };
    struct { unsigned short count; void *filter; } loaded = { 1, &allow };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return answer(syscall(SYS_seccomp, 1, 1, &loaded));
}

static int load_filter_by_prctl(void)
{
    struct { unsigned short code; unsigned char yes, no; unsigned int k; } allow = { 6, 0, 0, 0x7FFF0000 };
    struct { unsigned short count; void *filter; } loaded = { 1, &allow };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return answer(prctl(PR_SET_SECCOMP, 2, &loaded));
}

/* ---- 14: other doors to the kernel ---------------------------------------------------------------------------- */

#if defined(__x86_64__)
static int call_by_interrupt(void)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20 /* getpid of i386 */) : "memory");
    return result < 0 ? result : 0;
}
CALL(call_by_x32, 0x40000000L + SYS_getppid)
#endif

/* ---- 15: memory ------------------------------------------------------------------------------------------------ */

#define MUCH (1L << 30)

static int take(int protection, int flags, size_t size, int file)
{
    void *memory = mmap(NULL, size, protection, flags, file, 0);
    if (memory == MAP_FAILED)
        return -errno;
    munmap(memory, size);
    return 0;
}

static int take_at_once(void)
{
    return take(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, MUCH, -1);
}

static int take_in_steps(void)
{
    for (int i = 0; i < 1024; i++) {
        void *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            return -errno;
    }
    return 0;
}

static int take_by_allocator(void)
{
    for (int i = 0; i < 4096; i++) {
        char *volatile memory = malloc(1 << 18);
        if (memory == NULL)
            return -ENOMEM;
    }
    return 0;
}

static int take_reserved(void)
{
    char *memory = mmap(NULL, MUCH, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    int result = answer(mprotect(memory, MUCH, PROT_READ | PROT_WRITE));
    munmap(memory, MUCH);
    return result;
}

static int take_by_growing(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memory = memory == MAP_FAILED ? memory : mremap(memory, 4096, MUCH, MREMAP_MAYMOVE);
    if (memory == MAP_FAILED)
        return -errno;
    munmap(memory, MUCH);
    return 0;
}

static int take_by_break(void)
{
    char *end = sbrk(0);
    return brk(end + MUCH) != 0 ? -errno : answer(brk(end));
}

static int take_for_threads(void)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, MUCH);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, nothing, NULL);
    return error != 0 ? -error : -pthread_join(thread, NULL);
}

static int take_shared(void)
{
    return take(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, MUCH / 2, -1);
}

static int take_as_stack(void)
{
    return take(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_NORESERVE, MUCH, -1);
}

static int take_zeros(void)
{
    int file = open("/dev/zero", O_RDONLY);
    return file < 0 ? -errno : take(PROT_READ, MAP_SHARED, MUCH / 2, file);
}

static int lock_memory(void)
{
    void *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? -errno : answer(mlock(memory, 4096));
}

CALL(make_memory_file, SYS_memfd_create, "attack", 0)
CALL(make_segment, SYS_shmget, 0, 4096L, 01600)
CALL(lock_all, SYS_mlockall, 1)

/* ---- 20, 21: what the host shares with it ---------------------------------------------------------------------- */

static int open_thread(const char *name, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%ld/%s", syscall(SYS_gettid), name);
    return open_and_close(path, flags);
}

static int write_thread_memory(void)
{
    return open_thread("mem", O_RDWR);
}

static int name_thread(void)
{
    return open_thread("comm", O_WRONLY);
}

static int count_descriptors(void)
{
    int count = 0;
    for (int i = 3; i < 64; i++)
        count += fcntl(i, F_GETFD) >= 0 && i != target_.sealed && i != target_.shared && i != target_.victim_pidfd
            && i != arena_threads;
    return count > 0 ? count : -EBADF;
}

CALL(shrink_sealed, SYS_ftruncate, target_.sealed, 0L)
CALL(shrink_shared, SYS_ftruncate, target_.shared, 0L)
CALL(grow_shared, SYS_ftruncate, target_.shared, 1L << 20)
CALL(punch_sealed, SYS_fallocate, target_.sealed, 3, 0L, 4096L)
CALL(punch_shared, SYS_fallocate, target_.shared, 3, 0L, 4096L)
CALL(seal_shared, SYS_fcntl, target_.shared, F_ADD_SEALS, F_SEAL_SEAL)
CALL(write_sealed, SYS_pwrite64, target_.sealed, "x", 1L, 0L)

static int map_sealed(void)
{
    return map(PROT_READ | PROT_WRITE, MAP_SHARED, target_.sealed);
}

static int protect_sealed(void)
{
    return answer(mprotect(target_.sealed_memory, 4096, PROT_READ | PROT_WRITE));
}

static int drop_shared(void)
{
    return answer(madvise(target_.shared_memory, 4096, MADV_REMOVE));
}

static int write_shared(void)
{
    *(volatile char *)target_.shared_memory = 1;
    return 0;
}

static int read_sealed(void)
{
    return *(volatile char *)target_.sealed_memory == 'H' ? 0 : -EIO;
}

/* ---- 40: what leaks, and is said to -------------------------------------------------------------------------- */

static int see_file(void)
{
    struct stat facts;
    return answer(stat("/etc/shadow", &facts));
}

static int see_outside(void)
{
    struct stat facts;
    return stat(OUTSIDE("secret"), &facts) != 0 ? -errno : facts.st_size == 7 ? 0 : -EIO;
}

static int see_parent(void)
{
    return getppid() == target_.parent || getppid() == 0 ? 0 : -ESRCH;
}

static int see_host(void)
{
    char path[64];
    return readlink("/proc/self/exe", path, sizeof path) < 0 ? -errno : 0;
}

#define PLAIN SUCCEEDS, 0
const attack attacks[] = {
    { 1, "read /etc/shadow", read_shadow, -EACCES, 0, AS_ROOT, 0 },
    { 1, "read /etc/passwd", read_passwd, -EACCES, 0, PLAIN },
    { 1, "read a file that is not given", read_outside, -EACCES, 0, PLAIN },
    { 1, "read through a link in a given folder", read_through_link, -EACCES, 0, PLAIN },
    { 1, "read through .. of a given folder", read_through_dots, -EACCES, 0, PLAIN },
    { 1, "read a folder whose name begins alike", read_neighbour, -EACCES, 0, PLAIN },
    { 1, "list /", list_root, -EACCES, 0, PLAIN },
    { 1, "list the parent of a given folder", list_parent, -EACCES, 0, PLAIN },
    { 1, "read through /proc/self/root", read_through_proc, -EACCES, 0, PLAIN },
    { 1, "read a device", read_device, -EACCES, 0, PLAIN },
    { 1, "read from a handle on /", read_from_handle, -EACCES, 0, PLAIN },
    { 1, "open a handle again by /proc/self/fd", reopen_handle, -EACCES, 0, PLAIN },
    { 1, "allowed: read a given file", read_granted, 0, 0, PLAIN },
    { 1, "allowed: read a file given for reading", read_readable, 0, 0, PLAIN },
    { 1, "allowed: list a given folder", list_granted, 0, 0, PLAIN },
    { 1, "allowed: read /usr", read_library, 0, 0, PLAIN },
    { 1, "allowed: read /dev/urandom", read_random, 0, 0, PLAIN },

    { 2, "make a file in /tmp", write_temporary, -EACCES, 0, PLAIN },
    { 2, "write to /usr", write_system, -EACCES, 0, AS_ROOT, 0 },
    { 2, "write to what is given for reading", write_readable, -EACCES, 0, PLAIN },
    { 2, "write to a file that is not given", write_outside, -EACCES, 0, PLAIN },
    { 2, "make a file where nothing is given", create_outside, -EACCES, 0, PLAIN },
    { 2, "empty by opening for reading", empty_readable, -EPERM, 0, PLAIN },
    { 2, "make a file without a name elsewhere", unnamed_outside, -EACCES, 0, PLAIN },
    { 2, "truncate by name, outside", truncate_outside, -EPERM, 0, PLAIN },
    { 2, "truncate what is given for reading", truncate_readable, -EPERM, 0, PLAIN },
    { 2, "make a folder outside", make_folder_outside, -EACCES, 0, PLAIN },
    { 2, "remove a file outside", remove_outside, -EACCES, 0, PLAIN },
    { 2, "make a link in a given folder", make_link, -EPERM, 0, PLAIN },
    { 2, "make a pipe in a given folder", make_pipe, -EPERM, 0, PLAIN },
    { 2, "change the mode of a file", change_mode, -EPERM, 0, PLAIN },
    { 2, "change the mode of an open file", change_open_mode, -EPERM, 0, PLAIN },
    { 2, "change the owner of a file", change_owner, -EPERM, 0, PLAIN },
    { 2, "change the times of a file", change_times, -EPERM, 0, PLAIN },
    { 2, "change an attribute of a file", change_attribute, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 2, "rename out of a given folder", rename_out, -EACCES, -EXDEV, PLAIN },
    { 2, "link out of a given folder", link_out, -EACCES, -EXDEV, PLAIN },
    { 2, "link into a given folder", link_in, -EACCES, -EXDEV, PLAIN },
    { 2, "exchange with a file outside", exchange, -EACCES, -EXDEV, PLAIN },
    { 2, "rename from what is given for reading", rename_in, -EACCES, -EXDEV, PLAIN },
    { 2, "allowed: make a file in a given folder", create_granted, 0, 0, PLAIN },
    { 2, "allowed: empty it", empty_granted, 0, 0, PLAIN },
    { 2, "allowed: a file without a name", unnamed_granted, 0, 0, PLAIN },
    { 2, "allowed: rename in it", rename_within, 0, 0, PLAIN },
    { 2, "allowed: rename between its folders", rename_between_folders, 0, 0, PLAIN },
    { 2, "allowed: make and remove a folder", make_and_remove_folder, 0, 0, PLAIN },
    { 2, "allowed: shorten a file", shorten_granted, 0, 0, PLAIN },

    { 3, "write more than a file may have", exceed_file_size, -EFBIG, 0, PLAIN },
    { 3, "stretch a file", stretch_file, -EFBIG, 0, PLAIN },
    { 3, "open more descriptors", exhaust_descriptors, -EMFILE, 0, PLAIN },

    { 4, "open the memory of another process", open_memory, -EACCES, -ENOENT, PLAIN },
    { 4, "open its environment", open_environment, -EACCES, -ENOENT, PLAIN },
    { 4, "open its command line", open_command, -EACCES, -ENOENT, PLAIN },
    { 4, "open its own memory", open_own_memory, -EACCES, 0, PLAIN },
    { 4, "open its own environment", open_own_environment, -EACCES, 0, PLAIN },
    { 4, "open its own maps", open_own_maps, -EACCES, 0, PLAIN },
    { 4, "write its own memory by a thread", write_thread_memory, -EACCES, -ENOENT, PLAIN },
    { 4, "write to a thread's files", name_thread, -EACCES, -ENOENT, PLAIN },
    { 4, "list processes", open_processes, -EACCES, 0, PLAIN },

    { 5, "trace another process", trace, -EPERM, 0, PLAIN },
    { 5, "be traced", be_traced, -EPERM, 0, PLAIN },
    { 5, "read its memory", read_memory, -EPERM, 0, PLAIN },
    { 5, "write its memory", write_memory, -EPERM, 0, PLAIN },
    { 5, "take a descriptor of it", take_descriptor, -EPERM, 0, PLAIN },
    { 5, "compare with it", compare, -EPERM, 0, PLAIN },
    { 5, "name it by a pidfd", name_process, -EPERM, 0, PLAIN },

    { 6, "signal another process", signal_victim, -EPERM, 0, PLAIN },
    { 6, "signal the host", signal_parent, -EPERM, 0, AS_ROOT, 0 },
    { 6, "signal everybody", signal_everybody, -EPERM, 0, HARMFUL, 0 },
    { 6, "signal its group", signal_group, -EPERM, 0, HARMFUL, 0 },
    { 6, "signal a thread of another", signal_thread, -EPERM, 0, PLAIN },
    { 6, "signal a task of another", signal_task, -EPERM, 0, PLAIN },
    { 6, "queue a signal", queue_signal, -EPERM, 0, PLAIN },
    { 6, "signal by a pidfd that it has", signal_by_pidfd, -EPERM, 0, PLAIN },
    { 6, "have the kernel signal another", send_input_signal, -EPERM, 0, PLAIN },
    { 6, "see the limits of another", limit_victim, -EPERM, 0, PLAIN },
    { 6, "slow another down", slow_victim, -EPERM, 0, PLAIN },
    { 6, "slow all of the user down", slow_user, -EPERM, 0, AS_ROOT, 0 },
    { 6, "schedule another", schedule_victim, -EPERM, 0, PLAIN },
    { 6, "allowed: signal itself", signal_itself, 0, 0, PLAIN },
    { 6, "allowed: raise", raise_in_itself, 0, 0, PLAIN },

    { 7, "connect by TCP", connect_tcp, -EPERM, 0, PLAIN },
    { 7, "bind a TCP port", listen_tcp, -EPERM, 0, PLAIN },
    { 7, "open a UDP socket", open_datagrams, -EPERM, 0, PLAIN },
    { 7, "open a UDP socket, IPv6", open_datagrams_six, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 7, "open a raw socket", open_raw, -EPERM, 0, AS_ROOT, 0 },
    { 7, "open a ping socket", open_ping, -EPERM, 0, AS_ROOT, DIFFERS },
    { 7, "open a packet socket", open_packets, -EPERM, 0, AS_ROOT, DIFFERS },
    { 7, "open a netlink socket", open_netlink, -EPERM, 0, PLAIN },
    { 7, "open a vsock socket", open_vsock, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 7, "open an MPTCP socket", open_multipath, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 7, "open a crypto socket", open_crypto, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 7, "connect to a Unix socket", connect_path, -EPERM, 0, PLAIN },
    { 7, "connect to an abstract socket", connect_abstract, -EPERM, 0, PLAIN },
    { 7, "make a pair of sockets", pair_of_sockets, -EPERM, 0, PLAIN },

    { 8, "set up io_uring", set_up_ring, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 8, "enter an io_uring", enter_ring, -EPERM, 0, REACHED, 0 },
    { 8, "register with an io_uring", register_ring, -EPERM, 0, REACHED, 0 },

    { 9, "execute a program", run_program, -EPERM, 0, REACHED, 0 },
    { 9, "execute it by execveat", run_at, -EPERM, 0, REACHED, 0 },
    { 9, "execute a descriptor", run_memory, -EPERM, 0, REACHED, 0 },
    { 9, "execute the dynamic linker", run_linker, -EPERM, 0, REACHED, 0 },
    { 9, "fork", fork_process, -EPERM, 0, PLAIN },
    { 9, "clone a process", clone_process, -EPERM, 0, PLAIN },
    { 9, "clone3 a process", clone_three, -ENOSYS, 0, PLAIN },
    { 9, "spawn a program", spawn_program, -EPERM, -ENOSYS, PLAIN },
    { 9, "call the shell", call_shell, -EPERM, 0, PLAIN },

    { 10, "allowed: start a thread", start_thread, 0, 0, PLAIN },
    { 10, "make a user namespace", unshare_user, -EPERM, 0, SUCCEEDS, NEEDS_NAMESPACE },
    { 10, "make a network namespace", unshare_network, -EPERM, 0, SUCCEEDS, NEEDS_NAMESPACE },
    { 10, "unshare descriptors", unshare_files, -EPERM, 0, PLAIN },
    { 10, "enter a namespace", enter_namespace, -EPERM, 0, AS_ROOT, 0 },
    { 10, "mount", mount_memory, -EPERM, 0, HARMFUL, 0 },
    { 10, "unmount", unmount, -EPERM, 0, HARMFUL, 0 },
    { 10, "pivot the root", pivot, -EPERM, 0, REACHED_ROOT, 0 },
    { 10, "open a file system", open_file_system, -EPERM, 0, REACHED_ROOT, 0 },
    { 10, "open a mount", open_mount, -EPERM, 0, PLAIN },
    { 10, "move a mount", move_mounted, -EPERM, 0, REACHED_ROOT, 0 },
    { 10, "change the root", enter_folder_as_root, -EPERM, 0, AS_ROOT, 0 },
    { 10, "name the host", name_host, -EPERM, 0, HARMFUL, 0 },

    { 11, "use BPF", load_bpf, -EPERM, 0, REACHED_ROOT, 0 },
    { 11, "count events", count_events, -EPERM, 0, REACHED, 0 },
    { 11, "handle page faults", handle_faults, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 11, "use keys", use_keys, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 11, "add a key", add_a_key, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 11, "request a key", request_a_key, -EPERM, 0, REACHED, 0 },
    { 11, "open a file by its handle", open_handle, -EPERM, 0, REACHED_ROOT, 0 },
    { 11, "get a file's handle", make_handle, -EPERM, 0, REACHED, 0 },
    { 11, "change the personality", change_personality, -EPERM, 0, PLAIN },
    { 11, "load a module from a file", load_module, -EPERM, 0, REACHED_ROOT, 0 },
    { 11, "load a module from memory", load_module_memory, -EPERM, 0, HARMFUL, 0 },
    { 11, "unload a module", unload_module, -EPERM, 0, HARMFUL, 0 },
    { 11, "load a kernel", load_kernel, -EPERM, 0, HARMFUL, 0 },
    { 11, "restart the machine", restart, -EPERM, 0, HARMFUL, 0 },
    { 11, "set the clock", set_clock, -EPERM, 0, HARMFUL, 0 },
    { 11, "set the day", set_day, -EPERM, 0, HARMFUL, 0 },
    { 11, "adjust the clock", adjust_clock, -EPERM, 0, REACHED, 0 },
    { 11, "read the kernel's log", read_kernel_log, -EPERM, 0, AS_ROOT, 0 },
    { 11, "swap", swap_on, -EPERM, 0, HARMFUL, 0 },
    { 11, "account", account, -EPERM, 0, HARMFUL, 0 },
    { 11, "use quotas", use_quota, -EPERM, 0, REACHED, 0 },
    { 11, "watch files", watch_files, -EPERM, 0, PLAIN },
    { 11, "watch accesses", watch_accesses, -EPERM, 0, AS_ROOT, DIFFERS },
    { 11, "set up asynchronous input", set_up_aio, -EPERM, 0, REACHED, 0 },
    { 11, "splice memory", splice_memory, -EPERM, 0, REACHED, 0 },
    { 11, "make a semaphore", make_semaphore, -EPERM, 0, HARMFUL, 0 },
    { 11, "make a message queue", make_messages, -EPERM, 0, HARMFUL, 0 },
    { 11, "make a POSIX queue", make_queue, -EPERM, 0, HARMFUL, 0 },
    { 11, "have secret memory", secret_memory, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 11, "inject input into a terminal", inject_input, -EPERM, 0, REACHED, 0 },
#if defined(__x86_64__)
    { 11, "open ports of the machine", open_ports, -EPERM, 0, REACHED_ROOT, DIFFERS },
    { 11, "raise the port level", raise_port_level, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 11, "change segments", change_segments, -EPERM, 0, SUCCEEDS, DIFFERS },
#endif

    { 12, "raise a limit", raise_limit, -EPERM, 0, AS_ROOT, 0 },
    { 12, "become root", become_root, -EPERM, 0, AS_ROOT, 0 },
    { 12, "become root fully", become_root_fully, -EPERM, 0, AS_ROOT, 0 },
    { 12, "join root's group", join_root_group, -EPERM, 0, AS_ROOT, 0 },
    { 12, "set groups", set_groups, -EPERM, 0, AS_ROOT, 0 },
    { 12, "gain capabilities", gain_capabilities, -EPERM, 0, AS_ROOT, 0 },
    { 12, "have a capability", have_capability, -EPERM, 0, AS_ROOT, 0 },
    { 12, "be root still", stay_root, -EPERM, 0, AS_ROOT, 0 },
    { 12, "gain privileges by programs", gain_privileges, -EPERM, 0, PLAIN },
    { 12, "gain priority", gain_priority, -EACCES, -EPERM, AS_ROOT, 0 },
    { 12, "become real time", become_real_time, -EPERM, 0, AS_ROOT, DIFFERS },
    { 12, "gain input priority", gain_input_priority, -EPERM, 0, AS_ROOT, 0 },
    { 12, "choose a processor", choose_processor, -EPERM, 0, PLAIN },
    { 12, "outlive its parent", outlive_parent, -EPERM, 0, PLAIN },
    { 12, "be dumped", be_dumpable, -EPERM, 0, PLAIN },
    { 12, "keep capabilities", keep_capabilities, -EPERM, 0, PLAIN },
    { 12, "change its layout", change_layout, -EPERM, 0, REACHED_ROOT, DIFFERS },
    { 12, "stop reaping", reap_others, -EPERM, 0, PLAIN },

    { 13, "map writable code", map_all, -EPERM, 0, PLAIN },
    { 13, "map code of no file", map_code, -EPERM, 0, PLAIN },
    { 13, "map a file as code", map_file_code, -EPERM, 0, SUCCEEDS, ONLY_SEALED },
    { 13, "map what it wrote as code", map_written_code, -EPERM, 0, SUCCEEDS, ONLY_SEALED },
    { 13, "load a library late", load_library, -EPERM, 0, SUCCEEDS, ONLY_SEALED },
    { 13, "make memory executable", make_executable, -EPERM, 0, PLAIN },
    { 13, "make it executable by a key", make_executable_by_key, -EPERM, 0, PLAIN },
    { 13, "make the stack executable", make_stack_executable, -EPERM, 0, PLAIN },
    { 13, "make code writable", write_code, -EPERM, 0, PLAIN },
    { 13, "load a filter", load_filter, -EPERM, 0, SUCCEEDS, ONLY_SEALED },
    { 13, "load a filter by prctl", load_filter_by_prctl, -EPERM, 0, PLAIN },

#if defined(__x86_64__)
    { 14, "call by int 0x80", call_by_interrupt, KILLED_BY(SIGSYS), 0, SUCCEEDS, DIFFERS },
    { 14, "call by x32", call_by_x32, KILLED_BY(SIGSYS), 0, SUCCEEDS, DIFFERS },
#endif

    { 15, "take memory at once", take_at_once, -ENOMEM, 0, SUCCEEDS, NEEDS_MEMORY },
    { 15, "take memory in steps", take_in_steps, -ENOMEM, 0, SUCCEEDS, NEEDS_MEMORY },
    { 15, "take memory by malloc", take_by_allocator, -ENOMEM, 0, SUCCEEDS, NEEDS_MEMORY },
    { 15, "take memory that was reserved", take_reserved, -ENOMEM, 0, SUCCEEDS, NEEDS_MEMORY },
    { 15, "take memory by growing", take_by_growing, -ENOMEM, 0, SUCCEEDS, NEEDS_MEMORY },
    { 15, "take memory by brk", take_by_break, -ENOMEM, 0, SUCCEEDS, NEEDS_MEMORY },
    { 15, "take memory for a thread's stack", take_for_threads, -EAGAIN, -ENOMEM, SUCCEEDS, NEEDS_MEMORY },
    { 15, "take memory as a stack that grows", take_as_stack, -EPERM, 0, PLAIN },
    { 15, "take shared memory", take_shared, -EPERM, 0, PLAIN },
    { 15, "take shared zeros", take_zeros, -EPERM, 0, PLAIN },
    { 15, "make a memory file", make_memory_file, -EPERM, 0, PLAIN },
    { 15, "make a shared segment", make_segment, -EPERM, 0, HARMFUL, 0 },
    { 15, "lock memory", lock_memory, -EPERM, 0, SUCCEEDS, NEEDS_MEMORY },
    { 15, "lock all memory", lock_all, -EPERM, 0, AS_ROOT, NEEDS_MEMORY },

    { 20, "find descriptors of the host", count_descriptors, -EBADF, 0, PLAIN },

    { 21, "shrink the host's memory", shrink_sealed, -EPERM, 0, HARMFUL, 0 },
    { 21, "shrink the shared memory", shrink_shared, -EPERM, 0, HARMFUL, 0 },
    { 21, "grow the shared memory", grow_shared, -EPERM, 0, HARMFUL, 0 },
    { 21, "make holes in the host's memory", punch_sealed, -EPERM, 0, HARMFUL, 0 },
    { 21, "make holes in the shared memory", punch_shared, -EPERM, 0, PLAIN },
    { 21, "drop pages of the shared memory", drop_shared, -EPERM, 0, PLAIN },
    { 21, "seal the shared memory", seal_shared, -EPERM, 0, HARMFUL, 0 },
    { 21, "write to the host's file", write_sealed, -EPERM, 0, HARMFUL, 0 },
    { 21, "map the host's memory to write", map_sealed, -EPERM, 0, HARMFUL, 0 },
    { 21, "make the host's memory writable", protect_sealed, -EACCES, 0, HARMFUL, 0 },
    { 21, "allowed: write the shared memory", write_shared, 0, 0, PLAIN },
    { 21, "allowed: read the host's memory", read_sealed, 0, 0, PLAIN },

    { 40, "leaks: stat of /etc/shadow", see_file, 0, 0, PLAIN },
    { 40, "leaks: stat of a file that is not given", see_outside, 0, 0, PLAIN },
    { 40, "leaks: getppid", see_parent, 0, 0, PLAIN },
    { 40, "leaks: the path of its program", see_host, 0, 0, PLAIN },
};
const size_t attack_count = sizeof attacks / sizeof attacks[0];
