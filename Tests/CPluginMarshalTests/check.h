/* What the tests of the marshalling share: checks that count, values by chance, and a look at messages that is not the
 * marshaller's own. */
#ifndef CHECK_H
#define CHECK_H

#include "checks.h"

#include <CPluginMarshal.h>

#include <string.h>

/* Every type that is marshalled by itself: kw_error, kw_event, kw_call, kwm_description, and what the operations take and reply. */
uint32_t root_count(void);
const kwm_struct *root_at(uint32_t index);

/* A value whose every piece is a heap block of its own, so that the sanitizer sees a byte too many. The same seed gives the
 * same value; what nobody may look at (the pointer of an empty text, gaps of an array) is filled from `noise`. */
typedef struct value_maker {
    uint64_t seed, noise;
    void **blocks;
    uint32_t block_count;
} value_maker;

uint32_t chance(value_maker *maker, uint32_t below);
void *make_value(value_maker *maker, const kwm_struct *type);
void free_values(value_maker *maker);

/* Is what was decoded from `length` bytes at `buffer` what the writer meant? Prints the first difference. */
int is_same(const kwm_struct *type, const void *written, const void *read, const void *buffer, uint64_t length);

/* Bytes of the struct that an entry of the table stands for. */
uint32_t field_size(const kwm_field *field);

/* Reads every byte that a decoded value refers to. */
uint64_t read_all(const kwm_struct *type, const void *value);

/* The message of a value, exactly as long as it has to be; on the heap. */
void *message_of(const kwm_struct *type, const void *value, uint64_t *length);

void test_tables(void);
void test_stubs(void);
void test_round_trip(void);
void test_growth(void);
void test_refusals(void);
void test_nesting(void);
void test_described(void);
void test_description(void);
void test_matrix(void);
void test_hostile(void);

#endif
