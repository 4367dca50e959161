#ifndef KEYWAY_TEST_PROGRAMS_H
#define KEYWAY_TEST_PROGRAMS_H

/* What Swift cannot reach: functions that the C library declares with _GNU_SOURCE only. */

/*
 * Starts a program with three descriptors of the caller's as its standard streams and no other descriptor.
 *   path, arguments, environment   as of execve(2): NULL ends the lists
 *   folder                         where it runs; NULL for the caller's
 *   streams                        less than 0 for /dev/null
 * Returns 0 and writes the new process, or an error number.
 */
int kwt_program_start(const char *path, char *const *arguments, char *const *environment, const char *folder,
                      const int streams[3], int *process);

/* A file without a name, for what a program reads or writes: its descriptor, which programs do not inherit, or -1. */
int kwt_program_file(void);

#endif
