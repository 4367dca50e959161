/* What a decoded value has to be, found from the writer's value without the marshaller. */
#include "check.h"

typedef struct comparison {
    const unsigned char *buffer;
    uint64_t length;
} comparison;

static int differs(const kwm_struct *type, const char *field, const char *what)
{
    fprintf(stderr, "%s.%s: %s\n", type->name, field, what);
    return 0;
}

/* A piece of the writer's struct, 0 where it has none. */
static void get(const unsigned char *written, uint32_t offset, void *to, uint32_t size)
{
    uint32_t has;
    memcpy(&has, written, sizeof has);
    memset(to, 0, size);
    if (offset + size <= has)
        memcpy(to, written + offset, size);
}

static int lies_within(const comparison *c, const void *ptr, uint64_t length, uint64_t align)
{
    uintptr_t at = (uintptr_t)ptr, start = (uintptr_t)c->buffer;
    return at % align == 0 && at >= start && at - start <= c->length && length <= c->length - (at - start);
}

static int is_same_memory(const comparison *c, const void *written, const void *read, uint64_t length, uint64_t align)
{
    if (length == 0)
        return read == NULL;
    return lies_within(c, read, length, align) && memcmp(written, read, length) == 0;
}

uint32_t field_size(const kwm_field *field)
{
    switch (field->kind) {
    case KWM_SIZED:
    case KWM_ELEMENTS:
    case KWM_LOCAL:
        return sizeof(void *);
    case KWM_LEASE:
        return sizeof(kw_lease);
    default:
        return sizeof(kw_span);
    }
}

static int is_same_struct(const comparison *c, const kwm_struct *type, const unsigned char *written,
                          const unsigned char *read);

static int is_same_span(const comparison *c, const kwm_field *field, const kwm_struct *element, uint32_t width,
                        kw_span written, kw_span read)
{
    if (written.count != read.count)
        return 0;
    if (read.count == 0)
        return read.ptr == NULL && read.stride == 0;
    if (read.stride != width || !lies_within(c, read.ptr, (uint64_t)read.count * width, 8))
        return 0;
    for (uint32_t i = 0; i < read.count; i++) {
        const unsigned char *from = (const unsigned char *)written.ptr + (uint64_t)i * written.stride;
        const unsigned char *to = (const unsigned char *)read.ptr + (uint64_t)i * read.stride;
        if (element != NULL) {
            if (!is_same_struct(c, element, from, to))
                return 0;
        } else if (field->kind == KWM_TEXTS) {
            kw_str a, b;
            memcpy(&a, from, sizeof a);
            memcpy(&b, to, sizeof b);
            if (a.len != b.len || !is_same_memory(c, a.ptr, b.ptr, a.len, 8))
                return 0;
        } else if (memcmp(from, to, width) != 0) {
            return 0;
        }
    }
    return 1;
}

/* Sets `covered` for the bytes of the field that are compared here, and not with the rest of the struct. */
static int is_same_field(const comparison *c, const kwm_field *field, const unsigned char *written,
                         const unsigned char *read, unsigned char *covered)
{
    uint32_t offset = field->offset, dims, kind;
    uint64_t length;
    const void *from, *to;
    kw_span a, b;
    get(written, offset, &a, sizeof a);
    get(written, offset, &from, sizeof from);
    uint32_t size = field_size(field);
    memset(&b, 0, sizeof b);
    memcpy(&b, read + offset, size < sizeof b ? size : sizeof b);
    memcpy(&to, read + offset, sizeof to);
    memset(covered + offset, 1, size);
    switch (field->kind) {
    case KWM_TEXTS:
        return is_same_span(c, field, NULL, sizeof(kw_str), a, b);
    case KWM_NUMBERS:
        return is_same_span(c, field, NULL, field->width, a, b);
    case KWM_STRUCTS:
        return is_same_span(c, field, field->type, field->type->size, a, b);
    case KWM_CASES:
        get(written, field->length, &kind, sizeof kind);
        for (uint32_t i = 0; i < field->case_count; i++) {
            if (field->cases[i].value == kind)
                return is_same_span(c, field, field->cases[i].type, field->cases[i].type->size, a, b);
        }
        return b.ptr == NULL && b.count == 0 && b.stride == 0;
    case KWM_DROPPED:
        return b.ptr == NULL && b.count == 0 && b.stride == 0;
    case KWM_LOCAL:
        return to == NULL;
    case KWM_SIZED:
        get(written, field->length, &length, sizeof length);
        return is_same_memory(c, from, to, length, 16);
    case KWM_ELEMENTS: {
        static const uint32_t bits[] = { 0, 32, 16, 16, 8, 8, 1 };
        uint32_t element;
        get(written, field->length, &dims, sizeof dims);
        get(written, field->element, &element, sizeof element);
        return is_same_memory(c, from, to, from == NULL ? 0 : ((uint64_t)dims * bits[element] + 7) / 8, 16);
    }
    case KWM_LEASE: {
        kw_lease was, is;
        get(written, offset, &was, sizeof was);
        memcpy(&is, read + offset, sizeof is);
        return is.len == was.len && is.release == NULL && is.owner == NULL &&
               is_same_memory(c, was.ptr, is.ptr, was.len, 8);
    }
    default: { /* kw_str or kw_bytes */
        kw_str was, is;
        get(written, offset, &was, sizeof was);
        memcpy(&is, read + offset, sizeof is);
        return is.len == was.len && is_same_memory(c, was.ptr, is.ptr, was.len, 8);
    }
    }
}

static int is_same_struct(const comparison *c, const kwm_struct *type, const unsigned char *written,
                          const unsigned char *read)
{
    uint32_t size;
    memcpy(&size, read, sizeof size);
    if (size != type->size)
        return differs(type, "h", "another size");
    unsigned char covered[4096] = { 1, 1, 1, 1 };
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (!is_same_field(c, &type->fields[i], written, read, covered))
            return differs(type, type->fields[i].name, "is not what was written");
    }
    for (uint32_t i = 0; i < type->size; i++) {
        unsigned char expected;
        get(written, i, &expected, 1);
        if (!covered[i] && read[i] != expected)
            return differs(type, "?", "a number is not what was written");
    }
    return 1;
}

int is_same(const kwm_struct *type, const void *written, const void *read, const void *buffer, uint64_t length)
{
    comparison c = { buffer, length };
    return is_same_struct(&c, type, written, read);
}
