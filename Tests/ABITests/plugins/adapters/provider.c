/* Answers with the texts of all messages, one choice a message. Usage: input is the number of parts, nested ones
 * included, output the sum of what the request's elements have in the field that the next SDK adds. */
#include "adapters.h"

typedef struct totals {
    uint64_t parts, added;
} totals;

/* Parts of a part have none themselves (content.h). NULL: well; else what is wrong. */
static const char *count_parts(kw_span parts, int depth, totals *sum)
{
    if (!kw_span_ok(parts, sizeof(kw_hdr)))
        return "parts must be an array of kw_part";
    for (uint32_t i = 0; i < parts.count; i++) {
        kw_part part;
        if (!kw_read_at(&part, parts, i))
            return "a part cannot be read";
        sum->parts++;
        sum->added += ADDED_NUMBER(&part);
        const char *problem = depth > 0 ? count_parts(part.parts, depth - 1, sum) : NULL;
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

static kw_status reply_to(kw_call *call, const kw_generate_in *request)
{
    totals sum = { 0, 0 };
    if (!kw_span_ok(request->messages, sizeof(kw_hdr)))
        return kw_fail(call, KW_INVALID_ARGUMENT, "messages must be an array of kw_message");
    uint32_t count = request->messages.count;
    kw_choice *choices = MAKE_ARRAY(call, count, kw_choice);
    kw_usage *usage = MAKE_ARRAY(call, 1, kw_usage);
    if (choices == NULL || usage == NULL)
        return kw_fail(call, KW_RESOURCE_EXHAUSTED, "no memory left in this call");
    for (uint32_t i = 0; i < count; i++) {
        kw_message message;
        const char *problem = kw_read_at(&message, request->messages, i) ? NULL : "a message cannot be read";
        if (problem == NULL)
            problem = count_parts(message.parts, 1, &sum);
        if (problem != NULL)
            return kw_fail(call, KW_INVALID_ARGUMENT, problem);
        sum.added += ADDED_NUMBER(&message);
        kw_part *parts = MAKE_ARRAY(call, message.parts.count, kw_part);
        if (parts == NULL)
            return kw_fail(call, KW_RESOURCE_EXHAUSTED, "no memory left in this call");
        for (uint32_t j = 0; j < message.parts.count; j++) {
            kw_part part;
            (void)kw_read_at(&part, message.parts, j); /* was read before */
            parts[j].kind = KW_PART_TEXT;
            parts[j].text = kw_copy(call, part.text);
            SET_ADDED(&parts[j], ADDED_BY_PLUGIN + j);
        }
        choices[i].index = i;
        choices[i].stop = KW_STOP_END;
        choices[i].parts = kw_span_of(parts, message.parts.count, (uint32_t)sizeof *parts);
        SET_ADDED(&choices[i], ADDED_BY_PLUGIN + i);
    }
    usage->input = sum.parts;
    usage->output = sum.added + ADDED_NUMBER(request);
    kw_generate_out out = {
        .h = KW_HDR(kw_generate_out),
        .model = KW_STR("abi-test"),
        .choices = kw_span_of(choices, count, (uint32_t)sizeof *choices),
        .usage = kw_span_of(usage, 1, (uint32_t)sizeof *usage),
    };
    SET_ADDED(&out, ADDED_BY_PLUGIN);
    return KW_REPLY(call, &out);
}

static kw_status generate(kw_instance *self, kw_call *call, const kw_generate_in *in) KW_NOEXCEPT
{
    (void)self;
    kw_generate_in request;
    READ_REQUEST(kw_generate_in, request, in, call);
    return reply_to(call, &request);
}

static kw_status emit_kind(kw_call *call, uint32_t kind, uint32_t flags, const char *text)
{
    kw_event event = { .h = { (uint32_t)sizeof(kw_event), flags }, .kind = kind, .text = kw_string(text) };
    SET_ADDED(&event, ADDED_BY_PLUGIN);
    return call->api->emit(call, &event, 0);
}

/* model says what is emitted besides two texts: "custom" a kind of its own, "must-kind" one that must be understood,
 * "must-size" a text whose added fields must be understood. What is refused ends the call. */
static kw_status stream(kw_instance *self, kw_call *call, const kw_generate_in *in) KW_NOEXCEPT
{
    (void)self;
    kw_generate_in request;
    READ_REQUEST(kw_generate_in, request, in, call);
    kw_status status = emit_kind(call, KW_EVENT_TEXT, 0, "first");
    if (status == KW_OK && kw_equal(request.model, kw_string("custom")))
        status = emit_kind(call, KW_EVENT_CUSTOM + 1, 0, "skip me");
#ifdef KW_ADDED
    if (status == KW_OK && kw_equal(request.model, kw_string("added")))
        status = emit_kind(call, KW_EVENT_ADDED, 0, "skip me if you must");
#endif
    if (status == KW_OK && kw_equal(request.model, kw_string("must-kind")))
        status = emit_kind(call, KW_EVENT_CUSTOM + 1, KW_MUST, "do not skip me");
    if (status == KW_OK && kw_equal(request.model, kw_string("must-size")))
        status = emit_kind(call, KW_EVENT_TEXT, KW_MUST, "understand all of me");
    if (status == KW_OK)
        status = emit_kind(call, KW_EVENT_TEXT, 0, "last");
    return status == KW_OK ? reply_to(call, &request) : status;
}

const kw_provider provider = { .h = KW_HDR(kw_provider), .generate = generate, .stream = stream };
