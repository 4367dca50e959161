/* Tables to descriptions and back. */
#include "description.h"

#include <stdlib.h>

/* ---- what a description itself is made of --------------------------------------------------------------- */

static const kwm_struct case_type = { "kwm_case_description", sizeof(kwm_case_description), 0, NULL };

static const kwm_field field_fields[] = {
    { .name = "name", .offset = offsetof(kwm_field_description, name), .kind = KWM_BYTES },
    { .name = "cases", .offset = offsetof(kwm_field_description, cases), .kind = KWM_STRUCTS, .type = &case_type },
};
static const kwm_struct field_type = { "kwm_field_description", sizeof(kwm_field_description), 2, field_fields };

static const kwm_field struct_fields[] = {
    { .name = "name", .offset = offsetof(kwm_struct_description, name), .kind = KWM_BYTES },
    { .name = "fields", .offset = offsetof(kwm_struct_description, fields), .kind = KWM_STRUCTS, .type = &field_type },
};
static const kwm_struct struct_type = { "kwm_struct_description", sizeof(kwm_struct_description), 2, struct_fields };

static const kwm_field matrix_fields[] = {
    { .name = "name", .offset = offsetof(kwm_matrix_description, name), .kind = KWM_BYTES },
    { .name = "spans", .offset = offsetof(kwm_matrix_description, spans), .kind = KWM_NUMBERS, .width = sizeof(uint32_t) },
};
static const kwm_struct matrix_type = { "kwm_matrix_description", sizeof(kwm_matrix_description), 2, matrix_fields };

static const kwm_field operation_fields[] = {
    { .name = "name", .offset = offsetof(kwm_operation_description, name), .kind = KWM_BYTES },
    { .name = "matrix", .offset = offsetof(kwm_operation_description, matrix), .kind = KWM_STRUCTS, .type = &matrix_type },
};
static const kwm_struct operation_type = { "kwm_operation_description", sizeof(kwm_operation_description), 2,
                                           operation_fields };

static const kwm_field interface_fields[] = {
    { .name = "id", .offset = offsetof(kwm_interface_description, id), .kind = KWM_BYTES },
    { .name = "structs", .offset = offsetof(kwm_interface_description, structs), .kind = KWM_STRUCTS, .type = &struct_type },
    { .name = "operations", .offset = offsetof(kwm_interface_description, operations), .kind = KWM_STRUCTS,
      .type = &operation_type },
};
static const kwm_struct interface_type = { "kwm_interface_description", sizeof(kwm_interface_description), 3,
                                           interface_fields };

static const kwm_field description_fields[] = {
    { .name = "interfaces", .offset = offsetof(kwm_description, interfaces), .kind = KWM_STRUCTS, .type = &interface_type },
};
const kwm_struct kwm_description_type = { "kwm_description", sizeof(kwm_description), 1, description_fields };

/* ---- memory --------------------------------------------------------------------------------------------- */

/* One block for all that is made: first measured with no block, then filled. */
typedef struct pool {
    unsigned char *base;
    uint64_t used;
} pool;

static void *take(pool *pool, uint64_t count, uint64_t size)
{
    void *taken = pool->base == NULL ? NULL : pool->base + pool->used;
    pool->used += (count * size + 7) & ~(uint64_t)7;
    return taken;
}

/* ---- tables to descriptions ------------------------------------------------------------------------------ */

/* The structs of one interface, in the order in which they are found. */
typedef struct collection {
    const kwm_struct *type[KWM_DESCRIBED_STRUCTS];
    uint32_t count;
    int is_full;
} collection;

/* The number of a struct, which joins the collection if it is new. */
static uint32_t number_of(collection *found, const kwm_struct *type)
{
    if (type == NULL)
        return 0;
    for (uint32_t i = 0; i < found->count; i++) {
        if (found->type[i] == type)
            return i + 1;
    }
    if (found->count == KWM_DESCRIBED_STRUCTS) {
        found->is_full = 1;
        return 0;
    }
    found->type[found->count++] = type;
    return found->count;
}

static kw_str text(const char *string)
{
    return (kw_str){ string, strlen(string) };
}

static kw_span span(const void *ptr, uint32_t count, uint32_t stride)
{
    return (kw_span){ count > 0 ? ptr : NULL, count, count > 0 ? stride : 0 };
}

static kw_span describe_cases(pool *pool, collection *found, const kwm_field *field)
{
    kwm_case_description *cases = take(pool, field->case_count, sizeof *cases);
    for (uint32_t i = 0; i < field->case_count; i++) {
        uint32_t type = number_of(found, field->cases[i].type);
        if (cases != NULL)
            cases[i] = (kwm_case_description){ KW_HDR(kwm_case_description), field->cases[i].value, type };
    }
    return span(cases, field->case_count, sizeof *cases);
}

