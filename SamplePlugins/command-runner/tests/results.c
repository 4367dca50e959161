/* What comes back: cut and spooled output, limits of single tools, processes left behind, the typed tool. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fixture.h"

/* ---- output --------------------------------------------------------------------------------------------- */

static void cut_output(const char *line, uint64_t limit, uint64_t head, uint64_t tail, const char *expected, uint32_t cut)
{
    attempt *a = attempt_make(line);
    allow(a, "seq");
    a->limits.stdout_bytes = limit;
    a->policy.head_bytes = head;
    a->policy.tail_bytes = tail;
    const kw_run_out *out = execute(a);
    kw_str got = { a->call.out.kept, a->call.out.kept_size };
    if (!CHECK(out->end == KW_END_EXITED && out->truncated == cut && text_is(got, expected)))
        printf("  %s, %d bytes: %.*s\n", line, (int)got.len, (int)got.len, got.ptr);
    CHECK(violated(out, "stdoutBytes") == (int)cut);
    attempt_end(a);
}

static void the_head_and_the_tail_of_long_output_are_kept(void)
{
    cut_output("seq 1 5", 10, 4, 2, "1\n2\n3\n4\n5\n", 0);    /* exactly the limit: all of it */
    cut_output("seq 1 6", 10, 4, 2, "1\n2\n6\n", 1);
    cut_output("seq 1 9", 10, 4, 6, "1\n2\n7\n8\n9\n", 1);
    cut_output("seq 1 9", 10, 4, 0, "1\n2\n", 1);
    cut_output("seq 1 9", 10, 0, 4, "8\n9\n", 1);
    cut_output("seq 1 9", 10, 0, 0, "1\n2\n3\n4\n5\n", 1);
    cut_output("seq 1 9", 10, 10, 0, "1\n2\n3\n4\n5\n", 1);
    cut_output("seq 1 4", 10, 0, 4, "1\n2\n3\n4\n", 0);
    cut_output("seq 1 100000", 10, 2, 7, "1\n100000\n", 1);
    cut_output("seq 1 4", 0, 2, 2, "1\n2\n3\n4\n", 0);        /* no limit: nothing is beyond it */
}

static size_t file_size(kw_str path, mode_t *mode)
{
    char copy[PATH_MAX];
    struct stat status = { .st_size = 0 };
    snprintf(copy, sizeof copy, "%.*s", (int)path.len, path.len > 0 ? path.ptr : "");
    CHECK(stat(copy, &status) == 0 && unlink(copy) == 0);
    *mode = status.st_mode & 0777;
    return (size_t)status.st_size;
}

static void spooled_output_is_whole_in_a_file(void)
{
    mode_t mode;
    attempt *a = attempt_shell("seq 1 100000; echo oops >&2");
    a->limits.stdout_bytes = 1000;
    a->policy.overflow = KW_OVERFLOW_SPOOL;
    a->policy.head_bytes = 10;
    a->policy.tail_bytes = 7;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->truncated == 1 && a->call.out.total == 17 && enforced(out, "overflow") == 1);
    CHECK(out->stdout_path.len > strlen(data_dir) && memcmp(out->stdout_path.ptr, data_dir, strlen(data_dir)) == 0);
    CHECK(file_size(out->stdout_path, &mode) == 588895 && mode == 0600);
    CHECK(file_size(out->stderr_path, &mode) == 5 && a->call.err.total == 5);
    attempt_end(a);

    /* A file is no way around fileSize. */
    a = attempt_make("seq 1 100000");
    allow(a, "seq");
    a->policy.overflow = KW_OVERFLOW_SPOOL;
    a->limits.file_size = 4096;
    out = execute(a);
    CHECK(out->end == KW_END_EXITED && violated(out, "spool") && out->stdout_bytes == 588895);
    CHECK(file_size(out->stdout_path, &mode) == 4096);
    (void)file_size(out->stderr_path, &mode);
    attempt_end(a);

    /* A run that did not start leaves no files. */
    a = attempt_make("no-such-program-anywhere");
    allow(a, "no-such-program-anywhere");
    a->policy.overflow = KW_OVERFLOW_SPOOL;
    out = execute(a);
    CHECK(out->end == KW_END_SPAWN_FAILED && out->stdout_path.len == 0 && rmdir(data_dir) == 0);
    CHECK(mkdir(data_dir, 0700) == 0);
    attempt_end(a);
}

