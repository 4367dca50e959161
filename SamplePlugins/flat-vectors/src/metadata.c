#include "metadata.h"

#include <stdlib.h>
#include <string.h>

#include <keyway/author.h>

#include "json.h"

/* The children of a list or object must lie side by side, and theirs come up in between. So values wait on a stack until
 * their parent is whole, and then move to `nodes` together. */
typedef struct builder {
    metadata_node *nodes, *stack;
    char *bytes;
    size_t node_count, node_room, stack_count, stack_room, byte_count, byte_room;
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

static bool push(json_scanner *scanner, builder *b, metadata_node node)
{
    if (!grow((void **)&b->stack, &b->stack_room, b->stack_count + 1, sizeof *b->stack))
        return json_fault(scanner, "out of memory");
    b->stack[b->stack_count++] = node;
    return true;
}

/* Moves what was pushed since `base` to its place and makes it the children of `parent`. */
static bool adopt(json_scanner *scanner, builder *b, size_t base, metadata_node *parent)
{
    size_t count = b->stack_count - base;
    if (!grow((void **)&b->nodes, &b->node_room, b->node_count + count, sizeof *b->nodes))
        return json_fault(scanner, "out of memory");
    if (count > 0)
        memcpy(b->nodes + b->node_count, b->stack + base, count * sizeof *b->nodes);
    parent->count = (uint32_t)count;
    parent->as.first = b->node_count;
    b->node_count += count;
    b->stack_count = base;
    return true;
}

static bool scan_value(json_scanner *scanner, builder *b, unsigned depth, metadata_node *node);

static bool scan_list(json_scanner *scanner, builder *b, unsigned depth, metadata_node *list)
{
    size_t base = b->stack_count;
    list->kind = METADATA_LIST;
    scanner->at++;
    if (!json_take(scanner, ']')) {
        do {
            metadata_node element = { .name_length = 0 };
            if (!scan_value(scanner, b, depth + 1, &element) || !push(scanner, b, element))
                return false;
        } while (json_take(scanner, ','));
        if (!json_take(scanner, ']'))
            return json_fault(scanner, "',' or ']' was expected");
    }
    return adopt(scanner, b, base, list);
}

static bool scan_object(json_scanner *scanner, builder *b, unsigned depth, metadata_node *object)
{
    size_t base = b->stack_count;
    object->kind = METADATA_OBJECT;
    if (!json_take(scanner, '{'))
        return json_fault(scanner, "a JSON object was expected");
    if (!json_take(scanner, '}')) {
        do {
            metadata_node member = { .name_offset = (uint32_t)b->byte_count };
            if (!json_string(scanner, keep_bytes, b))
                return false;
            member.name_length = (uint32_t)(b->byte_count - member.name_offset);
            if (!json_take(scanner, ':'))
                return json_fault(scanner, "':' was expected");
            if (b->stack_count - base == METADATA_MAX_MEMBERS)
                return json_fault(scanner, "an object of more than 1024 members");
            if (!scan_value(scanner, b, depth + 1, &member) || !push(scanner, b, member))
                return false;
        } while (json_take(scanner, ','));
        if (!json_take(scanner, '}'))
            return json_fault(scanner, "',' or '}' was expected");
    }
    return adopt(scanner, b, base, object);
}

static bool scan_value(json_scanner *scanner, builder *b, unsigned depth, metadata_node *node)
{
    json_number number;
    if (depth > JSON_MAX_DEPTH)
        return json_fault(scanner, "nested more than 32 deep");
    switch (json_peek(scanner)) {
    case '"':
        node->kind = KW_VALUE_STRING;
        node->as.first = b->byte_count;
        if (!json_string(scanner, keep_bytes, b))
            return false;
        node->count = (uint32_t)(b->byte_count - node->as.first);
        return true;
    case 't':
    case 'f':
        node->kind = KW_VALUE_BOOL;
        node->as.integer = json_peek(scanner) == 't';
        return json_word(scanner, node->as.integer ? "true" : "false");
    case 'n':
        node->kind = KW_VALUE_NULL;
        return json_word(scanner, "null");
    case '{':
        return scan_object(scanner, b, depth, node);
    case '[':
        return scan_list(scanner, b, depth, node);
    default:
        if (!json_number_value(scanner, &number))
            return false;
        node->kind = number.is_integer ? KW_VALUE_INT : KW_VALUE_DOUBLE;
        if (number.is_integer)
            node->as.integer = number.integer;
        else
            node->as.number = number.number;
        return true;
    }
}

static metadata *pack(const builder *b, metadata_node root)
{
    size_t nodes = b->node_count * sizeof *b->nodes;
    metadata *m = malloc(sizeof *m + nodes + b->byte_count);
    if (m == NULL)
        return NULL;
    char *at = (char *)(m + 1);
    m->root = root;
    m->nodes = memcpy(at, b->nodes != NULL ? (const void *)b->nodes : "", nodes);
    m->bytes = memcpy(at + nodes, b->bytes != NULL ? b->bytes : "", b->byte_count);
    return m;
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
    metadata_node root = { .name_length = 0 };
    json_begin(&scanner, json.ptr, (size_t)json.len);
    bool ok = scan_object(&scanner, &b, 0, &root) && json_end(&scanner);
    if (ok && (*out = pack(&b, root)) == NULL)
        ok = json_fault(&scanner, "out of memory");
    if (!ok) {
        *error = scanner.error != NULL ? scanner.error : "malformed";
        *offset = (size_t)(scanner.at - scanner.begin);
    }
    free(b.nodes);
    free(b.stack);
    free(b.bytes);
    return ok;
}

const metadata_node *metadata_member(const metadata *m, const metadata_node *object, kw_str name)
{
    if (object->kind != METADATA_OBJECT)
        return NULL;
    for (uint32_t i = object->count; i-- > 0;) {
        const metadata_node *member = &m->nodes[object->as.first + i];
        if (kw_equal(metadata_name(m, member), name))
            return member;
    }
    return NULL;
}

static const metadata_node *find_in(const metadata *m, const metadata_node *object, kw_str path)
{
    const metadata_node *found = metadata_member(m, object, path);
    /* Names may hold '/' themselves, so each place may be where the first name ends. */
    for (uint64_t i = 0; found == NULL && i < path.len; i++) {
        if (path.ptr[i] != '/')
            continue;
        kw_str first = { i > 0 ? path.ptr : NULL, i }, rest = { path.ptr + i + 1, path.len - i - 1 };
        const metadata_node *inner = metadata_member(m, object, first);
        if (rest.len == 0)
            rest.ptr = NULL;
        if (inner != NULL && inner->kind == METADATA_OBJECT)
            found = find_in(m, inner, rest);
    }
    return found;
}

const metadata_node *metadata_find(const metadata *m, kw_str path)
{
    return m == NULL ? NULL : find_in(m, &m->root, path);
}
