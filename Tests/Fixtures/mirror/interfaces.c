/* Hooks, tools, functions, operations, messages and endpoints of the mirror. */
#include "mirror.h"

/* ---- hooks ---- */

static kw_status hooks_list(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    static const kw_hook list[] = {
        { KW_HDR(kw_hook), KW_STR("before.vector.*"), -7, KW_HOOK_MODE_FILTER | KW_HOOK_MODE_VETO, 1500000000,
          KW_STR("application/json"), 2, 0 },
        { KW_HDR(kw_hook), KW_STR("after"), 9, KW_HOOK_MODE_OBSERVE, 0, { NULL, 0 }, 0, KW_HOOK_ASYNC },
    };
    kw_hooks_out out = { KW_HDR(kw_hooks_out), KW_SPAN(list) };
    return KW_REPLY(call, &out);
}

static kw_status on_hook(kw_instance *self, kw_call *call, const kw_hook_in *x)
{
    (void)self;
    TELL(TEXT(name) INT(mode) BYTES(payload) TEXT(payload_type) BYTES(original) TEXT(execution_id) INT(started_ns)
             INT(started_unix_ns) TEXT(user_id) TEXT(session_id) TEXT(source) PAIRS(attributes))
    kw_hook_out out = { .h = KW_HDR(kw_hook_out), .metadata_json = KW_STR("{\"seen\":1}") };
    if (mirror_does(call, "stop")) {
        out.action = KW_HOOK_ACTION_STOP;
        out.reason = (kw_str)KW_STR("forbidden");
    } else if (mirror_does(call, "replace")) {
        out.action = KW_HOOK_ACTION_REPLACE;
        out.payload = (kw_bytes) { "new", 3 };
    }
    return KW_REPLY(call, &out);
}

const kw_hooks mirror_hooks = { .h = KW_HDR(kw_hooks), .list = hooks_list, .on_hook = on_hook };

/* ---- tools ---- */

static kw_status tools_list(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    kw_tools_out out = { KW_HDR(kw_tools_out), KW_SPAN(mirror_tool_specs) };
    return KW_REPLY(call, &out);
}

static kw_status invoke(kw_instance *self, kw_call *call, const kw_tool_in *x)
{
    (void)self;
    TELL(TEXT(name) TEXT(call_id) TEXT(arguments_json))
    kw_tool_out out = { KW_HDR(kw_tool_out), KW_SPAN(mirror_parts), KW_STR("{\"n\":1}"), 1, 0 };
    return KW_REPLY(call, &out);
}

const kw_tools mirror_tools = { .h = KW_HDR(kw_tools), .list = tools_list, .invoke = invoke };

/* ---- functions ---- */

static double add(double a, double b)
{
    return a + b;
}

static void nothing(void)
{
}

static kw_status functions_list(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    static const kw_str names[] = { KW_STR("a"), KW_STR("b") };
    static const kw_function list[] = {
        { KW_HDR(kw_function), KW_STR("math.add"), KW_STR("adds"), KW_STR("f64(f64,f64)"), (void (*)(void))add,
          KW_FUNCTION_THREAD_SAFE | KW_FUNCTION_PURE, KW_SPAN(names) },
        { .h = KW_HDR(kw_function), .name = KW_STR("nothing"), .signature = KW_STR("v()"), .address = nothing,
          .flags = KW_FUNCTION_BLOCKING },
    };
    kw_functions_out out = { KW_HDR(kw_functions_out), KW_SPAN(list) };
    return KW_REPLY(call, &out);
}

const kw_functions mirror_functions = { .h = KW_HDR(kw_functions), .list = functions_list };

/* ---- operations ---- */

static kw_status operations_list(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    static const kw_str inputs[] = { KW_STR("text/csv"), KW_STR("text/plain") };
    static const kw_str outputs[] = { KW_STR("application/cbor") };
    static const kw_str capabilities[] = { KW_STR("log-analysis") };
    static const kw_str agents[] = { KW_STR("researcher"), KW_STR("critic") };
    static const kw_operation list[] = {
        { KW_HDR(kw_operation), KW_STR("analyze"), KW_STR("analyzes"), KW_STR("{\"type\":\"object\"}"),
          KW_STR("{\"type\":\"array\"}"), KW_SPAN(inputs), KW_SPAN(outputs), KW_SPAN(capabilities),
          KW_OPERATION_IDEMPOTENT | KW_OPERATION_STREAMS, KW_STR("[{\"input\":{},\"output\":[]}]"),
          KW_SPAN(agents) },
        { .h = KW_HDR(kw_operation), .name = KW_STR("bare"), .flags = KW_OPERATION_READ_ONLY | KW_OPERATION_CACHEABLE },
    };
    kw_operations_out out = { KW_HDR(kw_operations_out), KW_SPAN(list) };
    return KW_REPLY(call, &out);
}

