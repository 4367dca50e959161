/* Processes that a program left behind: its descendants, which its reaper has adopted. */
#ifndef COMMAND_RUNNER_SURVIVORS_H
#define COMMAND_RUNNER_SURVIVORS_H

#include <stdint.h>

#include "reaper.h"

#define SURVIVORS_MOST 64u

typedef struct survivors {
    int64_t pids[SURVIVORS_MOST];
    uint32_t count;            /* at most SURVIVORS_MOST are listed */
} survivors;

/* Those that run now, as far as /proc shows them. */
void survivors_find(const reaper *r, survivors *out);

/* Kills all of them, and what they start meanwhile. Those that could not be ended are left in `out`: processes of another
 * user, or more than this is fast enough for. */
void survivors_end(reaper *r, survivors *out);

#endif
