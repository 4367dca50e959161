/* query: a result a query, in it a hit for every value of every step of its filter: arrays in arrays, both ways. A
 * hit's score is the value's number, its distance what the value has in the field that the next SDK adds. */
#include "adapters.h"

static uint64_t count_values(kw_span filter)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < filter.count; i++) {
        kw_finst step;
        if (kw_read_at(&step, filter, i))
            count += step.values.count;
    }
    return count;
}

static kw_status fill_hits(kw_call *call, const kw_query *query, kw_query_result *result)
{
    uint64_t count = count_values(query->filter);
    kw_hit *hits = MAKE_ARRAY(call, (uint32_t)count, kw_hit);
    if (hits == NULL)
        return kw_fail(call, KW_RESOURCE_EXHAUSTED, "no memory left in this call");
    uint32_t next = 0;
    for (uint32_t i = 0; i < query->filter.count; i++) {
        kw_finst step;
        if (!kw_read_at(&step, query->filter, i))
            return kw_fail(call, KW_INVALID_ARGUMENT, "a step of a filter cannot be read");
        for (uint32_t j = 0; j < step.values.count; j++) {
            kw_value value;
            if (!kw_read_at(&value, step.values, j))
                return kw_fail(call, KW_INVALID_ARGUMENT, "a value of a filter cannot be read");
            hits[next].id = kw_copy(call, step.field);
            hits[next].score = value.number;
            hits[next].distance = (double)ADDED_NUMBER(&value);
            SET_ADDED(&hits[next], ADDED_BY_PLUGIN + next);
            next++;
        }
    }
    result->hits = kw_span_of(hits, next, (uint32_t)sizeof *hits);
    result->scanned = query->top_k;
    SET_ADDED(result, ADDED_BY_PLUGIN + ADDED_NUMBER(query));
    return KW_OK;
}

static kw_status query(kw_instance *self, kw_call *call, const kw_query_in *in) KW_NOEXCEPT
{
    (void)self;
    kw_query_in request;
    READ_REQUEST(kw_query_in, request, in, call);
    kw_query_result *results = MAKE_ARRAY(call, request.queries.count, kw_query_result);
    if (results == NULL)
        return kw_fail(call, KW_RESOURCE_EXHAUSTED, "no memory left in this call");
    for (uint32_t i = 0; i < request.queries.count; i++) {
        kw_query one;
        if (!kw_read_at(&one, request.queries, i))
            return kw_fail(call, KW_INVALID_ARGUMENT, "a query cannot be read");
        kw_status status = fill_hits(call, &one, &results[i]);
        if (status != KW_OK)
            return status;
    }
    kw_query_out out = {
        .h = KW_HDR(kw_query_out), .results = kw_span_of(results, request.queries.count, (uint32_t)sizeof *results)
    };
    SET_ADDED(&out, ADDED_BY_PLUGIN);
    return KW_REPLY(call, &out);
}

const kw_vector_backend vector_backend = { .h = KW_HDR(kw_vector_backend), .query = query };
