/* What is to be run, and under which policy: read from the host's structs once, checked, with C strings where system
 * calls want them. */
#ifndef COMMAND_RUNNER_REQUEST_H
#define COMMAND_RUNNER_REQUEST_H

#include <keyway/plugin.h>

#define REQUEST_MAX_WORDS 65536u

typedef struct request {
    kw_run_in in;
    kw_policy policy;
    char **argv;       /* NULL-terminated; for KW_RUN_SHELL it is sh, -c, command */
    uint32_t argc;
    char *cwd;         /* or NULL: the host's */
} request;

/* KW_INVALID_ARGUMENT for anything that is not well-formed, rules and environment included. On KW_OK,
 * request_free(). */
kw_status request_read(kw_call *call, const kw_run_in *in, request *out);
void request_free(request *r);

/* A NUL-terminated copy, or NULL. */
char *request_copy(kw_str text);

#endif
