/* Interfaces as bytes, and tables that are made of them. */
#include "described.h"

static int is_same_string(const char *left, const char *right)
{
    return (left == NULL) == (right == NULL) && (left == NULL || strcmp(left, right) == 0);
}

static int is_same_table(const kwm_struct *left, const kwm_struct *right);

static int is_same_entry(const kwm_field *left, const kwm_field *right)
{
    if (!is_same_string(left->name, right->name) || left->kind != right->kind || left->offset != right->offset
        || left->length != right->length || left->element != right->element || left->width != right->width
        || left->case_count != right->case_count || (left->type == NULL) != (right->type == NULL))
        return 0;
    for (uint32_t i = 0; i < left->case_count; i++) {
        if (left->cases[i].value != right->cases[i].value || !is_same_table(left->cases[i].type, right->cases[i].type))
            return 0;
    }
    return left->type == NULL || is_same_table(left->type, right->type);
}

static int is_same_table(const kwm_struct *left, const kwm_struct *right)
{
    if (!is_same_string(left->name, right->name) || left->size != right->size || left->field_count != right->field_count)
        return 0;
    for (uint32_t i = 0; i < left->field_count; i++) {
        if (!is_same_entry(&left->fields[i], &right->fields[i]))
            return 0;
    }
    return 1;
}

static int is_same_matrix(const kwm_matrix_field *left, const kwm_matrix_field *right)
{
    if (left == NULL || right == NULL)
        return left == right;
    return is_same_string(left->name, right->name) && left->rows == right->rows && left->capacity == right->capacity
        && left->stride == right->stride && left->dims == right->dims && left->element == right->element
        && left->span_count == right->span_count
        && memcmp(left->spans, right->spans, left->span_count * sizeof *left->spans) == 0;
}

static int is_same_operation(const kwm_operation *left, const kwm_operation *right)
{
    return is_same_string(left->name, right->name) && left->slot == right->slot && left->flags == right->flags
        && is_same_table(left->in, right->in) && is_same_table(left->out, right->out)
        && is_same_matrix(left->matrix, right->matrix);
}

/* Both tables write the same bytes of a value, and the described one reads them. */
static void exchange(const kwm_struct *shipped, const kwm_struct *described, uint64_t seed)
{
    value_maker maker = { .seed = seed, .noise = 1 };
    const void *value = make_value(&maker, shipped);
    uint64_t length, other;
    void *message = message_of(shipped, value, &length), *again = message_of(described, value, &other), *read;
    CHECK(length == other && memcmp(message, again, length) == 0);
    CHECK(kwm_decode(described, again, other, &read, NULL) == KW_OK && is_same(shipped, value, read, again, other));
    free(message);
    free(again);
    free_values(&maker);
}

/* Whatever this build has tables for, tables can be made of its description, and are the same. */
static void describe_shipped(const kwm_interface *shipped)
{
    kwm_interface renamed = *shipped;
    renamed.id = "acme.renamed/1";
    const kwm_interface *const list[] = { &renamed };
    kwm_described *read;
    kwm_mistake mistake;
    uint64_t length, written;
    CHECK(kwm_describe(list, 1, NULL, 0, &length) == KW_BUFFER_TOO_SMALL);
    void *bytes = malloc(length);
    CHECK(kwm_describe(list, 1, bytes, length, &written) == KW_OK && written == length);
    CHECK(kwm_read_description(bytes, length, &read, &mistake) == KW_OK && mistake.reason == NULL);
    free(bytes);
    if (read == NULL) {
        fprintf(stderr, "%s: %s.%s %s\n", shipped->id, mistake.structure, mistake.field, mistake.reason);
        return;
    }
    CHECK(read->count == 1 && strcmp(read->interface[0].id, "acme.renamed/1") == 0);
    CHECK(read->interface[0].table_size == shipped->table_size && read->interface[0].count == shipped->count);
    for (uint32_t i = 0; i < shipped->count; i++) {
        const kwm_operation *left = &shipped->operations[i], *right = &read->interface[0].operations[i];
        CHECK(is_same_operation(left, right));
        for (uint64_t seed = 0; seed < 20; seed++) {
            exchange(left->in, right->in, seed);
            exchange(left->out, right->out, seed);
        }
    }
    kwm_free_described(read);
}

