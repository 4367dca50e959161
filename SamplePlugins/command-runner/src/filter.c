#define _GNU_SOURCE
#include "filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "command-runner knows the system calls of x86-64 and arm64 only"
#endif

/* The kernel's numbers, the same on both: a header of this machine may be older than its kernel. */
enum {
    CALL_OPEN_TREE = 428, CALL_MOVE_MOUNT = 429, CALL_FSOPEN = 430, CALL_FSCONFIG = 431, CALL_FSMOUNT = 432,
    CALL_FSPICK = 433, CALL_CLONE3 = 435, CALL_OPENAT2 = 437, CALL_PIDFD_GETFD = 438, CALL_PROCESS_MADVISE = 440,
    CALL_MOUNT_SETATTR = 442, CALL_FCHMODAT2 = 452, CALL_SETXATTRAT = 463, CALL_REMOVEXATTRAT = 466,
    CALL_FILE_SETATTR = 469,
};
enum {
    NEW_SPACES = 0x7E020000, NEW_TIME_SPACE = 0x80,
    TERMINAL_INPUT = 0x5412, TERMINAL_SELECTION = 0x541C, FILE_FLAGS = 0x40086602, FILE_ATTRIBUTES = 0x401C5820,
    FAST_OPEN = 0x20000000, /* connects without Landlock being asked */
    SOCKET_KIND = 0xF, TRUNCATES = 01000, ACCESS = 3,
    X32_BIT = 0x40000000, /* x32 calls carry it and x86-64's architecture; no other ABI has numbers so high */
};

/* ---- instructions --------------------------------------------------------------------------------------- */

static void put(filter *f, struct sock_filter one)
{
    f->list[f->count++] = one;
}

#define REFUSE(number) (SECCOMP_RET_ERRNO | ((uint32_t)(number) & SECCOMP_RET_DATA))
#define LOAD(f, member) put(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, member)))
/* All that is compared here is an int to the kernel, so the low half of the argument is all of it. */
#define LOAD_ARGUMENT(f, n) put(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
                                (uint32_t)(offsetof(struct seccomp_data, args) + sizeof(uint64_t) * (n))))
#define MASK(f, value) put(f, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, (uint32_t)(value)))
#define RETURN(f, value) put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, (value)))
/* Jumps count instructions to skip: on equality, otherwise. */
#define IF_EQUAL(f, value, yes, no) put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), (yes), (no)))
#define IF_ANY_BIT(f, value, yes, no) put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)(value), (yes), (no)))

/* The number of the call is loaded before and after each of these. */
static void refuse(filter *f, long call, int number)
{
    IF_EQUAL(f, call, 0, 1);
    RETURN(f, REFUSE(number));
}

static void refuse_if_equal(filter *f, long call, unsigned argument, uint32_t mask, uint32_t value)
{
    IF_EQUAL(f, call, 0, 5);
    LOAD_ARGUMENT(f, argument);
    MASK(f, mask);
    IF_EQUAL(f, value, 0, 1);
    RETURN(f, REFUSE(EPERM));
    LOAD(f, nr);
}

static void refuse_if_any_bit(filter *f, long call, unsigned argument, uint32_t bits)
{
    IF_EQUAL(f, call, 0, 4);
    LOAD_ARGUMENT(f, argument);
    IF_ANY_BIT(f, bits, 0, 1);
    RETURN(f, REFUSE(EPERM));
    LOAD(f, nr);
}

static void refuse_all(filter *f, const long *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        refuse(f, calls[i], EPERM);
}

#define REFUSE_ALL(f, calls) refuse_all(f, calls, sizeof(calls) / sizeof(calls)[0])

/* ---- parts ---------------------------------------------------------------------------------------------- */

static void add_profile(filter *f)
{
    static const long calls[] = {
        SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, CALL_OPEN_TREE, CALL_MOVE_MOUNT, CALL_FSOPEN,
        CALL_FSCONFIG, CALL_FSMOUNT, CALL_FSPICK, CALL_MOUNT_SETATTR, SYS_process_vm_readv, SYS_process_vm_writev,
        CALL_PROCESS_MADVISE, SYS_kcmp, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_keyctl, SYS_add_key,
        SYS_request_key, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load,
        SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_syslog, SYS_quotactl, SYS_open_by_handle_at,
        SYS_fanotify_init, SYS_settimeofday, SYS_clock_settime, SYS_sethostname, SYS_setdomainname, SYS_vhangup,
#if defined(__x86_64__)
        SYS_iopl, SYS_ioperm,
#endif
    };
    REFUSE_ALL(f, calls);
    refuse_if_any_bit(f, SYS_clone, 0, NEW_SPACES);
    refuse_if_any_bit(f, SYS_unshare, 0, NEW_SPACES | NEW_TIME_SPACE);
    /* Its flags are behind a pointer; the C libraries fall back to clone. */
    refuse(f, CALL_CLONE3, ENOSYS);
    refuse_if_equal(f, SYS_ioctl, 1, UINT32_MAX, TERMINAL_INPUT);
    refuse_if_equal(f, SYS_ioctl, 1, UINT32_MAX, TERMINAL_SELECTION);
}

