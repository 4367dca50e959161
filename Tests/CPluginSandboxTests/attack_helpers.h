/* What attacks are made of: system calls whose errors are answers, and the places in which they are tried. */
#ifndef ATTACK_HELPERS_H
#define ATTACK_HELPERS_H

#include "attack.h"

/* Of a system call: 0, or -errno. */
int answer(long result);
int open_and_close(const char *path, int flags);
/* Makes a file with a text in the granted folder. */
int with_file(const char *name);
int map_and_unmap(int protection, int flags, size_t size, int file);
/* Good until the fourth call after it. */
const char *join(const char *folder, const char *name);

#define GRANTED(name) join(target_.granted, name)
#define READABLE(name) join(target_.readable, name)
#define OUTSIDE(name) join(target_.outside, name)
#define CALL(name, ...) static int name(void) { return answer(syscall(__VA_ARGS__)); }
#define OPEN(name, path, flags) static int name(void) { return open_and_close(path, flags); }

/* The last two of an attack whose control is plain. */
#define PLAIN SUCCEEDS, 0
#define GROUP(attacks) { (attacks), sizeof (attacks) / sizeof (attacks)[0] }

#endif
