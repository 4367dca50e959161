/* A process that ends at any point of any operation, and system calls that fail at any point.
 *
 * A run of fixed operations is repeated with a fault at the first, second, third... of the calls that change files, until
 * it ends without meeting one. What is found afterwards must be the state after all operations that were acknowledged, or
 * after one more: never anything between two states. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults.h"
#include "operations.h"

/* ---- a fault at every call ------------------------------------------------------------------------------ */

static const operation script[] = { PUT, PUT, UPDATE, PUT_MANY, SNAPSHOT, REMOVE, PUT_MANY, PUT_MANY, UPDATE, COMPACT,
                                    RESTORE, PUT, CLEAR, PUT, SNAPSHOT, WIPE, PUT, FLUSH };
#define STEPS (sizeof script / sizeof script[0])
static state states[STEPS + 1]; /* [n]: after n of them */

static void learn_states(void)
{
    char folder[512];
    struct stat info;
    off_t longest = 0;
    int shrank = 0;
    test_folder_make(folder, sizeof folder);
    kw_instance *instance = open_instance(folder, "");
    states[0] = state_of(instance, folder, KW_OK);
    CHECK(states[0].items == UINT64_MAX);
    for (uint32_t n = 0; n < STEPS; n++) {
        char path[600];
        kw_status status = operate(instance, folder, script[n], 1, n);
        CHECK(status == KW_OK);
        states[n + 1] = state_of(instance, folder, status);
        snprintf(path, sizeof path, "%s/" REPOSITORY ".vectors", folder);
        if (stat(path, &info) == 0) {
            shrank = shrank || (script[n] == PUT_MANY && info.st_size < longest);
            longest = info.st_size;
        }
    }
    CHECK(shrank); /* or no compaction of its own accord was tried */
    close_instance(instance);
    test_folder_remove(folder);
}

/* The child's part: says after each operation that it was acknowledged. */
static void run_script(const char *folder, int told)
{
    kw_instance *instance = open_instance(folder, "");
    for (uint32_t n = 0; instance != NULL && n < STEPS; n++) {
        kw_status status = operate(instance, folder, script[n], 1, n);
        if (status != KW_OK && fault_kind == FAIL) {
            /* Nothing has changed, or all has; and it works when it is tried again. */
            fault now = fault_kind;
            fault_kind = NO_FAULT;
            state left = state_of(instance, folder, status);
            left.version = states[n].version;
            state next = states[n + 1];
            next.version = left.version;
            CHECK(same_state(&left, &states[n]) || same_state(&left, &next));
            status = operate(instance, folder, script[n], 1, n);
            CHECK(status == KW_OK || (script[n] == WIPE && status == KW_NOT_FOUND));
            fault_kind = now;
            status = KW_OK;
        }
        char byte = 1;
        if (status != KW_OK || write(told, &byte, 1) != 1)
            _exit(2);
    }
    _exit(test_failed != 0 ? 1 : fault_calls < fault_at ? 10 : 0);
}

/* Returns whether the run met its fault. */
static int run_with_fault(fault kind, unsigned at)
{
    char folder[512], byte;
    int told[2], result = 0;
    uint32_t acknowledged = 0;
    test_folder_make(folder, sizeof folder);
    CHECK(pipe(told) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(told[0]);
        fault_kind = kind;
        fault_at = at;
        test_failed = 0;
        run_script(folder, told[1]);
    }
    close(told[1]);
    while (read(told[0], &byte, 1) == 1)
        acknowledged++;
    close(told[0]);
    CHECK(pid > 0 && waitpid(pid, &result, 0) == pid);
    int ended = WIFEXITED(result) && (WEXITSTATUS(result) == 0 || WEXITSTATUS(result) == 10);
    CHECK(kind == FAIL ? ended : ended || (WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL));
    CHECK(!ended || acknowledged == STEPS);

    kw_instance *instance = open_instance(folder, at % 2 ? "" : "{\"verifyUpToBytes\":0}");
    state found = state_of(instance, folder, KW_OK);
    const state *now = &states[acknowledged], *next = acknowledged < STEPS ? now + 1 : now;
    if (kind == FAIL) { /* what was tried twice may have been committed twice */
        CHECK(found.version >= now->version);
        found.version = now->version;
    }
    if (!CHECK(same_state(&found, now) || same_state(&found, next)))
        fprintf(stderr, "fault %d at call %u: after %u acknowledged operations: %llu items, version %llu; expected %llu, %llu\n",
                kind, at, acknowledged, (unsigned long long)found.items, (unsigned long long)found.version,
                (unsigned long long)now->items, (unsigned long long)now->version);
    /* And it goes on. */
    CHECK(operate(instance, folder, PUT_MANY, 2, 0) == KW_OK && operate(instance, folder, PUT, 2, 1) == KW_OK);
    state last = state_of(instance, folder, KW_OK);
    close_instance(instance);
    instance = open_instance(folder, "");
    state again = state_of(instance, folder, KW_OK);
    CHECK(same_state(&last, &again));
    close_instance(instance);
    test_folder_remove(folder);
    return !(WIFEXITED(result) && WEXITSTATUS(result) == 10);
}