static void number_interfaces(void)
{
    made_up made;
    kwm_described *read;
    kwm_mistake mistake;
    uint64_t length;
    make_up(&made);
    void *bytes = bytes_of(&made, &length);
    CHECK(kwm_read_description(bytes, length, &read, &mistake) == KW_OK);
    uint32_t own = kwm_interface_count();
    CHECK(kwm_interface_numbered(own - 1, read) == kwm_interface_at(own - 1));
    CHECK(strcmp(kwm_interface_numbered(own, read)->id, "acme.parser/1") == 0);
    CHECK(strcmp(kwm_interface_numbered(own + 1, read)->id, "acme.parser/2") == 0);
    CHECK(kwm_interface_numbered(own + 2, read) == NULL && kwm_interface_numbered(own, NULL) == NULL);
    CHECK(kwm_interface_numbered(UINT32_MAX, read) == NULL);
    kwm_free_described(read);
    free(bytes);
}

/* ---- hostile descriptions -------------------------------------------------------------------------------- */

static made_up spoiled;

/* Refused, naming this place; and the description is as it was again. */
static void refuse(int line, const char *structure, const char *field, const char *reason)
{
    uint64_t length;
    kwm_described *read;
    kwm_mistake mistake;
    void *bytes = bytes_of(&spoiled, &length);
    kw_status status = kwm_read_description(bytes, length, &read, &mistake);
    int is_right = status == KW_INVALID_ARGUMENT && read == NULL && mistake.reason != NULL
        && strcmp(mistake.structure, structure) == 0 && strcmp(mistake.field, field) == 0
        && strstr(mistake.reason, reason) != NULL;
    if (!is_right)
        fprintf(stderr, "line %d: %d %s %s.%s %s\n", line, (int)status, mistake.interface, mistake.structure, mistake.field,
                mistake.reason != NULL ? mistake.reason : "nothing wrong");
    CHECK(is_right);
    free(bytes);
    kwm_free_described(read);
    make_up(&spoiled);
}

#define REFUSED(change, structure, field, reason)            \
    do {                                                     \
        change;                                              \
        refuse(__LINE__, structure, field, reason);          \
    } while (0)

static void refuse_fields(void)
{
    REFUSED(spoiled.in[IN_TEXTS].name.len = 0, "acme_parse_in", "", "name");
    REFUSED(spoiled.in[IN_TEXTS].name = ((kw_str){ "te xts", 6 }), "acme_parse_in", "te?xts", "name");
    REFUSED(spoiled.in[IN_TEXTS].name = ((kw_str){ "9", 1 }), "acme_parse_in", "9", "name");
    REFUSED(spoiled.in[IN_TEXTS].kind = 0, "acme_parse_in", "texts", "kind");
    REFUSED(spoiled.in[IN_TEXTS].kind = KWM_DROPPED + 1, "acme_parse_in", "texts", "kind");
    REFUSED(spoiled.in[IN_TEXTS].offset = 12, "acme_parse_in", "texts", "8-aligned");
    REFUSED(spoiled.in[IN_TEXTS].offset = 0, "acme_parse_in", "texts", "overlaps");
    REFUSED(spoiled.in[IN_OPTIONS].offset -= 8, "acme_parse_in", "options", "overlaps");
    REFUSED(spoiled.in[IN_ROWS].offset = sizeof(acme_parse_in), "acme_parse_in", "rows", "behind the end");
    REFUSED(spoiled.in[IN_ROWS].offset = UINT32_MAX - 7, "acme_parse_in", "rows", "behind the end");
    REFUSED(spoiled.out[1].offset += 8, "acme_parse_out", "page", "behind the end");
    REFUSED(spoiled.in[IN_OPTIONS].type = 0, "acme_parse_in", "options", "not described");
    REFUSED(spoiled.in[IN_OPTIONS].type = 4, "acme_parse_in", "options", "not described");
    REFUSED(spoiled.in[IN_OPTIONS].type = UINT32_MAX, "acme_parse_in", "options", "not described");
    REFUSED(spoiled.in[IN_TEXTS].type = OPTION, "acme_parse_in", "texts", "not described");
    REFUSED(spoiled.option[1].width = 3, "acme_option", "values", "width");
    REFUSED(spoiled.option[1].width = 0, "acme_option", "values", "width");
    REFUSED(spoiled.in[IN_TEXTS].width = 8, "acme_parse_in", "texts", "width");
    REFUSED(spoiled.in[IN_TEXTS].length = 8, "acme_parse_in", "texts", "length");
    REFUSED(spoiled.in[IN_TEXTS].element = 8, "acme_parse_in", "texts", "element");
    REFUSED(spoiled.in[IN_BYTES].length = offsetof(acme_parse_in, texts), "acme_parse_in", "bytes", "length");
    REFUSED(spoiled.in[IN_BYTES].length = offsetof(acme_parse_in, rows), "acme_parse_in", "bytes", "length");
    REFUSED(spoiled.in[IN_BYTES].length = offsetof(acme_parse_in, dims), "acme_parse_in", "bytes", "length");
    REFUSED(spoiled.in[IN_BYTES].length = 0, "acme_parse_in", "bytes", "length");
    REFUSED(spoiled.in[IN_BYTES].length = sizeof(acme_parse_in), "acme_parse_in", "bytes", "length");
    REFUSED(spoiled.in[IN_BYTES].length = UINT32_MAX - 7, "acme_parse_in", "bytes", "length");
    REFUSED(spoiled.in[IN_VECTOR].element = offsetof(acme_parse_in, dims), "acme_parse_in", "vector", "element");
    REFUSED(spoiled.in[IN_VECTOR].element = 4, "acme_parse_in", "vector", "element");
    REFUSED(spoiled.in[IN_EXTRAS].cases.count = 0, "acme_parse_in", "extras", "cases");
    REFUSED(spoiled.in[IN_TEXTS].cases = spoiled.in[IN_EXTRAS].cases, "acme_parse_in", "texts", "cases");
    REFUSED(spoiled.cases[1].value = 7, "acme_parse_in", "extras", "two cases");
    REFUSED(spoiled.cases[1].type = 0, "acme_parse_in", "extras", "not described");
}

