/* Attacks: namespaces, rare system calls, and other doors to the kernel. */
#define _GNU_SOURCE
#include "attack_helpers.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* ---- 10: namespaces ---------------------------------------------------------------------------------------- */

CALL(unshare_user, SYS_unshare, CLONE_NEWUSER)
CALL(unshare_network, SYS_unshare, CLONE_NEWUSER | CLONE_NEWNET)
CALL(unshare_files, SYS_unshare, CLONE_FILES)
CALL(enter_namespace, SYS_setns, target_.victim_pidfd, CLONE_NEWUTS)
CALL(mount_memory, SYS_mount, "none", "/tmp", "tmpfs", 0L, 0L)
CALL(unmount, SYS_umount2, "/tmp", 0)
CALL(pivot, SYS_pivot_root, "/nowhere", "/nowhere")
CALL(open_file_system, SYS_fsopen, "nothing", 0)
CALL(open_mount, SYS_open_tree, AT_FDCWD, "/", 0)
CALL(move_mounted, SYS_move_mount, -1, "", -1, "", 0)
CALL(enter_folder_as_root, SYS_chroot, "/tmp")
CALL(name_host, SYS_sethostname, "attack", 6L)

/* ---- 11: the kernel ----------------------------------------------------------------------------------------- */

/* What could change the machine has arguments at which the kernel looks after the caller's powers, and which it refuses. */
CALL(load_bpf, SYS_bpf, 0, NULL, 0)
CALL(count_events, SYS_perf_event_open, NULL, 0, -1, -1, 0L)
CALL(handle_faults, SYS_userfaultfd, 1)
CALL(use_keys, SYS_keyctl, 0, -3, 1)
CALL(add_a_key, SYS_add_key, "user", "keyway-attack", "x", 1L, -3)
CALL(request_a_key, SYS_request_key, "user", "keyway-attack", NULL, 0)
CALL(open_handle, SYS_open_by_handle_at, -1, NULL, 0)
CALL(make_handle, SYS_name_to_handle_at, AT_FDCWD, "/etc", NULL, NULL, 0)
CALL(change_personality, SYS_personality, 0x0040000L)
CALL(load_module, SYS_finit_module, -1, "", 0)
CALL(load_module_memory, SYS_init_module, NULL, 0L, "")
CALL(unload_module, SYS_delete_module, NULL, 0)
CALL(load_kernel, SYS_kexec_load, 0L, 0L, NULL, ~0L)
CALL(restart, SYS_reboot, 0, 0, 0, NULL)
CALL(set_clock, SYS_clock_settime, CLOCK_REALTIME, &(struct timespec){ 0, -1 })
CALL(set_day, SYS_settimeofday, &(struct timeval){ 0, -1 }, NULL)
CALL(read_kernel_log, SYS_syslog, 10, NULL, 0)
CALL(swap_on, SYS_swapon, "/nowhere", 0)
CALL(account, SYS_acct, "/nowhere")
CALL(use_quota, SYS_quotactl, 0, "/nowhere", 0, NULL)
CALL(watch_files, SYS_inotify_init1, 0)
CALL(watch_accesses, SYS_fanotify_init, 0, 0)
CALL(set_up_aio, SYS_io_setup, 0, NULL)
CALL(splice_memory, SYS_vmsplice, -1, NULL, 0L, 0)
CALL(make_semaphore, SYS_semget, 0, 1, 01600)
CALL(make_messages, SYS_msgget, 0, 01600)
CALL(make_queue, SYS_mq_open, "keyway-attack", O_CREAT | O_RDWR, 0600, NULL)
CALL(secret_memory, SYS_memfd_secret, 0)
CALL(adjust_clock, SYS_adjtimex, NULL)
#if defined(__x86_64__)
CALL(open_ports, SYS_ioperm, 0x80L, 1L, 0)
CALL(raise_port_level, SYS_iopl, 0)
CALL(change_segments, SYS_modify_ldt, 0, NULL, 0L)
#endif

static int inject_input(void)
{
    return answer(ioctl(0, TIOCSTI, "x"));
}

/* ---- 14: other doors to the kernel ---------------------------------------------------------------------------- */

#if defined(__x86_64__)
static int call_by_interrupt(void)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20 /* getpid of i386 */) : "memory");
    return result < 0 ? result : 0;
}
CALL(call_by_x32, 0x40000000L + SYS_getppid)
#endif

