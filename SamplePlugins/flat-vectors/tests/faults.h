/* Faults at the calls that change files, which the linker wraps (see the Makefile): the process ends there, what was not
 * synced is lost, or the call fails. */
#ifndef FLAT_VECTORS_TESTS_FAULTS_H
#define FLAT_VECTORS_TESTS_FAULTS_H

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

typedef enum fault {
    NO_FAULT,
    KILL_BEFORE, /* the call */
    KILL_INSIDE, /* half of a write is done */
    KILL_AFTER,
    LOSE_ALL,    /* the machine stops before the call: what was not synced is gone */
    LOSE_SOME,   /* or some of it is, whatever the order was */
    FAIL,        /* the call does nothing and says EIO */
    FAULTS
} fault;

static fault fault_kind;
static unsigned fault_at, fault_calls;

/* Writes since the last sync of their file, so that they can be undone. */
#define MOST_UNSYNCED 512
static struct unsynced {
    int file; /* a descriptor of our own: the plugin may close its */
    ino_t inode;
    off_t offset, size_before;
    size_t length, old_length;
    unsigned char *old;
} unsynced[MOST_UNSYNCED];
static unsigned unsynced_count;

ssize_t __real_pwrite(int file, const void *bytes, size_t size, off_t offset);
int __real_fdatasync(int file);
int __real_fsync(int file);
int __real_renameat(int from, const char *old, int to, const char *name);
int __real_ftruncate(int file, off_t size);
int __real_unlinkat(int folder, const char *name, int flags);
ssize_t __wrap_pwrite(int file, const void *bytes, size_t size, off_t offset);
int __wrap_fdatasync(int file);
int __wrap_fsync(int file);
int __wrap_renameat(int from, const char *old, int to, const char *name);
int __wrap_ftruncate(int file, off_t size);
int __wrap_unlinkat(int folder, const char *name, int flags);

static inline void end_now(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static inline void lose_unsynced(void)
{
    while (unsynced_count > 0) {
        struct unsynced *u = &unsynced[--unsynced_count];
        if (fault_kind == LOSE_SOME && random_below(2))
            continue;
        unsigned char *zeros = calloc(u->length + 1, 1); /* a file that became longer, without the bytes */
        if (__real_pwrite(u->file, zeros, u->length, u->offset) < 0
            || __real_pwrite(u->file, u->old, u->old_length, u->offset) < 0
            || (fault_kind == LOSE_ALL && __real_ftruncate(u->file, u->size_before) != 0))
            _exit(3);
        free(zeros);
    }
}

/* Does this call meet the fault? Does not return from one that ends the process. */
static inline int meets_fault(void)
{
    if (fault_kind == NO_FAULT || ++fault_calls != fault_at)
        return 0;
    if (fault_kind == LOSE_ALL || fault_kind == LOSE_SOME)
        lose_unsynced();
    if (fault_kind != FAIL && fault_kind != KILL_INSIDE && fault_kind != KILL_AFTER)
        end_now();
    return 1;
}

static inline int fail(void)
{
    errno = EIO;
    return -1;
}

static inline int after(int result)
{
    if (fault_kind == KILL_INSIDE || fault_kind == KILL_AFTER)
        end_now();
    return result;
}

ssize_t __wrap_pwrite(int file, const void *bytes, size_t size, off_t offset)
{
    struct stat info;
    if (meets_fault()) {
        if (fault_kind == FAIL)
            return fail();
        ssize_t done = __real_pwrite(file, bytes, fault_kind == KILL_INSIDE ? size / 2 : size, offset);
        return after((int)done);
    }
    if ((fault_kind == LOSE_ALL || fault_kind == LOSE_SOME) && unsynced_count < MOST_UNSYNCED && fstat(file, &info) == 0) {
        struct unsynced *u = &unsynced[unsynced_count++];
        *u = (struct unsynced) { .file = dup(file), .inode = info.st_ino, .offset = offset, .size_before = info.st_size, .length = size,
                                 .old = malloc(size + 1) };
        ssize_t n = pread(file, u->old, size, offset);
        u->old_length = n < 0 ? 0 : (size_t)n;
    }
    return __real_pwrite(file, bytes, size, offset);
}

static inline void synced(int file)
{
    struct stat info;
    unsigned kept = 0;
    if (fstat(file, &info) != 0)
        return;
    for (unsigned i = 0; i < unsynced_count; i++) {
        if (unsynced[i].inode != info.st_ino) {
            unsynced[kept++] = unsynced[i];
            continue;
        }
        close(unsynced[i].file);
        free(unsynced[i].old);
    }
    unsynced_count = kept;
}

int __wrap_fdatasync(int file)
{
    int met = meets_fault();
    if (met && fault_kind == FAIL)
        return fail();
    int result = __real_fdatasync(file);
    synced(file);
    return met ? after(result) : result;
}

int __wrap_fsync(int file)
{
    int met = meets_fault();
    if (met && fault_kind == FAIL)
        return fail();
    int result = __real_fsync(file);
    synced(file);
    return met ? after(result) : result;
}

int __wrap_renameat(int from, const char *old, int to, const char *name)
{
    int met = meets_fault();
    if (met && fault_kind == FAIL)
        return fail();
    int result = __real_renameat(from, old, to, name);
    return met ? after(result) : result;
}

int __wrap_ftruncate(int file, off_t size)
{
    int met = meets_fault();
    if (met && fault_kind == FAIL)
        return fail();
    int result = __real_ftruncate(file, size);
    return met ? after(result) : result;
}

int __wrap_unlinkat(int folder, const char *name, int flags)
{
    int met = meets_fault();
    if (met && fault_kind == FAIL)
        return fail();
    int result = __real_unlinkat(folder, name, flags);
    return met ? after(result) : result;
}

#endif
