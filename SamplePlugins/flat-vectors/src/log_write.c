#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <keyway/author.h>

#include "call_error.h"
#include "checksum.h"
#include "file_name.h"
#include "log_file.h"

#define COMPACT_AT_LEAST 65536u         /* bytes of a file below which garbage is not worth a new file */
#define COMPACT_RECORD_BYTES 0x400000u  /* rows a record of a new file holds, about */

/* Writes the parts one after the other; errno says why not. */
static bool write_parts(int file, struct iovec *parts, int count, uint64_t offset)
{
    while (count > 0) {
        if (parts->iov_len == 0) {
            parts++;
            count--;
            continue;
        }
        ssize_t n = pwritev(file, parts, count, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        offset += (uint64_t)n;
        for (size_t left = (size_t)n; left > 0;) {
            size_t step = left < parts->iov_len ? left : parts->iov_len;
            parts->iov_base = (char *)parts->iov_base + step;
            parts->iov_len -= step;
            left -= step;
            if (parts->iov_len == 0) {
                parts++;
                count--;
            }
        }
    }
    return true;
}

/* Writes a record with up to three parts of payload at `offset` and returns its size, or 0 with errno. */
static uint64_t write_record(int file, uint64_t offset, uint32_t kind, uint32_t count, const struct iovec payload[3])
{
    log_record record = { .kind = kind, .count = count };
    struct iovec parts[4] = { { &record, sizeof record }, payload[0], payload[1], payload[2] };
    for (int i = 0; i < 3; i++) {
        record.payload_size += payload[i].iov_len;
        record.payload_checksum = checksum_add(record.payload_checksum, payload[i].iov_base, payload[i].iov_len);
    }
    record.checksum = checksum_add(0, &record, offsetof(log_record, checksum));
    return write_parts(file, parts, 4, offset) ? sizeof record + record.payload_size : 0;
}

/* Appends a record durably. On failure the file is as it was before; if even that fails, whoever opens it next cuts the
 * unfinished record off. */
static kw_status append(store *s, kw_call *call, repository *r, uint32_t kind, uint32_t count,
                        const struct iovec payload[3])
{
    uint64_t size = write_record(r->log.file, r->log.length, kind, count, payload);
    if (size == 0 || fdatasync(r->log.file) != 0) {
        int number = errno;
        bool restored = ftruncate(r->log.file, (off_t)r->log.length) == 0;
        return call_error(call, call_errno_status(number), "cannot write repository %.*s in %s: %s; %s",
                          CALL_TEXT(repository_name(r)), s->path, strerror(number),
                          restored ? "nothing was changed" : "its unfinished end will be cut off when it is next read");
    }
    r->log.length += size;
    return KW_OK;
}

/* The table and the strings of an upsert record; free() both. */
static bool pack_items(const item *items, uint32_t count, log_entry **table, char **strings, size_t *strings_size)
{
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++)
        size += (size_t)items[i].id_length + items[i].text_length + items[i].metadata_length;
    *table = calloc((size_t)count + 1, sizeof **table);
    *strings = malloc(size + 1);
    if (*table == NULL || *strings == NULL) {
        free(*table);
        free(*strings);
        return false;
    }
    char *at = *strings;
    for (uint32_t i = 0; i < count; i++) {
        size_t length = (size_t)items[i].id_length + items[i].text_length + items[i].metadata_length;
        (*table)[i] = (log_entry) { items[i].id_length, items[i].text_length, items[i].metadata_length, 0,
                                    items[i].inverse_norm };
        memcpy(at, items[i].block, length);
        at += length;
    }
    *strings_size = size;
    return true;
}

static uint64_t write_upsert(int file, uint64_t offset, const repository *r, const item *items, const float *rows,
                             uint32_t count)
{
    log_entry *table;
    char *strings;
    size_t strings_size;
    if (!pack_items(items, count, &table, &strings, &strings_size)) {
        errno = ENOMEM;
        return 0;
    }
    struct iovec payload[3] = { { table, (size_t)count * sizeof *table },
                                { (void *)(uintptr_t)rows, (size_t)count * repository_row_bytes(r) },
                                { strings, strings_size } };
    uint64_t size = write_record(file, offset, LOG_UPSERT, count, payload);
    int number = errno;
    free(table);
    free(strings);
    errno = number;
    return size;
}

kw_status log_append_upsert(store *s, kw_call *call, repository *r, const item *staged, uint32_t count)
{
    log_entry *table;
    char *strings;
    size_t strings_size;
    if (!pack_items(staged, count, &table, &strings, &strings_size))
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory to write %u items", count);
    struct iovec payload[3] = { { table, (size_t)count * sizeof *table },
                                { repository_row(r, r->count), (size_t)count * repository_row_bytes(r) },
                                { strings, strings_size } };
    kw_status status = append(s, call, r, LOG_UPSERT, count, payload);
    free(table);
    free(strings);
    return status;
}

kw_status log_append_remove(store *s, kw_call *call, repository *r, const uint32_t *positions, uint32_t count)
{
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++)
        size += r->items[positions[i]].id_length;
    uint32_t *lengths = malloc(((size_t)count + 1) * sizeof *lengths);
    char *ids = malloc(size + 1), *at = ids;
    kw_status status;
    if (lengths == NULL || ids == NULL) {
        status = call_error(call, KW_RESOURCE_EXHAUSTED, "no memory to remove %u items", count);
    } else {
        for (uint32_t i = 0; i < count; i++) {
            kw_str id = item_id(&r->items[positions[i]]);
            lengths[i] = (uint32_t)id.len;
            memcpy(at, id.ptr, (size_t)id.len);
            at += id.len;
        }
        struct iovec payload[3] = { { lengths, (size_t)count * sizeof *lengths }, { ids, size }, { NULL, 0 } };
        status = append(s, call, r, LOG_REMOVE, count, payload);
    }
    free(lengths);
    free(ids);
    return status;
}

