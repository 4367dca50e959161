/* Files: a folder that is given in another, what is mapped and shared, and the state of threads. */
#define _GNU_SOURCE
#include "permissions.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int see_old_root(void)
{
    return access("/.old", F_OK) == 0 ? 0 : -errno;
}

/* A folder for writing in one for reading, given in the wrong order, in a root of its own. */
static void test_nested(void)
{
    char outer_path[200];
    snprintf(outer_path, sizeof outer_path, "%s", target_.folder);
    kws_grant grants[2] = {
        { open(target_.granted, O_PATH | O_CLOEXEC), KWS_READ | KWS_WRITE },
        { open(outer_path, O_PATH | O_CLOEXEC), KWS_READ },
    };
    NEED(grants[0].descriptor >= 0 && grants[1].descriptor >= 0);
    for (int has_root = 0; has_root <= can_make_namespaces(); has_root++) {
        task task = with(0);
        task.policy.grants = grants;
        task.policy.grant_count = 2;
        task.policy.wanted[KWS_MOUNT_SPACE] = has_root ? KWS_REQUIRED : KWS_NO;
        CHECK_RESULT(task, the("allowed: make a file in a given folder"), 0);
        CHECK_RESULT(task, the("allowed: read a file given for reading"), 0);
        CHECK_RESULT(task, the("write to a file that is not given"), has_root ? -EROFS : -EACCES);
        CHECK_RESULT(task, the("leaks: stat of /etc/shadow"), has_root ? -ENOENT : 0);
        CHECK_RESULT(task, see_old_root, -ENOENT);
    }
    close(grants[0].descriptor);
    close(grants[1].descriptor);
}

static int map_shared_file(void)
{
    char path[200];
    snprintf(path, sizeof path, "%s/file", target_.granted);
    int file = open(path, O_RDWR);
    return file < 0 ? -errno : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED ? -errno : 0;
}

static void test_shared_files(void)
{
    task task = with(0);
    CHECK_RESULT(task, map_shared_file, -EPERM);
    task = with(KWS_MAY_SHARE_FILES);
    CHECK_RESULT(task, map_shared_file, 0);
    CHECK_RESULT(task, the("take shared memory"), -EPERM);
    CHECK_RESULT(task, the("take shared zeros"), -EACCES);
    CHECK_RESULT(task, the("make a memory file"), -EPERM);
}

/* Bytes of its own state that a thread can read, as libdispatch does; or -errno. */
static int read_own_state(void)
{
    char path[40], text[512];
    snprintf(path, sizeof path, "/proc/%ld/stat", syscall(SYS_gettid));
    if (openat(AT_FDCWD, path, O_RDONLY) >= 0)
        return -EEXIST;
    int file = kws_open_thread_state(arena_threads, path);
    ssize_t size = file < 0 ? -1 : read(file, text, sizeof text);
    return size < 0 ? -errno : size > 0 && strtol(text, NULL, 10) != syscall(SYS_gettid) ? -EIO : (int)size;
}

/* Of nothing else. */
static int read_other_state(void)
{
    static const char *const others[] = { "/proc/self/stat", "/proc/1/status", "/proc//stat", "/proc/1/../stat", "/proc/1x/stat",
                                          "/proc/12345678901/stat", "proc/1/stat", "/etc/passwd", "", "/proc/1/stat/" };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        errno = ENOENT;
        if (kws_open_thread_state(arena_threads, others[i]) != -1 || errno != ENOENT)
            return -(int)i - 1;
    }
    char byte, path[40];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)target_.victim);
    int file = kws_open_thread_state(arena_threads, path);
    return file >= 0 && read(file, &byte, 1) == 0 ? 0 : -100;
}

static void test_thread_state(void)
{
    task task = with(0);
    CHECK(attempt(&task, read_own_state).result > 0);
    CHECK_RESULT(task, read_other_state, 0);
    if (!can_make_namespaces())
        return;
    task.policy.wanted[KWS_MOUNT_SPACE] = KWS_REQUIRED;
    CHECK(attempt(&task, read_own_state).result > 0);
    task.policy.wanted[KWS_PROCESS_SPACE] = KWS_REQUIRED;
    CHECK_RESULT(task, read_own_state, 0);
}

/* The folder of the runtime may be one of those that every worker reads, and a link: on merged systems it is. */
static void test_linked_folder(void)
{
    task task = with(0);
    if (!can_make_namespaces())
        return;
    task.policy.wanted[KWS_MOUNT_SPACE] = KWS_REQUIRED;
    static const char *const folders[] = { "/lib64", "/lib", "/usr/lib", "/usr/lib/x86_64-linux-gnu", "/not/there" };
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        task.policy.runtime_folder = folders[i];
        CHECK(attempt(&task, read_own_state).result > 0);
    }
}

void test_files(void)
{
    make_target(attacker());
    test_nested();
    test_shared_files();
    test_thread_state();
    test_linked_folder();
    destroy_target();
}
