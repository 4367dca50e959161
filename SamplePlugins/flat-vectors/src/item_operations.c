#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <keyway/author.h>
#include "call_error.h"
#include "filter.h"
#include "instance.h"
#include "json.h"
#include "log_file.h"
#include "operations.h"

/* ---- upsert --------------------------------------------------------------------------------------------- */

static kw_status check_upsert(kw_call *call, const kw_upsert_in *in)
{
    if (in->dims == 0 || in->dims > REPOSITORY_MAX_DIMS)
        return call_error(call, KW_INVALID_ARGUMENT, "dims must be 1-%u, and is %u", REPOSITORY_MAX_DIMS, in->dims);
    if (in->element != KW_ELEMENT_F32)
        return call_error(call, KW_UNIMPLEMENTED, "element %u is not stored; f32 (1) is", in->element);
    if (!kw_span_ok(in->ids, sizeof(kw_str)) || !kw_span_ok(in->texts, sizeof(kw_str))
        || !kw_span_ok(in->metadata_json, sizeof(kw_str)))
        return call_error(call, KW_INVALID_ARGUMENT, "ids, texts or metadata_json has a count and no memory");
    if (in->ids.count > REPOSITORY_MAX_ITEMS)
        return call_error(call, KW_INVALID_ARGUMENT, "%u items are too many for one batch", in->ids.count);
    if ((in->texts.count != 0 && in->texts.count != in->ids.count)
        || (in->metadata_json.count != 0 && in->metadata_json.count != in->ids.count))
        return call_error(call, KW_INVALID_ARGUMENT, "%u ids with %u texts and %u metadata; each must be one an item, "
                          "or none", in->ids.count, in->texts.count, in->metadata_json.count);
    if (in->ids.count == 0)
        return KW_OK;
    uint64_t row = (uint64_t)in->dims * sizeof(float);
    if (in->rows == NULL || (uintptr_t)in->rows % _Alignof(float) != 0 || in->row_stride < row
        || in->row_stride % sizeof(float) != 0)
        return call_error(call, KW_INVALID_ARGUMENT, "rows must be aligned to 4 bytes, with a row_stride of at least "
                          "%llu that is a multiple of 4", (unsigned long long)row);
    /* (count - 1) * stride + row <= rows_size, without a product that overflows. */
    if (in->rows_size < row || (in->ids.count > 1 && in->row_stride > (in->rows_size - row) / (in->ids.count - 1)))
        return call_error(call, KW_INVALID_ARGUMENT, "rows_size is %llu bytes, too few for %u rows",
                          (unsigned long long)in->rows_size, in->ids.count);
    if (!kw_text_ok(in->embedder_id) || in->embedder_id.len > REPOSITORY_MAX_EMBEDDER
        || !json_is_utf8(in->embedder_id.ptr, (size_t)in->embedder_id.len))
        return call_error(call, KW_INVALID_ARGUMENT, "embedder_id must be UTF-8 of at most %u bytes",
                          REPOSITORY_MAX_EMBEDDER);
    return KW_OK;
}

static kw_status stage_item(kw_call *call, const kw_upsert_in *in, uint32_t i, item *out)
{
    kw_str none = { NULL, 0 }, id = kw_text_at(in->ids, i);
    kw_str text = in->texts.count > 0 ? kw_text_at(in->texts, i) : none;
    kw_str json = in->metadata_json.count > 0 ? kw_text_at(in->metadata_json, i) : none;
    const char *error = NULL;
    size_t offset = 0;
    if (id.ptr == NULL || id.len == 0 || id.len > REPOSITORY_MAX_ID || !json_is_utf8(id.ptr, (size_t)id.len))
        return call_error(call, KW_INVALID_ARGUMENT, "id of item %u must be 1-%u bytes of UTF-8, and is %llu bytes", i,
                          REPOSITORY_MAX_ID, (unsigned long long)id.len);
    if (!kw_text_ok(text) || !kw_text_ok(json) || !json_is_utf8(text.ptr, (size_t)text.len))
        return call_error(call, KW_INVALID_ARGUMENT, "text of item %u (%.*s) is not UTF-8", i, CALL_TEXT(id));
    if (!item_make(out, id, text, json, &error, &offset))
        return call_error(call, strcmp(error, "out of memory") == 0 ? KW_RESOURCE_EXHAUSTED : KW_INVALID_ARGUMENT,
                          "metadata of item %u (%.*s), byte %zu: %s", i, CALL_TEXT(id), offset, error);
    return KW_OK;
}