kw_status log_append_clear(store *s, kw_call *call, repository *r)
{
    struct iovec payload[3] = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
    return append(s, call, r, LOG_CLEAR, 0, payload);
}

/* ---- whole files ---------------------------------------------------------------------------------------- */

/* Writes header and items to a new file beside the old one, makes it durable, then gives it the name: there is never a
 * moment in which the name stands for half a file. Returns the new file, open, or -1 with errno. */
static int write_file(store *s, const repository *r, uint64_t *length)
{
    char name[FILE_NAME_SIZE], unfinished[FILE_NAME_SIZE + 4];
    file_name_of(repository_name(r), name);
    snprintf(unfinished, sizeof unfinished, "%s.new", name);
    int file = openat(s->folder, unfinished, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return -1;
    log_header header = { .version = LOG_VERSION, .dims = r->dims, .metric = r->metric, .width = r->width,
                          .name_length = r->name_length, .embedder_length = r->embedder_length };
    memcpy(header.magic, LOG_MAGIC, sizeof header.magic);
    header.size = (uint32_t)sizeof header + r->name_length + r->embedder_length;
    uint32_t sum = checksum_add(0, &header, sizeof header);
    sum = checksum_add(sum, r->name, r->name_length);
    header.checksum = checksum_add(sum, r->embedder, r->embedder_length);
    struct iovec parts[3] = { { &header, sizeof header }, { (void *)(uintptr_t)r->name, r->name_length },
                              { r->embedder, r->embedder_length } };
    bool ok = write_parts(file, parts, 3, 0);
    uint64_t at = header.size;
    uint32_t step = (uint32_t)(COMPACT_RECORD_BYTES / repository_row_bytes(r)) + 1;
    for (uint32_t i = 0; ok && i < r->count; i += step) {
        uint32_t count = r->count - i < step ? r->count - i : step;
        uint64_t size = write_upsert(file, at, r, &r->items[i], repository_row(r, i), count);
        ok = size != 0;
        at += size;
    }
    ok = ok && fsync(file) == 0 && renameat(s->folder, unfinished, s->folder, name) == 0;
    if (!ok) {
        int number = errno;
        close(file);
        unlinkat(s->folder, unfinished, 0);
        errno = number;
        return -1;
    }
    if (!store_sync_folder(s))
        store_log(s, KW_LOG_WARNING, "%s: cannot make a rename durable: %s", s->path, strerror(errno));
    *length = at;
    return file;
}

static bool adopt(repository *r, int file, uint64_t length)
{
    struct stat status;
    if (fstat(file, &status) != 0)
        return false;
    if (r->log.file >= 0)
        close(r->log.file);
    r->log = (repository_log) { .file = file, .device = status.st_dev, .inode = status.st_ino, .length = length,
                                .header_length = sizeof(log_header) + r->name_length + r->embedder_length };
    return true;
}

kw_status log_create(store *s, kw_call *call, repository *r)
{
    uint64_t length = 0;
    int file = write_file(s, r, &length);
    if (file >= 0 && adopt(r, file, length))
        return KW_OK;
    int number = errno;
    if (file >= 0)
        close(file);
    return call_error(call, call_errno_status(number), "cannot make repository %.*s in %s: %s",
                      CALL_TEXT(repository_name(r)), s->path, strerror(number));
}

void log_compact_if_due(store *s, repository *r)
{
    uint64_t records = r->log.length - r->log.header_length, length = 0;
    /* A record's head is neither live nor garbage; `records` counts it, so that many tiny writes are joined too. */
    if (r->log.file < 0 || r->log.length < COMPACT_AT_LEAST || r->live_bytes >= records - r->live_bytes)
        return;
    int file = write_file(s, r, &length);
    if (file < 0 || !adopt(r, file, length)) {
        store_log(s, KW_LOG_WARNING, "%s: cannot compact repository %.*s: %s", s->path, CALL_TEXT(repository_name(r)),
                  strerror(errno));
        if (file >= 0)
            close(file);
    }
}

kw_status log_delete(store *s, kw_call *call, kw_str repository_name)
{
    char name[FILE_NAME_SIZE];
    file_name_of(repository_name, name);
    bool removed = unlinkat(s->folder, name, 0) == 0
        || (errno == EISDIR && unlinkat(s->folder, name, AT_REMOVEDIR) == 0);
    if (!removed && errno == ENOENT)
        return call_error(call, KW_NOT_FOUND, "there is no repository %.*s", CALL_TEXT(repository_name));
    if (!removed && (errno == ENOTEMPTY || errno == EEXIST || errno == EBUSY))
        return call_error(call, KW_FAILED_PRECONDITION, "%s/%s is a folder that is in use or not empty; nothing was "
                          "changed. Move what is in it away and wipe the repository again", s->path, name);
    if (!removed)
        return call_error(call, call_errno_status(errno), "cannot remove %s/%s: %s", s->path, name, strerror(errno));
    if (!store_sync_folder(s))
        return call_error(call, call_errno_status(errno), "%s/%s is removed, but not yet durably: %s; check the disk",
                          s->path, name, strerror(errno));
    return KW_OK;
}