static void spooling_needs_a_folder(void)
{
    test_call call;
    kw_none none = { .h = KW_HDR(kw_none) };
    kw_create_in in = { .h = KW_HDR(kw_create_in), .host = &host.host };
    kw_instance *usual = instance;
    test_call_begin(&call);
    CHECK(plugin->create(NULL, &call.call, &in) == KW_OK);
    instance = ((const kw_create_out *)call.reply)->instance;
    test_call_end(&call);
    attempt *a = attempt_make("true");
    allow(a, "true");
    a->policy.overflow = KW_OVERFLOW_SPOOL;
    execute(a);
    CHECK(a->status == KW_FAILED_PRECONDITION && strstr(a->call.message, "data_dir") != NULL);
    attempt_end(a);
    test_call_begin(&call);
    CHECK(plugin->destroy(instance, &call.call, &none) == KW_OK);
    test_call_end(&call);
    instance = usual;
}

/* ---- limits of single tools ------------------------------------------------------------------------------ */

static uint64_t passed_under_tool_limits(attempt *a)
{
    static const kw_str seq[] = { KW_STR("seq") }, seq_one[] = { KW_STR("seq"), KW_STR("1") };
    static const kw_limits two = { .h = KW_HDR(kw_limits), .stdout_bytes = 2 };
    static const kw_limits four = { .h = KW_HDR(kw_limits), .stdout_bytes = 4, .wall_ns = INT64_C(60000000000) };
    const kw_tool_limits list[] = {
        { .h = KW_HDR(kw_tool_limits), .prefix = KW_SPAN(seq_one), .limits = kw_span_of(&four, 1, sizeof four) },
        { .h = KW_HDR(kw_tool_limits), .prefix = KW_SPAN(seq), .limits = kw_span_of(&two, 1, sizeof two) },
    };
    allow(a, "seq");
    allow(a, "echo");
    a->limits.stdout_bytes = 6;
    a->policy.tool_limits = kw_span_of(list, 2, sizeof list[0]);
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && enforced(out, "toolLimits") == KW_ENFORCED_YES);
    uint64_t passed = a->call.out.total;
    attempt_end(a);
    return passed;
}

static void the_longest_prefix_gives_a_tool_its_limits(void)
{
    CHECK(passed_under_tool_limits(attempt_make("seq 1 9")) == 4);
    CHECK(passed_under_tool_limits(attempt_make("seq 2 9")) == 2);
    CHECK(passed_under_tool_limits(attempt_make("echo 123456789")) == 6);
    CHECK(passed_under_tool_limits(attempt_text("echo 123456789; seq 1 9")) == 4); /* the lowest of both */

    attempt *a = attempt_shell("echo ready; exec sleep 60");
    kw_str sh = KW_STR("sh");
    kw_limits brief = { .h = KW_HDR(kw_limits), .idle_ns = 100000000 };
    kw_tool_limits list = { .h = KW_HDR(kw_tool_limits), .prefix = kw_span_of(&sh, 1, sizeof sh),
                            .limits = kw_span_of(&brief, 1, sizeof brief) };
    a->policy.tool_limits = kw_span_of(&list, 1, sizeof list);
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_IDLE && enforced(out, "idle") == KW_ENFORCED_YES);
    attempt_end(a);
}

/* ---- processes left behind ------------------------------------------------------------------------------- */


static int is_running(pid_t pid)
{
    char path[64], text[256] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    size_t size = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    text[size] = '\0';
    const char *rest = strrchr(text, ')');
    return rest != NULL && rest[2] != 'Z';
}

