#ifndef COMMAND_RUNNER_APPROVAL_H
#define COMMAND_RUNNER_APPROVAL_H

#include "session.h"

typedef enum approval_answer {
    APPROVAL_YES,
    APPROVAL_NO,          /* the session's refusal says why, or is NULL */
    APPROVAL_UNHEARD,     /* this call takes no events, so nobody could be asked */
    APPROVAL_CANCELLED,
    APPROVAL_DEADLINE
} approval_answer;

/* Emits KW_EVENT_APPROVAL with the question, and waits until send() answers it, the call is cancelled or its deadline
 * passes. The session is in the table. */
approval_answer approval_ask(kw_call *call, const kw_host *host, session_table *table, session *s,
                             const kw_decision *question);

#endif
