/* Limits: every one has a program that tries to get past it. No time is asserted, only how things end. */
#define _GNU_SOURCE
#include "behaviour.h"

static void time_limits_end_the_program(void)
{
    attempt *a = attempt_self("sleep");
    a->limits.wall_ns = 100000000;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_TIMEOUT && out->signal == SIGTERM && out->exit_code == -1);
    CHECK(enforced(out, "wall") == KW_ENFORCED_YES && violated(out, "wall"));
    attempt_end(a);

    a = attempt_self("ignore-term");
    a->limits.idle_ns = 1000000000; /* long enough for it to have begun to ignore SIGTERM */
    out = execute(a);
    CHECK(out->end == KW_END_IDLE && out->signal == SIGKILL);
    CHECK(enforced(out, "idle") == KW_ENFORCED_YES && enforced(out, "grace") == KW_ENFORCED_YES);
    CHECK(violated(out, "idle"));
    attempt_end(a);

    a = attempt_self("ignore-term");
    a->call.call.deadline_ns = test_now_ns() + 100000000;
    a->limits.grace_ns = INT64_C(3600000000000);
    out = execute(a);
    CHECK(out->end == KW_END_TIMEOUT && out->signal == SIGKILL && violated(out, "deadline"));
    attempt_end(a);

    a = attempt_self("burn");
    a->limits.cpu_ns = 1000000000;
    out = execute(a);
    CHECK(out->end == KW_END_CPU && out->cpu_ns >= 900000000);
    CHECK(enforced(out, "cpu") == KW_ENFORCED_YES && violated(out, "cpu"));
    attempt_end(a);
}

static void resource_limits_hold(void)
{
    attempt *a;
    const kw_run_out *out;
#if !defined(SANITIZED)
    /* Under AddressSanitizer the program reserves terabytes of address space, and could not even start. */
    a = attempt_self("allocate");
    a->limits.memory = 256 << 20;
    out = execute(a);
    CHECK(out->end == KW_END_MEMORY && out->signal == SIGABRT && out->max_rss <= 256 << 20);
    CHECK(enforced(out, "memory") == KW_ENFORCED_YES && violated(out, "memory"));
    attempt_end(a);
#endif

    a = attempt_self("write");
    char folder[PATH_MAX];
    test_folder_make(folder, sizeof folder);
    a->in.cwd = kw_string(folder);
    a->limits.file_size = 1 << 20;
    out = execute(a);
    CHECK(out->end == KW_END_SIGNALLED && out->signal == SIGXFSZ);
    CHECK(enforced(out, "fileSize") == KW_ENFORCED_YES && violated(out, "fileSize"));
    attempt_end(a);
    test_folder_remove(folder);

    a = attempt_self("open");
    a->limits.open_files = 16;
    out = execute(a);
    CHECK(out->end == KW_END_EXITED && stdout_has(a, "13 24")); /* 16 less the standard three; EMFILE */
    CHECK(enforced(out, "openFiles") == KW_ENFORCED_YES);
    attempt_end(a);

    a = attempt_self("fork");
    a->limits.processes = 1;
    out = execute(a);
    CHECK(out->end == KW_END_EXITED);
    if (getuid() == 0)
        CHECK(enforced(out, "processes") == KW_ENFORCED_NO && stdout_has(a, "forked"));
    else
        CHECK(enforced(out, "processes") == KW_ENFORCED_YES && stdout_has(a, "refused"));
    attempt_end(a);
}

static void output_limits_hold(void)
{
    attempt *a = attempt_self("flood");
    a->limits.stdout_bytes = 1000;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->exit_code == 0 && out->truncated == 1);
    CHECK(out->stdout_bytes == UINT64_C(1600) * 65536 && a->call.out.total == 1000);
    CHECK(enforced(out, "stdoutBytes") == KW_ENFORCED_YES && violated(out, "stdoutBytes"));
    attempt_end(a);

    a = attempt_self("flood");
    a->limits.stdout_bytes = 1000;
    a->policy.overflow = KW_OVERFLOW_KILL;
    out = execute(a);
    CHECK(out->end == KW_END_OUTPUT && out->truncated == 1 && a->call.out.total == 1000);
    CHECK(out->stdout_bytes < UINT64_C(1600) * 65536 && enforced(out, "overflow") == KW_ENFORCED_YES);
    attempt_end(a);

    a = attempt_self("flood-error");
    a->limits.stderr_bytes = 10;
    out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->stderr_bytes == 65536 && a->call.err.total == 10);
    CHECK(enforced(out, "stderrBytes") == KW_ENFORCED_YES && violated(out, "stderrBytes"));
    attempt_end(a);
}

static void the_network_is_out_of_reach_unless_allowed(void)
{
    char expected[128];
    attempt *a = attempt_self("sockets");
    const kw_run_out *out = execute(a);
    CHECK(enforced(out, "network") == KW_ENFORCED_YES);
    snprintf(expected, sizeof expected, "%d:%d %d:%d %d:%d %d:%d %d:%d", AF_INET, EPERM, AF_INET6, EPERM, AF_NETLINK,
             EPERM, AF_PACKET, EPERM, AF_UNIX, EPERM);
    CHECK(stdout_has(a, expected));
    attempt_end(a);
    a = attempt_self("sockets");
    a->policy.flags |= KW_POLICY_ALLOW_NETWORK;
    out = execute(a);
    snprintf(expected, sizeof expected, "%d:0 ", AF_INET);
    CHECK(enforced(out, "network") == -1 && stdout_has(a, expected));
    attempt_end(a);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return behave(argv[1]);
    start();
    time_limits_end_the_program();
    resource_limits_hold();
    output_limits_hold();
    the_network_is_out_of_reach_unless_allowed();
    return finish();
}
