/* How runs end: by cancellation, in hosts that do what they like with children, and with nothing left behind. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/wait.h>

#include "behaviour.h"

static void cancel_when_it_speaks(test_call *call, const kw_event *event)
{
    if (event->kind == KW_EVENT_STDOUT)
        test_call_cancel(call);
}

static void *cancel_later(void *argument)
{
    test_call_cancel(argument);
    return NULL;
}

static void cancelling_ends_the_program(void)
{
    attempt *a = attempt_self("sleep");
    a->call.on_event = cancel_when_it_speaks;
    const kw_run_out *out = execute(a);
    CHECK(a->status == KW_OK && out->end == KW_END_CANCELLED && out->signal == SIGTERM);
    attempt_end(a);

    a = attempt_self("ignore-term");
    a->call.on_event = cancel_when_it_speaks;
    out = execute(a);
    CHECK(out->end == KW_END_CANCELLED && out->signal == SIGKILL);
    attempt_end(a);

    pthread_t thread;
    a = attempt_self("sleep");
    CHECK(pthread_create(&thread, NULL, cancel_later, &a->call) == 0);
    out = execute(a);
    CHECK(out->end == KW_END_CANCELLED); /* before the start or after it */
    pthread_join(thread, NULL);
    attempt_end(a);
}

static void a_consumer_that_is_behind_loses_nothing(void)
{
    attempt *a = attempt_self("flood");
    a->call.would_block = 500;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && a->call.out.total == UINT64_C(1600) * 65536 && out->truncated == 0);
    CHECK(a->call.would_block == 0 && a->call.wake == NULL);
    attempt_end(a);
}

static void many_runs_leave_nothing_behind(void)
{
    int before = open_descriptors();
    int ended = 0;
    for (int i = 0; i < 1000; i++) {
        attempt *a = attempt_make(i % 4 == 3 ? "no-such-program-anywhere" : "true");
        allow(a, i % 4 == 3 ? "no-such-program-anywhere" : "true");
        ended += execute(a)->end == (i % 4 == 3 ? KW_END_SPAWN_FAILED : KW_END_EXITED);
        attempt_end(a);
    }
    CHECK(ended == 1000);
    CHECK(open_descriptors() == before);
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void leave_children_alone(int signal)
{
    (void)signal;
}

static void *run_many(void *argument)
{
    int *wrong = argument;
    for (int i = 0; i < 40; i++) {
        char script[64];
        snprintf(script, sizeof script, "echo %d; exit %d", i, i);
        attempt *a = attempt_shell(script);
        const kw_run_out *out = execute(a);
        *wrong += out->end != KW_END_EXITED || out->exit_code != i || atoi(a->call.out.kept) != i;
        attempt_end(a);
    }
    return NULL;
}

static void runs_at_the_same_time_do_not_disturb_each_other(void)
{
    pthread_t threads[8];
    int wrong[8] = { 0 }, before = open_descriptors();
    for (int i = 0; i < 8; i++)
        CHECK(pthread_create(&threads[i], NULL, run_many, &wrong[i]) == 0);
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        CHECK(wrong[i] == 0);
    }
    CHECK(open_descriptors() == before);
}

/* A host may ignore SIGCHLD, or wait for every child: the program is not a child of its own. */
static void hosts_that_discard_children_still_learn_how_it_ended(void)
{
    struct sigaction usual, ways[3] = { { .sa_handler = SIG_IGN }, { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT },
                                        { .sa_handler = leave_children_alone, .sa_flags = SA_NOCLDWAIT | SA_RESTART } };
    int before = open_descriptors();
    for (size_t i = 0; i < 3; i++) {
        attempt *a = attempt_shell("exit 7");
        CHECK(sigaction(SIGCHLD, &ways[i], &usual) == 0);
        const kw_run_out *out = execute(a);
        CHECK(sigaction(SIGCHLD, &usual, NULL) == 0);
        CHECK(a->status == KW_OK && out->end == KW_END_EXITED && out->exit_code == 7);
        attempt_end(a);
    }
    CHECK(open_descriptors() == before);
}

static void *wait_for_children(void *stops)
{
    int taken = 0;
    while (__atomic_load_n((int *)stops, __ATOMIC_ACQUIRE) == 0)
        taken += waitpid(-1, NULL, WNOHANG) > 0;
    CHECK(taken == 0);
    return NULL;
}

static void a_host_that_waits_for_every_child_takes_nothing_away(void)
{
    pthread_t thread;
    int stops = 0;
    CHECK(pthread_create(&thread, NULL, wait_for_children, &stops) == 0);
    for (int i = 0; i < 20; i++) {
        attempt *a = attempt_shell("exit 3");
        CHECK(execute(a)->exit_code == 3);
        attempt_end(a);
    }
    __atomic_store_n(&stops, 1, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return behave(argv[1]);
    start();
    cancelling_ends_the_program();
    a_consumer_that_is_behind_loses_nothing();
    many_runs_leave_nothing_behind();
    runs_at_the_same_time_do_not_disturb_each_other();
    hosts_that_discard_children_still_learn_how_it_ended();
    a_host_that_waits_for_every_child_takes_nothing_away();
    return finish();
}
