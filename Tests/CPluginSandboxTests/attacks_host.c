/* Attacks: what the host shares with a worker, and what leaks to it. */
#define _GNU_SOURCE
#include "arena.h"
#include "attack_helpers.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- 20, 21: what the host shares with it ---------------------------------------------------------------------- */

static int count_descriptors(void)
{
    int count = 0;
    for (int i = 3; i < 64; i++)
        count += fcntl(i, F_GETFD) >= 0 && i != target_.sealed && i != target_.shared && i != target_.victim_pidfd
            && i != arena_threads;
    return count > 0 ? count : -EBADF;
}

CALL(shrink_sealed, SYS_ftruncate, target_.sealed, 0L)
CALL(shrink_shared, SYS_ftruncate, target_.shared, 0L)
CALL(grow_shared, SYS_ftruncate, target_.shared, 1L << 20)
CALL(punch_sealed, SYS_fallocate, target_.sealed, 3, 0L, 4096L)
CALL(punch_shared, SYS_fallocate, target_.shared, 3, 0L, 4096L)
CALL(seal_shared, SYS_fcntl, target_.shared, F_ADD_SEALS, F_SEAL_SEAL)
CALL(write_sealed, SYS_pwrite64, target_.sealed, "x", 1L, 0L)

static int map_sealed(void)
{
    return map_and_unmap(PROT_READ | PROT_WRITE, MAP_SHARED, 4096, target_.sealed);
}

static int protect_sealed(void)
{
    return answer(mprotect(target_.sealed_memory, 4096, PROT_READ | PROT_WRITE));
}

static int drop_shared(void)
{
    return answer(madvise(target_.shared_memory, 4096, MADV_REMOVE));
}

static int write_shared(void)
{
    *(volatile char *)target_.shared_memory = 1;
    return 0;
}

static int read_sealed(void)
{
    return *(volatile char *)target_.sealed_memory == 'H' ? 0 : -EIO;
}

/* ---- 40: what leaks, and is said to -------------------------------------------------------------------------- */

static int see_file(void)
{
    struct stat facts;
    return answer(stat("/etc/shadow", &facts));
}

static int see_outside(void)
{
    struct stat facts;
    return stat(OUTSIDE("secret"), &facts) != 0 ? -errno : facts.st_size == 7 ? 0 : -EIO;
}

static int see_parent(void)
{
    return getppid() == target_.parent || getppid() == 0 ? 0 : -ESRCH;
}

static int see_host(void)
{
    char path[64];
    return readlink("/proc/self/exe", path, sizeof path) < 0 ? -errno : 0;
}

static const attack attacks[] = {
    { 20, "find descriptors of the host", count_descriptors, -EBADF, 0, PLAIN },

    { 21, "shrink the host's memory", shrink_sealed, -EPERM, 0, UNSEALED, 0 },
    { 21, "shrink the shared memory", shrink_shared, -EPERM, 0, UNSEALED, 0 },
    { 21, "grow the shared memory", grow_shared, -EPERM, 0, UNSEALED, 0 },
    { 21, "make holes in the host's memory", punch_sealed, -EPERM, 0, UNSEALED, 0 },
    { 21, "make holes in the shared memory", punch_shared, -EPERM, 0, PLAIN },
    { 21, "drop pages of the shared memory", drop_shared, -EPERM, 0, PLAIN },
    { 21, "seal the shared memory", seal_shared, -EPERM, 0, UNSEALED, 0 },
    { 21, "write to the host's file", write_sealed, -EPERM, 0, UNSEALED, 0 },
    { 21, "map the host's memory to write", map_sealed, -EPERM, 0, UNSEALED, 0 },
    { 21, "make the host's memory writable", protect_sealed, -EACCES, 0, UNSEALED, 0 },
    { 21, "allowed: write the shared memory", write_shared, 0, 0, PLAIN },
    { 21, "allowed: read the host's memory", read_sealed, 0, 0, PLAIN },

    { 40, "leaks: stat of /etc/shadow", see_file, 0, 0, PLAIN },
    { 40, "leaks: stat of a file that is not given", see_outside, 0, 0, PLAIN },
    { 40, "leaks: getppid", see_parent, 0, 0, PLAIN },
    { 40, "leaks: the path of its program", see_host, 0, 0, PLAIN },
};
const attack_group attacks_host = GROUP(attacks);
