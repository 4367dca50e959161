/* Further hostile interfaces. */
#include "hostile.h"

#include <math.h>

/* ---- vector backend ---- */

static kw_status query(kw_instance *self, kw_call *call, const kw_query_in *in)
{
    (void)self;
    struct found {
        kw_query_result result;
        uint64_t spare_result;
        kw_hit hit;
        uint64_t spare_hit;
        float vector[2];
    } *f = call->api->alloc(call, sizeof *f, 16);
    if (f == NULL)
        return kw_reply_no_memory(call);
    f->hit = (kw_hit) { .h = KW_HDR(kw_hit), .id = KW_STR("i"), .score = 1, .vector = f->vector, .dims = 2,
                        .element = KW_ELEMENT_F32 };
    f->result = (kw_query_result) { .h = KW_HDR(kw_query_result), .hits = ONE(f->hit) };
    kw_query_out out = { KW_HDR(kw_query_out), ONE(f->result) };
    (void)in;
    hostile_span(call, "results", &out.results, &f->result.h);
    hostile_span(call, "hits", &f->result.hits, &f->hit.h);
    hostile_text(call, "id", &f->hit.id);
    hostile_text(call, "metadata", &f->hit.metadata_json);
    hostile_text(call, "hit", &f->hit.text);
    hostile_text(call, "group", &f->hit.group);
    hostile_text(call, "index", &f->result.index);
    if (DOES("results-none"))
        out.results.count = 0;
    if (DOES("score-nan"))
        f->hit.score = NAN;
    if (DOES("distance-nan"))
        f->hit.distance = NAN;
    if (DOES("vector-nan"))
        f->vector[1] = NAN;
    if (DOES("element"))
        f->hit.element = 9;
    if (DOES("metadata-json"))
        f->hit.metadata_json = (kw_str)KW_STR("{");
    if (DOES("group-json"))
        f->hit.group = (kw_str)KW_STR("{");
    return KW_REPLY(call, &out);
}

static kw_status get(kw_instance *self, kw_call *call, const kw_get_in *in)
{
    (void)self;
    kw_item *item = call->api->alloc(call, sizeof *item + 8, 16);
    if (item == NULL)
        return kw_reply_no_memory(call);
    *item = (kw_item) { .h = KW_HDR(kw_item), .id = kw_copy(call, kw_text_at(in->ids, 0)) };
    kw_items_out out = { KW_HDR(kw_items_out), { item, 1, sizeof *item } };
    hostile_span(call, "items", &out.items, &item->h);
    hostile_text(call, "item", &item->text);
    if (DOES("item-foreign"))
        item->id = (kw_str)KW_STR("another");
    if (DOES("items-none"))
        out.items.count = 0;
    if (DOES("item-json"))
        item->metadata_json = (kw_str)KW_STR("x");
    return KW_REPLY(call, &out);
}

static kw_status scan(kw_instance *self, kw_call *call, const kw_scan_in *in)
{
    (void)self;
    (void)in;
    kw_item item = { .h = KW_HDR(kw_item), .id = KW_STR("i") };
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_ITEMS, .payload = ONE(item) };
    hostile_text(call, "id", &item.id);
    if (DOES("payload-null"))
        event.payload.ptr = NULL;
    if (DOES("payload-count"))
        event.payload.count = UINT32_MAX;
    if (DOES("payload-size"))
        item.h.size = 3;
    if (DOES("kind-must")) {
        event.kind = KW_EVENT_CUSTOM;
        event.h.flags = KW_MUST;
    }
    kw_status status = call->api->emit(call, &event, 0);
    if (status != KW_OK)
        return status;
    kw_scan_out out = { .h = KW_HDR(kw_scan_out) };
    return KW_REPLY(call, &out);
}

const kw_vector_backend hostile_vectors = { .h = KW_HDR(kw_vector_backend), .query = query, .get = get, .scan = scan };

/* ---- tool executor ---- */

static kw_status evaluate(kw_instance *self, kw_call *call, const kw_run_in *in)
{
    (void)self;
    (void)in;
    kw_decision out = { .h = KW_HDR(kw_decision), .verdict = KW_DECISION_ALLOW };
    hostile_text(call, "rule", &out.rule);
    hostile_text(call, "reason", &out.reason);
    if (DOES("verdict"))
        out.verdict = 9;
    return KW_REPLY(call, &out);
}

