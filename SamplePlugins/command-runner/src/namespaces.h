/* Namespaces of a run: its reaper is the first process in them, and what is in them ends with it. */
#ifndef COMMAND_RUNNER_NAMESPACES_H
#define COMMAND_RUNNER_NAMESPACES_H

#include <stdbool.h>
#include <sys/types.h>

#include <keyway/plugin.h>

/* Flags of clone(2) for what the policy isolates: with a user namespace, without which only root makes the others. */
unsigned long namespaces_of(const kw_policy *policy);

/* Can this process make them, and map a user into them? Tried, in a child that ends at once, and remembered. */
bool namespaces_work(unsigned long flags);

/* In the user namespace of a process, these are who they are outside, and nobody else has a number. 0, or an errno. */
int namespaces_map(pid_t process, uid_t uid, gid_t gid);

/* In a new mount namespace: nothing can be written but what lies under these paths, NULL-terminated. 0, or an errno. For a
 * process that shares the memory of one that waits. */
int namespaces_mount(char *const *writable);

#endif
