/* A hostile model provider. */
#include "hostile.h"

#include <math.h>

/* An honest answer with one of everything; the spare words behind elements are for those that claim to be longer. */
typedef struct answer {
    kw_generate_out out;
    kw_choice choice;
    uint64_t spare_choice;
    kw_part part;
    uint64_t spare_part;
    kw_part inner;
    uint64_t spare_inner;
    kw_token_logprob logprob;
    uint64_t spare_logprob;
    kw_token_logprob other;
    uint64_t spare_other;
    kw_usage usage;
    uint64_t spare_usage;
    kw_warning warning;
    uint64_t spare_warning;
    kw_rate_limit limit;
    uint64_t spare_limit;
} answer;

static answer *honest(kw_call *call)
{
    answer *a = call->api->alloc(call, sizeof *a, 16);
    if (a == NULL)
        return NULL;
    kw_str x = KW_STR("x");
    a->inner = (kw_part) { .h = KW_HDR(kw_part), .kind = KW_PART_TEXT, .text = x };
    a->part = (kw_part) { .h = KW_HDR(kw_part), .kind = KW_PART_TOOL_RESULT, .text = x, .id = x, .name = x,
                          .media_type = x, .parts = ONE(a->inner) };
    a->other = (kw_token_logprob) { .h = KW_HDR(kw_token_logprob), .logprob = -2 };
    a->logprob = (kw_token_logprob) { .h = KW_HDR(kw_token_logprob), .logprob = -1, .others = ONE(a->other) };
    a->choice = (kw_choice) { .h = KW_HDR(kw_choice), .stop = KW_STOP_END, .parts = ONE(a->part),
                              .logprobs = ONE(a->logprob) };
    a->usage = (kw_usage) { .h = KW_HDR(kw_usage), .flags = KW_USAGE_COST, .cost_usd = 1 };
    a->warning = (kw_warning) { KW_HDR(kw_warning), x, x };
    a->limit = (kw_rate_limit) { .h = KW_HDR(kw_rate_limit), .name = x };
    a->out = (kw_generate_out) { .h = KW_HDR(kw_generate_out), .choices = ONE(a->choice), .usage = ONE(a->usage),
                                 .warnings = ONE(a->warning), .rate_limits = ONE(a->limit) };
    return a;
}

static void spoil_numbers(const kw_call *call, answer *a)
{
    if (DOES("logprob-nan"))
        a->logprob.logprob = NAN;
    if (DOES("logprob-positive"))
        a->logprob.logprob = 0.5;
    if (DOES("logprob-infinite"))
        a->other.logprob = INFINITY;
    if (DOES("cost-nan"))
        a->usage.cost_usd = NAN;
    if (DOES("cost-infinite"))
        a->usage.cost_usd = INFINITY;
    if (DOES("cost-negative"))
        a->usage.cost_usd = -1;
    if (DOES("index"))
        a->choice.index = 1;
    if (DOES("no-choice"))
        a->out.choices.count = 0;
    if (DOES("stop-99"))
        a->choice.stop = 99;
    if (DOES("usage-twice"))
        a->out.usage.count = 2;
}

static void spoil_texts(const kw_call *call, answer *a)
{
    hostile_text(call, "id", &a->out.id);
    hostile_text(call, "model", &a->out.model);
    hostile_text(call, "continuation", &a->out.continuation);
    hostile_text(call, "tier", &a->out.service_tier);
    hostile_text(call, "raw", &a->out.raw_json);
    hostile_text(call, "stop", &a->choice.stop_raw);
    hostile_text(call, "sequence", &a->choice.stop_sequence);
    hostile_text(call, "part", &a->part.text);
    hostile_text(call, "call-id", &a->part.id);
    hostile_text(call, "inner", &a->inner.text);
    hostile_text(call, "feature", &a->warning.feature);
    hostile_text(call, "warning", &a->warning.message);
    hostile_text(call, "limit", &a->limit.name);
    hostile_text(call, "usage", &a->usage.raw_json);
    if (DOES("raw-json"))
        a->out.raw_json = (kw_str)KW_STR("{broken");
    if (DOES("usage-json"))
        a->usage.raw_json = (kw_str)KW_STR("nonsense");
    if (DOES("token-bytes"))
        a->logprob.token = (kw_bytes) { NULL, 4 };
    if (DOES("data-bytes")) {
        a->part.kind = KW_PART_DATA;
        a->part.data = (kw_bytes) { NULL, 4 };
    }
    if (DOES("part-json")) {
        a->part.kind = KW_PART_CUSTOM;
        a->part.json = (kw_str)KW_STR("]");
    }
}

