#include "check.h"

/* Decodes a copy of exactly this length; what comes out of it is read whole. */
static kw_status decode_copy(const kwm_struct *type, const void *message, uint64_t length)
{
    void *copy = malloc(length > 0 ? length : 1), *value;
    kwm_fault fault;
    if (length > 0)
        memcpy(copy, message, length);
    kw_status status = kwm_decode(type, copy, length, &value, &fault);
    if (status == KW_OK) {
        static volatile uint64_t sum;
        sum += read_all(type, value);
        /* Compared with itself it is right if every pointer is NULL or leads into the message. */
        if (!is_same(type, value, value, copy, length))
            status = KW_INTERNAL;
    } else if (value != NULL || fault.structure == NULL || fault.field == NULL || fault.reason == NULL) {
        status = KW_INTERNAL;
    }
    free(copy);
    return status;
}

static void check_lengths(const kwm_struct *type, const unsigned char *message, uint64_t length)
{
    int is_refused = 1;
    for (uint64_t cut = 0; cut < length; cut++)
        is_refused &= decode_copy(type, message, cut) == KW_DATA_LOSS;
    CHECK(is_refused);
    unsigned char *longer = calloc(1, length + 24);
    memcpy(longer, message, length);
    for (uint64_t more = 1; more <= 24; more++)
        is_refused &= decode_copy(type, longer, length + more) == KW_DATA_LOSS;
    CHECK(is_refused);
    memmove(longer + 8, message, length);
    void *value;
    CHECK(kwm_decode(type, longer + 8, length, &value, NULL) == KW_DATA_LOSS && value == NULL);
    free(longer);
}

/* Every word of the message, lengths, counts, strides and sizes among them, becomes what an enemy would write. */
static void check_words(const kwm_struct *type, unsigned char *message, uint64_t length)
{
    static const uint64_t values[] = {
        0, 1, 2, 7, 8, 9, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF8, 0xFFFFFFFF, 0x100000000, 0x7FFFFFFFFFFFFFFF,
        0x8000000000000000, 0xFFFFFFFFFFFFFFF0, 0xFFFFFFFFFFFFFFF8, 0xFFFFFFFFFFFFFFFF,
    };
    enum { COUNT = sizeof values / sizeof *values };
    int is_right = 1;
    for (uint64_t at = 0; at < length; at += 4) {
        for (uint32_t width = 4; width <= 8 && at % width == 0 && at + width <= length; width += 4) {
            uint64_t was = 0;
            memcpy(&was, message + at, width);
            for (uint32_t i = 0; i < COUNT + 4; i++) {
                uint64_t value = i < COUNT ? values[i] : was + (uint64_t[]){ 1, 8, (uint64_t)-1, (uint64_t)-8 }[i - COUNT];
                memcpy(message + at, &value, width);
                kw_status status = decode_copy(type, message, length);
                is_right &= status == KW_OK || status == KW_DATA_LOSS;
                /* The size of the root is always wrong if it is another one. */
                is_right &= at != 0 || width != 4 || (status == KW_OK) == ((uint32_t)value == type->size);
            }
            memcpy(message + at, &was, width);
        }
    }
    CHECK(is_right);
    CHECK(decode_copy(type, message, length) == KW_OK);
}

static const kwm_struct *input_of(uint32_t operation)
{
    return kwm_interface_by_id((kw_str){ KW_VECTOR_BACKEND_ID, strlen(KW_VECTOR_BACKEND_ID) })->operations[operation].in;
}

/* Lengths that would come around to small ones, with a gap before the matrix and without. */
static void check_wrapped_lengths(void)
{
    static const kw_str repos[2] = { { "12345678", 8 }, { "1234567812345678", 16 } };
    const kwm_struct *type = input_of(3);
    for (int i = 0; i < 2; i++) {
        kw_upsert_in in = { .h = KW_HDR(kw_upsert_in), .repo = repos[i], .rows = "rows", .rows_size = 4 };
        uint64_t length;
        kw_upsert_in *message = message_of(type, &in, &length);
        int is_refused = 1;
        for (uint64_t back = 1; back <= 256; back++) {
            message->rows_size = UINT64_MAX - back + 1;
            /* Also where the matrix would have begun: nothing is left over then. */
            for (uint64_t cut = 0; cut <= 16; cut += 8)
                is_refused &= decode_copy(type, message, length - cut) == KW_DATA_LOSS;
        }
        CHECK(is_refused);
        free(message);
    }
}

/* The word that says whether there is a vector. */
static void check_presence(void)
{
    const kwm_struct *type = input_of(4);
    float vector[2] = { 1, 2 };
    kw_query query = { .h = KW_HDR(kw_query), .vector = vector, .dims = 2, .element = KW_ELEMENT_F32 };
    kw_query_in in = { .h = KW_HDR(kw_query_in), .queries = { &query, 1, sizeof query } };
    uint64_t length, presence;
    unsigned char *message = message_of(type, &in, &length);
    unsigned char *image = message + sizeof(kw_query_in);
    memcpy(&presence, image + offsetof(kw_query, vector), sizeof presence);
    CHECK(presence == 1 && decode_copy(type, message, length) == KW_OK);
    for (presence = 2; presence != 0; presence <<= 1) {
        memcpy(image + offsetof(kw_query, vector), &presence, sizeof presence);
        CHECK(decode_copy(type, message, length) == KW_DATA_LOSS);
    }
    presence = 1;
    memcpy(image + offsetof(kw_query, vector), &presence, sizeof presence);
    memset(image + offsetof(kw_query, dims), 0, sizeof(uint32_t));
    CHECK(decode_copy(type, message, length) == KW_DATA_LOSS);
    CHECK(decode_copy(type, message, length - 8) == KW_DATA_LOSS);
    free(message);
}

/* On the wire, what is empty is 0, whatever the writer left in it. */
static void check_empty(void)
{
    kw_call call = { .h = KW_HDR(kw_call), .run_id = { (const char *)UINTPTR_MAX, 0 },
                     .attributes = { (const void *)UINTPTR_MAX, 0, UINT32_MAX }, .host_private = &call };
    uint64_t length;
    const kw_call *message = message_of(&kwm_call, &call, &length);
    CHECK(message->run_id.ptr == NULL && message->attributes.ptr == NULL && message->attributes.stride == 0);
    CHECK(message->host_private == NULL);
    free((void *)message);
}

void test_hostile(void)
{
    check_wrapped_lengths();
    check_presence();
    check_empty();
    for (uint32_t i = 0; i < root_count(); i++) {
        for (uint64_t seed = 0; seed < 3; seed++) {
            value_maker maker = { .seed = seed * 1000 + i, .noise = 4 };
            uint64_t length;
            const kwm_struct *type = root_at(i);
            void *message = message_of(type, make_value(&maker, type), &length);
            check_lengths(type, message, length);
            if (length < 4096)
                check_words(type, message, length);
            free(message);
            free_values(&maker);
        }
    }
}
