/* Where attacks take place: what is attacked, and workers in which an attack runs. */
#ifndef ARENA_H
#define ARENA_H

#include "attack.h"
#include "sandbox.h"

#define NOBODY 65534u

/* In a worker: of its report. */
extern int arena_threads;
/* What programs with the address sanitizer cannot have. */
extern const int has_memory_limits;

/* Makes target_ for attackers of this user. Anyone may call it once at a time; destroy_target undoes it. */
void make_target(uid_t uid);
void destroy_target(void);

/* Nobody, or who runs the tests. */
uid_t attacker(void);
/* This process becomes an ordinary user, as one that logged in. */
void become(uid_t uid);
/* From now on this process and its children cannot make namespaces. */
void forbid_namespaces(void);

/* What a worker does when it is in the sandbox. */
typedef struct task {
    kws_policy policy;
    kws_compiled *compiled;
    int is_sealed;     /* the second stage, too */
    int (*load)(void); /* between the stages, or NULL */
    int (*run)(void);
    void (*named)(const kws_named_file *file); /* called for each file that it names, if the policy has that told; or NULL */
} task;

typedef struct verdict_of_task {
    int result;        /* what it returned, KILLED_BY or NOTHING */
    int entered, sealed; /* of kws_enter and kws_seal */
    uint32_t refusals;   /* that were told, if the policy has it */
    kws_report report;
} verdict_of_task;

/* Starts a worker, waits until it ends, and says what came of it. */
verdict_of_task perform(const task *task);
/* Runs it in a child without a sandbox, as this user. */
int perform_freely(int (*run)(void), uid_t uid);
/* The same in namespaces of its own for mounts, names, IPC and, unless the user is root, users; EPERM where there are none. */
int perform_alone(int (*run)(void), uid_t uid);
/* The same with memory that has no seals. */
int perform_unsealed(int (*run)(void), uid_t uid);

/* What the attackers are given: the granted folders, and limits. Descriptors in grants are the caller's. */
void give(kws_policy *policy, kws_grant grants[2]);

#endif
