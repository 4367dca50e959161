#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <keyway/author.h>
#include "call_error.h"
#include "instance.h"
#include "json.h"
#include "log_file.h"
#include "operations.h"

static kw_status check_offered(kw_call *call, const kw_upsert_in *in)
{
    if (in->element != KW_ELEMENT_F32)
        return call_error(call, KW_UNIMPLEMENTED, "element %u is not stored; f32 (1) is", in->element);
    if (in->fields.count != 0)
        return not_offered(call, "fields", "an item has one vector");
    if (!kw_span_ok(in->expires_unix_ns, sizeof(int64_t))
        || (in->expires_unix_ns.count != 0 && in->expires_unix_ns.count != in->ids.count))
        return call_error(call, KW_INVALID_ARGUMENT, "expires_unix_ns must be one an item, or none");
    for (uint32_t i = 0; i < in->expires_unix_ns.count; i++) {
        int64_t expires;
        memcpy(&expires, kw_at(in->expires_unix_ns, i), sizeof expires);
        if (expires != 0)
            return not_offered(call, "expires_unix_ns", "items do not end by themselves; remove them");
    }
    return KW_OK;
}

static kw_status check_upsert(kw_call *call, const kw_upsert_in *in)
{
    if (in->dims == 0 || in->dims > REPOSITORY_MAX_DIMS)
        return call_error(call, KW_INVALID_ARGUMENT, "dims must be 1-%u, and is %u", REPOSITORY_MAX_DIMS, in->dims);
    if (!kw_span_ok(in->ids, sizeof(kw_str)) || !kw_span_ok(in->texts, sizeof(kw_str))
        || !kw_span_ok(in->metadata_json, sizeof(kw_str)))
        return call_error(call, KW_INVALID_ARGUMENT, "ids, texts or metadata_json has a count and no memory");
    if (in->ids.count > REPOSITORY_MAX_ITEMS)
        return call_error(call, KW_INVALID_ARGUMENT, "%u items are too many for one batch", in->ids.count);
    if ((in->texts.count != 0 && in->texts.count != in->ids.count)
        || (in->metadata_json.count != 0 && in->metadata_json.count != in->ids.count))
        return call_error(call, KW_INVALID_ARGUMENT, "%u ids with %u texts and %u metadata; each must be one an item, "
                          "or none", in->ids.count, in->texts.count, in->metadata_json.count);
    if (!kw_text_ok(in->embedder_id) || in->embedder_id.len > REPOSITORY_MAX_EMBEDDER
        || !json_is_utf8(in->embedder_id.ptr, (size_t)in->embedder_id.len))
        return call_error(call, KW_INVALID_ARGUMENT, "embedder_id must be UTF-8 of at most %u bytes",
                          REPOSITORY_MAX_EMBEDDER);
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
    return KW_OK;
}

static kw_status stage_item(kw_call *call, const kw_upsert_in *in, uint32_t i, log_item *out)
{
    kw_str none = { NULL, 0 };
    metadata *fields = NULL;
    const char *error = NULL;
    size_t offset = 0;
    *out = (log_item) {
        .id = kw_text_at(in->ids, i), .text = in->texts.count > 0 ? kw_text_at(in->texts, i) : none,
        .metadata = in->metadata_json.count > 0 ? kw_text_at(in->metadata_json, i) : none,
        .row = (const float *)(const void *)((const char *)in->rows + (uint64_t)i * in->row_stride),
    };
    if (out->id.ptr == NULL || out->id.len == 0 || out->id.len > REPOSITORY_MAX_ID
        || !json_is_utf8(out->id.ptr, (size_t)out->id.len))
        return call_error(call, KW_INVALID_ARGUMENT, "id of item %u must be 1-%u bytes of UTF-8, and is %llu bytes", i,
                          REPOSITORY_MAX_ID, (unsigned long long)out->id.len);
    if (!kw_text_ok(out->text) || out->text.len > UINT32_MAX || !json_is_utf8(out->text.ptr, (size_t)out->text.len))
        return call_error(call, KW_INVALID_ARGUMENT, "text of item %u (%.*s) is not UTF-8 of less than 4 GiB", i,
                          CALL_TEXT(out->id));
    if (!kw_text_ok(out->metadata))
        return call_error(call, KW_INVALID_ARGUMENT, "metadata of item %u (%.*s) has a length and no text", i,
                          CALL_TEXT(out->id));
    if (!metadata_parse(out->metadata, &fields, &error, &offset))
        return call_error(call, strcmp(error, "out of memory") == 0 ? KW_RESOURCE_EXHAUSTED : KW_INVALID_ARGUMENT,
                          "metadata of item %u (%.*s), byte %zu: %s", i, CALL_TEXT(out->id), offset, error);
    free(fields); /* whether anybody will filter by it is not known yet */
    double sum = 0;
    for (uint32_t d = 0; d < in->dims; d++)
        sum += (double)out->row[d] * (double)out->row[d];
    if (!isfinite(sum)) /* every finite f32 has a finite square in double, and so have 65,536 of them */
        return call_error(call, KW_INVALID_ARGUMENT, "the vector of item %u (%.*s) has a value that is not a finite "
                          "number; the batch was not written", i, CALL_TEXT(out->id));
    out->entry.inverse_norm = sum > 0 ? 1 / sqrt(sum) : 0;
    return KW_OK;
}