static const attack attacks[] = {
    { 10, "make a user namespace", unshare_user, -EPERM, 0, SUCCEEDS, NEEDS_NAMESPACE },
    { 10, "make a network namespace", unshare_network, -EPERM, 0, SUCCEEDS, NEEDS_NAMESPACE },
    { 10, "unshare descriptors", unshare_files, -EPERM, 0, PLAIN },
    { 10, "enter a namespace", enter_namespace, -EPERM, 0, AS_ROOT, 0 },
    { 10, "mount", mount_memory, -EPERM, 0, ALONE, 0 },
    { 10, "unmount", unmount, -EPERM, 0, ALONE, 0 },
    { 10, "pivot the root", pivot, -EPERM, 0, REACHED_ROOT, 0 },
    { 10, "open a file system", open_file_system, -EPERM, 0, REACHED_ROOT, 0 },
    { 10, "open a mount", open_mount, -EPERM, 0, PLAIN },
    { 10, "move a mount", move_mounted, -EPERM, 0, REACHED_ROOT, 0 },
    { 10, "change the root", enter_folder_as_root, -EPERM, 0, AS_ROOT, 0 },
    { 10, "name the host", name_host, -EPERM, 0, ALONE, 0 },

    { 11, "use BPF", load_bpf, -EPERM, 0, REACHED_ROOT, 0 },
    { 11, "count events", count_events, -EPERM, 0, REACHED, 0 },
    { 11, "handle page faults", handle_faults, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 11, "use keys", use_keys, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 11, "add a key", add_a_key, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 11, "request a key", request_a_key, -EPERM, 0, REACHED, 0 },
    { 11, "open a file by its handle", open_handle, -EPERM, 0, REACHED_ROOT, 0 },
    { 11, "get a file's handle", make_handle, -EPERM, 0, REACHED, 0 },
    { 11, "change the personality", change_personality, -EPERM, 0, PLAIN },
    { 11, "load a module from a file", load_module, -EPERM, 0, REACHED_ROOT, 0 },
    { 11, "load a module from memory", load_module_memory, -EPERM, 0, REACHED_ROOT, DIFFERS },
    { 11, "unload a module", unload_module, -EPERM, 0, REACHED_ROOT, DIFFERS },
    { 11, "load a kernel", load_kernel, -EPERM, 0, REACHED_ROOT, DIFFERS },
    { 11, "restart the machine", restart, -EPERM, 0, REACHED_ROOT, DIFFERS },
    { 11, "set the clock", set_clock, -EPERM, 0, REACHED, 0 },
    { 11, "set the day", set_day, -EPERM, 0, REACHED, 0 },
    { 11, "adjust the clock", adjust_clock, -EPERM, 0, REACHED, 0 },
    { 11, "read the kernel's log", read_kernel_log, -EPERM, 0, AS_ROOT, 0 },
    { 11, "swap", swap_on, -EPERM, 0, REACHED_ROOT, DIFFERS },
    { 11, "account", account, -EPERM, 0, REACHED_ROOT, DIFFERS },
    { 11, "use quotas", use_quota, -EPERM, 0, REACHED, 0 },
    { 11, "watch files", watch_files, -EPERM, 0, PLAIN },
    { 11, "watch accesses", watch_accesses, -EPERM, 0, AS_ROOT, DIFFERS },
    { 11, "set up asynchronous input", set_up_aio, -EPERM, 0, REACHED, 0 },
    { 11, "splice memory", splice_memory, -EPERM, 0, REACHED, 0 },
    { 11, "make a semaphore", make_semaphore, -EPERM, 0, ALONE, 0 },
    { 11, "make a message queue", make_messages, -EPERM, 0, ALONE, 0 },
    { 11, "make a POSIX queue", make_queue, -EPERM, 0, ALONE, 0 },
    { 11, "have secret memory", secret_memory, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 11, "inject input into a terminal", inject_input, -EPERM, 0, REACHED, 0 },
#if defined(__x86_64__)
    { 11, "open ports of the machine", open_ports, -EPERM, 0, REACHED_ROOT, DIFFERS },
    { 11, "raise the port level", raise_port_level, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 11, "change segments", change_segments, -EPERM, 0, SUCCEEDS, DIFFERS },

    { 14, "call by int 0x80", call_by_interrupt, KILLED_BY(SIGSYS), 0, SUCCEEDS, DIFFERS },
    { 14, "call by x32", call_by_x32, KILLED_BY(SIGSYS), 0, SUCCEEDS, DIFFERS },
#endif
};
const attack_group attacks_kernel = GROUP(attacks);
