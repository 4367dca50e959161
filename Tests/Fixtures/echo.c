/* A vector backend that answers with the filter it was given, and an executor that answers with the policy. */
#include "fixture.h"

static kw_status count(kw_instance *self, kw_call *call, const kw_filter_in *in)
{
    (void)self;
    static _Thread_local json j;
    j.length = 0;
    json_filter(&j, in->filter);
    return json_fail(call, &j);
}

const kw_vector_backend fixture_vectors = { .h = KW_HDR(kw_vector_backend), .count = count };

static void rules(json *j, kw_span span)
{
    json_raw(j, "[");
    for (uint32_t i = 0; i < span.count; i++)
        json_strings(j, ((const kw_rule *)kw_at(span, i))->prefix);
    json_raw(j, "]");
}

static kw_status evaluate(kw_instance *self, kw_call *call, const kw_run_in *in)
{
    (void)self;
    static _Thread_local json j;
    j.length = 0;
    const kw_policy *p = kw_at(in->policy, 0);
    json_raw(&j, "[");
    json_int(&j, in->kind);
    json_strings(&j, in->argv);
    json_string(&j, in->command);
    json_string(&j, in->cwd);
    json_string(&j, in->reason);
    json_pairs(&j, in->env);
    json_bytes(&j, in->input);
    json_int(&j, (int64_t)p->flags);
    rules(&j, p->allow);
    rules(&j, p->deny);
    json_int(&j, p->overflow);
    json_int(&j, p->env_inherit);
    json_strings(&j, p->env_allow);
    json_strings(&j, p->env_deny);
    json_pairs(&j, p->env_set);
    json_raw(&j, "[");
    for (uint32_t i = 0; i < p->paths.count; i++) {
        const kw_path_rule *rule = kw_at(p->paths, i);
        json_raw(&j, "[");
        json_string(&j, rule->path);
        json_int(&j, rule->access);
        json_int(&j, rule->execute);
        json_raw(&j, "]");
    }
    json_raw(&j, "]");
    const kw_limits *limits = kw_at(p->limits, 0);
    const int64_t numbers[] = { limits->wall_ns, limits->cpu_ns, limits->idle_ns, limits->grace_ns };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        json_int(&j, numbers[i]);
    const uint64_t sizes[] = { limits->memory,    limits->file_size,    limits->open_files,
                               limits->processes, limits->stdout_bytes, limits->stderr_bytes };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        json_int(&j, (int64_t)sizes[i]);
    json_raw(&j, "]");
    kw_decision out = { .h = KW_HDR(kw_decision), .verdict = KW_DECISION_ALLOW, .rule = KW_STR("rule") };
    out.reason = kw_copy(call, json_text(&j));
    return KW_REPLY(call, &out);
}

static kw_status send(kw_instance *self, kw_call *call, const kw_send_in *in)
{
    (void)self;
    (void)in;
    return kw_reply_none(call);
}

const kw_tool_executor fixture_executor = { .h = KW_HDR(kw_tool_executor), .evaluate = evaluate, .send = send };
