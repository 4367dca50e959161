/* How a thread waits for another process: a short spin, then giving way, then sleep.
 *
 * A wake across processors costs some 20 us, so that an answer that comes within a microsecond is worth spinning for; on a
 * shared or busy processor spinning keeps the very thread away that is to answer. What to do is learned from how the last
 * waits ended. */
#ifndef WAIT_H
#define WAIT_H

#include <stdatomic.h>
#include <stdint.h>

#define NO_DEADLINE INT64_MAX

/* One a waiting thread; nobody else's. All 0 at first. */
typedef struct waiter {
    uint32_t luck;  /* how often spinning or giving way was enough lately, 0 to 1024 */
    uint32_t skips; /* waits since the last that tried although luck was small */
} waiter;

int64_t kww_monotonic_ns(void);

/* Tells the processor that this is a spin. */
static inline void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* FUTEX_WAIT until the word is not `value`, somebody wakes it, or the deadline (CLOCK_MONOTONIC) is over; works on memory
 * that is mapped for reading only. May return for no reason. */
void kww_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t deadline_ns);
void kww_futex_wake(_Atomic uint32_t *word, int count);

/* Is the condition true before it is better to sleep? other: the processor that is to make it true, or UINT32_MAX. */
int kww_wait_awake(waiter *waiter, uint32_t other, int (*is_due)(void *context), void *context);

#endif
