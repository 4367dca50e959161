#include "item_data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "call_error.h"
#include "checksum.h"
#include "json.h"

static kw_status damaged(kw_call *call, const repository *r, uint32_t position, const char *part, uint64_t offset)
{
    return call_error(call, KW_DATA_LOSS, "%s is damaged at byte %llu: the %s of item %.*s does not match its checksum. "
                      "Write the item again or remove it by its id, or restore a snapshot", r->log.path,
                      (unsigned long long)offset, part, CALL_TEXT(item_id(r, position)));
}

kw_status item_check_rows(kw_call *call, const repository *r, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        row_place *place = &r->rows[i];
        if (__atomic_load_n(&place->checked, __ATOMIC_RELAXED))
            continue;
        if (checksum_add(0, r->map + place->offset, repository_row_bytes(r)) != place->checksum)
            return damaged(call, r, i, "vector", place->offset);
        __atomic_store_n(&place->checked, 1, __ATOMIC_RELAXED);
    }
    return KW_OK;
}

kw_status item_text(kw_call *call, const repository *r, uint32_t position, kw_str *text)
{
    const item *i = &r->items[position];
    *text = (kw_str) { i->text_length > 0 ? r->map + i->text_offset : NULL, i->text_length };
    if (checksum_add(0, text->ptr, i->text_length) != i->text_checksum)
        return damaged(call, r, position, "text", i->text_offset);
    return KW_OK;
}

kw_status item_metadata(kw_call *call, const repository *r, uint32_t position, kw_str *json)
{
    const item *i = &r->items[position];
    *json = (kw_str) { i->metadata_length > 0 ? r->map + i->metadata_offset : NULL, i->metadata_length };
    if (checksum_add(0, json->ptr, i->metadata_length) != i->metadata_checksum)
        return damaged(call, r, position, "metadata", i->metadata_offset);
    return KW_OK;
}

static kw_status parse(kw_call *call, const repository *r, uint32_t position, metadata **out)
{
    const char *error = NULL;
    size_t offset = 0;
    kw_str json;
    kw_status status = item_metadata(call, r, position, &json);
    *out = NULL;
    if (status != KW_OK || metadata_parse(json, out, &error, &offset))
        return status;
    if (strcmp(error, "out of memory") == 0)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for the metadata of item %.*s",
                          CALL_TEXT(item_id(r, position)));
    return call_error(call, KW_DATA_LOSS, "%s is damaged: metadata of item %.*s, byte %zu: %s; remove the item by its "
                      "id, or restore a snapshot", r->log.path, CALL_TEXT(item_id(r, position)), offset, error);
}

kw_status item_fields(kw_call *call, const repository *r, uint32_t position, const metadata **fields)
{
    metadata **kept = &r->items[position].fields, *known = __atomic_load_n(kept, __ATOMIC_ACQUIRE), *parsed;
    *fields = known;
    if (known != NULL || r->items[position].metadata_length == 0)
        return KW_OK;
    kw_status status = parse(call, r, position, &parsed);
    if (status != KW_OK)
        return status;
    /* Another reader may have been faster; then its copy stays. */
    if (__atomic_compare_exchange_n(kept, &known, parsed, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        *fields = parsed;
    } else {
        free(parsed);
        *fields = known;
    }
    return KW_OK;
}

kw_status item_check_whole(kw_call *call, const repository *r, uint32_t position)
{
    kw_str id = item_id(r, position), text;
    metadata *fields = NULL;
    kw_status status = item_check_rows(call, r, position, 1);
    if (status == KW_OK)
        status = item_text(call, r, position, &text);
    if (status == KW_OK)
        status = parse(call, r, position, &fields);
    free(fields);
    if (status != KW_OK)
        return status;
    const float *row = item_row(r, position);
    double sum = 0, inverse_norm = r->rows[position].inverse_norm;
    for (uint32_t d = 0; d < r->width; d++)
        sum += (double)row[d] * (double)row[d];
    bool row_ok = isfinite(sum) && fabs(inverse_norm * sqrt(sum) - (sum > 0)) <= 1e-9 && (sum > 0 || inverse_norm == 0);
    for (uint32_t d = r->dims; d < r->width; d++)
        row_ok = row_ok && row[d] == 0;
    if (!row_ok || !json_is_utf8(id.ptr, (size_t)id.len) || !json_is_utf8(text.ptr, (size_t)text.len))
        return call_error(call, KW_DATA_LOSS, "%s is damaged: item %.*s at byte %llu is malformed", r->log.path,
                          CALL_TEXT(id), (unsigned long long)r->rows[position].offset);
    return KW_OK;
}
