/* The group of one worker: its limits, how a process enters it, and its end. */
#define _GNU_SOURCE
#include "groups.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The most that is asked for at once: a group may stay so far below its limit. */
#define LARGEST_PAGE (UINT64_C(2) << 20)

static const uint32_t mechanisms[KWS_CONTROLLERS] = { KWS_MEMORY_GROUP, KWS_PROCESS_GROUP };

static int has(const kws_group *group, uint32_t controller)
{
    return (group->made >> controller & 1) != 0;
}

uint32_t kws_group_folder(const kws_group *group, uint32_t controller, char *folder, size_t size)
{
    if (!has(group, controller))
        return 0;
    snprintf(folder, size, "%s/%" PRIu32, group->groups->folder[controller], group->number);
    return group->groups->version[controller];
}

/* ---- limits ------------------------------------------------------------------------------------------------ */

/* That of memory and of memory with swap: one is never above the other, so that it takes three steps up or down. */
static int limit_old_memory(const char *folder, const char *bytes)
{
    static const char with_swap[] = "memory.memsw.limit_in_bytes";
    kws_write_text(folder, with_swap, bytes);
    int error = kws_write_text(folder, "memory.limit_in_bytes", bytes);
    if (error != 0)
        return error;
    error = kws_write_text(folder, with_swap, bytes);
    return error == ENOENT ? 0 : error; /* a kernel that does not count what is swapped */
}

int kws_limit_memory(const char *folder, uint32_t version, uint64_t bytes)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, bytes);
    if (version == 1)
        return limit_old_memory(folder, bytes != 0 ? text : "-1");
    int error = kws_write_text(folder, "memory.max", bytes != 0 ? text : "max");
    if (error != 0)
        return error;
    error = kws_write_text(folder, "memory.swap.max", bytes != 0 ? "0" : "max");
    /* A worker that goes beyond ends whole, with its programs. */
    kws_write_text(folder, "memory.oom.group", "1");
    return error == ENOENT ? 0 : error;
}

static int set_limit(const char *folder, uint32_t version, uint32_t controller, const kws_limits *limits)
{
    char text[24];
    if (controller == 0)
        return kws_limit_memory(folder, version, limits->group_memory);
    if (limits->processes == 0)
        return 0;
    snprintf(text, sizeof text, "%" PRIu64, limits->processes);
    return kws_write_text(folder, "pids.max", text);
}

/* Of version 2 both controllers have one folder. */
static int make_folder(const kws_group *group, uint32_t controller, const char *folder)
{
    if (controller > 0 && has(group, 0) && strcmp(group->groups->folder[0], group->groups->folder[controller]) == 0)
        return 0;
    return mkdir(folder, 0700) == 0 ? 0 : errno;
}

void kws_group_make(kws_group *group, const kws_groups *groups, uint32_t number, const kws_policy *policy)
{
    char folder[KWS_GROUP_PATH + 16];
    *group = (kws_group){ .groups = groups, .number = number };
    for (uint32_t i = 0; i < KWS_CONTROLLERS; i++) {
        if (!kws_is_wanted(policy, mechanisms[i]))
            continue;
        group->error[i] = groups->error[i];
        if (groups->version[i] == 0)
            continue;
        snprintf(folder, sizeof folder, "%s/%" PRIu32, groups->folder[i], number);
        int error = make_folder(group, i, folder);
        if (error == 0) {
            error = set_limit(folder, groups->version[i], i, &policy->limits);
            if (error == 0)
                group->made |= 1u << i;
            else if (group->made == 0 || groups->version[i] == 1)
                rmdir(folder);
        }
        group->error[i] = error;
    }
}

/* ---- entering ---------------------------------------------------------------------------------------------- */

