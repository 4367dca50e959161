/* Which fields of a policy are enforced, by what, on this machine and by this version. What is not enforced is said. */
#ifndef COMMAND_RUNNER_ENFORCEMENT_H
#define COMMAND_RUNNER_ENFORCEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "request.h"

#define ENFORCEMENT_FIELDS 32u

/* All fields; or, with a request, those its policy sets. Their texts are static. Returns how many. */
uint32_t enforcement_list(const request *r, kw_enforcement list[ENFORCEMENT_FIELDS]);

/* Names of the fields that the request's policy sets and nothing enforces, separated by ", "; false if there are none. */
bool enforcement_missing(const request *r, char *names, size_t size);

#endif
