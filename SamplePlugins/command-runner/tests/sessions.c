/* Runs that go on being spoken to: input, signals, approval, terminals. Everything waits for events. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "fixture.h"

static kw_status send_with(kw_send_in in, char *message, size_t size)
{
    test_call call;
    test_call_begin(&call);
    in.h = (kw_hdr)KW_HDR(kw_send_in);
    kw_status status = executor->send(instance, &call.call, &in);
    CHECK((status == KW_OK) == (call.replies == 1));
    CHECK(status == KW_OK || call.message[0] != '\0');
    if (message != NULL)
        snprintf(message, size, "%s", call.message);
    test_call_end(&call);
    return status;
}

static kw_status say(const char *text, uint64_t what)
{
    return send_with((kw_send_in) { .session = KW_STR("s"), .what = what, .input = { text, strlen(text) } }, NULL, 0);
}

static attempt *attempt_session(const char *line, const char *rule, uint64_t flags)
{
    attempt *a = attempt_make(line);
    allow(a, rule);
    a->in.session = kw_string("s");
    a->in.flags = flags;
    return a;
}

/* ---- input and signals ---------------------------------------------------------------------------------- */

static void converse(test_call *call, const kw_event *event)
{
    if (event->kind == KW_EVENT_PROCESS) {
        const kw_process *process = event->payload.ptr;
        CHECK(event->payload.count == 1 && process->pid > 0 && text_is(process->session, "s"));
        CHECK(kill((pid_t)process->pid, 0) == 0);
        CHECK(say("two\n", KW_SEND_INPUT) == KW_OK);
    } else if (event->kind == KW_EVENT_STDOUT && call->out.total == 8) {
        CHECK(say("three", KW_SEND_INPUT | KW_SEND_END_INPUT) == KW_OK);
        CHECK(say("more", KW_SEND_INPUT) == KW_FAILED_PRECONDITION);
    }
}

static void input_goes_on_while_the_program_runs(void)
{
    attempt *a = attempt_session("cat", "cat", KW_RUN_KEEP_STDIN);
    a->in.input = (kw_bytes) { "one\n", 4 };
    a->call.on_event = converse;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->exit_code == 0 && out->stdout_bytes == 13);
    CHECK(stdout_has(a, "one\ntwo\nthree"));
    attempt_end(a);
    CHECK(say("late", KW_SEND_INPUT) == KW_NOT_FOUND);
}

static void end_input_at_once(test_call *call, const kw_event *event)
{
    (void)call;
    if (event->kind == KW_EVENT_PROCESS)
        CHECK(say("", KW_SEND_END_INPUT) == KW_OK);
}

static void much_input_arrives_whole(void)
{
    size_t size = 12 << 20; /* more than send() takes at once, and than any pipe holds */
    char *input = malloc(size);
    for (size_t i = 0; i < size; i++)
        input[i] = (char)('a' + i % 26);
    attempt *a = attempt_session("cat", "cat", KW_RUN_KEEP_STDIN);
    a->in.input = (kw_bytes) { input, size };
    a->call.on_event = end_input_at_once;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && a->call.out.total == size);
    CHECK(memcmp(a->call.out.kept, input, a->call.out.kept_size) == 0);
    attempt_end(a);

    /* A program that does not read does not take the host down with SIGPIPE. */
    a = attempt_session("true", "true", KW_RUN_KEEP_STDIN);
    a->in.input = (kw_bytes) { input, size };
    out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->exit_code == 0);
    attempt_end(a);
    free(input);
}

static void send_a_signal(test_call *call, const kw_event *event)
{
    if (event->kind == KW_EVENT_STDOUT && call->out.total == strlen("ready\n"))
        CHECK(send_with((kw_send_in) { .session = KW_STR("s"), .what = KW_SEND_SIGNAL, .signal = SIGUSR1 }, NULL, 0)
              == KW_OK);
}

static void signals_reach_the_program(void)
{
    attempt *a = attempt_session("sh -c", "sh", 0);
    word(a, "trap 'echo got; exit 5' USR1; echo ready; sleep 60 & wait");
    a->call.on_event = send_a_signal;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->exit_code == 5 && stdout_has(a, "ready\ngot\n"));
    attempt_end(a);
}

