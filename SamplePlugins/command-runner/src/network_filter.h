#ifndef COMMAND_RUNNER_NETWORK_FILTER_H
#define COMMAND_RUNNER_NETWORK_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>

/* Can this machine load the filter? Asked of the kernel without loading anything. */
bool network_filter_works(void);

/* The program: socket() of any family but AF_UNIX fails with EPERM, and so do the ways around it (io_uring, copying
 * another process's descriptor). A process of a foreign architecture, whose call numbers the filter cannot read, is
 * ended. Static; survives execve and reaches every descendant. */
const struct sock_fprog *network_filter_program(void);

#endif
