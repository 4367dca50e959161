/* What the filter refuses, told to somebody else: the process that asks cannot know that it is heard, nor keep it from being
 * told. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Every refusal of a program ends in the same instruction. */
static void exchange(const kws_program *program, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < program->count; i++) {
        kws_instruction *instruction = &program->instructions[i];
        if (instruction->code == (BPF_RET | BPF_K) && instruction->value == from)
            instruction->value = to;
    }
}

int kws_load_with_listener(const kws_program *program)
{
    const uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
    struct sock_fprog filter = { (unsigned short)program->count, (struct sock_filter *)program->instructions };
    if (program->count == 0 || program->count > BPF_MAXINSNS)
        return -1;
    exchange(program, refuse, SECCOMP_RET_USER_NOTIF);
    int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
    /* Whoever loads it without one would have these calls fail with ENOSYS. */
    if (listener < 0)
        exchange(program, SECCOMP_RET_USER_NOTIF, refuse);
    return listener;
}

int kws_take_refusal(int32_t listener, kws_refusal *refusal)
{
    for (;;) {
        struct pollfd events = { .fd = listener, .events = POLLIN };
        if (poll(&events, 1, -1) < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        if ((events.revents & POLLIN) == 0)
            return 0;
        /* The kernel wants it to be zero. */
        struct seccomp_notif notice = { 0 };
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notice) == 0) {
            *refusal = (kws_refusal){ notice.id, (int32_t)notice.pid, notice.data.nr };
            return 1;
        }
        /* Whoever asked was killed meanwhile. */
        if (errno != ENOENT && errno != EINTR)
            return -1;
    }
}

void kws_end_refusal(int32_t listener, const kws_refusal *refusal)
{
    struct seccomp_notif_resp answer = { .id = refusal->id, .error = -EPERM };
    /* It fails if the caller is gone, which is no matter. */
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

void kws_call_name(int32_t number, char *name, size_t size)
{
    char *known = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    if (known != NULL)
        snprintf(name, size, "%s", known);
    else
        snprintf(name, size, "%d", number);
    free(known);
}
