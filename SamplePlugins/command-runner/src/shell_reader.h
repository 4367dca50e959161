/* Splits the text of a shell command into the simple commands that it would run, so that rules can judge each of them.
 * It understands a part of the shell's language and refuses the rest: what it admits means to every POSIX shell what it
 * means here. README.md has the grammar. */
#ifndef COMMAND_RUNNER_SHELL_READER_H
#define COMMAND_RUNNER_SHELL_READER_H

#include "command.h"

#define SHELL_MAX_TEXT 65536u
#define SHELL_MAX_COMMANDS 1024u
#define SHELL_MAX_DEPTH 16u

typedef enum shell_result { SHELL_READ, SHELL_UNCLEAR, SHELL_NO_MEMORY } shell_result;

/* Adds the commands of `text`, and the files its redirections name, to `list`. SHELL_UNCLEAR: *why says what it cannot
 * judge; static. */
shell_result shell_read(const char *text, command_list *list, const char **why);

#endif