/* Starts `sleep`s in a session of their own, below a parent that is gone, and waits on a pipe until they are there. */
static attempt *leave_behind(uint32_t background)
{
    attempt *a = attempt_shell("mkfifo \"$TMPDIR/f$$\"; (setsid sh -c 'echo $$ >\"$0\"; exec sleep 60' \"$TMPDIR/f$$\" "
                               "</dev/null >/dev/null 2>&1 &); read escaped <\"$TMPDIR/f$$\"; rm \"$TMPDIR/f$$\"; "
                               "sleep 60 & echo $escaped $!");
    a->policy.background = background;
    a->env_set[0] = (kw_pair) { .h = KW_HDR(kw_pair), .key = KW_STR("TMPDIR"), .value = kw_string(data_dir) };
    a->policy.env_set = kw_span_of(a->env_set, 1, sizeof a->env_set[0]);
    return a;
}

static int lists(const kw_run_out *out, int64_t pid)
{
    for (uint32_t i = 0; i < out->leftover.count; i++)
        if (*(const int64_t *)kw_at(out->leftover, i) == pid)
            return 1;
    return 0;
}

static void what_is_left_behind_is_ended_kept_or_reported(void)
{
    static const uint32_t ways[] = { KW_BACKGROUND_REAP, KW_BACKGROUND_KEEP, KW_BACKGROUND_DENY };
    for (size_t i = 0; i < 3; i++) {
        int escaped = 0, in_group = 0;
        attempt *a = leave_behind(ways[i]);
        const kw_run_out *out = execute(a);
        CHECK(sscanf(a->call.out.kept, "%d %d", &escaped, &in_group) == 2 && escaped > 1 && in_group > 1);
        int keeps = ways[i] == KW_BACKGROUND_KEEP, denies = ways[i] == KW_BACKGROUND_DENY;
        CHECK(out->end == (denies ? KW_END_DENIED : KW_END_EXITED) && out->exit_code == (denies ? -1 : 0));
        CHECK(is_running(escaped) == keeps && is_running(in_group) == keeps);
        CHECK(enforced(out, "background") == KW_ENFORCED_YES);
        CHECK(lists(out, escaped) == (keeps || denies) && lists(out, in_group) == (keeps || denies));
        CHECK(violated(out, "background") == denies && (!denies || text_has(out->detail, "left 2 processes")));
        if (keeps && escaped > 1 && in_group > 1) {
            kill(escaped, SIGKILL);
            kill(in_group, SIGKILL);
        }
        attempt_end(a);
    }
    attempt *a = attempt_make("true");
    allow(a, "true");
    a->policy.background = KW_BACKGROUND_DENY;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->leftover.count == 0);
    attempt_end(a);
}

static void a_pipe_that_is_held_open_does_not_hold_the_run(void)
{
    attempt *a = attempt_shell("setsid sleep 60 & echo done");
    a->policy.background = KW_BACKGROUND_KEEP;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->exit_code == 0 && stdout_has(a, "done\n") && out->leftover.count == 1);
    if (out->leftover.count == 1)
        kill((pid_t)*(const int64_t *)out->leftover.ptr, SIGKILL);
    attempt_end(a);
}

/* Stopped by a limit, so nothing is kept, whatever the policy says of what ends by itself. */
static void a_limit_ends_also_what_left_the_group(void)
{
    attempt *a = attempt_shell("setsid sh -c 'echo $$; exec sleep 60' & wait");
    a->policy.background = KW_BACKGROUND_KEEP;
    a->limits.idle_ns = 500000000;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_IDLE && atoi(a->call.out.kept) > 1 && !is_running(atoi(a->call.out.kept)));
    attempt_end(a);
}

/* The host dies without a word; what it started must not go on. */
static void a_program_ends_with_its_host(void)
{
    int pid = 0;
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/pid", data_dir);
    CHECK(mkfifo(path, 0600) == 0);
    pid_t other = fork();
    if (other == 0) {
        attempt *a = attempt_shell("echo $$ >\"$PIPE\"; exec sleep 60");
        a->env_set[0] = (kw_pair) { .h = KW_HDR(kw_pair), .key = KW_STR("PIPE"), .value = kw_string(path) };
        a->policy.env_set = kw_span_of(a->env_set, 1, sizeof a->env_set[0]);
        execute(a);
        _exit(0);
    }
    FILE *file = other > 0 ? fopen(path, "r") : NULL;
    CHECK(file != NULL && fscanf(file, "%d", &pid) == 1 && is_running(pid));
    if (file != NULL)
        fclose(file);
    int program = (int)syscall(SYS_pidfd_open, pid, 0);
    CHECK(program >= 0 && kill(other, SIGKILL) == 0 && waitpid(other, NULL, 0) == other);
    struct pollfd end = { .fd = program, .events = POLLIN };
    CHECK(poll(&end, 1, 30000) == 1);
    close(program);
    unlink(path);
}

