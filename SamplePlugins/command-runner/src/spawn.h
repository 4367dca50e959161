#ifndef COMMAND_RUNNER_SPAWN_H
#define COMMAND_RUNNER_SPAWN_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <keyway/plugin.h>

#include "bare_call.h"
#include "jail.h"

#define SPAWN_LIMITS 5u

typedef struct spawn_limit {
    int resource;
    rlim_t soft, hard;
} spawn_limit;

/* Everything the new process needs, made before it exists: until it execs, it makes system calls only. */
typedef struct spawn_plan {
    const char *path;
    char **argv, **environment;
    int folder;                 /* working folder, or -1 */
    int input, output, error;   /* all above 2, close-on-exec */
    bool has_terminal;          /* the three are a terminal, which is to control the new session */
    bool changes_user;
    uid_t uid;
    gid_t gid;
    spawn_limit limits[SPAWN_LIMITS];
    unsigned limit_count;
    rlim_t descriptors;         /* how many there may be, for kernels without close_range */
    jail jail;
} spawn_plan;

/* Why a program did not start. */
typedef struct spawn_failure {
    const char *volatile stage; /* NULL: it did */
    volatile int number;        /* errno */
} spawn_failure;

/* Limits as resource limits, never above the hard ones this process has; after all else in the plan. */
void spawn_set_limits(spawn_plan *plan, const kw_limits *limits);

/* Starts the program as leader of its own session and process group: by clone with the memory shared until exec, which
 * is what vfork does, but on the given stack. One that changes its user gets a copy of the memory: with the user a process
 * also changes who may look into its memory, and what may be looked into then must not be the host's. All signals must be
 * blocked. Returns its process id, and *pidfd; on failure *failure is filled, and a process id says that there is one to
 * wait for. */
pid_t spawn_start(const spawn_plan *plan, spawn_failure *failure, void *stack_top, int *pidfd);

/* Closes every descriptor from the first on but these two, which are in order or -1. */
void spawn_close_from(int first, int kept, int kept_too, rlim_t descriptors);

#endif
