/* One repository in memory: rows side by side, items beside them, a hash index from id to position. No locking, no
 * files; the owner holds the instance's lock (see access.h). */
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

typedef struct item {
    char *block;          /* id, text, metadata JSON, one after the other */
    metadata *fields;     /* of the JSON, or NULL */
    uint32_t id_length, text_length, metadata_length;
    uint32_t fresh;       /* repository_apply's own: written by the batch at hand */
    double inverse_norm;  /* 1 / Euclidean length of the row, 0 for a zero row */
} item;

static inline kw_str item_id(const item *i)
{
    kw_str text = { i->block, i->id_length };
    return text;
}

static inline kw_str item_text(const item *i)
{
    kw_str text = { i->text_length > 0 ? i->block + i->id_length : NULL, i->text_length };
    return text;
}

static inline kw_str item_metadata(const item *i)
{
    kw_str text = { i->metadata_length > 0 ? i->block + i->id_length + i->text_length : NULL, i->metadata_length };
    return text;
}

/* Where the repository lives on disk; file is -1 for one in memory only. */
typedef struct repository_log {
    int file;
    dev_t device;
    ino_t inode;
    uint64_t length, header_length;
} repository_log;

typedef struct repository {
    char name[REPOSITORY_MAX_NAME + 1];
    uint32_t name_length;
    uint32_t dims, metric;
    uint32_t width;        /* floats from row to row: dims, padded for scan.h */
    char *embedder;        /* identity of the vector space; embedder_length bytes */
    uint32_t embedder_length;
    uint32_t count, room;  /* items in use; allocated. rows has the same room */
    float *rows;           /* a private mapping, so that growing moves pages and not bytes */
    item *items;
    uint32_t *slots;       /* open addressing: position + 1, 0 = free */
    uint32_t slot_mask;
    uint64_t seed;         /* ids come from outside: their hash must not be foreseeable */
    uint64_t live_bytes;   /* what the present items take in the log */
    repository_log log;
} repository;

/* NULL: out of memory. */
repository *repository_make(kw_str name, uint32_t dims, uint32_t metric, kw_str embedder, uint64_t seed);
void repository_free(repository *r);

/* Makes room for `more` rows and items past count, whose rows may then be written at repository_row(r, count + i). */
bool repository_reserve(repository *r, uint32_t more);

/* Takes over `count` staged items whose rows lie past the present ones. Of equal ids the last wins. Cannot fail after
 * repository_reserve. Returns how many different ids there were; `staged` is left without anything to free. */
uint32_t repository_apply(repository *r, item *staged, uint32_t count);

/* Position of an id, or -1. */
int64_t repository_find(const repository *r, kw_str id);
/* Removes one item by position; the last item takes its place. */
void repository_remove(repository *r, uint32_t position);
void repository_clear(repository *r);

/* An item with its strings copied and its metadata parsed. False: *error says why; nothing to free. */
bool item_make(item *out, kw_str id, kw_str text, kw_str json, const char **error, size_t *offset);
void item_free(item *i);

static inline float *repository_row(const repository *r, uint32_t position)
{
    return r->rows + (size_t)position * r->width;
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

#endif