static void spoil(const kw_call *call, answer *a)
{
    spoil_numbers(call, a);
    spoil_texts(call, a);
    hostile_span(call, "choices", &a->out.choices, &a->choice.h);
    hostile_span(call, "parts", &a->choice.parts, &a->part.h);
    hostile_span(call, "inner", &a->part.parts, &a->inner.h);
    hostile_span(call, "logprobs", &a->choice.logprobs, &a->logprob.h);
    hostile_span(call, "others", &a->logprob.others, &a->other.h);
    hostile_span(call, "usage", &a->out.usage, &a->usage.h);
    hostile_span(call, "warnings", &a->out.warnings, &a->warning.h);
    hostile_span(call, "limits", &a->out.rate_limits, &a->limit.h);
    if (DOES("reply-size"))
        a->out.h.size = 7;
    if (DOES("reply-must"))
        a->out.h = (kw_hdr) { sizeof a->out + 8, KW_MUST };
    if (DOES("reply-longer"))
        a->out.h.size += 8;
    if (DOES("reply-short"))
        a->out.h.size = offsetof(kw_generate_out, usage);
}

/* Memory that is not the call's own. */
static kw_status spoil_memory(kw_call *call, answer *a)
{
    static kw_str kept; /* of the call before */
    if (DOES("keep")) {
        char *text = call->api->alloc(call, 1 << 16, 1);
        if (text == NULL)
            return kw_reply_no_memory(call);
        memset(text, 'k', 1 << 16);
        kept = (kw_str) { text, 1 << 16 };
        a->out.id = kept;
    }
    if (DOES("kept-text"))
        a->out.id = kept;
    if (DOES("kept-span"))
        a->out.choices = (kw_span) { kept.ptr, 1, sizeof(kw_choice) };
    if (DOES("beyond-arena"))
        a->out.id = (kw_str) { (const char *)a + sizeof *a + 512, 8 };
    if (DOES("own-heap")) {
        static char *heap;
        if (heap == NULL)
            heap = strdup("of the plugin's heap");
        a->out.id = (kw_str) { heap, 4 };
    }
    if (DOES("static"))
        a->out.id = (kw_str)KW_STR("of the plugin's file");
    return KW_OK;
}

static kw_status generate(kw_instance *self, kw_call *call, const kw_generate_in *in)
{
    (void)self;
    (void)in;
    answer *a = honest(call);
    if (a == NULL)
        return kw_reply_no_memory(call);
    spoil(call, a);
    kw_status status = spoil_memory(call, a);
    if (status != KW_OK)
        return status;
    if (DOES("never"))
        return KW_OK;
    if (DOES("null"))
        return KW_REPLY(call, NULL);
    if (DOES("twice"))
        (void)KW_REPLY(call, &a->out);
    if (DOES("bad-error")) {
        const kw_error error = { .h = { 4, 0 }, .status = KW_ABORTED };
        return call->api->fail(call, &error);
    }
    return KW_REPLY(call, &a->out);
}

/* ---- events ---- */

