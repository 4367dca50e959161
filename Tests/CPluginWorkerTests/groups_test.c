/* Control groups of workers: what they may have in memory, the end of what they start, and that nothing of them is left. */
#define _GNU_SOURCE
#include "check.h"
#include "groups.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A file system in memory: what is in it cannot be written elsewhere to make room. */
static char folder[] = "/dev/shm/keyway-workers-XXXXXX";

/* Groups of a zygote, in both hierarchies. */
static int count_groups(int32_t zygote)
{
    int count = 0;
    char prefix[32];
    size_t length = (size_t)snprintf(prefix, sizeof prefix, "keyway-%d-", zygote);
    for (uint32_t i = 0; i < KWS_CONTROLLERS; i++) {
        kws_place place;
        if (kws_find_place("/proc/self/cgroup", "/proc/self/mountinfo", kws_controllers[i], &place) != 0)
            continue;
        DIR *groups = opendir(place.folder);
        for (struct dirent *entry; groups != NULL && (entry = readdir(groups)) != NULL;)
            count += strncmp(entry->d_name, prefix, length) == 0;
        if (groups != NULL)
            closedir(groups);
    }
    return count;
}

static recipe limited(int has_group)
{
    recipe recipe = { .lanes = 1, .sandbox = usual_sandbox(), .spawn = { .memory = 32 << 20 }, .grants = { folder } };
    recipe.sandbox.may |= KWS_MAY_SHARE_FILES;
    recipe.sandbox.grants = 1;
    recipe.sandbox.access[0] = KWS_READ | KWS_WRITE;
    recipe.sandbox.wanted[KWS_MEMORY_GROUP] = has_group ? KWS_IF_AVAILABLE : KWS_NO;
    return recipe;
}

static outcome share(served *served, const char *megabytes)
{
    char text[128];
    snprintf(text, sizeof text, "share %s %s/file", megabytes, folder);
    kww_remote *remote = remote_of(served, NULL);
    outcome outcome = ask_text(remote, text);
    free_remote(remote, served);
    return outcome;
}

/* Shared memory, which no limit of a process counts. 0: no group can be made here. */
static int limit_memory(zygote *zygote)
{
    recipe with = limited(1), without = limited(0);
    served *grouped = start_instance(zygote, &with), *plain = start_instance(zygote, &without);
    NEED(grouped != NULL && plain != NULL);
    CHECK_EQUAL(plain->group_version, 0);
    CHECK_EQUAL(share(plain, "400").status, KW_OK);
    end_worker_of(plain);
    if (grouped->report.outcome[KWS_MEMORY_GROUP].state != KWS_ENFORCED) {
        CHECK(grouped->report.outcome[KWS_MEMORY_GROUP].why[0] != '\0' && grouped->group_version == 0);
        end_worker_of(grouped);
        return 0;
    }
    CHECK_EQUAL(access(grouped->group, F_OK), 0);
    CHECK_EQUAL(share(grouped, "16").status, KW_OK);
    outcome killed = share(grouped, "400");
    CHECK_EQUAL(killed.status, KWW_FAULT);
    CHECK_EQUAL(killed.fault.kind, KWW_FAULT_LIMIT);
    CHECK_EQUAL(killed.fault.limit, KWW_KILL_MEMORY);
    await_end(grouped);
    CHECK_EQUAL(access(grouped->group, F_OK), -1);
    end_worker_of(grouped);
    /* Another kill is a crash, with a group or not. */
    grouped = start_instance(zygote, &with);
    NEED(grouped != NULL);
    kww_remote *remote = remote_of(grouped, NULL);
    CHECK_EQUAL(ask_text(remote, "raise 9").fault.kind, KWW_FAULT_CRASHED);
    free_remote(remote, grouped);
    end_worker_of(grouped);
    return 1;
}