static kw_status run(kw_instance *self, kw_call *call, const kw_operate_in *x)
{
    (void)self;
    TELL(TEXT(name) BYTES(input) TEXT(input_format) TEXT(output_format) TEXT(execution_id) TEXT(settings_json)
             INT(flags) TEXT(agent_type) TEXT(metadata_json))
    kw_operate_out out = {
        .h = KW_HDR(kw_operate_out),
        .output_format = KW_STR("application/cbor"),
        .metadata_json = KW_STR("{\"took\":2}"),
        .warnings = KW_SPAN(mirror_warnings),
    };
    if (mirror_does(call, "whole")) {
        out.output = (kw_bytes) { "whole", 5 };
        return KW_REPLY(call, &out);
    }
    const kw_event warning = { .h = KW_HDR(kw_event), .kind = KW_EVENT_WARNING, .name = KW_STR("f"), .text = KW_STR("w") };
    kw_status status = kw_emit_progress(call, "begun", 0.25);
    if (status == KW_OK)
        status = kw_emit_chunk(call, (kw_bytes) { "first ", 6 });
    if (status == KW_OK)
        status = call->api->emit(call, &warning, 0);
    if (status == KW_OK)
        status = kw_emit_chunk(call, (kw_bytes) { "second", 6 });
    return status == KW_OK ? KW_REPLY(call, &out) : status;
}

const kw_operations mirror_operations = { .h = KW_HDR(kw_operations), .list = operations_list, .run = run };

/* ---- messages ---- */

static kw_status on_message(kw_instance *self, kw_call *call, const kw_message_in *x)
{
    (void)self;
    TELL(TEXT(id) TEXT(sender) TEXT(topic) TEXT(type) TEXT(payload_type) BYTES(payload) INT(sent_unix_ns) INT(flags))
    kw_message_out out = { KW_HDR(kw_message_out), KW_STR("order.taken"), KW_STR("text/plain"), { "ok", 2 } };
    return KW_REPLY(call, &out);
}

const kw_messages mirror_messages = { .h = KW_HDR(kw_messages), .on_message = on_message };

/* ---- endpoints ---- */

static kw_status endpoints_list(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    static const kw_str middleware[] = { KW_STR("auth"), KW_STR("cors") };
    static const kw_str roles[] = { KW_STR("editor"), KW_STR("admin") };
    static const kw_str permissions[] = { KW_STR("items.write") };
    static const kw_endpoint list[] = {
        { KW_HDR(kw_endpoint), KW_STR("POST"), KW_STR("/items/{id}"), KW_STR("makes an item"), KW_STR("{\"a\":1}"),
          KW_STR("{\"b\":2}"), KW_STR("{\"c\":3}"), KW_STR("{\"d\":4}"), KW_SPAN(middleware), 100,
          60000000000, 4096, KW_ENDPOINT_PUBLIC | KW_ENDPOINT_STREAMS, KW_SPAN(roles), KW_SPAN(permissions) },
        { .h = KW_HDR(kw_endpoint), .method = KW_STR("GET"), .path = KW_STR("/") },
    };
    kw_endpoints_out out = { KW_HDR(kw_endpoints_out), KW_SPAN(list) };
    return KW_REPLY(call, &out);
}

static kw_status handle(kw_instance *self, kw_call *call, const kw_request_in *x)
{
    (void)self;
    TELL(INT(endpoint) TEXT(method) TEXT(path) PAIRS(parameters) PAIRS(query) PAIRS(headers) BYTES(body)
             TEXT(remote_address) TEXT(principal) TEXT(request_id))
    static const kw_pair headers[] = {
        { KW_HDR(kw_pair), KW_STR("set-cookie"), KW_STR("a=1") },
        { KW_HDR(kw_pair), KW_STR("set-cookie"), KW_STR("b=2") },
    };
    kw_response_out out = { .h = KW_HDR(kw_response_out), .status = 201, .headers = KW_SPAN(headers) };
    if (mirror_does(call, "whole")) {
        out.body = (kw_bytes) { "body", 4 };
        return KW_REPLY(call, &out);
    }
    const kw_event head = { .h = KW_HDR(kw_event), .kind = KW_EVENT_RESPONSE, .payload = ONE(out) };
    kw_status status = call->api->emit(call, &head, 0);
    if (status == KW_OK)
        status = kw_emit_chunk(call, (kw_bytes) { "one", 3 });
    if (status == KW_OK)
        status = kw_emit_chunk(call, (kw_bytes) { "two", 3 });
    kw_response_out end = { .h = KW_HDR(kw_response_out) };
    return status == KW_OK ? KW_REPLY(call, &end) : status;
}

const kw_endpoints mirror_endpoints = { .h = KW_HDR(kw_endpoints), .list = endpoints_list, .handle = handle };
