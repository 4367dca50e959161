/* The model provider of the mirror. */
#include "mirror.h"

static void message(json *j, const void *at)
{
    const kw_message *x = at;
    OBJECT(INT(role) TEXT(name) LIST(parts, mirror_part))
}

static void tool(json *j, const void *at)
{
    const kw_tool_spec *x = at;
    OBJECT(TEXT(name) TEXT(title) TEXT(description) TEXT(input_schema_json) TEXT(output_schema_json)
           TEXT(examples_json) TEXT(provider_json) INT(hints) INT(flags))
}

static void bias(json *j, const void *at)
{
    const kw_logit_bias *x = at;
    OBJECT(INT(token) NUMBER(bias))
}

static void members(json *j, const kw_generate_in *x)
{
    TEXT(model)
    LIST(messages, message)
    LIST(tools, tool)
    INT(tool_choice)
    INT(output_format)
    TEXTS(tool_names)
    TEXT(schema_json)
    TEXTS(stop)
    INT(set)
    NUMBER(temperature)
    NUMBER(top_p)
    INT(seed)
    INT(max_output_tokens)
    INT(top_k)
    INT(choices)
    TEXT(extra_json)
    INT(flags)
    NUMBER(min_p)
    NUMBER(presence_penalty)
    NUMBER(frequency_penalty)
    NUMBER(repeat_penalty)
    INT(logprobs)
    INT(max_tool_calls)
    LIST(logit_bias, bias)
    TEXT(schema_name)
    TEXT(grammar)
    TEXT(grammar_syntax)
    TEXTS(modalities)
    INT(effort)
    INT(reserved)
    INT(reasoning_tokens)
    TEXT(cache_key)
    TEXT(conversation)
    TEXT(continuation)
    TEXT(service_tier)
    TEXT(user)
    TEXT(idempotency_key)
    PAIRS(headers)
    TEXT(metadata_json)
}

static kw_status models(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    static const kw_model list[] = {
        {
            .h = KW_HDR(kw_model),
            .id = KW_STR("large"),
            .description = KW_STR("the large one"),
            .features = KW_FEATURE_STREAMING | KW_FEATURE_AUDIO_OUT,
            .context_tokens = 200000,
            .max_output_tokens = 8000,
            .latency = KW_LATENCY_SLOW,
            .max_choices = 4,
            .input_price = 2.5,
            .output_price = 10.25,
            .cache_read_price = 0.125,
            .cache_write_price = 0,
            .set = KW_PRICE_INPUT | KW_PRICE_OUTPUT | KW_PRICE_CACHE_READ | KW_PRICE_CACHE_WRITE,
        },
        {
            .h = KW_HDR(kw_model),
            .id = KW_STR("small"),
            .input_price = 1,
        },
    };
    kw_models_out out = { KW_HDR(kw_models_out), KW_SPAN(list) };
    return KW_REPLY(call, &out);
}

static const kw_token_logprob others[] = {
    { .h = KW_HDR(kw_token_logprob), .token = { "\xFF", 1 }, .logprob = -0.5 },
    { .h = KW_HDR(kw_token_logprob), .token = { "b", 1 }, .logprob = -1.5 },
};
static const kw_token_logprob logprobs[] = {
    { .h = KW_HDR(kw_token_logprob), .token = { "\xC3", 1 }, .logprob = -0.25, .others = KW_SPAN(others) },
    { .h = KW_HDR(kw_token_logprob), .token = { "\xA9", 1 }, .logprob = 0 },
};
static const kw_rate_limit limits[] = {
    { KW_HDR(kw_rate_limit), KW_STR("requests"), 60, 59, 1500000000, KW_RATE_LIMIT | KW_RATE_REMAINING },
    { KW_HDR(kw_rate_limit), KW_STR("tokens"), 7, 0, 0, KW_RATE_REMAINING },
};

static kw_status reply(kw_call *call, kw_span choices)
{
    kw_generate_out out = {
        .h = KW_HDR(kw_generate_out),
        .id = KW_STR("answer-1"),
        .model = KW_STR("large-2026"),
        .choices = choices,
        .usage = ONE(mirror_usage),
        .warnings = KW_SPAN(mirror_warnings),
        .rate_limits = KW_SPAN(limits),
        .continuation = KW_STR("go-on"),
        .service_tier = KW_STR("priority"),
        .raw_json = KW_STR("{\"raw\":true}"),
    };
    return KW_REPLY(call, &out);
}

static kw_status emit_all(kw_call *call);

