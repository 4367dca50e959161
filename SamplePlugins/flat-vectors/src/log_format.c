#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call_error.h"
#include "checksum.h"
#include "file_io.h"
#include "log_file.h"
#include "scan.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the files are little-endian, and read as they lie");
_Static_assert(LOG_ALIGNMENT == SCAN_ALIGNMENT && LOG_HEADER_BYTES % LOG_ALIGNMENT == 0
                   && LOG_HEADER_BYTES >= sizeof(log_header) + LOG_MARKS * sizeof(log_mark) + REPOSITORY_MAX_NAME
                                              + REPOSITORY_MAX_EMBEDDER,
               "rows must lie where the kernels of scan.h can load them");

#define STRINGS_AT (sizeof(log_header) + LOG_MARKS * sizeof(log_mark))

kw_status log_damaged(kw_call *call, const char *path, uint64_t offset, const char *what)
{
    return call_error(call, KW_DATA_LOSS, "%s is damaged at byte %llu: %s; nothing was changed. Restore a snapshot or a "
                      "copy of the file, or wipe the repository", path, (unsigned long long)offset, what);
}

kw_status log_failed(kw_call *call, const char *what, const char *path, int number)
{
    return call_error(call, call_errno_status(number), "cannot %s %s: %s; nothing was changed", what, path,
                      strerror(number));
}

/* ---- header and marks ----------------------------------------------------------------------------------- */

uint32_t log_header_checksum(const unsigned char bytes[LOG_HEADER_BYTES])
{
    static const unsigned char zeros[sizeof(uint32_t)];
    size_t field = offsetof(log_header, checksum), after = field + sizeof zeros;
    uint32_t sum = checksum_add(checksum_add(0, bytes, field), zeros, sizeof zeros);
    sum = checksum_add(sum, bytes + after, sizeof(log_header) - after);
    return checksum_add(sum, bytes + STRINGS_AT, LOG_HEADER_BYTES - STRINGS_AT);
}

uint32_t log_mark_checksum(const log_mark *mark)
{
    return checksum_add(0, mark, offsetof(log_mark, checksum));
}

bool log_write_header(int file, const repository *r, uint64_t base)
{
    unsigned char bytes[LOG_HEADER_BYTES] = { 0 };
    log_header header = { .version = LOG_VERSION, .size = LOG_HEADER_BYTES, .dims = r->dims, .metric = r->metric,
                          .width = r->width, .name_length = r->name_length, .embedder_length = r->embedder_length,
                          .base = base };
    memcpy(header.magic, LOG_MAGIC, sizeof header.magic);
    memcpy(bytes, &header, sizeof header);
    memcpy(bytes + STRINGS_AT, r->name, r->name_length);
    if (r->embedder_length > 0)
        memcpy(bytes + STRINGS_AT + r->name_length, r->embedder, r->embedder_length);
    header.checksum = log_header_checksum(bytes);
    memcpy(bytes, &header, sizeof header);
    return file_write(file, bytes, sizeof header, 0)
        && file_write(file, bytes + STRINGS_AT, LOG_HEADER_BYTES - STRINGS_AT, STRINGS_AT);
}

bool log_write_mark(int file, uint32_t which, uint64_t length)
{
    log_mark mark = { .length = length };
    mark.checksum = log_mark_checksum(&mark);
    return file_write(file, &mark, sizeof mark, sizeof(log_header) + which * sizeof mark);
}

/* ---- records -------------------------------------------------------------------------------------------- */

void log_seal_item(const repository *r, log_item *i)
{
    static const unsigned char zeros[SCAN_ALIGNMENT];
    i->entry.id_length = (uint32_t)i->id.len;
    i->entry.text_length = (uint32_t)i->text.len;
    i->entry.metadata_length = (uint32_t)i->metadata.len;
    i->entry.text_checksum = checksum_add(0, i->text.ptr, (size_t)i->text.len);
    i->entry.metadata_checksum = checksum_add(0, i->metadata.ptr, (size_t)i->metadata.len);
    i->entry.row_checksum = 0;
    if (i->row != NULL)
        i->entry.row_checksum = checksum_add(checksum_add(0, i->row, (size_t)r->dims * sizeof(float)), zeros,
                                             (size_t)(r->width - r->dims) * sizeof(float));
}

