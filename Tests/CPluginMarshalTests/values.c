/* Values by chance, made by walking the tables. */
#include "check.h"

static uint64_t next(uint64_t *state)
{
    /* splitmix64: any state will do, 0 too. */
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

uint32_t chance(value_maker *maker, uint32_t below)
{
    return (uint32_t)(next(&maker->seed) % below);
}

static void fill(uint64_t *state, void *bytes, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)next(state);
}

static unsigned char *block(value_maker *maker, uint64_t size)
{
    void *memory = malloc(size > 0 ? size : 1);
    void **blocks = realloc(maker->blocks, (maker->block_count + 1) * sizeof *blocks);
    if (memory == NULL || blocks == NULL)
        abort();
    blocks[maker->block_count++] = memory;
    maker->blocks = blocks;
    return memory;
}

void free_values(value_maker *maker)
{
    for (uint32_t i = 0; i < maker->block_count; i++)
        free(maker->blocks[i]);
    free(maker->blocks);
    maker->blocks = NULL;
    maker->block_count = 0;
}

/* Bytes of a chosen length, or an address that nobody may follow. */
static void *bytes(value_maker *maker, uint64_t length)
{
    if (length == 0)
        return (void *)(uintptr_t)next(&maker->noise);
    unsigned char *memory = block(maker, length);
    fill(&maker->seed, memory, length);
    return memory;
}

static kw_str text(value_maker *maker)
{
    uint64_t length = chance(maker, 4) == 0 ? 0 : chance(maker, 40);
    kw_str made = { bytes(maker, length), length };
    return made;
}

static void fill_struct(value_maker *maker, const kwm_struct *type, unsigned char *value, uint32_t size);

/* Sizes of writers that know less and more than this build. */
static uint32_t writer_size(value_maker *maker, const kwm_struct *type)
{
    uint32_t kind = chance(maker, 4);
    if (kind == 0)
        return 8 + chance(maker, type->size / 8) * 8;
    return kind == 1 ? type->size + 8 + chance(maker, 3) * 8 : type->size;
}

static kw_span span(value_maker *maker, const kwm_field *field, const kwm_struct *element, uint32_t width)
{
    uint32_t count = chance(maker, 4);
    if (count == 0)
        return (kw_span){ (void *)(uintptr_t)next(&maker->noise), 0, (uint32_t)next(&maker->noise) };
    uint32_t size = element == NULL ? width : writer_size(maker, element);
    uint32_t stride = size + chance(maker, 3) * (width < 8 ? width : 8);
    unsigned char *elements = block(maker, (uint64_t)count * stride);
    fill(&maker->noise, elements, (uint64_t)count * stride);
    for (uint32_t i = 0; i < count; i++) {
        unsigned char *at = elements + (uint64_t)i * stride;
        if (element != NULL) {
            fill_struct(maker, element, at, size);
        } else if (field->kind == KWM_TEXTS) {
            kw_str made = text(maker);
            memcpy(at, &made, sizeof made);
        } else {
            fill(&maker->seed, at, width);
        }
    }
    return (kw_span){ elements, count, stride };
}

static void put(unsigned char *value, uint32_t size, uint32_t offset, const void *what, uint32_t length)
{
    if (offset + length <= size)
        memcpy(value + offset, what, length);
}

static void fill_field(value_maker *maker, const kwm_field *field, unsigned char *value, uint32_t size)
{
    uint32_t offset = field->offset;
    kw_span made = { NULL, 0, 0 };
    switch (field->kind) {
    case KWM_BYTES: {
        kw_str string = text(maker);
        put(value, size, offset, &string, sizeof string);
        break;
    }
    case KWM_TEXTS:
        made = span(maker, field, NULL, sizeof(kw_str));
        put(value, size, offset, &made, sizeof made);
        break;
    case KWM_NUMBERS:
        made = span(maker, field, NULL, field->width);
        put(value, size, offset, &made, sizeof made);
        break;
    case KWM_STRUCTS:
        made = span(maker, field, field->type, field->type->size);
        put(value, size, offset, &made, sizeof made);
        break;
    case KWM_CASES: {
        uint32_t which = chance(maker, field->case_count + 1), kind = 99;
        if (which < field->case_count) {
            kind = field->cases[which].value;
            made = span(maker, field, field->cases[which].type, field->cases[which].type->size);
        } else {
            fill(&maker->noise, &made, sizeof made);
        }
        put(value, size, field->length, &kind, sizeof kind);
        put(value, size, offset, &made, sizeof made);
        break;
    }
    case KWM_SIZED: {
        uint64_t length = chance(maker, 60);
        void *memory = bytes(maker, length);
        put(value, size, offset, &memory, sizeof memory);
        put(value, size, field->length, &length, sizeof length);
        break;
    }
    case KWM_ELEMENTS: {
        static const uint32_t bits[] = { 0, 32, 16, 16, 8, 8, 1 };
        uint32_t dims = chance(maker, 20), element = 1 + chance(maker, 6);
        void *memory = chance(maker, 3) == 0 ? NULL : bytes(maker, (dims * bits[element] + 7) / 8);
        put(value, size, offset, &memory, sizeof memory);
        put(value, size, field->length, &dims, sizeof dims);
        put(value, size, field->element, &element, sizeof element);
        break;
    }
    case KWM_LEASE: {
        kw_str string = text(maker);
        unsigned char lease[sizeof(kw_lease)];
        fill(&maker->noise, lease, sizeof lease);
        memcpy(lease, &string, sizeof string); /* as kw_lease begins */
        put(value, size, offset, lease, sizeof lease);
        break;
    }
    case KWM_LOCAL: {
        uint64_t noise = next(&maker->noise);
        put(value, size, offset, &noise, sizeof noise);
        break;
    }
    case KWM_DROPPED:
        fill(&maker->noise, &made, sizeof made);
        put(value, size, offset, &made, sizeof made);
        break;
    default:
        abort();
    }
}

static void fill_struct(value_maker *maker, const kwm_struct *type, unsigned char *value, uint32_t size)
{
    fill(&maker->seed, value, size < type->size ? size : type->size);
    if (size > type->size)
        fill(&maker->noise, value + type->size, size - type->size);
    kw_hdr header = { size, 0 };
    memcpy(value, &header, sizeof header);
    for (uint32_t i = 0; i < type->field_count; i++)
        fill_field(maker, &type->fields[i], value, size);
}

void *make_value(value_maker *maker, const kwm_struct *type)
{
    uint32_t size = writer_size(maker, type);
    unsigned char *value = block(maker, size);
    fill_struct(maker, type, value, size);
    return value;
}

void *message_of(const kwm_struct *type, const void *value, uint64_t *length)
{
    kwm_fault fault;
    if (kwm_encode(type, value, NULL, 0, length, &fault) != KW_BUFFER_TOO_SMALL)
        abort();
    void *message = malloc(*length);
    if (message == NULL || kwm_encode(type, value, message, *length, length, &fault) != KW_OK)
        abort();
    return message;
}
