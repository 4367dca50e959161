#ifndef COMMAND_RUNNER_SHELL_WORDS_H
#define COMMAND_RUNNER_SHELL_WORDS_H

#include "command.h"

/* Why rules about words cannot judge this command of a shell text, or NULL if they can: it runs text as code, changes
 * what later words mean, or begins a construct. Static text. */
const char *shell_refusal(const command *c);

/* Does this program run another one that its arguments name ("sudo", "xargs")? */
bool command_runs_another(const char *name);

#endif
