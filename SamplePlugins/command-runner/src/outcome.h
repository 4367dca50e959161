/* One run: what it holds while it lasts, and what it replies. */
#ifndef COMMAND_RUNNER_OUTCOME_H
#define COMMAND_RUNNER_OUTCOME_H

#include "environment.h"
#include "request.h"
#include "session.h"
#include "spawn.h"
#include "supervise.h"

#define RUN_MOST_VIOLATIONS 8u

typedef struct run {
    kw_call *call;
    request request;
    environment environment;
    spawn_plan plan;
    supervision *supervision;
    session session;
    uint32_t refused_variables;
    bool was_started;
    kw_run_out out;
    kw_violation *violations;
} run;

/* kind and subject are static. */
void outcome_violate(run *r, const char *kind, const char *subject, uint64_t count);

/* Replies for a program that ran. */
kw_status outcome_reply(run *r);

/* Replies for one that did not; detail is in the call's arena, or static. */
kw_status outcome_reply_without_run(run *r, uint32_t end, kw_str detail);

#endif
