#define _GNU_SOURCE
#include "attack_helpers.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

target target_;

int answer(long result)
{
    return result < 0 ? -errno : 0;
}

int open_and_close(const char *path, int flags)
{
    int file = open(path, flags, 0600);
    if (file < 0)
        return -errno;
    close(file);
    return 0;
}

int with_file(const char *name)
{
    int file = open(GRANTED(name), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (file < 0)
        return -errno;
    ssize_t written = write(file, "text", 4);
    close(file);
    return written == 4 ? 0 : -EIO;
}

int map_and_unmap(int protection, int flags, size_t size, int file)
{
    void *memory = mmap(NULL, size, protection, flags, file, 0);
    if (memory == MAP_FAILED)
        return -errno;
    munmap(memory, size);
    return 0;
}

const char *join(const char *folder, const char *name)
{
    static char path[4][200];
    static unsigned int next;
    char *place = path[next++ % 4];
    snprintf(place, sizeof path[0], "%s/%s", folder, name);
    return place;
}
