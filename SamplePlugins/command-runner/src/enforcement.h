/* Which fields of a policy are enforced, by what, on this machine and by this version. What is not enforced is said. */
#ifndef COMMAND_RUNNER_ENFORCEMENT_H
#define COMMAND_RUNNER_ENFORCEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include <keyway/plugin.h>

#define ENFORCEMENT_FIELDS 18u

/* All fields; or, with a policy, those it sets. Their texts are static. Returns how many. */
uint32_t enforcement_list(const kw_policy *policy, kw_enforcement list[ENFORCEMENT_FIELDS]);

/* Names of the fields that `policy` sets and nothing enforces, separated by ", "; false if there are none. */
bool enforcement_missing(const kw_policy *policy, char *names, size_t size);

#endif
