/* What the filter refuses, and what names files, told to somebody else: the process that asks cannot know that it is heard, nor keep it from being
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

int kws_load_with_listener(const kws_program *program, int tells_files)
{
    const uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
    size_t size = program->count * sizeof *program->instructions;
    kws_program copy = { malloc(size), program->count };
    if (program->count == 0 || program->count > BPF_MAXINSNS || copy.instructions == NULL) {
        free(copy.instructions);
        return -1;
    }
    memcpy(copy.instructions, program->instructions, size);
    kws_exchange_returns(&copy, refuse, SECCOMP_RET_USER_NOTIF);
    kws_exchange_returns(&copy, RETURN_TELL, tells_files ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW);
    struct sock_fprog filter = { (unsigned short)copy.count, (struct sock_filter *)copy.instructions };
    int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
    free(copy.instructions);
    return listener;
}

/* Which of the two it is: the kernel says the same of both. A call's arguments cannot change, what they point to can. */
static int is_told(int32_t number, const uint64_t arguments[6])
{
    char name[64];
    kws_call_name(number, name, sizeof name);
    for (size_t i = 0; i < kws_first_stage_count; i++) {
        const rule *rule = &kws_first_stage[i];
        int fits = rule->verdict == TELL && strcmp(rule->name, name) == 0;
        for (size_t j = 0; fits && j < CONDITION_LIMIT && rule->conditions[j].is_used; j++)
            fits = (arguments[rule->conditions[j].argument] & rule->conditions[j].mask) == rule->conditions[j].value;
        if (fits)
            return 1;
    }
    return 0;
}

int kws_take_notice(int32_t listener, kws_notice *notice)
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
        struct seccomp_notif told = { 0 };
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &told) == 0) {
            *notice = (kws_notice){ .id = told.id, .number = told.data.nr };
            for (size_t i = 0; i < 6; i++)
                notice->arguments[i] = told.data.args[i];
            notice->is_refused = !is_told(notice->number, notice->arguments);
            return 1;
        }
        /* Whoever asked was killed meanwhile. */
        if (errno != ENOENT && errno != EINTR)
            return -1;
    }
}

void kws_end_notice(int32_t listener, const kws_notice *notice)
{
    struct seccomp_notif_resp answer = { .id = notice->id };
    if (notice->is_refused)
        answer.error = -EPERM;
    else
        answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
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
