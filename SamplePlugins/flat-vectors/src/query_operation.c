#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <keyway/author.h>
#include "call_error.h"
#include "filter.h"
#include "instance.h"
#include "item_data.h"
#include "operations.h"
#include "top_k.h"

/* Rows a round: their bytes stay in the second-level cache while every query of the batch goes over them. */
#define BLOCK_BYTES (256u * 1024)
#define BLOCK_ROWS 4096u

/* More candidates than asked for, because scores of the scan are rounded to f32 and those of the reply are not. */
#define SPARE_CANDIDATES 16u

typedef struct search {
    kw_query in;
    float *vector;       /* as given, padded with zeros; 64-byte aligned */
    float *unit;         /* the same at length 1, for cosine */
    double inverse_norm;
    filter filter;
    top_k best;
} search;

static void searches_free(search *list, uint32_t count)
{
    for (uint32_t i = 0; list != NULL && i < count; i++) {
        filter_free(&list[i].filter);
        free(list[i].vector);
        free(list[i].best.heap);
    }
    free(list);
}

/* A field that asks for something else than an exact scan is refused, and never passed over. */
static kw_status check_offered(kw_call *call, const kw_query *q)
{
    if (q->field.len != 0)
        return not_offered(call, "field", "an item has one vector, without a name");
    if (q->sparse.count != 0)
        return not_offered(call, "sparse", "it keeps dense vectors only");
    if (q->query_text.len != 0)
        return not_offered(call, "query_text", "it has no full text search; filter with MATCH");
    if (q->like.count != 0)
        return not_offered(call, "like", "give the vector; get replies an item's");
    if (q->unlike.count != 0)
        return not_offered(call, "unlike", "give the vector; get replies an item's");
    if (q->fusion != KW_FUSION_NONE)
        return not_offered(call, "fusion", "there is one list of hits only");
    if (q->mmr_fetch != 0)
        return not_offered(call, "mmr_fetch", "hits are the nearest ones; choose among more of them");
    if (q->group_by.len != 0)
        return not_offered(call, "group_by", "hits are not grouped; ask for metadata, and group them");
    return KW_OK;
}

static kw_status check_query(kw_call *call, kw_span queries, uint32_t i, search *s)
{
    if (!kw_read_at(&s->in, queries, i))
        return call_error(call, KW_INVALID_ARGUMENT, "query %u is malformed; was it built for a later SDK?", i);
    const kw_query *q = &s->in;
    kw_status status = check_offered(call, q);
    if (status != KW_OK)
        return status;
    if (q->element != KW_ELEMENT_F32)
        return call_error(call, KW_UNIMPLEMENTED, "query %u: element %u is not searched; f32 (1) is", i, q->element);
    if (q->vector == NULL || (uintptr_t)q->vector % _Alignof(float) != 0)
        return call_error(call, KW_INVALID_ARGUMENT, "query %u needs a vector, aligned to 4 bytes", i);
    /* An exact scan is as thorough as any of them asks for. */
    if (q->exactness > KW_EXACTNESS_MIN_RECALL)
        return call_error(call, KW_UNIMPLEMENTED, "query %u: exactness %u is unknown", i, q->exactness);
    if (q->exactness == KW_EXACTNESS_MIN_RECALL && !(q->min_recall >= 0 && q->min_recall <= 1))
        return call_error(call, KW_INVALID_ARGUMENT, "query %u: min_recall must be 0-1", i);
    if (q->include & ~(KW_INCLUDE_METADATA | KW_INCLUDE_TEXT | KW_INCLUDE_VECTOR))
        return call_error(call, KW_UNIMPLEMENTED, "query %u: include has bits that are unknown: 0x%x", i, q->include);
    if ((q->set & KW_QUERY_MIN_SCORE) && isnan(q->min_score))
        return call_error(call, KW_INVALID_ARGUMENT, "query %u: min_score is not a number", i);
    if (!kw_text_ok(q->embedder_id))
        return call_error(call, KW_INVALID_ARGUMENT, "query %u: embedder_id has a length and no text", i);
    return filter_compile(call, q->filter, &s->filter);
}

