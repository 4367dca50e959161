/* evaluate: allows a command whose first word is the first word of a rule. execute: "prints" the words, one event
 * each, and says of every rule that it was enforced. */
#include "adapters.h"

/* The policy is itself in a span, of one. */
static kw_status read_policy(kw_call *call, const kw_run_in *request, kw_policy *policy)
{
    if (request->policy.count != 1 || !kw_read_at(policy, request->policy, 0))
        return kw_fail(call, KW_INVALID_ARGUMENT, "a request needs exactly one policy");
    return KW_OK;
}

static int is_allowed(const kw_policy *policy, kw_str word)
{
    for (uint32_t i = 0; i < policy->allow.count; i++) {
        kw_rule rule;
        if (kw_read_at(&rule, policy->allow, i) && rule.prefix.count > 0 && kw_equal(kw_text_at(rule.prefix, 0), word))
            return 1;
    }
    return 0;
}

static kw_status evaluate(kw_instance *self, kw_call *call, const kw_run_in *in) KW_NOEXCEPT
{
    (void)self;
    kw_run_in request;
    kw_policy policy;
    READ_REQUEST(kw_run_in, request, in, call);
    kw_status status = read_policy(call, &request, &policy);
    if (status != KW_OK)
        return status;
    int allowed = request.argv.count > 0 && is_allowed(&policy, kw_text_at(request.argv, 0));
    kw_decision out = { .h = KW_HDR(kw_decision), .verdict = allowed ? KW_DECISION_ALLOW : KW_DECISION_DENY };
    SET_ADDED(&out, ADDED_BY_PLUGIN + ADDED_NUMBER(&policy));
    return KW_REPLY(call, &out);
}

static kw_status execute(kw_instance *self, kw_call *call, const kw_run_in *in) KW_NOEXCEPT
{
    (void)self;
    kw_run_in request;
    kw_policy policy;
    READ_REQUEST(kw_run_in, request, in, call);
    kw_status status = read_policy(call, &request, &policy);
    for (uint32_t i = 0; i < request.argv.count && status == KW_OK; i++) {
        kw_str word = kw_text_at(request.argv, i);
        kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_STDOUT, .data = { word.ptr, word.len } };
        SET_ADDED(&event, ADDED_BY_PLUGIN + i);
        status = call->api->emit(call, &event, 0);
    }
    if (status != KW_OK)
        return status;
    kw_enforcement *enforced = MAKE_ARRAY(call, policy.allow.count, kw_enforcement);
    if (enforced == NULL)
        return kw_fail(call, KW_RESOURCE_EXHAUSTED, "no memory left in this call");
    for (uint32_t i = 0; i < policy.allow.count; i++) {
        enforced[i].field = kw_string("allow");
        enforced[i].enforced = KW_ENFORCED_YES;
        SET_ADDED(&enforced[i], ADDED_BY_PLUGIN + i);
    }
    kw_run_out out = {
        .h = KW_HDR(kw_run_out),
        .end = KW_END_EXITED,
        .enforced = kw_span_of(enforced, policy.allow.count, (uint32_t)sizeof *enforced),
    };
    SET_ADDED(&out, ADDED_BY_PLUGIN);
    return KW_REPLY(call, &out);
}

const kw_tool_executor tool_executor = { .h = KW_HDR(kw_tool_executor), .evaluate = evaluate, .execute = execute };
