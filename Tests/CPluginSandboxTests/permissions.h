/* What the tests of permissions share: workers with permissions, in which something is attempted. */
#ifndef PERMISSIONS_H
#define PERMISSIONS_H

#include "arena.h"
#include "check.h"

/* Whether the attacker can. */
int can_make_namespaces(void);

/* A task with these permissions, sealed. The caller may change its policy. */
task with(uint32_t may);
verdict_of_task attempt(task *task, int (*run)(void));
#define CHECK_RESULT(task, run, expected) CHECK_EQUAL(attempt(&(task), (run)).result, (expected))
/* The set-up ends at this mechanism, says why, and nothing has run. */
void check_refused(task *task, uint32_t mechanism);

/* An attack by its name in the tables. */
int (*the(const char *name))(void);

#endif
