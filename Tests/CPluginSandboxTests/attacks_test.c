/* Every attack, in every way that a worker comes into its sandbox, and as its control without one. */
#define _GNU_SOURCE
#include "arena.h"
#include "check.h"

#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SPACES (1u << KWS_USER_SPACE | 1u << KWS_NETWORK_SPACE | 1u << KWS_PROCESS_SPACE | 1u << KWS_IPC_SPACE \
                | 1u << KWS_NAME_SPACE)

/* It stays root, as what it was granted is not open to nobody, and has no powers of root. */
#define BARE 2

static const struct mode {
    const char *name;
    int is_root;        /* starts as root and becomes nobody, or BARE; else it is an ordinary user from the start */
    uint32_t spaces;    /* mechanisms, as bits */
    uint8_t wanted;     /* the spaces are */
    int is_forbidden;   /* nobody here may make them */
    int is_sealed;
    uint32_t landlock;  /* ABI at most, 0 = any */
    int is_hidden;      /* what is not given has no name */
    int is_heard;       /* what the filter refuses is told to its host */
} modes[] = {
    { "root that becomes nobody", 1, 0, KWS_NO, 0, 1, 0, 0, 0 },
    { "root that becomes nobody, before the second stage", 1, 0, KWS_NO, 0, 0, 0, 0, 0 },
    { "root that becomes nobody, with namespaces", 1, SPACES, KWS_REQUIRED, 0, 1, 0, 0, 0 },
    { "an ordinary user with namespaces", 0, SPACES, KWS_REQUIRED, 0, 1, 0, 0, 0 },
    { "an ordinary user that may make no namespaces", 0, SPACES, KWS_IF_AVAILABLE, 1, 1, 0, 0, 0 },
    { "an ordinary user, Landlock as of Linux 6.1", 0, 0, KWS_NO, 0, 1, 2, 0, 0 },
    { "root that becomes nobody, with a root of its own", 1, SPACES | 1u << KWS_MOUNT_SPACE, KWS_REQUIRED, 0, 1, 0, 1, 0 },
    { "an ordinary user with a root of its own", 0, SPACES | 1u << KWS_MOUNT_SPACE, KWS_REQUIRED, 0, 1, 0, 1, 0 },
    { "root that becomes nobody, heard by its host", 1, 0, KWS_NO, 0, 1, 0, 0, 1 },
    { "an ordinary user, heard by its host", 0, 0, KWS_NO, 0, 1, 0, 0, 1 },
    { "root without capabilities", BARE, 0, KWS_NO, 0, 1, 0, 0, 0 },
};
#define MODE_COUNT (sizeof modes / sizeof modes[0])

static verdict_of_task *verdicts; /* of all attacks, shared with the process that makes them */

static int result_of(const char *name)
{
    for (size_t i = 0; i < attack_count(); i++) {
        if (strcmp(attack_at(i)->name, name) == 0)
            return verdicts[i].result;
    }
    return NOTHING;
}

static int needs_root(control control)
{
    return control == AS_ROOT || control == REACHED_ROOT;
}

static int is_skipped(const attack *attack, const struct mode *mode)
{
    return ((attack->flags & ONLY_SEALED) != 0 && !mode->is_sealed)
        || ((attack->flags & CHANGES_USER) != 0 && mode->is_root == BARE)
        || ((attack->flags & NEEDS_MEMORY) != 0 && !has_memory_limits);
}

/* All attacks of a mode, in a process that starts as the mode does. */
static _Noreturn void attack_all(const struct mode *mode)
{
    task task = { .is_sealed = mode->is_sealed };
    kws_compiled compiled;
    if (mode->landlock != 0)
        kws_landlock_most = mode->landlock;
    if (!mode->is_root)
        become(attacker());
    if (mode->is_forbidden)
        forbid_namespaces();
    kws_policy_make(&task.policy);
    task.policy.is_heard = (uint32_t)mode->is_heard;
    if (mode->is_root == BARE) {
        task.policy.wanted[KWS_IDENTITY] = KWS_IF_AVAILABLE;
        task.policy.uid = task.policy.gid = 0;
    }
    for (uint32_t i = 0; i < KWS_MECHANISM_COUNT; i++) {
        if ((mode->spaces >> i & 1) != 0)
            task.policy.wanted[i] = mode->wanted;
    }
    NEED(kws_compile(task.policy.may, KWS_NATIVE, &compiled) == 0);
    task.compiled = &compiled;
    for (size_t i = 0; i < attack_count(); i++) {
        if (is_skipped(attack_at(i), mode))
            continue;
        task.run = attack_at(i)->run;
        verdicts[i] = perform(&task);
    }
    kws_compiled_free(&compiled);
    _exit(0);
}

