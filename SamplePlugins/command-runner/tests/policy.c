/* Decisions: what is admitted, what is refused and why, without running anything. */
#define _GNU_SOURCE
#include "fixture.h"

static void verdict_of(const char *line, const char *allowed, const char *denied, uint32_t expected)
{
    attempt *a = attempt_make(line);
    if (allowed != NULL)
        allow(a, allowed);
    if (denied != NULL)
        deny(a, denied);
    const kw_decision *d = evaluate(a);
    CHECK(d->verdict == expected);
    CHECK(d->reason.len > 0);
    if (expected == KW_DECISION_ALLOW)
        CHECK(text_is(d->rule, allowed));
    attempt_end(a);
}

static void rules_compare_whole_words(void)
{
    verdict_of("git status -s", "git status", NULL, KW_DECISION_ALLOW);
    verdict_of("git push", "git status", NULL, KW_DECISION_DENY);
    verdict_of("git", "git status", NULL, KW_DECISION_DENY);
    verdict_of("gitk status", "git status", NULL, KW_DECISION_DENY);
    verdict_of("git statusx", "git status", NULL, KW_DECISION_DENY);
    verdict_of("/usr/bin/git status", "git", NULL, KW_DECISION_DENY);
    verdict_of("./git status", "git", NULL, KW_DECISION_DENY);
    verdict_of("/usr/bin/git status", "/usr/bin/git", NULL, KW_DECISION_ALLOW);
    verdict_of("git status", NULL, NULL, KW_DECISION_DENY);
    verdict_of("git status", "", NULL, KW_DECISION_DENY);
    verdict_of("git push", "git", "git push", KW_DECISION_DENY);
    verdict_of("git pull", "git", "git push", KW_DECISION_ALLOW);
}

static uint32_t pattern_verdict(const char *line, int is_shell, const char *pattern)
{
    attempt *a = attempt_make(line);
    allow(a, "git");
    allow(a, "echo");
    if (is_shell) {
        a->in.kind = KW_RUN_SHELL;
        a->in.command = kw_string(line);
        a->policy.flags |= KW_POLICY_ALLOW_SHELL;
    }
    deny(a, pattern);
    a->policy.deny_patterns = a->policy.deny;
    a->policy.deny = kw_span_of(NULL, 0, 0);
    const kw_decision *decided = evaluate(a);
    uint32_t verdict = decided->verdict;
    CHECK(verdict != KW_DECISION_DENY || (text_has(decided->reason, "pattern") && text_is(decided->rule, pattern)));
    attempt_end(a);
    return verdict;
}

static void a_deny_pattern_is_looked_for_among_all_words(void)
{
    CHECK(pattern_verdict("git push --force", 0, "--force") == KW_DECISION_DENY);
    CHECK(pattern_verdict("git push", 0, "--force") == KW_DECISION_ALLOW);
    CHECK(pattern_verdict("git push --forced", 0, "--force") == KW_DECISION_ALLOW);
    CHECK(pattern_verdict("git -C a reset --hard", 0, "reset --hard") == KW_DECISION_DENY);
    CHECK(pattern_verdict("git reset -q --hard", 0, "reset --hard") == KW_DECISION_ALLOW);
    CHECK(pattern_verdict("git push", 0, "git") == KW_DECISION_DENY);
    CHECK(pattern_verdict("echo x && git push --force", 1, "--force") == KW_DECISION_DENY);
    CHECK(pattern_verdict("echo x && git push", 1, "--force") == KW_DECISION_ALLOW);
    CHECK(pattern_verdict("git push $X", 1, "--force") == KW_DECISION_DENY); /* it may be */
}

static void a_policy_that_is_not_enabled_runs_nothing(void)
{
    attempt *a = attempt_make("true");
    allow(a, "true");
    a->policy.flags = 0;
    CHECK(evaluate(a)->verdict == KW_DECISION_DENY);
    attempt_end(a);
    a = attempt_make("true");
    allow(a, "true");
    a->policy.flags = 0;
    const kw_run_out *out = execute(a);
    CHECK(a->status == KW_OK && out->end == KW_END_DENIED && out->exit_code == -1);
    CHECK(enforced(out, "enabled") == KW_ENFORCED_YES && violated(out, "denied"));
    attempt_end(a);
}

