/* What a description may say. Every byte of it may have been chosen by an enemy; that it is a message was checked before. */
#include "description.h"

typedef struct checker {
    const kwm_interface_description *interface;
    kwm_mistake *mistake;
} checker;

static const char BAD_NAME[] = "has a name that is not 1 to 63 letters, digits and '_'";
static const char NO_STRUCT[] = "has a struct that is not described";

/* As much of a text as can be printed. */
static void quote(char *to, size_t room, kw_str from)
{
    size_t length = from.len < room - 1 ? (size_t)from.len : room - 1;
    for (size_t i = 0; i < length; i++)
        to[i] = from.ptr[i] > ' ' && from.ptr[i] <= '~' ? from.ptr[i] : '?';
    to[length] = '\0';
}

static int wrong(const checker *c, const kw_str *structure, const kw_str *field, const char *reason)
{
    static const kw_str none = { NULL, 0 };
    kwm_mistake *mistake = c->mistake;
    quote(mistake->interface, sizeof mistake->interface, c->interface != NULL ? c->interface->id : none);
    quote(mistake->structure, sizeof mistake->structure, structure != NULL ? *structure : none);
    quote(mistake->field, sizeof mistake->field, field != NULL ? *field : none);
    mistake->reason = reason;
    return 0;
}

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_name(kw_str name)
{
    if (name.len == 0 || name.len > KWM_NAME_LIMIT || is_digit(name.ptr[0]))
        return 0;
    for (uint64_t i = 0; i < name.len; i++) {
        if (!is_letter(name.ptr[i]) && !is_digit(name.ptr[i]))
            return 0;
    }
    return 1;
}

/* "acme.parser/1": a name, '/', a generation. */
static int is_id(kw_str id)
{
    uint64_t at = 0;
    if (id.len > KWM_ID_LIMIT)
        return 0;
    while (at < id.len && (is_letter(id.ptr[at]) || is_digit(id.ptr[at]) || id.ptr[at] == '.' || id.ptr[at] == '-'))
        at++;
    uint64_t slash = at++;
    if (slash == 0 || at >= id.len || id.ptr[slash] != '/')
        return 0;
    while (at < id.len && is_digit(id.ptr[at]))
        at++;
    return at == id.len;
}

/* ---- fields --------------------------------------------------------------------------------------------- */

/* Bytes of a struct that a field stands for. 0: an unknown kind. */
static uint32_t size_of(uint32_t kind)
{
    switch (kind) {
    case KWM_BYTES:
    case KWM_TEXTS:
    case KWM_NUMBERS:
    case KWM_STRUCTS:
    case KWM_CASES:
    case KWM_DROPPED:
        return sizeof(kw_span);
    case KWM_SIZED:
    case KWM_ELEMENTS:
    case KWM_LOCAL:
        return sizeof(void *);
    case KWM_LEASE:
        return sizeof(kw_lease);
    default:
        return 0;
    }
}

_Static_assert(sizeof(kw_str) == sizeof(kw_span) && sizeof(kw_bytes) == sizeof(kw_span), "one size for the three");

/* Is there a number of this width, which no field covers? */
static int is_number(const kwm_struct_description *type, uint32_t offset, uint32_t width)
{
    if (offset < sizeof(kw_hdr) || offset % width != 0 || offset > type->size - width)
        return 0;
    for (uint32_t i = 0; i < type->fields.count; i++) {
        const kwm_field_description *field = element_at(type->fields, i);
        if (offset + width > field->offset && offset < (uint64_t)field->offset + size_of(field->kind))
            return 0;
    }
    return 1;
}

static const kwm_struct_description *struct_at(const checker *c, uint32_t number)
{
    return number > 0 && number <= c->interface->structs.count ? element_at(c->interface->structs, number - 1) : NULL;
}

