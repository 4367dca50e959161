/* An item's metadata object in a form that filters can read without scanning text again: one block of memory, a list of
 * members, a list of values, and the bytes of names and strings. */
#ifndef FLAT_VECTORS_METADATA_H
#define FLAT_VECTORS_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <keyway/plugin.h>

#define METADATA_MAX_BYTES 0x100000u /* of JSON text an item */
#define METADATA_MAX_FIELDS 1024u

/* KW_VALUE_* and one of our own: an object, or a list within a list. Filters see that it exists, no more. */
#define METADATA_OPAQUE 255u

typedef struct metadata_value {
    uint32_t kind;
    uint32_t text_length;
    union {
        int64_t integer;
        double number;
        uint64_t text_offset;
    } as;
} metadata_value;

typedef struct metadata_field {
    uint32_t name_offset, name_length;
    uint32_t first_value, value_count;
    uint32_t is_list, reserved;
} metadata_field;

typedef struct metadata {
    uint32_t field_count, value_count;
    const metadata_field *fields;
    const metadata_value *values;
    const char *bytes;
} metadata;

/* Scans one JSON object. *out is NULL for an empty text; free() it. On failure *error says what is wrong and *offset
 * where (a byte of the text). A name that is repeated counts with its last value. [any] */
bool metadata_parse(kw_str json, metadata **out, const char **error, size_t *offset);

/* NULL if the object has no such member; `object` may be NULL. */
const metadata_field *metadata_find(const metadata *object, kw_str name);

static inline kw_str metadata_text(const metadata *object, const metadata_value *value)
{
    kw_str text = { value->text_length > 0 ? object->bytes + value->as.text_offset : NULL, value->text_length };
    return text;
}

#endif