static uint32_t shell_verdict(uint64_t flags, const char *allowed, const char *denied)
{
    attempt *a = attempt_make("");
    a->in.kind = KW_RUN_SHELL;
    a->in.command = kw_string("echo hello");
    a->policy.flags |= flags;
    if (allowed != NULL)
        allow(a, allowed);
    if (denied != NULL)
        deny(a, denied);
    uint32_t verdict = evaluate(a)->verdict;
    attempt_end(a);
    return verdict;
}

static void a_shell_needs_the_flag_and_a_rule(void)
{
    CHECK(shell_verdict(0, "sh", NULL) == KW_DECISION_DENY);
    CHECK(shell_verdict(KW_POLICY_ALLOW_SHELL, NULL, NULL) == KW_DECISION_DENY);
    CHECK(shell_verdict(0, "echo", NULL) == KW_DECISION_DENY);
    CHECK(shell_verdict(KW_POLICY_ALLOW_SHELL, "sh", NULL) == KW_DECISION_DENY);
    CHECK(shell_verdict(KW_POLICY_ALLOW_SHELL, "echo", NULL) == KW_DECISION_ALLOW);
    CHECK(shell_verdict(KW_POLICY_ALLOW_SHELL, "echo", "echo hello") == KW_DECISION_DENY);
}

static void required_enforcement_refuses_what_is_not_enforced(void)
{
    attempt *a = attempt_make("true");
    allow(a, "true");
    a->policy.flags |= KW_POLICY_REQUIRE_ENFORCED;
    a->limits.disk_write = 1;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_DENIED && text_has(out->detail, "diskWrite"));
    CHECK(enforced(out, "diskWrite") == KW_ENFORCED_NO);
    attempt_end(a);

    a = attempt_make("true");
    allow(a, "true");
    a->policy.flags |= KW_POLICY_REQUIRE_ENFORCED;
    a->limits.processes = 1000000;
    out = execute(a);
    int root = getuid() == 0;
    CHECK(enforced(out, "processes") == (root ? 0 : 1)); /* KW_ENFORCED_NO, KW_ENFORCED_YES */
    CHECK(root ? out->end == KW_END_DENIED && text_has(out->detail, "processes") : out->end == KW_END_EXITED);
    attempt_end(a);

    a = attempt_make("true");
    allow(a, "true");
    a->policy.flags |= KW_POLICY_REQUIRE_ENFORCED;
    a->limits.wall_ns = INT64_C(60000000000);
    out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->exit_code == 0);
    attempt_end(a);
}

static void set_disk_write(attempt *a) { a->limits.disk_write = 1; }
static void set_domain(attempt *a) { net_rule(a, KW_NET_DOMAIN, 0, "example.com", 0, 0); }
static void set_unix(attempt *a) { net_rule(a, KW_NET_UNIX, 0, "/run/example", 0, 0); }
static void set_many_ports(attempt *a) { net_rule(a, KW_NET_PORTS, 0, "", 1, 65000); }

static void set_exception(attempt *a)
{
    a->policy.flags |= KW_POLICY_ALLOW_NETWORK;
    net_rule(a, KW_NET_PORTS, 1, "", 25, 25);
}

static void set_exception_of_paths(attempt *a)
{
    path_rule(a, "/", KW_ACCESS_READ, 1);
    path_rule(a, "/home/", KW_ACCESS_NONE, 0);
}

static void set_exception_of_libraries(attempt *a) { path_rule(a, "/usr/share", KW_ACCESS_NONE, 0); }

static void set_kept_namespace(attempt *a)
{
    a->policy.isolate = KW_ISOLATE_PID;
    a->policy.background = KW_BACKGROUND_KEEP;
}