static kw_span describe_fields(pool *pool, collection *found, const kwm_struct *type)
{
    kwm_field_description *fields = take(pool, type->field_count, sizeof *fields);
    for (uint32_t i = 0; i < type->field_count; i++) {
        const kwm_field *field = &type->fields[i];
        kw_span cases = describe_cases(pool, found, field);
        uint32_t number = number_of(found, field->type);
        if (fields != NULL)
            fields[i] = (kwm_field_description){
                .h = KW_HDR(kwm_field_description), .name = text(field->name), .kind = field->kind,
                .offset = field->offset, .length = field->length, .element = field->element, .width = field->width,
                .type = number, .cases = cases,
            };
    }
    return span(fields, type->field_count, sizeof *fields);
}

static kw_span describe_structs(pool *pool, collection *found)
{
    /* Those of the fields come behind the others, and have their own fields, and so on. */
    kwm_struct_description *structs = take(pool, KWM_DESCRIBED_STRUCTS, sizeof *structs);
    for (uint32_t i = 0; i < found->count; i++) {
        const kwm_struct *type = found->type[i];
        kw_span fields = describe_fields(pool, found, type);
        if (structs != NULL)
            structs[i] = (kwm_struct_description){ KW_HDR(kwm_struct_description), text(type->name), type->size, 0, fields };
    }
    return span(structs, found->count, sizeof *structs);
}

static kw_span describe_matrix(pool *pool, const kwm_matrix_field *field)
{
    if (field == NULL)
        return span(NULL, 0, 0);
    kwm_matrix_description *matrix = take(pool, 1, sizeof *matrix);
    if (matrix != NULL)
        *matrix = (kwm_matrix_description){
            KW_HDR(kwm_matrix_description), text(field->name), field->rows, field->capacity, field->stride, field->dims,
            field->element, 0, span(field->spans, field->span_count, sizeof *field->spans),
        };
    return span(matrix, 1, sizeof *matrix);
}

static kw_span describe_operations(pool *pool, collection *found, const kwm_interface *interface)
{
    kwm_operation_description *operations = take(pool, interface->count, sizeof *operations);
    for (uint32_t i = 0; i < interface->count; i++) {
        const kwm_operation *operation = &interface->operations[i];
        uint32_t in = number_of(found, operation->in), out = number_of(found, operation->out);
        kw_span matrix = describe_matrix(pool, operation->matrix);
        if (operations != NULL)
            operations[i] = (kwm_operation_description){ KW_HDR(kwm_operation_description), text(operation->name),
                                                         operation->slot, operation->flags, in, out, matrix };
    }
    return span(operations, interface->count, sizeof *operations);
}

/* 0: there are too many structs. */
static int describe_all(pool *pool, const kwm_interface *const *interfaces, uint32_t count, kwm_description *description)
{
    kwm_interface_description *described = take(pool, count, sizeof *described);
    for (uint32_t i = 0; i < count; i++) {
        collection found = { .count = 0 };
        kw_span operations = describe_operations(pool, &found, interfaces[i]);
        kw_span structs = describe_structs(pool, &found);
        if (found.is_full)
            return 0;
        if (described != NULL)
            described[i] = (kwm_interface_description){ KW_HDR(kwm_interface_description), text(interfaces[i]->id),
                                                        interfaces[i]->table_size, 0, structs, operations };
    }
    *description = (kwm_description){ KW_HDR(kwm_description), span(described, count, sizeof *described) };
    return 1;
}

kw_status kwm_write_description(const kwm_description *description, void *buffer, uint64_t capacity, uint64_t *length)
{
    return kwm_encode(&kwm_description_type, description, buffer, capacity, length, NULL);
}

kw_status kwm_describe(const kwm_interface *const *interfaces, uint32_t count, void *buffer, uint64_t capacity,
                       uint64_t *length)
{
    kwm_description description;
    pool pool = { NULL, 0 };
    *length = 0;
    if (!describe_all(&pool, interfaces, count, &description))
        return KW_OUT_OF_RANGE;
    pool.base = malloc(pool.used + 8);
    if (pool.base == NULL)
        return KW_RESOURCE_EXHAUSTED;
    pool.used = 0;
    describe_all(&pool, interfaces, count, &description);
    kw_status status = kwm_write_description(&description, buffer, capacity, length);
    free(pool.base);
    return status;
}

/* ---- descriptions to tables, which were checked ------------------------------------------------------------ */

/* NUL is behind it. */
static const char *copy_text(pool *pool, kw_str from)
{
    char *to = take(pool, from.len + 1, 1);
    if (to != NULL) {
        memcpy(to, from.ptr, from.len);
        to[from.len] = '\0';
    }
    return to;
}

static const kwm_struct *struct_at(const kwm_struct *structs, uint32_t number)
{
    return structs == NULL || number == 0 ? NULL : &structs[number - 1];
}

static const kwm_case *make_cases(pool *pool, const kwm_struct *structs, kw_span described)
{
    kwm_case *cases = take(pool, described.count, sizeof *cases);
    for (uint32_t i = 0; cases != NULL && i < described.count; i++) {
        const kwm_case_description *from = element_at(described, i);
        cases[i] = (kwm_case){ from->value, 0, struct_at(structs, from->type) };
    }
    return described.count > 0 ? cases : NULL;
}

