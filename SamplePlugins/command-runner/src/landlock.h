/* Landlock: which files a program opens and changes, on which TCP ports it speaks, whom it signals and traces. */
#ifndef COMMAND_RUNNER_LANDLOCK_H
#define COMMAND_RUNNER_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* The kernel's ABI, at most what is known here; 0: there is none. Files need 1 (Linux 5.13), ports 4 (6.7), signals 6
 * (6.12). */
uint32_t landlock_abi(void);

#define LANDLOCK_READ 1u
#define LANDLOCK_WRITE 2u
#define LANDLOCK_EXECUTE 4u
#define LANDLOCK_DEVICE 8u /* requests (ioctl) to it */

/* What a rule set handles: all that it handles and no rule gives is refused. */
#define LANDLOCK_FILES 1u
#define LANDLOCK_CONNECT 2u
#define LANDLOCK_BIND 4u
#define LANDLOCK_SIGNALS 8u
#define LANDLOCK_ABSTRACT 16u /* local sockets with abstract names */

/* A rule set: a descriptor, close-on-exec, or -1 and errno. Whoever is under one, whatever it handles, can neither trace
 * nor look into processes that are not. */
int landlock_make(uint32_t what);

/* 0, or an errno. The file is one opened with O_PATH; with a folder comes all that is in it, now or later. */
int landlock_add(int rules, int file, uint32_t access);
/* Opens it first; what is not there gives nothing. */
int landlock_add_path(int rules, const char *path, uint32_t access);
int landlock_add_port(int rules, uint16_t port, uint32_t what);

#endif
