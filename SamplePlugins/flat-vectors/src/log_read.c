#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <keyway/author.h>

#include "call_error.h"
#include "checksum.h"
#include "file_io.h"
#include "item_data.h"
#include "log_file.h"

/* What is being read, for the functions below. */
typedef struct reader {
    store *store;
    kw_call *call;
    repository *repository;
    const char *path;
    int file;
    bool strict;
    uint64_t at, end;       /* of the record at hand; of the file */
    uint64_t committed;     /* as the marks say */
    uint64_t version;       /* of the record before */
} reader;

static kw_status no_memory(const reader *in)
{
    return call_error(in->call, KW_RESOURCE_EXHAUSTED, "no memory to load %s (%llu bytes)", in->path,
                      (unsigned long long)in->end);
}

static kw_status cannot_read(const reader *in, uint64_t offset, int number)
{
    if (number == 0)
        return log_damaged(in->call, in->path, offset, "the file became shorter while it was read");
    return call_error(in->call, call_errno_status(number), "cannot read %s at byte %llu: %s", in->path,
                      (unsigned long long)offset, strerror(number));
}

/* ---- one record ----------------------------------------------------------------------------------------- */

/* What is wrong with the entries of a head that matches its checksum, or NULL. */
static const char *entries_fault(const reader *in, const log_head *head)
{
    const log_record *record = &head->record;
    const repository *r = in->repository;
    bool rows = record->kind == LOG_UPSERT;
    uint64_t table = (uint64_t)record->count * sizeof(log_entry), space = record->head_size - sizeof *record, ids = 0;
    uint64_t body = rows ? (uint64_t)record->count * repository_row_bytes(r) : 0; /* < 2^31 * 2^18 */
    const char *id = (const char *)head->bytes + table;
    if (record->kind < LOG_UPSERT || record->kind > LOG_UPDATE || (record->kind == LOG_CLEAR && record->count != 0))
        return "a record of an unknown kind";
    if (record->version < in->version || record->count > REPOSITORY_MAX_ITEMS || table > space)
        return "a record's fields do not fit together";
    for (uint32_t i = 0; i < record->count; i++) {
        log_entry e = log_entry_at(head, i);
        if (e.id_length == 0 || e.id_length > REPOSITORY_MAX_ID || e.id_length > space - table - ids
            || e.version > record->version || !isfinite(e.inverse_norm) || e.inverse_norm < 0
            || (!rows && e.text_length != 0) || (record->kind == LOG_REMOVE && e.metadata_length != 0))
            return "an entry is malformed";
        if (!rows && repository_find(r, (kw_str) { id + ids, e.id_length }) < 0)
            return "a change of an item that is not there";
        ids += e.id_length;
        body += (uint64_t)e.text_length + e.metadata_length; /* < 2^31 * 2^33 more */
    }
    uint64_t needed = in->at + sizeof *record + table + ids;
    uint64_t begin = rows ? log_align(needed) : needed;
    if (begin != in->at + record->head_size || body != record->size - record->head_size)
        return "a record's sizes do not fit together";
    return NULL;
}

/* Behind the marks nothing is known to be durable, so bodies are checked before they count. */
static const char *body_fault(const reader *in, const log_head *head)
{
    const repository *r = in->repository;
    const char *row = r->map + in->at + head->record.head_size, *strings = row;
    if (head->record.kind == LOG_UPSERT)
        strings += (uint64_t)head->record.count * repository_row_bytes(r);
    for (uint32_t i = 0; i < head->record.count; i++) {
        log_entry e = log_entry_at(head, i);
        if (head->record.kind == LOG_UPSERT) {
            if (checksum_add(0, row, repository_row_bytes(r)) != e.row_checksum)
                return "a vector does not match its checksum";
            row += repository_row_bytes(r);
        }
        if (checksum_add(0, strings, e.text_length) != e.text_checksum
            || checksum_add(0, strings + e.text_length, e.metadata_length) != e.metadata_checksum)
            return "a string does not match its checksum";
        strings += (uint64_t)e.text_length + e.metadata_length;
    }
    return NULL;
}

/* Reads and checks the head at in->at; *fault says what is wrong with it. free() head->bytes in any case. */
static kw_status read_head(const reader *in, uint64_t limit, log_head *head, const char **fault)
{
    log_record *record = &head->record;
    head->bytes = NULL;
    *fault = NULL;
    if (limit < sizeof *record) {
        *fault = "the file ends inside a record";
        return KW_OK;
    }
    if (!file_read(in->file, record, sizeof *record, in->at))
        return cannot_read(in, in->at, errno);
    if (checksum_add(0, record, offsetof(log_record, checksum)) != record->checksum)
        *fault = "a record's head does not match its checksum";
    else if (record->head_size < sizeof *record || record->size < record->head_size || record->size > limit)
        *fault = "the file ends inside a record";
    if (*fault != NULL)
        return KW_OK;
    size_t size = (size_t)(record->head_size - sizeof *record);
    head->bytes = malloc(size + 1);
    if (head->bytes == NULL)
        return no_memory(in);
    if (!file_read(in->file, head->bytes, size, in->at + sizeof *record))
        return cannot_read(in, in->at, errno);
    if (checksum_add(0, head->bytes, size) != record->head_checksum)
        *fault = "a record's head does not match its checksum";
    else
        *fault = entries_fault(in, head);
    return KW_OK;
}

