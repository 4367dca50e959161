#include "raw_host.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int64_t raw_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t raw_load(const char *path)
{
    int64_t began = raw_now_ns();
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *entry = handle == NULL ? NULL : dlsym(handle, "kw_plugin_entry_1");
    return entry == NULL ? -1 : raw_now_ns() - began;
}

int raw_copy_file(const char *from, const char *to)
{
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0)
        return errno;
    int target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    int problem = target < 0 ? errno : 0;
    struct stat status;
    if (problem == 0 && fstat(source, &status) != 0)
        problem = errno;
    for (off_t left = problem == 0 ? status.st_size : 0; left > 0 && problem == 0;) {
        ssize_t sent = sendfile(target, source, NULL, (size_t)left);
        if (sent > 0)
            left -= sent;
        else if (sent == 0)
            problem = ENODATA;
        else if (errno != EINTR)
            problem = errno;
    }
    if (target >= 0)
        close(target);
    close(source);
    return problem;
}
