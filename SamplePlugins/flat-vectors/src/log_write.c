#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <keyway/author.h>

#include "call_error.h"
#include "file_io.h"
#include "item_data.h"
#include "log_file.h"

#define COMPACT_AT_LEAST 65536u         /* bytes of a file below which garbage is not worth a new file */
#define COMPACT_RECORD_BYTES 0x400000u  /* rows a record of a new file holds, about */

/* ---- one commit ----------------------------------------------------------------------------------------- */

static void seal(const repository *r, log_item *items, uint32_t count, uint64_t version)
{
    for (uint32_t i = 0; i < count; i++) {
        items[i].entry.version = version;
        log_seal_item(r, &items[i]);
    }
}

kw_status log_append(store *s, kw_call *call, repository *r, uint32_t kind, log_item *items, uint32_t count,
                     uint32_t *different)
{
    log_head head;
    uint64_t at = r->log.length;
    seal(r, items, count, r->version + 1);
    if (!repository_reserve(r, kind == LOG_UPSERT ? count : 0)
        || !log_make_head(r, at, kind, r->version + 1, items, count, &head))
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory to write %u items; nothing was changed", count);
    if (!repository_map(r, at + head.record.size)) {
        free(head.bytes);
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory to map %s; nothing was changed", r->log.path);
    }
    if (!log_write_record(r->log.file, at, r, &head, items) || fdatasync(r->log.file) != 0
        || !log_write_mark(r->log.file, r->log.next_mark, at + head.record.size)) {
        int number = errno;
        bool restored = ftruncate(r->log.file, (off_t)at) == 0 && log_write_mark(r->log.file, r->log.next_mark, at);
        free(head.bytes);
        if (restored)
            return log_failed(call, "write", r->log.path, number);
        store_log(s, KW_LOG_WARNING, "%s: a write failed and could not be undone", r->log.path);
        return call_error(call, call_errno_status(number), "cannot write %s: %s; it is unknown whether the change is "
                          "there when it is next opened", r->log.path, strerror(number));
    }
    r->log.next_mark = (r->log.next_mark + 1) % LOG_MARKS;
    *different = log_apply(r, at, &head, true);
    free(head.bytes);
    return KW_OK;
}

kw_status log_flush(store *s, kw_call *call, const repository *r)
{
    if (fsync(r->log.file) != 0 || (s->folder >= 0 && !store_sync_folder(s)))
        return call_error(call, call_errno_status(errno), "cannot make %s durable: %s", r->log.path, strerror(errno));
    return KW_OK;
}

/* ---- whole files ---------------------------------------------------------------------------------------- */

