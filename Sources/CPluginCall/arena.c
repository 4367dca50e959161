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
