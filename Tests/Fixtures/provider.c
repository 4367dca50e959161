/* Echoes requests; or does what the model's name says. */
#include "fixture.h"

#include <pthread.h>

static void part(json *j, const kw_part *part)
{
    json_raw(j, "{");
    json_key(j, "kind");
    json_int(j, part->kind);
    json_key(j, "flags");
    json_int(j, part->flags);
    json_key(j, "text");
    json_string(j, part->text);
    json_key(j, "id");
    json_string(j, part->id);
    json_key(j, "name");
    json_string(j, part->name);
    json_key(j, "mediaType");
    json_string(j, part->media_type);
    json_key(j, "json");
    json_string(j, part->json);
    json_key(j, "data");
    json_bytes(j, part->data);
    json_raw(j, "}");
}

static void request(json *j, const kw_generate_in *in)
{
    json_raw(j, "{");
    json_key(j, "model");
    json_string(j, in->model);
    json_key(j, "messages");
    json_raw(j, "[");
    for (uint32_t i = 0; i < in->messages.count; i++) {
        const kw_message *message = kw_at(in->messages, i);
        json_raw(j, "{");
        json_key(j, "role");
        json_int(j, message->role);
        json_key(j, "name");
        json_string(j, message->name);
        json_key(j, "parts");
        json_raw(j, "[");
        for (uint32_t p = 0; p < message->parts.count; p++)
            part(j, kw_at(message->parts, p));
        json_raw(j, "]}");
    }
    json_raw(j, "]");
    json_key(j, "tools");
    json_raw(j, "[");
    for (uint32_t i = 0; i < in->tools.count; i++) {
        const kw_tool_spec *tool = kw_at(in->tools, i);
        json_raw(j, "[");
        json_string(j, tool->name);
        json_string(j, tool->description);
        json_string(j, tool->input_schema_json);
        json_raw(j, "]");
    }
    json_raw(j, "]");
    json_key(j, "toolChoice");
    json_int(j, in->tool_choice);
    json_key(j, "toolNames");
    json_strings(j, in->tool_names);
    json_key(j, "format");
    json_int(j, in->output_format);
    json_key(j, "schema");
    json_string(j, in->schema_json);
    json_key(j, "stop");
    json_strings(j, in->stop);
    json_key(j, "set");
    json_int(j, (int64_t)in->set);
    json_key(j, "temperature");
    json_double(j, in->temperature);
    json_key(j, "topP");
    json_double(j, in->top_p);
    json_key(j, "seed");
    json_int(j, in->seed);
    json_key(j, "maxOutputTokens");
    json_int(j, (int64_t)in->max_output_tokens);
    json_key(j, "topK");
    json_int(j, in->top_k);
    json_key(j, "choices");
    json_int(j, in->choices);
    json_key(j, "extra");
    json_string(j, in->extra_json);
    json_raw(j, "}");
}

static kw_status reply(kw_call *call, kw_str text)
{
    kw_part *part = call->api->alloc(call, sizeof *part, 16);
    kw_choice *choice = call->api->alloc(call, sizeof *choice, 16);
    if (part == NULL || choice == NULL)
        return KW_RESOURCE_EXHAUSTED;
    *part = (kw_part){ .h = KW_HDR(kw_part), .kind = KW_PART_TEXT, .text = kw_copy(call, text) };
    *choice = (kw_choice){ .h = KW_HDR(kw_choice), .stop = KW_STOP_END, .parts = kw_span_of(part, 1, sizeof *part) };
    kw_generate_out out = { .h = KW_HDR(kw_generate_out), .choices = kw_span_of(choice, 1, sizeof *choice) };
    return KW_REPLY(call, &out);
}

static kw_status models(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    static const kw_model offered[] = { { .h = KW_HDR(kw_model), .id = KW_STR("one"), .features = KW_FEATURE_STREAMING } };
    kw_models_out out = { .h = KW_HDR(kw_models_out), .models = KW_SPAN(offered) };
    return KW_REPLY(call, &out);
}

static kw_status generate(kw_instance *self, kw_call *call, const kw_generate_in *in)
{
    (void)self;
    if (fixture_is(in->model, "not-utf8"))
        return reply(call, (kw_str){ "a\xC3", 2 });
    static _Thread_local json j;
    j.length = 0;
    request(&j, in);
    return reply(call, json_text(&j));
}

static kw_status emit(kw_call *call, uint32_t block, kw_str text, uint32_t flags)
{
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_TEXT, .index = block, .text = text };
    kw_status status = call->api->emit(call, &event, flags);
    if (status == KW_OK)
        fixture_emitted++;
    return status;
}

typedef struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int is_woken;
} waiter;

static void wake(void *data)
{
    waiter *w = data;
    pthread_mutex_lock(&w->lock);
    w->is_woken = 1;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

/* Emits without waiting until it is refused, tells how much was taken, and goes on when there is room. */
static kw_status without_waiting(kw_call *call, kw_str name, kw_str block)
{
    waiter w = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };
    uint32_t taken = 0;
    kw_status status;
    while ((status = emit(call, taken % 2, block, KW_EMIT_NOBLOCK)) == KW_OK)
        taken++;
    if (status != KW_WOULD_BLOCK)
        return status;
    fixture_tell(fixture_number(name, 0), taken);
    call->api->set_waker(call, wake, &w);
    pthread_mutex_lock(&w.lock);
    while (!w.is_woken)
        pthread_cond_wait(&w.changed, &w.lock);
    pthread_mutex_unlock(&w.lock);
    call->api->set_waker(call, NULL, NULL);
    status = emit(call, 9, kw_string("last"), KW_EMIT_NOBLOCK);
    return status == KW_OK ? reply(call, kw_string("")) : status;
}

static kw_status stream(kw_instance *self, kw_call *call, const kw_generate_in *in)
{
    (void)self;
    static char kilobyte[1000];
    memset(kilobyte, 'k', sizeof kilobyte);
    kw_str block = { kilobyte, sizeof kilobyte }, name = in->model;
    if (fixture_is(name, "flood")) {
        int count = fixture_number(name, 0);
        for (int i = 0; i < count; i++) {
            kw_status status = emit(call, (uint32_t)i % 2, block, 0);
            if (status != KW_OK)
                return status;
        }
        return reply(call, kw_string(""));
    }
    if (fixture_is(name, "nonblock"))
        return without_waiting(call, name, block);
    (void)emit(call, 0, kw_string("par"), 0);
    (void)emit(call, 0, kw_string("tial"), 0);
    if (fixture_is(name, "hold"))
        fixture_hold(name);
    if (fixture_is(name, "fails"))
        return kw_fail(call, KW_UNAVAILABLE, "the service went away");
    if (fixture_is(name, "not-utf8"))
        (void)emit(call, 0, (kw_str){ "\xFF", 1 }, 0);
    if (fixture_is(name, "tool")) {
        kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_TOOL_END, .index = 3 };
        (void)call->api->emit(call, &event, 0);
    }
    kw_status status = reply(call, kw_string(""));
    if (fixture_is(name, "late"))
        (void)emit(call, 0, kw_string("late"), 0);
    return status;
}

const kw_provider fixture_provider = {
    .h = KW_HDR(kw_provider), .models = models, .generate = generate, .stream = stream
};
