/* Namespaces: what a process does not see it cannot reach. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int kws_namespace_flag(uint32_t mechanism)
{
    switch (mechanism) {
    case KWS_USER_SPACE: return CLONE_NEWUSER;
    case KWS_NETWORK_SPACE: return CLONE_NEWNET;
    case KWS_PROCESS_SPACE: return CLONE_NEWPID;
    case KWS_MOUNT_SPACE: return CLONE_NEWNS;
    case KWS_IPC_SPACE: return CLONE_NEWIPC;
    case KWS_NAME_SPACE: return CLONE_NEWUTS;
    default: return 0;
    }
}

static int write_text(const char *path, const char *text, int length)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return errno;
    ssize_t written = write(file, text, (size_t)length);
    int error = written == length ? 0 : written < 0 ? errno : EIO;
    close(file);
    return error;
}

int kws_open_process(void)
{
    return prctl(PR_GET_DUMPABLE) != 1 && prctl(PR_SET_DUMPABLE, 1) == 0;
}

void kws_shut_process(void)
{
    prctl(PR_SET_DUMPABLE, 0);
}

int kws_map_user(uint32_t uid, uint32_t gid)
{
    char text[48];
    /* Linux 3.19: a group may not be given up, as it may be one that takes rights away. */
    int error = write_text("/proc/self/setgroups", "deny", 4);
    if (error == 0)
        error = write_text("/proc/self/uid_map", text, snprintf(text, sizeof text, "%u %u 1", uid, uid));
    if (error == 0)
        error = write_text("/proc/self/gid_map", text, snprintf(text, sizeof text, "%u %u 1", gid, gid));
    return error;
}

int kws_enter_user_namespace(const kws_policy *policy, kws_report *report)
{
    uint32_t uid = geteuid(), gid = getegid();
    if (unshare(CLONE_NEWUSER) != 0)
        return kws_do_without(policy, report, KWS_USER_SPACE, KWS_NOT_ENFORCED, errno, "this user may not make one here");
    /* A security module may let a namespace be made, and nothing be done in it. */
    int was_shut = kws_open_process();
    int error = kws_map_user(uid, gid);
    if (was_shut)
        kws_shut_process();
    if (error != 0)
        return kws_do_without(policy, report, KWS_USER_SPACE, KWS_PARTIAL, error, "one in which no user has a number");
    kws_note(report, KWS_USER_SPACE, KWS_ENFORCED, 0, "a namespace of its own");
    return 0;
}

static int is_inside(const kws_policy *policy, kws_report *report, uint32_t mechanism)
{
    if (unshare(kws_namespace_flag(mechanism)) != 0)
        return kws_do_without(policy, report, mechanism, KWS_NOT_ENFORCED, errno, "this user may not make one here");
    if (mechanism == KWS_MOUNT_SPACE) {
        int error = kws_change_root(policy);
        if (error != 0)
            return kws_stop(report, mechanism, error, "a root of its own could not be built");
        kws_note(report, mechanism, KWS_ENFORCED, 0, "what is not given has no name");
        return 0;
    }
    kws_note(report, mechanism, KWS_ENFORCED, 0, "a namespace of its own");
    return 0;
}

int kws_enter_namespaces(const kws_policy *policy, kws_report *report)
{
    /* Mounts last: files of /proc are needed before. */
    static const uint32_t others[] = { KWS_NETWORK_SPACE, KWS_IPC_SPACE, KWS_NAME_SPACE, KWS_MOUNT_SPACE };
    int wants_other = 0;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        wants_other |= kws_is_wanted(policy, others[i]);
    /* Root needs none for the others, and takes one when it is root no more. */
    if (geteuid() != 0 && (kws_is_wanted(policy, KWS_USER_SPACE) || wants_other)
        && report->outcome[KWS_USER_SPACE].state != KWS_ENFORCED && kws_enter_user_namespace(policy, report) != 0)
        return -1;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (kws_is_wanted(policy, others[i]) && is_inside(policy, report, others[i]) != 0)
            return -1;
    }
    return 0;
}
