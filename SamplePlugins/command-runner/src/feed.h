/* Input that goes on while the program runs: into its pipe or terminal, as it makes room. */
#ifndef COMMAND_RUNNER_FEED_H
#define COMMAND_RUNNER_FEED_H

#include <stdbool.h>
#include <stddef.h>

typedef struct feed {
    int fd;                    /* not blocking; -1: none, or closed */
    bool is_terminal;          /* its end is told by a character, and it stays open */
    bool ends;                 /* nothing comes after what is queued */
    char *queue;
    size_t size, at, room;
    char last;                 /* of what was written */
} feed;

/* False: out of memory. */
bool feed_add(feed *f, const char *data, size_t size);
/* Bytes that are queued and not written. */
size_t feed_left(const feed *f);
/* Is there something to do when fd can be written to? */
bool feed_wants(const feed *f);
/* Writes what fits now; closes the program's input once it has all. A program that does not read any more loses the rest,
 * as it would in a shell. */
void feed_write(feed *f);
void feed_free(feed *f);

#endif
