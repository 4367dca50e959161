/* Notes, table and life of the mirror. */
#include "mirror.h"

#include <pthread.h>

static const kw_host *the_host;

static kw_status create(kw_instance *self, kw_call *call, const kw_create_in *in)
{
    the_host = in->host;
    return kw_create_stateless(self, call, in);
}

static kw_status configure(kw_instance *self, kw_call *call, const kw_config_in *x)
{
    (void)self;
    TELL(TEXT(config_json) INT(flags) INT(reserved))
    static const kw_config_issue issues[] = {
        { KW_HDR(kw_config_issue), KW_STR("/a/0"), KW_STR("is no number"), KW_STR("type"), KW_ISSUE_ERROR, 0 },
        { KW_HDR(kw_config_issue), { NULL, 0 }, KW_STR("is too small"), { NULL, 0 }, KW_ISSUE_WARNING, 0 },
    };
    kw_config_out out = { KW_HDR(kw_config_out), KW_SPAN(issues) };
    if (mirror_does(call, "accept"))
        out.issues.count = 0;
    return KW_REPLY(call, &out);
}

static void error(json *j, const void *at)
{
    const kw_error *x = at;
    OBJECT(INT(status) INT(vendor_code) INT(http_status) INT(retry) INT(retry_after_ns) TEXT(message)
           TEXT(details_json) TEXT(domain) TEXT(request_id) TEXT(backtrace))
}

static kw_status notice(kw_instance *self, kw_call *call, const kw_notice_in *x)
{
    (void)self;
    TELL(INT(status) INT(reserved) TEXT(operation) TEXT(message) LIST(error, error) INT(call) TEXT(execution_id)
         INT(at_unix_ns) TEXT(recovery))
    return kw_reply_none(call);
}

static void tell_context(json *j, const kw_call *x)
{
    OBJECT(TEXT(run_id) TEXT(traceparent) TEXT(caller) PAIRS(attributes) INT(between_chunks_ns))
}

/* Uses a call of its own, as a thread outside of operations has to. */
static void *own_call(void *argument)
{
    json *j = argument;
    int64_t deadline = the_host->now_ns(the_host) + INT64_C(1000000000000);
    kw_call *call = the_host->open_call(the_host, deadline);
    if (call == NULL)
        return NULL;
    const kw_call_api *api = call->api;
    json_raw(j, "{");
    mirror_int(j, "deadline", call->deadline_ns == deadline);
    mirror_int(j, "memory", api->alloc(call, 100000, 64) != NULL);
    mirror_int(j, "error_before", api->last_error(call) != NULL);
    mirror_int(j, "fail", kw_fail(call, KW_NOT_FOUND, "not there"));
    const kw_error *error = api->last_error(call);
    if (error != NULL) {
        mirror_int(j, "status", error->status);
        mirror_text(j, "message", error->message);
    }
    mirror_int(j, "reply", kw_reply_none(call));
    mirror_int(j, "emit", kw_emit_text(call, kw_string("x")));
    kw_call *second = the_host->open_call(the_host, 0);
    mirror_int(j, "second", second != NULL && second != call && second->deadline_ns == 0);
    mirror_int(j, "no_error", second != NULL && second->api->last_error(second) == NULL);
    if (second != NULL)
        the_host->close_call(the_host, second);
    the_host->close_call(the_host, call);
    json_raw(j, "}");
    return NULL;
}

static kw_status health(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    json *j = mirror_buffer();
    if (mirror_does(call, "context")) {
        tell_context(j, call);
        return json_fail(call, j);
    }
    if (mirror_does(call, "thread")) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, own_call, j) != 0 || pthread_join(thread, NULL) != 0)
            return KW_RESOURCE_EXHAUSTED;
        return json_fail(call, j);
    }
    if (mirror_does(call, "error")) {
        const kw_error said = {
            .h = KW_HDR(kw_error),
            .status = KW_OVERLOADED,
            .vendor_code = -8,
            .http_status = 529,
            .retry = KW_RETRY_NO,
            .retry_after_ns = 2500000000,
            .message = KW_STR("too much"),
            .details_json = KW_STR("{\"queue\":9}"),
            .domain = KW_STR("openai"),
            .request_id = KW_STR("req-1"),
            .backtrace = KW_STR("at 0x1"),
        };
        return call->api->fail(call, &said);
    }
    kw_health_out out = { .h = KW_HDR(kw_health_out), .state = KW_HEALTH_HEALTHY, .message = KW_STR("said"),
                          .details_json = KW_STR("{\"d\":1}") };
    if (mirror_does(call, "warning"))
        out.state = KW_HEALTH_WARNING;
    if (mirror_does(call, "critical"))
        out.state = KW_HEALTH_CRITICAL;
    return KW_REPLY(call, &out);
}

#define MIRROR(OFFER, SET)                           \
    OFFER(KW_PROVIDER_ID, mirror_provider)           \
    OFFER(KW_EMBEDDER_ID, mirror_embedder)           \
    OFFER(KW_VECTOR_BACKEND_ID, mirror_vectors)      \
    OFFER(KW_TOOL_EXECUTOR_ID, mirror_executor)      \
    OFFER(KW_HOOKS_ID, mirror_hooks)                 \
    OFFER(KW_TOOLS_ID, mirror_tools)                 \
    OFFER(KW_FUNCTIONS_ID, mirror_functions)         \
    OFFER(KW_OPERATIONS_ID, mirror_operations)       \
    OFFER(KW_MESSAGES_ID, mirror_messages)           \
    OFFER(KW_ENDPOINTS_ID, mirror_endpoints)         \
    SET(create, create)                              \
    SET(configure, configure)                        \
    SET(health, health)                              \
    SET(notice, notice)                              \
    SET(destroy, kw_destroy_stateless)

KW_PLUGIN("mirror", "0.1.0", 1, 1, KW_CAP_CONCURRENT, KW_JSON("description": "Tells what it is told"), MIRROR);