static void check_report(const struct mode *mode, const kws_report *report)
{
    static const uint32_t always[] = { KWS_FILES, KWS_CAPABILITIES, KWS_DESCRIPTORS, KWS_FILE_SIZE, KWS_CPU,
                                       KWS_NO_NEW_PRIVILEGES, KWS_FILTER };
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        CHECK_EQUAL(report->outcome[always[i]].state, KWS_ENFORCED);
    CHECK_EQUAL(report->outcome[KWS_SEAL].state, mode->is_sealed ? KWS_ENFORCED : KWS_UNUSED);
    CHECK_EQUAL(report->outcome[KWS_IDENTITY].state,
                mode->is_root == BARE ? KWS_NOT_ENFORCED : mode->is_root ? KWS_ENFORCED : KWS_UNUSED);
    for (uint32_t i = 0; i < KWS_MECHANISM_COUNT; i++) {
        const kws_outcome *outcome = &report->outcome[i];
        if ((mode->spaces >> i & 1) != 0) {
            CHECK_EQUAL(outcome->state, mode->is_forbidden ? KWS_NOT_ENFORCED : KWS_ENFORCED);
            CHECK_EQUAL(outcome->error, mode->is_forbidden ? EPERM : 0);
        }
        /* What is not enforced says why. */
        CHECK(outcome->state == KWS_UNUSED || outcome->why[0] != '\0');
    }
    CHECK_EQUAL(report->failed, -1);
    if (mode->landlock != 0) {
        CHECK_EQUAL(report->landlock_abi, mode->landlock);
        CHECK_EQUAL(report->outcome[KWS_SIGNALS].state, KWS_UNUSED);
    }
}

/* Elsewhere nothing has a name, and what is given for reading is mounted so; also what leaks otherwise does not. */
static int is_hidden(const attack *attack, int result)
{
    return (result == -ENOENT && (attack->expected != 0 || attack->row == 40)) || (result == -EROFS && attack->expected == -EACCES);
}

static void check_mode(const struct mode *mode)
{
    size_t denied = 0, allowed = 0, skipped = 0;
    memset(verdicts, 0, attack_count() * sizeof *verdicts);
    fflush(NULL);
    pid_t attackers = fork();
    int status = 0;
    if (attackers == 0)
        attack_all(mode);
    NEED(attackers > 0 && waitpid(attackers, &status, 0) == attackers);
    NEED(status == 0);
    for (size_t i = 0; i < attack_count(); i++) {
        const attack *attack = attack_at(i);
        const verdict_of_task *verdict = &verdicts[i];
        if (is_skipped(attack, mode)) {
            skipped++;
            continue;
        }
        if (verdict->entered != 0 || verdict->sealed != 0) {
            const int32_t failed = verdict->report.failed;
            fprintf(stderr, "%s: %s: no sandbox: %s: %s, error %d\n", mode->name, attack->name,
                    failed < 0 ? "?" : kws_mechanism_name((uint32_t)failed),
                    failed < 0 ? "?" : verdict->report.outcome[failed].why, failed < 0 ? 0 : verdict->report.outcome[failed].error);
            check_failed++;
            return;
        }
        int result = verdict->result > 0 ? 0 : verdict->result;
        if (result == attack->expected || (attack->or_else != 0 && result == attack->or_else)
            || (mode->is_hidden && is_hidden(attack, result))) {
            check_passed++;
            denied += result != 0;
            allowed += result == 0;
        } else {
            check_failed++;
            fprintf(stderr, "%s: %d %s: %d, not %d\n", mode->name, attack->row, attack->name, result, attack->expected);
        }
    }
    check_report(mode, &verdicts[0].report);
    if (mode->is_hidden) {
        CHECK_EQUAL(result_of("leaks: stat of /etc/shadow"), -ENOENT);
        CHECK_EQUAL(result_of("leaks: stat of a file that is not given"), -ENOENT);
    }
    size_t heard = 0;
    for (size_t i = 0; i < attack_count(); i++)
        heard += verdicts[i].refusals != 0;
    /* Of the others the kernel refuses what the filter lets through. */
    CHECK(mode->is_heard ? heard > denied / 2 : heard == 0);
    printf("  %s: %zu refused, %zu allowed, %zu not tried\n", mode->name, denied, allowed, skipped);
}