/* What is not enforced is said with every run, and refuses one that requires it. */
static void fields_without_enforcement_are_said(void)
{
    static const struct {
        const char *name;
        void (*set)(attempt *a);
    } cases[] = { { "diskWrite", set_disk_write }, { "net", set_domain }, { "net", set_unix }, { "net", set_many_ports },
                  { "net", set_exception }, { "paths", set_exception_of_paths }, { "paths", set_exception_of_libraries },
                  { "background", set_kept_namespace } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        attempt *a = attempt_make("true");
        allow(a, "true");
        cases[i].set(a);
        const kw_run_out *out = execute(a);
        CHECK(out->end == KW_END_EXITED && enforced(out, cases[i].name) == KW_ENFORCED_NO);
        attempt_end(a);
        a = attempt_make("true");
        allow(a, "true");
        cases[i].set(a);
        a->policy.flags |= KW_POLICY_REQUIRE_ENFORCED;
        out = execute(a);
        CHECK(out->end == KW_END_DENIED && text_has(out->detail, cases[i].name));
        attempt_end(a);
    }
}

/* ---- approval ------------------------------------------------------------------------------------------- */

static uint32_t approval_verdict(const char *line, const char *allowed, uint32_t mode, uint64_t flags, uint64_t ask)
{
    attempt *a = attempt_make(line);
    if (allowed != NULL)
        allow(a, allowed);
    a->policy.approval = mode;
    a->policy.flags |= flags;
    a->in.flags = ask;
    const kw_decision *d = evaluate(a);
    CHECK(d->reason.len > 0);
    uint32_t verdict = d->verdict;
    attempt_end(a);
    return verdict;
}

