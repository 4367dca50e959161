#ifndef COMMAND_RUNNER_DECISION_H
#define COMMAND_RUNNER_DECISION_H

#include "request.h"
#include "rules.h"

typedef struct decision {
    uint32_t verdict;          /* KW_DECISION_* */
    char rule[RULES_SPELLED];  /* the words of the rule that decided, or empty */
    char reason[1024];
} decision;

/* May this be run? In this order: is the policy enabled, may a shell run and is its text understood, does a deny rule
 * match, is the network needed, does an allow rule match, is everything enforced that must be, is approval needed.
 * Depends on the request, and on what this machine enforces. */
void decide(const request *r, decision *out);

#endif
