#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include <keyway/author.h>
#include "call_error.h"
#include "filter.h"
#include "instance.h"
#include "item_data.h"
#include "operations.h"

#define EVENT_ITEMS 256u
/* With what one more item adds, well below the half MiB that an event of a plugin in a worker may have. */
#define EVENT_BYTES 0x40000u

/* An item as it lies in the map. */
static kw_status view(kw_call *call, const repository *r, uint32_t position, uint32_t include, kw_item *out)
{
    kw_status status = KW_OK;
    *out = (kw_item) { .h = KW_HDR(kw_item), .id = item_id(r, position), .dims = r->dims, .element = KW_ELEMENT_F32,
                       .version = r->items[position].version };
    if (include & KW_INCLUDE_METADATA)
        status = item_metadata(call, r, position, &out->metadata_json);
    if (status == KW_OK && (include & KW_INCLUDE_TEXT))
        status = item_text(call, r, position, &out->text);
    if (status == KW_OK && (include & KW_INCLUDE_VECTOR)) {
        status = item_check_rows(call, r, position, 1);
        out->vector = item_row(r, position);
    }
    return status;
}

static uint64_t view_bytes(const kw_item *i)
{
    return i->id.len + i->metadata_json.len + i->text.len + (i->vector != NULL ? (uint64_t)i->dims * sizeof(float) : 0);
}

static kw_status check_include(kw_call *call, uint32_t include)
{
    if (include & ~(KW_INCLUDE_METADATA | KW_INCLUDE_TEXT | KW_INCLUDE_VECTOR))
        return call_error(call, KW_UNIMPLEMENTED, "include has bits that are unknown: 0x%x", include);
    return KW_OK;
}

/* ---- get ------------------------------------------------------------------------------------------------ */

static kw_str keep(char **at, kw_str text)
{
    kw_str copy = { text.len > 0 ? *at : NULL, text.len };
    if (text.len > 0)
        memcpy(*at, text.ptr, (size_t)text.len);
    *at += text.len;
    return copy;
}

/* Moves what the items show from the map to the call's memory. */
static kw_status keep_items(kw_call *call, kw_item *items, uint32_t count)
{
    uint64_t strings = 0, vectors = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t vector = items[i].vector != NULL ? (uint64_t)items[i].dims * sizeof(float) : 0;
        vectors += vector;
        strings += view_bytes(&items[i]) - vector;
    }
    char *text = call->api->alloc(call, strings, 1);
    char *rows = vectors > 0 ? call->api->alloc(call, vectors, _Alignof(float)) : NULL;
    if (text == NULL || (vectors > 0 && rows == NULL))
        return call_error(call, KW_RESOURCE_EXHAUSTED, "the call's memory does not hold %u items; ask for fewer, or "
                          "include less", count);
    for (uint32_t i = 0; i < count; i++) {
        items[i].id = keep(&text, items[i].id);
        items[i].metadata_json = keep(&text, items[i].metadata_json);
        items[i].text = keep(&text, items[i].text);
        if (items[i].vector != NULL) {
            size_t size = (size_t)items[i].dims * sizeof(float);
            items[i].vector = memcpy(rows, items[i].vector, size);
            rows += size;
        }
    }
    return KW_OK;
}

static kw_status get_items(kw_call *call, const repository *r, const kw_get_in *in)
{
    kw_item *items = call->api->alloc(call, (uint64_t)in->ids.count * sizeof *items, _Alignof(kw_item));
    kw_status status = KW_OK;
    if (items == NULL)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "the call's memory does not hold %u items; ask for fewer",
                          in->ids.count);
    for (uint32_t i = 0; status == KW_OK && i < in->ids.count; i++) {
        kw_str id = kw_text_at(in->ids, i);
        if (!kw_text_ok(id))
            return call_error(call, KW_INVALID_ARGUMENT, "id %u has a length and no text", i);
        int64_t position = repository_find(r, id);
        if (position >= 0)
            status = view(call, r, (uint32_t)position, in->include, &items[i]);
        else
            items[i] = (kw_item) { .h = KW_HDR(kw_item), .id = id, .flags = KW_ITEM_MISSING };
    }
    if (status == KW_OK)
        status = keep_items(call, items, in->ids.count);
    if (status != KW_OK)
        return status;
    kw_items_out out = { .h = KW_HDR(kw_items_out), .items = kw_span_of(items, in->ids.count, sizeof *items) };
    return KW_REPLY(call, &out);
}