int log_new_file(store *s, kw_str repository_name, char unfinished[FILE_NAME_SIZE + 4])
{
    char name[FILE_NAME_SIZE];
    unfinished[0] = '\0';
    if (s->folder < 0)
        return memfd_create("flat-vectors", MFD_CLOEXEC);
    file_name_of(repository_name, name);
    snprintf(unfinished, FILE_NAME_SIZE + 4, "%s.new", name);
    /* One of a process that was ended may be there. */
    (void)unlinkat(s->folder, unfinished, 0);
    return openat(s->folder, unfinished, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

bool log_publish(store *s, kw_str repository_name, const char *unfinished)
{
    char name[FILE_NAME_SIZE];
    if (s->folder < 0)
        return true;
    file_name_of(repository_name, name);
    return renameat(s->folder, unfinished, s->folder, name) == 0 && store_sync_folder(s);
}

void log_discard(store *s, int file, const char *unfinished)
{
    int number = errno;
    if (unfinished[0] != '\0')
        (void)unlinkat(s->folder, unfinished, 0);
    if (file >= 0)
        close(file);
    errno = number;
}

static void stored_item(const repository *r, uint32_t position, log_item *out)
{
    const item *i = &r->items[position];
    *out = (log_item) {
        .id = item_id(r, position), .text = { r->map + i->text_offset, i->text_length },
        .metadata = { r->map + i->metadata_offset, i->metadata_length }, .row = item_row(r, position),
        /* Checksums go along with what they were made of, so damage stays visible. */
        .entry = { i->version, r->rows[position].inverse_norm, i->id_length, i->text_length, i->metadata_length,
                   r->rows[position].checksum, i->text_checksum, i->metadata_checksum },
    };
}

bool log_write_items(int file, const repository *r, uint64_t *length)
{
    uint32_t step = (uint32_t)(COMPACT_RECORD_BYTES / repository_row_bytes(r)) + 1;
    log_item *items = malloc((size_t)(r->count < step ? r->count + 1 : step) * sizeof *items);
    bool ok = items != NULL;
    *length = LOG_HEADER_BYTES;
    for (uint32_t first = 0; ok && first < r->count; first += step) {
        uint32_t count = r->count - first < step ? r->count - first : step;
        log_head head = { .bytes = NULL };
        for (uint32_t i = 0; i < count; i++)
            stored_item(r, first + i, &items[i]);
        ok = log_make_head(r, *length, LOG_UPSERT, r->version, items, count, &head)
            && log_write_record(file, *length, r, &head, items);
        *length += head.record.size;
        free(head.bytes);
    }
    int number = items == NULL ? ENOMEM : errno;
    free(items);
    errno = number;
    return ok;
}

/* Header and marks around what has been written, all of it durable. */
static bool finish_file(int file, const repository *r, uint64_t length)
{
    bool ok = log_write_header(file, r, r->version);
    for (uint32_t i = 0; ok && i < LOG_MARKS; i++)
        ok = log_write_mark(file, i, length);
    return ok && fsync(file) == 0;
}

/* Reads the new file, gives it its name, and lets r become it. What r was is freed. */
static kw_status take_over(store *s, kw_call *call, repository *r, int file, const char *unfinished)
{
    char path[FILE_PATH_SIZE], name[FILE_NAME_SIZE];
    repository *made = NULL;
    file_name_of(repository_name(r), name);
    snprintf(path, sizeof path, "%s%s%s", s->folder >= 0 ? s->path : "memory", s->folder >= 0 ? "/" : ":", name);
    kw_status status = log_load(s, call, file, path, r->seed, false, &made);
    if (status != KW_OK) {
        log_discard(s, file, unfinished);
        return status;
    }
    if (!log_publish(s, repository_name(r), unfinished)) {
        int number = errno;
        log_discard(s, -1, unfinished);
        repository_free(made);
        return call_error(call, call_errno_status(number), "cannot put %s in place: %s", path, strerror(number));
    }
    /* Items are where they were; what is known of them stays known. */
    for (uint32_t i = 0; i < r->count && made->count == r->count; i++) {
        made->items[i].fields = r->items[i].fields;
        made->rows[i].checked = r->rows[i].checked;
        r->items[i].fields = NULL;
    }
    repository old = *r;
    *r = *made;
    *made = old;
    repository_free(made);
    return KW_OK;
}

kw_status log_create(store *s, kw_call *call, repository *r, log_item *items, uint32_t count)
{
    char unfinished[FILE_NAME_SIZE + 4];
    log_head head = { .bytes = NULL };
    uint64_t length = LOG_HEADER_BYTES;
    r->version = 1;
    seal(r, items, count, r->version);
    int file = log_new_file(s, repository_name(r), unfinished);
    bool ok = file >= 0;
    if (ok && count > 0) {
        errno = ENOMEM;
        ok = log_make_head(r, length, LOG_UPSERT, r->version, items, count, &head)
            && log_write_record(file, length, r, &head, items);
        length += head.record.size;
    }
    ok = ok && finish_file(file, r, length);
    free(head.bytes);
    if (ok)
        return take_over(s, call, r, file, unfinished);
    log_discard(s, file, unfinished);
    return call_error(call, call_errno_status(errno), "cannot make repository %.*s in %s: %s; nothing was changed",
                      CALL_TEXT(repository_name(r)), s->folder >= 0 ? s->path : "memory", strerror(errno));
}

kw_status log_compact(store *s, kw_call *call, repository *r)
{
    char unfinished[FILE_NAME_SIZE + 4];
    uint64_t length;
    int file = log_new_file(s, repository_name(r), unfinished);
    if (file >= 0 && log_write_items(file, r, &length) && finish_file(file, r, length))
        return take_over(s, call, r, file, unfinished);
    log_discard(s, file, unfinished);
    return log_failed(call, "write a smaller file for", r->log.path, errno);
}

void log_compact_if_due(store *s, repository *r)
{
    uint64_t records = r->log.length - LOG_HEADER_BYTES;
    /* A record's head is neither live nor garbage; `records` counts it, so that many tiny writes are joined too. */
    if (r->log.length < COMPACT_AT_LEAST || r->log.length < r->log.compact_at || r->live_bytes >= records - r->live_bytes)
        return;
    if (log_compact(s, NULL, r) != KW_OK) {
        store_log(s, KW_LOG_WARNING, "%s: a smaller file cannot be written; this one stays in use", r->log.path);
        r->log.compact_at = r->log.length + r->log.length / 4;
    }
}

kw_status log_delete(store *s, kw_call *call, kw_str repository_name)
{
    char name[FILE_NAME_SIZE], unfinished[FILE_NAME_SIZE + 4];
    file_name_of(repository_name, name);
    snprintf(unfinished, sizeof unfinished, "%s.new", name);
    bool removed = unlinkat(s->folder, name, 0) == 0
        || (errno == EISDIR && unlinkat(s->folder, name, AT_REMOVEDIR) == 0);
    int number = removed ? 0 : errno;
    (void)unlinkat(s->folder, unfinished, 0);
    if (number == ENOENT)
        return call_error(call, KW_NOT_FOUND, "there is no repository %.*s", CALL_TEXT(repository_name));
    if (number == ENOTEMPTY || number == EEXIST || number == EBUSY)
        return call_error(call, KW_FAILED_PRECONDITION, "%s/%s is a folder that is in use or not empty; nothing was "
                          "changed. Move what is in it away and wipe the repository again", s->path, name);
    if (number != 0)
        return call_error(call, call_errno_status(number), "cannot remove %s/%s: %s", s->path, name, strerror(number));
    if (!store_sync_folder(s))
        return call_error(call, call_errno_status(errno), "%s/%s is removed, but not yet durably: %s; check the disk",
                          s->path, name, strerror(errno));
    return KW_OK;
}