static void approval_modes_decide_who_is_asked(void)
{
    static const struct {
        const char *line, *allowed;
        uint32_t mode;
        uint64_t ask;
        uint32_t alone, interactive, automatic; /* verdicts */
    } cases[] = {
        { "ls", "ls", KW_APPROVAL_NEVER, 0, 1, 1, 1 },
        { "ls", "ls", KW_APPROVAL_NEVER, KW_RUN_ASK, 1, 1, 1 },
        { "rm x", "rm", KW_APPROVAL_NEVER, 0, 1, 1, 1 },
        { "ls", NULL, KW_APPROVAL_NEVER, 0, 0, 0, 0 },
        { "ls", "ls", KW_APPROVAL_ON_REQUEST, 0, 1, 1, 1 },
        { "ls", "ls", KW_APPROVAL_ON_REQUEST, KW_RUN_ASK, 0, 2, 1 },
        { "ls", NULL, KW_APPROVAL_ON_REQUEST, KW_RUN_ASK, 0, 0, 0 },
        { "rm x", "rm", KW_APPROVAL_ON_REQUEST, 0, 0, 2, 1 },
        { "ls", "ls", KW_APPROVAL_UNTRUSTED, 0, 1, 1, 1 },
        { "ls", NULL, KW_APPROVAL_UNTRUSTED, 0, 0, 2, 1 },
        { "rm x", "rm", KW_APPROVAL_UNTRUSTED, 0, 0, 2, 1 },
        { "sudo -u me rm x", "sudo", KW_APPROVAL_UNTRUSTED, 0, 0, 2, 1 },
        { "git reset --hard", "git", KW_APPROVAL_UNTRUSTED, 0, 0, 2, 1 },
        { "git reset", "git", KW_APPROVAL_UNTRUSTED, 0, 1, 1, 1 },
        { "dd if=a of=b", "dd", KW_APPROVAL_UNTRUSTED, 0, 0, 2, 1 },
        { "/sbin/mkfs.ext4 x", "/sbin/mkfs.ext4", KW_APPROVAL_UNTRUSTED, 0, 0, 2, 1 },
        { "curl x", NULL, KW_APPROVAL_UNTRUSTED, 0, 0, 0, 0 }, /* the network is not allowed */
        { "curl x", "curl", KW_APPROVAL_UNTRUSTED, 0, 1, 1, 1 },
        { "ls", "ls", KW_APPROVAL_ALWAYS, 0, 0, 2, 1 },
        { "ls", NULL, KW_APPROVAL_ALWAYS, 0, 0, 0, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *line = cases[i].line, *allowed = cases[i].allowed;
        unsigned long before = test_failed;
        CHECK(approval_verdict(line, allowed, cases[i].mode, 0, cases[i].ask) == cases[i].alone);
        CHECK(approval_verdict(line, allowed, cases[i].mode, KW_POLICY_INTERACTIVE, cases[i].ask) == cases[i].interactive);
        CHECK(approval_verdict(line, allowed, cases[i].mode, KW_POLICY_AUTO_APPROVE, cases[i].ask) == cases[i].automatic);
        if (test_failed != before)
            printf("  in case %zu: %s\n", i, line);
    }
    /* The caller knows better than the table. */
    attempt *a = attempt_make("ls");
    allow(a, "ls");
    a->policy.approval = KW_APPROVAL_UNTRUSTED;
    a->policy.flags |= KW_POLICY_INTERACTIVE;
    a->in.classification = KW_CLASS_DESTRUCTIVE;
    a->in.reason = kw_string("tidying up");
    const kw_decision *d = evaluate(a);
    CHECK(d->verdict == KW_DECISION_CONFIRM && text_has(d->reason, "`ls`") && text_has(d->reason, "tidying up"));
    CHECK(text_is(d->rule, "ls"));
    attempt_end(a);
    a = attempt_make("rm x");
    allow(a, "rm");
    a->policy.approval = KW_APPROVAL_UNTRUSTED;
    a->in.classification = KW_CLASS_BUILD;
    CHECK(evaluate(a)->verdict == KW_DECISION_ALLOW);
    attempt_end(a);
}

static void deny_rules_reach_behind_programs_that_run_others(void)
{
    verdict_of("env A=1 rm x", "env", "rm", KW_DECISION_DENY);
    verdict_of("sudo -u root -- rm x", "sudo", "rm", KW_DECISION_DENY);
    verdict_of("sudo /bin/rm x", "sudo", "rm", KW_DECISION_DENY);
    verdict_of("xargs -n 1 git push", "xargs", "git push", KW_DECISION_DENY);
    verdict_of("nohup env time rm x", "nohup", "rm", KW_DECISION_DENY);
    verdict_of("find . -exec rm {} +", "find", "rm", KW_DECISION_DENY);
    verdict_of("find . -name rm", "find", "rm", KW_DECISION_ALLOW);
    verdict_of("/usr/bin/sudo rm", "/usr/bin/sudo", "rm", KW_DECISION_DENY);
    verdict_of("/bin/rm x", "/bin/rm", "rm", KW_DECISION_DENY);
    verdict_of("echo rm", "echo", "rm", KW_DECISION_ALLOW);
    verdict_of("env git status", "env", "git push", KW_DECISION_ALLOW);
}

static void every_field_is_reported(void)
{
    static const struct {
        const char *name;
        int enforced; /* -1: depends on the user */
    } names[] = { { "enabled", 1 },     { "allow", 1 },     { "deny", 1 },        { "denyPatterns", 1 }, { "shell", 1 },     { "env", 1 },
                  { "network", 1 },     { "net", -1 },      { "paths", -1 },      { "toolLimits", 1 }, { "wall", 1 },
                  { "cpu", 1 },         { "idle", 1 },      { "grace", 1 },       { "memory", 1 },    { "fileSize", 1 },
                  { "diskWrite", 0 },   { "openFiles", 1 }, { "processes", -1 },  { "stdoutBytes", 1 },
                  { "stderrBytes", 1 }, { "overflow", 1 },  { "headBytes", 1 },   { "tailBytes", 1 }, { "approval", 1 },
                  { "interactive", 1 }, { "autoApprove", 1 }, { "background", 1 }, { "pty", 1 },      { "user", -1 },
                  { "isolate", -1 },    { "seccomp", 1 } };
    test_call call;
    kw_none none = { .h = KW_HDR(kw_none) };
    test_call_begin(&call);
    CHECK(executor->enforceable(instance, &call.call, &none) == KW_OK);
    const kw_enforceable_out *out = call.reply;
    CHECK(out->fields.count == sizeof names / sizeof names[0]);
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        int found = 0;
        for (uint32_t i = 0; i < out->fields.count; i++) {
            const kw_enforcement *e = kw_at(out->fields, i);
            found += text_is(e->field, names[n].name) && e->how.len > 0
                && (names[n].enforced < 0 || (int)e->enforced == names[n].enforced);
        }
        CHECK(found == 1);
    }
    test_call_end(&call);
}

