#include "CPluginCall.h"

#include <string.h>

kw_status kwc_import(void *dst, uint32_t dst_size, const void *src)
{
    kw_status status = KW_OK;
    kw_hdr header = { 0, 0 };
    if (src != NULL)
        memcpy(&header, src, sizeof header);
    if (header.size < sizeof header)
        status = KW_INVALID_ARGUMENT;
    else if (header.size > dst_size && (header.flags & KW_MUST))
        status = KW_UNIMPLEMENTED;
    uint32_t known = status != KW_OK ? 0 : header.size < dst_size ? header.size : dst_size;
    if (known > 0)
        memcpy(dst, src, known);
    if (known < dst_size)
        memset((unsigned char *)dst + known, 0, dst_size - known);
    return status;
}

static kw_status unimplemented(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    (void)call;
    (void)in;
    return KW_UNIMPLEMENTED;
}

#define FIRST_SLOT (sizeof(kw_hdr) / sizeof(void *))

_Static_assert(sizeof(kw_any_op) == sizeof(void *) && sizeof(kw_hdr) == sizeof(void *), "tables are arrays of words");

kw_status kwc_import_table(void *dst, uint32_t dst_size, const void *src, uint64_t *present)
{
    *present = 0;
    kw_status status = kwc_import(dst, dst_size, src);
    if (status != KW_OK)
        return status;
    uint32_t slots = dst_size / (uint32_t)sizeof(void *) - (uint32_t)FIRST_SLOT;
    if (slots > 64)
        return KW_INTERNAL;
    for (uint32_t i = 0; i < slots; i++) {
        unsigned char *slot = (unsigned char *)dst + (FIRST_SLOT + i) * sizeof(void *);
        kw_any_op op;
        memcpy(&op, slot, sizeof op);
        if (op != NULL) {
            *present |= (uint64_t)1 << i;
        } else {
            op = unimplemented;
            memcpy(slot, &op, sizeof op);
        }
    }
    return KW_OK;
}

int kwc_all_finite(const float *numbers, uint64_t count)
{
    /* By bits and without a branch, so that compilers make vector code of it: an exponent of all ones is not finite. */
    uint32_t found = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &numbers[i], sizeof bits);
        found |= (bits & 0x7F800000u) == 0x7F800000u;
    }
    return found == 0;
}

kw_any_op kwc_slot(const void *table, uint32_t index)
{
    kw_any_op op;
    memcpy(&op, (const unsigned char *)table + (FIRST_SLOT + index) * sizeof(void *), sizeof op);
    return op;
}
