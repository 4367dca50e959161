#define _GNU_SOURCE
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool stream_plan(stream *s, const kw_policy *p)
{
    bool is_split = s->limit > 0 && p->overflow != KW_OVERFLOW_KILL && (p->head_bytes > 0 || p->tail_bytes > 0);
    s->live = s->limit == 0 ? UINT64_MAX : is_split ? p->head_bytes : s->limit;
    if (!is_split)
        return true;
    /* Up to its limit all of an output is passed on, so what may yet turn out to be all of it is kept. */
    s->tail = p->tail_bytes;
    s->ring_size = s->limit - s->live;
    s->ring = s->ring_size > 0 ? malloc((size_t)s->ring_size) : NULL;
    return s->ring != NULL || s->ring_size == 0;
}

bool stream_spool(stream *s, const char *folder, uint64_t most)
{
    const char *name = s->event == KW_EVENT_STDOUT ? "stdout" : "stderr";
    if (asprintf(&s->spool_path, "%s/%s-XXXXXX", folder, name) < 0) {
        s->spool_path = NULL;
        errno = ENOMEM;
        return false;
    }
    s->spool = mkostemp(s->spool_path, O_CLOEXEC);
    s->spool_limit = most;
    if (s->spool >= 0)
        return true;
    int number = errno;
    free(s->spool_path);
    s->spool_path = NULL;
    errno = number;
    return false;
}

static void write_spool(stream *s, const char *data, size_t size)
{
    if (s->spool < 0 || s->spool_failed)
        return;
    if (s->spool_limit > 0 && size > s->spool_limit - s->produced) {
        size = (size_t)(s->spool_limit - s->produced);
        s->spool_failed = true;
    }
    while (size > 0) {
        ssize_t n = write(s->spool, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            s->spool_failed = true;
            return;
        }
        data += n;
        size -= (size_t)n;
    }
}

static void put_in_ring(stream *s, const char *data, size_t size)
{
    if (s->ring_size == 0)
        return;
    if (size > s->ring_size) {
        s->ringed += size - s->ring_size;
        data += size - s->ring_size;
        size = (size_t)s->ring_size;
    }
    size_t at = (size_t)(s->ringed % s->ring_size);
    size_t first = size < s->ring_size - at ? size : (size_t)(s->ring_size - at);
    memcpy(s->ring + at, data, first);
    memcpy(s->ring, data + first, size - first);
    s->ringed += size;
}

size_t stream_take(stream *s, const char *data, size_t size)
{
    write_spool(s, data, size);
    size_t now = s->produced >= s->live ? 0 : size < s->live - s->produced ? size : (size_t)(s->live - s->produced);
    put_in_ring(s, data + now, size - now);
    s->produced += size;
    s->passed += now;
    return now;
}

unsigned stream_rest(stream *s, kw_bytes pieces[2])
{
    bool is_over = s->limit > 0 && s->produced > s->limit;
    uint64_t wanted = is_over ? s->tail : s->ringed;
    if (wanted > s->ringed)
        wanted = s->ringed;
    if (wanted == 0)
        return 0;
    size_t at = (size_t)((s->ringed - wanted) % s->ring_size);
    size_t first = wanted < s->ring_size - at ? (size_t)wanted : (size_t)(s->ring_size - at);
    pieces[0] = (kw_bytes) { s->ring + at, first };
    pieces[1] = (kw_bytes) { s->ring, wanted - first };
    s->passed += wanted;
    return wanted > first ? 2 : 1;
}

void stream_keep(stream *s, kw_bytes data)
{
    size_t room = s->kept_room - s->kept_size;
    size_t size = data.len < room ? (size_t)data.len : room;
    if (s->kept == NULL || size == 0)
        return;
    memcpy(s->kept + s->kept_size, data.ptr, size);
    s->kept_size += size;
}

void stream_free(stream *s, bool removes_spool)
{
    if (s->pipe >= 0)
        close(s->pipe);
    if (s->spool >= 0)
        close(s->spool);
    if (removes_spool && s->spool_path != NULL)
        (void)unlink(s->spool_path);
    free(s->spool_path);
    free(s->ring);
    free(s->kept);
    s->pipe = s->spool = -1;
    s->spool_path = s->ring = s->kept = NULL;
}
