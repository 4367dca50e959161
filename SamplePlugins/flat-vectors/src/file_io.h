/* Reading and writing files to the last byte. A false result leaves the reason in errno. */
#ifndef FLAT_VECTORS_FILE_IO_H
#define FLAT_VECTORS_FILE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* errno is 0 if the file ended before `size` bytes. */
bool file_read(int file, void *into, size_t size, uint64_t offset);
bool file_write(int file, const void *bytes, size_t size, uint64_t offset);

/* Joins many small pieces into few writes, in the order of the file. */
typedef struct file_writer {
    int file;
    int error;          /* of the first write that failed */
    uint64_t offset;    /* of the next byte */
    size_t used;
    unsigned char *buffer;
} file_writer;

bool file_writer_begin(file_writer *w, int file, uint64_t offset);
/* Does nothing after a failure; file_writer_end tells. */
void file_writer_add(file_writer *w, const void *bytes, size_t size);
void file_writer_add_zeros(file_writer *w, size_t size);
/* Writes what is left and frees the buffer. */
bool file_writer_end(file_writer *w);

#endif
