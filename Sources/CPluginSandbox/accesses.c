/* Which files a system call names. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096u
#define NO_ARGUMENT (-1)

/* Numbers of arguments. */
typedef struct names {
    long number;
    int8_t folder, path; /* folder: NO_ARGUMENT = relative to where the process is */
    int8_t other_folder, other_path;
    int8_t flags; /* of open(2); NO_ARGUMENT = it writes */
} names;

static const names table[] = {
    { SYS_openat, 0, 1, NO_ARGUMENT, NO_ARGUMENT, 2 },
    { SYS_unlinkat, 0, 1, NO_ARGUMENT, NO_ARGUMENT, NO_ARGUMENT },
    { SYS_mkdirat, 0, 1, NO_ARGUMENT, NO_ARGUMENT, NO_ARGUMENT },
    { SYS_linkat, 0, 1, 2, 3, NO_ARGUMENT },
    { SYS_renameat2, 0, 1, 2, 3, NO_ARGUMENT },
    { SYS_renameat, 0, 1, 2, 3, NO_ARGUMENT },
#if defined(__x86_64__)
    { SYS_open, NO_ARGUMENT, 0, NO_ARGUMENT, NO_ARGUMENT, 1 },
    { SYS_creat, NO_ARGUMENT, 0, NO_ARGUMENT, NO_ARGUMENT, NO_ARGUMENT },
    { SYS_unlink, NO_ARGUMENT, 0, NO_ARGUMENT, NO_ARGUMENT, NO_ARGUMENT },
    { SYS_rmdir, NO_ARGUMENT, 0, NO_ARGUMENT, NO_ARGUMENT, NO_ARGUMENT },
    { SYS_mkdir, NO_ARGUMENT, 0, NO_ARGUMENT, NO_ARGUMENT, NO_ARGUMENT },
    { SYS_link, NO_ARGUMENT, 0, NO_ARGUMENT, 1, NO_ARGUMENT },
    { SYS_rename, NO_ARGUMENT, 0, NO_ARGUMENT, 1, NO_ARGUMENT },
#endif
};

static uint32_t access_of(uint64_t flags)
{
    uint32_t access = (flags & O_ACCMODE) == O_RDONLY ? KWS_READ : (flags & O_ACCMODE) == O_WRONLY ? KWS_WRITE
                                                                                               : KWS_READ | KWS_WRITE;
    return (flags & O_PATH) != 0 ? 0 : (flags & (O_CREAT | O_TRUNC)) != 0 ? access | KWS_WRITE : access;
}

/* Page by page: the next one may not be there. 1 if it ends within size. */
static int read_text(int memory, uint64_t address, char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        size_t room = PAGE - (size_t)((address + at) % PAGE);
        ssize_t got = pread(memory, text + at, room < size - at ? room : size - at, (off_t)(address + at));
        if (got <= 0)
            return 0;
        if (memchr(text + at, '\0', (size_t)got) != NULL)
            return 1;
        at += (size_t)got;
    }
    return 0;
}

int kws_named_file_of(const kws_notice *notice, int32_t memory, uint32_t which, kws_named_file *file)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const names *names = &table[i];
        if (names->number != notice->number)
            continue;
        int folder = which == 0 ? names->folder : names->other_folder;
        int path = which == 0 ? names->path : names->other_path;
        if (which > 1 || path == NO_ARGUMENT)
            return 0;
        file->folder = folder == NO_ARGUMENT ? AT_FDCWD : (int32_t)notice->arguments[folder];
        file->access = names->flags == NO_ARGUMENT ? KWS_WRITE : access_of(notice->arguments[names->flags]);
        return read_text(memory, notice->arguments[path], file->path, sizeof file->path);
    }
    return 0;
}