static kw_status generate(kw_instance *self, kw_call *call, const kw_generate_in *in)
{
    (void)self;
    TELL(members(j, in);)
    if (mirror_does(call, "beside") || mirror_does(call, "beside-error")) {
        static const kw_choice bare = { .h = KW_HDR(kw_choice), .stop = KW_STOP_END };
        const kw_generate_out out = { .h = KW_HDR(kw_generate_out), .choices = ONE(bare) };
        kw_status status = emit_all(call);
        if (status != KW_OK)
            return status;
        return mirror_does(call, "beside") ? KW_REPLY(call, &out) : kw_fail(call, KW_UNAVAILABLE, "it went away");
    }
    /* Out of order: their numbers count, not their places. */
    static const kw_choice choices[] = {
        { .h = KW_HDR(kw_choice), .index = 1, .stop = KW_STOP_LENGTH },
        { .h = KW_HDR(kw_choice), .index = 0, .stop = KW_STOP_SEQUENCE, .stop_raw = KW_STR("stop_sequence"),
          .stop_sequence = KW_STR("END"), .parts = KW_SPAN(mirror_parts), .logprobs = KW_SPAN(logprobs) },
    };
    kw_span span = KW_SPAN(choices);
    return reply(call, span);
}

static const kw_event events[] = {
    { .h = KW_HDR(kw_event), .kind = KW_EVENT_STARTED, .id = KW_STR("s-1"), .name = KW_STR("m-1") },
    { .h = KW_HDR(kw_event), .kind = KW_EVENT_HEARTBEAT },
    { .h = KW_HDR(kw_event), .kind = KW_EVENT_REASONING, .index = 2, .text = KW_STR("hm"), .data = { "\5", 1 } },
    { .h = KW_HDR(kw_event), .kind = KW_EVENT_TEXT, .choice = 1, .index = 3, .text = KW_STR("one") },
    { .h = KW_HDR(kw_event), .kind = KW_EVENT_TOOL_BEGIN, .index = 4, .flags = KW_PART_PROVIDER_EXECUTED, .id = KW_STR("t-1"),
      .name = KW_STR("look") },
    { .h = KW_HDR(kw_event), .kind = KW_EVENT_TOOL_ARGS, .index = 4, .text = KW_STR("{}") },
    { .h = KW_HDR(kw_event), .kind = KW_EVENT_TOOL_END, .index = 4, .data = { "\6", 1 } },
    { .h = KW_HDR(kw_event), .kind = KW_EVENT_PART, .index = 5, .payload = ONE(mirror_parts[6]) },
    { .h = KW_HDR(kw_event), .kind = KW_EVENT_LOGPROBS, .choice = 1, .payload = KW_SPAN(logprobs) },
    { .h = KW_HDR(kw_event), .kind = KW_EVENT_USAGE, .payload = ONE(mirror_usage) },
    { .h = KW_HDR(kw_event), .kind = KW_EVENT_RATE_LIMIT, .payload = KW_SPAN(limits) },
    { .h = KW_HDR(kw_event), .kind = KW_EVENT_WARNING, .name = KW_STR("f"), .text = KW_STR("w") },
    { .h = KW_HDR(kw_event), .kind = KW_EVENT_RAW, .data = { "\0raw", 4 } },
    { .h = KW_HDR(kw_event), .kind = KW_EVENT_CUSTOM + 1, .text = KW_STR("nobody knows it") },
};

static kw_status emit_all(kw_call *call)
{
    kw_status status = KW_OK;
    for (size_t i = 0; i < sizeof events / sizeof *events && status == KW_OK; i++)
        status = call->api->emit(call, &events[i], 0);
    return status;
}

static kw_status stream(kw_instance *self, kw_call *call, const kw_generate_in *in)
{
    (void)self;
    TELL(members(j, in);)
    kw_status status = emit_all(call);
    if (status != KW_OK)
        return status;
    static const kw_choice ended = { .h = KW_HDR(kw_choice), .stop = KW_STOP_PAUSE, .stop_raw = KW_STR("pause_turn"),
                                     .stop_sequence = KW_STR("|") };
    const kw_event finished = { .h = KW_HDR(kw_event), .kind = KW_EVENT_FINISHED, .choice = 1, .payload = ONE(ended) };
    status = call->api->emit(call, &finished, 0);
    if (status != KW_OK)
        return status;
    static const kw_choice choices[] = {
        { .h = KW_HDR(kw_choice), .index = 0, .stop = KW_STOP_TOOL_CALLS },
        { .h = KW_HDR(kw_choice), .index = 1, .stop = KW_STOP_END },
    };
    kw_span span = KW_SPAN(choices);
    return reply(call, span);
}

static kw_status count_tokens(kw_instance *self, kw_call *call, const kw_generate_in *in)
{
    (void)self;
    TELL(members(j, in);)
    kw_token_count out = { KW_HDR(kw_token_count), 4242, mirror_does(call, "estimate") ? KW_USAGE_ESTIMATED : 0 };
    return KW_REPLY(call, &out);
}

static kw_status prewarm(kw_instance *self, kw_call *call, const kw_generate_in *in)
{
    (void)self;
    TELL(members(j, in);)
    return kw_reply_none(call);
}

const kw_provider mirror_provider = {
    .h = KW_HDR(kw_provider),
    .models = models,
    .generate = generate,
    .stream = stream,
    .count_tokens = count_tokens,
    .prewarm = prewarm,
};
