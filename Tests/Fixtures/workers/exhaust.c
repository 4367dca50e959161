/* Ways in which C finds no memory, none of which looks; and some that end otherwise. */
#include "exhaust.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE ((size_t)1 << 30)

int exhaust(const char *way)
{
    char *volatile memory = NULL;
    if (strcmp(way, "little by little") == 0) {
        for (;;) {
            memory = malloc(1 << 20);
            memset(memory, 1, 1 << 20);
        }
    }
    if (strcmp(way, "at once") == 0) {
        memory = malloc(LARGE);
        memset(memory, 1, LARGE);
    }
    if (strcmp(way, "its end") == 0) {
        memory = calloc(LARGE, 1);
        memory[LARGE - 1] = 1;
    }
    if (strcmp(way, "a mapping") == 0) {
        memory = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memory[4096] = 1;
    }
    if (strcmp(way, "growing") == 0) {
        for (size_t size = 1 << 20;; size *= 2) {
            memory = realloc(memory, size);
            memory[size / 2] = 1;
        }
    }
    /* Not of memory. */
    if (strcmp(way, "checked") == 0)
        return malloc(LARGE) == NULL;
    if (strcmp(way, "wild") == 0) {
        memory = malloc(LARGE);
        *(volatile char *)((uintptr_t)&exhaust & ~(uintptr_t)4095) = 1;
    }
    if (strcmp(way, "null") == 0)
        *memory = 1;
    if (strcmp(way, "abort") == 0)
        abort();
    return 0;
}