/* What depends on the repository. */
static kw_status prepare(kw_call *call, const repository *r, uint32_t i, search *s)
{
    const kw_query *q = &s->in;
    double sum = 0;
    if (q->dims != r->dims)
        return call_error(call, KW_DIMENSION_MISMATCH, "query %u has %u dimensions; repository %.*s holds those of %u",
                          i, q->dims, CALL_TEXT(repository_name(r)), r->dims);
    if (q->embedder_id.len > 0 && r->embedder_length > 0 && !kw_equal(q->embedder_id, repository_embedder(r)))
        return call_error(call, KW_FAILED_PRECONDITION, "query %u is a vector of embedder %.*s; repository %.*s holds "
                          "those of %.*s", i, CALL_TEXT(q->embedder_id), CALL_TEXT(repository_name(r)),
                          CALL_TEXT(repository_embedder(r)));
    /* Every commit is visible to all that begin after it; there is nothing to wait for. */
    if (q->consistency > r->version)
        return call_error(call, KW_UNIMPLEMENTED, "query %u: consistency: it does not wait, and version %llu of "
                          "repository %.*s is not there; the last is %llu", i, (unsigned long long)q->consistency,
                          CALL_TEXT(repository_name(r)), (unsigned long long)r->version);
    uint64_t wanted = (uint64_t)q->offset + q->top_k + SPARE_CANDIDATES;
    s->best.repository = r;
    s->best.room = q->top_k == 0 ? 0 : wanted < r->count ? (size_t)wanted : r->count;
    s->best.heap = malloc((s->best.room + 1) * sizeof *s->best.heap);
    s->vector = aligned_alloc(SCAN_ALIGNMENT, 2 * repository_row_bytes(r));
    if (s->best.heap == NULL || s->vector == NULL)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for query %u", i);
    memset(s->vector, 0, 2 * repository_row_bytes(r));
    memcpy(s->vector, q->vector, (size_t)q->dims * sizeof(float));
    s->unit = s->vector + r->width;
    for (uint32_t d = 0; d < q->dims; d++)
        sum += (double)s->vector[d] * (double)s->vector[d];
    if (!isfinite(sum))
        return call_error(call, KW_INVALID_ARGUMENT, "the vector of query %u has a value that is not finite", i);
    s->inverse_norm = sum > 0 ? 1 / sqrt(sum) : 0;
    for (uint32_t d = 0; d < q->dims; d++)
        s->unit[d] = (float)((double)s->vector[d] * s->inverse_norm);
    return KW_OK;
}

/* ---- scan ----------------------------------------------------------------------------------------------- */

/* The score of the reply: in double, from the vectors as given. */
static double exact_score(const repository *r, const search *s, uint32_t position)
{
    const float *row = item_row(r, position);
    switch (r->metric) {
    case KW_METRIC_COSINE:
        return scan_dot_exact(s->vector, row, r->width) * (s->inverse_norm * r->rows[position].inverse_norm);
    case KW_METRIC_DOT:
        return scan_dot_exact(s->vector, row, r->width);
    default:
        return -sqrt(scan_squared_distance_exact(s->vector, row, r->width));
    }
}

/* Scores rows that lie side by side. */
static kw_status offer_run(const kw_instance *self, kw_call *call, const repository *r, search *s, uint32_t first,
                           uint32_t count)
{
    float scores[BLOCK_ROWS];
    kw_status status = item_check_rows(call, r, first, count);
    if (status != KW_OK)
        return status;
    const float *rows = item_row(r, first);
    if (r->metric == KW_METRIC_L2)
        self->kernels->squared_distance(s->vector, rows, r->width, count, scores);
    else
        self->kernels->dot(r->metric == KW_METRIC_COSINE ? s->unit : s->vector, rows, r->width, count, scores);
    for (uint32_t i = 0; i < count; i++) {
        double score = r->metric == KW_METRIC_COSINE ? (double)scores[i] * r->rows[first + i].inverse_norm
            : r->metric == KW_METRIC_DOT             ? (double)scores[i]
                                                     : -(double)scores[i];
        /* Sums beyond the range of f32 exist, of values within it. */
        if (!isfinite(score)) {
            score = exact_score(r, s, first + i);
            if (r->metric == KW_METRIC_L2)
                score = -(score * score);
        }
        top_k_offer(&s->best, score, first + i);
    }
    return KW_OK;
}