/* Copies a row to where it may stay, with zeros up to the row's width, and takes its length. */
static kw_status stage_row(kw_call *call, const kw_upsert_in *in, uint32_t i, const repository *r, item *out)
{
    const float *from = (const float *)(const void *)((const char *)in->rows + (uint64_t)i * in->row_stride);
    float *row = repository_row(r, r->count + i);
    double sum = 0;
    memcpy(row, from, (size_t)in->dims * sizeof(float));
    memset(row + in->dims, 0, (size_t)(r->width - in->dims) * sizeof(float));
    for (uint32_t d = 0; d < in->dims; d++)
        sum += (double)row[d] * (double)row[d];
    if (!isfinite(sum)) /* every finite f32 has a finite square in double, and so have 65,536 of them */
        return call_error(call, KW_INVALID_ARGUMENT, "the vector of item %u (%.*s) has a value that is not a finite "
                          "number; the batch was not written", i, CALL_TEXT(item_id(out)));
    out->inverse_norm = sum > 0 ? 1 / sqrt(sum) : 0;
    return KW_OK;
}

static kw_status stage_batch(kw_call *call, const kw_upsert_in *in, repository *r, item *staged)
{
    kw_status status = KW_OK;
    if (!repository_reserve(r, in->ids.count))
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for %u more items of %u dimensions", in->ids.count,
                          in->dims);
    for (uint32_t i = 0; status == KW_OK && i < in->ids.count; i++) {
        if (i % 256 == 0 && kw_cancelled(call))
            return call_error(call, KW_CANCELLED, "cancelled; the batch was not written");
        status = stage_item(call, in, i, &staged[i]);
        if (status == KW_OK)
            status = stage_row(call, in, i, r, &staged[i]);
    }
    return status;
}

/* The repository to write to; *made tells that it is new and not yet the instance's. */
static kw_status upsert_target(kw_call *call, repository_access *a, const kw_upsert_in *in, bool *made)
{
    repository *r = a->repository;
    *made = r == NULL;
    if (r == NULL) {
        a->repository = repository_make(in->repo, in->dims, KW_METRIC_COSINE, in->embedder_id, a->instance->seed);
        return a->repository != NULL ? KW_OK
                                     : call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for one more repository");
    }
    if (r->dims != in->dims)
        return call_error(call, KW_DIMENSION_MISMATCH, "repository %.*s holds vectors of %u dimensions, not %u",
                          CALL_TEXT(in->repo), r->dims, in->dims);
    if (in->embedder_id.len > 0 && r->embedder_length > 0 && !kw_equal(in->embedder_id, repository_embedder(r)))
        return call_error(call, KW_FAILED_PRECONDITION, "repository %.*s holds vectors of embedder %.*s, not %.*s",
                          CALL_TEXT(in->repo), CALL_TEXT(repository_embedder(r)), CALL_TEXT(in->embedder_id));
    return KW_OK;
}

