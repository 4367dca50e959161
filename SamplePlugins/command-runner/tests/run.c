/* Runs: what reaches the program, what comes back, and as whom it runs. */
#define _GNU_SOURCE
#include <grp.h>

#include "behaviour.h"

static void output_and_exit_code_come_back(void)
{
    attempt *a = attempt_shell("echo out; echo err >&2; exit 7");
    const kw_run_out *out = execute(a);
    CHECK(a->status == KW_OK && out->end == KW_END_EXITED && out->exit_code == 7 && out->signal == 0);
    CHECK(a->call.out.kept_size == 4 && memcmp(a->call.out.kept, "out\n", 4) == 0);
    CHECK(a->call.err.kept_size == 4 && memcmp(a->call.err.kept, "err\n", 4) == 0);
    CHECK(out->stdout_bytes == 4 && out->stderr_bytes == 4 && out->truncated == 0 && out->duration_ns > 0);
    CHECK(enforced(out, "allow") == KW_ENFORCED_YES && enforced(out, "env") == KW_ENFORCED_YES);
    CHECK(enforced(out, "wall") == -1);
    attempt_end(a);

    a = attempt_shell("kill -USR1 $$");
    out = execute(a);
    CHECK(out->end == KW_END_SIGNALLED && out->signal == SIGUSR1 && out->exit_code == -1);
    attempt_end(a);
}

static void a_shell_command_runs_when_it_is_allowed(void)
{
    attempt *a = attempt_text("printf '%s' \"$((6 * 7))\" | tr 4 1; (echo two >&2) && echo three");
    allow(a, "printf");
    allow(a, "tr");
    allow(a, "echo");
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && stdout_has(a, "12three\n"));
    CHECK(a->call.err.kept_size == 4 && memcmp(a->call.err.kept, "two\n", 4) == 0);
    attempt_end(a);

    /* Nothing of it runs if one command may not. */
    a = attempt_text("echo one; id");
    allow(a, "echo");
    out = execute(a);
    CHECK(out->end == KW_END_DENIED && a->call.out.total == 0 && text_has(out->detail, "id"));
    attempt_end(a);
}

static void words_are_not_read_by_a_shell(void)
{
    attempt *a = attempt_make("echo $HOME;id");
    allow(a, "echo");
    execute(a);
    CHECK(stdout_has(a, "$HOME;id\n"));
    attempt_end(a);
}

static void input_reaches_the_program(void)
{
    size_t size = 3 << 20; /* more than any pipe holds */
    char *input = malloc(size);
    for (size_t i = 0; i < size; i++)
        input[i] = (char)('a' + i % 26);
    attempt *a = attempt_make("cat");
    allow(a, "cat");
    a->in.input = (kw_bytes) { input, size };
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->stdout_bytes == size && a->call.out.total == size);
    CHECK(memcmp(a->call.out.kept, input, a->call.out.kept_size) == 0);
    attempt_end(a);
    free(input);

    a = attempt_make("cat");
    allow(a, "cat");
    out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->stdout_bytes == 0);
    attempt_end(a);
}

static void the_program_starts_clean(void)
{
    sigset_t mask, before;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigprocmask(SIG_BLOCK, &mask, &before);
    signal(SIGPIPE, SIG_IGN);
    int leak = open("/dev/null", O_RDONLY); /* not close-on-exec, as in a careless host */
    attempt *a = attempt_self("state");
    execute(a);
    CHECK(stdout_has(a, "fds=3 blocked=0 pipe-ignored=0 leader=1"));
    attempt_end(a);
    close(leak);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void the_working_folder_is_checked_and_used(void)
{
    attempt *a = attempt_make("pwd");
    allow(a, "pwd");
    a->in.cwd = kw_string("/usr");
    execute(a);
    CHECK(stdout_has(a, "/usr\n"));
    attempt_end(a);
    a = attempt_make("pwd");
    allow(a, "pwd");
    a->in.cwd = kw_string("/does/not/exist");
    const kw_run_out *out = execute(a);
    CHECK(a->status == KW_OK && out->end == KW_END_SPAWN_FAILED && text_has(out->detail, "No such file"));
    attempt_end(a);
}

static void what_cannot_be_started_says_why(void)
{
    attempt *a = attempt_make("no-such-program-anywhere");
    allow(a, "no-such-program-anywhere");
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_SPAWN_FAILED && text_has(out->detail, "not found"));
    attempt_end(a);
    a = attempt_make("/etc/hostname");
    allow(a, "/etc/hostname");
    out = execute(a);
    CHECK(out->end == KW_END_SPAWN_FAILED && text_has(out->detail, "exec"));
    attempt_end(a);
    a = attempt_make("/");
    allow(a, "/");
    out = execute(a);
    CHECK(out->end == KW_END_SPAWN_FAILED && text_has(out->detail, "Permission denied"));
    attempt_end(a);
}

/* Only root may become somebody else, and then nothing of root is left. Whoever one is, one may stay. */
static void the_program_runs_as_the_user_that_was_asked_for(void)
{
    int root = getuid() == 0;
    gid_t groups[64], extra = 1;
    int count = getgroups(64, groups);
    CHECK(count >= 0 && (!root || setgroups(1, &extra) == 0)); /* one more that must not be handed on */
    for (int own = 0; own < 2; own++) {
        attempt *a = attempt_make("id");
        allow(a, "id");
        a->policy.flags |= KW_POLICY_USER_SET | KW_POLICY_REQUIRE_ENFORCED;
        a->policy.user = own ? getuid() : root ? 65534 : getuid() + 1;
        const kw_run_out *out = execute(a);
        if (root || own) {
            CHECK(out->end == KW_END_EXITED && enforced(out, "user") == KW_ENFORCED_YES);
            CHECK(own || stdout_has(a, "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)\n"));
        } else {
            CHECK(out->end == KW_END_DENIED && text_has(out->detail, "user") && enforced(out, "user") == KW_ENFORCED_NO);
        }
        attempt_end(a);
    }
    CHECK(!root || setgroups((size_t)count, groups) == 0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return behave(argv[1]);
    start();
    output_and_exit_code_come_back();
    a_shell_command_runs_when_it_is_allowed();
    words_are_not_read_by_a_shell();
    input_reaches_the_program();
    the_program_starts_clean();
    the_working_folder_is_checked_and_used();
    what_cannot_be_started_says_why();
    the_program_runs_as_the_user_that_was_asked_for();
    return finish();
}
