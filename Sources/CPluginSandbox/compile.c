/* From the rules to programs, by libseccomp. What it makes is exported and loaded by kws_enter: libseccomp's own loading
 * makes calls that the first stage refuses. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static uint32_t action_of(verdict verdict)
{
    switch (verdict) {
    case ALLOW:
        return SCMP_ACT_ALLOW;
    case TELL:
        return SCMP_ACT_LOG;
    case REFUSE:
        return SCMP_ACT_ERRNO(EPERM);
    default:
        return SCMP_ACT_ERRNO(ENOSYS);
    }
}

static int add(scmp_filter_ctx filter, const rule *rule)
{
    int number = seccomp_syscall_resolve_name(rule->name);
    /* A library older than the call. */
    if (number == __NR_SCMP_ERROR)
        return rule->verdict == ALLOW || rule->verdict == TELL ? 0 : EINVAL;
    struct scmp_arg_cmp comparisons[CONDITION_LIMIT];
    unsigned int count = 0;
    for (size_t i = 0; i < CONDITION_LIMIT && rule->conditions[i].is_used; i++) {
        const condition *condition = &rule->conditions[i];
        comparisons[count++] = SCMP_CMP64(condition->argument, SCMP_CMP_MASKED_EQ, condition->mask, condition->value);
    }
    /* Not the exact form: an architecture may do without a call, such as AArch64 without open. */
    return -seccomp_rule_add_array(filter, action_of(rule->verdict), number, count, comparisons);
}

static int export(scmp_filter_ctx filter, kws_program *program)
{
    int file = memfd_create("filter", MFD_CLOEXEC);
    if (file < 0)
        return errno;
    struct stat facts;
    int error = -seccomp_export_bpf(filter, file);
    if (error == 0 && fstat(file, &facts) != 0)
        error = errno;
    if (error == 0) {
        size_t size = (size_t)facts.st_size;
        program->count = size / sizeof *program->instructions;
        program->instructions = malloc(size);
        if (program->instructions == NULL)
            error = ENOMEM;
        else if (pread(file, program->instructions, size, 0) != facts.st_size)
            error = EIO;
    }
    close(file);
    return error;
}

static int compile(const rule *rules, size_t count, verdict otherwise, uint32_t may, uint32_t token,
                   kws_program *program)
{
    scmp_filter_ctx filter = seccomp_init(action_of(otherwise));
    if (filter == NULL)
        return ENOMEM;
    int error = 0;
    if (token != seccomp_arch_native()) {
        error = -seccomp_arch_add(filter, token);
        if (error == 0)
            error = -seccomp_arch_remove(filter, seccomp_arch_native());
    }
    /* Of another architecture, x32 included, no number means what it means here. */
    if (error == 0)
        error = -seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    /* A tree: every call passes through it. */
    if (error == 0)
        error = -seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    for (size_t i = 0; error == 0 && i < count; i++) {
        if ((may & rules[i].when) == rules[i].when && (may & rules[i].unless) == 0)
            error = add(filter, &rules[i]);
    }
    if (error == 0)
        error = export(filter, program);
    seccomp_release(filter);
    return error;
}

int kws_compile(uint32_t may, uint32_t architecture, kws_compiled *compiled)
{
    *compiled = (kws_compiled){ .may = may };
    if ((may & ~KWS_MAY_ALL) != 0 || architecture > KWS_AARCH64)
        return EINVAL;
    uint32_t token = architecture == KWS_X86_64 ? SCMP_ARCH_X86_64
        : architecture == KWS_AARCH64 ? SCMP_ARCH_AARCH64 : seccomp_arch_native();
    if ((may & KWS_MAY_OPEN_TCP) != 0)
        may |= KWS_MAY_USE_SOCKETS;
    int error = compile(kws_first_stage, kws_first_stage_count, REFUSE, may, token, &compiled->stage[0]);
    /* A filter outlives execve(2): no program could be started under the second one. */
    if (error == 0 && (may & KWS_MAY_START_PROGRAMS) == 0)
        error = compile(kws_second_stage, kws_second_stage_count, ALLOW, may, token, &compiled->stage[1]);
    if (error != 0)
        kws_compiled_free(compiled);
    return error;
}

void kws_compiled_free(kws_compiled *compiled)
{
    for (size_t i = 0; i < 2; i++) {
        free(compiled->stage[i].instructions);
        compiled->stage[i] = (kws_program){ 0 };
    }
}
