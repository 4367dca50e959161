/* A repository on disk: a header, then records, one a commit. Appending is the only change; what superseded items take
 * is given back by writing a new file and renaming it over the old one. A snapshot is such a file, too.
 *
 *   log_header | log_mark[2] | name | embedder id | zeros up to LOG_HEADER_BYTES
 *   record     log_record | log_entry[count] | ids | zeros | body
 *     upsert   the body is rows (count * width floats, from a multiple of 64 on), then each entry's text and metadata
 *     update   the body is each entry's new metadata
 *     remove   no body
 *     clear    nothing behind log_record
 *
 * One commit is one record, so a commit is present whole or not at all. A mark says how far the file is known to be
 * durable: it is written when the record's fdatasync() has returned, and before anybody is told. So
 *   - what ends before the mark is damage, wherever it is, and is reported;
 *   - what is invalid behind the mark was being written when its process or machine stopped, and is cut off.
 * Marks take turns, so that one is whole at any time.
 *
 * Heads (all but the body) are checked when the file is opened, rows and strings by their entry's checksums when
 * they are used first. Numbers are little-endian. */
#ifndef FLAT_VECTORS_LOG_FILE_H
#define FLAT_VECTORS_LOG_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <keyway/plugin.h>

#include "file_name.h"
#include "repository.h"
#include "store.h"

#define LOG_MAGIC "KWFLATV\n"
#define LOG_VERSION 2u
#define LOG_ALIGNMENT 64u
#define LOG_HEADER_BYTES 4416u  /* room for the longest name and embedder id */

typedef struct log_header {
    char magic[8];
    uint32_t version, size;     /* of the format; LOG_HEADER_BYTES */
    uint32_t dims, metric, width;
    uint32_t name_length, embedder_length, reserved[4];
    uint32_t checksum;          /* of all but the marks, this field taken as 0 */
    uint64_t base;              /* the last commit's version is at least this */
} log_header;

typedef struct log_mark {
    uint64_t length;
    uint32_t reserved;
    uint32_t checksum; /* of the fields before it */
} log_mark;

#define LOG_MARKS 2u

#define LOG_UPSERT 1u
#define LOG_REMOVE 2u
#define LOG_CLEAR 3u
#define LOG_UPDATE 4u

typedef struct log_record {
    uint32_t kind, count;
    uint64_t size, head_size;   /* of the whole record; of all before the body */
    uint64_t version;           /* of the commit */
    uint32_t head_checksum;     /* of the head behind this struct */
    uint32_t checksum;          /* of the fields before it */
} log_record;

typedef struct log_entry {
    uint64_t version;           /* of the commit that wrote the item; below the record's in a file that was compacted */
    double inverse_norm;
    uint32_t id_length, text_length, metadata_length;
    uint32_t row_checksum, text_checksum, metadata_checksum;
} log_entry;

_Static_assert(sizeof(log_header) == 64 && sizeof(log_mark) == 16 && sizeof(log_record) == 40 && sizeof(log_entry) == 40,
               "file format");

/* What an item takes in the file. */
static inline uint64_t log_item_bytes(const repository *r, const item *i)
{
    return sizeof(log_entry) + repository_row_bytes(r) + i->id_length + i->text_length + i->metadata_length;
}

static inline uint64_t log_align(uint64_t offset)
{
    return (offset + LOG_ALIGNMENT - 1) / LOG_ALIGNMENT * LOG_ALIGNMENT;
}

/* ---- format (log_format.c) ------------------------------------------------------------------------------ */

/* An item on its way into a record. */
typedef struct log_item {
    kw_str id, text, metadata;
    const float *row;           /* dims floats, or NULL in a record without rows */
    log_entry entry;
} log_item;

typedef struct log_head {
    log_record record;
    unsigned char *bytes;       /* behind the struct: record.head_size - sizeof record of them; free() */
} log_head;

/* Fills in the entry's lengths and checksums. */
void log_seal_item(const repository *r, log_item *i);
/* The head of a record at `offset` of the file. False: out of memory. */
bool log_make_head(const repository *r, uint64_t offset, uint32_t kind, uint64_t version, const log_item *items,
                   uint32_t count, log_head *head);
