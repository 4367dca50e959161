/* Workers that are killed at random while calls run: each call answers, or fails with an error of its own. */
#define _GNU_SOURCE
#include "check.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALLERS 4
#define WORKERS 2
/* What the host's memory may grow by, whatever the number of calls and of workers. */
#define BOUND (4u << 20)

typedef struct crowd {
    kww_remote *remote;
    _Atomic uint64_t begun, answered, failed;
    _Atomic int is_over;
} crowd;

static void *call_on(void *context)
{
    crowd *crowd = context;
    while (!atomic_load(&crowd->is_over)) {
        atomic_fetch_add(&crowd->begun, 1);
        outcome outcome = ask_text(crowd->remote, "answer");
        if (outcome.status == KW_OK && outcome.last == DIMS - 1) {
            atomic_fetch_add(&crowd->answered, 1);
            continue;
        }
        atomic_fetch_add(&crowd->failed, 1);
        if (outcome.status != KWW_FAULT || (outcome.fault.kind != KWW_FAULT_CRASHED && outcome.fault.kind != KWW_FAULT_LOST))
            CHECK_EQUAL(outcome.fault.kind, KWW_FAULT_CRASHED);
        if (outcome.fault.kind == KWW_FAULT_CRASHED)
            CHECK_EQUAL(outcome.fault.signal, SIGKILL);
    }
    return NULL;
}

static served *join(zygote *zygote, kww_remote *remote)
{
    served *served = start_instance(zygote, NULL);
    NEED(served != NULL && kww_remote_attach(remote, served->worker) == 0);
    return served;
}

/* At least so many calls, and so many workers. */
static void kill_among(zygote *zygote, uint64_t calls, uint64_t kills)
{
    static const kww_limits limits = { .grace_ns = 1000000000, .queue = 64 };
    crowd crowd = { .remote = kww_remote_make(&limits, NULL) };
    served *workers[WORKERS];
    pthread_t threads[CALLERS];
    uint64_t killed = 0, state = 7;
    NEED(crowd.remote != NULL);
    for (int i = 0; i < WORKERS; i++)
        workers[i] = join(zygote, crowd.remote);
    for (int i = 0; i < CALLERS; i++)
        NEED(pthread_create(&threads[i], NULL, call_on, &crowd) == 0);
    while (atomic_load(&crowd.begun) < calls || killed < kills) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        served **victim = &workers[(state >> 33) % WORKERS];
        if ((state >> 40) % 4 == 0)
            kww_worker_kill((*victim)->worker, KWW_KILL_RETIRED);
        else
            syscall(SYS_pidfd_send_signal, (*victim)->process, SIGKILL, NULL, 0);
        await_end(*victim);
        kww_remote_remove(crowd.remote, (*victim)->worker);
        end_worker_of(*victim);
        *victim = join(zygote, crowd.remote);
        killed++;
    }
    atomic_store(&crowd.is_over, 1);
    for (int i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < WORKERS; i++) {
        kww_remote_remove(crowd.remote, workers[i]->worker);
        end_worker_of(workers[i]);
    }
    kww_remote_free(crowd.remote);
    CHECK_EQUAL(atomic_load(&crowd.answered) + atomic_load(&crowd.failed), atomic_load(&crowd.begun));
    CHECK(atomic_load(&crowd.answered) > 0 && atomic_load(&crowd.failed) > 0);
    if (getenv("KEYWAY_TEST_TIMES") != NULL)
        fprintf(stderr, "%llu calls answered, %llu failed, %llu workers killed\n",
                (unsigned long long)atomic_load(&crowd.answered), (unsigned long long)atomic_load(&crowd.failed),
                (unsigned long long)killed);
}

void test_killer(void)
{
    zygote zygote;
    start_zygote(&zygote, NULL, NULL);
    kill_among(&zygote, 5000, 50);
    possessions before = count_possessions(&zygote);
    uint64_t memory = resident();
    kill_among(&zygote, is_long ? 1000000 : 20000, is_long ? 1000 : 100);
    CHECK(is_settled(&zygote, before));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    uint64_t after = resident();
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    after = memory; /* a sanitizer keeps what was freed */
#endif
#endif
    CHECK(after < memory + BOUND);
    if (getenv("KEYWAY_TEST_TIMES") != NULL)
        fprintf(stderr, "resident %.1f MB, then %.1f MB\n", (double)memory / 1e6, (double)after / 1e6);
#else
    (void)memory;
#endif
    end_zygote(&zygote);
}