kw_status flat_upsert(kw_instance *self, kw_call *call, const kw_upsert_in *input) KW_NOEXCEPT
{
    kw_upsert_in in;
    repository_access a;
    bool made = false;
    if (!kw_read(&in, input) || in.repo.len == 0)
        return call_error(call, KW_INVALID_ARGUMENT, "upsert needs the name of a repository");
    kw_status status = check_upsert(call, &in);
    if (status != KW_OK || (status = access_write(self, call, in.repo, &a)) != KW_OK)
        return status;
    item *staged = calloc((size_t)in.ids.count + 1, sizeof *staged);
    status = staged == NULL ? call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for %u items", in.ids.count)
                            : upsert_target(call, &a, &in, &made);
    repository *r = a.repository;
    if (status == KW_OK)
        status = stage_batch(call, &in, r, staged);
    /* A file with no items may stay behind if the append then fails: an empty repository, which is harmless. */
    if (status == KW_OK && made && self->store.folder >= 0)
        status = log_create(&self->store, call, r);
    if (status == KW_OK && in.ids.count > 0 && r->log.file >= 0)
        status = log_append_upsert(&self->store, call, r, staged, in.ids.count);
    if (status == KW_OK && made) {
        status = instance_add(self, call, r);
        made = false; /* the instance's, or freed */
    }
    if (status == KW_OK) {
        kw_count_out out = { .h = KW_HDR(kw_count_out), .count = repository_apply(r, staged, in.ids.count) };
        log_compact_if_due(&self->store, r);
        status = KW_REPLY(call, &out);
    } else {
        for (uint32_t i = 0; staged != NULL && i < in.ids.count; i++)
            item_free(&staged[i]);
        if (made)
            repository_free(r);
    }
    free(staged);
    access_end(&a);
    return status;
}

/* ---- remove and count ----------------------------------------------------------------------------------- */

static kw_status admitted(kw_call *call, const repository *r, const filter *f, uint32_t *positions, uint32_t *count)
{
    *count = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        if (i % 1024 == 0 && kw_cancelled(call))
            return call_error(call, KW_CANCELLED, "cancelled; nothing was changed");
        if (filter_admits(f, &r->items[i])) {
            if (positions != NULL)
                positions[*count] = i;
            ++*count;
        }
    }
    return KW_OK;
}

static kw_status remove_admitted(kw_instance *self, kw_call *call, repository *r, const filter *f, uint32_t *count)
{
    kw_status status = KW_OK;
    if (f->count == 0) {
        *count = r->count;
        if (r->count > 0 && r->log.file >= 0)
            status = log_append_clear(&self->store, call, r);
        if (status == KW_OK)
            repository_clear(r);
        return status;
    }
    uint32_t *positions = malloc(((size_t)r->count + 1) * sizeof *positions);
    if (positions == NULL)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory to look for what to remove");
    status = admitted(call, r, f, positions, count);
    if (status == KW_OK && *count > 0 && r->log.file >= 0)
        status = log_append_remove(&self->store, call, r, positions, *count);
    /* From the back: what takes a removed item's place comes from behind it and is not to be removed itself. */
    for (uint32_t i = status == KW_OK ? *count : 0; i-- > 0;)
        repository_remove(r, positions[i]);
    free(positions);
    return status;
}

static kw_status remove_or_count(kw_instance *self, kw_call *call, const kw_filter_in *input, bool remove)
{
    kw_filter_in in;
    repository_access a;
    filter f;
    uint32_t count = 0;
    if (!kw_read(&in, input) || in.repo.len == 0)
        return call_error(call, KW_INVALID_ARGUMENT, "the name of a repository is missing");
    kw_status status = filter_compile(call, in.filter, &f);
    if (status != KW_OK)
        return status;
    status = remove ? access_write(self, call, in.repo, &a) : access_read(self, call, in.repo, &a);
    if (status == KW_OK) {
        if (a.repository == NULL)
            status = call_error(call, KW_NOT_FOUND, "there is no repository %.*s", CALL_TEXT(in.repo));
        else if (remove)
            status = remove_admitted(self, call, a.repository, &f, &count);
        else
            status = admitted(call, a.repository, &f, NULL, &count);
        if (status == KW_OK) {
            kw_count_out out = { .h = KW_HDR(kw_count_out), .count = count };
            if (remove)
                log_compact_if_due(&self->store, a.repository);
            status = KW_REPLY(call, &out);
        }
        access_end(&a);
    }
    filter_free(&f);
    return status;
}

kw_status flat_remove(kw_instance *self, kw_call *call, const kw_filter_in *in) KW_NOEXCEPT
{
    return remove_or_count(self, call, in, true);
}

kw_status flat_count(kw_instance *self, kw_call *call, const kw_filter_in *in) KW_NOEXCEPT
{
    return remove_or_count(self, call, in, false);
}
