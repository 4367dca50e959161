#define _GNU_SOURCE
#include "repository.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <keyway/author.h>

#include "log_file.h"
#include "scan.h"

repository *repository_make(kw_str name, uint32_t dims, uint32_t metric, kw_str embedder, uint64_t seed)
{
    repository *r = calloc(1, sizeof *r);
    if (r == NULL || (embedder.len > 0 && (r->embedder = malloc((size_t)embedder.len)) == NULL)) {
        free(r);
        return NULL;
    }
    memcpy(r->name, name.ptr, (size_t)name.len);
    r->name_length = (uint32_t)name.len;
    r->dims = dims;
    r->metric = metric;
    r->width = (dims + SCAN_LANES - 1) / SCAN_LANES * SCAN_LANES;
    if (embedder.len > 0)
        memcpy(r->embedder, embedder.ptr, (size_t)embedder.len);
    r->embedder_length = (uint32_t)embedder.len;
    r->seed = seed;
    r->log.file = -1;
    return r;
}

void item_free(item *i)
{
    free(i->block);
    free(i->fields);
    i->block = NULL;
    i->fields = NULL;
}

void repository_free(repository *r)
{
    if (r == NULL)
        return;
    for (uint32_t i = 0; i < r->count; i++)
        item_free(&r->items[i]);
    if (r->rows != NULL)
        munmap(r->rows, (size_t)r->room * repository_row_bytes(r));
    if (r->log.file >= 0)
        close(r->log.file);
    free(r->items);
    free(r->slots);
    free(r->embedder);
    free(r);
}

bool item_make(item *out, kw_str id, kw_str text, kw_str json, const char **error, size_t *offset)
{
    memset(out, 0, sizeof *out);
    *offset = 0;
    /* Also the limit of the log's 32-bit lengths. */
    if (text.len > UINT32_MAX - METADATA_MAX_BYTES - REPOSITORY_MAX_ID) {
        *error = "more than 4 GiB of text";
        return false;
    }
    if (!metadata_parse(json, &out->fields, error, offset))
        return false;
    out->block = malloc((size_t)(id.len + text.len + json.len));
    if (out->block == NULL) {
        free(out->fields);
        out->fields = NULL;
        *error = "out of memory";
        return false;
    }
    memcpy(out->block, id.ptr, (size_t)id.len);
    if (text.len > 0)
        memcpy(out->block + id.len, text.ptr, (size_t)text.len);
    if (json.len > 0)
        memcpy(out->block + id.len + text.len, json.ptr, (size_t)json.len);
    out->id_length = (uint32_t)id.len;
    out->text_length = (uint32_t)text.len;
    out->metadata_length = (uint32_t)json.len;
    return true;
}

/* ---- index ---------------------------------------------------------------------------------------------- */

static uint32_t hash_id(const repository *r, kw_str id)
{
    uint64_t hash = r->seed ^ UINT64_C(0xcbf29ce484222325);
    for (uint64_t i = 0; i < id.len; i++)
        hash = (hash ^ (unsigned char)id.ptr[i]) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32;
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(hash >> 32);
}

/* The slot that holds the id, or the free one where it would go. The table is never full. */
static uint32_t slot_of(const repository *r, kw_str id)
{
    uint32_t slot = hash_id(r, id) & r->slot_mask;
    while (r->slots[slot] != 0 && !kw_equal(item_id(&r->items[r->slots[slot] - 1]), id))
        slot = (slot + 1) & r->slot_mask;
    return slot;
}

int64_t repository_find(const repository *r, kw_str id)
{
    return r->slots == NULL ? -1 : (int64_t)r->slots[slot_of(r, id)] - 1;
}

static void slot_free(repository *r, uint32_t hole)
{
    /* Later entries of the same run move up, so that no tombstones are needed. */
    uint32_t slot = hole;
    for (;;) {
        r->slots[hole] = 0;
        for (;;) {
            slot = (slot + 1) & r->slot_mask;
            if (r->slots[slot] == 0)
                return;
            uint32_t home = hash_id(r, item_id(&r->items[r->slots[slot] - 1])) & r->slot_mask;
            if (((slot - home) & r->slot_mask) >= ((slot - hole) & r->slot_mask))
                break;
        }
        r->slots[hole] = r->slots[slot];
        hole = slot;
    }
}