/* ---- the typed tool -------------------------------------------------------------------------------------- */

static attempt *attempt_tool(const char *name, const char *arguments)
{
    attempt *a = attempt_make("");
    a->in.kind = KW_RUN_TOOL;
    a->in.tool = kw_string(name);
    a->in.arguments_json = kw_string(arguments);
    return a;
}

static void the_tool_is_described(void)
{
    test_call call;
    kw_none none = { .h = KW_HDR(kw_none) };
    test_call_begin(&call);
    CHECK(executor->tools(instance, &call.call, &none) == KW_OK);
    const kw_tools_out *out = call.reply;
    CHECK(out->tools.count == 1);
    const kw_tool_spec *spec = out->tools.ptr;
    CHECK(text_is(spec->name, "run_command") && text_has(spec->input_schema_json, "\"required\":[\"argv\"]"));
    CHECK(spec->description.len > 0 && text_has(spec->output_schema_json, "exitCode"));
    test_call_end(&call);
}

static kw_str part_text(const kw_run_out *out, uint32_t i)
{
    static const kw_str none = { NULL, 0 };
    return i < out->content.count ? ((const kw_part *)kw_at(out->content, i))->text : none;
}

static void the_tool_runs_under_the_policy(void)
{
    attempt *a = attempt_tool("run_command", " { \"argv\" : [ \"printf\", \"%s\\\\377\", \"a \\u00e4\\ud83d\\ude00\\n\\\"\" ] ,"
                              "\"cwd\":\"/usr\", \"reason\":\"to see\" } ");
    allow(a, "printf");
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->exit_code == 0 && out->content.count == 2);
    CHECK(text_is(part_text(out, 0), "exit code 0"));
    CHECK(text_is(part_text(out, 1), "a \xC3\xA4\xF0\x9F\x98\x80\n\"\xEF\xBF\xBD"));
    CHECK(text_is(out->structured_json, "{\"end\":\"exited\",\"exitCode\":0,\"signal\":null,\"stdout\":"
                  "\"a \xC3\xA4\xF0\x9F\x98\x80\\u000a\\\"\xEF\xBF\xBD\",\"stderr\":\"\",\"truncated\":false}"));
    CHECK(a->call.out.total == 11); /* streamed too, as it came */
    attempt_end(a);

    a = attempt_tool("run_command", "{\"argv\":[\"pwd\"],\"cwd\":\"/usr\"}");
    allow(a, "pwd");
    out = execute(a);
    CHECK(text_is(part_text(out, 1), "/usr\n"));
    attempt_end(a);

    a = attempt_tool("run_command", "{\"argv\":[\"rm\",\"-rf\",\"/\"]}");
    allow(a, "pwd");
    out = execute(a);
    CHECK(out->end == KW_END_DENIED && text_has(part_text(out, 0), "denied: no allow rule matches rm"));
    CHECK(((const kw_part *)out->content.ptr)->flags == KW_PART_DENIED);
    CHECK(text_has(out->structured_json, "\"end\":\"denied\",\"exitCode\":null"));
    attempt_end(a);

    a = attempt_tool("run_command", "{\"argv\":[\"sh\",\"-c\",\"echo bad >&2; exit 4\"]}");
    allow(a, "sh");
    out = execute(a);
    CHECK(out->exit_code == 4 && ((const kw_part *)out->content.ptr)->flags == KW_PART_ERROR);
    CHECK(text_is(part_text(out, 0), "exit code 4") && text_is(part_text(out, 1), "bad\n"));
    attempt_end(a);

    a = attempt_tool("run_command", "{\"argv\":[\"seq\",\"1\",\"100000\"]}");
    allow(a, "seq");
    out = execute(a);
    CHECK(part_text(out, 1).len == 32768 && text_has(out->structured_json, "\"truncated\":true") && out->truncated == 0);
    attempt_end(a);
}

