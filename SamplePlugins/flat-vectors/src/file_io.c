#define _GNU_SOURCE
#include "file_io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES 0x40000u

bool file_read(int file, void *into, size_t size, uint64_t offset)
{
    char *at = into;
    while (size > 0) {
        ssize_t n = pread(file, at, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? 0 : errno;
            return false;
        }
        at += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return true;
}

bool file_write(int file, const void *bytes, size_t size, uint64_t offset)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t n = pwrite(file, at, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? EIO : errno;
            return false;
        }
        at += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return true;
}

bool file_writer_begin(file_writer *w, int file, uint64_t offset)
{
    *w = (file_writer) { .file = file, .offset = offset, .buffer = malloc(BUFFER_BYTES) };
    if (w->buffer == NULL)
        w->error = ENOMEM;
    return w->buffer != NULL;
}

static void write_out(file_writer *w, const void *bytes, size_t size)
{
    /* offset counts what was added; what lies in the buffer begins `used` before it. */
    if (w->error == 0 && size > 0 && !file_write(w->file, bytes, size, w->offset - w->used))
        w->error = errno;
}

void file_writer_add(file_writer *w, const void *bytes, size_t size)
{
    if (w->error != 0 || size == 0)
        return;
    if (size > BUFFER_BYTES - w->used) {
        write_out(w, w->buffer, w->used);
        w->used = 0;
        if (size >= BUFFER_BYTES) {
            write_out(w, bytes, size);
            w->offset += size;
            return;
        }
    }
    memcpy(w->buffer + w->used, bytes, size);
    w->used += size;
    w->offset += size;
}

void file_writer_add_zeros(file_writer *w, size_t size)
{
    static const unsigned char zeros[64];
    for (; size > sizeof zeros; size -= sizeof zeros)
        file_writer_add(w, zeros, sizeof zeros);
    file_writer_add(w, zeros, size);
}

bool file_writer_end(file_writer *w)
{
    write_out(w, w->buffer, w->used);
    free(w->buffer);
    w->buffer = NULL;
    errno = w->error;
    return w->error == 0;
}
