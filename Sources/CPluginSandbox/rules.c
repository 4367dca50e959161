/* Which system calls a worker may make.
 *
 * Landlock guards what is opened, made, renamed and removed. It does not guard the modes, owners, times and attributes of
 * files, so calls that change those are not here; nor are those that reach other processes, or memory that RLIMIT_DATA
 * does not count. */
#include "sandbox.h"

#define WORD UINT64_C(0xFFFFFFFF)

#define IF(argument, mask, value) { 1, (argument), (mask), (value) }
#define IS(argument, value) IF((argument), WORD, (value))
#define ALWAYS(name) { (name), ALLOW, 0, 0, { { 0, 0, 0, 0 } } }
#define MAY(may, name) { (name), ALLOW, (may), 0, { { 0, 0, 0, 0 } } }
#define MAY_IF(may, name, ...) { (name), ALLOW, (may), 0, { __VA_ARGS__ } }
/* libseccomp 2.5.4 loses memory where a rule includes an earlier one. */
#define UNLESS_IF(may, name, ...) { (name), ALLOW, 0, (may), { __VA_ARGS__ } }
#define ALWAYS_IF(name, ...) MAY_IF(0, name, __VA_ARGS__)
/* What names a file: see accesses.c. */
#define TOLD(name) { (name), TELL, 0, 0, { { 0, 0, 0, 0 } } }
#define TOLD_IF(name, ...) { (name), TELL, 0, 0, { __VA_ARGS__ } }

#define PROGRAMS KWS_MAY_START_PROGRAMS
#define SOCKETS KWS_MAY_USE_SOCKETS
#define TCP KWS_MAY_OPEN_TCP

/* The kernel's numbers, written down: a header of this machine may not have them, and they are the same on x86-64 and
 * AArch64. */
enum {
    WRITABLE = 2, EXECUTABLE = 4,
    SHARED = 1, PRIVATE = 2, MAP_KIND = 0xF, ANONYMOUS = 0x20,
    GROWS_DOWN = 0x100, /* counts as a stack, not as data */
    WRITE_ONLY = 1, READ_WRITE = 2, ACCESS = 3, TRUNCATES = 0x200,
    NEW_THREAD = 0x10000,
    FAST_OPEN = 0x20000000, /* connects, without connect(2) and without Landlock being asked */
    URGENT = 1, /* MSG_OOB: hardly anybody sends it, and what Unix sockets do with it was often wrong */
    LOCAL = 1, IPV4 = 2, IPV6 = 10, STREAM = 1, PACKETS = 5, SOCKET_KIND = 0xF, STREAM_FLAGS = 0x80800,
    SOCKET_LEVEL = 1, IP_LEVEL = 0, TCP_LEVEL = 6, IPV6_LEVEL = 41,
    KILL = 9,
};

/* New namespaces, a tracer, a parent that is somebody else. */
#define FOREIGN UINT64_C(0x7E82A000)
/* The same, and a thread that its creator waits for. */
#define NO_THREAD (FOREIGN | UINT64_C(0x4000))

#define OPTION(level, option) MAY_IF(SOCKETS, "setsockopt", IS(1, level), IS(2, option))
#define ADVICE(advice) ALWAYS_IF("madvise", IS(2, advice))
#define CONTROL(option) ALWAYS_IF("prctl", IS(0, option))
#define REQUEST(request) ALWAYS_IF("ioctl", IS(1, request))
#define PAIR(may, unless, kind) { "socketpair", ALLOW, (may), (unless), { IS(0, LOCAL), IF(1, SOCKET_KIND, kind) } }
#define SENDS(argument) IF((argument), FAST_OPEN | URGENT, 0)
#define COMMAND(command) ALWAYS_IF("fcntl", IS(1, command))