kw_status flat_get(kw_instance *self, kw_call *call, const kw_get_in *input) KW_NOEXCEPT
{
    kw_get_in in;
    repository_access a;
    if (!kw_read(&in, input) || in.repo.len == 0)
        return call_error(call, KW_INVALID_ARGUMENT, "get needs the name of a repository");
    if (!kw_span_ok(in.ids, sizeof(kw_str)))
        return call_error(call, KW_INVALID_ARGUMENT, "ids has a count and no memory");
    kw_status status = check_include(call, in.include);
    if (status != KW_OK || (status = access_read(self, call, in.repo, &a)) != KW_OK)
        return status;
    status = a.repository == NULL ? no_repository(call, in.repo) : get_items(call, a.repository, &in);
    access_end(&a);
    return status;
}

/* ---- scan ----------------------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b, void *context)
{
    const repository *r = context;
    return text_order(item_id(r, *(const uint32_t *)a), item_id(r, *(const uint32_t *)b));
}

/* What is to be emitted, taken while the lock is held, and whether more follows. */
static kw_status freeze(kw_call *call, const repository *r, const filter *f, const kw_scan_in *in, repository **out,
                        bool *more)
{
    uint32_t *positions, admitted, count = 0;
    kw_status status = filter_select(call, f, r, &positions, &admitted);
    if (status != KW_OK)
        return status;
    for (uint32_t i = 0; i < admitted; i++)
        if (in->after.len == 0 || text_order(item_id(r, positions[i]), in->after) > 0)
            positions[count++] = positions[i];
    if (count > 1)
        qsort_r(positions, count, sizeof *positions, by_id, (void *)(uintptr_t)r);
    *more = in->limit != 0 && count > in->limit;
    if (*more)
        count = (uint32_t)in->limit;
    *out = repository_freeze(r, positions, count);
    free(positions);
    return *out != NULL ? KW_OK : call_error(call, KW_RESOURCE_EXHAUSTED, "no memory to scan %u items", count);
}

static kw_status emit(kw_call *call, const kw_item *items, uint32_t count)
{
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_ITEMS,
                       .payload = kw_span_of(items, count, sizeof *items) };
    kw_status status = call->api->emit(call, &event, 0);
    if (status == KW_CANCELLED)
        return call_error(call, KW_CANCELLED, "cancelled; nobody takes the items any more");
    /* A call that takes no events drops them, and the count is still of use. */
    return status == KW_OK || status == KW_UNIMPLEMENTED
        ? KW_OK
        : call_error(call, status, "the host refused an event of items with status %d", status);
}

/* No lock is held here, so a consumer may take its time, and even write to the repository. */
static kw_status emit_all(kw_instance *self, kw_call *call, const repository *frozen, uint32_t include)
{
    kw_item items[EVENT_ITEMS];
    for (uint32_t at = 0; at < frozen->count;) {
        uint32_t count = 0;
        uint64_t bytes = 0;
        kw_status status = KW_OK;
        if (kw_cancelled(call))
            return call_error(call, KW_CANCELLED, "cancelled after %u of %u items", at, frozen->count);
        if (call->deadline_ns != 0 && self->host->now_ns(self->host) >= call->deadline_ns)
            return call_error(call, KW_DEADLINE_EXCEEDED, "the deadline passed after %u of %u items", at, frozen->count);
        while (status == KW_OK && count < EVENT_ITEMS && bytes < EVENT_BYTES && at + count < frozen->count) {
            status = view(call, frozen, at + count, include, &items[count]);
            bytes += view_bytes(&items[count++]);
        }
        if (status == KW_OK)
            status = emit(call, items, count);
        if (status != KW_OK)
            return status;
        at += count;
    }
    return KW_OK;
}

kw_status flat_scan(kw_instance *self, kw_call *call, const kw_scan_in *input) KW_NOEXCEPT
{
    kw_scan_in in;
    repository_access a;
    filter f;
    repository *frozen = NULL;
    bool more = false;
    if (!kw_read(&in, input) || in.repo.len == 0)
        return call_error(call, KW_INVALID_ARGUMENT, "scan needs the name of a repository");
    if (!kw_text_ok(in.after))
        return call_error(call, KW_INVALID_ARGUMENT, "after has a length and no text");
    kw_status status = check_include(call, in.include);
    if (status != KW_OK || (status = filter_compile(call, in.filter, &f)) != KW_OK)
        return status;
    status = access_read(self, call, in.repo, &a);
    if (status == KW_OK) {
        status = a.repository == NULL ? no_repository(call, in.repo)
                                      : freeze(call, a.repository, &f, &in, &frozen, &more);
        access_end(&a);
    }
    filter_free(&f);
    if (status == KW_OK)
        status = emit_all(self, call, frozen, in.include);
    if (status == KW_OK) {
        kw_scan_out out = { .h = KW_HDR(kw_scan_out), .count = frozen->count };
        if (more)
            out.next = kw_copy(call, item_id(frozen, frozen->count - 1));
        status = more && out.next.len == 0
            ? call_error(call, KW_RESOURCE_EXHAUSTED, "the call's memory does not hold the reply")
            : KW_REPLY(call, &out);
    }
    repository_free(frozen);
    return status;
}
