/* One repository: its file mapped for reading, and in memory where in it each item lies, with a hash index from id to
 * position. Bytes of the file are reached through item_data.h, which checks them. No locking; the owner holds the
 * instance's lock (see instance.h). */
#ifndef FLAT_VECTORS_REPOSITORY_H
#define FLAT_VECTORS_REPOSITORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <keyway/plugin.h>

#include "metadata.h"

#define REPOSITORY_MAX_NAME 200u
#define REPOSITORY_MAX_ID 512u
#define REPOSITORY_MAX_EMBEDDER 4096u
#define REPOSITORY_MAX_DIMS 65536u
#define REPOSITORY_MAX_ITEMS 0x7FFFFFF0u

/* Offsets are of the file. */
typedef struct item {
    uint64_t id_offset, text_offset, metadata_offset;
    uint64_t version;        /* of the commit that wrote it */
    metadata *fields;        /* the metadata, parsed when a filter first asks; item_data.c's own */
    uint32_t text_length, metadata_length;
    uint32_t text_checksum, metadata_checksum;
    uint32_t id_length;
    uint32_t reserved;
} item;

/* What a scan needs of an item, apart from the rest so that it reads little. */
typedef struct row_place {
    uint64_t offset;         /* a multiple of SCAN_ALIGNMENT */
    double inverse_norm;     /* 1 / Euclidean length of the row, 0 for a zero row */
    uint32_t checksum;
    uint32_t checked;        /* the row has matched its checksum */
} row_place;

/* The file, which has no name if the repository is in memory only. */
typedef struct repository_log {
    int file;                /* -1: a frozen copy */
    char *path;              /* for messages */
    dev_t device;
    ino_t inode;
    uint64_t length;         /* of what is committed */
    uint64_t header_length;
    uint64_t compact_at;     /* after a compaction that failed: not before the file is this long */
    uint32_t next_mark;
} repository_log;

typedef struct repository {
    char name[REPOSITORY_MAX_NAME + 1];
    uint32_t name_length;
    uint32_t dims, metric;
    uint32_t width;          /* floats from row to row: dims, padded for scan.h */
    char *embedder;          /* identity of the vector space; embedder_length bytes */
    uint32_t embedder_length;
    uint32_t count, room;    /* items in use; allocated. rows has the same room */
    item *items;
    row_place *rows;
    const char *map;         /* of the file, from its first byte */
    uint64_t map_size;       /* at least log.length once something is there; may reach past the file's end */
    uint32_t *slots;         /* open addressing: position + 1, 0 = free */
    uint32_t slot_mask;
    uint64_t seed;           /* ids come from outside: their hash must not be foreseeable */
    uint64_t version;        /* of the last commit */
    uint64_t live_bytes;     /* what the present items take in the file */
    repository_log log;
} repository;

/* NULL: out of memory. */
repository *repository_make(kw_str name, uint32_t dims, uint32_t metric, kw_str embedder, uint64_t seed);
void repository_free(repository *r);

/* Makes room for `more` items past count. */
bool repository_reserve(repository *r, uint32_t more);
/* Makes the map reach `length` bytes; what items say of offsets stays true. */
bool repository_map(repository *r, uint64_t length);

/* The same repository at this moment, for reading only, with `count` of its items in the order of `positions`. It stays
 * as it is whatever becomes of the original and its file. NULL: out of memory. */
repository *repository_freeze(const repository *r, const uint32_t *positions, uint32_t count);

/* Takes over an item whose offsets point into the map, in place of one of the same id, if there is one. Cannot fail after
 * repository_reserve. True if there was none that the same commit (item.version) had put. */
bool repository_put(repository *r, const item *i, const row_place *row);

/* Position of an id, or -1. */
int64_t repository_find(const repository *r, kw_str id);
/* Removes one item by position; the last item takes its place. */
void repository_remove(repository *r, uint32_t position);
void repository_clear(repository *r);

static inline kw_str item_id(const repository *r, uint32_t position)
{
    kw_str text = { r->map + r->items[position].id_offset, r->items[position].id_length };
    return text;
}

static inline size_t repository_row_bytes(const repository *r)
{
    return (size_t)r->width * sizeof(float);
}

static inline kw_str repository_name(const repository *r)
{
    kw_str text = { r->name, r->name_length };
    return text;
}

static inline kw_str repository_embedder(const repository *r)
{
    kw_str text = { r->embedder_length > 0 ? r->embedder : NULL, r->embedder_length };
    return text;
}

/* Byte order, a shorter text before a longer one that it begins. */
int text_order(kw_str a, kw_str b);

#endif
