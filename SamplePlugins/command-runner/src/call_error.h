#ifndef COMMAND_RUNNER_CALL_ERROR_H
#define COMMAND_RUNNER_CALL_ERROR_H

#include <keyway/plugin.h>

/* Ends an operation with a formatted message: what went wrong, where, what to do next. Returns status. */
kw_status call_error(kw_call *call, kw_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A formatted text in the call's arena; empty if the arena is full. */
kw_str call_text(kw_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
