/* The process between the host and a program. It adopts what the program leaves behind, which a process that is not its
 * parent cannot find again, and it keeps the program's exit status from a host that waits for every child or ignores
 * SIGCHLD. It shares the host's memory, so that starting one costs no copy of it, and from then on makes system calls
 * only. If the host goes away, it ends the program's process group and then itself. */
#ifndef COMMAND_RUNNER_REAPER_H
#define COMMAND_RUNNER_REAPER_H

#include "spawn.h"

typedef struct reaper {
    const spawn_plan *plan;
    spawn_failure failure;
    pid_t pid;                 /* its own, 0: none */
    pid_t program;             /* as the host knows it */
    pid_t its_program;         /* as the reaper does */
    int channel, its_channel;  /* two ends of one socket pair: the host's, -1 once closed; the reaper's */
    void *stack;
    /* written by it when the program has been waited for */
    bool has_status;
    int status;                /* as of wait4 */
    struct rusage used;
} reaper;

/* Starts the program. False: failure says why, and no process is left. */
bool reaper_start(reaper *r, const spawn_plan *plan);

/* Waits for the program, which must have ended or be about to, and fills status and used. Its process group may be
 * signalled until then and not later. Value: did it leave processes behind that still run? */
bool reaper_collect(reaper *r);

/* Takes away what has ended since. Value: are there still processes? Only after reaper_collect said so. */
bool reaper_collect_again(reaper *r);

/* Does everything that is left end with the reaper? */
bool reaper_takes_all(const reaper *r);

/* Lets go of whatever is left, and ends the reaper. Required. */
void reaper_end(reaper *r);

#endif
