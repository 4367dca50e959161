/* Bytes of items, checked against the checksums that were taken when they were written. What a function gives out lies
 * in the repository's map, as long as the instance's lock is held. All may run beside each other on one repository.
 * KW_DATA_LOSS names the file, the place and the item. */
#ifndef FLAT_VECTORS_ITEM_DATA_H
#define FLAT_VECTORS_ITEM_DATA_H

#include <keyway/plugin.h>

#include "repository.h"

/* Not checked: for rows that item_check_rows has passed. */
static inline const float *item_row(const repository *r, uint32_t position)
{
    return (const float *)(const void *)(r->map + r->rows[position].offset);
}

/* Checks the rows that have not been checked yet. */
kw_status item_check_rows(kw_call *call, const repository *r, uint32_t first, uint32_t count);
kw_status item_text(kw_call *call, const repository *r, uint32_t position, kw_str *text);
kw_status item_metadata(kw_call *call, const repository *r, uint32_t position, kw_str *json);
/* The metadata for filters, which is parsed once; NULL if there is none. */
kw_status item_fields(kw_call *call, const repository *r, uint32_t position, const metadata **fields);
/* Everything of one item, and what a checksum does not tell: that it is well-formed. For files that came from
 * elsewhere. */
kw_status item_check_whole(kw_call *call, const repository *r, uint32_t position);

#endif