static const kwm_field *make_fields(pool *pool, const kwm_struct *structs, kw_span described)
{
    kwm_field *fields = take(pool, described.count, sizeof *fields);
    for (uint32_t i = 0; i < described.count; i++) {
        const kwm_field_description *from = element_at(described, i);
        const char *name = copy_text(pool, from->name);
        const kwm_case *cases = make_cases(pool, structs, from->cases);
        if (fields != NULL)
            fields[i] = (kwm_field){
                .name = name, .kind = from->kind, .offset = from->offset, .length = from->length,
                .element = from->element, .width = from->width, .case_count = from->cases.count,
                .type = struct_at(structs, from->type), .cases = cases,
            };
    }
    return fields;
}

static const kwm_struct *make_structs(pool *pool, kw_span described)
{
    kwm_struct *structs = take(pool, described.count, sizeof *structs);
    for (uint32_t i = 0; i < described.count; i++) {
        const kwm_struct_description *from = element_at(described, i);
        const char *name = copy_text(pool, from->name);
        const kwm_field *fields = make_fields(pool, structs, from->fields);
        if (structs != NULL)
            structs[i] = (kwm_struct){ name, from->size, from->fields.count, fields };
    }
    return structs;
}

static const kwm_matrix_field *make_matrix(pool *pool, kw_span described)
{
    if (described.count == 0)
        return NULL;
    const kwm_matrix_description *from = described.ptr;
    kwm_matrix_field *matrix = take(pool, 1, sizeof *matrix);
    const char *name = copy_text(pool, from->name);
    uint32_t *spans = take(pool, from->spans.count, sizeof *spans);
    if (matrix != NULL) {
        memcpy(spans, from->spans.ptr, from->spans.count * sizeof *spans);
        *matrix = (kwm_matrix_field){ name, from->rows, from->capacity, from->stride, from->dims, from->element,
                                      from->spans.count, spans };
    }
    return matrix;
}

static const kwm_operation *make_operations(pool *pool, const kwm_struct *structs, kw_span described)
{
    kwm_operation *operations = take(pool, described.count, sizeof *operations);
    for (uint32_t i = 0; i < described.count; i++) {
        const kwm_operation_description *from = element_at(described, i);
        const char *name = copy_text(pool, from->name);
        const kwm_matrix_field *matrix = make_matrix(pool, from->matrix);
        if (operations != NULL)
            operations[i] = (kwm_operation){ name, from->slot, from->flags, struct_at(structs, from->in),
                                             struct_at(structs, from->out), matrix };
    }
    return operations;
}

static void make_all(pool *pool, const kwm_description *description)
{
    kw_span described = description->interfaces;
    kwm_described *all = take(pool, 1, sizeof *all);
    kwm_interface *interfaces = take(pool, described.count, sizeof *interfaces);
    for (uint32_t i = 0; i < described.count; i++) {
        const kwm_interface_description *from = element_at(described, i);
        const char *id = copy_text(pool, from->id);
        const kwm_struct *structs = make_structs(pool, from->structs);
        const kwm_operation *operations = make_operations(pool, structs, from->operations);
        if (interfaces != NULL)
            interfaces[i] = (kwm_interface){ id, from->table_size, from->operations.count, operations };
    }
    if (all != NULL)
        *all = (kwm_described){ described.count, 0, interfaces };
}

static kw_status read_copy(void *copy, uint64_t length, kwm_described **interfaces, kwm_mistake *mistake)
{
    void *description;
    kwm_fault fault;
    if (kwm_decode(&kwm_description_type, copy, length, &description, &fault) != KW_OK) {
        mistake->reason = fault.reason;
        return KW_INVALID_ARGUMENT;
    }
    if (!kwm_check_description(description, mistake))
        return KW_INVALID_ARGUMENT;
    pool pool = { NULL, 0 };
    make_all(&pool, description);
    pool.base = malloc(pool.used);
    if (pool.base == NULL)
        return KW_RESOURCE_EXHAUSTED;
    pool.used = 0;
    make_all(&pool, description);
    *interfaces = (kwm_described *)(void *)pool.base;
    return KW_OK;
}

kw_status kwm_read_description(const void *bytes, uint64_t length, kwm_described **interfaces, kwm_mistake *mistake)
{
    *interfaces = NULL;
    memset(mistake, 0, sizeof *mistake);
    if (length > KWM_DESCRIPTION_LIMIT) {
        mistake->reason = "is longer than 65536 bytes";
        return KW_INVALID_ARGUMENT;
    }
    void *copy = aligned_alloc(16, (length + 16) & ~(uint64_t)15);
    if (copy == NULL)
        return KW_RESOURCE_EXHAUSTED;
    if (length > 0)
        memcpy(copy, bytes, length);
    kw_status status = read_copy(copy, length, interfaces, mistake);
    free(copy);
    return status;
}

void kwm_free_described(kwm_described *interfaces)
{
    free(interfaces);
}