static int check_cases(const checker *c, const kwm_struct_description *type, const kwm_field_description *field)
{
    if ((field->kind == KWM_CASES) != (field->cases.count > 0))
        return wrong(c, &type->name, &field->name, "has cases and is of another kind, or has none");
    if (field->cases.count > KWM_DESCRIBED_FIELDS)
        return wrong(c, &type->name, &field->name, "has more than 128 cases");
    for (uint32_t i = 0; i < field->cases.count; i++) {
        const kwm_case_description *one = element_at(field->cases, i);
        if (struct_at(c, one->type) == NULL)
            return wrong(c, &type->name, &field->name, NO_STRUCT);
        for (uint32_t j = 0; j < i; j++) {
            if (((const kwm_case_description *)element_at(field->cases, j))->value == one->value)
                return wrong(c, &type->name, &field->name, "has two cases of one value");
        }
    }
    return 1;
}

/* What says how much, which, or of what. */
static int check_numbers(const checker *c, const kwm_struct_description *type, const kwm_field_description *field)
{
    uint32_t width = field->kind == KWM_SIZED ? 8 : field->kind == KWM_CASES || field->kind == KWM_ELEMENTS ? 4 : 0;
    if (width == 0 ? field->length != 0 : !is_number(type, field->length, width))
        return wrong(c, &type->name, &field->name, "has its length where no number of the struct is");
    if (field->kind != KWM_ELEMENTS ? field->element != 0
                                    : !is_number(type, field->element, 4) || field->element == field->length)
        return wrong(c, &type->name, &field->name, "has its element where no number of the struct is");
    uint32_t of = field->width;
    if (field->kind != KWM_NUMBERS ? of != 0 : of != 1 && of != 2 && of != 4 && of != 8)
        return wrong(c, &type->name, &field->name, "has a width that numbers of its kind do not have");
    return 1;
}

static int check_field(const checker *c, const kwm_struct_description *type, const kwm_field_description *field,
                       uint32_t end)
{
    if (!is_name(field->name))
        return wrong(c, &type->name, &field->name, BAD_NAME);
    uint32_t size = size_of(field->kind);
    if (size == 0)
        return wrong(c, &type->name, &field->name, "is of a kind that this build does not know");
    if (field->offset % 8 != 0)
        return wrong(c, &type->name, &field->name, "is not 8-aligned");
    if (field->offset < end)
        return wrong(c, &type->name, &field->name, "overlaps what comes before it, or is not in the order of the offsets");
    if (type->size < size || field->offset > type->size - size)
        return wrong(c, &type->name, &field->name, "goes on behind the end of its struct");
    if (field->kind == KWM_STRUCTS ? struct_at(c, field->type) == NULL : field->type != 0)
        return wrong(c, &type->name, &field->name, NO_STRUCT);
    return check_cases(c, type, field);
}

static int check_struct(const checker *c, const kwm_struct_description *type)
{
    if (!is_name(type->name))
        return wrong(c, &type->name, NULL, BAD_NAME);
    if (type->size % 8 != 0 || type->size < sizeof(kw_hdr) || type->size > KWM_DESCRIBED_SIZE)
        return wrong(c, &type->name, NULL, "has a size that is no multiple of 8 from 8 to 4096");
    if (type->fields.count > KWM_DESCRIBED_FIELDS)
        return wrong(c, &type->name, NULL, "has more than 128 fields");
    uint32_t end = sizeof(kw_hdr);
    for (uint32_t i = 0; i < type->fields.count; i++) {
        const kwm_field_description *field = element_at(type->fields, i);
        if (!check_field(c, type, field, end))
            return 0;
        end = field->offset + size_of(field->kind);
    }
    /* When all are known to be where they can be. */
    for (uint32_t i = 0; i < type->fields.count; i++) {
        if (!check_numbers(c, type, element_at(type->fields, i)))
            return 0;
    }
    return 1;
}

/* ---- what leads where ----------------------------------------------------------------------------------- */

/* How many structs are below each other from this one on, by the heights of those that its fields lead to. */
static uint8_t height_of(const kwm_struct_description *type, const uint8_t *heights)
{
    uint8_t most = 0;
    for (uint32_t i = 0; i < type->fields.count; i++) {
        const kwm_field_description *field = element_at(type->fields, i);
        if (field->type != 0 && heights[field->type - 1] > most)
            most = heights[field->type - 1];
        for (uint32_t j = 0; j < field->cases.count; j++) {
            const kwm_case_description *one = element_at(field->cases, j);
            if (heights[one->type - 1] > most)
                most = heights[one->type - 1];
        }
    }
    return (uint8_t)(most + 1);
}

