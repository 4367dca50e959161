#ifndef FLAT_VECTORS_CHECKSUM_H
#define FLAT_VECTORS_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* CRC32C (Castagnoli) of size bytes that follow those of `crc`; begin with 0. Uses the crc32 instruction where the
 * processor has it. [any] */
uint32_t checksum_add(uint32_t crc, const void *bytes, size_t size);

/* The portable version, for the tests that compare the two. */
uint32_t checksum_add_table(uint32_t crc, const void *bytes, size_t size);

#endif