static void refuse_structs(void)
{
    REFUSED(spoiled.structs[0].name.len = 0, "", "", "name");
    static const char endless[] = "a234567890123456789012345678901234567890123456789012345678901234";
    REFUSED(spoiled.structs[0].name = ((kw_str){ endless, 64 }), "a23456789012345678901234567890123456789012345678901234567890123",
            "", "name");
    REFUSED(spoiled.structs[0].size = 12, "acme_option", "", "size");
    REFUSED(spoiled.structs[0].size = 0, "acme_option", "", "size");
    REFUSED(spoiled.structs[0].size = 4104, "acme_option", "", "size");
    REFUSED(spoiled.structs[0].size = 8, "acme_option", "name", "behind the end");
    REFUSED((spoiled.option[1].kind = KWM_STRUCTS, spoiled.option[1].width = 0, spoiled.option[1].type = OPTION),
            "acme_option", "", "back to itself");
    REFUSED((spoiled.option[1].kind = KWM_STRUCTS, spoiled.option[1].width = 0, spoiled.option[1].type = PARSE_IN),
            "acme_option", "", "back to itself");
    REFUSED(spoiled.in[IN_OPTIONS].type = PARSE_OUT, "acme_parse_in", "options", "leases");
    REFUSED(spoiled.cases[1].type = PARSE_OUT, "acme_parse_in", "extras", "leases");
}

static void refuse_operations(void)
{
    REFUSED(spoiled.operations[0].name.len = 0, "", "", "name");
    REFUSED(spoiled.operations[0].in = 0, "parse", "", "not described");
    REFUSED(spoiled.operations[0].out = 4, "parse", "", "not described");
    REFUSED(spoiled.operations[0].flags = 4, "parse", "", "flags");
    REFUSED(spoiled.operations[0].slot = 2, "check", "", "order");
    REFUSED(spoiled.operations[1].slot = 3, "check", "", "end of the table");
    REFUSED(spoiled.operations[1].slot = UINT32_MAX, "check", "", "end of the table");
    REFUSED(spoiled.matrix.rows = offsetof(acme_parse_in, vector), "parse", "rows", "local");
    REFUSED(spoiled.matrix.rows = 4, "parse", "rows", "local");
    REFUSED(spoiled.matrix.capacity = offsetof(acme_parse_in, texts), "parse", "rows", "measure");
    REFUSED(spoiled.matrix.stride = sizeof(acme_parse_in), "parse", "rows", "measure");
    REFUSED(spoiled.matrix.dims = 6, "parse", "rows", "measure");
    REFUSED(spoiled.matrix.element = 0, "parse", "rows", "measure");
    REFUSED(spoiled.matrix.spans.count = 0, "parse", "rows", "no span");
    REFUSED(spoiled.spans[0] = offsetof(acme_parse_in, extras), "parse", "rows", "no span");
    REFUSED(spoiled.spans[0] = offsetof(acme_parse_in, rows), "parse", "rows", "no span");
    REFUSED(spoiled.spans[0] = UINT32_MAX, "parse", "rows", "no span");
}