static kw_status cut_tail(const reader *in)
{
    store_log(in->store, KW_LOG_WARNING, "%s: cut off %llu bytes at byte %llu, a write that was not finished", in->path,
              (unsigned long long)(in->end - in->at), (unsigned long long)in->at);
    return ftruncate(in->file, (off_t)in->at) == 0
        ? KW_OK
        : call_error(in->call, call_errno_status(errno), "cannot cut the unfinished end off %s: %s", in->path,
                     strerror(errno));
}

/* ---- all records ---------------------------------------------------------------------------------------- */

/* The greater of the marks that are whole. */
static kw_status read_marks(reader *in)
{
    log_mark marks[LOG_MARKS];
    bool found = false;
    if (!file_read(in->file, marks, sizeof marks, sizeof(log_header)))
        return cannot_read(in, sizeof(log_header), errno);
    for (uint32_t i = 0; i < LOG_MARKS; i++) {
        if (log_mark_checksum(&marks[i]) != marks[i].checksum || marks[i].length < LOG_HEADER_BYTES)
            continue;
        if (!found || marks[i].length > in->committed) {
            in->committed = marks[i].length;
            in->repository->log.next_mark = (i + 1) % LOG_MARKS;
        }
        found = true;
    }
    if (!found)
        return log_damaged(in->call, in->path, sizeof(log_header), "neither mark matches its checksum");
    if (in->end < in->committed)
        return log_damaged(in->call, in->path, in->end, "the file ends before what was committed");
    if (in->strict && in->end != in->committed)
        return log_damaged(in->call, in->path, in->committed, "more follows than was committed");
    return KW_OK;
}

static kw_status settle(reader *in)
{
    repository *r = in->repository;
    if (in->at == in->committed && in->end == in->committed)
        return KW_OK;
    kw_status status = in->at < in->end ? cut_tail(in) : KW_OK;
    if (status == KW_OK && (fdatasync(in->file) != 0 || !log_write_mark(in->file, r->log.next_mark, in->at)))
        return call_error(in->call, call_errno_status(errno), "cannot write %s: %s", in->path, strerror(errno));
    if (status == KW_OK)
        r->log.next_mark = (r->log.next_mark + 1) % LOG_MARKS;
    return status;
}

static kw_status read_records(reader *in)
{
    repository *r = in->repository;
    kw_status status = read_marks(in);
    if (status == KW_OK && !repository_map(r, in->end))
        status = no_memory(in);
    while (status == KW_OK && in->at < in->end) {
        log_head head;
        const char *fault;
        bool known = in->at < in->committed;
        if (in->call != NULL && kw_cancelled(in->call))
            return call_error(in->call, KW_CANCELLED, "cancelled while loading %s", in->path);
        status = read_head(in, (known ? in->committed : in->end) - in->at, &head, &fault);
        if (status == KW_OK && fault == NULL && !known)
            fault = body_fault(in, &head);
        if (status == KW_OK && fault != NULL) {
            free(head.bytes);
            if (!known)
                break;
            return log_damaged(in->call, in->path, in->at, fault);
        }
        if (status == KW_OK && !repository_reserve(r, head.record.kind == LOG_UPSERT ? head.record.count : 0))
            status = no_memory(in);
        if (status == KW_OK) {
            log_apply(r, in->at, &head, false);
            in->version = head.record.version;
            in->at += head.record.size;
        }
        free(head.bytes);
    }
    return status == KW_OK ? settle(in) : status;
}

/* ---- files ---------------------------------------------------------------------------------------------- */

static kw_status read_header(reader *in, uint64_t seed)
{
    unsigned char bytes[LOG_HEADER_BYTES];
    log_header header;
    if (in->end < sizeof bytes)
        return log_damaged(in->call, in->path, in->end, "shorter than its header");
    if (!file_read(in->file, bytes, sizeof bytes, 0))
        return cannot_read(in, 0, errno);
    memcpy(&header, bytes, sizeof header);
    if (memcmp(header.magic, LOG_MAGIC, sizeof header.magic) != 0)
        return log_damaged(in->call, in->path, 0, "not a file of flat-vectors");
    if (header.version != LOG_VERSION)
        return call_error(in->call, KW_FAILED_PRECONDITION, "%s has format %u, and this version reads format %u only; "
                          "wipe the repository and write its items again", in->path, header.version, LOG_VERSION);
    if (log_header_checksum(bytes) != header.checksum)
        return log_damaged(in->call, in->path, 0, "the header does not match its checksum");
    const char *strings = (const char *)bytes + sizeof header + LOG_MARKS * sizeof(log_mark);
    if (header.size != LOG_HEADER_BYTES || header.name_length == 0 || header.name_length > REPOSITORY_MAX_NAME
        || header.embedder_length > REPOSITORY_MAX_EMBEDDER || header.dims == 0 || header.dims > REPOSITORY_MAX_DIMS
        || header.metric < KW_METRIC_COSINE || header.metric > KW_METRIC_L2)
        return log_damaged(in->call, in->path, 0, "the header's values are out of range");
    kw_str name = { strings, header.name_length };
    kw_str embedder = { strings + header.name_length, header.embedder_length };
    in->repository = repository_make(name, header.dims, header.metric, embedder, seed);
    if (in->repository == NULL)
        return no_memory(in);
    if (in->repository->width != header.width)
        return log_damaged(in->call, in->path, 0, "the header's row width does not fit its dims");
    in->repository->version = header.base;
    in->repository->log.length = in->at = LOG_HEADER_BYTES;
    in->repository->log.path = strdup(in->path);
    return in->repository->log.path != NULL ? KW_OK : no_memory(in);
}

