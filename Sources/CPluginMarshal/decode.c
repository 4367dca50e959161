/* Messages to values, in place. Every byte that is read here may have been chosen by an enemy. */
#include "engine.h"

typedef struct reader {
    unsigned char *at, *end;
    kwm_fault *fault;
} reader;

static const char CUT_SHORT[] = "goes on behind the end of the message";

/* The next `size` bytes, which are followed by padding up to 8. */
static unsigned char *take(reader *r, uint64_t size, uint64_t align)
{
    /* The buffer is 16-aligned, so addresses and offsets are aligned alike. */
    uint64_t gap = -(uint64_t)(uintptr_t)r->at & (align - 1);
    uint64_t left = (uint64_t)(r->end - r->at);
    if (gap > left || size > left - gap)
        return NULL;
    unsigned char *taken = r->at + gap;
    r->at = taken + ((size + 7) & ~(uint64_t)7); /* stays within: `left` and `gap` are multiples of 8 */
    return taken;
}

static void set_pointer(unsigned char *at, const void *pointer)
{
    memcpy(at, &pointer, sizeof pointer);
}

static kw_status damaged(reader *r, const kwm_struct *type, const kwm_field *field, const char *reason)
{
    return fail(r->fault, KW_DATA_LOSS, type, field->name, reason);
}

/* Bytes of the length behind a pointer. */
static int take_bytes(reader *r, unsigned char *pointer, uint64_t length, uint64_t align)
{
    unsigned char *bytes = NULL;
    if (length > 0 && (bytes = take(r, length, align)) == NULL)
        return 0;
    set_pointer(pointer, bytes);
    return 1;
}

static kw_status get_struct(reader *r, const kwm_struct *type, unsigned char *image);

static kw_status get_structs(reader *r, const kwm_struct *type, unsigned char *elements, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        kw_status status = get_struct(r, type, elements + (uint64_t)i * type->size);
        if (status != KW_OK)
            return status;
    }
    return KW_OK;
}

/* A span of elements of `width` bytes; of structs and texts, what they refer to follows. */
static kw_status get_span(reader *r, const kwm_struct *type, const kwm_field *field, unsigned char *image,
                          const kwm_struct *element, uint64_t width)
{
    kw_span span;
    memcpy(&span, image + field->offset, sizeof span);
    if (span.count == 0) {
        memset(image + field->offset, 0, sizeof span);
        return KW_OK;
    }
    if (span.stride != width)
        return damaged(r, type, field, "the stride is not the size of an element");
    unsigned char *elements = take(r, span.count * width, 8); /* both fit into 32 bits */
    if (elements == NULL)
        return damaged(r, type, field, CUT_SHORT);
    set_pointer(image + field->offset, elements);
    if (element != NULL)
        return get_structs(r, element, elements, span.count);
    if (field->kind == KWM_TEXTS) {
        for (uint32_t i = 0; i < span.count; i++) {
            unsigned char *text = elements + (uint64_t)i * sizeof(kw_str);
            if (!take_bytes(r, text, load64(text + offsetof(kw_str, len)), 8))
                return damaged(r, type, field, CUT_SHORT);
        }
    }
    return KW_OK;
}

static kw_status get_cases(reader *r, const kwm_struct *type, const kwm_field *field, unsigned char *image)
{
    uint32_t value = load32(image + field->length);
    for (uint32_t i = 0; i < field->case_count; i++) {
        if (field->cases[i].value == value)
            return get_span(r, type, field, image, field->cases[i].type, field->cases[i].type->size);
    }
    memset(image + field->offset, 0, sizeof(kw_span));
    return KW_OK;
}

static kw_status get_elements(reader *r, const kwm_struct *type, const kwm_field *field, unsigned char *image)
{
    uint64_t is_present = load64(image + field->offset), size;
    if (is_present > 1)
        return damaged(r, type, field, "is neither absent nor present");
    if (is_present == 0)
        return KW_OK; /* the pointer is NULL */
    if (!vector_size(load32(image + field->length), load32(image + field->element), &size))
        return damaged(r, type, field, "has an unknown element");
    if (size == 0)
        return damaged(r, type, field, "is present and has no dimensions");
    return take_bytes(r, image + field->offset, size, 16) ? KW_OK : damaged(r, type, field, CUT_SHORT);
}

static kw_status get_field(reader *r, const kwm_struct *type, const kwm_field *field, unsigned char *image)
{
    unsigned char *at = image + field->offset;
    switch (field->kind) {
    case KWM_BYTES:
        return take_bytes(r, at, load64(at + offsetof(kw_str, len)), 8) ? KW_OK : damaged(r, type, field, CUT_SHORT);
    case KWM_TEXTS:
        return get_span(r, type, field, image, NULL, sizeof(kw_str));
    case KWM_NUMBERS:
        return get_span(r, type, field, image, NULL, field->width);
    case KWM_STRUCTS:
        return get_span(r, type, field, image, field->type, field->type->size);
    case KWM_CASES:
        return get_cases(r, type, field, image);
    case KWM_SIZED:
        return take_bytes(r, at, load64(image + field->length), 16) ? KW_OK : damaged(r, type, field, CUT_SHORT);
    case KWM_ELEMENTS:
        return get_elements(r, type, field, image);
    case KWM_LEASE:
        set_pointer(at + offsetof(kw_lease, release), NULL);
        set_pointer(at + offsetof(kw_lease, owner), NULL);
        return take_bytes(r, at, load64(at + offsetof(kw_lease, len)), 8) ? KW_OK : damaged(r, type, field, CUT_SHORT);
    case KWM_LOCAL:
        set_pointer(at, NULL);
        return KW_OK;
    case KWM_DROPPED:
        memset(at, 0, sizeof(kw_span));
        return KW_OK;
    default:
        return damaged(r, type, field, "is of a kind that this build does not know");
    }
}

static kw_status get_struct(reader *r, const kwm_struct *type, unsigned char *image)
{
    if (load32(image) != type->size)
        return fail(r->fault, KW_DATA_LOSS, type, "h", "the size is not that of this build");
    for (uint32_t i = 0; i < type->field_count; i++) {
        kw_status status = get_field(r, type, &type->fields[i], image);
        if (status != KW_OK)
            return status;
    }
    return KW_OK;
}

kw_status kwm_decode(const kwm_struct *type, void *buffer, uint64_t length, void **value, kwm_fault *fault)
{
    *value = NULL;
    if (fault != NULL)
        *fault = (kwm_fault){ NULL, NULL, NULL };
    if (((uintptr_t)buffer & 15) != 0)
        return fail(fault, KW_DATA_LOSS, type, "h", "the message is not 16-aligned");
    if (length % 8 != 0 || length < type->size)
        return fail(fault, KW_DATA_LOSS, type, "h", CUT_SHORT);
    reader r = { (unsigned char *)buffer + type->size, (unsigned char *)buffer + length, fault };
    kw_status status = get_struct(&r, type, buffer);
    if (status == KW_OK && r.at != r.end)
        status = fail(fault, KW_DATA_LOSS, type, "h", "the message goes on behind its end");
    if (status == KW_OK)
        *value = buffer;
    return status;
}
