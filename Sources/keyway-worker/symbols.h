/* Names for addresses. */
#ifndef SYMBOLS_H
#define SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

/* The function that holds an address of a shared object, in its symbol table if it has one, else in its dynamic one.
 * file is the whole file; address is relative to where it is loaded. 1 if there is one. Believes nothing in the file. */
int find_symbol(const unsigned char *file, size_t size, uint64_t address, char *name, size_t room, uint64_t *offset);

#endif
