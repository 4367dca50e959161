/* A repository on disk: a header, then records, each with a length and two checksums. Appending is the only change;
 * what superseded records take is given back by writing a new file and renaming it over the old one.
 *
 *   header   log_header | name | embedder id
 *   record   log_record | payload
 *     upsert   log_entry[count] | rows (count * width floats) | id, text, metadata of each entry
 *     remove   uint32_t lengths[count] | ids
 *     clear    nothing
 *
 * One operation is one record, so a record is present whole or not at all. A record that the file ends inside of was
 * being written when its process ended; nobody was told that it is there, and it is cut off. A record that is all there
 * and does not match its checksum was damaged later; it is reported and nothing is changed. Numbers are
 * little-endian. */
#ifndef FLAT_VECTORS_LOG_FILE_H
#define FLAT_VECTORS_LOG_FILE_H

#include <stdint.h>

#include <keyway/plugin.h>

#include "repository.h"
#include "store.h"

#define LOG_MAGIC "KWFLATV\n"
#define LOG_VERSION 1u

typedef struct log_header {
    char magic[8];
    uint32_t version, size; /* of header, name and embedder id */
    uint32_t dims, metric, width;
    uint32_t name_length, embedder_length;
    uint32_t checksum;      /* of all of it, this field taken as 0 */
} log_header;

#define LOG_UPSERT 1u
#define LOG_REMOVE 2u
#define LOG_CLEAR 3u

typedef struct log_record {
    uint32_t kind, count;
    uint64_t payload_size;
    uint32_t payload_checksum, reserved[2];
    uint32_t checksum; /* of the fields before it */
} log_record;

typedef struct log_entry {
    uint32_t id_length, text_length, metadata_length, reserved;
    double inverse_norm;
} log_entry;

_Static_assert(sizeof(log_header) == 40 && sizeof(log_record) == 32 && sizeof(log_entry) == 24, "file format");

/* What an item takes in the log. */
static inline uint64_t log_item_bytes(const repository *r, const item *i)
{
    return sizeof(log_entry) + repository_row_bytes(r) + i->id_length + i->text_length + i->metadata_length;
}

/* ---- reading (log_read.c) ------------------------------------------------------------------------------- */

/* Reads a file whole. *out stays NULL, with KW_OK, if there is none; KW_DATA_LOSS if it is damaged or anything but a
 * regular file. The folder's lock is held exclusively. */
kw_status log_open(store *s, kw_call *call, const char *file, uint64_t seed, repository **out);
/* Reads what other processes appended. */
kw_status log_read_on(store *s, kw_call *call, repository *r);
/* Is the file the one that was read, to its present end? */
bool log_is_current(const store *s, const repository *r);
/* Is it still the same file, perhaps longer? */
bool log_is_same(const store *s, const repository *r);

/* ---- writing (log_write.c); durable when they return, and nothing is changed when they fail ---------------- */

kw_status log_create(store *s, kw_call *call, repository *r);
/* Staged items with their rows behind the present ones (repository_reserve). */
kw_status log_append_upsert(store *s, kw_call *call, repository *r, const item *staged, uint32_t count);
kw_status log_append_remove(store *s, kw_call *call, repository *r, const uint32_t *positions, uint32_t count);
kw_status log_append_clear(store *s, kw_call *call, repository *r);
/* Rewrites the file if more than half of it is superseded. A failure is logged and leaves the old file in use. */
void log_compact_if_due(store *s, repository *r);
/* Removes what has the name of a repository's file, whatever it is, without opening it: it may be damaged. KW_NOT_FOUND
 * if nothing is there, KW_FAILED_PRECONDITION if it is a folder with something in it. */
kw_status log_delete(store *s, kw_call *call, kw_str repository_name);

#endif
