/* keyway-worker that ends at one step: KEYWAY_STEP of the zygote's environment. */
#define _GNU_SOURCE
#include "worker.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

void kww_step(int number)
{
    static _Atomic int chosen = -1, left;
    if (atomic_load(&chosen) < 0) {
        /* The first step of a process, while it has one thread and its zygote's environment. What comes with every call
         * happens at another one each time. */
        const char *step = getenv("KEYWAY_STEP");
        atomic_store(&chosen, step != NULL ? atoi(step) : STEP_COUNT);
        atomic_store(&left, atomic_load(&chosen) <= STEP_PARKED ? 0 : getpid() % 4);
    }
    if (number == atomic_load(&chosen) && atomic_fetch_sub(&left, 1) == 0)
        kill(getpid(), SIGKILL);
}