/* Writes a record. False with errno. */
bool log_write_record(int file, uint64_t offset, const repository *r, const log_head *head, const log_item *items);
/* Does to r what a record at `offset` says. It has been checked, and room for it reserved. `checked`: its rows are known
 * to be good. Returns how many different ids it has. */
uint32_t log_apply(repository *r, uint64_t offset, const log_head *head, bool checked);
static inline log_entry log_entry_at(const log_head *head, uint32_t i)
{
    log_entry entry;
    memcpy(&entry, head->bytes + (size_t)i * sizeof entry, sizeof entry);
    return entry;
}
bool log_write_header(int file, const repository *r, uint64_t base);
bool log_write_mark(int file, uint32_t which, uint64_t length);
uint32_t log_header_checksum(const unsigned char bytes[LOG_HEADER_BYTES]);
uint32_t log_mark_checksum(const log_mark *mark);

/* KW_DATA_LOSS that says where and what next. */
kw_status log_damaged(kw_call *call, const char *path, uint64_t offset, const char *what);
kw_status log_failed(kw_call *call, const char *what, const char *path, int number);

/* ---- reading (log_read.c) ------------------------------------------------------------------------------- */

/* Opens a repository's file and reads its heads, and all of it if it is small. *out stays NULL, with KW_OK, if there is
 * none; KW_DATA_LOSS if it is damaged or anything but a regular file. The folder's lock is held exclusively. Without a
 * call nobody is told of errors. */
kw_status log_open(store *s, kw_call *call, const char *file_name, uint64_t seed, repository **out);
/* Reads a file that is open, from its header on; *out takes it over, if it succeeds. `path` is for messages.
 * strict: each byte that counts is checked, and nothing of it may be unfinished. */
kw_status log_load(store *s, kw_call *call, int file, const char *path, uint64_t seed, bool strict, repository **out);
/* Reads what other processes appended. */
kw_status log_read_on(store *s, kw_call *call, repository *r);
/* Is the file the one that was read, to its present end? */
bool log_is_current(const store *s, const repository *r);
/* Is it still the same file, perhaps longer? */
bool log_is_same(const store *s, const repository *r);

/* ---- writing (log_write.c); durable when they return, and nothing is changed when they fail ---------------- */

/* The file of a repository that has none, with a first commit of `count` items; without a name if the store has no folder.
 * r->count says how many different ids there were. */
kw_status log_create(store *s, kw_call *call, repository *r, log_item *items, uint32_t count);
/* Appends one commit and applies it. *different is how many different ids it had. */
kw_status log_append(store *s, kw_call *call, repository *r, uint32_t kind, log_item *items, uint32_t count,
                     uint32_t *different);
/* Writes the items of r to a new file and puts it in the place of the old one. */
kw_status log_compact(store *s, kw_call *call, repository *r);
/* The same if more than half of the file is superseded. A failure is logged and leaves the old file in use. */
void log_compact_if_due(store *s, repository *r);
kw_status log_flush(store *s, kw_call *call, const repository *r);
/* Removes what has the name of a repository's file, whatever it is, without opening it: it may be damaged. KW_NOT_FOUND
 * if nothing is there, KW_FAILED_PRECONDITION if it is a folder with something in it. */
kw_status log_delete(store *s, kw_call *call, kw_str repository_name);

/* Writes the items of r as records from LOG_HEADER_BYTES on; the file ends at *length then. False with errno. */
bool log_write_items(int file, const repository *r, uint64_t *length);
/* A file that is not to be seen yet; its name, or "", goes to `unfinished`. -1 with errno. */
int log_new_file(store *s, kw_str repository_name, char unfinished[FILE_NAME_SIZE + 4]);
/* Gives the finished file its name, durably. False with errno. */
bool log_publish(store *s, kw_str repository_name, const char *unfinished);
/* Removes an unfinished file and closes it; keeps errno. */
void log_discard(store *s, int file, const char *unfinished);

/* ---- snapshots (log_snapshot.c) ------------------------------------------------------------------------- */

/* Writes the items of r, each checked, to a file at an absolute path. */
kw_status log_snapshot(store *s, kw_call *call, const repository *r, kw_str path);
/* Makes *out from such a file, with a file of its own in place of whatever had its name. Its version will be above
 * `version`. Nothing has changed if it fails. */
kw_status log_restore(store *s, kw_call *call, kw_str path, kw_str name, uint64_t seed, uint64_t version,
                      repository **out);

#endif
