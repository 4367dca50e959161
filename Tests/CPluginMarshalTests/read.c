/* Follows every pointer of a decoded value, as the code behind a decoder would. */
#include "check.h"

static uint64_t read_bytes(const void *bytes, uint64_t length)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < length; i++)
        sum += ((const unsigned char *)bytes)[i];
    return sum;
}

static uint64_t read_structs(const kwm_struct *type, kw_span span)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < span.count; i++)
        sum += read_all(type, (const unsigned char *)span.ptr + (uint64_t)i * span.stride);
    return sum;
}

static uint64_t read_field(const kwm_field *field, const unsigned char *value)
{
    static const uint32_t bits[] = { 0, 32, 16, 16, 8, 8, 1 };
    kw_span span;
    kw_str text;
    uint32_t dims, element, kind;
    uint64_t length, sum = 0;
    uint32_t size = field_size(field) < sizeof text ? field_size(field) : sizeof text;
    memset(&text, 0, sizeof text);
    memcpy(&text, value + field->offset, size);
    memcpy(&span, &text, sizeof span);
    switch (field->kind) {
    case KWM_BYTES:
    case KWM_LEASE:
        return read_bytes(text.ptr, text.len);
    case KWM_TEXTS:
        for (uint32_t i = 0; i < span.count; i++) {
            memcpy(&text, (const unsigned char *)span.ptr + (uint64_t)i * span.stride, sizeof text);
            sum += read_bytes(text.ptr, text.len);
        }
        return sum;
    case KWM_NUMBERS:
        return read_bytes(span.ptr, (uint64_t)span.count * span.stride);
    case KWM_STRUCTS:
        return read_structs(field->type, span);
    case KWM_CASES:
        memcpy(&kind, value + field->length, sizeof kind);
        for (uint32_t i = 0; i < field->case_count; i++) {
            if (field->cases[i].value == kind)
                return read_structs(field->cases[i].type, span);
        }
        return 0;
    case KWM_SIZED:
        memcpy(&length, value + field->length, sizeof length);
        return read_bytes(text.ptr, length);
    case KWM_ELEMENTS:
        if (text.ptr == NULL)
            return 0;
        memcpy(&dims, value + field->length, sizeof dims);
        memcpy(&element, value + field->element, sizeof element);
        return read_bytes(text.ptr, ((uint64_t)dims * bits[element] + 7) / 8);
    default:
        return 0;
    }
}

uint64_t read_all(const kwm_struct *type, const void *value)
{
    uint64_t sum = read_bytes(value, type->size);
    for (uint32_t i = 0; i < type->field_count; i++)
        sum += read_field(&type->fields[i], value);
    return sum;
}
