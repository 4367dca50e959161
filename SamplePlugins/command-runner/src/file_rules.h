/* The path rules of a run, as rules of Landlock. */
#ifndef COMMAND_RUNNER_FILE_RULES_H
#define COMMAND_RUNNER_FILE_RULES_H

#include "environment.h"
#include "request.h"

/* Does the run have path rules? Without one, files are not confined. */
bool file_rules_are_set(const request *r);

/* Landlock gives and does not take: false if a rule takes away from what another, or every program, is given above it. */
bool file_rules_can_be_kept(const request *r);

/* What a run may write, to be mounted so: NULL-terminated. */
typedef struct file_rules {
    char **writable;
    size_t count;
} file_rules;

/* Gives what the rules give, and what every program needs: libraries, a few devices, this program and those that the
 * commands name, to be executed. folder: that in which the program begins, or -1. NULL; or what failed, and errno. */
const char *file_rules_add(const request *r, const environment *e, const char *program, int folder, int rules,
                           file_rules *out);
void file_rules_free(file_rules *rules);

/* May the folder be read? */
bool file_rules_cover(const request *r, int folder);

#endif
