/* Compiled filters into the kernel. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static_assert(sizeof(kws_instruction) == sizeof(struct sock_filter), "one instruction is the kernel's");
static_assert(RETURN_TELL == SECCOMP_RET_LOG, "libseccomp has no value of its own that is left to others");
static_assert(offsetof(kws_instruction, value) == offsetof(struct sock_filter, k), "one instruction is the kernel's");

void kws_adopt_program(kws_program *program)
{
    uint32_t own = (uint32_t)getpid();
    for (size_t i = 0; i < program->count; i++) {
        kws_instruction *instruction = &program->instructions[i];
        if (instruction->code == (BPF_JMP | BPF_JEQ | BPF_K) && instruction->value == OWN_PROCESS)
            instruction->value = own;
    }
}

void kws_exchange_returns(kws_program *program, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < program->count; i++) {
        kws_instruction *instruction = &program->instructions[i];
        if (instruction->code == (BPF_RET | BPF_K) && instruction->value == from)
            instruction->value = to;
    }
}

int kws_load_program(kws_program *program)
{
    if (program->count == 0 || program->count > BPF_MAXINSNS)
        return EINVAL;
    kws_exchange_returns(program, RETURN_TELL, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = { (unsigned short)program->count, (struct sock_filter *)program->instructions };
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
    /* A positive one is the thread that has other filters. */
    return result == 0 ? 0 : result > 0 ? ECANCELED : errno;
}