/* A limit that changes holds for those who live. */
static void change_limit(zygote *zygote)
{
    recipe recipe = limited(1);
    served *served = start_instance(zygote, &recipe);
    NEED(served != NULL);
    CHECK_EQUAL(kws_limit_memory(served->group, served->group_version, kww_group_memory(1, UINT64_C(600) << 20)), 0);
    CHECK_EQUAL(share(served, "400").status, KW_OK);
    /* What it has cannot be taken, but by its end. */
    CHECK_EQUAL(kws_limit_memory(served->group, served->group_version, kww_group_memory(1, UINT64_C(32) << 20)), 0);
    CHECK_EQUAL(share(served, "400").fault.limit, KWW_KILL_MEMORY);
    end_worker_of(served);
}

static int32_t number_of_child(const outcome *outcome)
{
    return (int32_t)outcome->pid;
}

/* Where programs have no namespace their group ends them with the worker, whatever session they made for themselves. */
static void end_programs(zygote *zygote)
{
    recipe recipe = limited(1);
    recipe.sandbox.may |= KWS_MAY_START_PROGRAMS;
    recipe.sandbox.processes = 16;
    recipe.sandbox.wanted[KWS_SEAL] = recipe.sandbox.wanted[KWS_WRITE_XOR_EXECUTE] = KWS_IF_AVAILABLE;
    recipe.sandbox.wanted[KWS_PROCESS_GROUP] = KWS_REQUIRED;
    served *served = start_instance(zygote, &recipe);
    if (served == NULL) {
        CHECK(kws_landlock_abi() < 6);
        printf("SKIP programs of workers in control groups: they need Landlock ABI 6\n");
        return;
    }
    CHECK_EQUAL(served->report.outcome[KWS_PROCESS_GROUP].state, KWS_ENFORCED);
    kww_remote *remote = remote_of(served, NULL);
    outcome left = ask_text(remote, "leave-child");
    CHECK_EQUAL(left.status, KW_OK);
    int child = (int)syscall(SYS_pidfd_open, number_of_child(&left), 0);
    struct pollfd end = { .fd = child, .events = POLLIN };
    CHECK(child >= 0 && poll(&end, 1, 0) == 0);
    CHECK_EQUAL(ask_text(remote, "fork-many 100").status, KW_UNAVAILABLE);
    free_remote(remote, served);
    end_worker_of(served);
    CHECK_EQUAL(poll(&end, 1, 20000), 1);
    close(child);
}

/* What a zygote that was killed could not remove the next one does. */
static void leave_to_next(void)
{
    zygote first, second;
    recipe recipe = limited(1);
    start_zygote(&first, NULL, NULL);
    served *served = start_instance(&first, &recipe);
    NEED(served != NULL);
    CHECK(count_groups(first.pid) > 0);
    kill(first.pid, SIGKILL);
    await_end(served);
    end_worker_of(served);
    int32_t gone = first.pid;
    end_zygote(&first);
    CHECK(count_groups(gone) > 0);
    start_zygote(&second, NULL, NULL);
    served = start_instance(&second, &recipe);
    NEED(served != NULL);
    CHECK_EQUAL(count_groups(gone), 0);
    /* By a signal, as when its host has died. */
    kill(second.pid, SIGTERM);
    await_end(served);
    end_worker_of(served);
    gone = second.pid;
    end_zygote(&second);
    CHECK_EQUAL(count_groups(gone), 0);
}

void test_groups(void)
{
    zygote zygote;
    NEED(mkdtemp(folder) != NULL && chown(folder, geteuid() == 0 ? 65534 : geteuid(), getegid()) == 0);
    start_zygote(&zygote, NULL, NULL);
    int32_t number = zygote.pid;
    int is_here = limit_memory(&zygote);
    if (is_here) {
        change_limit(&zygote);
        end_programs(&zygote);
        CHECK(count_groups(number) > 0);
    }
    end_zygote(&zygote);
    CHECK_EQUAL(count_groups(number), 0);
    if (is_here)
        leave_to_next();
    else
        printf("SKIP control groups of workers: here none can be made\n");
    NEED(rmdir(folder) == 0);
}
