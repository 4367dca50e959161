/* Values to messages. */
#include "engine.h"

typedef struct writer {
    unsigned char *base;
    uint64_t capacity;
    uint64_t used; /* a multiple of 8; beyond capacity it goes on counting, and nothing is written any more */
    kwm_fault *fault;
} writer;

/* Far more than memory can hold, and so little that sums of two do not overflow. */
#define LONGEST ((uint64_t)1 << 62)

static const char TOO_LONG[] = "is longer than memory can be";

/* The next `size` bytes, at least one, with zeroed padding around them. *at is NULL if they do not fit. 0: no memory is that
 * large. */
static int reserve(writer *w, uint64_t size, uint64_t align, unsigned char **at)
{
    uint64_t start = (w->used + (align - 1)) & ~(align - 1);
    if (size > LONGEST || start > LONGEST)
        return 0;
    uint64_t end = start + ((size + 7) & ~(uint64_t)7);
    *at = NULL;
    if (end <= w->capacity) {
        *at = w->base + start;
        /* Padding lies within one word, and a word of a fixed size is the fastest to write. */
        if (start > w->used)
            memset(w->base + w->used, 0, 8);
        memset(w->base + end - 8, 0, 8);
    }
    w->used = end;
    return 1;
}

static kw_status invalid(writer *w, const kwm_struct *type, const kwm_field *field, const char *reason)
{
    return fail(w->fault, KW_INVALID_ARGUMENT, type, field->name, reason);
}

/* A struct as its writer made it: `known` bytes of it count, what lies behind them is 0. */
typedef struct source {
    const unsigned char *at;
    uint32_t known;
} source;

static int has(const source *s, uint32_t offset, uint32_t size)
{
    return offset + size <= s->known;
}

static uint32_t word32(const source *s, uint32_t offset)
{
    return has(s, offset, 4) ? load32(s->at + offset) : 0;
}

static uint64_t word64(const source *s, uint32_t offset)
{
    return has(s, offset, 8) ? load64(s->at + offset) : 0;
}

static const void *pointer(const source *s, uint32_t offset)
{
    const void *value = NULL;
    if (has(s, offset, sizeof value))
        memcpy(&value, s->at + offset, sizeof value);
    return value;
}

static void blank(unsigned char *image, const kwm_field *field, uint64_t size)
{
    if (image != NULL)
        memset(image + field->offset, 0, size);
}

static kw_status put_bytes(writer *w, const kwm_struct *type, const kwm_field *field, const void *bytes,
                           uint64_t length, uint64_t align)
{
    unsigned char *at;
    if (length == 0)
        return KW_OK;
    if (bytes == NULL)
        return invalid(w, type, field, "is NULL and has a length");
    if (!reserve(w, length, align, &at))
        return invalid(w, type, field, TOO_LONG);
    if (at != NULL)
        memcpy(at, bytes, length);
    return KW_OK;
}

static kw_status put_struct(writer *w, const kwm_struct *type, const unsigned char *value, uint32_t stride,
                            unsigned char *image);

static kw_status put_structs(writer *w, const kwm_struct *type, kw_span span, unsigned char *elements)
{
    for (uint32_t i = 0; i < span.count; i++) {
        const unsigned char *element = (const unsigned char *)span.ptr + (uint64_t)i * span.stride;
        kw_status status = put_struct(
            w, type, element, span.stride, elements == NULL ? NULL : elements + (uint64_t)i * type->size);
        if (status != KW_OK)
            return status;
    }
    return KW_OK;
}

static kw_status put_texts(writer *w, const kwm_struct *type, const kwm_field *field, kw_span span,
                           unsigned char *elements)
{
    for (uint32_t i = 0; i < span.count; i++) {
        kw_str text;
        memcpy(&text, (const unsigned char *)span.ptr + (uint64_t)i * span.stride, sizeof text);
        if (elements != NULL) {
            kw_str image = { NULL, text.len };
            memcpy(elements + (uint64_t)i * sizeof image, &image, sizeof image);
        }
        kw_status status = put_bytes(w, type, field, text.ptr, text.len, 8);
        if (status != KW_OK)
            return status;
    }
    return KW_OK;
}

static void copy_numbers(unsigned char *to, kw_span span, uint32_t width)
{
    if (span.stride == width) {
        memcpy(to, span.ptr, (uint64_t)span.count * width);
        return;
    }
    for (uint32_t i = 0; i < span.count; i++)
        memcpy(to + (uint64_t)i * width, (const unsigned char *)span.ptr + (uint64_t)i * span.stride, width);
}

/* A span whose elements take `width` bytes here, and at least `least` bytes at the writer. */
static kw_status put_span(writer *w, const kwm_struct *type, const kwm_field *field, const source *s,
                          unsigned char *image, const kwm_struct *element, uint32_t width, uint32_t least)
{
    kw_span span = { NULL, 0, 0 };
    if (has(s, field->offset, sizeof span))
        memcpy(&span, s->at + field->offset, sizeof span);
    uint32_t align = width < 8 ? width : 8;
    if (span.count > 0) {
        if (span.ptr == NULL)
            return invalid(w, type, field, "is NULL and has a count");
        if (span.stride < least || span.stride % align != 0)
            return invalid(w, type, field, "has a stride that fits no element");
    }
    if (image != NULL) {
        kw_span written = { NULL, span.count, span.count > 0 ? width : 0 };
        memcpy(image + field->offset, &written, sizeof written);
    }
    if (span.count == 0)
        return KW_OK;
    unsigned char *elements;
    if (!reserve(w, (uint64_t)span.count * width, 8, &elements))
        return invalid(w, type, field, TOO_LONG);
    if (element != NULL)
        return put_structs(w, element, span, elements);
    if (field->kind == KWM_TEXTS)
        return put_texts(w, type, field, span, elements);
    if (elements != NULL)
        copy_numbers(elements, span, width);
    return KW_OK;
}