static kw_status check_items(const reader *in)
{
    const repository *r = in->repository;
    kw_status status = KW_OK;
    kw_str string;
    for (uint32_t i = 0; status == KW_OK && i < r->count; i++) {
        if (in->strict) {
            status = item_check_whole(in->call, r, i);
            continue;
        }
        status = item_check_rows(in->call, r, i, 1);
        if (status == KW_OK)
            status = item_text(in->call, r, i, &string);
        if (status == KW_OK)
            status = item_metadata(in->call, r, i, &string);
    }
    return status;
}

kw_status log_load(store *s, kw_call *call, int file, const char *path, uint64_t seed, bool strict, repository **out)
{
    struct stat info;
    reader in = { .store = s, .call = call, .path = path, .file = file, .strict = strict };
    *out = NULL;
    if (fstat(file, &info) != 0)
        return cannot_read(&in, 0, errno);
    in.end = (uint64_t)info.st_size;
    kw_status status = read_header(&in, seed);
    if (status == KW_OK) {
        /* The map is made of this file; repository_free would close it, which is the caller's until all is well. */
        in.repository->log.file = file;
        status = read_records(&in);
        if (status == KW_OK && (strict || in.end <= s->verify_up_to))
            status = check_items(&in);
    }
    if (status != KW_OK) {
        if (in.repository != NULL)
            in.repository->log.file = -1;
        repository_free(in.repository);
        return status;
    }
    in.repository->log.device = info.st_dev;
    in.repository->log.inode = info.st_ino;
    *out = in.repository;
    return KW_OK;
}

static kw_status not_regular(const store *s, kw_call *call, const char *file_name)
{
    return call_error(call, KW_DATA_LOSS, "%s/%s is not a regular file; nothing was changed. Put the repository's file "
                      "back in its place, or wipe the repository", s->path, file_name);
}

kw_status log_open(store *s, kw_call *call, const char *file_name, uint64_t seed, repository **out)
{
    struct stat info;
    char path[FILE_PATH_SIZE], expected[FILE_NAME_SIZE];
    snprintf(path, sizeof path, "%s/%s", s->path, file_name);
    *out = NULL;
    int file = openat(s->folder, file_name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (file < 0 && errno == ENOENT)
        return KW_OK;
    if (file < 0 || fstat(file, &info) != 0) {
        int number = errno;
        if (file >= 0)
            close(file);
        else if (fstatat(s->folder, file_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(info.st_mode))
            return not_regular(s, call, file_name); /* a link, folder, socket or device says so by an error of its own each */
        return call_error(call, call_errno_status(number), "cannot open %s: %s", path, strerror(number));
    }
    kw_status status = S_ISREG(info.st_mode) ? log_load(s, call, file, path, seed, false, out)
                                             : not_regular(s, call, file_name);
    if (status == KW_OK) {
        file_name_of(repository_name(*out), expected);
        if (strcmp(expected, file_name) == 0)
            return KW_OK;
        status = log_damaged(call, path, 0, "the header names another repository; was the file renamed?");
        repository_free(*out);
        *out = NULL;
        return status;
    }
    close(file);
    return status;
}

kw_status log_read_on(store *s, kw_call *call, repository *r)
{
    struct stat info;
    reader in = { .store = s, .call = call, .repository = r, .path = r->log.path, .file = r->log.file,
                  .at = r->log.length };
    if (fstat(r->log.file, &info) != 0)
        return cannot_read(&in, 0, errno);
    in.end = (uint64_t)info.st_size;
    if (in.end < in.at)
        return log_damaged(call, r->log.path, in.end, "the file is shorter than it was");
    return read_records(&in);
}

static bool stat_of(const store *s, const repository *r, struct stat *info)
{
    char name[FILE_NAME_SIZE];
    file_name_of(repository_name(r), name);
    return fstatat(s->folder, name, info, AT_SYMLINK_NOFOLLOW) == 0 && info->st_ino == r->log.inode
        && info->st_dev == r->log.device;
}

bool log_is_same(const store *s, const repository *r)
{
    struct stat info;
    return stat_of(s, r, &info);
}

bool log_is_current(const store *s, const repository *r)
{
    struct stat info;
    return stat_of(s, r, &info) && (uint64_t)info.st_size == r->log.length;
}
