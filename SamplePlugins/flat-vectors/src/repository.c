#define _GNU_SOURCE
#include "repository.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <keyway/author.h>

#include "log_file.h"
#include "scan.h"

#define MAP_STEP 0x200000u

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

void repository_free(repository *r)
{
    if (r == NULL)
        return;
    for (uint32_t i = 0; i < r->count; i++)
        free(r->items[i].fields);
    if (r->map != NULL)
        munmap((void *)(uintptr_t)r->map, (size_t)r->map_size);
    if (r->log.file >= 0)
        close(r->log.file);
    free(r->log.path);
    free(r->items);
    free(r->rows);
    free(r->slots);
    free(r->embedder);
    free(r);
}

int text_order(kw_str a, kw_str b)
{
    size_t shared = (size_t)(a.len < b.len ? a.len : b.len);
    int order = shared == 0 ? 0 : memcmp(a.ptr, b.ptr, shared);
    return order != 0 ? order : a.len < b.len ? -1 : a.len > b.len;
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
    while (r->slots[slot] != 0 && !kw_equal(item_id(r, r->slots[slot] - 1), id))
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
            uint32_t home = hash_id(r, item_id(r, r->slots[slot] - 1)) & r->slot_mask;
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
        r->slots[slot_of(r, item_id(r, i))] = i + 1;
    return true;
}

/* ---- memory --------------------------------------------------------------------------------------------- */

bool repository_reserve(repository *r, uint32_t more)
{
    if (more > REPOSITORY_MAX_ITEMS - r->count)
        return false;
    uint32_t needed = r->count + more;
    if (needed > r->room) {
        uint64_t room = (uint64_t)r->room + r->room / 2;
        if (room < needed)
            room = needed;
        if (room > REPOSITORY_MAX_ITEMS)
            room = REPOSITORY_MAX_ITEMS;
        item *items = realloc(r->items, (size_t)room * sizeof *items);
        if (items == NULL)
            return false;
        r->items = items;
        row_place *rows = realloc(r->rows, (size_t)room * sizeof *rows);
        if (rows == NULL)
            return false;
        r->rows = rows;
        r->room = (uint32_t)room;
    }
    return index_reserve(r, needed);
}

bool repository_map(repository *r, uint64_t length)
{
    if (length <= r->map_size && r->map != NULL)
        return true;
    /* Ahead of the file's end, so that appending rarely maps; what lies behind log.length is never touched. */
    uint64_t size = (length + length / 2 + MAP_STEP) / MAP_STEP * MAP_STEP;
    if (length > (uint64_t)INT64_MAX / 2)
        return false;
    void *map = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, r->log.file, 0);
    if (map == MAP_FAILED)
        return false;
    /* Fewer translation misses where the file system has large pages; where it has none this fails, and may. */
    (void)madvise(map, (size_t)size, MADV_HUGEPAGE);
    if (r->map != NULL)
        munmap((void *)(uintptr_t)r->map, (size_t)r->map_size);
    r->map = map;
    r->map_size = size;
    return true;
}

repository *repository_freeze(const repository *r, const uint32_t *positions, uint32_t count)
{
    repository *copy = repository_make(repository_name(r), r->dims, r->metric, repository_embedder(r), r->seed);
    if (copy == NULL)
        return NULL;
    copy->items = calloc((size_t)count + 1, sizeof *copy->items);
    copy->rows = calloc((size_t)count + 1, sizeof *copy->rows);
    copy->log.path = strdup(r->log.path);
    copy->log.length = r->log.length;
    copy->version = r->version;
    void *map = mmap(NULL, (size_t)r->log.length, PROT_READ, MAP_SHARED, r->log.file, 0);
    if (map != MAP_FAILED) {
        copy->map = map;
        copy->map_size = r->log.length;
    }
    if (copy->items == NULL || copy->rows == NULL || copy->log.path == NULL || copy->map == NULL) {
        repository_free(copy);
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        copy->items[i] = r->items[positions[i]];
        copy->items[i].fields = NULL;
        copy->rows[i] = r->rows[positions[i]];
    }
    copy->count = copy->room = count;
    return copy;
}

/* ---- items ---------------------------------------------------------------------------------------------- */

bool repository_put(repository *r, const item *i, const row_place *row)
{
    kw_str id = { r->map + i->id_offset, i->id_length };
    uint32_t slot = slot_of(r, id);
    uint32_t position = r->slots[slot] != 0 ? r->slots[slot] - 1 : r->count;
    bool is_first = true;
    if (position == r->count) {
        r->slots[slot] = ++r->count;
    } else {
        is_first = r->items[position].version != i->version;
        r->live_bytes -= log_item_bytes(r, &r->items[position]);
        free(r->items[position].fields);
    }
    r->items[position] = *i;
    r->rows[position] = *row;
    r->live_bytes += log_item_bytes(r, i);
    return is_first;
}

void repository_remove(repository *r, uint32_t position)
{
    uint32_t last = r->count - 1;
    r->live_bytes -= log_item_bytes(r, &r->items[position]);
    slot_free(r, slot_of(r, item_id(r, position)));
    free(r->items[position].fields);
    if (position != last) {
        r->slots[slot_of(r, item_id(r, last))] = position + 1;
        r->items[position] = r->items[last];
        r->rows[position] = r->rows[last];
    }
    r->count = last;
}

void repository_clear(repository *r)
{
    for (uint32_t i = 0; i < r->count; i++)
        free(r->items[i].fields);
    r->count = 0;
    r->live_bytes = 0;
    if (r->slots != NULL)
        memset(r->slots, 0, ((size_t)r->slot_mask + 1) * sizeof *r->slots);
}