/* What may be wrong with the event of a kind. */
static kw_event event_of(const kw_call *call, answer *a)
{
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_TEXT, .text = KW_STR("x") };
    hostile_text(call, "event", &event.text);
    if (DOES("event-size"))
        event.h.size = 7;
    if (DOES("event-must"))
        event.h = (kw_hdr) { sizeof event + 8, KW_MUST };
    if (DOES("event-kind-must")) {
        event.kind = KW_EVENT_CUSTOM;
        event.h.flags = KW_MUST;
    }
    static const struct {
        const char *word;
        uint32_t kind;
    } bare[] = { { "bare-usage", KW_EVENT_USAGE }, { "bare-part", KW_EVENT_PART }, { "bare-finished", KW_EVENT_FINISHED } };
    for (size_t i = 0; i < sizeof bare / sizeof *bare; i++) {
        if (DOES(bare[i].word))
            event.kind = bare[i].kind;
    }
    if (DOES("event-part")) {
        event.kind = KW_EVENT_PART;
        event.payload = (kw_span)ONE(a->part);
        a->inner.text = NOT_TEXT;
    }
    if (DOES("event-payload-must")) {
        event.kind = KW_EVENT_USAGE;
        a->usage.h = (kw_hdr) { sizeof a->usage + 8, KW_MUST };
        event.payload = (kw_span) { &a->usage, 1, sizeof a->usage + 8 };
    }
    if (DOES("event-logprob")) {
        event.kind = KW_EVENT_LOGPROBS;
        a->logprob.logprob = NAN;
        event.payload = (kw_span)ONE(a->logprob);
    }
    if (DOES("event-limit-count")) {
        event.kind = KW_EVENT_RATE_LIMIT;
        event.payload = (kw_span) { &a->limit, UINT32_MAX, sizeof a->limit };
    }
    if (DOES("event-twice-finished")) {
        event.kind = KW_EVENT_FINISHED;
        event.payload = (kw_span)ONE(a->choice);
    }
    if (DOES("event-choice"))
        event.choice = 7;
    if (DOES("event-name")) {
        event.kind = KW_EVENT_TOOL_BEGIN;
        event.name = NOT_TEXT;
    }
    if (DOES("event-signature")) {
        event.kind = KW_EVENT_REASONING;
        event.data = (kw_bytes) { NULL, 3 };
    }
    return event;
}

static kw_status stream(kw_instance *self, kw_call *call, const kw_generate_in *in)
{
    (void)self;
    (void)in;
    answer *a = honest(call);
    if (a == NULL)
        return kw_reply_no_memory(call);
    kw_event event = event_of(call, a);
    kw_status status = call->api->emit(call, &event, 0);
    if (DOES("event-twice-finished") && status == KW_OK)
        status = call->api->emit(call, &event, 0);
    if (DOES("event-null"))
        status = call->api->emit(call, NULL, 0);
    if (status == KW_OK || status == KW_INVALID_ARGUMENT) {
        answer *reply = honest(call);
        if (reply == NULL)
            return kw_reply_no_memory(call);
        reply->choice.parts.count = 0;
        reply->choice.logprobs.count = 0;
        return KW_REPLY(call, &reply->out);
    }
    return status;
}

static kw_status models(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    kw_model *model = call->api->alloc(call, sizeof *model + 8, 16);
    if (model == NULL)
        return kw_reply_no_memory(call);
    *model = (kw_model) { .h = KW_HDR(kw_model), .id = KW_STR("m"), .input_price = NAN, .output_price = INFINITY,
                          .set = KW_PRICE_INPUT | KW_PRICE_OUTPUT | KW_PRICE_CACHE_READ | KW_PRICE_CACHE_WRITE };
    kw_models_out out = { KW_HDR(kw_models_out), { model, 1, sizeof *model } };
    hostile_text(call, "id", &model->id);
    hostile_text(call, "description", &model->description);
    hostile_span(call, "models", &out.models, &model->h);
    if (DOES("latency"))
        model->latency = 77;
    return KW_REPLY(call, &out);
}

const kw_provider hostile_provider = {
    .h = KW_HDR(kw_provider), .models = models, .generate = generate, .stream = stream
};
