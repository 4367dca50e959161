/* One of the program's two outputs: what of it is passed on, what is kept back, what goes into a file. */
#ifndef COMMAND_RUNNER_STREAM_H
#define COMMAND_RUNNER_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <keyway/plugin.h>

#define STREAM_MOST_HELD (UINT64_C(64) << 20)

typedef struct stream {
    int pipe;               /* or -1 once it has ended */
    uint32_t event;         /* KW_EVENT_STDOUT or KW_EVENT_STDERR */
    uint64_t limit;         /* 0: none */
    uint64_t produced;      /* bytes read from the program */
    uint64_t passed;        /* bytes that the consumer gets */
    uint64_t live;          /* the first so many are passed on as they come */
    uint64_t tail;          /* of an output beyond its limit, the last so many follow at the end */
    char *ring;             /* what came behind `live`, the last ring_size bytes of it */
    uint64_t ring_size, ringed;
    int spool;              /* file of all of it, or -1 */
    char *spool_path;       /* or NULL */
    uint64_t spool_limit;   /* bytes, 0: none */
    bool spool_failed;      /* the file ends before the output does */
    char *kept;             /* the first kept_room bytes that were passed on, for a tool's result; or NULL */
    size_t kept_size, kept_room;
} stream;

/* Sets live, tail and the ring from the stream's limit. False: no memory for the ring. */
bool stream_plan(stream *s, const kw_policy *policy);

/* A new file for all of the output, in the folder: "stdout-XXXXXX". False: errno says why. */
bool stream_spool(stream *s, const char *folder, uint64_t most);

/* Takes in what was read. Value: how much of its beginning is to be passed on now. */
size_t stream_take(stream *s, const char *data, size_t size);

/* At the end, what was kept back and is to be passed on: up to two pieces of memory, in order. */
unsigned stream_rest(stream *s, kw_bytes pieces[2]);

/* Remembers what was passed on, if the stream keeps any. */
void stream_keep(stream *s, kw_bytes data);

/* Closes the files and frees the memory; the spool file stays, unless it is to be removed. */
void stream_free(stream *s, bool removes_spool);

#endif
