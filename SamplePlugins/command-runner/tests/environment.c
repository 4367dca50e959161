/* The environment of a run: the policy makes it, the request adds to it and cannot take it over. */
#define _GNU_SOURCE
#include "behaviour.h"

static void the_environment_is_the_policys(void)
{
    attempt *a = attempt_self("env");
    execute(a);
    CHECK(stdout_has(a, "PATH=") && !stdout_has(a, "KEYWAY_TEST_PLAIN") && !stdout_has(a, "KEYWAY_TEST_SECRET"));
    attempt_end(a);

    a = attempt_self("env");
    a->policy.env_inherit = KW_INHERIT_NONE;
    a->env_set[0] = (kw_pair) { .h = KW_HDR(kw_pair), .key = KW_STR("ONLY"), .value = KW_STR("this") };
    a->policy.env_set = kw_span_of(a->env_set, 1, sizeof a->env_set[0]);
    execute(a);
    CHECK(a->call.out.kept_size == strlen("ONLY=this\n") && stdout_has(a, "ONLY=this\n"));
    attempt_end(a);

    a = attempt_self("env");
    a->env_allow[0] = kw_string("KEYWAY_TEST_*");
    a->env_deny[0] = kw_string("*SECRET*");
    a->policy.env_allow = kw_span_of(a->env_allow, 1, sizeof(kw_str));
    a->policy.env_deny = kw_span_of(a->env_deny, 1, sizeof(kw_str));
    execute(a);
    CHECK(stdout_has(a, "KEYWAY_TEST_PLAIN=1\n") && !stdout_has(a, "KEYWAY_TEST_SECRET"));
    attempt_end(a);

    a = attempt_self("env");
    a->policy.env_inherit = KW_INHERIT_ALL;
    a->env_deny[0] = kw_string("*SECRET*");
    a->policy.env_deny = kw_span_of(a->env_deny, 1, sizeof(kw_str));
    execute(a);
    CHECK(stdout_has(a, "KEYWAY_TEST_PLAIN=1\n") && !stdout_has(a, "KEYWAY_TEST_SECRET"));
    attempt_end(a);
}

static void denying_a_variable_disregards_case_and_allowing_does_not(void)
{
    attempt *a = attempt_self("env");
    a->policy.env_inherit = KW_INHERIT_ALL;
    a->env_deny[0] = kw_string("keyway_*secret");
    a->env_deny[1] = kw_string("*TOKEN*");
    a->policy.env_deny = kw_span_of(a->env_deny, 2, sizeof(kw_str));
    a->env[0] = (kw_pair) { .h = KW_HDR(kw_pair), .key = KW_STR("My_Token"), .value = KW_STR("asked") };
    a->in.env = kw_span_of(a->env, 1, sizeof a->env[0]);
    const kw_run_out *out = execute(a);
    CHECK(stdout_has(a, "KEYWAY_TEST_PLAIN=1\n") && !stdout_has(a, "KEYWAY_TEST_SECRET"));
    CHECK(!stdout_has(a, "keyway_test_token") && !stdout_has(a, "My_Token") && violated(out, "env"));
    attempt_end(a);

    a = attempt_self("env");
    a->env_allow[0] = kw_string("keyway_test_*");
    a->policy.env_allow = kw_span_of(a->env_allow, 1, sizeof(kw_str));
    execute(a);
    CHECK(stdout_has(a, "keyway_test_token=3\n") && !stdout_has(a, "KEYWAY_TEST_"));
    attempt_end(a);
}

static void a_request_cannot_steer_which_program_runs(void)
{
    attempt *a = attempt_self("env");
    a->policy.env_inherit = KW_INHERIT_ALL;
    a->env[0] = (kw_pair) { .h = KW_HDR(kw_pair), .key = KW_STR("PATH"), .value = KW_STR("/evil") };
    a->env[1] = (kw_pair) { .h = KW_HDR(kw_pair), .key = KW_STR("LD_PRELOAD"), .value = KW_STR("/evil.so") };
    a->env[2] = (kw_pair) { .h = KW_HDR(kw_pair), .key = KW_STR("ASKED"), .value = KW_STR("for") };
    a->in.env = kw_span_of(a->env, 3, sizeof a->env[0]);
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && !stdout_has(a, "evil") && stdout_has(a, "ASKED=for\n"));
    CHECK(violated(out, "env"));
    attempt_end(a);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return behave(argv[1]);
    setenv("KEYWAY_TEST_PLAIN", "1", 1);
    setenv("KEYWAY_TEST_SECRET", "2", 1);
    setenv("keyway_test_token", "3", 1);
    start();
    the_environment_is_the_policys();
    denying_a_variable_disregards_case_and_allowing_does_not();
    a_request_cannot_steer_which_program_runs();
    return finish();
}
