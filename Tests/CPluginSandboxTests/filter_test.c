/* What the compiled filters say, call by call, for both architectures, without the kernel. */
#include "check.h"
#include "evaluator.h"
#include "sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <string.h>

#define OK SECCOMP_RET_ALLOW
#define NO (SECCOMP_RET_ERRNO | EPERM)
#define NOSYS (SECCOMP_RET_ERRNO | ENOSYS)
#define DEAD SECCOMP_RET_KILL_PROCESS

#define EVERYWHERE 3u
#define X86_64 1u
#define AARCH64 2u

#define THREADS KWS_MAY_START_THREADS
#define JIT (THREADS | KWS_MAY_GENERATE_CODE)
#define PROGRAMS (THREADS | KWS_MAY_START_PROGRAMS)
#define SOCKETS (THREADS | KWS_MAY_USE_SOCKETS)
#define TCP (THREADS | KWS_MAY_OPEN_TCP)
#define SHARE (THREADS | KWS_MAY_SHARE_FILES)
#define DEVICES (THREADS | KWS_MAY_USE_DEVICES)

/* The most severe of the stages is what the kernel does. */
typedef struct expectation {
    uint32_t may;
    uint32_t stages; /* how many are loaded */
    uint32_t verdict;
    const char *name;
    uint64_t arguments[6];
    uint32_t where;
} expectation;

enum { OWN = 4711 };
static const expectation expectations[] = {
#include "filter_table.h"
};

static const struct { uint32_t where, architecture, token, audit; const char *name; } machines[] = {
    { X86_64, KWS_X86_64, SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, "x86-64" },
    { AARCH64, KWS_AARCH64, SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, "aarch64" },
};

static uint32_t severest(uint32_t left, uint32_t right)
{
    if (left == BROKEN || right == BROKEN)
        return BROKEN;
    return (int32_t)(left & SECCOMP_RET_ACTION_FULL) <= (int32_t)(right & SECCOMP_RET_ACTION_FULL) ? left : right;
}

/* As the child does, for a process of its own choice. */
static void adopt(kws_program *program)
{
    size_t adopted = 0;
    for (size_t i = 0; i < program->count; i++) {
        if (program->instructions[i].value == OWN_PROCESS && program->instructions[i].code == 0x15)
            program->instructions[i].value = OWN, adopted++;
    }
    CHECK(adopted > 0);
}

/* What may be told is allowed where nobody listens. */
static uint32_t verdict_of(const kws_program *program, const struct seccomp_data *data)
{
    uint32_t verdict = evaluate(program, data);
    return verdict == RETURN_TELL ? OK : verdict;
}

static void check_table(size_t machine)
{
    for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
        const expectation *expectation = &expectations[i];
        if ((expectation->where & machines[machine].where) == 0)
            continue;
        /* Neighbours are of one permission: compiled once. */
        static kws_compiled compiled;
        static size_t compiled_for = SIZE_MAX;
        if (compiled.stage[0].instructions == NULL || compiled.may != expectation->may || compiled_for != machine) {
            kws_compiled_free(&compiled);
            NEED(kws_compile(expectation->may, machines[machine].architecture, &compiled) == 0);
            adopt(&compiled.stage[0]);
            compiled_for = machine;
        }
        struct seccomp_data data = { .arch = machines[machine].audit };
        data.nr = seccomp_syscall_resolve_name_arch(machines[machine].token, expectation->name);
        memcpy(data.args, expectation->arguments, sizeof data.args);
        if (data.nr < 0) {
            fprintf(stderr, "%s has no call %s\n", machines[machine].name, expectation->name);
            check_failed++;
            continue;
        }
        uint32_t verdict = verdict_of(&compiled.stage[0], &data);
        if (expectation->stages == 2 && compiled.stage[1].instructions != NULL)
            verdict = severest(verdict, evaluate(&compiled.stage[1], &data));
        if (verdict == expectation->verdict) {
            check_passed++;
        } else {
            check_failed++;
            fprintf(stderr, "%s: row %zu: %s(%llx, %llx, %llx, %llx), may %x, %u stages: %08x, not %08x\n",
                    machines[machine].name, i, expectation->name, (unsigned long long)data.args[0],
                    (unsigned long long)data.args[1], (unsigned long long)data.args[2], (unsigned long long)data.args[3],
                    expectation->may, expectation->stages, verdict, expectation->verdict);
        }
    }
}

/* Every rule is in the table with arguments that fit it, so that a rule nobody looked at is seen. */
static int fits(const rule *rule, const expectation *expectation)
{
    if (strcmp(rule->name, expectation->name) != 0 || (expectation->may & rule->when) != rule->when
        || (expectation->may & rule->unless) != 0)
        return 0;
    for (size_t i = 0; i < CONDITION_LIMIT && rule->conditions[i].is_used; i++) {
        uint64_t value = rule->conditions[i].value == OWN_PROCESS ? OWN : rule->conditions[i].value;
        if ((expectation->arguments[rule->conditions[i].argument] & rule->conditions[i].mask) != value)
            return 0;
    }
    return 1;
}

