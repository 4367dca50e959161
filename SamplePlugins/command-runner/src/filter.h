/* Which system calls a program may not make: a seccomp filter, put together from what the policy says. */
#ifndef COMMAND_RUNNER_FILTER_H
#define COMMAND_RUNNER_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>

/* Namespaces and mounts of its own, io_uring, memory and descriptors of other processes, keys, modules, BPF, input typed
 * into a terminal, and so on. */
#define FILTER_PROFILE 1u
/* No socket but pairs of local ones. */
#define FILTER_NO_NETWORK 2u
/* Of sockets, TCP ones, which Landlock guards, and those pairs. */
#define FILTER_TCP_ONLY 4u
/* No listening: it would find a port of its own. */
#define FILTER_NO_LISTENING 8u
/* What changes modes, owners, times and attributes of files, which Landlock does not guard. */
#define FILTER_NO_ATTRIBUTES 16u
/* What cuts files short, for a Landlock before ABI 3. */
#define FILTER_NO_TRUNCATION 32u
/* Tracing, where there is no Landlock. */
#define FILTER_NO_TRACING 64u

#define FILTER_MOST 512u

typedef struct filter {
    struct sock_filter list[FILTER_MOST];
    unsigned short count;      /* 0: there is none */
} filter;

/* Can this machine load one? Asked of the kernel without loading anything. */
bool filter_works(void);

/* Makes the program for FILTER_*. A process of a foreign architecture, whose call numbers it cannot read, is ended. What
 * is loaded survives execve and reaches every descendant. */
void filter_make(filter *out, unsigned what);

#endif