static void wrong_arguments_say_where(void)
{
    static const struct {
        const char *name, *arguments;
        kw_status status;
        const char *says;
    } cases[] = {
        { "other", "{\"argv\":[\"ls\"]}", KW_NOT_FOUND, "run_command" },
        { "", "{\"argv\":[\"ls\"]}", KW_NOT_FOUND, "run_command" },
        { "run_command", "", KW_INVALID_ARGUMENT, "JSON object" },
        { "run_command", "[]", KW_INVALID_ARGUMENT, "JSON object" },
        { "run_command", "{}", KW_INVALID_ARGUMENT, "JSON object" },
        { "run_command", "{\"cwd\":\"/\"}", KW_INVALID_ARGUMENT, "/argv" },
        { "run_command", "{\"argv\":\"ls\"}", KW_INVALID_ARGUMENT, "/argv" },
        { "run_command", "{\"argv\":[]}", KW_INVALID_ARGUMENT, "/argv/0" },
        { "run_command", "{\"argv\":[\"\"]}", KW_INVALID_ARGUMENT, "/argv/0" },
        { "run_command", "{\"argv\":[\"ls\",1]}", KW_INVALID_ARGUMENT, "/argv/1" },
        { "run_command", "{\"argv\":[\"ls\",\"a\\u0000b\"]}", KW_INVALID_ARGUMENT, "/argv/1" },
        { "run_command", "{\"argv\":[\"ls\",\"\\ud800\"]}", KW_INVALID_ARGUMENT, "/argv/1" },
        { "run_command", "{\"argv\":[\"ls\",\"\xFF\"]}", KW_INVALID_ARGUMENT, "/argv/1" },
        { "run_command", "{\"argv\":[\"ls\"", KW_INVALID_ARGUMENT, "/argv" },
        { "run_command", "{\"argv\":[\"ls\"]", KW_INVALID_ARGUMENT, "nothing else" },
        { "run_command", "{\"argv\":[\"ls\"]} x", KW_INVALID_ARGUMENT, "nothing else" },
        { "run_command", "{\"argv\":[\"ls\"],\"argv\":[\"ls\"]}", KW_INVALID_ARGUMENT, "/argv" },
        { "run_command", "{\"argv\":[\"ls\"],\"shell\":\"x\"}", KW_INVALID_ARGUMENT, "shell" },
        { "run_command", "{\"argv\":[\"ls\"],\"cwd\":\"x\"}", KW_INVALID_ARGUMENT, "/cwd" },
        { "run_command", "{\"argv\":[\"ls\"],\"reason\":1}", KW_INVALID_ARGUMENT, "/reason" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        attempt *a = attempt_tool(cases[i].name, cases[i].arguments);
        allow(a, "ls");
        execute(a);
        if (!CHECK(a->status == cases[i].status && strstr(a->call.message, cases[i].says) != NULL))
            printf("  %s: %s\n", cases[i].arguments, a->call.message);
        attempt_end(a);
    }
    /* Cut at every byte. */
    static const char whole[] = "{\"argv\":[\"ls\",\"\\u00e4\\n\"],\"cwd\":\"/\",\"reason\":\"x\"}";
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        char *part = strndup(whole, size);
        attempt *a = attempt_tool("run_command", part);
        allow(a, "ls");
        (void)evaluate(a);
        CHECK(a->status == KW_INVALID_ARGUMENT);
        attempt_end(a);
        free(part);
    }
}

int main(void)
{
    start();
    the_head_and_the_tail_of_long_output_are_kept();
    spooled_output_is_whole_in_a_file();
    spooling_needs_a_folder();
    the_longest_prefix_gives_a_tool_its_limits();
    what_is_left_behind_is_ended_kept_or_reported();
    a_pipe_that_is_held_open_does_not_hold_the_run();
    a_limit_ends_also_what_left_the_group();
    a_program_ends_with_its_host();
    the_tool_is_described();
    the_tool_runs_under_the_policy();
    wrong_arguments_say_where();
    return finish();
}
