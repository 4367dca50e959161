#include "metadata.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

typedef struct builder {
    metadata_field *fields;
    metadata_value *values;
    char *bytes;
    size_t field_count, field_room, value_count, value_room, byte_count, byte_room;
} builder;

/* Sizes cannot overflow: every list is shorter than the text, which is METADATA_MAX_BYTES at most. */
static bool grow(void **list, size_t *room, size_t needed, size_t element)
{
    if (needed <= *room)
        return true;
    size_t larger = *room * 2 > needed ? *room * 2 : needed + 16;
    void *moved = realloc(*list, larger * element);
    if (moved == NULL)
        return false;
    *list = moved;
    *room = larger;
    return true;
}

static bool keep_bytes(void *context, const char *bytes, size_t size)
{
    builder *b = context;
    if (!grow((void **)&b->bytes, &b->byte_room, b->byte_count + size, 1))
        return false;
    memcpy(b->bytes + b->byte_count, bytes, size);
    b->byte_count += size;
    return true;
}

static bool scan_scalar(json_scanner *scanner, builder *b, unsigned depth)
{
    if (!grow((void **)&b->values, &b->value_room, b->value_count + 1, sizeof *b->values))
        return json_fault(scanner, "out of memory");
    metadata_value value = { .kind = KW_VALUE_NULL };
    json_number number;
    switch (json_peek(scanner)) {
    case '"':
        value.kind = KW_VALUE_STRING;
        value.as.text_offset = b->byte_count;
        if (!json_string(scanner, keep_bytes, b))
            return false;
        value.text_length = (uint32_t)(b->byte_count - value.as.text_offset);
        break;
    case 't':
    case 'f':
        value.kind = KW_VALUE_BOOL;
        value.as.integer = json_peek(scanner) == 't';
        if (!json_word(scanner, value.as.integer ? "true" : "false"))
            return false;
        break;
    case 'n':
        if (!json_word(scanner, "null"))
            return false;
        break;
    case '{':
    case '[':
        value.kind = METADATA_OPAQUE;
        if (!json_skip(scanner, depth))
            return false;
        break;
    default:
        if (!json_number_value(scanner, &number))
            return false;
        value.kind = number.is_integer ? KW_VALUE_INT : KW_VALUE_DOUBLE;
        if (number.is_integer)
            value.as.integer = number.integer;
        else
            value.as.number = number.number;
    }
    b->values[b->value_count++] = value;
    return true;
}

static bool scan_member(json_scanner *scanner, builder *b)
{
    metadata_field field = { .name_offset = (uint32_t)b->byte_count };
    if (!json_string(scanner, keep_bytes, b))
        return false;
    field.name_length = (uint32_t)(b->byte_count - field.name_offset);
    if (!json_take(scanner, ':'))
        return json_fault(scanner, "':' was expected");
    field.first_value = (uint32_t)b->value_count;
    if (json_take(scanner, '[')) {
        field.is_list = 1;
        if (!json_take(scanner, ']')) {
            do {
                if (!scan_scalar(scanner, b, 2))
                    return false;
            } while (json_take(scanner, ','));
            if (!json_take(scanner, ']'))
                return json_fault(scanner, "',' or ']' was expected");
        }
    } else if (!scan_scalar(scanner, b, 1)) {
        return false;
    }
    field.value_count = (uint32_t)(b->value_count - field.first_value);

    for (size_t i = 0; i < b->field_count; i++) {
        metadata_field *other = &b->fields[i];
        if (other->name_length == field.name_length
            && (field.name_length == 0
                || memcmp(b->bytes + other->name_offset, b->bytes + field.name_offset, field.name_length) == 0)) {
            *other = field;
            return true;
        }
    }
    if (b->field_count == METADATA_MAX_FIELDS)
        return json_fault(scanner, "more than 1024 members");
    if (!grow((void **)&b->fields, &b->field_room, b->field_count + 1, sizeof *b->fields))
        return json_fault(scanner, "out of memory");
    b->fields[b->field_count++] = field;
    return true;
}

static bool scan_object(json_scanner *scanner, builder *b)
{
    if (!json_take(scanner, '{'))
        return json_fault(scanner, "a JSON object was expected");
    if (!json_take(scanner, '}')) {
        do {
            if (!scan_member(scanner, b))
                return false;
        } while (json_take(scanner, ','));
        if (!json_take(scanner, '}'))
            return json_fault(scanner, "',' or '}' was expected");
    }
    return json_end(scanner);
}

static metadata *pack(const builder *b)
{
    size_t fields = b->field_count * sizeof *b->fields, values = b->value_count * sizeof *b->values;
    metadata *object = malloc(sizeof *object + fields + values + b->byte_count);
    if (object == NULL)
        return NULL;
    char *at = (char *)(object + 1);
    object->field_count = (uint32_t)b->field_count;
    object->value_count = (uint32_t)b->value_count;
    object->values = memcpy(at, b->values != NULL ? (const void *)b->values : "", values);
    object->fields = memcpy(at + values, b->fields != NULL ? (const void *)b->fields : "", fields);
    object->bytes = memcpy(at + values + fields, b->bytes != NULL ? b->bytes : "", b->byte_count);
    return object;
}

bool metadata_parse(kw_str json, metadata **out, const char **error, size_t *offset)
{
    *out = NULL;
    *offset = 0;
    if (json.len == 0)
        return true;
    if (json.len > METADATA_MAX_BYTES) {
        *error = "more than 1 MiB of metadata";
        return false;
    }
    json_scanner scanner;
    builder b = { 0 };
    json_begin(&scanner, json.ptr, (size_t)json.len);
    bool ok = scan_object(&scanner, &b);
    if (ok && (*out = pack(&b)) == NULL)
        ok = json_fault(&scanner, "out of memory");
    if (!ok) {
        *error = scanner.error != NULL ? scanner.error : "malformed";
        *offset = (size_t)(scanner.at - scanner.begin);
    }
    free(b.fields);
    free(b.values);
    free(b.bytes);
    return ok;
}

const metadata_field *metadata_find(const metadata *object, kw_str name)
{
    if (object == NULL)
        return NULL;
    for (uint32_t i = 0; i < object->field_count; i++) {
        const metadata_field *field = &object->fields[i];
        if (field->name_length == name.len
            && (name.len == 0 || memcmp(object->bytes + field->name_offset, name.ptr, name.len) == 0))
            return field;
    }
    return NULL;
}