/* ---- malformed requests --------------------------------------------------------------------------------- */

static attempt *well_formed(void)
{
    attempt *a = attempt_make("true x");
    allow(a, "true");
    return a;
}

/* Refused with that status and a message that names the field; ends the attempt. */
static void refused(attempt *a, kw_status status, const char *field)
{
    execute(a);
    CHECK(a->status == status && a->out->end == 0);
    if (!CHECK(strstr(a->call.message, field) != NULL))
        printf("  \"%s\" does not name %s\n", a->call.message, field);
    attempt_end(a);
}

static kw_limits negative = { .h = KW_HDR(kw_limits), .idle_ns = -1 };

static void malformed_requests_are_refused(void)
{
    attempt *a = well_formed();
    a->in.policy.count = 0;
    refused(a, KW_INVALID_ARGUMENT, "policy");
    a = well_formed();
    a->policy.h.size += 8;
    a->policy.h.flags = KW_MUST;
    refused(a, KW_INVALID_ARGUMENT, "policy");
    a = attempt_make("");
    refused(a, KW_INVALID_ARGUMENT, "argv");
    a = well_formed();
    a->argv[1] = (kw_str) { "a\0b", 3 };
    refused(a, KW_INVALID_ARGUMENT, "argv[1]");
    a = well_formed();
    a->in.argv.ptr = NULL;
    refused(a, KW_INVALID_ARGUMENT, "argv");
    a = well_formed();
    a->in.cwd = kw_string("relative");
    refused(a, KW_INVALID_ARGUMENT, "cwd");
    a = well_formed();
    a->in.kind = 7;
    refused(a, KW_UNIMPLEMENTED, "kind");
    a = well_formed();
    a->in.classification = 8;
    refused(a, KW_UNIMPLEMENTED, "classification");
    a = well_formed();
    a->in.flags = 64;
    refused(a, KW_UNIMPLEMENTED, "flags");
    a = well_formed();
    a->in.flags = KW_RUN_KEEP_STDIN;
    refused(a, KW_INVALID_ARGUMENT, "session");
    a = well_formed();
    a->in.rows = 70000;
    refused(a, KW_INVALID_ARGUMENT, "rows");
    a = well_formed();
    a->in.input = (kw_bytes) { NULL, 4 };
    refused(a, KW_INVALID_ARGUMENT, "input");
    a = attempt_text("");
    refused(a, KW_INVALID_ARGUMENT, "command");
}

