/* Attacks: on other processes, by their files, their memory, signals. */
#define _GNU_SOURCE
#include "attack_helpers.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *of_victim(const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)target_.victim, name);
    return path;
}

OPEN(open_memory, of_victim("mem"), O_RDWR)
OPEN(open_environment, of_victim("environ"), O_RDONLY)
OPEN(open_command, of_victim("cmdline"), O_RDONLY)
OPEN(open_own_memory, "/proc/self/mem", O_RDWR)
OPEN(open_own_environment, "/proc/self/environ", O_RDONLY)
OPEN(open_own_maps, "/proc/self/maps", O_RDONLY)
OPEN(open_processes, "/proc", O_RDONLY | O_DIRECTORY)
CALL(trace, SYS_ptrace, PTRACE_SEIZE, target_.victim, 0L, 0L)
CALL(be_traced, SYS_ptrace, PTRACE_TRACEME, 0L, 0L, 0L)
CALL(compare, SYS_kcmp, getpid(), target_.victim, 0L, 0L, 0L)
CALL(name_process, SYS_pidfd_open, target_.victim, 0)
CALL(take_descriptor, SYS_pidfd_getfd, target_.victim_pidfd, 0, 0)
CALL(signal_victim, SYS_kill, target_.victim, 0)
CALL(signal_parent, SYS_kill, target_.parent, 0)
CALL(signal_everybody, SYS_kill, -1, 0)
CALL(signal_group, SYS_kill, 0, 0)
CALL(signal_thread, SYS_tgkill, target_.victim, target_.victim, 0)
CALL(signal_task, SYS_tkill, target_.victim, 0)
CALL(signal_by_pidfd, SYS_pidfd_send_signal, target_.victim_pidfd, 0, NULL, 0)
CALL(limit_victim, SYS_prlimit64, target_.victim, RLIMIT_NOFILE, NULL, NULL)
CALL(slow_victim, SYS_setpriority, PRIO_PROCESS, target_.victim, 19)
CALL(slow_user, SYS_setpriority, PRIO_USER, 0, 0)
CALL(schedule_victim, SYS_sched_setscheduler, target_.victim, SCHED_OTHER, &(struct sched_param){ 0 })
CALL(signal_itself, SYS_kill, getpid(), 0)
CALL(raise_in_itself, SYS_tgkill, getpid(), syscall(SYS_gettid), 0)

static int open_thread(const char *name, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%ld/%s", syscall(SYS_gettid), name);
    return open_and_close(path, flags);
}

static int write_thread_memory(void)
{
    return open_thread("mem", O_RDWR);
}

static int name_thread(void)
{
    return open_thread("comm", O_WRONLY);
}

static int queue_signal(void)
{
    siginfo_t info = { 0 };
    info.si_code = SI_QUEUE;
    return answer(syscall(SYS_rt_sigqueueinfo, target_.victim, 0, &info));
}

static int access_memory(long number)
{
    char byte = 0;
    struct iovec here = { &byte, 1 }, there = { target_.victim_secret, 1 };
    return answer(syscall(number, target_.victim, &here, 1L, &there, 1L, 0L));
}

static int read_memory(void)
{
    return access_memory(SYS_process_vm_readv);
}

static int write_memory(void)
{
    return access_memory(SYS_process_vm_writev);
}

static int send_input_signal(void)
{
    int channel[2];
    return pipe(channel) != 0 ? -errno : answer(fcntl(channel[0], F_SETOWN, target_.victim));
}

static const attack attacks[] = {
    { 4, "open the memory of another process", open_memory, -EACCES, -ENOENT, PLAIN },
    { 4, "open its environment", open_environment, -EACCES, -ENOENT, PLAIN },
    { 4, "open its command line", open_command, -EACCES, -ENOENT, PLAIN },
    { 4, "open its own memory", open_own_memory, -EACCES, 0, PLAIN },
    { 4, "open its own environment", open_own_environment, -EACCES, 0, PLAIN },
    { 4, "open its own maps", open_own_maps, -EACCES, 0, PLAIN },
    { 4, "write its own memory by a thread", write_thread_memory, -EACCES, -ENOENT, PLAIN },
    { 4, "write to a thread's files", name_thread, -EACCES, -ENOENT, PLAIN },
    { 4, "list processes", open_processes, -EACCES, 0, PLAIN },

    { 5, "trace another process", trace, -EPERM, 0, PLAIN },
    { 5, "be traced", be_traced, -EPERM, 0, PLAIN },
    { 5, "read its memory", read_memory, -EPERM, 0, PLAIN },
    { 5, "write its memory", write_memory, -EPERM, 0, PLAIN },
    { 5, "take a descriptor of it", take_descriptor, -EPERM, 0, PLAIN },
    { 5, "compare with it", compare, -EPERM, 0, PLAIN },
    { 5, "name it by a pidfd", name_process, -EPERM, 0, PLAIN },

    { 6, "signal another process", signal_victim, -EPERM, 0, PLAIN },
    { 6, "signal the host", signal_parent, -EPERM, 0, AS_ROOT, 0 },
    { 6, "signal everybody", signal_everybody, -EPERM, 0, PLAIN },
    { 6, "signal its group", signal_group, -EPERM, 0, PLAIN },
    { 6, "signal a thread of another", signal_thread, -EPERM, 0, PLAIN },
    { 6, "signal a task of another", signal_task, -EPERM, 0, PLAIN },
    { 6, "queue a signal", queue_signal, -EPERM, 0, PLAIN },
    { 6, "signal by a pidfd that it has", signal_by_pidfd, -EPERM, 0, PLAIN },
    { 6, "have the kernel signal another", send_input_signal, -EPERM, 0, PLAIN },
    { 6, "see the limits of another", limit_victim, -EPERM, 0, PLAIN },
    { 6, "slow another down", slow_victim, -EPERM, 0, PLAIN },
    { 6, "slow all of the user down", slow_user, -EPERM, 0, AS_ROOT, 0 },
    { 6, "schedule another", schedule_victim, -EPERM, 0, PLAIN },
    { 6, "allowed: signal itself", signal_itself, 0, 0, PLAIN },
    { 6, "allowed: raise", raise_in_itself, 0, 0, PLAIN },
};
const attack_group attacks_processes = GROUP(attacks);
