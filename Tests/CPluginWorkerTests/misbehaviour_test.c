/* A plugin that misbehaves: its call gets one error that says what happened, and nobody else notices. */
#define _GNU_SOURCE
#include "check.h"

#include <signal.h>

#define MS 1000000

typedef struct deed {
    const char *text;
    kww_limits limits;
    uint32_t fault;       /* KWW_FAULT_*, 0 = the status is the plugin's own */
    int32_t detail;       /* signal, exit status, KWW_KILL_*, or kw_status */
    uint32_t is_stack;
    int survives;         /* the worker answers the next call */
    const char *error;    /* part of what the caller reads, or NULL */
} deed;

static const deed deeds[] = {
    { "null", { 0 }, KWW_FAULT_CRASHED, SIGSEGV, 0, 0, NULL },
    { "abort", { 0 }, KWW_FAULT_CRASHED, SIGABRT, 0, 0, NULL },
    { "overflow", { 0 }, KWW_FAULT_CRASHED, SIGSEGV, 1, 0, NULL },
    { "raise 9", { 0 }, KWW_FAULT_CRASHED, SIGKILL, 0, 0, NULL },
    { "raise 11", { 0 }, KWW_FAULT_CRASHED, SIGSEGV, 0, 0, NULL },
    { "leave 0", { 0 }, KWW_FAULT_EXITED, 0, 0, 0, NULL },
    { "leave 7", { 0 }, KWW_FAULT_EXITED, 7, 0, 0, NULL },
    { "exit 0", { 0 }, KWW_FAULT_EXITED, 0, 0, 0, NULL },
    { "exit 3", { 0 }, KWW_FAULT_EXITED, 3, 0, 0, NULL },
    { "bad-pointer", { 0 }, KWW_FAULT_CRASHED, SIGSEGV, 0, 0, NULL },
    { "spin", { .wall_ns = 50 * MS, .grace_ns = 20 * MS }, KWW_FAULT_LIMIT, KWW_KILL_WALL, 0, 0, NULL },
    { "spin", { .cpu_ns = 50 * MS, .grace_ns = 20 * MS }, KWW_FAULT_LIMIT, KWW_KILL_CPU, 0, 0, NULL },
    { "sleep", { .wall_ns = 50 * MS, .grace_ns = 20 * MS }, KWW_FAULT_LIMIT, KWW_KILL_WALL, 0, 0, NULL },
    { "sleep", { .wall_ns = 20 * MS }, KWW_FAULT_LIMIT, KWW_KILL_WALL, 0, 0, NULL },
    { "raise 19", { .wall_ns = 50 * MS, .grace_ns = 20 * MS }, KWW_FAULT_LIMIT, KWW_KILL_WALL, 0, 0, NULL },
    { "obey", { .wall_ns = 20 * MS, .grace_ns = 60000ll * MS }, KWW_FAULT_LIMIT, KWW_KILL_WALL, 0, 1, NULL },
    { "twice", { 0 }, 0, KW_INTERNAL, 0, 1, NULL },
    { "nothing", { 0 }, 0, KW_INTERNAL, 0, 1, NULL },
    { "pending", { 0 }, 0, KW_INTERNAL, 0, 1, NULL },
    { "null-with-length", { 0 }, 0, KW_INTERNAL, 0, 1, NULL },
    { "status 0x4B570001", { 0 }, 0, KW_INTERNAL, 0, 1, NULL },
    { "status -5", { 0 }, 0, -5, 0, 1, NULL },
    { "unheard-of", { 0 }, 0, KW_INVALID_ARGUMENT, 0, 1, "there is no such deed" },
    { "large-reply 6000000", { 0 }, KWW_FAULT_TOO_LARGE, 0, 0, 1, NULL },
    { "close", { 0 }, 0, KW_OK, 0, 1, NULL },
    { "child stays", { 0 }, 0, KW_OK, 0, 1, NULL },
    { "child leaves", { 0 }, 0, KW_OK, 0, 1, NULL },
    { "print 100000", { 0 }, 0, KW_OK, 0, 1, NULL },
    { "log 100000", { 0 }, 0, KW_OK, 0, 1, NULL },
};

