#include "check.h"

/* What is written is what is read, and a message shows nothing but the value. */
static void check_value(const kwm_struct *type, uint64_t seed)
{
    value_maker maker = { .seed = seed, .noise = 1 }, other = { .seed = seed, .noise = 2 };
    void *value = make_value(&maker, type);
    uint64_t length, length_of_other, again;
    kwm_fault fault;
    void *message = message_of(type, value, &length);
    CHECK(length % 8 == 0);

    /* The same value at other addresses, with other bytes where none are to be read, over another background. */
    void *other_value = make_value(&other, type);
    CHECK(kwm_encode(type, other_value, NULL, 0, &length_of_other, NULL) == KW_BUFFER_TOO_SMALL);
    CHECK(length_of_other == length);
    unsigned char *other_message = malloc(length);
    memset(other_message, 0xFF, length);
    CHECK(kwm_encode(type, other_value, other_message, length, &again, &fault) == KW_OK && again == length);
    CHECK(fault.reason == NULL);
    CHECK(memcmp(message, other_message, length) == 0);

    void *read = NULL;
    CHECK(kwm_decode(type, message, length, &read, &fault) == KW_OK && read == message && fault.reason == NULL);
    CHECK(is_same(type, value, read, message, length));
    /* What was read can be written again, to the same message. */
    void *second = message_of(type, read, &again);
    CHECK(again == length && memcmp(second, other_message, length) == 0);
    free(second);
    free(message);
    free(other_message);
    free_values(&maker);
    free_values(&other);
}

/* A buffer of any size below what is needed is refused, and nothing behind it is touched. */
static void check_small_buffers(const kwm_struct *type, uint64_t seed)
{
    value_maker maker = { .seed = seed, .noise = 3 };
    void *value = make_value(&maker, type);
    uint64_t length, wanted;
    void *message = message_of(type, value, &length);
    for (uint64_t capacity = 0; capacity < length; capacity += capacity < 64 ? 1 : 13) {
        void *buffer = malloc(capacity > 0 ? capacity : 1);
        CHECK(kwm_encode(type, value, buffer, capacity, &wanted, NULL) == KW_BUFFER_TOO_SMALL && wanted == length);
        free(buffer);
    }
    free(message);
    free_values(&maker);
}

void test_round_trip(void)
{
    for (uint32_t i = 0; i < root_count(); i++) {
        for (uint64_t seed = 0; seed < 40; seed++)
            check_value(root_at(i), seed * 1000 + i);
        check_small_buffers(root_at(i), i);
    }
}
