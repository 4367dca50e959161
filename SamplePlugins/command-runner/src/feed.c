#define _GNU_SOURCE
#include "feed.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define END_OF_TRANSMISSION '\004' /* what a terminal in its usual state takes for the end of input */

bool feed_add(feed *f, const char *data, size_t size)
{
    if (f->fd < 0 || size == 0)
        return true;
    if (f->at > 0) {
        memmove(f->queue, f->queue + f->at, f->size - f->at);
        f->size -= f->at;
        f->at = 0;
    }
    if (size > f->room - f->size) {
        char *larger = realloc(f->queue, f->size + size);
        if (larger == NULL)
            return false;
        f->queue = larger;
        f->room = f->size + size;
    }
    memcpy(f->queue + f->size, data, size);
    f->size += size;
    return true;
}

size_t feed_left(const feed *f)
{
    return f->size - f->at;
}

bool feed_wants(const feed *f)
{
    return f->fd >= 0 && (feed_left(f) > 0 || f->ends);
}

/* write() to a pipe that nobody reads raises SIGPIPE, which would end the host. */
static ssize_t write_quietly(int fd, const char *data, size_t size)
{
    sigset_t pipe_only, before, pending;
    struct timespec at_once = { 0, 0 };
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    ssize_t n = write(fd, data, size);
    int number = errno;
    if (n < 0 && number == EPIPE && !sigismember(&pending, SIGPIPE))
        (void)sigtimedwait(&pipe_only, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = number;
    return n;
}

static void close_feed(feed *f)
{
    close(f->fd);
    f->fd = -1;
    f->size = f->at = 0;
}

void feed_write(feed *f)
{
    while (f->fd >= 0 && feed_left(f) > 0) {
        ssize_t n = write_quietly(f->fd, f->queue + f->at, feed_left(f));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            close_feed(f);
            return;
        }
        f->at += (size_t)n;
        f->last = f->queue[f->at - 1];
    }
    if (f->fd < 0 || !f->ends)
        return;
    if (f->is_terminal) {
        /* Behind an unfinished line the first one only hands the line over. */
        static const char ends[2] = { END_OF_TRANSMISSION, END_OF_TRANSMISSION };
        bool is_unfinished = f->last != '\0' && f->last != '\n';
        if (write_quietly(f->fd, ends, is_unfinished ? 2 : 1) < 0 && errno == EAGAIN)
            return;
        f->ends = false;
    } else {
        close_feed(f);
    }
}

void feed_free(feed *f)
{
    if (f->fd >= 0)
        close(f->fd);
    free(f->queue);
    *f = (feed) { .fd = -1 };
}