static int perform_control(const attack *attack)
{
    uid_t user = needs_root(attack->control) ? 0 : attacker();
    switch (attack->control) {
    case ALONE:
        return perform_alone(attack->run, getuid());
    case UNSEALED:
        return perform_unsealed(attack->run, user);
    default:
        return perform_freely(attack->run, user);
    }
}

static int do_nothing(void)
{
    return 0;
}

/* Whether it cannot be shown by this user, or in a program that was built so. */
static int is_beyond(const attack *attack, int can_make_namespaces)
{
    return ((attack->flags & NEEDS_MEMORY) != 0 && !has_memory_limits) || (needs_root(attack->control) && getuid() != 0)
        || ((attack->flags & NEEDS_NAMESPACE) != 0 && !can_make_namespaces)
        || (attack->control == ALONE && perform_alone(do_nothing, getuid()) != 0);
}

/* Without a sandbox the same function goes through, or comes far enough to be refused by something else. */
static void check_controls(int can_make_namespaces)
{
    size_t shown = 0, skipped = 0;
    for (size_t i = 0; i < attack_count(); i++) {
        const attack *attack = attack_at(i);
        if (is_beyond(attack, can_make_namespaces)) {
            printf("SKIP control of an attack: %s: %s\n", attack->name, needs_root(attack->control) && getuid() != 0 ? "this is not root"
                   : (attack->flags & NEEDS_MEMORY) != 0 && !has_memory_limits ? "a sanitizer has no limit of memory" : "here are no namespaces");
            skipped++;
            continue;
        }
        int result = perform_control(attack);
        int is_reached = attack->control == REACHED || attack->control == REACHED_ROOT || (attack->flags & DIFFERS) != 0;
        if (result >= 0 || (is_reached && result != attack->expected)) {
            check_passed++;
            shown++;
        } else if ((attack->flags & DIFFERS) != 0) {
            printf("SKIP control of an attack: %s: this machine refuses it, too\n", attack->name);
            skipped++;
        } else {
            check_failed++;
            fprintf(stderr, "control: %d %s: %d\n", attack->row, attack->name, result);
        }
    }
    printf("  controls: %zu shown, %zu not tried\n", shown, skipped);
}

static int make_namespaces(void)
{
    return unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID) == 0 ? 0 : -errno;
}

void test_attacks(void)
{
    verdicts = mmap(NULL, attack_count() * sizeof *verdicts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(verdicts != MAP_FAILED);
    int can_make_namespaces = perform_freely(make_namespaces, attacker()) == 0;
    printf("  %zu attacks\n", attack_count());
    for (size_t i = 0; i < MODE_COUNT; i++) {
        const struct mode *mode = &modes[i];
        if (mode->is_root && getuid() != 0) {
            printf("SKIP %s: this is not root\n", mode->name);
            continue;
        }
        if (!mode->is_root && mode->wanted == KWS_REQUIRED && !can_make_namespaces) {
            printf("SKIP %s: here none can be made\n", mode->name);
            continue;
        }
        make_target(mode->is_root == BARE ? 0 : attacker());
        check_mode(mode);
        destroy_target();
    }
    make_target(attacker());
    check_controls(can_make_namespaces);
    destroy_target();
    munmap(verdicts, attack_count() * sizeof *verdicts);
}
