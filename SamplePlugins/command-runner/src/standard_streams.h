#ifndef COMMAND_RUNNER_STANDARD_STREAMS_H
#define COMMAND_RUNNER_STANDARD_STREAMS_H

#include "outcome.h"

/* Opens the working folder, the program's three streams and both sides of them, and the files of spooled output. NULL, or
 * what failed, with errno. */
const char *standard_streams_open(run *r, const char *data_dir);

/* The program's sides must be closed here as soon as it has its copies, or the pipes would never end. */
void standard_streams_close_theirs(run *r);

#endif
