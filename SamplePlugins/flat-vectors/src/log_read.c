#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <keyway/author.h>

#include "call_error.h"
#include "checksum.h"
#include "file_name.h"
#include "log_file.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the files are little-endian, and read as they lie");

/* What is being read, for the functions below. */
typedef struct reader {
    store *store;
    kw_call *call;
    repository *repository;
    const char *file_name;
    int file;
    uint64_t at, end; /* of the record at hand; of the file */
} reader;

static kw_status damaged(const reader *in, uint64_t offset, const char *what)
{
    /* A file of no bytes is no repository, so cutting it off there would not help. */
    if (in->at == 0)
        return call_error(in->call, KW_DATA_LOSS, "%s/%s is damaged at byte %llu: %s; nothing was changed. Restore the "
                          "file from a copy, or wipe the repository", in->store->path, in->file_name,
                          (unsigned long long)offset, what);
    return call_error(in->call, KW_DATA_LOSS, "%s/%s is damaged at byte %llu: %s; nothing was changed. Restore the "
                      "file from a copy, or keep what lies before that byte with `truncate -s %llu`", in->store->path,
                      in->file_name, (unsigned long long)offset, what, (unsigned long long)in->at);
}

static kw_status read_fully(const reader *in, void *into, size_t size, uint64_t offset)
{
    char *at = into;
    while (size > 0) {
        ssize_t n = pread(in->file, at, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return call_error(in->call, call_errno_status(errno), "cannot read %s/%s at byte %llu: %s", in->store->path,
                              in->file_name, (unsigned long long)offset, strerror(errno));
        if (n == 0)
            return damaged(in, offset, "the file became shorter while it was read");
        at += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return KW_OK;
}

static kw_status no_memory(const reader *in)
{
    return call_error(in->call, KW_RESOURCE_EXHAUSTED, "no memory to load %s/%s (%llu bytes)", in->store->path,
                      in->file_name, (unsigned long long)in->end);
}

/* ---- records -------------------------------------------------------------------------------------------- */

static void free_staged(item *staged, uint32_t count)
{
    for (uint32_t i = 0; staged != NULL && i < count; i++)
        item_free(&staged[i]);
    free(staged);
}

static kw_status stage_entries(const reader *in, const log_record *record, const log_entry *table, const char *strings,
                               uint64_t strings_size, item *staged)
{
    uint64_t used = 0;
    for (uint32_t i = 0; i < record->count; i++) {
        const log_entry *e = &table[i];
        uint64_t needed = (uint64_t)e->id_length + e->text_length + e->metadata_length;
        if (e->id_length == 0 || e->id_length > REPOSITORY_MAX_ID || needed > strings_size - used
            || !isfinite(e->inverse_norm) || e->inverse_norm < 0)
            return damaged(in, in->at, "an entry is malformed");
        const char *id = strings + used, *error = NULL;
        size_t offset = 0;
        kw_str parts[3] = { { id, e->id_length }, { id + e->id_length, e->text_length },
                            { id + e->id_length + e->text_length, e->metadata_length } };
        if (!item_make(&staged[i], parts[0], parts[1], parts[2], &error, &offset))
            return strcmp(error, "out of memory") == 0 ? no_memory(in) : damaged(in, in->at, error);
        staged[i].inverse_norm = e->inverse_norm;
        used += needed;
    }
    return used == strings_size ? KW_OK : damaged(in, in->at, "bytes are left over");
}

static kw_status read_upsert(const reader *in, const log_record *record)
{
    repository *r = in->repository;
    uint64_t table_size = (uint64_t)record->count * sizeof(log_entry);
    uint64_t rows_size = (uint64_t)record->count * repository_row_bytes(r); /* < 2^31 * 2^19 */
    if (record->count > REPOSITORY_MAX_ITEMS || table_size + rows_size > record->payload_size)
        return damaged(in, in->at, "the record is shorter than its entries");
    uint64_t strings_size = record->payload_size - table_size - rows_size, offset = in->at + sizeof *record;
    log_entry *table = malloc((size_t)table_size + 1);
    char *strings = malloc((size_t)strings_size + 1);
    item *staged = calloc((size_t)record->count + 1, sizeof *staged);
    kw_status status = KW_OK;
    if (table == NULL || strings == NULL || staged == NULL || !repository_reserve(r, record->count))
        status = no_memory(in);
    /* Rows go straight to where they will stay; they count only when the checksum has matched. */
    if (status == KW_OK)
        status = read_fully(in, table, (size_t)table_size, offset);
    if (status == KW_OK && rows_size > 0)
        status = read_fully(in, repository_row(r, r->count), (size_t)rows_size, offset + table_size);
    if (status == KW_OK)
        status = read_fully(in, strings, (size_t)strings_size, offset + table_size + rows_size);
    if (status == KW_OK) {
        uint32_t sum = checksum_add(0, table, (size_t)table_size);
        if (rows_size > 0)
            sum = checksum_add(sum, repository_row(r, r->count), (size_t)rows_size);
        sum = checksum_add(sum, strings, (size_t)strings_size);
        if (sum != record->payload_checksum)
            status = damaged(in, offset, "the record does not match its checksum");
    }
    if (status == KW_OK)
        status = stage_entries(in, record, table, strings, strings_size, staged);
    if (status == KW_OK)
        repository_apply(r, staged, record->count);
    free_staged(staged, status == KW_OK ? 0 : record->count);
    free(strings);
    free(table);
    return status;
}

static kw_status read_remove(const reader *in, const log_record *record)
{
    uint64_t table_size = (uint64_t)record->count * sizeof(uint32_t), used = table_size;
    if (table_size > record->payload_size)
        return damaged(in, in->at, "the record is shorter than its entries");
    char *payload = malloc((size_t)record->payload_size + 1);
    if (payload == NULL)
        return no_memory(in);
    kw_status status = read_fully(in, payload, (size_t)record->payload_size, in->at + sizeof *record);
    if (status == KW_OK && checksum_add(0, payload, (size_t)record->payload_size) != record->payload_checksum)
        status = damaged(in, in->at + sizeof *record, "the record does not match its checksum");
    for (uint32_t i = 0; status == KW_OK && i < record->count; i++) {
        uint32_t length;
        memcpy(&length, payload + (size_t)i * sizeof length, sizeof length);
        kw_str id = { payload + used, length };
        if (length == 0 || length > record->payload_size - used) {
            status = damaged(in, in->at, "an entry is malformed");
            break;
        }
        int64_t position = repository_find(in->repository, id);
        if (position >= 0)
            repository_remove(in->repository, (uint32_t)position);
        used += length;
    }
    free(payload);
    return status;
}

static bool only_zeros_follow(const reader *in, kw_status *status)
{
    char block[4096];
    for (uint64_t at = in->at; at < in->end;) {
        size_t n = in->end - at < sizeof block ? (size_t)(in->end - at) : sizeof block;
        if ((*status = read_fully(in, block, n, at)) != KW_OK)
            return false;
        for (size_t i = 0; i < n; i++)
            if (block[i] != 0)
                return false;
        at += n;
    }
    return true;
}

static kw_status cut_tail(const reader *in)
{
    store_log(in->store, KW_LOG_WARNING, "%s/%s: cut off %llu bytes at byte %llu, a write that was not finished",
              in->store->path, in->file_name, (unsigned long long)(in->end - in->at), (unsigned long long)in->at);
    if (ftruncate(in->file, (off_t)in->at) != 0 || fdatasync(in->file) != 0)
        return call_error(in->call, call_errno_status(errno), "cannot cut the unfinished end off %s/%s: %s",
                          in->store->path, in->file_name, strerror(errno));
    return KW_OK;
}

static kw_status read_records(reader *in)
{
    repository *r = in->repository;
    while (in->at < in->end) {
        log_record record;
        kw_status status = KW_OK;
        uint64_t left = in->end - in->at;
        if (kw_cancelled(in->call))
            return call_error(in->call, KW_CANCELLED, "cancelled while loading %s", in->file_name);
        if (left < sizeof record)
            return cut_tail(in);
        if ((status = read_fully(in, &record, sizeof record, in->at)) != KW_OK)
            return status;
        if (checksum_add(0, &record, offsetof(log_record, checksum)) != record.checksum) {
            /* A file system may have made the file longer before the machine stopped, and never filled it. */
            if (only_zeros_follow(in, &status))
                return cut_tail(in);
            return status != KW_OK ? status : damaged(in, in->at, "the record's head does not match its checksum");
        }
        if (record.payload_size > left - sizeof record)
            return cut_tail(in);
        if (record.kind == LOG_UPSERT)
            status = read_upsert(in, &record);
        else if (record.kind == LOG_REMOVE)
            status = read_remove(in, &record);
        else if (record.kind == LOG_CLEAR && record.payload_size == 0)
            repository_clear(r);
        else
            status = damaged(in, in->at, "a record of an unknown kind; was it written by a later version?");
        if (status != KW_OK)
            return status;
        in->at += sizeof record + record.payload_size;
        r->log.length = in->at;
    }
    return KW_OK;
}

/* ---- files ---------------------------------------------------------------------------------------------- */

static kw_status read_header(reader *in, uint64_t seed)
{
    log_header header;
    unsigned char strings[REPOSITORY_MAX_NAME + REPOSITORY_MAX_EMBEDDER];
    kw_status status;
    in->at = 0;
    if (in->end < sizeof header)
        return damaged(in, 0, "shorter than its header");
    if ((status = read_fully(in, &header, sizeof header, 0)) != KW_OK)
        return status;
    if (memcmp(header.magic, LOG_MAGIC, sizeof header.magic) != 0)
        return damaged(in, 0, "not a file of flat-vectors");
    if (header.version != LOG_VERSION)
        return call_error(in->call, KW_FAILED_PRECONDITION, "%s/%s has format %u; this version reads format %u",
                          in->store->path, in->file_name, header.version, LOG_VERSION);
    uint64_t strings_size = (uint64_t)header.name_length + header.embedder_length;
    if (strings_size > sizeof strings || header.size != sizeof header + strings_size || header.size > in->end)
        return damaged(in, 0, "the header's lengths do not fit");
    if ((status = read_fully(in, strings, (size_t)strings_size, sizeof header)) != KW_OK)
        return status;
    uint32_t stored = header.checksum;
    header.checksum = 0;
    uint32_t sum = checksum_add(checksum_add(0, &header, sizeof header), strings, (size_t)strings_size);
    if (sum != stored)
        return damaged(in, 0, "the header does not match its checksum");
    kw_str name = { (const char *)strings, header.name_length };
    kw_str embedder = { (const char *)strings + header.name_length, header.embedder_length };
    char expected[FILE_NAME_SIZE];
    if (name.len == 0 || name.len > REPOSITORY_MAX_NAME || header.dims == 0 || header.dims > REPOSITORY_MAX_DIMS
        || header.metric < KW_METRIC_COSINE || header.metric > KW_METRIC_L2)
        return damaged(in, 0, "the header's values are out of range");
    file_name_of(name, expected);
    if (strcmp(expected, in->file_name) != 0)
        return damaged(in, 0, "the header names another repository; was the file renamed?");
    in->repository = repository_make(name, header.dims, header.metric, embedder, seed);
    if (in->repository == NULL)
        return no_memory(in);
    if (in->repository->width != header.width)
        return damaged(in, 0, "the header's row width does not fit its dims");
    in->repository->log.header_length = in->repository->log.length = in->at = header.size;
    return KW_OK;
}

static kw_status not_regular(const reader *in)
{
    return call_error(in->call, KW_DATA_LOSS, "%s/%s is not a regular file; nothing was changed. Put the repository's "
                      "file back in its place, or wipe the repository", in->store->path, in->file_name);
}

kw_status log_open(store *s, kw_call *call, const char *file, uint64_t seed, repository **out)
{
    struct stat status;
    reader in = { .store = s, .call = call, .file_name = file };
    *out = NULL;
    in.file = openat(s->folder, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (in.file < 0 && errno == ENOENT)
        return KW_OK;
    if (in.file < 0 || fstat(in.file, &status) != 0) {
        int number = errno;
        if (in.file >= 0)
            close(in.file);
        else if (fstatat(s->folder, file, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode))
            return not_regular(&in); /* a link, folder, socket or device says so by an error of its own each */
        return call_error(call, call_errno_status(number), "cannot open %s/%s: %s", s->path, file, strerror(number));
    }
    in.end = (uint64_t)status.st_size;
    kw_status result = S_ISREG(status.st_mode) ? read_header(&in, seed) : not_regular(&in);
    if (result == KW_OK)
        result = read_records(&in);
    if (result != KW_OK) {
        repository_free(in.repository);
        close(in.file);
        return result;
    }
    in.repository->log.file = in.file;
    in.repository->log.device = status.st_dev;
    in.repository->log.inode = status.st_ino;
    *out = in.repository;
    return KW_OK;
}

kw_status log_read_on(store *s, kw_call *call, repository *r)
{
    struct stat status;
    char name[FILE_NAME_SIZE];
    file_name_of(repository_name(r), name);
    reader in = { .store = s, .call = call, .repository = r, .file_name = name, .file = r->log.file,
                  .at = r->log.length };
    if (fstat(r->log.file, &status) != 0)
        return call_error(call, call_errno_status(errno), "cannot look at %s/%s: %s", s->path, name, strerror(errno));
    in.end = (uint64_t)status.st_size;
    if (in.end < in.at)
        return damaged(&in, in.end, "the file is shorter than it was");
    return read_records(&in);
}

static bool stat_of(const store *s, const repository *r, struct stat *status)
{
    char name[FILE_NAME_SIZE];
    file_name_of(repository_name(r), name);
    return fstatat(s->folder, name, status, AT_SYMLINK_NOFOLLOW) == 0 && status->st_ino == r->log.inode
        && status->st_dev == r->log.device;
}

bool log_is_same(const store *s, const repository *r)
{
    struct stat status;
    return stat_of(s, r, &status);
}

bool log_is_current(const store *s, const repository *r)
{
    struct stat status;
    return stat_of(s, r, &status) && (uint64_t)status.st_size == r->log.length;
}
