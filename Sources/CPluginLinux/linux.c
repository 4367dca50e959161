#define _GNU_SOURCE
#include "CPluginLinux.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3; Debian 12's headers do not have it */
#endif

int kwl_open_place(const char *path)
{
    return open(path, O_PATH | O_CLOEXEC);
}

int kwl_memfd(const char *file_name)
{
    /* The kernel allows fewer bytes than a file system does (249 to 255). */
    char name[200];
    size_t length = strnlen(file_name, sizeof name - 1);
    memcpy(name, file_name, length);
    name[length] = '\0';
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd;
}

static int allows_code(int fd)
{
    void *page = MAP_FAILED;
    if (ftruncate(fd, 1) == 0)
        page = mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    if (page == MAP_FAILED)
        return 0;
    munmap(page, 1);
    return ftruncate(fd, 0) == 0;
}

int kwl_unnamed_file(void)
{
    static const char *const folders[] = { "/dev/shm", "/var/tmp", "/tmp" };
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        int fd = open(folders[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0700);
        if (fd < 0)
            continue;
        if (allows_code(fd))
            return fd;
        close(fd);
    }
    errno = EACCES;
    return -1;
}

int kwl_reopen_for_reading(int fd)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int reading = open(path, O_RDONLY | O_CLOEXEC);
    int reason = errno;
    close(fd);
    errno = reason;
    return reading;
}

int kwl_seal(int fd)
{
    return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

static int copy_by_reading(int from, int to, uint64_t at, uint64_t size)
{
    unsigned char buffer[65536];
    while (at < size) {
        size_t want = size - at < sizeof buffer ? (size_t)(size - at) : sizeof buffer;
        ssize_t got = pread(from, buffer, want, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0) {
            errno = ENODATA;
            return -1;
        }
        for (ssize_t done = 0; done < got;) {
            ssize_t put = pwrite(to, buffer + done, (size_t)(got - done), (off_t)at + done);
            if (put < 0 && errno == EINTR)
                continue;
            if (put < 0)
                return -1;
            done += put;
        }
        at += (uint64_t)got;
    }
    return 0;
}

int kwl_copy(int from, int to, uint64_t size)
{
    off_t at = 0;
    if (lseek(to, 0, SEEK_SET) < 0)
        return -1;
    while ((uint64_t)at < size) {
        ssize_t sent = sendfile(to, from, &at, (size_t)(size - (uint64_t)at));
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno == EINVAL || errno == ENOSYS ? copy_by_reading(from, to, (uint64_t)at, size) : -1;
        if (sent == 0) {
            errno = ENODATA;
            return -1;
        }
    }
    return 0;
}

static int measure(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    kwl_image *image = data;
    if (info->dlpi_addr != image->base)
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD)
            continue;
        uintptr_t from = info->dlpi_addr + segment->p_vaddr, to = from + segment->p_memsz;
        if ((segment->p_flags & PF_X) && image->code_ranges < KWL_CODE_RANGES) {
            image->code_begin[image->code_ranges] = from;
            image->code_end[image->code_ranges] = to;
            image->code_ranges++;
        }
    }
    return 1;
}

int kwl_find_image(void *handle, kwl_image *image)
{
    struct link_map *map = NULL;
    memset(image, 0, sizeof *image);
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map == NULL) {
        errno = EINVAL;
        return -1;
    }
    image->base = map->l_addr;
    if (dl_iterate_phdr(measure, image) == 0) {
        errno = ENOENT;
        return -1;
    }
    return 0;
}

int kwl_is_code(const kwl_image *image, const void *address)
{
    for (uint32_t i = 0; i < image->code_ranges; i++) {
        if ((uintptr_t)address >= image->code_begin[i] && (uintptr_t)address < image->code_end[i])
            return 1;
    }
    return 0;
}

typedef struct memory_range {
    uintptr_t begin, end;
} memory_range;

static int holds(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    const memory_range *range = data;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t begin = info->dlpi_addr + segment->p_vaddr, end = begin + segment->p_memsz;
        if (segment->p_type == PT_LOAD && range->begin >= begin && range->end <= end)
            return 1;
    }
    return 0;
}

int kwl_is_static(const void *ptr, uint64_t len)
{
    memory_range range = { (uintptr_t)ptr, (uintptr_t)ptr + len };
    return range.end >= range.begin && dl_iterate_phdr(holds, &range) != 0;
}

const char *kwl_secure_getenv(const char *name)
{
    return secure_getenv(name);
}

const char *const *kwl_secure_environment(void)
{
    return getauxval(AT_SECURE) ? NULL : (const char *const *)environ;
}

int kwl_has_access_list(const char *path)
{
    return lgetxattr(path, "system.posix_acl_access", NULL, 0) >= 0 || (errno != ENODATA && errno != EOPNOTSUPP);
}

int64_t kwl_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
