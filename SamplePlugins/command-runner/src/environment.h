#ifndef COMMAND_RUNNER_ENVIRONMENT_H
#define COMMAND_RUNNER_ENVIRONMENT_H

#include <stdbool.h>

#include "request.h"

/* "NAME=value" strings, NULL-terminated; owned. */
typedef struct environment {
    char **list;
    uint32_t count, room;
} environment;

/* The host's environment as it is now. Taken when an instance is made: reading environ while another thread of the host
 * changes it would be a race. False: out of memory. */
bool environment_snapshot(environment *out);

/* What the program gets: of `host`, what the policy inherits; of the request, what the policy would inherit under that
 * name; then env_set. Patterns that deny disregard case, patterns that allow do not. Refused names of the request are
 * counted. False: out of memory. */
bool environment_build(const environment *host, const request *r, environment *out, uint32_t *refused);

/* Value of a variable, or NULL. */
const char *environment_get(const environment *e, const char *name);
void environment_free(environment *e);

#endif
