/* What libdispatch reads of its threads. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

int kws_open_thread_state(int32_t threads, const char *path)
{
    static const char before[] = "/proc/", after[] = "/stat";
    int error = errno;
    size_t digits = 0;
    char name[32];
    if (strncmp(path, before, sizeof before - 1) == 0)
        digits = strspn(path + sizeof before - 1, "0123456789");
    if (digits == 0 || digits > 10 || strcmp(path + sizeof before - 1 + digits, after) != 0)
        return -1;
    snprintf(name, sizeof name, "%.*s%s", (int)digits, path + sizeof before - 1, after);
    int file = threads >= 0 ? openat(threads, name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    errno = error;
    return file;
}
