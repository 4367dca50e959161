/* Control groups, where this user may make some: what they limit, their end, and what is left of them. */
#define _GNU_SOURCE
#include "groups.h"
#include "permissions.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- memory ------------------------------------------------------------------------------------------------ */

/* A file system in memory: what is in it cannot be written elsewhere to make room. */
static char shared_folder[] = "/dev/shm/keyway-groups-XXXXXX";
static uint64_t touched;

static int touch_shared(void)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%d", shared_folder, (int)getpid());
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, (off_t)touched) != 0)
        return -errno;
    char *memory = mmap(NULL, touched, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED)
        return -errno;
    for (uint64_t at = 0; at < touched; at += 4096)
        memory[at] = 1;
    unlink(path);
    return 0;
}

static void remove_shared(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", shared_folder);
    NEED(system(command) == 0);
}

/* Shared memory beyond the limit, which no limit of the process counts. */
static void test_memory(const kws_groups *groups)
{
    kws_group group;
    task task = with(KWS_MAY_SHARE_FILES);
    if (groups->version[0] == 0 || mkdtemp(shared_folder) == NULL || chown(shared_folder, attacker(), attacker()) != 0) {
        printf("SKIP control group of memory: here none can be made\n");
        return;
    }
    kws_grant grant = { open(shared_folder, O_PATH | O_CLOEXEC), KWS_READ | KWS_WRITE };
    NEED(grant.descriptor >= 0);
    task.policy.grants = &grant;
    task.policy.grant_count = 1;
    if (has_memory_limits)
        task.policy.limits.memory = UINT64_C(48) << 20;
    task.policy.wanted[KWS_MEMORY_GROUP] = KWS_REQUIRED;
    task.policy.limits.group_memory = UINT64_C(64) << 20;
    check_refused(&task, KWS_MEMORY_GROUP);
    kws_group_make(&group, groups, 1, &task.policy);
    CHECK_EQUAL(group.error[0], 0);
    task.policy.group = &group;
    touched = UINT64_C(16) << 20;
    verdict_of_task verdict = attempt(&task, touch_shared);
    CHECK_EQUAL(verdict.result, 0);
    CHECK_EQUAL(verdict.report.outcome[KWS_MEMORY_GROUP].state, KWS_ENFORCED);
    CHECK_EQUAL(kws_group_kills(&group), 0);
    touched = UINT64_C(256) << 20;
    CHECK_RESULT(task, touch_shared, KILLED_BY(SIGKILL));
    CHECK_EQUAL(kws_group_kills(&group), 1);
    remove_shared();
    NEED(mkdir(shared_folder, 0755) == 0 && chown(shared_folder, attacker(), attacker()) == 0);
    close(grant.descriptor);
    grant.descriptor = open(shared_folder, O_PATH | O_CLOEXEC);
    /* More is more, also for who lives; and without a group it is as much as there is. */
    char folder[KWS_GROUP_PATH + 16];
    uint32_t version = kws_group_folder(&group, 0, folder, sizeof folder);
    CHECK_EQUAL(kws_limit_memory(folder, version, UINT64_C(400) << 20), 0);
    CHECK_RESULT(task, touch_shared, 0);
    task.policy.group = NULL;
    task.policy.wanted[KWS_MEMORY_GROUP] = KWS_IF_AVAILABLE;
    verdict = attempt(&task, touch_shared);
    CHECK_EQUAL(verdict.result, 0);
    CHECK_EQUAL(verdict.report.outcome[KWS_MEMORY_GROUP].state, KWS_NOT_ENFORCED);
    CHECK_EQUAL(kws_group_end(&group), 1);
    CHECK_EQUAL(access(folder, F_OK), -1);
    CHECK_EQUAL(kws_group_end(&group), 1);
    close(grant.descriptor);
    remove_shared();
}

/* ---- what outlives its maker ------------------------------------------------------------------------------- */

static _Noreturn void wait_for_ever(void)
{
    for (;;)
        pause();
}

/* Makes a group with a process in it, of another session, says what it is called, and waits to be killed. */
static _Noreturn void be_maker(int result, int held)
{
    kws_groups groups;
    kws_group group;
    kws_policy policy;
    kws_report report;
    int32_t init;
    kws_policy_make(&policy);
    policy.wanted[KWS_PROCESS_GROUP] = KWS_REQUIRED;
    kws_groups_open(&groups);
    kws_group_make(&group, &groups, 1, &policy);
    policy.group = &group;
    char folder[KWS_GROUP_PATH + 16] = "";
    kws_group_folder(&group, 1, folder, sizeof folder);
    pid_t pid = kws_fork(&policy, &init, &report);
    if (pid == 0) {
        setsid();
        close(groups.lock[1]);
        close(groups.lock[0]);
        if (report.outcome[KWS_PROCESS_GROUP].state != KWS_ENFORCED || write(result, folder, sizeof folder) < 0)
            _exit(1);
        close(result);
        wait_for_ever();
    }
    close(result);
    close(held);
    wait_for_ever();
}