/* A way that is no longer than the limit is measured after so many rounds; what still grows then has no end. */
static int check_depth(const checker *c)
{
    uint8_t heights[KWM_DESCRIBED_STRUCTS] = { 0 };
    uint32_t count = c->interface->structs.count;
    for (uint32_t round = 0; round <= KWM_DESCRIBED_DEPTH; round++) {
        uint8_t next[KWM_DESCRIBED_STRUCTS];
        for (uint32_t i = 0; i < count; i++)
            next[i] = height_of(element_at(c->interface->structs, i), heights);
        memcpy(heights, next, count);
    }
    for (uint32_t i = 0; i < count; i++) {
        const kwm_struct_description *type = element_at(c->interface->structs, i);
        if (heights[i] > KWM_DESCRIBED_DEPTH)
            return wrong(c, &type->name, NULL, "leads back to itself, or has more than 16 structs within each other");
    }
    return 1;
}

static int has_lease(const kwm_struct_description *type)
{
    for (uint32_t i = 0; i < type->fields.count; i++) {
        if (((const kwm_field_description *)element_at(type->fields, i))->kind == KWM_LEASE)
            return 1;
    }
    return 0;
}

/* Whoever passes a reply on releases its leases, and looks for them in the reply itself. */
static int check_leases(const checker *c)
{
    for (uint32_t i = 0; i < c->interface->structs.count; i++) {
        const kwm_struct_description *type = element_at(c->interface->structs, i);
        for (uint32_t j = 0; j < type->fields.count; j++) {
            const kwm_field_description *field = element_at(type->fields, j);
            if (field->type != 0 && has_lease(struct_at(c, field->type)))
                return wrong(c, &type->name, &field->name, "has leases in its elements: only a reply itself can have one");
            for (uint32_t k = 0; k < field->cases.count; k++) {
                if (has_lease(struct_at(c, ((const kwm_case_description *)element_at(field->cases, k))->type)))
                    return wrong(c, &type->name, &field->name,
                                 "has leases in its elements: only a reply itself can have one");
            }
        }
    }
    return 1;
}

/* ---- operations ----------------------------------------------------------------------------------------- */

static const kwm_field_description *field_at(const kwm_struct_description *type, uint32_t offset)
{
    for (uint32_t i = 0; i < type->fields.count; i++) {
        const kwm_field_description *field = element_at(type->fields, i);
        if (field->offset == offset)
            return field;
    }
    return NULL;
}

static int check_matrix(const checker *c, const kwm_operation_description *operation)
{
    const kwm_matrix_description *matrix = operation->matrix.ptr;
    const kwm_struct_description *in = struct_at(c, operation->in);
    if (!is_name(matrix->name))
        return wrong(c, &operation->name, &matrix->name, BAD_NAME);
    const kwm_field_description *rows = field_at(in, matrix->rows);
    if (rows == NULL || rows->kind != KWM_LOCAL)
        return wrong(c, &operation->name, &matrix->name, "has its rows where the input has no local pointer");
    if (!is_number(in, matrix->capacity, 8) || !is_number(in, matrix->stride, 8) || !is_number(in, matrix->dims, 4)
        || !is_number(in, matrix->element, 4))
        return wrong(c, &operation->name, &matrix->name, "has a measure where no number of the input is");
    if (matrix->spans.count == 0 || matrix->spans.count > KWM_DESCRIBED_SPANS)
        return wrong(c, &operation->name, &matrix->name, "has rows for no span, or for more than 16");
    for (uint32_t i = 0; i < matrix->spans.count; i++) {
        uint32_t offset;
        memcpy(&offset, element_at(matrix->spans, i), sizeof offset);
        const kwm_field_description *span = field_at(in, offset);
        /* What travels not in all cases would be counted differently on the two sides. */
        if (span == NULL || (span->kind != KWM_TEXTS && span->kind != KWM_NUMBERS && span->kind != KWM_STRUCTS))
            return wrong(c, &operation->name, &matrix->name, "has rows for what is no span of the input");
    }
    return 1;
}

