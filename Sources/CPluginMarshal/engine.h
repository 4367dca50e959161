/* What the parts of CPluginMarshal share. */
#ifndef ENGINE_H
#define ENGINE_H

#include "CPluginMarshal.h"

#include <string.h>

/* Bits of an element by KW_ELEMENT_*, 0 = unknown; generated. */
extern const uint8_t kwm_element_bits[];
extern const uint32_t kwm_element_count;

/* Bytes of a vector; 0 dims are 0 bytes. Returns 0 for an unknown element. */
static inline int vector_size(uint32_t dims, uint32_t element, uint64_t *size)
{
    if (element >= kwm_element_count || kwm_element_bits[element] == 0)
        return 0;
    *size = ((uint64_t)dims * kwm_element_bits[element] + 7) / 8;
    return 1;
}

static inline uint32_t load32(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t load64(const unsigned char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* Says what was wrong, and returns the status. */
static inline kw_status fail(kwm_fault *fault, kw_status status, const kwm_struct *type, const char *field,
                             const char *reason)
{
    if (fault != NULL)
        *fault = (kwm_fault){ type->name, field, reason };
    return status;
}

#endif
