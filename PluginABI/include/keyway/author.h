/* keyway/author.h - conveniences for plugins written in C or C++. Not part of the ABI: all of it is inlined.
 *
 *     #include <keyway/plugin.h>
 *     #include <keyway/author.h>
 */
#ifndef KEYWAY_AUTHOR_H
#define KEYWAY_AUTHOR_H

#include <string.h>

#include "plugin.h"

#if defined(__cplusplus)
extern "C" {
#endif

/* KW_STR("literal") */
#define KW_STR(literal) { (literal), sizeof(literal) - 1 }
/* KW_SPAN(array) of a true array. */
#define KW_SPAN(array) { (array), (uint32_t)(sizeof(array) / sizeof((array)[0])), (uint32_t)sizeof((array)[0]) }

static inline kw_str kw_string(const char *text)
{
    kw_str s = { NULL, 0 };
    if (text != NULL && text[0] != '\0') {
        s.ptr = text;
        s.len = (uint64_t)strlen(text);
    }
    return s;
}

static inline int kw_equal(kw_str a, kw_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, (size_t)a.len) == 0);
}

/* Element i of a span, by the writer's stride. i < span.count. */
static inline const void *kw_at(kw_span span, uint32_t i)
{
    return (const char *)span.ptr + (uint64_t)i * span.stride;
}

/* ---- reading what the host wrote ------------------------------------------------------------------------ */

/* Copies what both sides know of a growable struct and zeroes the rest, so that a plugin reads every field of its own
 * header whatever the host's was. 0: from is NULL, shorter than its own header, longer than the `available` bytes in
 * which it lies, or larger than this plugin knows and marked KW_MUST; then answer KW_INVALID_ARGUMENT. */
static inline int kw_read_bytes(void *into, size_t size, const void *from, uint64_t available)
{
    kw_hdr header;
    memset(into, 0, size);
    if (from == NULL || available < sizeof header)
        return 0;
    memcpy(&header, from, sizeof header);
    if (header.size < sizeof header || header.size > available || (header.size > size && (header.flags & KW_MUST)))
        return 0;
    memcpy(into, from, header.size < size ? header.size : size);
    return 1;
}

/* kw_embed_in request; if (!kw_read(&request, in)) ... */
#define kw_read(into, from) kw_read_bytes((into), sizeof *(into), (from), UINT64_MAX)
/* Element i of a span of growable structs. i < span.count. */
#define kw_read_at(into, span, i) kw_read_bytes((into), sizeof *(into), kw_at((span), (i)), (span).stride)

/* Has a span memory for its elements, of at least so many bytes each? */
static inline int kw_span_ok(kw_span span, size_t least)
{
    return span.count == 0 || (span.ptr != NULL && span.stride >= least);
}

static inline int kw_text_ok(kw_str text)
{
    return text.len == 0 || text.ptr != NULL;
}

/* Text i of a span of kw_str. i < span.count. */
static inline kw_str kw_text_at(kw_span span, uint32_t i)
{
    kw_str text;
    memcpy(&text, kw_at(span, i), sizeof text);
    return text;
}

/* ---- writing -------------------------------------------------------------------------------------------- */

static inline kw_span kw_span_of(const void *ptr, uint32_t count, uint32_t stride)
{
    kw_span s = { count == 0 ? NULL : ptr, count, stride };
    return s;
}

/* A copy of text in the call's arena; empty if the arena is full. */
static inline kw_str kw_copy(kw_call *call, kw_str text)
{
    kw_str s = { NULL, 0 };
    if (text.len > 0) {
        char *p = (char *)call->api->alloc(call, text.len, 1);
        if (p != NULL) {
            memcpy(p, text.ptr, (size_t)text.len);
            s.ptr = p;
            s.len = text.len;
        }
    }
    return s;
}

/* return kw_fail(call, KW_INVALID_ARGUMENT, "dims must be 64-4096"); message says what went wrong and what to do. */
static inline kw_status kw_fail(kw_call *call, kw_status status, const char *message)
{
    kw_error e;
    memset(&e, 0, sizeof e);
    e.h.size = (uint32_t)sizeof e;
    e.status = status;
    e.message = kw_string(message);
    return call->api->fail(call, &e);
}

#if defined(__cplusplus)
}
#endif
#endif
