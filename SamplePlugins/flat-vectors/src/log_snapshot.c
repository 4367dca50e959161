#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <keyway/author.h>

#include "call_error.h"
#include "file_io.h"
#include "item_data.h"
#include "log_file.h"

#define COPY_BYTES 0x100000u

/* Where a snapshot goes: its folder, open, and the last component of its path. */
typedef struct destination {
    int folder;
    char path[FILE_PATH_SIZE];
    const char *name;
    char unfinished[NAME_MAX + 1];
} destination;

static kw_status take_path(kw_call *call, kw_str text, char path[FILE_PATH_SIZE])
{
    if (text.ptr == NULL || text.len < 2 || text.len >= PATH_MAX || text.ptr[0] != '/'
        || memchr(text.ptr, '\0', (size_t)text.len) != NULL)
        return call_error(call, KW_INVALID_ARGUMENT, "path must be absolute, at most %d bytes, and is \"%.*s\"",
                          PATH_MAX - 1, CALL_TEXT(text));
    memcpy(path, text.ptr, (size_t)text.len);
    path[text.len] = '\0';
    return KW_OK;
}

static kw_status open_destination(const store *s, kw_call *call, kw_str text, destination *d)
{
    struct stat own, other;
    uint64_t number = 0;
    kw_status status = take_path(call, text, d->path);
    if (status != KW_OK)
        return status;
    char *slash = strrchr(d->path, '/');
    size_t length = strlen(slash + 1);
    if (length == 0 || length > NAME_MAX - 32 || strcmp(slash + 1, ".") == 0 || strcmp(slash + 1, "..") == 0)
        return call_error(call, KW_INVALID_ARGUMENT, "path must end with a file's name of 1-%d bytes, and is \"%.*s\"",
                          NAME_MAX - 32, CALL_TEXT(text));
    *slash = '\0';
    d->folder = open(d->path[0] == '\0' ? "/" : d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->folder < 0)
        return call_error(call, errno == ENOENT ? KW_NOT_FOUND : call_errno_status(errno), "cannot open the folder %s "
                          "for a snapshot: %s; make it first", d->path, strerror(errno));
    *slash = '/';
    d->name = slash + 1;
    if (s->folder >= 0 && fstat(s->folder, &own) == 0 && fstat(d->folder, &other) == 0 && own.st_dev == other.st_dev
        && own.st_ino == other.st_ino && (strstr(d->name, FILE_NAME_SUFFIX) != NULL || strcmp(d->name, ".lock") == 0)) {
        close(d->folder);
        return call_error(call, KW_INVALID_ARGUMENT, "%s is a name that this folder's repositories use; choose one "
                          "without \"%s\"", d->path, FILE_NAME_SUFFIX);
    }
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number)
        number = (uint64_t)getpid();
    snprintf(d->unfinished, sizeof d->unfinished, ".%.*s.%016llx", (int)length, d->name, (unsigned long long)number);
    return KW_OK;
}