static bool index_reserve(repository *r, uint32_t items)
{
    uint64_t size = 16;
    while (size < (uint64_t)items * 2)
        size *= 2;
    if (r->slots != NULL && size <= (uint64_t)r->slot_mask + 1)
        return true;
    uint32_t *slots = calloc((size_t)size, sizeof *slots);
    if (slots == NULL)
        return false;
    free(r->slots);
    r->slots = slots;
    r->slot_mask = (uint32_t)(size - 1);
    for (uint32_t i = 0; i < r->count; i++)
        r->slots[slot_of(r, item_id(&r->items[i]))] = i + 1;
    return true;
}

/* ---- rows ----------------------------------------------------------------------------------------------- */

bool repository_reserve(repository *r, uint32_t more)
{
    if (more > REPOSITORY_MAX_ITEMS - r->count)
        return false;
    uint32_t needed = r->count + more;
    if (needed > r->room) {
        /* dims <= 65536 and items < 2^31: the product fits 64 bits. */
        uint64_t room = (uint64_t)r->room + r->room / 2;
        if (room < needed)
            room = needed;
        if (room > REPOSITORY_MAX_ITEMS)
            room = REPOSITORY_MAX_ITEMS;
        item *items = realloc(r->items, (size_t)room * sizeof *items);
        if (items == NULL)
            return false;
        r->items = items;
        size_t bytes = (size_t)room * repository_row_bytes(r);
        void *rows = r->rows == NULL
            ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            : mremap(r->rows, (size_t)r->room * repository_row_bytes(r), bytes, MREMAP_MAYMOVE);
        if (rows == MAP_FAILED)
            return false;
        /* Fewer page faults while loading and fewer translation misses while scanning; a kernel without it says no. */
        (void)madvise(rows, bytes, MADV_HUGEPAGE);
        r->rows = rows;
        r->room = (uint32_t)room;
    }
    return index_reserve(r, needed);
}

uint32_t repository_apply(repository *r, item *staged, uint32_t count)
{
    uint32_t base = r->count, different = 0;
    size_t row_bytes = repository_row_bytes(r);
    for (uint32_t i = 0; i < count; i++) {
        const float *row = repository_row(r, base + i);
        uint32_t slot = slot_of(r, item_id(&staged[i]));
        uint32_t position = r->slots[slot] != 0 ? r->slots[slot] - 1 : r->count;
        item *place = &r->items[position];
        if (position == r->count) {
            r->slots[slot] = ++r->count;
            different++;
        } else {
            different += place->fresh == 0;
            r->live_bytes -= log_item_bytes(r, place);
            item_free(place);
        }
        /* position <= base + i always, so a staged row is never overwritten before its turn. */
        if (row != repository_row(r, position))
            memcpy(repository_row(r, position), row, row_bytes);
        *place = staged[i];
        place->fresh = 1;
        r->live_bytes += log_item_bytes(r, place);
        staged[i] = (item) { .fresh = position };
    }
    for (uint32_t i = 0; i < count; i++)
        r->items[staged[i].fresh].fresh = 0;
    return different;
}

void repository_remove(repository *r, uint32_t position)
{
    uint32_t last = r->count - 1;
    r->live_bytes -= log_item_bytes(r, &r->items[position]);
    slot_free(r, slot_of(r, item_id(&r->items[position])));
    item_free(&r->items[position]);
    if (position != last) {
        r->slots[slot_of(r, item_id(&r->items[last]))] = position + 1;
        r->items[position] = r->items[last];
        memcpy(repository_row(r, position), repository_row(r, last), repository_row_bytes(r));
    }
    r->count = last;
}

void repository_clear(repository *r)
{
    for (uint32_t i = 0; i < r->count; i++)
        item_free(&r->items[i]);
    r->count = 0;
    r->live_bytes = 0;
    if (r->slots != NULL)
        memset(r->slots, 0, ((size_t)r->slot_mask + 1) * sizeof *r->slots);
}