/* below: slots that came before. */
static int check_operation(const checker *c, const kwm_operation_description *operation, uint32_t below)
{
    if (!is_name(operation->name))
        return wrong(c, &operation->name, NULL, BAD_NAME);
    if (operation->slot < below)
        return wrong(c, &operation->name, NULL, "is not in the order of the slots");
    if (sizeof(kw_hdr) + ((uint64_t)operation->slot + 1) * sizeof(void *) > c->interface->table_size)
        return wrong(c, &operation->name, NULL, "has its slot behind the end of the table");
    if ((operation->flags & ~(KWM_IDEMPOTENT | KWM_EMITS)) != 0)
        return wrong(c, &operation->name, NULL, "has flags that this build does not know");
    if (struct_at(c, operation->in) == NULL || struct_at(c, operation->out) == NULL)
        return wrong(c, &operation->name, NULL, NO_STRUCT);
    if (operation->matrix.count > 1)
        return wrong(c, &operation->name, NULL, "has more than one matrix");
    return operation->matrix.count == 0 || check_matrix(c, operation);
}

/* ---- interfaces ----------------------------------------------------------------------------------------- */

static int is_same_text(kw_str left, kw_str right)
{
    return left.len == right.len && memcmp(left.ptr, right.ptr, left.len) == 0;
}

static int check_id(const checker *c, const kwm_description *description, uint32_t index)
{
    kw_str id = c->interface->id;
    if (!is_id(id))
        return wrong(c, NULL, NULL, "has an id that is not as \"acme.parser/1\"");
    if (kwm_interface_by_id(id) != NULL || kwm_service_by_id(id) != NULL)
        return wrong(c, NULL, NULL, "has the id of what this build knows itself");
    for (uint32_t i = 0; i < index; i++) {
        if (is_same_text(((const kwm_interface_description *)element_at(description->interfaces, i))->id, id))
            return wrong(c, NULL, NULL, "is described twice");
    }
    return 1;
}

static int check_interface(const checker *c)
{
    const kwm_interface_description *interface = c->interface;
    uint32_t words = sizeof(kw_hdr) / sizeof(void *) + KWM_DESCRIBED_SLOTS;
    if (interface->table_size % 8 != 0 || interface->table_size <= sizeof(kw_hdr)
        || interface->table_size > words * sizeof(void *))
        return wrong(c, NULL, NULL, "has a table that is not of 1 to 64 words behind its header");
    if (interface->structs.count > KWM_DESCRIBED_STRUCTS)
        return wrong(c, NULL, NULL, "has more than 256 structs");
    if (interface->operations.count == 0 || interface->operations.count > KWM_DESCRIBED_SLOTS)
        return wrong(c, NULL, NULL, "has no operations, or more than 64");
    for (uint32_t i = 0; i < interface->structs.count; i++) {
        if (!check_struct(c, element_at(interface->structs, i)))
            return 0;
    }
    if (!check_depth(c) || !check_leases(c))
        return 0;
    uint32_t below = 0;
    for (uint32_t i = 0; i < interface->operations.count; i++) {
        const kwm_operation_description *operation = element_at(interface->operations, i);
        if (!check_operation(c, operation, below))
            return 0;
        below = operation->slot + 1;
    }
    return 1;
}

int kwm_check_description(const kwm_description *description, kwm_mistake *mistake)
{
    checker c = { NULL, mistake };
    if (description->interfaces.count > KWM_DESCRIBED_LIMIT)
        return wrong(&c, NULL, NULL, "has more than 16 interfaces");
    for (uint32_t i = 0; i < description->interfaces.count; i++) {
        c.interface = element_at(description->interfaces, i);
        if (!check_id(&c, description, i) || !check_interface(&c))
            return 0;
    }
    return 1;
}