static kw_status write_snapshot(kw_call *call, const repository *r, const destination *d)
{
    uint64_t length;
    int file = openat(d->folder, d->unfinished, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = file >= 0 && log_write_items(file, r, &length) && log_write_header(file, r, r->version);
    for (uint32_t i = 0; ok && i < LOG_MARKS; i++)
        ok = log_write_mark(file, i, length);
    ok = ok && fsync(file) == 0 && renameat(d->folder, d->unfinished, d->folder, d->name) == 0;
    int number = errno;
    if (file >= 0)
        close(file);
    if (!ok) {
        if (file >= 0)
            (void)unlinkat(d->folder, d->unfinished, 0);
        return log_failed(call, "write the snapshot", d->path, number);
    }
    if (fsync(d->folder) != 0)
        return call_error(call, call_errno_status(errno), "the snapshot %s is there, but not yet durably: %s; check "
                          "the disk", d->path, strerror(errno));
    return KW_OK;
}

kw_status log_snapshot(store *s, kw_call *call, const repository *r, kw_str path)
{
    destination d;
    kw_status status = KW_OK;
    for (uint32_t i = 0; status == KW_OK && i < r->count; i++) {
        if (i % 1024 == 0 && kw_cancelled(call))
            return call_error(call, KW_CANCELLED, "cancelled; no snapshot was written");
        status = item_check_whole(call, r, i);
    }
    if (status != KW_OK || (status = open_destination(s, call, path, &d)) != KW_OK)
        return status;
    status = write_snapshot(call, r, &d);
    close(d.folder);
    return status;
}

/* ---- restore -------------------------------------------------------------------------------------------- */

/* Byte by byte, so that places in messages are those of the snapshot, and what is checked cannot change any more. */
static kw_status copy_file(kw_call *call, int from, const char *path, uint64_t size, int to)
{
    char *buffer = malloc(COPY_BYTES);
    kw_status status = KW_OK;
    if (buffer == NULL)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory to copy %s", path);
    for (uint64_t at = 0; status == KW_OK && at < size;) {
        size_t n = size - at < COPY_BYTES ? (size_t)(size - at) : COPY_BYTES;
        if (kw_cancelled(call))
            status = call_error(call, KW_CANCELLED, "cancelled; nothing was changed");
        else if (!file_read(from, buffer, n, at))
            status = errno == 0 ? log_damaged(call, path, at, "the file became shorter while it was read")
                                : log_failed(call, "read", path, errno);
        else if (!file_write(to, buffer, n, at))
            status = log_failed(call, "copy", path, errno);
        at += n;
    }
    free(buffer);
    return status;
}

/* Makes what has been checked the repository of this name. */
static kw_status rename_restored(store *s, kw_call *call, repository *r, kw_str name, uint64_t version,
                                 const char *unfinished)
{
    char path[FILE_PATH_SIZE], file_name[FILE_NAME_SIZE];
    memset(r->name, 0, sizeof r->name);
    memcpy(r->name, name.ptr, (size_t)name.len);
    r->name_length = (uint32_t)name.len;
    r->version = (r->version > version ? r->version : version) + 1;
    file_name_of(name, file_name);
    snprintf(path, sizeof path, "%s%s%s", s->folder >= 0 ? s->path : "memory", s->folder >= 0 ? "/" : ":", file_name);
    char *kept = strdup(path);
    if (kept == NULL)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory to restore %s", path);
    free(r->log.path);
    r->log.path = kept;
    if (!log_write_header(r->log.file, r, r->version) || fsync(r->log.file) != 0
        || !log_publish(s, repository_name(r), unfinished))
        return call_error(call, call_errno_status(errno), "cannot put %s in place: %s", path, strerror(errno));
    return KW_OK;
}

kw_status log_restore(store *s, kw_call *call, kw_str text, kw_str name, uint64_t seed, uint64_t version,
                      repository **out)
{
    struct stat info;
    char path[FILE_PATH_SIZE], unfinished[FILE_NAME_SIZE + 4];
    *out = NULL;
    kw_status status = take_path(call, text, path);
    if (status != KW_OK)
        return status;
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (from < 0 || fstat(from, &info) != 0) {
        status = call_error(call, errno == ENOENT ? KW_NOT_FOUND : call_errno_status(errno),
                            "cannot open the snapshot %s: %s", path, strerror(errno));
        if (from >= 0)
            close(from);
        return status;
    }
    if (!S_ISREG(info.st_mode)) {
        close(from);
        return call_error(call, KW_INVALID_ARGUMENT, "%s is not a regular file", path);
    }
    int file = log_new_file(s, name, unfinished);
    if (file < 0)
        status = log_failed(call, "make a file to restore", path, errno);
    else
        status = copy_file(call, from, path, (uint64_t)info.st_size, file);
    close(from);
    if (status == KW_OK)
        status = log_load(s, call, file, path, seed, true, out);
    if (status != KW_OK) {
        log_discard(s, file, unfinished);
        return status;
    }
    status = rename_restored(s, call, *out, name, version, unfinished);
    if (status != KW_OK) {
        log_discard(s, -1, unfinished);
        repository_free(*out);
        *out = NULL;
    }
    return status;
}