static void malformed_policies_are_refused(void)
{
    attempt *a = well_formed();
    a->limits.wall_ns = -1;
    refused(a, KW_INVALID_ARGUMENT, "policy.limits has a negative duration (wall_ns)");
    a = well_formed();
    a->policy.limits.count = 2;
    refused(a, KW_INVALID_ARGUMENT, "policy.limits");
    a = well_formed();
    a->allow_words[0][0] = (kw_str) { "tr\0e", 4 };
    refused(a, KW_INVALID_ARGUMENT, "policy.allow[0].prefix[0]");
    a = well_formed();
    a->policy.deny = kw_span_of(a->deny, 5000, sizeof a->deny[0]);
    refused(a, KW_INVALID_ARGUMENT, "policy.deny has 5000");
    const struct {
        size_t offset, size;
        const char *field;
    } numbers[] = {
        { offsetof(kw_policy, flags), 8, "policy.flags" },
        { offsetof(kw_policy, overflow), 4, "policy.overflow" },
        { offsetof(kw_policy, env_inherit), 4, "policy.env_inherit" },
        { offsetof(kw_policy, approval), 4, "policy.approval" },
        { offsetof(kw_policy, background), 4, "policy.background" },
        { offsetof(kw_policy, isolate), 8, "policy.isolate" },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uint64_t strange = 0x10001;
        a = well_formed();
        memcpy((char *)&a->policy + numbers[i].offset, &strange, numbers[i].size);
        refused(a, KW_UNIMPLEMENTED, numbers[i].field);
    }
    a = well_formed();
    a->policy.user = 1;
    refused(a, KW_INVALID_ARGUMENT, "policy.user");
    a = well_formed();
    a->policy.seccomp = kw_string("strict");
    refused(a, KW_INVALID_ARGUMENT, "policy.seccomp");
    a = well_formed();
    a->env_set[0] = (kw_pair) { .h = KW_HDR(kw_pair), .key = KW_STR("A=B"), .value = KW_STR("x") };
    a->policy.env_set = kw_span_of(a->env_set, 1, sizeof a->env_set[0]);
    refused(a, KW_INVALID_ARGUMENT, "policy.env_set[0]");
    a = well_formed();
    a->paths[0] = (kw_path_rule) { .h = KW_HDR(kw_path_rule), .path = KW_STR("relative"), .access = KW_ACCESS_READ };
    a->policy.paths = kw_span_of(a->paths, 1, sizeof a->paths[0]);
    refused(a, KW_INVALID_ARGUMENT, "policy.paths[0].path");
    a = well_formed();
    a->paths[0] = (kw_path_rule) { .h = KW_HDR(kw_path_rule), .path = KW_STR("/"), .access = 9 };
    a->in.extra_paths = kw_span_of(a->paths, 1, sizeof a->paths[0]);
    refused(a, KW_UNIMPLEMENTED, "extra_paths[0]");

    kw_net_rule net = { .h = KW_HDR(kw_net_rule), .kind = KW_NET_PORTS, .first_port = 9, .last_port = 2 };
    a = well_formed();
    a->policy.net = kw_span_of(&net, 1, sizeof net);
    refused(a, KW_INVALID_ARGUMENT, "policy.net[0]");
    a = well_formed();
    a->in.extra_net = kw_span_of(&net, 1, sizeof net);
    refused(a, KW_INVALID_ARGUMENT, "extra_net[0]");
    a = well_formed();
    a->policy.deny_patterns = kw_span_of(a->deny, 5000, sizeof a->deny[0]);
    refused(a, KW_INVALID_ARGUMENT, "policy.deny_patterns has 5000");
    kw_str prefix = KW_STR("true");
    kw_tool_limits tool = { .h = KW_HDR(kw_tool_limits), .prefix = kw_span_of(&prefix, 1, sizeof prefix),
                            .limits = kw_span_of(&negative, 1, sizeof negative) };
    a = well_formed();
    a->policy.tool_limits = kw_span_of(&tool, 1, sizeof tool);
    refused(a, KW_INVALID_ARGUMENT, "policy.tool_limits[0].limits has a negative duration (idle_ns)");
    a = well_formed();
    a->limits.stdout_bytes = 100;
    a->policy.head_bytes = a->policy.tail_bytes = 51;
    refused(a, KW_INVALID_ARGUMENT, "policy.head_bytes");
}

/* A host of an older SDK writes shorter structs; what it did not write counts as not set. */
static void a_shorter_policy_is_read_as_far_as_it_goes(void)
{
    attempt *a = attempt_make("true");
    allow(a, "true");
    a->policy.h.size = (uint32_t)offsetof(kw_policy, overflow);
    a->policy.limits = kw_span_of(&negative, 1, sizeof negative); /* beyond the size: must not be looked at */
    CHECK(evaluate(a)->verdict == KW_DECISION_ALLOW);
    attempt_end(a);
}

int main(void)
{
    const kw_plugin *other;
    start();
    CHECK(kw_plugin_entry_1(&host.host, 2, &other) == KW_SDK_MISMATCH);
    rules_compare_whole_words();
    a_deny_pattern_is_looked_for_among_all_words();
    a_policy_that_is_not_enabled_runs_nothing();
    a_shell_needs_the_flag_and_a_rule();
    required_enforcement_refuses_what_is_not_enforced();
    every_field_is_reported();
    fields_without_enforcement_are_said();
    approval_modes_decide_who_is_asked();
    deny_rules_reach_behind_programs_that_run_others();
    malformed_requests_are_refused();
    malformed_policies_are_refused();
    a_shorter_policy_is_read_as_far_as_it_goes();
    return finish();
}