const rule kws_first_stage[] = {
    /* Descriptors. */
    ALWAYS("read"), ALWAYS("write"), ALWAYS("readv"), ALWAYS("writev"), ALWAYS("pread64"), ALWAYS("pwrite64"),
    ALWAYS("preadv"), ALWAYS("pwritev"), ALWAYS("preadv2"), ALWAYS("pwritev2"), ALWAYS("lseek"), ALWAYS("close"),
    ALWAYS("close_range"), ALWAYS("dup"), ALWAYS("dup2"), ALWAYS("dup3"), ALWAYS("pipe"), ALWAYS("pipe2"),
    ALWAYS("eventfd2"), ALWAYS("timerfd_create"), ALWAYS("timerfd_settime"), ALWAYS("timerfd_gettime"),
    ALWAYS("signalfd4"), ALWAYS("epoll_create1"), ALWAYS("epoll_ctl"), ALWAYS("epoll_wait"), ALWAYS("epoll_pwait"),
    ALWAYS("epoll_pwait2"), ALWAYS("poll"), ALWAYS("ppoll"), ALWAYS("select"), ALWAYS("pselect6"), ALWAYS("flock"),
    ALWAYS("fsync"), ALWAYS("fdatasync"), ALWAYS("sendfile"), ALWAYS("copy_file_range"), ALWAYS("fadvise64"),
    ALWAYS("readahead"), ALWAYS("ftruncate"),
    ALWAYS_IF("fallocate", IF(1, WORD & ~UINT64_C(1), 0)), /* no holes */
    /* Copies, flags and locks; not whom a signal is sent to, leases, seals and sizes of pipes. */
    ALWAYS_IF("fcntl", IF(1, WORD & ~UINT64_C(7), 0)), COMMAND(36), COMMAND(37), COMMAND(38), COMMAND(1030),
    COMMAND(1032), COMMAND(1034),
    REQUEST(0x541B), REQUEST(0x5421), REQUEST(0x5450), REQUEST(0x5451), REQUEST(0x5401), REQUEST(0x5413),
    MAY_IF(KWS_MAY_USE_DEVICES, "ioctl", IF(1, UINT64_C(0xFF00), 0x5500)), /* usbdevfs */

    /* Files. */
    TOLD_IF("open", IF(1, TRUNCATES, 0)), TOLD_IF("openat", IF(2, TRUNCATES, 0)),
    /* Landlock knows truncation since ABI 3: before it, opening for reading would have been enough. */
    TOLD_IF("open", IF(1, TRUNCATES | ACCESS, TRUNCATES | WRITE_ONLY)),
    TOLD_IF("open", IF(1, TRUNCATES | ACCESS, TRUNCATES | READ_WRITE)),
    TOLD_IF("openat", IF(2, TRUNCATES | ACCESS, TRUNCATES | WRITE_ONLY)),
    TOLD_IF("openat", IF(2, TRUNCATES | ACCESS, TRUNCATES | READ_WRITE)),
    TOLD("creat"),
    { "openat2", UNKNOWN, 0, 0, { { 0, 0, 0, 0 } } }, /* its flags are behind a pointer */
    ALWAYS("stat"), ALWAYS("lstat"), ALWAYS("fstat"), ALWAYS("newfstatat"), ALWAYS("statx"), ALWAYS("statfs"),
    ALWAYS("fstatfs"), ALWAYS("access"), ALWAYS("faccessat"), ALWAYS("faccessat2"), ALWAYS("readlink"),
    ALWAYS("readlinkat"), ALWAYS("getdents64"), ALWAYS("getcwd"), ALWAYS("chdir"), ALWAYS("fchdir"), ALWAYS("umask"),
    TOLD("mkdir"), TOLD("mkdirat"), TOLD("rmdir"), TOLD("unlink"), TOLD("unlinkat"), TOLD("rename"),
    TOLD("renameat"), TOLD("renameat2"), TOLD("link"), TOLD("linkat"),

    /* Memory. */
    ALWAYS("brk"), ALWAYS("munmap"), ALWAYS("mremap"), ALWAYS("msync"), ALWAYS("membarrier"),
    UNLESS_IF(KWS_MAY_GENERATE_CODE, "mmap", IF(2, EXECUTABLE, 0), IF(3, MAP_KIND | GROWS_DOWN, PRIVATE)),
    UNLESS_IF(KWS_MAY_GENERATE_CODE, "mmap", IF(2, WRITABLE | EXECUTABLE, EXECUTABLE),
              IF(3, MAP_KIND | GROWS_DOWN | ANONYMOUS, PRIVATE)),
    MAY_IF(KWS_MAY_SHARE_FILES, "mmap", IF(2, EXECUTABLE, 0), IF(3, MAP_KIND | GROWS_DOWN | ANONYMOUS, SHARED)),
    MAY_IF(KWS_MAY_GENERATE_CODE, "mmap", IF(3, MAP_KIND | GROWS_DOWN, PRIVATE)),
    UNLESS_IF(KWS_MAY_GENERATE_CODE, "mprotect", IF(2, EXECUTABLE, 0)),
    MAY(KWS_MAY_GENERATE_CODE, "mprotect"),
    /* Not 9, which makes holes in shared memory, and not those of an administrator. */
    ALWAYS_IF("madvise", IF(2, WORD & ~UINT64_C(7), 0)), ADVICE(8), ADVICE(10), ADVICE(11), ADVICE(14), ADVICE(15),
    ADVICE(16), ADVICE(17), ADVICE(18), ADVICE(19), ADVICE(20), ADVICE(21), ADVICE(22), ADVICE(23),

    /* Threads. */
    ALWAYS_IF("clone", IF(0, NO_THREAD | NEW_THREAD, NEW_THREAD)),
    { "clone3", UNKNOWN, 0, 0, { { 0, 0, 0, 0 } } }, /* its flags are behind a pointer; glibc falls back to clone */
    ALWAYS("futex"), ALWAYS("futex_waitv"), ALWAYS("set_robust_list"), ALWAYS("rseq"), ALWAYS("set_tid_address"),
    ALWAYS("gettid"), ALWAYS("exit"), ALWAYS("exit_group"), ALWAYS("sched_yield"), ALWAYS("sched_getaffinity"),
    ALWAYS("sched_getscheduler"), ALWAYS("sched_getparam"), ALWAYS("sched_get_priority_max"),
    ALWAYS("sched_get_priority_min"), ALWAYS("getcpu"), ALWAYS("arch_prctl"),
    ALWAYS_IF("setpriority", IS(0, 0), IS(1, 0)), /* of the thread itself: libdispatch does it */
    ALWAYS_IF("getpriority", IS(0, 0), IS(1, 0)),
    /* Names of threads and of memory; W^X; what there is of privileges; its parent. */
    CONTROL(15), CONTROL(16), CONTROL(0x53564d41), CONTROL(65), CONTROL(66), CONTROL(38), CONTROL(39), CONTROL(3),
    CONTROL(21), CONTROL(23), CONTROL(2),

    /* Time. */
    ALWAYS("clock_gettime"), ALWAYS("clock_getres"), ALWAYS("clock_nanosleep"), ALWAYS("nanosleep"),
    ALWAYS("gettimeofday"), ALWAYS("time"), ALWAYS("times"), ALWAYS("alarm"), ALWAYS("getitimer"), ALWAYS("setitimer"),
    ALWAYS("timer_create"), ALWAYS("timer_settime"), ALWAYS("timer_gettime"), ALWAYS("timer_getoverrun"),
    ALWAYS("timer_delete"),

    /* Signals, to itself. */
    ALWAYS("rt_sigaction"), ALWAYS("rt_sigprocmask"), ALWAYS("rt_sigreturn"), ALWAYS("rt_sigpending"),
    ALWAYS("rt_sigtimedwait"), ALWAYS("rt_sigsuspend"), ALWAYS("sigaltstack"), ALWAYS("pause"),
    ALWAYS("restart_syscall"),
    ALWAYS_IF("tgkill", IS(0, OWN_PROCESS)), ALWAYS_IF("kill", IS(0, OWN_PROCESS)),

    /* What it is and where it runs. */
    ALWAYS("getpid"), ALWAYS("getppid"), ALWAYS("getpgrp"), ALWAYS("getuid"), ALWAYS("geteuid"), ALWAYS("getgid"),
    ALWAYS("getegid"), ALWAYS("getresuid"), ALWAYS("getresgid"), ALWAYS("getgroups"), ALWAYS("uname"),
    ALWAYS("sysinfo"), ALWAYS("getrusage"), ALWAYS("getrandom"), ALWAYS("getrlimit"), ALWAYS("setrlimit"),
    ALWAYS_IF("prlimit64", IS(0, 0)), ALWAYS_IF("prlimit64", IS(0, OWN_PROCESS)),
    ALWAYS_IF("getpgid", IS(0, 0)), ALWAYS_IF("getsid", IS(0, 0)),
    /* kws_seal loads the second stage: SECCOMP_SET_MODE_FILTER for all threads. */
    ALWAYS_IF("seccomp", IS(0, 1), IS(1, 1)),
    /* What a worker logs goes through a socket that it was given. */
    ALWAYS_IF("sendmsg", SENDS(2)),

    /* Sockets. */
    MAY(SOCKETS, "accept"), MAY(SOCKETS, "accept4"), MAY(SOCKETS, "getsockname"), MAY(SOCKETS, "getpeername"),
    MAY(SOCKETS, "getsockopt"), MAY(SOCKETS, "recvfrom"), MAY(SOCKETS, "recvmsg"), MAY(SOCKETS, "recvmmsg"),
    MAY(SOCKETS, "shutdown"), MAY_IF(SOCKETS, "sendto", SENDS(3)),
    MAY_IF(SOCKETS, "sendmmsg", SENDS(3)),
    /* No filters and no protocols of higher layers: they are programs in the kernel. */
    OPTION(SOCKET_LEVEL, 2), OPTION(SOCKET_LEVEL, 7), OPTION(SOCKET_LEVEL, 8), OPTION(SOCKET_LEVEL, 9),
    OPTION(SOCKET_LEVEL, 13), OPTION(SOCKET_LEVEL, 15), OPTION(SOCKET_LEVEL, 18), OPTION(SOCKET_LEVEL, 20),
    OPTION(SOCKET_LEVEL, 21), OPTION(IP_LEVEL, 1), OPTION(IPV6_LEVEL, 26), OPTION(TCP_LEVEL, 1), OPTION(TCP_LEVEL, 3),
    OPTION(TCP_LEVEL, 4), OPTION(TCP_LEVEL, 5), OPTION(TCP_LEVEL, 6), OPTION(TCP_LEVEL, 12), OPTION(TCP_LEVEL, 18),
    OPTION(TCP_LEVEL, 25),
    /* TCP, for the host to replace by what it has connected or bound: who may be reached is the host's to decide, so there
     * is no connect, bind or listen. */
    MAY_IF(TCP, "socket", IS(0, IPV4), IF(1, WORD & ~(uint64_t)STREAM_FLAGS, STREAM), IS(2, 0)),
    MAY_IF(TCP, "socket", IS(0, IPV4), IF(1, WORD & ~(uint64_t)STREAM_FLAGS, STREAM), IS(2, 6)),
    MAY_IF(TCP, "socket", IS(0, IPV6), IF(1, WORD & ~(uint64_t)STREAM_FLAGS, STREAM), IS(2, 0)),
    MAY_IF(TCP, "socket", IS(0, IPV6), IF(1, WORD & ~(uint64_t)STREAM_FLAGS, STREAM), IS(2, 6)),
    /* Clients have threads that look for names, and wake their loops by a pair of sockets. Both ends are the plugin's: what
     * it sends from one to the other it has already. Streams and packets: one of a pair of datagram sockets sends to any
     * local socket, by its name. */
    PAIR(TCP, PROGRAMS, STREAM), PAIR(TCP, PROGRAMS, PACKETS),

    /* Other programs. What they may reach is Landlock's to say, and which processes the namespace's. */
    MAY_IF(PROGRAMS, "clone", IF(0, FOREIGN, 0)), MAY(PROGRAMS, "fork"), MAY(PROGRAMS, "vfork"),
    MAY(PROGRAMS, "execve"), MAY(PROGRAMS, "execveat"), MAY(PROGRAMS, "wait4"), MAY(PROGRAMS, "waitid"),
    MAY(PROGRAMS, "kill"), MAY(PROGRAMS, "tgkill"), MAY(PROGRAMS, "pidfd_open"), MAY(PROGRAMS, "pidfd_send_signal"),
    MAY(PROGRAMS, "setpgid"), MAY(PROGRAMS, "getpgid"), MAY(PROGRAMS, "setsid"), MAY(PROGRAMS, "getsid"),
    PAIR(PROGRAMS, 0, STREAM), PAIR(PROGRAMS, 0, PACKETS),
    MAY_IF(PROGRAMS, "mmap", IF(2, EXECUTABLE, 0), IF(3, MAP_KIND | GROWS_DOWN | ANONYMOUS, SHARED)),
    MAY_IF(PROGRAMS, "prctl", IS(0, 1), IS(1, KILL)), MAY_IF(PROGRAMS, "prctl", IS(0, 36)),
    /* A jail of its own. */
    MAY_IF(PROGRAMS, "seccomp", IS(0, 1)), MAY_IF(PROGRAMS, "prctl", IS(0, 22)),
    MAY(PROGRAMS, "landlock_create_ruleset"), MAY(PROGRAMS, "landlock_add_rule"),
    MAY(PROGRAMS, "landlock_restrict_self"), MAY(PROGRAMS, "capset"), /* which can take away only: there are none */
};
const size_t kws_first_stage_count = sizeof kws_first_stage / sizeof kws_first_stage[0];

const rule kws_second_stage[] = {
    { "mmap", REFUSE, 0, KWS_MAY_GENERATE_CODE, { IF(2, EXECUTABLE, EXECUTABLE) } },
    { "mprotect", REFUSE, 0, KWS_MAY_GENERATE_CODE, { IF(2, EXECUTABLE, EXECUTABLE) } },
    { "clone", REFUSE, 0, KWS_MAY_START_THREADS, { { 0, 0, 0, 0 } } },
    { "seccomp", REFUSE, 0, 0, { { 0, 0, 0, 0 } } },
};
const size_t kws_second_stage_count = sizeof kws_second_stage / sizeof kws_second_stage[0];