int kws_open_group(const kws_policy *policy)
{
    char folder[KWS_GROUP_PATH + 16];
    for (uint32_t i = 0; policy->group != NULL && i < KWS_CONTROLLERS; i++) {
        if (kws_group_folder(policy->group, i, folder, sizeof folder) == 2)
            return open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    return -1;
}

/* A process that has one thread and moves itself, by the list of threads, is moved without the lock that keeps every fork of
 * the machine waiting, and that takes milliseconds to get. Version 2 has no such list. */
static int enter(const char *folder, uint32_t version)
{
    return kws_write_text(folder, version == 1 ? "tasks" : "cgroup.procs", "0");
}

static void note_limit(kws_report *report, uint32_t controller, uint32_t version, const kws_limits *limits)
{
    uint64_t limit = controller == 0 ? limits->group_memory : limits->processes;
    if (limit == 0)
        kws_note(report, mechanisms[controller], KWS_ENFORCED, 0, "version %u", (unsigned int)version);
    else
        kws_note(report, mechanisms[controller], KWS_ENFORCED, 0, "version %u, %" PRIu64 " %s", (unsigned int)version, limit,
                 controller == 0 ? "bytes" : "processes and threads");
}

void kws_enter_group(const kws_policy *policy, kws_report *report, int is_there)
{
    char folder[KWS_GROUP_PATH + 16];
    for (uint32_t i = 0; i < KWS_CONTROLLERS; i++) {
        if (!kws_is_wanted(policy, mechanisms[i]))
            continue;
        uint32_t version = policy->group != NULL ? kws_group_folder(policy->group, i, folder, sizeof folder) : 0;
        int error = version != 0 ? 0 : policy->group != NULL ? policy->group->error[i] : ENOENT;
        if (version == 1 || (version == 2 && !is_there))
            error = enter(folder, version);
        if (version != 0 && error == 0) {
            note_limit(report, i, version, &policy->limits);
            if (mechanisms[i] == KWS_PROCESS_GROUP)
                kws_note(report, KWS_PROCESSES, KWS_UNUSED, 0, "its group counts them");
            continue;
        }
        kws_note(report, mechanisms[i], KWS_NOT_ENFORCED, error, "no control group of %s here (%s)", kws_controllers[i],
                 error != 0 ? strerrorname_np(error) : "0");
    }
}

int kws_check_groups(const kws_policy *policy, kws_report *report)
{
    for (uint32_t i = 0; i < KWS_CONTROLLERS; i++) {
        kws_outcome outcome = report->outcome[mechanisms[i]];
        if (!kws_is_wanted(policy, mechanisms[i]) || outcome.state == KWS_ENFORCED)
            continue;
        if (kws_do_without(policy, report, mechanisms[i], KWS_NOT_ENFORCED, outcome.error, "%s",
                           outcome.why[0] != '\0' ? outcome.why : "the process was not forked into one") != 0)
            return -1;
    }
    return 0;
}

/* ---- its end ----------------------------------------------------------------------------------------------- */

/* The kernel also kills when a group above, or the machine, has no memory left: that was not this one's limit. */
uint64_t kws_group_kills(const kws_group *group)
{
    char folder[KWS_GROUP_PATH + 16];
    uint32_t version = kws_group_folder(group, 0, folder, sizeof folder);
    if (version == 0)
        return 0;
    if (version == 2)
        return kws_read_count(folder, "memory.events", "oom") > 0 ? kws_read_count(folder, "memory.events", "oom_kill") : 0;
    /* Some kernels do not count refusals in memory.failcnt. With swap is as much or more, where it is counted. */
    uint64_t most = kws_read_count(folder, "memory.memsw.max_usage_in_bytes", NULL);
    if (most == 0)
        most = kws_read_count(folder, "memory.max_usage_in_bytes", NULL);
    uint64_t limit = kws_read_count(folder, "memory.limit_in_bytes", NULL);
    return most + LARGEST_PAGE >= limit ? kws_read_count(folder, "memory.oom_control", "oom_kill") : 0;
}

int kws_group_end(kws_group *group)
{
    char folder[KWS_GROUP_PATH + 16];
    /* Processes first: nothing comes into them any more. */
    for (uint32_t i = KWS_CONTROLLERS; i-- > 0;) {
        if (kws_group_folder(group, i, folder, sizeof folder) == 0)
            continue;
        kws_kill_group(folder);
        if (rmdir(folder) == 0 || errno == ENOENT)
            group->made &= ~(1u << i);
    }
    return group->made == 0;
}

/* ---- what there is here ------------------------------------------------------------------------------------ */

void kws_try_groups(int results[KWS_CONTROLLERS])
{
    kws_groups groups;
    kws_group group;
    kws_policy policy;
    kws_policy_make(&policy);
    policy.limits.group_memory = UINT64_C(1) << 30;
    policy.limits.processes = 1;
    policy.wanted[KWS_MEMORY_GROUP] = policy.wanted[KWS_PROCESS_GROUP] = KWS_IF_AVAILABLE;
    kws_groups_open(&groups);
    kws_group_make(&group, &groups, 0, &policy);
    for (uint32_t i = 0; i < KWS_CONTROLLERS; i++)
        results[i] = group.error[i];
    kws_group_end(&group);
    kws_groups_close(&groups);
}
