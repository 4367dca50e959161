/* Files that system calls name are told before the kernel looks for them, whether it may open them or not. */
#define _GNU_SOURCE
#include "permissions.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGES (3 * 4096)

static int was_told[8];
static char granted[4200], outside[4200];

static void take(const kws_named_file *file)
{
    const struct {
        const char *path;
        uint32_t access;
        int folder;
    } expected[] = {
        { "/etc/passwd", KWS_READ, AT_FDCWD }, { granted, KWS_READ | KWS_WRITE, AT_FDCWD }, { granted, KWS_WRITE, AT_FDCWD },
        { outside, KWS_WRITE, AT_FDCWD },      { "relative", KWS_READ, 4711 },            { "", KWS_READ, AT_FDCWD },
        { "looked at", 0, AT_FDCWD },          { "at the end", KWS_WRITE, AT_FDCWD },
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        was_told[i] += strcmp(file->path, expected[i].path) == 0 && file->access == expected[i].access
            && file->folder == expected[i].folder;
    CHECK(strlen(file->path) < sizeof file->path);
}

static int result_of(long result)
{
    return result < 0 ? -errno : (int)result;
}

/* The kernel's own answer, although it was told. */
static int name_files(void)
{
    char *end = mmap(NULL, PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(end != MAP_FAILED && munmap(end + PAGES - 4096, 4096) == 0);
    end += PAGES - 4096;
    memcpy(end - 11, "at the end", 11);
    if (result_of(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY)) != -EACCES)
        return 1;
    int file = result_of(syscall(SYS_openat, AT_FDCWD, granted, O_RDWR | O_CREAT, 0600));
    if (file < 0 || write(file, "text", 4) != 4)
        return 2;
    if (result_of(syscall(SYS_renameat2, AT_FDCWD, granted, AT_FDCWD, outside, 0)) != -EACCES)
        return 3;
    if (result_of(syscall(SYS_openat, 4711, "relative", O_RDONLY)) != -EBADF)
        return 4;
    if (result_of(syscall(SYS_openat, AT_FDCWD, "", O_RDONLY)) != -ENOENT)
        return 5;
    if (result_of(syscall(SYS_openat, AT_FDCWD, "looked at", O_PATH)) != -ENOENT)
        return 6;
    if (result_of(syscall(SYS_unlinkat, AT_FDCWD, end - 11, 0)) != -ENOENT)
        return 7;
    /* What has no end, or is nowhere, is no name: the kernel says so, and nothing is told. */
    if (result_of(syscall(SYS_openat, AT_FDCWD, end - 4, O_RDONLY)) != -ENOENT)
        return 8;
    memset(end - 4096, 'x', 4096);
    if (result_of(syscall(SYS_openat, AT_FDCWD, end - 4, O_RDONLY)) != -EFAULT)
        return 9;
    if (result_of(syscall(SYS_openat, AT_FDCWD, 8, O_RDONLY)) != -EFAULT)
        return 10;
    memset(end - 8192, 'x', 8192);
    if (result_of(syscall(SYS_openat, AT_FDCWD, end - 8192, O_RDONLY)) != -ENAMETOOLONG)
        return 11;
    if (result_of(syscall(SYS_unlinkat, AT_FDCWD, granted, 0)) != 0)
        return 12;
    return 0;
}

void test_named(void)
{
    make_target(attacker());
    snprintf(granted, sizeof granted, "%s/named", target_.granted);
    snprintf(outside, sizeof outside, "%s/named", target_.outside);
    task task = with(0);
    task.named = take;
    task.policy.is_heard = 1;
    CHECK_RESULT(task, name_files, 0);
    for (size_t i = 0; i < sizeof was_told / sizeof was_told[0]; i++)
        CHECK_EQUAL(was_told[i], i == 2 ? 2 : 1);
    /* Nobody hears, and the answers are the same. */
    task.policy.is_heard = 0;
    CHECK_RESULT(task, name_files, 0);
    /* Programs have memory that is not this one: their files are not told. */
    task = with(KWS_MAY_START_PROGRAMS);
    task.named = take;
    task.policy.is_heard = 1;
    task.policy.wanted[KWS_PROCESS_SPACE] = KWS_REQUIRED;
    if (getuid() != 0)
        task.policy.wanted[KWS_USER_SPACE] = KWS_REQUIRED;
    if (getuid() == 0 || can_make_namespaces()) {
        CHECK_RESULT(task, name_files, 0);
        CHECK_EQUAL(was_told[0], 1);
    }
    /* The names of everybody's files. */
    CHECK(kws_is_everybodys("/usr", 0) && kws_is_everybodys("/usr/lib/x", 0) && kws_is_everybodys("/dev/null", 0));
    CHECK(!kws_is_everybodys("/usrx", 0) && !kws_is_everybodys("/", 0) && !kws_is_everybodys("/etc/passwd", 0));
    CHECK(kws_is_everybodys("/dev/zero", 0) && !kws_is_everybodys("/dev/zero", KWS_MAY_SHARE_FILES));
    CHECK(kws_is_everybodys("/etc/ssl/certs/a.pem", KWS_MAY_OPEN_TCP) && !kws_is_everybodys("/etc/ssl/certs/a.pem", 0));
    CHECK(!kws_is_everybodys("/etc/ssl/private/a.pem", KWS_MAY_OPEN_TCP) && !kws_is_everybodys("/etc/ssl", KWS_MAY_OPEN_TCP));
    destroy_target();
}