static kw_status put_cases(writer *w, const kwm_struct *type, const kwm_field *field, const source *s,
                           unsigned char *image)
{
    uint32_t value = word32(s, field->length);
    for (uint32_t i = 0; i < field->case_count; i++) {
        const kwm_struct *element = field->cases[i].type;
        if (field->cases[i].value == value)
            return put_span(w, type, field, s, image, element, element->size, sizeof(kw_hdr));
    }
    blank(image, field, sizeof(kw_span));
    return KW_OK;
}

static kw_status put_elements(writer *w, const kwm_struct *type, const kwm_field *field, const source *s,
                              unsigned char *image)
{
    const void *vector = pointer(s, field->offset);
    uint32_t dims = word32(s, field->length);
    uint64_t size = 0, is_present = vector != NULL && dims > 0;
    if (is_present && !vector_size(dims, word32(s, field->element), &size))
        return fail(w->fault, KW_UNIMPLEMENTED, type, field->name, "has an unknown element");
    if (image != NULL)
        memcpy(image + field->offset, &is_present, sizeof is_present);
    return put_bytes(w, type, field, vector, size, 16);
}

static kw_status put_lease(writer *w, const kwm_struct *type, const kwm_field *field, const source *s,
                           unsigned char *image)
{
    kw_lease lease = { NULL, 0, NULL, NULL };
    if (has(s, field->offset, sizeof lease))
        memcpy(&lease, s->at + field->offset, sizeof lease);
    if (image != NULL) {
        kw_lease written = { NULL, lease.len, NULL, NULL };
        memcpy(image + field->offset, &written, sizeof written);
    }
    return put_bytes(w, type, field, lease.ptr, lease.len, 8);
}

/* The image is a copy of the source so far; everything of a field that is an address is taken out of it here. */
static kw_status put_field(writer *w, const kwm_struct *type, const kwm_field *field, const source *s,
                           unsigned char *image)
{
    uint32_t length = field->offset + (uint32_t)offsetof(kw_str, len);
    switch (field->kind) {
    case KWM_BYTES:
        blank(image, field, sizeof(void *));
        return put_bytes(w, type, field, pointer(s, field->offset), word64(s, length), 8);
    case KWM_TEXTS:
        return put_span(w, type, field, s, image, NULL, sizeof(kw_str), sizeof(kw_str));
    case KWM_NUMBERS:
        return put_span(w, type, field, s, image, NULL, field->width, field->width);
    case KWM_STRUCTS:
        return put_span(w, type, field, s, image, field->type, field->type->size, sizeof(kw_hdr));
    case KWM_CASES:
        return put_cases(w, type, field, s, image);
    case KWM_SIZED:
        blank(image, field, sizeof(void *));
        return put_bytes(w, type, field, pointer(s, field->offset), word64(s, field->length), 16);
    case KWM_ELEMENTS:
        return put_elements(w, type, field, s, image);
    case KWM_LEASE:
        return put_lease(w, type, field, s, image);
    case KWM_LOCAL:
        blank(image, field, sizeof(void *));
        return KW_OK;
    case KWM_DROPPED:
        blank(image, field, sizeof(kw_span));
        return KW_OK;
    default:
        return invalid(w, type, field, "is of a kind that this build does not know");
    }
}

/* stride: how far the next struct is, which is as far as this one can reach. */
static kw_status put_struct(writer *w, const kwm_struct *type, const unsigned char *value, uint32_t stride,
                            unsigned char *image)
{
    kw_hdr header;
    memcpy(&header, value, sizeof header);
    if (header.size < sizeof header)
        return fail(w->fault, KW_INVALID_ARGUMENT, type, "h", "is shorter than its header");
    if (header.size > stride)
        return fail(w->fault, KW_INVALID_ARGUMENT, type, "h", "is longer than the span's stride");
    if (header.size > type->size && (header.flags & KW_MUST))
        return fail(w->fault, KW_UNIMPLEMENTED, type, "h", "has to be understood whole, and this build does not");
    /* By whole words, so that no number is there by half; structs of the ABI have no other sizes. */
    source s = { value, (header.size < type->size ? header.size : type->size) & ~(uint32_t)7 };
    if (image != NULL) {
        memcpy(image, value, s.known);
        if (s.known < type->size)
            memset(image + s.known, 0, type->size - s.known);
        memcpy(image, &type->size, sizeof type->size);
    }
    for (uint32_t i = 0; i < type->field_count; i++) {
        kw_status status = put_field(w, type, &type->fields[i], &s, image);
        if (status != KW_OK)
            return status;
    }
    return KW_OK;
}

kw_status kwm_encode(const kwm_struct *type, const void *value, void *buffer, uint64_t capacity, uint64_t *length,
                     kwm_fault *fault)
{
    writer w = { buffer, capacity, 0, fault };
    unsigned char *image = NULL;
    *length = 0;
    if (fault != NULL)
        *fault = (kwm_fault){ NULL, NULL, NULL };
    if (value == NULL)
        return fail(fault, KW_INVALID_ARGUMENT, type, "h", "is NULL");
    if (((uintptr_t)buffer & 15) != 0)
        return fail(fault, KW_INVALID_ARGUMENT, type, "h", "the memory for the message is not 16-aligned");
    reserve(&w, type->size, 16, &image);
    kw_status status = put_struct(&w, type, value, UINT32_MAX, image);
    if (status != KW_OK)
        return status;
    *length = w.used;
    return w.used <= capacity ? KW_OK : KW_BUFFER_TOO_SMALL;
}