/* A pair of datagram sockets would do for sending to any local socket, by its name. */
static void add_pairs(filter *f)
{
    IF_EQUAL(f, SYS_socketpair, 0, 8);
    LOAD_ARGUMENT(f, 0);
    IF_EQUAL(f, AF_UNIX, 0, 5);
    LOAD_ARGUMENT(f, 1);
    MASK(f, SOCKET_KIND);
    IF_EQUAL(f, SOCK_STREAM, 1, 0);
    IF_EQUAL(f, SOCK_SEQPACKET, 0, 1);
    RETURN(f, SECCOMP_RET_ALLOW);
    RETURN(f, REFUSE(EPERM));
}

/* TCP and nothing else that is a stream: Landlock does not know the ports of others. */
static void add_tcp(filter *f)
{
    IF_EQUAL(f, SYS_socket, 0, 11);
    LOAD_ARGUMENT(f, 0);
    IF_EQUAL(f, AF_INET, 1, 0);
    IF_EQUAL(f, AF_INET6, 0, 7);
    LOAD_ARGUMENT(f, 1);
    MASK(f, SOCKET_KIND);
    IF_EQUAL(f, SOCK_STREAM, 0, 4);
    LOAD_ARGUMENT(f, 2);
    IF_EQUAL(f, 0, 1, 0);
    IF_EQUAL(f, 6 /* TCP */, 0, 1);
    RETURN(f, SECCOMP_RET_ALLOW);
    RETURN(f, REFUSE(EPERM));
    refuse_if_any_bit(f, SYS_sendto, 3, FAST_OPEN);
    refuse_if_any_bit(f, SYS_sendmsg, 2, FAST_OPEN);
    refuse_if_any_bit(f, SYS_sendmmsg, 3, FAST_OPEN);
}

static void add_attributes(filter *f)
{
    static const long calls[] = {
        SYS_fchmod, SYS_fchmodat, CALL_FCHMODAT2, SYS_fchown, SYS_fchownat, SYS_utimensat, SYS_setxattr, SYS_lsetxattr,
        SYS_fsetxattr, CALL_SETXATTRAT, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, CALL_REMOVEXATTRAT,
        CALL_FILE_SETATTR,
#if defined(__x86_64__)
        SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat,
#endif
    };
    REFUSE_ALL(f, calls);
    refuse_if_equal(f, SYS_ioctl, 1, UINT32_MAX, FILE_FLAGS);
    refuse_if_equal(f, SYS_ioctl, 1, UINT32_MAX, FILE_ATTRIBUTES);
}

/* Opening for reading with O_TRUNC asks for no right to write. */
static void add_truncation(filter *f)
{
    refuse(f, SYS_truncate, EPERM);
    refuse(f, CALL_OPENAT2, ENOSYS); /* its flags are behind a pointer */
    refuse_if_equal(f, SYS_openat, 2, TRUNCATES | ACCESS, TRUNCATES);
#if defined(__x86_64__)
    refuse_if_equal(f, SYS_open, 1, TRUNCATES | ACCESS, TRUNCATES);
#endif
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

bool filter_works(void)
{
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    /* The sandbox of a worker is one, and lets nobody ask. */
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0
        || prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER;
}

void filter_make(filter *f, unsigned what)
{
    f->count = 0;
    if (what == 0)
        return;
    LOAD(f, arch);
    IF_EQUAL(f, OWN_ARCHITECTURE, 1, 0);
    RETURN(f, SECCOMP_RET_KILL_PROCESS);
    LOAD(f, nr);
#if defined(__x86_64__)
    put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
    RETURN(f, REFUSE(ENOSYS));
#endif
    /* Ways around all of the rest. */
    refuse(f, SYS_io_uring_setup, EPERM);
    refuse(f, CALL_PIDFD_GETFD, EPERM);
    if (what & FILTER_PROFILE)
        add_profile(f);
    if (what & FILTER_NO_TRACING)
        refuse(f, SYS_ptrace, EPERM);
    if (what & (FILTER_NO_NETWORK | FILTER_TCP_ONLY))
        add_pairs(f);
    if (what & FILTER_NO_NETWORK) {
        refuse(f, SYS_socket, EPERM);
        refuse(f, SYS_connect, EPERM);
    } else if (what & FILTER_TCP_ONLY) {
        add_tcp(f);
    }
    if (what & FILTER_NO_LISTENING)
        refuse(f, SYS_listen, EPERM);
    if (what & FILTER_NO_ATTRIBUTES)
        add_attributes(f);
    if (what & FILTER_NO_TRUNCATION)
        add_truncation(f);
    RETURN(f, SECCOMP_RET_ALLOW);
}