bool log_make_head(const repository *r, uint64_t offset, uint32_t kind, uint64_t version, const log_item *items,
                   uint32_t count, log_head *head)
{
    uint64_t size = sizeof head->record + (uint64_t)count * sizeof(log_entry), body = 0;
    for (uint32_t i = 0; i < count; i++) {
        size += items[i].entry.id_length;
        body += (kind == LOG_UPSERT ? repository_row_bytes(r) : 0) + (uint64_t)items[i].entry.text_length
            + items[i].entry.metadata_length;
    }
    uint64_t used = size - sizeof head->record;
    if (kind == LOG_UPSERT)
        size = log_align(offset + size) - offset;
    head->record = (log_record) { .kind = kind, .count = count, .size = size + body, .head_size = size,
                                  .version = version };
    size_t bytes = (size_t)(size - sizeof head->record);
    head->bytes = malloc(bytes + 1);
    if (head->bytes == NULL)
        return false;
    unsigned char *ids = head->bytes + (size_t)count * sizeof(log_entry);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(head->bytes + (size_t)i * sizeof(log_entry), &items[i].entry, sizeof(log_entry));
        memcpy(ids, items[i].id.ptr, (size_t)items[i].id.len);
        ids += items[i].id.len;
    }
    memset(head->bytes + used, 0, bytes - (size_t)used);
    head->record.head_checksum = checksum_add(0, head->bytes, bytes);
    head->record.checksum = checksum_add(0, &head->record, offsetof(log_record, checksum));
    return true;
}

bool log_write_record(int file, uint64_t offset, const repository *r, const log_head *head, const log_item *items)
{
    file_writer w;
    if (!file_writer_begin(&w, file, offset)) {
        errno = ENOMEM;
        return false;
    }
    file_writer_add(&w, &head->record, sizeof head->record);
    file_writer_add(&w, head->bytes, (size_t)(head->record.head_size - sizeof head->record));
    for (uint32_t i = 0; head->record.kind == LOG_UPSERT && i < head->record.count; i++) {
        file_writer_add(&w, items[i].row, (size_t)r->dims * sizeof(float));
        file_writer_add_zeros(&w, (size_t)(r->width - r->dims) * sizeof(float));
    }
    for (uint32_t i = 0; i < head->record.count; i++) {
        file_writer_add(&w, items[i].text.ptr, (size_t)items[i].text.len);
        file_writer_add(&w, items[i].metadata.ptr, (size_t)items[i].metadata.len);
    }
    return file_writer_end(&w);
}

static uint32_t apply_upsert(repository *r, uint64_t offset, const log_head *head, bool checked)
{
    const log_record *record = &head->record;
    uint64_t id = offset + sizeof *record + (uint64_t)record->count * sizeof(log_entry);
    uint64_t row = offset + record->head_size, strings = row + (uint64_t)record->count * repository_row_bytes(r);
    uint32_t different = 0;
    for (uint32_t i = 0; i < record->count; i++) {
        log_entry e = log_entry_at(head, i);
        item added = { .id_offset = id, .text_offset = strings, .metadata_offset = strings + e.text_length,
                       .version = e.version, .text_length = e.text_length, .metadata_length = e.metadata_length,
                       .text_checksum = e.text_checksum, .metadata_checksum = e.metadata_checksum,
                       .id_length = e.id_length };
        row_place place = { row, e.inverse_norm, e.row_checksum, checked };
        different += repository_put(r, &added, &place);
        id += e.id_length;
        row += repository_row_bytes(r);
        strings += (uint64_t)e.text_length + e.metadata_length;
    }
    return different;
}

/* Of items that are there: an update of their metadata, or their end. */
static void apply_change(repository *r, uint64_t offset, const log_head *head)
{
    const log_record *record = &head->record;
    const char *id = (const char *)head->bytes + (size_t)record->count * sizeof(log_entry);
    uint64_t strings = offset + record->head_size;
    for (uint32_t i = 0; i < record->count; i++) {
        log_entry e = log_entry_at(head, i);
        int64_t position = repository_find(r, (kw_str) { id, e.id_length });
        uint64_t metadata = strings;
        id += e.id_length;
        strings += e.metadata_length;
        if (position < 0)
            continue; /* named twice */
        if (record->kind == LOG_REMOVE) {
            repository_remove(r, (uint32_t)position);
            continue;
        }
        item *changed = &r->items[position];
        r->live_bytes = r->live_bytes - changed->metadata_length + e.metadata_length;
        free(changed->fields);
        changed->fields = NULL;
        changed->metadata_offset = metadata;
        changed->metadata_length = e.metadata_length;
        changed->metadata_checksum = e.metadata_checksum;
        changed->version = e.version;
    }
}

uint32_t log_apply(repository *r, uint64_t offset, const log_head *head, bool checked)
{
    uint32_t different = head->record.count;
    if (head->record.kind == LOG_UPSERT)
        different = apply_upsert(r, offset, head, checked);
    else if (head->record.kind == LOG_CLEAR)
        repository_clear(r);
    else
        apply_change(r, offset, head);
    if (head->record.version > r->version)
        r->version = head->record.version;
    r->log.length = offset + head->record.size;
    return different;
}