static void check_fault(const deed *deed, const outcome *outcome)
{
    const kww_fault *fault = &outcome->fault;
    CHECK_EQUAL(outcome->status, deed->fault != 0 ? KWW_FAULT : deed->detail);
    CHECK_EQUAL(fault->kind, deed->fault);
    switch (deed->fault) {
    case KWW_FAULT_CRASHED:
        CHECK_EQUAL(fault->signal, deed->detail);
        CHECK_EQUAL(fault->is_stack, deed->is_stack);
        CHECK_EQUAL(fault->is_memory, 0);
        break;
    case KWW_FAULT_EXITED:
        CHECK_EQUAL(fault->status, deed->detail);
        break;
    case KWW_FAULT_LIMIT:
        CHECK_EQUAL(fault->limit, deed->detail);
        CHECK_EQUAL(fault->value, deed->limits.wall_ns != 0 ? deed->limits.wall_ns : deed->limits.cpu_ns);
        break;
    case KWW_FAULT_TOO_LARGE:
        CHECK(fault->value > 0 && fault->text[0] != '\0');
        break;
    }
    if (deed->error != NULL)
        CHECK(strstr(outcome->error, deed->error) != NULL);
}

static void do_deed(zygote *zygote, const deed *deed, kww_remote *others, uint64_t other)
{
    possessions before = count_possessions(zygote);
    int failed = check_failed;
    served *served = start_instance(zygote, NULL);
    NEED(served != NULL);
    kww_remote *remote = remote_of(served, &deed->limits);
    event_log events = { 0 };
    question question = { .text = deed->text, .events = &events };
    outcome outcome;
    ask(remote, &question, &outcome);
    check_fault(deed, &outcome);
    if (deed->survives) {
        kww_facts facts;
        outcome = ask_text(remote, "answer");
        CHECK_EQUAL(outcome.status, KW_OK);
        kww_worker_facts(served->worker, &facts);
        CHECK_EQUAL(outcome.pid, facts.pid);
    } else {
        await_end(served);
        CHECK_EQUAL(ask_text(remote, "answer").fault.kind, KWW_FAULT_REFUSED);
    }
    free_remote(remote, served);
    end_worker_of(served);
    outcome = ask_text(others, "answer");
    CHECK_EQUAL(outcome.status, KW_OK);
    CHECK_EQUAL(outcome.pid, other);
    CHECK(is_settled(zygote, before));
    if (check_failed != failed)
        fprintf(stderr, "that was \"%s\"\n", deed->text);
}

/* A call in the same worker as one that crashes: it is lost, and not to blame. */
static void *ask_to_sleep(void *context)
{
    static _Thread_local outcome outcome;
    outcome = ask_text(context, "sleep");
    CHECK_EQUAL(outcome.status, KWW_FAULT);
    CHECK_EQUAL(outcome.fault.kind, KWW_FAULT_LOST);
    return NULL;
}

static void lose_neighbours(zygote *zygote)
{
    served *served = start_instance(zygote, &(recipe){ .lanes = 4 });
    NEED(served != NULL);
    kww_remote *remote = remote_of(served, NULL);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        NEED(pthread_create(&threads[i], NULL, ask_to_sleep, remote) == 0);
    kww_facts facts;
    do {
        outcome answer = ask_text(remote, "answer");
        CHECK_EQUAL(answer.status, KW_OK);
        kww_worker_facts(served->worker, &facts);
    } while (facts.busy < 3);
    CHECK_EQUAL(ask_text(remote, "abort").fault.signal, SIGABRT);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    free_remote(remote, served);
    end_worker_of(served);
}

/* Threads of a plugin that write all over W: whatever comes of its calls, its host bears it. */
static void bear_scribbling(zygote *zygote)
{
    possessions before = count_possessions(zygote);
    for (int i = 0; i < (is_long ? 1000 : 20); i++) {
        static const kww_limits limits = { .wall_ns = 200 * MS, .grace_ns = 10 * MS };
        served *served = start_instance(zygote, NULL);
        NEED(served != NULL);
        kww_remote *remote = remote_of(served, &limits);
        ask_text(remote, "scribble");
        for (int j = 0; j < 5; j++) {
            outcome outcome = ask_text(remote, "answer");
            if (outcome.status == KWW_FAULT)
                CHECK(outcome.fault.kind >= KWW_FAULT_CRASHED && outcome.fault.kind <= KWW_FAULT_REFUSED);
        }
        free_remote(remote, served);
        end_worker_of(served);
    }
    CHECK(is_settled(zygote, before));
}

