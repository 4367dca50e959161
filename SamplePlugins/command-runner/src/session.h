/* Runs that send() can reach. What is sent lies in a mailbox until the thread that watches the program takes it. */
#ifndef COMMAND_RUNNER_SESSION_H
#define COMMAND_RUNNER_SESSION_H

#include <pthread.h>
#include <stdbool.h>

#include <keyway/plugin.h>

#define SESSION_MAX_INPUT (UINT64_C(8) << 20) /* bytes that may wait for the program to read them */

typedef enum approval_state { APPROVAL_NONE, APPROVAL_WAITING, APPROVAL_GIVEN, APPROVAL_REFUSED } approval_state;

typedef struct session {
    struct session *next;
    const char *name;          /* the request's */
    int bell;                  /* eventfd: something was sent */
    bool takes_input, has_terminal, is_running;
    char *input;               /* what was sent and not taken; input_size of input_room bytes */
    size_t input_size, input_room;
    size_t backlog;            /* taken, and not yet read by the program */
    bool input_ends;
    uint64_t signals;          /* bit n - 1: signal n */
    bool resized;
    uint32_t rows, columns;
    char approval_id[48];
    approval_state approval;
    char *refusal;             /* the reason given, or NULL */
} session;

/* The sessions of an instance. `lock` guards the list and every session in it. */
typedef struct session_table {
    pthread_mutex_t lock;
    session *first;
    uint64_t approvals;        /* asked for so far */
} session_table;

/* False: there is one of that name already. */
bool session_add(session_table *table, session *s);
/* Removes it, if it was added, and frees what it holds. */
void session_remove(session_table *table, session *s);

/* The operation. */
kw_status session_send(session_table *table, kw_call *call, const kw_send_in *in);

#endif
