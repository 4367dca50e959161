/* What keeps a program in: made by the host before the program exists, entered by the program between its start and exec.
 * The host's own process is not changed. */
#ifndef COMMAND_RUNNER_JAIL_H
#define COMMAND_RUNNER_JAIL_H

#include "environment.h"
#include "file_rules.h"
#include "filter.h"
#include "request.h"

typedef struct jail {
    int rules;                /* of Landlock: a descriptor, or -1 */
    filter filter;
    bool is_profiled;         /* without capabilities */
    unsigned long namespaces; /* flags of clone(2), for the reaper */
    bool confines_files;
    file_rules files;
    char *folder;             /* the working folder's path, where there are mounts of its own; or NULL */
} jail;

/* How the names of what fails here begin. */
#define JAIL_STAGE "jail: "

#define JAIL_NONE { .rules = -1 }

/* The profile of system calls is used unless the policy says "none". */
bool jail_has_profile(const kw_policy *policy);

/* folder: the working folder, opened with O_PATH, or -1: the host's; it may be replaced. NULL; or what cannot be had, and
 * errno. */
const char *jail_make(jail *j, const request *r, const environment *e, const char *program, int *folder);
void jail_free(jail *j);

/* In the reaper, first process of the namespaces. 0, or an errno. */
int jail_prepare_namespaces(const jail *j);

/* In the new process, while it is who the host is: takes away what root could give back. */
void jail_drop_bounds(const jail *j);
/* Then, as its last step before exec. NULL; or what failed, and errno. */
const char *jail_enter(const jail *j);

#endif