static kw_status stage_batch(kw_call *call, const kw_upsert_in *in, log_item *staged)
{
    kw_status status = KW_OK;
    for (uint32_t i = 0; status == KW_OK && i < in->ids.count; i++)
        status = i % 256 == 0 && kw_cancelled(call)
            ? call_error(call, KW_CANCELLED, "cancelled; the batch was not written")
            : stage_item(call, in, i, &staged[i]);
    return status;
}

static kw_status check_target(kw_call *call, const repository *r, const kw_upsert_in *in)
{
    if (r->dims != in->dims)
        return call_error(call, KW_DIMENSION_MISMATCH, "repository %.*s holds vectors of %u dimensions, not %u",
                          CALL_TEXT(in->repo), r->dims, in->dims);
    if (in->embedder_id.len > 0 && r->embedder_length > 0 && !kw_equal(in->embedder_id, repository_embedder(r)))
        return call_error(call, KW_FAILED_PRECONDITION, "repository %.*s holds vectors of embedder %.*s, not %.*s",
                          CALL_TEXT(in->repo), CALL_TEXT(repository_embedder(r)), CALL_TEXT(in->embedder_id));
    return KW_OK;
}

static kw_status write_batch(kw_call *call, repository_access *a, const kw_upsert_in *in, log_item *staged,
                             kw_count_out *out)
{
    kw_instance *self = a->instance;
    repository *r = a->repository;
    uint32_t different = 0;
    kw_status status;
    if (r != NULL) {
        status = check_target(call, r, in);
        if (status == KW_OK && in->ids.count > 0)
            status = log_append(&self->store, call, r, LOG_UPSERT, staged, in->ids.count, &different);
    } else {
        /* The repository comes to be together with its first items, or not at all. */
        r = repository_make(in->repo, in->dims, KW_METRIC_COSINE, in->embedder_id, self->seed);
        status = r == NULL ? call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for one more repository")
                           : log_create(&self->store, call, r, staged, in->ids.count);
        if (status == KW_OK) {
            different = r->count;
            status = instance_add(self, call, r);
        } else {
            repository_free(r);
        }
    }
    if (status != KW_OK)
        return status;
    out->count = different;
    out->version = r->version;
    log_compact_if_due(&self->store, r);
    return KW_OK;
}

kw_status flat_upsert(kw_instance *self, kw_call *call, const kw_upsert_in *input) KW_NOEXCEPT
{
    kw_upsert_in in;
    repository_access a;
    if (!kw_read(&in, input) || in.repo.len == 0)
        return call_error(call, KW_INVALID_ARGUMENT, "upsert needs the name of a repository");
    kw_status status = check_upsert(call, &in);
    if (status != KW_OK || (status = check_offered(call, &in)) != KW_OK)
        return status;
    log_item *staged = calloc((size_t)in.ids.count + 1, sizeof *staged);
    if (staged == NULL)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for %u items", in.ids.count);
    /* Before the lock is taken: others may work while the batch is checked. */
    status = stage_batch(call, &in, staged);
    if (status == KW_OK && (status = access_write(self, call, in.repo, &a)) == KW_OK) {
        kw_count_out out = { .h = KW_HDR(kw_count_out) };
        status = write_batch(call, &a, &in, staged, &out);
        if (status == KW_OK)
            status = KW_REPLY(call, &out);
        access_end(&a);
    }
    free(staged);
    return status;
}
