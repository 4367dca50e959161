#ifndef COMMAND_RUNNER_RULES_H
#define COMMAND_RUNNER_RULES_H

#include <stdbool.h>

#include "request.h"

typedef struct decision {
    bool allowed;
    char rule[512];    /* the words of the rule that decided, or empty */
    char reason[768];
} decision;

/* May this be run? Depends on the request, and on what this machine enforces if the policy asks for that. */
void rules_decide(const request *r, decision *out);

/* Does the rule's prefix admit these words? An empty rule admits nothing. */
bool rules_match(const kw_rule *rule, char *const *argv, uint32_t argc);

#endif