static void test_left(const kws_groups *own)
{
    int result[2], held[2];
    char folder[KWS_GROUP_PATH + 16] = "", byte;
    if (own->version[1] == 0) {
        printf("SKIP control groups that were left: here none can be made\n");
        return;
    }
    NEED(pipe2(result, O_CLOEXEC) == 0 && pipe2(held, O_CLOEXEC) == 0);
    fflush(NULL);
    pid_t maker = fork();
    NEED(maker >= 0);
    if (maker == 0)
        be_maker(result[1], held[1]);
    close(result[1]);
    close(held[1]);
    CHECK(read(result[0], folder, sizeof folder) == (ssize_t)sizeof folder);
    close(result[0]);
    /* While its maker lives it is left alone. */
    kws_groups groups;
    kws_groups_open(&groups);
    CHECK_EQUAL(access(folder, F_OK), 0);
    kws_groups_close(&groups);
    kill(maker, SIGKILL);
    NEED(waitpid(maker, NULL, 0) == maker);
    CHECK_EQUAL(access(folder, F_OK), 0);
    kws_groups_open(&groups);
    CHECK_EQUAL(access(folder, F_OK), -1);
    /* What was in it is gone. */
    CHECK_EQUAL(read(held[0], &byte, 1), 0);
    close(held[0]);
    CHECK_EQUAL(access(own->folder[1], F_OK), 0);
    kws_groups_close(&groups);
}

/* ---- version 2 --------------------------------------------------------------------------------------------- */

static int leave_one_behind(void)
{
    pid_t child = fork();
    if (child == 0) {
        setsid();
        wait_for_ever();
    }
    return child > 0 ? 0 : -errno;
}

/* Any controller will do: entering and ending are the same. */
static int find_version_2(kws_place *place)
{
    static const char *const controllers[] = { "pids", "memory", "cpu", "io", "hugetlb" };
    for (size_t i = 0; i < sizeof controllers / sizeof controllers[0]; i++) {
        if (kws_find_place("/proc/self/cgroup", "/proc/self/mountinfo", controllers[i], place) == 0 && place->version == 2)
            return 1;
    }
    return 0;
}

static void test_version_2(void)
{
    kws_groups groups = { .version = { 0, 2 }, .lock = { -1, -1 } };
    kws_place place;
    kws_group group;
    int ends[2];
    char byte;
    if (!find_version_2(&place)
        || snprintf(groups.folder[1], sizeof groups.folder[1], "%s/keyway-test-%d", place.folder, (int)getpid()) < 0
        || mkdir(groups.folder[1], 0700) != 0) {
        printf("SKIP control groups of version 2: here none can be made\n");
        return;
    }
    kws_policy policy;
    kws_report report;
    int32_t init;
    kws_policy_make(&policy);
    policy.wanted[KWS_PROCESS_GROUP] = KWS_REQUIRED;
    kws_group_make(&group, &groups, 7, &policy);
    CHECK_EQUAL(group.made, 2);
    policy.group = &group;
    NEED(pipe2(ends, O_CLOEXEC) == 0);
    fflush(NULL);
    pid_t worker = kws_fork(&policy, &init, &report);
    NEED(worker >= 0);
    if (worker == 0) {
        char path[2 * KWS_GROUP_PATH], line[32] = "";
        snprintf(path, sizeof path, "%s/7/cgroup.procs", groups.folder[1]);
        FILE *list = fopen(path, "re");
        int is_in = list != NULL && fgets(line, sizeof line, list) != NULL && atoi(line) == getpid();
        _exit(is_in && report.outcome[KWS_PROCESS_GROUP].state == KWS_ENFORCED && leave_one_behind() == 0 ? 42 : 1);
    }
    int status = 0;
    close(ends[1]);
    CHECK_EQUAL(waitpid(worker, &status, 0), worker);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    /* The one that was left is killed, and then the group is empty. */
    CHECK_EQUAL(kws_remove_group(groups.folder[1]), 0);
    CHECK_EQUAL(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    CHECK_EQUAL(access(groups.folder[1], F_OK), -1);
}

void test_groups(void)
{
    kws_groups groups;
    make_target(attacker());
    kws_groups_open(&groups);
    for (uint32_t i = 0; i < KWS_CONTROLLERS; i++)
        CHECK((groups.version[i] == 0) == (groups.error[i] != 0));
    test_memory(&groups);
    test_left(&groups);
    kws_groups own = groups;
    kws_groups_close(&groups);
    for (uint32_t i = 0; i < KWS_CONTROLLERS; i++)
        CHECK(own.version[i] == 0 || access(own.folder[i], F_OK) == -1);
    test_version_2();
    destroy_target();
}
