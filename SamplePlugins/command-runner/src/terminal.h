#ifndef COMMAND_RUNNER_TERMINAL_H
#define COMMAND_RUNNER_TERMINAL_H

#include <stdint.h>

/* A pseudo-terminal: *ours does not block, *theirs is what the program gets. Both close-on-exec and above 2. 0 rows or
 * columns: 24 and 80. 0, or an errno. */
int terminal_open(uint32_t rows, uint32_t columns, int *ours, int *theirs);

/* fd above the standard three, or -1 with errno: dup2 onto itself would leave close-on-exec set. Takes fd over. */
int descriptor_move_up(int fd);

#endif