void test_misbehaviour(void)
{
    zygote zygote;
    start_zygote(&zygote, NULL, NULL);
    served *other = start_instance(&zygote, NULL);
    NEED(other != NULL);
    kww_remote *others = remote_of(other, NULL);
    uint64_t pid = ask_text(others, "answer").pid;
    CHECK(pid != 0);
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++)
        do_deed(&zygote, &deeds[i], others, pid);
    lose_neighbours(&zygote);
    bear_scribbling(&zygote);
    CHECK_EQUAL(ask_text(others, "answer").pid, pid);
    free_remote(others, other);
    end_worker_of(other);
    end_zygote(&zygote);
}

/* ---- loading -------------------------------------------------------------------------------------------- */

void test_loading(void)
{
    zygote zygote;
    start_zygote(&zygote, NULL, NULL);
    possessions before = count_possessions(&zygote);
    kww_facts facts;
    served *served = start_worker(&zygote, NULL);
    CHECK_EQUAL(served->state, KWW_STATE_READY);
    CHECK(strcmp(served->description.id, "test.trouble") == 0 && strcmp(served->description.version, "1.0.0") == 0);
    CHECK_EQUAL(served->description.interfaces, 2);
    CHECK(strcmp(served->description.interface[0].id, KW_EMBEDDER_ID) == 0);
    CHECK_EQUAL(served->description.interface[0].present, 3);
    end_worker_of(served);

    served = start_worker(&zygote, &(recipe){ .plugin = "refusing.so" });
    CHECK_EQUAL(served->state, KWW_STATE_FAILED);
    CHECK(strstr(served->message, "refused SDK") != NULL);
    end_worker_of(served);

    served = start_worker(&zygote, &(recipe){ .plugin = "dying.so" });
    CHECK_EQUAL(served->state, KWW_STATE_LOADING);
    await_end(served);
    kww_worker_facts(served->worker, &facts);
    CHECK_EQUAL(facts.status & 0x7f, SIGABRT);
    CHECK_EQUAL(facts.phase, KWW_PHASE_LOAD);
    CHECK_EQUAL(facts.signal, SIGABRT);
    end_worker_of(served);

    served = start_worker(&zygote, &(recipe){ .plugin = "hanging.so", .patience_ns = 50 * MS });
    CHECK_EQUAL(served->state, KWW_STATE_LOADING);
    kww_worker_facts(served->worker, &facts);
    CHECK_EQUAL(facts.ended, 0);
    CHECK_EQUAL(facts.phase, KWW_PHASE_LOAD);
    end_worker_of(served);

    served = start_worker(&zygote, &(recipe){ .plugin = "no-library.so" });
    CHECK_EQUAL(served->state, KWW_STATE_FAILED);
    /* The dynamic linker's words, without a name that only we gave the file. */
    CHECK(served->message[0] != '\0' && strstr(served->message, "/proc/") == NULL);
    kww_worker_facts(served->worker, &facts);
    CHECK_EQUAL(facts.phase, KWW_PHASE_LOAD);
    end_worker_of(served);

    served = start_instance(&zygote, NULL);
    NEED(served != NULL);
    kww_remote *remote = remote_of(served, NULL);
    CHECK_EQUAL(destroy_in(remote), KW_OK);
    CHECK_EQUAL(ask_text(remote, "answer").status, KW_FAILED_PRECONDITION);
    free_remote(remote, served);
    end_worker_of(served);
    CHECK(is_settled(&zygote, before));
    end_zygote(&zygote);
}

void test_output(void)
{
    zygote zygote;
    start_zygote(&zygote, NULL, NULL);
    served *served = start_instance(&zygote, NULL);
    NEED(served != NULL);
    kww_remote *remote = remote_of(served, NULL);
    CHECK_EQUAL(ask_text(remote, "print 1000").status, KW_OK);
    CHECK_EQUAL(ask_text(remote, "log 1000").status, KW_OK);
    free_remote(remote, served);
    kww_worker_kill(served->worker, KWW_KILL_RETIRED);
    await_end(served);
    CHECK_EQUAL(served->printed, 64000);
    /* What the host was behind with is counted, and told by the next line, which may not come. */
    CHECK(served->notes > 0 && served->notes <= 1000);
    end_worker_of(served);
    end_zygote(&zygote);
}
