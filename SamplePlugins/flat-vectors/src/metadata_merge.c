#include "metadata_merge.h"

#include <stdlib.h>
#include <string.h>

#include <keyway/author.h>

#include "json.h"

typedef struct member {
    size_t name_offset, name_length; /* decoded, in bytes */
    const char *begin, *end;         /* of name and value in the text */
    bool is_null;
} member;

struct metadata_change {
    member *members;
    char *bytes;
    size_t count, room, used, byte_room;
};

static bool keep_name(void *context, const char *bytes, size_t size)
{
    metadata_change *list = context;
    if (list->used + size > list->byte_room) {
        size_t room = (list->used + size) * 2;
        char *moved = realloc(list->bytes, room);
        if (moved == NULL)
            return false;
        list->bytes = moved;
        list->byte_room = room;
    }
    memcpy(list->bytes + list->used, bytes, size);
    list->used += size;
    return true;
}

static bool scan_member(json_scanner *scanner, metadata_change *list)
{
    if (list->count == list->room) {
        size_t room = list->room * 2 + 8;
        member *moved = realloc(list->members, room * sizeof *moved);
        if (moved == NULL)
            return json_fault(scanner, "out of memory");
        list->members = moved;
        list->room = room;
    }
    member *m = &list->members[list->count];
    json_space(scanner);
    *m = (member) { .name_offset = list->used, .begin = scanner->at };
    if (!json_string(scanner, keep_name, list))
        return false;
    m->name_length = list->used - m->name_offset;
    if (!json_take(scanner, ':'))
        return json_fault(scanner, "':' was expected");
    m->is_null = json_peek(scanner) == 'n';
    if (!json_skip(scanner, 1))
        return false;
    m->end = scanner->at;
    list->count++;
    return true;
}

static bool scan_members(kw_str json, metadata_change *list, const char **error)
{
    json_scanner scanner;
    json_begin(&scanner, json.ptr, (size_t)json.len);
    bool ok = json_take(&scanner, '{') || json_fault(&scanner, "a JSON object was expected");
    if (ok && !json_take(&scanner, '}')) {
        do
            ok = scan_member(&scanner, list);
        while (ok && json_take(&scanner, ','));
        ok = ok && (json_take(&scanner, '}') || json_fault(&scanner, "',' or '}' was expected"));
    }
    if (!ok)
        *error = scanner.error;
    return ok;
}

static void list_free(metadata_change *list)
{
    free(list->members);
    free(list->bytes);
}

metadata_change *metadata_change_make(kw_str json, const char **error, size_t *offset)
{
    metadata *parsed = NULL;
    /* As strict as with metadata that is written whole. */
    if (!metadata_parse(json, &parsed, error, offset))
        return NULL;
    free(parsed);
    metadata_change *change = calloc(1, sizeof *change);
    *error = "out of memory";
    if (change != NULL && !scan_members(json, change, error)) {
        metadata_change_free(change);
        change = NULL;
    }
    return change;
}

void metadata_change_free(metadata_change *change)
{
    if (change != NULL)
        list_free(change);
    free(change);
}

/* Is the name of this member set by a later one of the change? */
static bool is_set(const metadata_change *change, size_t from, const metadata_change *list, const member *m)
{
    for (size_t i = from; i < change->count; i++) {
        const member *other = &change->members[i];
        if (other->name_length == m->name_length
            && (m->name_length == 0
                || memcmp(change->bytes + other->name_offset, list->bytes + m->name_offset, m->name_length) == 0))
            return true;
    }
    return false;
}

typedef struct output {
    char *text;
    size_t size, count;
} output;

static void add(output *out, const member *m)
{
    size_t length = (size_t)(m->end - m->begin);
    if (out->count++ > 0)
        out->text[out->size++] = ',';
    memcpy(out->text + out->size, m->begin, length);
    out->size += length;
}

bool metadata_change_apply(const metadata_change *change, kw_str json, kw_str *out, const char **error)
{
    metadata_change old = { 0 };
    output merged = { 0 };
    size_t room = (size_t)json.len + 3;
    for (size_t i = 0; i < change->count; i++)
        room += (size_t)(change->members[i].end - change->members[i].begin) + 1;
    *error = "out of memory";
    bool ok = json.len == 0 || scan_members(json, &old, error);
    if (ok)
        merged.text = malloc(room);
    if (merged.text == NULL) {
        list_free(&old);
        return false;
    }
    merged.text[merged.size++] = '{';
    for (size_t i = 0; i < old.count; i++)
        if (!is_set(change, 0, &old, &old.members[i]))
            add(&merged, &old.members[i]);
    for (size_t i = 0; i < change->count; i++)
        if (!change->members[i].is_null && !is_set(change, i + 1, change, &change->members[i]))
            add(&merged, &change->members[i]);
    merged.text[merged.size++] = '}';
    list_free(&old);
    *error = merged.size > METADATA_MAX_BYTES        ? "it would have more than 1 MiB of metadata"
        : merged.count > METADATA_MAX_MEMBERS ? "it would have more than 1024 members"
                                              : NULL;
    if (*error != NULL) {
        free(merged.text);
        return false;
    }
    *out = (kw_str) { merged.text, merged.size };
    return true;
}