static void check_coverage(const rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int is_covered = 0;
        for (size_t j = 0; j < sizeof expectations / sizeof expectations[0] && !is_covered; j++)
            is_covered = fits(&rules[i], &expectations[j]);
        if (!is_covered)
            fprintf(stderr, "no row of the table is about rule %zu, %s\n", i, rules[i].name);
        CHECK(is_covered);
    }
}

/* A call without a rule is refused, one that no kernel has yet included; another architecture kills. */
static void check_defaults(size_t machine)
{
    static const uint32_t sets[] = { 0, THREADS, JIT, PROGRAMS, TCP, KWS_MAY_ALL };
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        kws_compiled compiled;
        NEED(kws_compile(sets[i], machines[machine].architecture, &compiled) == 0);
        CHECK_EQUAL(compiled.may, sets[i]);
        CHECK((compiled.stage[1].instructions == NULL) == ((sets[i] & KWS_MAY_START_PROGRAMS) != 0));
        size_t permitted = 0;
        for (int number = 0; number < 1024; number++) {
            struct seccomp_data data = { .nr = number, .arch = machines[machine].audit };
            char *name = seccomp_syscall_resolve_num_arch(machines[machine].token, number);
            uint32_t verdict = verdict_of(&compiled.stage[0], &data);
            int is_known = 0;
            for (size_t j = 0; name != NULL && j < kws_first_stage_count; j++)
                is_known |= strcmp(name, kws_first_stage[j].name) == 0;
            if (!is_known)
                CHECK_EQUAL(verdict, NO);
            permitted += verdict == OK;
            free(name);
            /* And of x32, whose numbers have a bit of their own. */
            data.nr = number | 0x40000000;
            CHECK_EQUAL(evaluate(&compiled.stage[0], &data), machines[machine].where == X86_64 ? DEAD : NO);
        }
        CHECK(permitted > 80);
        static const uint32_t others[] = { AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64, 0 };
        for (size_t j = 0; j < sizeof others / sizeof others[0]; j++) {
            if (others[j] == machines[machine].audit)
                continue;
            struct seccomp_data data = { .nr = 0, .arch = others[j] };
            CHECK_EQUAL(evaluate(&compiled.stage[0], &data), DEAD);
        }
        kws_compiled_free(&compiled);
    }
}

/* What names a file to be opened, made, renamed or removed is told, with whatever permissions, and nothing else. */
static void check_told(size_t machine)
{
    static const char *const told[] = { "open", "openat", "creat", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "link", "linkat",
                                        "rename", "renameat", "renameat2" };
    static const uint32_t sets[] = { 0, PROGRAMS, KWS_MAY_ALL };
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        kws_compiled compiled;
        NEED(kws_compile(sets[i], machines[machine].architecture, &compiled) == 0);
        for (int number = 0; number < 1024; number++) {
            struct seccomp_data data = { .nr = number, .arch = machines[machine].audit };
            char *name = seccomp_syscall_resolve_num_arch(machines[machine].token, number);
            int is_told = 0;
            for (size_t j = 0; name != NULL && j < sizeof told / sizeof told[0]; j++)
                is_told |= strcmp(name, told[j]) == 0;
            free(name);
            CHECK((evaluate(&compiled.stage[0], &data) == RETURN_TELL) == is_told);
            if (compiled.stage[1].instructions != NULL)
                CHECK(evaluate(&compiled.stage[1], &data) != RETURN_TELL);
        }
        kws_compiled_free(&compiled);
    }
}

static void check_misuse(void)
{
    kws_compiled compiled;
    CHECK_EQUAL(kws_compile(KWS_MAY_ALL + 1, KWS_NATIVE, &compiled), EINVAL);
    CHECK_EQUAL(kws_compile(THREADS, 3, &compiled), EINVAL);
    CHECK(compiled.stage[0].instructions == NULL);
    kws_compiled_free(&compiled);
    /* Every name is one that libseccomp knows: a slip of the pen would be refused in silence. */
    for (size_t i = 0; i < kws_first_stage_count; i++)
        CHECK(seccomp_syscall_resolve_name(kws_first_stage[i].name) != __NR_SCMP_ERROR);
    /* The evaluator itself. */
    kws_instruction endless = { 0x20, 0, 0, 0 }, out = { 0x20, 0, 0, 64 }, fine = { 0x06, 0, 0, 7 };
    struct seccomp_data data = { 0 };
    CHECK_EQUAL(evaluate(&(kws_program){ &endless, 1 }, &data), BROKEN);
    CHECK_EQUAL(evaluate(&(kws_program){ &out, 1 }, &data), BROKEN);
    CHECK_EQUAL(evaluate(&(kws_program){ &fine, 1 }, &data), 7);
}

void test_filter(void)
{
    check_misuse();
    check_coverage(kws_first_stage, kws_first_stage_count);
    check_coverage(kws_second_stage, kws_second_stage_count);
    for (size_t i = 0; i < 2; i++) {
        check_table(i);
        check_defaults(i);
        check_told(i);
    }
}