static kw_status execute(kw_instance *self, kw_call *call, const kw_run_in *in)
{
    (void)self;
    (void)in;
    double fraction = DOES("progress-nan") ? NAN : DOES("progress-2") ? 2 : 0.5;
    kw_violation violation = { KW_HDR(kw_violation), KW_STR("v"), KW_STR("s"), 1 };
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_PROGRESS, .text = KW_STR("p"),
                       .data = { &fraction, sizeof fraction } };
    hostile_text(call, "progress", &event.text);
    if (DOES("output")) {
        event.kind = KW_EVENT_STDOUT;
        event.data = (kw_bytes) { NULL, 5 };
    }
    if (DOES("progress-size"))
        event.data.len = 3;
    if (DOES("violation-text")) {
        event.kind = KW_EVENT_VIOLATION;
        violation.kind = NOT_TEXT;
        event.payload = (kw_span)ONE(violation);
    }
    if (DOES("bare-violation"))
        event.kind = KW_EVENT_VIOLATION;
    if (DOES("bare-process"))
        event.kind = KW_EVENT_PROCESS;
    if (DOES("bare-approval"))
        event.kind = KW_EVENT_APPROVAL;
    kw_decision decision = { .h = KW_HDR(kw_decision), .verdict = 9 };
    if (DOES("approval-verdict")) {
        event.kind = KW_EVENT_APPROVAL;
        event.payload = (kw_span)ONE(decision);
    }
    if (DOES("kind-must")) {
        event.kind = KW_EVENT_CUSTOM;
        event.h.flags = KW_MUST;
    }
    kw_status status = call->api->emit(call, &event, 0);
    if (status != KW_OK)
        return status;
    static const int64_t pids[] = { 1 };
    kw_run_out out = { .h = KW_HDR(kw_run_out), .end = KW_END_EXITED, .leftover = KW_SPAN(pids) };
    hostile_span(call, "leftover", &out.leftover, NULL);
    hostile_text(call, "detail", &out.detail);
    hostile_text(call, "path", &out.stdout_path);
    if (DOES("end-0"))
        out.end = 0;
    if (DOES("end-99"))
        out.end = 99;
    if (DOES("structured-json"))
        out.structured_json = (kw_str)KW_STR("{");
    return KW_REPLY(call, &out);
}

const kw_tool_executor hostile_executor = { .h = KW_HDR(kw_tool_executor), .evaluate = evaluate, .execute = execute };

/* ---- hooks ---- */

static kw_status hooks_list(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    kw_hook *hook = call->api->alloc(call, sizeof *hook + 8, 16);
    if (hook == NULL)
        return kw_reply_no_memory(call);
    *hook = (kw_hook) { .h = KW_HDR(kw_hook), .name = KW_STR("h"), .modes = KW_HOOK_MODE_OBSERVE };
    kw_hooks_out out = { KW_HDR(kw_hooks_out), { hook, 1, sizeof *hook } };
    hostile_span(call, "hooks", &out.hooks, &hook->h);
    hostile_text(call, "name", &hook->name);
    if (DOES("no-name"))
        hook->name.len = 0;
    if (DOES("no-mode"))
        hook->modes = 0;
    return KW_REPLY(call, &out);
}

static kw_status on_hook(kw_instance *self, kw_call *call, const kw_hook_in *in)
{
    (void)self;
    (void)in;
    kw_hook_out out = { .h = KW_HDR(kw_hook_out) };
    if (DOES("action"))
        out.action = 7;
    if (DOES("payload")) {
        out.action = KW_HOOK_ACTION_REPLACE;
        out.payload = (kw_bytes) { NULL, 9 };
    }
    hostile_text(call, "metadata", &out.metadata_json);
    return KW_REPLY(call, &out);
}

const kw_hooks hostile_hooks = { .h = KW_HDR(kw_hooks), .list = hooks_list, .on_hook = on_hook };

/* ---- functions ---- */

static void code(void)
{
}

