/* What is to be run, and under which policy: read from the host's structs once, checked, with C strings where system
 * calls want them. */
#ifndef COMMAND_RUNNER_REQUEST_H
#define COMMAND_RUNNER_REQUEST_H

#include <keyway/plugin.h>

#include "command.h"

#define REQUEST_MAX_INPUT (UINT64_C(1) << 32)
#define REQUEST_MAX_REASON 4096u

typedef struct request {
    kw_run_in in;
    kw_policy policy;
    kw_limits limits;      /* the policy's, with what tool_limits replaces; all 0 where nothing is set */
    command_list commands; /* every command that may start: one for argv and tools, the text's own for a shell */
    const char *unclear;   /* why a shell text cannot be judged, or NULL. Static. */
    char **argv;           /* NULL-terminated; for KW_RUN_SHELL it is sh, -c, command */
    uint32_t argc;
    char *cwd;             /* or NULL: the host's */
    char *session;         /* or NULL */
} request;

/* KW_INVALID_ARGUMENT for anything that is not well-formed, rules and environment included, with the name of the field;
 * KW_NOT_FOUND for a tool that is not offered. On KW_OK, request_free(). */
kw_status request_read(kw_call *call, const kw_run_in *in, request *out);
void request_free(request *r);

/* A NUL-terminated copy, or NULL. */
char *request_copy(kw_str text);

#endif
