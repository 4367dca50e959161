#include "check.h"

typedef struct record {
    int count;
    uint32_t kind, flags;
    uint64_t text_length;
    uint32_t payload_count;
    kw_status answer;
} record;

static kw_status take(void *context, const kw_event *event, uint32_t flags)
{
    record *r = context;
    r->count++;
    r->kind = event->kind;
    r->flags = flags;
    r->text_length = event->text.len;
    r->payload_count = event->payload.count;
    return r->answer;
}

static kw_status statuses[4];

static kw_status emitting(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    (void)in;
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_TEXT, .text = { "abc", 3 } };
    statuses[0] = call->api->emit(call, &event, KW_EMIT_NOBLOCK);
    kw_count out = { KW_HDR(kw_count), 0 };
    return KW_REPLY(call, &out);
}

static kw_status after_reply(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    (void)in;
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_TEXT };
    kw_count out = { KW_HDR(kw_count), 0 };
    kw_status status = KW_REPLY(call, &out);
    statuses[0] = call->api->emit(call, &event, 0);
    return status;
}

/* As a plugin of an earlier SDK, whose event ends before the payload; what follows it in memory is not an event's. */
static kw_status smaller_event(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    (void)in;
    kw_event event;
    memset(&event, 0xFF, sizeof event);
    event.h = (kw_hdr){ offsetof(kw_event, payload), 0 };
    event.kind = KW_EVENT_WARNING;
    event.text = (kw_str){ "x", 1 };
    statuses[0] = call->api->emit(call, &event, 0);
    kw_count out = { KW_HDR(kw_count), 0 };
    return KW_REPLY(call, &out);
}

static kw_status bad_events(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    (void)in;
    struct {
        kw_event event;
        uint64_t more;
    } later = { .event = { .h = { sizeof later, KW_MUST }, .kind = KW_EVENT_TEXT } };
    kw_hdr tiny = { 4, 0 };
    statuses[0] = call->api->emit(call, NULL, 0);
    statuses[1] = call->api->emit(call, (const kw_event *)(const void *)&tiny, 0);
    statuses[2] = call->api->emit(call, &later.event, 0);
    later.event.h.flags = 0;
    statuses[3] = call->api->emit(call, &later.event, 0);
    kw_count out = { KW_HDR(kw_count), 0 };
    return KW_REPLY(call, &out);
}

static kw_status call_with_sink(kw_any_op op, record *r, kwc_frame **out)
{
    kw_count_in in = { KW_HDR(kw_count_in), 0, NULL };
    kwc_frame *frame = kwc_begin(NULL, 0);
    frame->sink = take;
    frame->sink_context = r;
    *out = frame;
    return kwc_invoke(frame, op, NULL, &in);
}

void test_events(void)
{
    kwc_frame *frame;
    record r = { .answer = KW_OK };
    CHECK(call_with_sink(emitting, &r, &frame) == KW_OK);
    CHECK(statuses[0] == KW_OK && r.count == 1 && r.kind == KW_EVENT_TEXT && r.text_length == 3);
    CHECK(r.flags == KW_EMIT_NOBLOCK);
    kw_call *late = &frame->call;
    kwc_end(frame);
    kw_event event = { .h = KW_HDR(kw_event) };
    CHECK(late->api->emit(late, &event, 0) == KW_CANCELLED && r.count == 1);

    r.answer = KW_WOULD_BLOCK;
    CHECK(call_with_sink(emitting, &r, &frame) == KW_OK && statuses[0] == KW_WOULD_BLOCK);
    kwc_end(frame);
    r = (record){ .answer = KW_OK };

    kw_status status;
    frame = run(emitting, NULL, 0, NULL, &status);
    CHECK(status == KW_OK && statuses[0] == KW_UNIMPLEMENTED); /* takes no events: dropped, carry on */
    kwc_end(frame);

    CHECK(call_with_sink(after_reply, &r, &frame) == KW_INTERNAL);
    CHECK(frame->misuse == KWC_EMIT_AFTER_REPLY && statuses[0] == KW_FAILED_PRECONDITION && r.count == 0);
    kwc_end(frame);

    CHECK(call_with_sink(smaller_event, &r, &frame) == KW_OK);
    CHECK(statuses[0] == KW_OK && r.kind == KW_EVENT_WARNING && r.text_length == 1 && r.payload_count == 0);
    kwc_end(frame);

    r.count = 0;
    CHECK(call_with_sink(bad_events, &r, &frame) == KW_INTERNAL && frame->misuse == KWC_BAD_EVENT);
    CHECK(statuses[0] == KW_INVALID_ARGUMENT && statuses[1] == KW_INVALID_ARGUMENT);
    CHECK(statuses[2] == KW_INVALID_ARGUMENT && statuses[3] == KW_OK && r.count == 1);
    kwc_end(frame);

    r.count = 0;
    frame = kwc_begin(NULL, 0);
    frame->sink = take;
    frame->sink_context = &r;
    kwc_cancel(frame);
    CHECK(frame->call.api->emit(&frame->call, &event, 0) == KW_CANCELLED && r.count == 0);
    kwc_end(frame);
}
