/* Attacks: more rights than it was given, by identities, capabilities, limits, priorities. */
#define _GNU_SOURCE
#include "attack_helpers.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int raise_limit(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max = limit.rlim_max == RLIM_INFINITY ? RLIM_INFINITY : limit.rlim_max + 1;
    return answer(setrlimit(RLIMIT_FSIZE, &limit));
}

static int gain_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct all[2] = { { ~0U, ~0U, 0 }, { 0, 0, 0 } };
    all[0].effective = all[0].permitted = 1u << CAP_CHOWN;
    return answer(syscall(SYS_capset, &header, all));
}

CALL(become_root, SYS_setuid, 0)
CALL(become_root_fully, SYS_setresuid, 0, 0, 0)
CALL(join_root_group, SYS_setgid, 0)
CALL(set_groups, SYS_setgroups, 0L, NULL)
CALL(gain_priority, SYS_setpriority, PRIO_PROCESS, 0, -10)
CALL(become_real_time, SYS_sched_setscheduler, 0, SCHED_FIFO, &(struct sched_param){ .sched_priority = 1 })
CALL(gain_input_priority, SYS_ioprio_set, 1, 0, (1 << 13) | 0)
CALL(outlive_parent, SYS_prctl, PR_SET_PDEATHSIG, 0L, 0L, 0L, 0L)
CALL(be_dumpable, SYS_prctl, PR_SET_DUMPABLE, 1L, 0L, 0L, 0L)
CALL(keep_capabilities, SYS_prctl, PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L)
CALL(change_layout, SYS_prctl, PR_SET_MM, PR_SET_MM_MAP_SIZE, 0L, 0L, 0L)
CALL(reap_others, SYS_prctl, PR_SET_CHILD_SUBREAPER, 0L, 0L, 0L, 0L)

static int choose_processor(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    return answer(sched_setaffinity(0, sizeof set, &set));
}

static int have_capability(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct held[2] = { 0 };
    return syscall(SYS_capget, &header, held) == 0 && (held[0].permitted | held[1].permitted) != 0 ? 0 : -EPERM;
}

static int stay_root(void)
{
    return getuid() == 0 || geteuid() == 0 ? 0 : -EPERM;
}

static int gain_privileges(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 ? 0 : -EPERM;
}

static const attack attacks[] = {
    { 12, "raise a limit", raise_limit, -EPERM, 0, AS_ROOT, 0 },
    { 12, "become root", become_root, -EPERM, 0, AS_ROOT, 0 },
    { 12, "become root fully", become_root_fully, -EPERM, 0, AS_ROOT, 0 },
    { 12, "join root's group", join_root_group, -EPERM, 0, AS_ROOT, 0 },
    { 12, "set groups", set_groups, -EPERM, 0, AS_ROOT, 0 },
    { 12, "gain capabilities", gain_capabilities, -EPERM, 0, AS_ROOT, 0 },
    { 12, "have a capability", have_capability, -EPERM, 0, AS_ROOT, 0 },
    { 12, "be root still", stay_root, -EPERM, 0, AS_ROOT, CHANGES_USER },
    { 12, "gain privileges by programs", gain_privileges, -EPERM, 0, PLAIN },
    { 12, "gain priority", gain_priority, -EACCES, -EPERM, AS_ROOT, 0 },
    { 12, "become real time", become_real_time, -EPERM, 0, AS_ROOT, DIFFERS },
    { 12, "gain input priority", gain_input_priority, -EPERM, 0, AS_ROOT, 0 },
    { 12, "choose a processor", choose_processor, -EPERM, 0, PLAIN },
    { 12, "outlive its parent", outlive_parent, -EPERM, 0, PLAIN },
    { 12, "be dumped", be_dumpable, -EPERM, 0, PLAIN },
    { 12, "keep capabilities", keep_capabilities, -EPERM, 0, PLAIN },
    { 12, "change its layout", change_layout, -EPERM, 0, REACHED, DIFFERS },
    { 12, "stop reaping", reap_others, -EPERM, 0, PLAIN },
};
const attack_group attacks_privileges = GROUP(attacks);
