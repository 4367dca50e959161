/* The tool executor of the mirror. */
#include "mirror.h"

static void rule(json *j, const void *at)
{
    json_strings(j, ((const kw_rule *)at)->prefix);
}

static void path_rule(json *j, const void *at)
{
    const kw_path_rule *x = at;
    OBJECT(TEXT(path) INT(access) INT(execute))
}

static void net_rule(json *j, const void *at)
{
    const kw_net_rule *x = at;
    OBJECT(INT(kind) INT(is_denied) TEXT(name) INT(first_port) INT(last_port))
}

static void limits(json *j, const void *at)
{
    const kw_limits *x = at;
    OBJECT(INT(wall_ns) INT(cpu_ns) INT(idle_ns) INT(grace_ns) INT(memory) INT(file_size) INT(disk_write)
           INT(open_files) INT(processes) INT(stdout_bytes) INT(stderr_bytes))
}

static void tool_limits(json *j, const void *at)
{
    const kw_tool_limits *x = at;
    OBJECT(TEXTS(prefix) LIST(limits, limits))
}

static void policy(json *j, const void *at)
{
    const kw_policy *x = at;
    OBJECT(INT(flags) LIST(allow, rule) LIST(deny, rule) INT(overflow) INT(env_inherit) TEXTS(env_allow)
           TEXTS(env_deny) PAIRS(env_set) LIST(paths, path_rule) LIST(net, net_rule) LIST(limits, limits)
           LIST(tool_limits, tool_limits) INT(approval) INT(background) INT(head_bytes) INT(tail_bytes) INT(isolate)
           INT(user) INT(reserved) TEXT(seccomp) LIST(deny_patterns, rule))
}

static void members(json *j, const kw_run_in *x)
{
    INT(kind)
    INT(classification)
    TEXTS(argv)
    TEXT(command)
    TEXT(cwd)
    TEXT(reason)
    PAIRS(env)
    BYTES(input)
    LIST(policy, policy)
    TEXT(tool)
    TEXT(arguments_json)
    TEXT(call_id)
    TEXT(session)
    INT(flags)
    INT(rows)
    INT(columns)
    LIST(extra_paths, path_rule)
    LIST(extra_net, net_rule)
}

static const kw_enforcement fields[] = {
    { KW_HDR(kw_enforcement), KW_STR("wall"), KW_ENFORCED_YES, 0, KW_STR("a timer") },
    { KW_HDR(kw_enforcement), KW_STR("memory"), KW_ENFORCED_NO, 0, KW_STR("no cgroup") },
};
static const kw_violation violations[] = {
    { KW_HDR(kw_violation), KW_STR("output"), KW_STR("stdout"), 3 },
};

static kw_status enforceable(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    kw_enforceable_out out = { KW_HDR(kw_enforceable_out), KW_SPAN(fields) };
    return KW_REPLY(call, &out);
}

static const kw_decision question = { KW_HDR(kw_decision), KW_DECISION_CONFIRM, 0, KW_STR("git push"),
                                      KW_STR("May it push?") };

static kw_status evaluate(kw_instance *self, kw_call *call, const kw_run_in *in)
{
    (void)self;
    TELL(members(j, in);)
    return KW_REPLY(call, &question);
}

static kw_status execute(kw_instance *self, kw_call *call, const kw_run_in *in)
{
    (void)self;
    TELL(members(j, in);)
    static const kw_process process = { KW_HDR(kw_process), 4711, KW_STR("session-1") };
    static const double half = 0.5;
    static const kw_event events[] = {
        { .h = KW_HDR(kw_event), .kind = KW_EVENT_PROCESS, .payload = ONE(process) },
        { .h = KW_HDR(kw_event), .kind = KW_EVENT_STDOUT, .data = { "out\0", 4 } },
        { .h = KW_HDR(kw_event), .kind = KW_EVENT_STDERR, .data = { "\xFF", 1 } },
        { .h = KW_HDR(kw_event), .kind = KW_EVENT_PROGRESS, .text = KW_STR("half"), .data = { &half, sizeof half } },
        { .h = KW_HDR(kw_event), .kind = KW_EVENT_PROGRESS, .text = KW_STR("somewhere") },
        { .h = KW_HDR(kw_event), .kind = KW_EVENT_WARNING, .name = KW_STR("pty"), .text = KW_STR("there is none") },
        { .h = KW_HDR(kw_event), .kind = KW_EVENT_VIOLATION, .payload = ONE(violations[0]) },
        { .h = KW_HDR(kw_event), .kind = KW_EVENT_APPROVAL, .id = KW_STR("ask-1"), .payload = ONE(question) },
        { .h = KW_HDR(kw_event), .kind = KW_EVENT_HEARTBEAT },
    };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        kw_status status = call->api->emit(call, &events[i], 0);
        if (status != KW_OK)
            return status;
    }
    static const int64_t leftover[] = { 12, 13 };
    kw_run_out out = {
        .h = KW_HDR(kw_run_out),
        .end = KW_END_EXITED,
        .exit_code = 42,
        .signal = 9,
        .truncated = 1,
        .duration_ns = 1000000001,
        .cpu_ns = 2000000002,
        .max_rss = 3003,
        .stdout_bytes = 4004,
        .stderr_bytes = 5005,
        .enforced = KW_SPAN(fields),
        .violations = KW_SPAN(violations),
        .detail = KW_STR("in detail"),
        .stdout_path = KW_STR("/tmp/out"),
        .stderr_path = KW_STR("/tmp/err"),
        .leftover = KW_SPAN(leftover),
        .structured_json = KW_STR("{\"ok\":true}"),
        .content = KW_SPAN(mirror_parts),
        .disk_bytes = 6006,
    };
    return KW_REPLY(call, &out);
}

static kw_status tools(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    kw_tools_out out = { KW_HDR(kw_tools_out), KW_SPAN(mirror_tool_specs) };
    return KW_REPLY(call, &out);
}

static kw_status send(kw_instance *self, kw_call *call, const kw_send_in *x)
{
    (void)self;
    TELL(TEXT(session) INT(what) BYTES(input) INT(signal) INT(rows) INT(columns) TEXT(approval) TEXT(reason))
    return kw_reply_none(call);
}

const kw_tool_executor mirror_executor = {
    .h = KW_HDR(kw_tool_executor),
    .enforceable = enforceable,
    .evaluate = evaluate,
    .execute = execute,
    .tools = tools,
    .send = send,
};
