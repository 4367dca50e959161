/* Changes members of a metadata object, text to text: what is not changed stays byte by byte. */
#ifndef FLAT_VECTORS_METADATA_MERGE_H
#define FLAT_VECTORS_METADATA_MERGE_H

#include "metadata.h"

typedef struct metadata_change metadata_change;

/* Reads the members to set; null removes one, and of repeated names the last counts. `json` must stay. NULL: *error says
 * why. */
metadata_change *metadata_change_make(kw_str json, const char **error, size_t *offset);
void metadata_change_free(metadata_change *change);

/* The object `json` (empty: one without members) after the change; free(out->ptr). False: *error says why. */
bool metadata_change_apply(const metadata_change *change, kw_str json, kw_str *out, const char **error);

#endif
