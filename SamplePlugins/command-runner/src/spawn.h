#ifndef COMMAND_RUNNER_SPAWN_H
#define COMMAND_RUNNER_SPAWN_H

#include <linux/filter.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <keyway/plugin.h>

#define SPAWN_LIMITS 5u

typedef struct spawn_limit {
    int resource;
    rlim_t soft, hard;
} spawn_limit;

/* Everything the new process needs, made before it exists: between vfork and exec only system calls are made. */
typedef struct spawn_plan {
    const char *path;
    char **argv, **environment;
    int folder;                 /* working folder, or -1 */
    int input, output, error;   /* all above 2, close-on-exec */
    spawn_limit limits[SPAWN_LIMITS];
    unsigned limit_count;
    const struct sock_fprog *network; /* or NULL */
} spawn_plan;

/* Limits of the policy as resource limits, never above the hard ones this process has. */
void spawn_set_limits(spawn_plan *plan, const kw_policy *policy);

/* Starts the program as leader of its own session and process group. Returns its process id; or -1, with *stage saying
 * what failed and *number the errno. No process is left behind then. */
pid_t spawn_start(const spawn_plan *plan, const char **stage, int *number);

#endif
