#define _GNU_SOURCE
#include "network_filter.h"

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
#endif

#if defined(OWN_ARCHITECTURE)

#define X32_BIT 0x40000000u /* x32 calls carry this bit and x86-64's architecture; no other ABI has numbers so high */
#define REFUSE(number) (SECCOMP_RET_ERRNO | ((number) & SECCOMP_RET_DATA))
#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, member))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
/* Jumps count instructions to skip: on equality (or not below), otherwise. */
#define IF_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define IF_AT_LEAST(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (value), (yes), (no))

static struct sock_filter instructions[] = {
    LOAD(arch),
    IF_EQUAL(OWN_ARCHITECTURE, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    IF_AT_LEAST(X32_BIT, 0, 1),
    RETURN(REFUSE(ENOSYS)),
    IF_EQUAL(SYS_io_uring_setup, 5, 0),
    IF_EQUAL(SYS_pidfd_getfd, 4, 0),
    IF_EQUAL(SYS_socket, 0, 2),
    /* The family is an int, so the low half of the argument is all of it. */
    LOAD(args[0]),
    IF_EQUAL(AF_UNIX, 0, 1),
    RETURN(SECCOMP_RET_ALLOW),
    RETURN(REFUSE(EPERM)),
};

static const struct sock_fprog program = { sizeof instructions / sizeof instructions[0], instructions };

bool network_filter_works(void)
{
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

const struct sock_fprog *network_filter_program(void)
{
    return &program;
}

#else

bool network_filter_works(void)
{
    return false;
}

const struct sock_fprog *network_filter_program(void)
{
    return NULL;
}

#endif
