#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include <keyway/author.h>
#include "call_error.h"
#include "filter.h"
#include "instance.h"
#include "item_data.h"
#include "log_file.h"
#include "metadata_merge.h"
#include "operations.h"

/* ---- remove and count ----------------------------------------------------------------------------------- */

static kw_status remove_positions(kw_instance *self, kw_call *call, repository *r, const uint32_t *positions,
                                  uint32_t count)
{
    uint32_t different;
    log_item *items = calloc((size_t)count + 1, sizeof *items);
    if (items == NULL)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory to remove %u items; nothing was changed", count);
    for (uint32_t i = 0; i < count; i++)
        items[i].id = item_id(r, positions[i]);
    kw_status status = log_append(&self->store, call, r, LOG_REMOVE, items, count, &different);
    free(items);
    return status;
}

static kw_status remove_admitted(kw_instance *self, kw_call *call, repository *r, const filter *f, uint32_t *count)
{
    uint32_t *positions, different;
    if (f->count == 0) {
        *count = r->count;
        return *count == 0 ? KW_OK : log_append(&self->store, call, r, LOG_CLEAR, NULL, 0, &different);
    }
    kw_status status = filter_select(call, f, r, &positions, count);
    if (status != KW_OK)
        return status;
    if (*count > 0)
        status = remove_positions(self, call, r, positions, *count);
    free(positions);
    return status;
}

static kw_status count_admitted(kw_call *call, const repository *r, const filter *f, uint32_t *count)
{
    uint32_t *positions;
    if (f->count == 0) {
        *count = r->count;
        return KW_OK;
    }
    kw_status status = filter_select(call, f, r, &positions, count);
    if (status == KW_OK)
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
            status = no_repository(call, in.repo);
        else if (remove)
            status = remove_admitted(self, call, a.repository, &f, &count);
        else
            status = count_admitted(call, a.repository, &f, &count);
        if (status == KW_OK) {
            kw_count_out out = { .h = KW_HDR(kw_count_out), .count = count, .version = a.repository->version };
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

/* ---- update --------------------------------------------------------------------------------------------- */

static kw_status merge(kw_call *call, const repository *r, uint32_t position, const metadata_change *change, log_item *out)
{
    kw_str json;
    const char *error;
    kw_status status = item_metadata(call, r, position, &json);
    if (status != KW_OK)
        return status;
    out->id = item_id(r, position);
    if (metadata_change_apply(change, json, &out->metadata, &error))
        return KW_OK;
    return call_error(call, strcmp(error, "out of memory") == 0 ? KW_RESOURCE_EXHAUSTED : KW_INVALID_ARGUMENT,
                      "item %.*s cannot be updated: %s; nothing was changed", CALL_TEXT(out->id), error);
}

static kw_status update_admitted(kw_instance *self, kw_call *call, repository *r, const filter *f,
                                 const metadata_change *change, uint32_t *count)
{
    uint32_t *positions, different;
    kw_status status = filter_select(call, f, r, &positions, count);
    if (status != KW_OK)
        return status;
    log_item *items = calloc((size_t)*count + 1, sizeof *items);
    if (items == NULL)
        status = call_error(call, KW_RESOURCE_EXHAUSTED, "no memory to update %u items; nothing was changed", *count);
    for (uint32_t i = 0; status == KW_OK && i < *count; i++)
        status = i % 256 == 0 && kw_cancelled(call) ? call_error(call, KW_CANCELLED, "cancelled; nothing was changed")
                                                    : merge(call, r, positions[i], change, &items[i]);
    if (status == KW_OK && *count > 0)
        status = log_append(&self->store, call, r, LOG_UPDATE, items, *count, &different);
    for (uint32_t i = 0; items != NULL && i < *count; i++)
        free((void *)(uintptr_t)items[i].metadata.ptr);
    free(items);
    free(positions);
    return status;
}

kw_status flat_update(kw_instance *self, kw_call *call, const kw_update_in *input) KW_NOEXCEPT
{
    kw_update_in in;
    repository_access a;
    filter f;
    const char *error = "it is empty";
    size_t offset = 0;
    uint32_t count = 0;
    if (!kw_read(&in, input) || in.repo.len == 0)
        return call_error(call, KW_INVALID_ARGUMENT, "update needs the name of a repository");
    metadata_change *change = !kw_text_ok(in.set_json) || in.set_json.len == 0
        ? NULL
        : metadata_change_make(in.set_json, &error, &offset);
    if (change == NULL)
        return call_error(call, strcmp(error, "out of memory") == 0 ? KW_RESOURCE_EXHAUSTED : KW_INVALID_ARGUMENT,
                          "set_json must be a JSON object: byte %zu: %s", offset, error);
    kw_status status = filter_compile(call, in.filter, &f);
    if (status != KW_OK) {
        metadata_change_free(change);
        return status;
    }
    status = access_write(self, call, in.repo, &a);
    if (status == KW_OK) {
        status = a.repository == NULL ? no_repository(call, in.repo)
                                      : update_admitted(self, call, a.repository, &f, change, &count);
        if (status == KW_OK) {
            kw_count_out out = { .h = KW_HDR(kw_count_out), .count = count, .version = a.repository->version };
            log_compact_if_due(&self->store, a.repository);
            status = KW_REPLY(call, &out);
        }
        access_end(&a);
    }
    filter_free(&f);
    metadata_change_free(change);
    return status;
}
