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
    CHECK(shell_verdict(KW_POLICY_ALLOW_SHELL, "echo", NULL) == KW_DECISION_DENY);
    CHECK(shell_verdict(KW_POLICY_ALLOW_SHELL, "sh", NULL) == KW_DECISION_ALLOW);
    CHECK(shell_verdict(KW_POLICY_ALLOW_SHELL, "sh", "sh -c") == KW_DECISION_DENY);
}

static void required_enforcement_refuses_what_is_not_enforced(void)
{
    attempt *a = attempt_make("true");
    allow(a, "true");
    a->policy.flags |= KW_POLICY_REQUIRE_ENFORCED;
    a->paths[0] = (kw_path_rule) { .h = KW_HDR(kw_path_rule), .path = KW_STR("/"), .access = KW_ACCESS_READ };
    a->policy.paths = kw_span_of(a->paths, 1, sizeof a->paths[0]);
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_DENIED && text_has(out->detail, "paths"));
    CHECK(enforced(out, "paths") == KW_ENFORCED_NO);
    attempt_end(a);

    a = attempt_make("true");
    allow(a, "true");
    a->policy.flags |= KW_POLICY_REQUIRE_ENFORCED;
    a->policy.processes = 1000000;
    out = execute(a);
    int root = getuid() == 0;
    CHECK(enforced(out, "processes") == (root ? 0 : 1)); /* KW_ENFORCED_NO, KW_ENFORCED_YES */
    CHECK(root ? out->end == KW_END_DENIED && text_has(out->detail, "processes") : out->end == KW_END_EXITED);
    attempt_end(a);

    a = attempt_make("true");
    allow(a, "true");
    a->policy.flags |= KW_POLICY_REQUIRE_ENFORCED;
    a->policy.wall_ns = INT64_C(60000000000);
    out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->exit_code == 0);
    attempt_end(a);
}

static void every_field_is_reported(void)
{
    static const char *const names[] = { "enabled", "allow", "deny", "shell", "env", "network", "paths", "wall", "cpu",
                                         "idle", "grace", "memory", "fileSize", "openFiles", "processes",
                                         "stdoutBytes", "stderrBytes", "overflow" };
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
            found += text_is(e->field, names[n]) && e->how.len > 0;
        }
        CHECK(found == 1);
    }
    test_call_end(&call);
}

static void malformed_requests_are_refused(void)
{
    attempt *a = attempt_make("true");
    allow(a, "true");
    a->in.policy.count = 0;
    execute(a);
    CHECK(a->status == KW_INVALID_ARGUMENT && strstr(a->call.message, "policy") != NULL);
    attempt_end(a);

    a = attempt_make("");
    execute(a);
    CHECK(a->status == KW_INVALID_ARGUMENT);
    attempt_end(a);

    a = attempt_make("true x");
    allow(a, "true");
    a->argv[1] = (kw_str) { "a\0b", 3 };
    execute(a);
    CHECK(a->status == KW_INVALID_ARGUMENT);
    attempt_end(a);

    a = attempt_make("true");
    allow(a, "true");
    a->in.cwd = kw_string("relative");
    execute(a);
    CHECK(a->status == KW_INVALID_ARGUMENT);
    attempt_end(a);

    a = attempt_make("true");
    allow(a, "true");
    a->in.kind = 7;
    execute(a);
    CHECK(a->status == KW_INVALID_ARGUMENT);
    attempt_end(a);

    a = attempt_make("true");
    allow(a, "true");
    a->policy.wall_ns = -1;
    execute(a);
    CHECK(a->status == KW_INVALID_ARGUMENT);
    attempt_end(a);

    a = attempt_make("true");
    allow(a, "true");
    a->policy.h.size += 8;
    a->policy.h.flags = KW_MUST;
    execute(a);
    CHECK(a->status == KW_INVALID_ARGUMENT);
    attempt_end(a);
}

/* A host of an older SDK writes shorter structs; what it did not write counts as not set. */
static void a_shorter_policy_is_read_as_far_as_it_goes(void)
{
    attempt *a = attempt_make("true");
    allow(a, "true");
    a->policy.h.size = (uint32_t)offsetof(kw_policy, overflow);
    a->policy.wall_ns = -1; /* beyond the size: must not be looked at */
    CHECK(evaluate(a)->verdict == KW_DECISION_ALLOW);
    attempt_end(a);
}

int main(void)
{
    const kw_plugin *other;
    start();
    CHECK(kw_plugin_entry_1(&host.host, 2, &other) == KW_SDK_MISMATCH);
    rules_compare_whole_words();
    a_policy_that_is_not_enabled_runs_nothing();
    a_shell_needs_the_flag_and_a_rule();
    required_enforcement_refuses_what_is_not_enforced();
    every_field_is_reported();
    malformed_requests_are_refused();
    a_shorter_policy_is_read_as_far_as_it_goes();
    return finish();
}
