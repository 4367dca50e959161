/* A worker that is killed at each step of its start and of its calls, as either side sees them. */
#define _GNU_SOURCE
#include "check.h"
#include "engine.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STEP_NAME(name) #name,
static const char *const names[] = { KWW_WORKER_STEPS(STEP_NAME) KWW_HOST_STEPS(STEP_NAME) };

/* The step of this thread at which its worker is killed. */
static _Thread_local int armed = -1, left, process = -1;

void kww_step(int number)
{
    if (number != armed || left-- > 0)
        return;
    armed = -1;
    syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0);
    struct pollfd end = { .fd = process, .events = POLLIN };
    while (poll(&end, 1, -1) < 0 && errno == EINTR)
        ;
}

/* ---- calls ---------------------------------------------------------------------------------------------- */

/* More than are needed: a call may end before the worker is told that it was cancelled. */
#define ROUNDS 100

static int stop_at_once(void *context, const kw_event *event)
{
    (void)context, (void)event;
    return 1;
}

/* Listens no further than to the first until the worker waits for room. */
static int fall_behind(void *context, const kw_event *event)
{
    const kww_worker *worker = context;
    uint64_t number = 0;
    memcpy(&number, event->text.ptr, sizeof number);
    while (number == 0 && atomic_load(&worker->worker->lane[0].waits_for_room) == 0 && atomic_load(&worker->ended) == 0)
        sched_yield();
    return 0;
}

/* Does the call have one outcome that means something? */
static void check_outcome(const outcome *outcome, kw_status expected)
{
    if (outcome->status != KWW_FAULT) {
        CHECK_EQUAL(outcome->status, expected);
        return;
    }
    if (outcome->fault.kind == KWW_FAULT_CRASHED)
        CHECK_EQUAL(outcome->fault.signal, SIGKILL);
    else
        CHECK_EQUAL(outcome->fault.kind, KWW_FAULT_REFUSED);
}

/* Calls of every sort, until the worker is dead or all were made. */
static void make_calls(served *served, kww_remote *remote, int step)
{
    kw_status status = create_in(remote);
    CHECK(status == KW_OK || status == KWW_FAULT);
    for (int i = 0; i < ROUNDS && status == KW_OK; i++) {
        event_log some = { 0 }, asked = { 0 }, stopping = { .on_event = stop_at_once };
        event_log slow = { .on_event = fall_behind, .context = served->worker };
        const struct {
            question question;
            kw_status expected;
        } calls[] = {
            { { .text = "count 3", .events = &some }, KW_OK },
            { { .text = "late" }, KW_OK },
            { { .text = "obey", .events = &stopping }, KW_CANCELLED },
            { { .text = "ask slow", .events = &asked }, KW_OK },
            { { .text = "ask-aside key", .events = &asked }, KW_OK },
            { { .text = "count 20000", .events = &slow }, KW_OK },
        };
        for (int j = 0; j < (step == STEP_ROOM_AWAITED ? 6 : 5) && status != KWW_FAULT; j++) {
            outcome outcome;
            ask(remote, &calls[j].question, &outcome);
            check_outcome(&outcome, calls[j].expected);
            status = outcome.status;
        }
        if (status != KWW_FAULT)
            status = KW_OK;
    }
}

static void end_at(zygote *zygote, int step, int iteration)
{
    static const kww_limits limits = { .grace_ns = 60000000000 };
    kww_facts facts;
    served *served = start_worker(zygote, &(recipe){ .lanes = 1 });
    CHECK(served->state == KWW_STATE_READY || (step <= STEP_PARKED && served->state == KWW_STATE_LOADING));
    if (served->state == KWW_STATE_READY) {
        kww_remote *remote = remote_of(served, &limits);
        armed = step;
        left = iteration % 4;
        process = served->process;
        make_calls(served, remote, step);
        armed = -1;
        free_remote(remote, served);
    }
    if (step < STEP_LANE_TAKEN && served->state != KWW_STATE_LOADING) {
        /* A step that was not taken did not end it. */
        kww_worker_facts(served->worker, &facts);
        struct pollfd end = { .fd = served->process, .events = POLLIN };
        CHECK(poll(&end, 1, 10000) == 1);
    }
    if (step >= STEP_LANE_TAKEN) {
        struct pollfd end = { .fd = served->process, .events = POLLIN };
        CHECK(poll(&end, 1, 0) == 1);
    } else {
        await_end(served);
    }
    end_worker_of(served);
}

void test_steps(void)
{
    int count = is_long ? 1000 : 20;
    for (int step = 0; step < STEP_COUNT; step++) {
        zygote zygote;
        char variable[64];
        int failed = check_failed;
        snprintf(variable, sizeof variable, "KEYWAY_STEP=%d", step);
        start_zygote(&zygote, "keyway-worker-steps", variable);
        possessions before = count_possessions(&zygote);
        for (int i = 0; i < count && check_failed == failed; i++)
            end_at(&zygote, step, i);
        CHECK(is_settled(&zygote, before));
        end_zygote(&zygote);
        if (check_failed != failed)
            fprintf(stderr, "that was the step %s\n", names[step]);
    }
}