static void every_call_may_be_the_last(void)
{
    for (fault kind = KILL_BEFORE; kind < FAULTS; kind++) {
        unsigned at = 1;
        while (run_with_fault(kind, at) && test_failed < 20)
            at++;
        CHECK(at > 100);
        printf("%s: %u calls\n", kind == FAIL ? "failed" : kind >= LOSE_ALL ? "machine stopped" : "killed", at - 1);
    }
}

/* ---- killed while it runs ------------------------------------------------------------------------------- */

#define RANDOM_STEPS 60u

static operation random_operation(uint32_t series, uint32_t number)
{
    static const operation often[] = { PUT, PUT, PUT, PUT_MANY, PUT_MANY, REMOVE, REMOVE, UPDATE, UPDATE, COMPACT,
                                       SNAPSHOT, RESTORE, FLUSH, CLEAR, WIPE };
    random_state = (uint64_t)series * 31 + number * 1009 + 5;
    for (int n = 0; n < 8; n++)
        random_bits();
    return often[random_below(sizeof often / sizeof often[0])];
}

/* What should come of a series, learnt from a repository that is in memory only. */
static void learn_series(uint32_t series, state expected[RANDOM_STEPS + 1])
{
    char place[512];
    test_folder_make(place, sizeof place);
    kw_instance *memory = open_instance(NULL, "");
    expected[0] = state_of(memory, place, KW_OK);
    for (uint32_t n = 0; n < RANDOM_STEPS; n++) {
        kw_status status = operate(memory, place, random_operation(series, n), series, n);
        expected[n + 1] = state_of(memory, place, status);
    }
    close_instance(memory);
    test_folder_remove(place);
}

static void a_process_killed_at_random_has_done_what_it_acknowledged(void)
{
    static state expected[RANDOM_STEPS + 1];
    for (uint32_t series = 10; series < 40; series++) {
        char folder[512];
        int told[2], result;
        kw_status status;
        uint32_t acknowledged = 0, enough = (series * 7) % RANDOM_STEPS;
        learn_series(series, expected);
        test_folder_make(folder, sizeof folder);
        CHECK(pipe(told) == 0);
        pid_t pid = fork();
        if (pid == 0) {
            kw_instance *instance = open_instance(folder, "");
            close(told[0]);
            for (uint32_t n = 0; n < RANDOM_STEPS; n++) {
                status = operate(instance, folder, random_operation(series, n), series, n);
                if (write(told[1], &status, sizeof status) != (ssize_t)sizeof status)
                    break;
            }
            end_now();
        }
        close(told[1]);
        for (;;) {
            if (acknowledged == enough)
                kill(pid, SIGKILL);
            if (read(told[0], &status, sizeof status) != (ssize_t)sizeof status)
                break;
            acknowledged++;
            CHECK(status == expected[acknowledged].status);
        }
        close(told[0]);
        CHECK(pid > 0 && waitpid(pid, &result, 0) == pid && acknowledged >= enough);
        kw_instance *instance = open_instance(folder, "");
        state found = state_of(instance, folder, KW_OK);
        const state *now = &expected[acknowledged], *next = acknowledged < RANDOM_STEPS ? now + 1 : now;
        CHECK(same_state(&found, now) || same_state(&found, next));
        close_instance(instance);
        test_folder_remove(folder);
    }
}

int main(void)
{
    start();
    learn_states();
    every_call_may_be_the_last();
    a_process_killed_at_random_has_done_what_it_acknowledged();
    return test_finish();
}
