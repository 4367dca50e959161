/* Asks a file for names, cut at every length and damaged in many ways. Built with sanitizers, which end it at the first byte
 * that is read outside. Prints how often a name was found in the whole file and in the damaged ones. */
#include "symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned found(const unsigned char *file, size_t size)
{
    unsigned count = 0;
    for (uint64_t address = 0; address < 0x4000; address += 0x100) {
        char name[16];
        uint64_t offset = 0;
        int has_name = find_symbol(file, size, address, name, sizeof name, &offset);
        if (has_name && (memchr(name, '\0', sizeof name) == NULL || offset > address))
            abort();
        count += has_name != 0;
    }
    return count;
}

int main(int count, char **arguments)
{
    static const uint64_t extremes[] = { 0, 1, 0x7f, 0xff, UINT32_MAX, INT64_MAX, UINT64_MAX, UINT64_MAX - 63 };
    struct stat status;
    int descriptor = count == 2 ? open(arguments[1], O_RDONLY) : -1;
    if (descriptor < 0 || fstat(descriptor, &status) != 0)
        return 2;
    size_t size = (size_t)status.st_size;
    unsigned char *whole = malloc(size);
    if (whole == NULL || read(descriptor, whole, size) != status.st_size)
        return 2;
    unsigned sound = found(whole, size), damaged = 0;
    for (size_t length = 0; length < size; length += length < 1024 ? 1 : 61) {
        /* Of its own, so that the byte behind it is out of bounds. */
        unsigned char *cut = malloc(length > 0 ? length : 1);
        memcpy(cut, whole, length);
        damaged += found(cut, length);
        free(cut);
    }
    Elf64_Ehdr header;
    memcpy(&header, whole, sizeof header);
    size_t sections = (size_t)header.e_shnum * sizeof(Elf64_Shdr);
    for (size_t at = 0; at < sizeof header + sections; at += 4) {
        size_t place = at < sizeof header ? at : header.e_shoff + at - sizeof header;
        for (size_t i = 0; i < sizeof extremes / sizeof extremes[0]; i++) {
            unsigned char kept[8];
            size_t length = size - place < sizeof kept ? size - place : sizeof kept;
            memcpy(kept, whole + place, length);
            memcpy(whole + place, &extremes[i], length);
            damaged += found(whole, size);
            memcpy(whole + place, kept, length);
        }
    }
    free(whole);
    printf("%u %u\n", sound, damaged);
    return 0;
}
