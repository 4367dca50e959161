/* Memory for the pointees of a reply. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#define KWC_CHUNK_SIZE 16384u
#define KWC_MAX_ALIGN 4096u
#define KWC_MAX_ERROR_TEXT 65536u

static void *take(kwc_frame *frame, uint64_t size, uint64_t align)
{
    uintptr_t at = ((uintptr_t)frame->arena_at + (align - 1)) & ~(uintptr_t)(align - 1);
    uintptr_t end = (uintptr_t)frame->arena_end;
    if (at > end || size > end - at)
        return NULL;
    frame->arena_at = (unsigned char *)(at + size);
    return (void *)at;
}

void *kwc_arena_alloc(kwc_frame *frame, uint64_t size, uint64_t align)
{
    if (align == 0 || (align & (align - 1)) != 0 || align > KWC_MAX_ALIGN || size > frame->quota ||
        size > SIZE_MAX / 2)
        return NULL;
    unsigned char *before = frame->arena_at;
    void *memory = take(frame, size, align);
    if (memory == NULL) {
        uint64_t wanted = size + align; /* no overflow: size <= SIZE_MAX / 2, align <= KWC_MAX_ALIGN */
        uint64_t capacity = wanted > KWC_CHUNK_SIZE ? wanted : KWC_CHUNK_SIZE;
        kwc_chunk *chunk = malloc(sizeof(kwc_chunk) + capacity);
        if (chunk == NULL)
            return NULL;
        chunk->next = frame->chunks;
        chunk->size = capacity;
        frame->chunks = chunk;
        frame->arena_at = (unsigned char *)(chunk + 1);
        frame->arena_end = frame->arena_at + capacity;
        before = frame->arena_at;
        memory = take(frame, size, align);
    }
    /* Padding counts: else many small pieces of large alignment would take far more than the quota. */
    uint64_t used = (uint64_t)(frame->arena_at - before);
    frame->quota -= used < frame->quota ? used : frame->quota;
    memset(memory, 0, size);
    return memory;
}

kw_str kwc_copy_text(kwc_frame *frame, kw_str text)
{
    kw_str copy = { NULL, 0 };
    uint64_t length = text.len > KWC_MAX_ERROR_TEXT ? KWC_MAX_ERROR_TEXT : text.len;
    if (text.ptr == NULL || length == 0)
        return copy;
    char *memory = kwc_arena_alloc(frame, length, 1);
    if (memory == NULL)
        return copy;
    memcpy(memory, text.ptr, length);
    copy.ptr = memory;
    copy.len = length;
    return copy;
}

static int is_within(const void *ptr, uint64_t len, const void *start, uint64_t size)
{
    uintptr_t at = (uintptr_t)ptr, from = (uintptr_t)start;
    return at >= from && at - from <= size && len <= size - (at - from);
}

int kwc_holds(const kwc_frame *frame, const void *ptr, uint64_t len)
{
    const unsigned char *arena = (const unsigned char *)((const engine_frame *)frame + 1);
    /* What this call has not taken of it yet may still hold what an earlier call left. */
    int is_in_use = frame->chunks == NULL;
    if (is_within(ptr, len, arena, is_in_use ? (uint64_t)(frame->arena_at - arena) : KWC_INLINE_ARENA))
        return 1;
    for (const kwc_chunk *chunk = frame->chunks; chunk != NULL; chunk = chunk->next) {
        if (is_within(ptr, len, chunk + 1, chunk->size))
            return 1;
    }
    for (const kwc_lease_node *node = frame->leases; node != NULL; node = node->next) {
        if (is_within(ptr, len, node->lease.ptr, node->lease.len))
            return 1;
    }
    return 0;
}
