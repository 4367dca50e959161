#define _GNU_SOURCE
#include "wait.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAUSES 64
#define SPIN_NS 2000
#define YIELD_NS 50000
/* Of 1024: below it a wait sleeps at once, but for every 16th. */
#define ENOUGH_LUCK 256u
#define RETRY 16u

int64_t kww_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void kww_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t deadline_ns)
{
    struct timespec until = { .tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000 };
    /* The bitset form takes an absolute time of CLOCK_MONOTONIC (futex(2)). */
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, deadline_ns == NO_DEADLINE ? NULL : &until, NULL,
            FUTEX_BITSET_MATCH_ANY);
}

void kww_futex_wake(_Atomic uint32_t *word, int count)
{
    syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

static void learn(waiter *waiter, int was_enough)
{
    waiter->luck += was_enough ? (1024 - waiter->luck) / 8 : 0;
    waiter->luck -= was_enough ? 0 : waiter->luck / 8;
}

static int try_awake(int (*is_due)(void *context), void *context)
{
    int64_t began = kww_monotonic_ns();
    do {
        for (int i = 0; i < 16; i++) {
            if (is_due(context))
                return 1;
            pause_briefly();
        }
    } while (kww_monotonic_ns() - began < SPIN_NS);
    do {
        sched_yield();
        if (is_due(context))
            return 1;
    } while (kww_monotonic_ns() - began < YIELD_NS);
    return 0;
}

int kww_wait_awake(waiter *waiter, uint32_t other, int (*is_due)(void *context), void *context)
{
    /* A thread on this very processor cannot go on while we wait awake, and comes sooner if we sleep. */
    if (other == (uint32_t)sched_getcpu())
        return is_due(context);
    for (int i = 0; i < PAUSES; i++) {
        if (is_due(context)) {
            learn(waiter, 1);
            return 1;
        }
        pause_briefly();
    }
    if (waiter->luck < ENOUGH_LUCK && waiter->skips < RETRY) {
        waiter->skips++;
        return 0;
    }
    waiter->skips = 0;
    int was_enough = try_awake(is_due, context);
    learn(waiter, was_enough);
    return was_enough;
}