static kw_status scan_block(const kw_instance *self, kw_call *call, const repository *r, search *s, uint32_t first,
                            uint32_t count)
{
    kw_status status = KW_OK;
    if (s->best.room == 0)
        return KW_OK;
    for (uint32_t i = first, end = first + count; status == KW_OK && i < end;) {
        uint32_t run = 0;
        bool admitted = true, beside = true;
        while (status == KW_OK && i + run < end && beside) {
            if (s->filter.count > 0)
                status = filter_admits(call, &s->filter, r, i + run, &admitted);
            if (status != KW_OK || !admitted)
                break;
            run++;
            /* Rows that were written one after the other mostly still lie so. */
            beside = i + run < end && r->rows[i + run].offset == r->rows[i + run - 1].offset + repository_row_bytes(r);
        }
        if (status == KW_OK && run > 0)
            status = offer_run(self, call, r, s, i, run);
        i += run + !admitted;
    }
    return status;
}

static kw_status scan(const kw_instance *self, kw_call *call, const repository *r, search *list, uint32_t count)
{
    uint32_t step = (uint32_t)(BLOCK_BYTES / repository_row_bytes(r));
    step = step == 0 ? 1 : step > BLOCK_ROWS ? BLOCK_ROWS : step;
    for (uint32_t first = 0; first < r->count; first += step) {
        if (kw_cancelled(call))
            return call_error(call, KW_CANCELLED, "cancelled after %u of %u items", first, r->count);
        if (call->deadline_ns != 0 && self->host->now_ns(self->host) >= call->deadline_ns)
            return call_error(call, KW_DEADLINE_EXCEEDED, "the deadline passed after %u of %u items", first, r->count);
        uint32_t rows = r->count - first < step ? r->count - first : step;
        for (uint32_t i = 0; i < count; i++) {
            kw_status status = scan_block(self, call, r, &list[i], first, rows);
            if (status != KW_OK)
                return status;
        }
    }
    return KW_OK;
}

/* ---- reply ---------------------------------------------------------------------------------------------- */

static kw_str put_text(char **at, kw_str text)
{
    kw_str copy = { text.len > 0 ? *at : NULL, text.len };
    if (text.len > 0)
        memcpy(*at, text.ptr, (size_t)text.len);
    *at += text.len;
    return copy;
}

static kw_status fill_hit(kw_call *call, const repository *r, const search *s, const candidate *c, char **strings,
                          float *vector, kw_hit *hit)
{
    kw_status status = KW_OK;
    kw_str string;
    *hit = (kw_hit) {
        .h = KW_HDR(kw_hit), .id = put_text(strings, item_id(r, c->position)), .score = c->score,
        .distance = r->metric == KW_METRIC_COSINE ? 1 - c->score : -c->score,
        .dims = r->dims, .element = KW_ELEMENT_F32,
    };
    if ((s->in.include & KW_INCLUDE_METADATA) && (status = item_metadata(call, r, c->position, &string)) == KW_OK)
        hit->metadata_json = put_text(strings, string);
    if (status == KW_OK && (s->in.include & KW_INCLUDE_TEXT)
        && (status = item_text(call, r, c->position, &string)) == KW_OK)
        hit->text = put_text(strings, string);
    if (vector != NULL) {
        memcpy(vector, item_row(r, c->position), (size_t)r->dims * sizeof(float));
        hit->vector = vector;
    }
    return status;
}

