/* Embeds; or does what the first text says. */
#include "fixture.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

/* A slot of a table that is data, not code. */
static const int not_code = 1;

const kw_embedder fixture_foreign_embedder = {
    .h = KW_HDR(kw_embedder),
    .embed = (kw_status(*)(kw_instance *, kw_call *, const kw_embed_in *))(void *)(uintptr_t)&not_code,
};

static kw_status info(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    kw_embedder_info out = { .h = KW_HDR(kw_embedder_info), .id = KW_STR("fixture-space"), .model = KW_STR("m"), .dims = 4 };
    return KW_REPLY(call, &out);
}

static kw_status told_context(kw_call *call)
{
    static _Thread_local json j;
    j.length = 0;
    json_raw(&j, "{");
    json_key(&j, "id");
    json_int(&j, (int64_t)call->id);
    json_key(&j, "run");
    json_string(&j, call->run_id);
    json_key(&j, "trace");
    json_string(&j, call->traceparent);
    json_key(&j, "attributes");
    json_pairs(&j, call->attributes);
    json_key(&j, "deadlines");
    json_raw(&j, "[");
    json_int(&j, call->deadline_ns);
    json_int(&j, call->connect_deadline_ns);
    json_int(&j, call->headers_deadline_ns);
    json_int(&j, call->first_content_deadline_ns);
    json_int(&j, call->between_chunks_ns);
    json_raw(&j, "]}");
    return json_fail(call, &j);
}

static void *complete_later(void *argument)
{
    kw_call *call = argument;
    kw_embed_out out = { .h = KW_HDR(kw_embed_out), .rows_written = 1 };
    (void)KW_REPLY(call, &out);
    call->api->complete(call, KW_OK);
    return NULL;
}

static kw_status wait_for_cancel(kw_call *call, kw_str text)
{
    struct pollfd wait = { .fd = call->api->cancel_fd(call), .events = POLLIN };
    fixture_tell(fixture_number(text, 0), 1);
    while (poll(&wait, 1, -1) != 1) {
    }
    fixture_tell(fixture_number(text, 0), (uint32_t)kw_cancelled(call));
    return KW_CANCELLED;
}

static kw_status log_and_measure(void)
{
    const kw_host *host = fixture_host;
    host->log(host, KW_LOG_WARNING, kw_string("part"), kw_string("a line"), kw_string("{\"n\":1,\"s\":\"x\"}"));
    host->log(host, KW_LOG_ERROR, kw_string(""), kw_string("no \xFF text"), kw_string("not json"));
    host->metric(host, kw_string("count"), KW_INSTRUMENT_COUNTER, 2, kw_string("{\"k\":\"v\"}"));
    host->metric(host, kw_string("level"), KW_INSTRUMENT_GAUGE, -1.5, kw_string(""));
    host->metric(host, kw_string("bad"), KW_INSTRUMENT_COUNTER, -1, kw_string(""));
    host->metric(host, kw_string("bad"), KW_INSTRUMENT_DURATION, INFINITY, kw_string(""));
    host->metric(host, kw_string("bad"), KW_INSTRUMENT_GAUGE, NAN, kw_string(""));
    host->metric(host, kw_string("bad"), 99, 1, kw_string(""));
    return host->get(host, kw_string("keyway.host.none/1")) == NULL && host->now_ns(host) > 0 ? KW_OK : KW_DATA_LOSS;
}

static kw_status embed(kw_instance *self, kw_call *call, const kw_embed_in *in)
{
    (void)self;
    kw_str text = *(const kw_str *)kw_at(in->texts, 0);
    kw_embed_out out = { .h = KW_HDR(kw_embed_out), .rows_written = in->texts.count };
    float *row = in->rows;
    for (uint32_t i = 0; i < in->texts.count; i++)
        ((float *)((char *)in->rows + i * in->row_stride))[0] = (float)((const kw_str *)kw_at(in->texts, i))->len;
    if (fixture_is(text, "rows"))
        out.rows_written++;
    if (fixture_is(text, "never"))
        return KW_OK;
    if (fixture_is(text, "twice"))
        (void)KW_REPLY(call, &out);
    if (fixture_is(text, "nan"))
        row[0] = NAN;
    if (fixture_is(text, "tokens")) {
        out.tokens = kw_span_of(call->api->alloc(call, 8, 4), 2, 4);
    }
    if (fixture_is(text, "cut")) {
        uint32_t *cut = call->api->alloc(call, sizeof *cut, sizeof *cut);
        *cut = in->texts.count;
        out.truncated = kw_span_of(cut, 1, sizeof *cut);
    }
    if (fixture_is(text, "message")) {
        kw_error error = { .h = KW_HDR(kw_error), .status = KW_RATE_LIMITED, .vendor_code = 7, .http_status = 429,
                           .retry_after_ns = 1500000000, .message = { "no \xFF room.", 10 },
                           .details_json = KW_STR("{\"limit\":3}") };
        return call->api->fail(call, &error);
    }
    if (fixture_is(text, "context"))
        return told_context(call);
    if (fixture_is(text, "cancel"))
        return wait_for_cancel(call, text);
    if (fixture_is(text, "call-log"))
        call->api->log(call, KW_LOG_INFO, kw_string("part"), kw_string("of a call"), kw_string("{\"n\":1}"));
    if (fixture_is(text, "log")) {
        kw_status status = log_and_measure();
        if (status != KW_OK)
            return status;
    }
    if (fixture_is(text, "pending")) {
#ifdef SYNCHRONOUS
        return KW_PENDING; /* and nobody will ever complete it */
#endif
        pthread_t thread;
        if (pthread_create(&thread, NULL, complete_later, call) != 0)
            return KW_RESOURCE_EXHAUSTED;
        pthread_detach(thread);
        return KW_PENDING;
    }
    if (fixture_is(text, "hold")) {
        int inside = atomic_fetch_add(&fixture_inside, 1) + 1;
        if (inside > fixture_most_inside)
            fixture_most_inside = inside;
        fixture_hold(text);
        atomic_fetch_sub(&fixture_inside, 1);
    }
    return KW_REPLY(call, &out);
}

const kw_embedder fixture_embedder = { .h = KW_HDR(kw_embedder), .info = info, .embed = embed };
