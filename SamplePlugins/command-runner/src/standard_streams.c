#define _GNU_SOURCE
#include "standard_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

#include "terminal.h"

static bool open_pipe(int *reading, int *writing)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    *reading = descriptor_move_up(ends[0]);
    *writing = descriptor_move_up(ends[1]);
    return *reading >= 0 && *writing >= 0;
}

static bool does_not_block(int fd)
{
    return fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

/* A file in memory and not a pipe: nobody has to feed it, so input and output cannot wait for each other. */
static int open_whole_input(kw_bytes input)
{
    const char *at = input.ptr;
    if (input.len == 0)
        return descriptor_move_up(open("/dev/null", O_RDONLY | O_CLOEXEC));
    int file = descriptor_move_up(memfd_create("keyway-input", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    for (uint64_t left = input.len; file >= 0 && left > 0;) {
        ssize_t n = write(file, at, left < SSIZE_MAX ? (size_t)left : SSIZE_MAX);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int number = errno;
            close(file);
            errno = number;
            return -1;
        }
        at += n;
        left -= (uint64_t)n;
    }
    if (file >= 0) {
        (void)fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
        (void)lseek(file, 0, SEEK_SET);
    }
    return file;
}

/* What the request already has goes first; errno where memory is out. */
static bool begin_feed(run *r)
{
    feed *f = &r->supervision->feed;
    f->ends = !(r->request.in.flags & KW_RUN_KEEP_STDIN);
    if (f->fd >= 0 && feed_add(f, r->request.in.input.ptr, (size_t)r->request.in.input.len))
        return true;
    if (f->fd >= 0)
        errno = ENOMEM;
    return false;
}

static const char *open_terminal(run *r)
{
    supervision *s = r->supervision;
    int ours, theirs;
    int number = terminal_open(r->request.in.rows, r->request.in.columns, &ours, &theirs);
    if (number != 0) {
        errno = number;
        return "terminal";
    }
    r->plan.has_terminal = true;
    r->plan.input = theirs;
    r->plan.output = fcntl(theirs, F_DUPFD_CLOEXEC, 3);
    r->plan.error = fcntl(theirs, F_DUPFD_CLOEXEC, 3);
    s->terminal = ours;
    s->streams[0].pipe = fcntl(ours, F_DUPFD_CLOEXEC, 3);
    s->feed.fd = fcntl(ours, F_DUPFD_CLOEXEC, 3);
    s->feed.is_terminal = true;
    if (r->plan.output < 0 || r->plan.error < 0 || s->streams[0].pipe < 0)
        return "terminal";
    return begin_feed(r) ? NULL : "input";
}

static const char *open_pipes(run *r)
{
    supervision *s = r->supervision;
    if (!open_pipe(&s->streams[0].pipe, &r->plan.output) || !open_pipe(&s->streams[1].pipe, &r->plan.error)
        || !does_not_block(s->streams[0].pipe) || !does_not_block(s->streams[1].pipe))
        return "pipes";
    if (!(r->request.in.flags & KW_RUN_KEEP_STDIN)) {
        r->plan.input = open_whole_input(r->request.in.input);
        /* A worker's sandbox has no files in memory. */
        if (r->plan.input >= 0 || errno != EPERM)
            return r->plan.input >= 0 ? NULL : "input";
    }
    if (!open_pipe(&r->plan.input, &s->feed.fd) || !does_not_block(s->feed.fd) || !begin_feed(r))
        return "input";
    return NULL;
}

const char *standard_streams_open(run *r, const char *data_dir)
{
    supervision *s = r->supervision;
    if (r->request.cwd != NULL) {
        r->plan.folder = descriptor_move_up(open(r->request.cwd, O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (r->plan.folder < 0)
            return "working folder";
    }
    for (int i = 0; i < 2; i++) {
        if (!stream_plan(&s->streams[i], s->policy)) {
            errno = ENOMEM;
            return "memory for the output";
        }
        if (s->policy->overflow == KW_OVERFLOW_SPOOL && !stream_spool(&s->streams[i], data_dir, s->limits->file_size))
            return "file for the output";
    }
    return s->policy->flags & KW_POLICY_PTY ? open_terminal(r) : open_pipes(r);
}

void standard_streams_close_theirs(run *r)
{
    int *const list[] = { &r->plan.input, &r->plan.output, &r->plan.error, &r->plan.folder };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        if (*list[i] >= 0) {
            close(*list[i]);
            *list[i] = -1;
        }
}
