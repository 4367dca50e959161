/* The typed tool of this plugin: run_command {argv, cwd, reason}. */
#ifndef COMMAND_RUNNER_TOOL_H
#define COMMAND_RUNNER_TOOL_H

#include "request.h"
#include "supervise.h"

#define TOOL_MAX_ARGUMENTS (1u << 20)

kw_status runner_tools(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT;

/* Fills argv and cwd of a request from the tool's name and its JSON arguments. KW_NOT_FOUND: no tool of that name;
 * KW_INVALID_ARGUMENT: arguments that the schema does not admit, with the JSON pointer of what is wrong. */
kw_status tool_read(kw_call *call, request *r);

/* Adds content and structured_json, made from how the run ended and the output that was kept. */
void tool_finish(kw_call *call, const supervision *s, kw_run_out *out);

#endif