static void refuse_interfaces(void)
{
    static const char *const ids[] = { "", "/1", "acme", "acme/", "acme/x", "ac me/1", "acme/1/", KW_EMBEDDER_ID, KW_HOST_KV_ID };
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        REFUSED(spoiled.interfaces[0].id = ((kw_str){ ids[i], strlen(ids[i]) }), "", "", "id");
    REFUSED(spoiled.interfaces[1].id = spoiled.interfaces[0].id, "", "", "twice");
    REFUSED(spoiled.interfaces[0].table_size = 8, "", "", "table");
    REFUSED(spoiled.interfaces[0].table_size = 20, "", "", "table");
    REFUSED(spoiled.interfaces[0].table_size = 8 + 65 * 8, "", "", "table");
    REFUSED(spoiled.interfaces[0].operations.count = 0, "", "", "operations");
    REFUSED((spoiled.interfaces[0].structs.count = 0), "parse", "", "not described");
    kwm_interface_description many[17];
    for (uint32_t i = 0; i < 17; i++)
        many[i] = spoiled.interfaces[0];
    REFUSED(spoiled.all.interfaces = ((kw_span){ many, 17, sizeof many[0] }), "", "", "16 interfaces");
}

/* What is no message at all, what is cut, and what lies anywhere. */
static void refuse_bytes(void)
{
    uint64_t length;
    kwm_described *read;
    kwm_mistake mistake;
    unsigned char *bytes = bytes_of(&spoiled, &length);
    for (uint64_t cut = 0; cut < length; cut++) {
        unsigned char *part = malloc(cut > 0 ? cut : 1);
        memcpy(part, bytes, cut);
        CHECK(kwm_read_description(part, cut, &read, &mistake) == KW_INVALID_ARGUMENT && mistake.reason != NULL);
        free(part);
    }
    unsigned char *shifted = malloc(length + 1);
    memcpy(shifted + 1, bytes, length);
    CHECK(kwm_read_description(shifted + 1, length, &read, &mistake) == KW_OK);
    kwm_free_described(read);
    free(shifted);
    unsigned char *large = calloc(1, KWM_DESCRIPTION_LIMIT + 8);
    CHECK(kwm_read_description(large, KWM_DESCRIPTION_LIMIT + 8, &read, &mistake) == KW_INVALID_ARGUMENT);
    free(large);
    free(bytes);
}

/* As deep as may be, and one deeper. */
static void refuse_depth(void)
{
    enum { MOST = KWM_DESCRIBED_DEPTH };
    kwm_struct types[MOST + 1];
    kwm_field fields[MOST + 1];
    for (uint32_t i = 0; i <= MOST; i++) {
        fields[i] = (kwm_field){ .name = "next", .kind = KWM_STRUCTS, .offset = 8, .type = i == 0 ? NULL : &types[i - 1] };
        types[i] = (kwm_struct){ "link", 24, i == 0 ? 0 : 1, &fields[i] };
    }
    for (uint32_t top = MOST - 1; top <= MOST; top++) {
        kwm_operation operation = { "follow", 0, 0, &types[top], &types[0], NULL };
        kwm_interface interface = { "acme.chain/1", 16, 1, &operation };
        const kwm_interface *const list[] = { &interface };
        static _Alignas(16) unsigned char bytes[8192];
        kwm_described *read;
        kwm_mistake mistake;
        uint64_t length;
        CHECK(kwm_describe(list, 1, bytes, sizeof bytes, &length) == KW_OK);
        CHECK(kwm_read_description(bytes, length, &read, &mistake) == (top < MOST ? KW_OK : KW_INVALID_ARGUMENT));
        kwm_free_described(read);
    }
}

void test_description(void)
{
    describe_shipped(&kwm_plugin_operations);
    for (uint32_t i = 0; i < kwm_interface_count(); i++)
        describe_shipped(kwm_interface_at(i));
    number_interfaces();
    make_up(&spoiled);
    refuse_fields();
    refuse_structs();
    refuse_operations();
    refuse_interfaces();
    refuse_bytes();
    refuse_depth();
}