static void speak_wrongly(test_call *call, const kw_event *event)
{
    char message[1024];
    static char large[9 << 20];
    (void)call;
    if (event->kind != KW_EVENT_PROCESS)
        return;
    const struct {
        kw_send_in in;
        kw_status status;
        const char *says;
    } cases[] = {
        { { .session = KW_STR("other"), .what = KW_SEND_END_INPUT }, KW_NOT_FOUND, "session" },
        { { .what = KW_SEND_END_INPUT }, KW_NOT_FOUND, "session" },
        { { .session = KW_STR("s") }, KW_INVALID_ARGUMENT, "what" },
        { { .session = KW_STR("s"), .what = 64 }, KW_UNIMPLEMENTED, "what" },
        { { .session = KW_STR("s"), .what = KW_SEND_SIGNAL, .signal = 65 }, KW_INVALID_ARGUMENT, "signal" },
        { { .session = KW_STR("s"), .what = KW_SEND_RESIZE }, KW_INVALID_ARGUMENT, "rows" },
        { { .session = KW_STR("s"), .what = KW_SEND_RESIZE, .rows = 2, .columns = 2 }, KW_FAILED_PRECONDITION, "terminal" },
        { { .session = KW_STR("s"), .what = KW_SEND_INPUT, .input = { NULL, 3 } }, KW_INVALID_ARGUMENT, "input" },
        { { .session = KW_STR("s"), .what = KW_SEND_INPUT, .input = { large, sizeof large } }, KW_RESOURCE_EXHAUSTED,
          "bytes" },
        { { .session = KW_STR("s"), .what = KW_SEND_APPROVE, .approval = KW_STR("approval-1") }, KW_NOT_FOUND, "approval" },
        { { .session = KW_STR("s"), .what = KW_SEND_APPROVE | KW_SEND_REFUSE }, KW_INVALID_ARGUMENT, "both" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (!CHECK(send_with(cases[i].in, message, sizeof message) == cases[i].status
                   && strstr(message, cases[i].says) != NULL))
            printf("  case %zu says: %s\n", i, message);
    attempt *second = attempt_session("true", "true", 0);
    execute(second);
    CHECK(second->status == KW_ALREADY_EXISTS);
    attempt_end(second);
    CHECK(say("", KW_SEND_END_INPUT) == KW_OK);
}

static void ignore_input(test_call *call, const kw_event *event)
{
    (void)call;
    if (event->kind == KW_EVENT_PROCESS)
        CHECK(say("x", KW_SEND_INPUT) == KW_FAILED_PRECONDITION);
}

static void what_cannot_be_sent_says_why(void)
{
    attempt *a = attempt_session("cat", "cat", KW_RUN_KEEP_STDIN);
    a->call.on_event = speak_wrongly;
    CHECK(execute(a)->end == KW_END_EXITED);
    attempt_end(a);
    a = attempt_session("true", "true", 0);
    a->call.on_event = ignore_input;
    CHECK(execute(a)->end == KW_END_EXITED);
    attempt_end(a);
}

/* ---- approval ------------------------------------------------------------------------------------------- */

typedef struct question {
    uint64_t answer;          /* KW_SEND_*; 0: cancel; UINT64_MAX: none */
    char witness[PATH_MAX];   /* must not be there yet */
    unsigned asked;
    char id[64];
} question;

static void answer_question(test_call *call, const kw_event *event)
{
    question *q = call->user;
    if (event->kind != KW_EVENT_APPROVAL)
        return;
    const kw_decision *d = event->payload.ptr;
    q->asked++;
    snprintf(q->id, sizeof q->id, "%.*s", (int)event->id.len, event->id.ptr);
    CHECK(event->payload.count == 1 && d->verdict == KW_DECISION_CONFIRM && text_has(d->reason, "touch"));
    CHECK(access(q->witness, F_OK) != 0);
    if (q->answer == UINT64_MAX)
        return;
    if (q->answer == 0) {
        test_call_cancel(call);
        return;
    }
    CHECK(send_with((kw_send_in) { .session = KW_STR("s"), .what = q->answer, .approval = KW_STR("approval-0") }, NULL, 0)
          == KW_NOT_FOUND);
    CHECK(send_with((kw_send_in) { .session = KW_STR("s"), .what = KW_SEND_SIGNAL, .signal = SIGTERM }, NULL, 0)
          == KW_FAILED_PRECONDITION);
    CHECK(send_with((kw_send_in) { .session = KW_STR("s"), .what = q->answer, .approval = event->id,
                                   .reason = KW_STR("not today") }, NULL, 0) == KW_OK);
}

static void approval_ends(uint64_t answer, uint64_t flags, int64_t deadline, uint32_t end, unsigned asked, const char *says)
{
    char folder[PATH_MAX / 2];
    question q = { .answer = answer };
    test_folder_make(folder, sizeof folder);
    snprintf(q.witness, sizeof q.witness, "%s/made", folder);
    attempt *a = attempt_session("touch", "touch", 0);
    word(a, q.witness);
    a->policy.approval = KW_APPROVAL_ALWAYS;
    a->policy.flags |= flags;
    a->call.user = &q;
    a->call.on_event = answer_question;
    if (deadline > 0)
        a->call.call.deadline_ns = test_now_ns() + deadline;
    const kw_run_out *out = execute(a);
    CHECK(a->status == KW_OK && out->end == end && q.asked == asked && text_has(out->detail, says));
    CHECK((access(q.witness, F_OK) == 0) == (end == KW_END_EXITED));
    CHECK(a->call.wake == NULL);
    attempt_end(a);
    CHECK(send_with((kw_send_in) { .session = KW_STR("s"), .what = KW_SEND_APPROVE, .approval = kw_string(q.id) }, NULL, 0)
          == KW_NOT_FOUND);
    test_folder_remove(folder);
}

static void nothing_runs_before_it_is_approved(void)
{
    approval_ends(KW_SEND_APPROVE, KW_POLICY_INTERACTIVE, 0, KW_END_EXITED, 1, "");
    approval_ends(KW_SEND_REFUSE, KW_POLICY_INTERACTIVE, 0, KW_END_DENIED, 1, "not today");
    approval_ends(0, KW_POLICY_INTERACTIVE, 0, KW_END_CANCELLED, 1, "approval");
    approval_ends(UINT64_MAX, KW_POLICY_INTERACTIVE, 50000000, KW_END_TIMEOUT, 1, "deadline");
    approval_ends(KW_SEND_APPROVE, 0, 0, KW_END_DENIED, 0, "not interactive");
    approval_ends(KW_SEND_APPROVE, KW_POLICY_AUTO_APPROVE, 0, KW_END_EXITED, 0, "");

    attempt *a = attempt_make("true");
    allow(a, "true");
    a->policy.approval = KW_APPROVAL_ALWAYS;
    a->policy.flags |= KW_POLICY_INTERACTIVE;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_DENIED && text_has(out->detail, "session"));
    attempt_end(a);
}

static void a_question_waits_for_a_consumer_that_is_behind(void)
{
    question q = { .answer = KW_SEND_REFUSE, .witness = "/does/not/exist" };
    attempt *a = attempt_session("touch x", "touch", 0);
    a->policy.approval = KW_APPROVAL_ALWAYS;
    a->policy.flags |= KW_POLICY_INTERACTIVE;
    a->call.user = &q;
    a->call.on_event = answer_question;
    a->call.would_block = 5;
    CHECK(execute(a)->end == KW_END_DENIED && q.asked == 1 && a->call.would_block == 0);
    attempt_end(a);
}

/* ---- terminals ------------------------------------------------------------------------------------------ */

static volatile sig_atomic_t resized;

static void on_resize(int signal)
{
    (void)signal;
    resized = 1;
}

/* The program under test: says the size of its terminal, now and when it changes. */
static int show_size(void)
{
    struct sigaction action = { .sa_handler = on_resize };
    sigset_t block, before;
    struct winsize size;
    sigemptyset(&block);
    sigaddset(&block, SIGWINCH);
    sigprocmask(SIG_BLOCK, &block, &before);
    sigaction(SIGWINCH, &action, NULL);
    if (ioctl(0, TIOCGWINSZ, &size) != 0 || tcgetpgrp(0) != getpgrp())
        return 9;
    printf("%ux%u;", size.ws_row, size.ws_col);
    fflush(stdout);
    while (!resized)
        sigsuspend(&before);
    (void)ioctl(1, TIOCGWINSZ, &size);
    printf("%ux%u;", size.ws_row, size.ws_col);
    return 0;
}

static void resize_once(test_call *call, const kw_event *event)
{
    if (event->kind == KW_EVENT_STDOUT && call->out.total == 6)
        CHECK(send_with((kw_send_in) { .session = KW_STR("s"), .what = KW_SEND_RESIZE, .rows = 50, .columns = 132 }, NULL, 0)
              == KW_OK);
}

static void a_terminal_is_one(void)
{
    attempt *a = attempt_session(self_path, self_path, 0);
    word(a, "size");
    a->policy.flags |= KW_POLICY_PTY | KW_POLICY_REQUIRE_ENFORCED;
    a->in.rows = 10;
    a->in.columns = 20;
    a->call.on_event = resize_once;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->exit_code == 0 && stdout_has(a, "10x20;50x132;"));
    CHECK(enforced(out, "pty") == KW_ENFORCED_YES && out->stderr_bytes == 0);
    attempt_end(a);

    a = attempt_shell("tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo all >&2");
    a->policy.flags |= KW_POLICY_PTY;
    out = execute(a);
    CHECK(out->end == KW_END_EXITED && stdout_has(a, "/dev/pts/") && stdout_has(a, "24 80\r\nall\r\n"));
    attempt_end(a);

    a = attempt_shell("stty -echo; cat");
    a->policy.flags |= KW_POLICY_PTY;
    a->in.input = (kw_bytes) { "unfinished line", 15 };
    out = execute(a);
    CHECK(out->end == KW_END_EXITED && stdout_has(a, "unfinished line"));
    attempt_end(a);

    a = attempt_shell("tty");
    out = execute(a);
    CHECK(out->exit_code == 1 && stdout_has(a, "not a tty"));
    attempt_end(a);
}

static void much_output_comes_through_a_terminal(void)
{
    attempt *a = attempt_make("seq 1 100000");
    allow(a, "seq");
    a->policy.flags |= KW_POLICY_PTY;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->stdout_bytes == 588895 + 100000); /* each line end is two bytes there */
    attempt_end(a);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return strcmp(argv[1], "size") == 0 ? show_size() : 99;
    start();
    input_goes_on_while_the_program_runs();
    much_input_arrives_whole();
    signals_reach_the_program();
    what_cannot_be_sent_says_why();
    nothing_runs_before_it_is_approved();
    a_question_waits_for_a_consumer_that_is_behind();
    a_terminal_is_one();
    much_output_comes_through_a_terminal();
    return finish();
}
