/* An item's metadata object in a form that filters can read without scanning text again: one block of memory with the
 * values as a tree and the bytes of names and strings. */
#ifndef FLAT_VECTORS_METADATA_H
#define FLAT_VECTORS_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <keyway/plugin.h>

#define METADATA_MAX_BYTES 0x100000u /* of JSON text an item */
#define METADATA_MAX_MEMBERS 1024u   /* of one object */

/* KW_VALUE_* and two of our own. */
#define METADATA_LIST 254u
#define METADATA_OBJECT 255u

/* A value with its name, which is empty for the elements of a list. */
typedef struct metadata_node {
    uint32_t name_offset, name_length;
    uint32_t kind;
    uint32_t count;          /* bytes of a text; elements of a list; members of an object */
    union {
        int64_t integer;     /* of a boolean, too */
        double number;
        uint64_t first;      /* of the text's bytes; of the elements or members among the nodes */
    } as;
} metadata_node;

typedef struct metadata {
    metadata_node root;
    const metadata_node *nodes;
    const char *bytes;
} metadata;

/* Scans one JSON object. *out is NULL for an empty text; free() it. On failure *error says what is wrong and *offset
 * where (a byte of the text). [any] */
bool metadata_parse(kw_str json, metadata **out, const char **error, size_t *offset);

/* A member of an object by its exact name; of repeated names the last counts. NULL if there is none, or if `object` is
 * not an object. */
const metadata_node *metadata_member(const metadata *m, const metadata_node *object, kw_str name);

/* What a filter's field names: the member of that exact name, else a member of a member, the names joined by '/'. NULL
 * if there is none; `m` may be NULL. */
const metadata_node *metadata_find(const metadata *m, kw_str path);

static inline kw_str metadata_text(const metadata *m, const metadata_node *node)
{
    kw_str text = { node->count > 0 ? m->bytes + node->as.first : NULL, node->count };
    return text;
}

static inline kw_str metadata_name(const metadata *m, const metadata_node *node)
{
    kw_str text = { node->name_length > 0 ? m->bytes + node->name_offset : NULL, node->name_length };
    return text;
}

#endif