static kw_status fill_result(kw_call *call, const repository *r, search *s, kw_query_result *out)
{
    top_k *best = &s->best;
    for (size_t i = 0; i < best->count; i++)
        best->heap[i].score = exact_score(r, s, best->heap[i].position);
    top_k_sort(best);
    size_t first = s->in.offset, end = (size_t)s->in.offset + s->in.top_k;
    end = end < best->count ? end : best->count;
    while ((s->in.set & KW_QUERY_MIN_SCORE) && end > first && best->heap[end - 1].score < s->in.min_score)
        end--;
    uint32_t count = end > first ? (uint32_t)(end - first) : 0;
    *out = (kw_query_result) { .h = KW_HDR(kw_query_result), .flags = KW_RESULT_EXACT | KW_RESULT_COMPLETE,
                               .scanned = best->room == 0 ? 0 : r->count, .index = KW_STR("flat") };
    if (count == 0)
        return KW_OK;
    uint64_t strings_size = 0, vector_bytes = (uint64_t)r->dims * sizeof(float);
    for (size_t i = first; i < end; i++) {
        const item *hit = &r->items[best->heap[i].position];
        strings_size += (uint64_t)hit->id_length + hit->metadata_length + hit->text_length;
    }
    bool with_vector = (s->in.include & KW_INCLUDE_VECTOR) != 0;
    kw_hit *hits = call->api->alloc(call, (uint64_t)count * sizeof *hits, _Alignof(kw_hit));
    char *strings = call->api->alloc(call, strings_size, 1);
    float *vectors = with_vector ? call->api->alloc(call, count * vector_bytes, SCAN_ALIGNMENT) : NULL;
    if (hits == NULL || strings == NULL || (with_vector && vectors == NULL))
        return call_error(call, KW_RESOURCE_EXHAUSTED, "the call's memory does not hold %u hits; ask for fewer, or "
                          "include less", count);
    for (uint32_t i = 0; i < count; i++) {
        kw_status status = fill_hit(call, r, s, &best->heap[first + i], &strings,
                                    with_vector ? vectors + (size_t)i * r->dims : NULL, &hits[i]);
        if (status != KW_OK)
            return status;
    }
    out->hits = kw_span_of(hits, count, sizeof *hits);
    return KW_OK;
}

static kw_status run(kw_instance *self, kw_call *call, const repository *r, search *list, uint32_t count)
{
    kw_status status = KW_OK;
    int64_t begin = self->host->now_ns(self->host);
    for (uint32_t i = 0; status == KW_OK && i < count; i++)
        status = prepare(call, r, i, &list[i]);
    if (status == KW_OK)
        status = scan(self, call, r, list, count);
    if (status != KW_OK)
        return status;
    kw_query_result *results = call->api->alloc(call, (uint64_t)count * sizeof *results, _Alignof(kw_query_result));
    if (results == NULL)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "the call's memory does not hold %u results", count);
    for (uint32_t i = 0; status == KW_OK && i < count; i++)
        status = fill_result(call, r, &list[i], &results[i]);
    if (status != KW_OK)
        return status;
    /* The queries of a batch share one pass over the rows, so each took as long as all of them. */
    int64_t took = self->host->now_ns(self->host) - begin;
    for (uint32_t i = 0; i < count; i++)
        results[i].took_ns = took;
    kw_query_out out = { .h = KW_HDR(kw_query_out), .results = kw_span_of(results, count, sizeof *results) };
    return KW_REPLY(call, &out);
}

kw_status flat_query(kw_instance *self, kw_call *call, const kw_query_in *input) KW_NOEXCEPT
{
    kw_query_in in;
    repository_access a;
    if (!kw_read(&in, input) || in.repo.len == 0)
        return call_error(call, KW_INVALID_ARGUMENT, "query needs the name of a repository");
    if (!kw_span_ok(in.queries, sizeof(kw_hdr)))
        return call_error(call, KW_INVALID_ARGUMENT, "queries has a count and no memory");
    search *list = calloc((size_t)in.queries.count + 1, sizeof *list);
    if (list == NULL)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for %u queries", in.queries.count);
    kw_status status = KW_OK;
    for (uint32_t i = 0; status == KW_OK && i < in.queries.count; i++)
        status = check_query(call, in.queries, i, &list[i]);
    if (status == KW_OK && (status = access_read(self, call, in.repo, &a)) == KW_OK) {
        if (a.repository == NULL)
            status = no_repository(call, in.repo);
        else
            status = run(self, call, a.repository, list, in.queries.count);
        access_end(&a);
    }
    searches_free(list, in.queries.count);
    return status;
}
