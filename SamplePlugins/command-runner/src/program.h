#ifndef COMMAND_RUNNER_PROGRAM_H
#define COMMAND_RUNNER_PROGRAM_H

#include <stddef.h>

#include "environment.h"

/* The file that `name` stands for: itself if it has a slash, otherwise the first executable of that name in the PATH of
 * `e`. Relative parts of PATH are passed over: they would mean whatever the working folder holds. Returns 0 and fills
 * path, or an errno. */
int program_find(const environment *e, const char *name, char *path, size_t size);

#endif