static kw_status functions_list(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    static int data;
    static const kw_str names[] = { KW_STR("a") };
    kw_function *function = call->api->alloc(call, sizeof *function + 8, 16);
    if (function == NULL)
        return kw_reply_no_memory(call);
    *function = (kw_function) { .h = KW_HDR(kw_function), .name = KW_STR("f"), .signature = KW_STR("v(i32)"),
                                .address = code, .parameter_names = KW_SPAN(names) };
    kw_functions_out out = { KW_HDR(kw_functions_out), { function, 1, sizeof *function } };
    hostile_span(call, "functions", &out.functions, &function->h);
    hostile_text(call, "signature", &function->signature);
    if (DOES("address-null"))
        function->address = NULL;
    if (DOES("address-data"))
        function->address = (void (*)(void))(uintptr_t)&data;
    if (DOES("address-host"))
        function->address = (void (*)(void))(uintptr_t)call->api->alloc;
    if (DOES("address-libc"))
        function->address = (void (*)(void))(uintptr_t)puts;
    if (DOES("address-wild"))
        function->address = (void (*)(void))UINTPTR_MAX;
    if (DOES("signature"))
        function->signature = (kw_str)KW_STR("int(int)");
    if (DOES("names"))
        function->parameter_names.count = 0, function->signature = (kw_str)KW_STR("v(i32,");
    return KW_REPLY(call, &out);
}

const kw_functions hostile_functions = { .h = KW_HDR(kw_functions), .list = functions_list };

/* ---- operations ---- */

static kw_status run(kw_instance *self, kw_call *call, const kw_operate_in *in)
{
    (void)self;
    (void)in;
    kw_operate_out out = { .h = KW_HDR(kw_operate_out), .output = { "o", 1 } };
    hostile_text(call, "format", &out.output_format);
    hostile_text(call, "metadata", &out.metadata_json);
    if (DOES("output"))
        out.output = (kw_bytes) { NULL, 3 };
    if (DOES("chunk")) {
        kw_status status = kw_emit_chunk(call, (kw_bytes) { NULL, 3 });
        if (status != KW_OK)
            return status;
    }
    return KW_REPLY(call, &out);
}

const kw_operations hostile_operations = { .h = KW_HDR(kw_operations), .run = run };

/* ---- endpoints ---- */

static kw_status endpoints_list(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    static const kw_endpoint honest[] = { { .h = KW_HDR(kw_endpoint), .method = KW_STR("GET"), .path = KW_STR("/") } };
    static const kw_endpoint sloping[] = { { .h = KW_HDR(kw_endpoint), .method = KW_STR("GET"), .path = KW_STR("x") } };
    static const kw_endpoint mute[] = { { .h = KW_HDR(kw_endpoint), .path = KW_STR("/") } };
    kw_endpoints_out out = { KW_HDR(kw_endpoints_out), KW_SPAN(honest) };
    if (DOES("path"))
        out.endpoints = (kw_span)KW_SPAN(sloping);
    if (DOES("method"))
        out.endpoints = (kw_span)KW_SPAN(mute);
    hostile_span(call, "endpoints", &out.endpoints, NULL);
    return KW_REPLY(call, &out);
}

static kw_status handle(kw_instance *self, kw_call *call, const kw_request_in *in)
{
    (void)self;
    (void)in;
    kw_response_out out = { .h = KW_HDR(kw_response_out), .status = 200 };
    kw_event head = { .h = KW_HDR(kw_event), .kind = KW_EVENT_RESPONSE, .payload = ONE(out) };
    kw_status status = KW_OK;
    if (DOES("status-99"))
        out.status = 99;
    if (DOES("status-600"))
        out.status = 600;
    if (DOES("head-status")) {
        out.status = 1;
        status = call->api->emit(call, &head, 0);
    }
    if (DOES("bare-head")) {
        head.payload.count = 0;
        status = call->api->emit(call, &head, 0);
    }
    if (DOES("head-twice")) {
        (void)call->api->emit(call, &head, 0);
        status = call->api->emit(call, &head, 0);
    }
    if (DOES("early-chunk"))
        status = kw_emit_chunk(call, (kw_bytes) { "x", 1 });
    if (DOES("body-after-head")) {
        status = call->api->emit(call, &head, 0);
        out.body = (kw_bytes) { "x", 1 };
    }
    if (DOES("body"))
        out.body = (kw_bytes) { NULL, 1 };
    return status == KW_OK ? KW_REPLY(call, &out) : status;
}

const kw_endpoints hostile_endpoints = { .h = KW_HDR(kw_endpoints), .list = endpoints_list, .handle = handle };
