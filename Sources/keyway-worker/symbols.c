/* Names for addresses, from the bytes of a file that may say anything. */
#include "symbols.h"

#include <elf.h>
#include <string.h>

/* 1 if count entries of a size lie within the file. */
static int lies_within(size_t size, uint64_t offset, uint64_t count, uint64_t entry)
{
    return offset <= size && entry != 0 && count <= (size - offset) / entry;
}

static int section(const unsigned char *file, size_t size, const Elf64_Ehdr *header, uint32_t index, Elf64_Shdr *out)
{
    if (index >= header->e_shnum || !lies_within(size, header->e_shoff, header->e_shnum, sizeof *out))
        return 0;
    memcpy(out, file + header->e_shoff + (size_t)index * sizeof *out, sizeof *out);
    return 1;
}

static int search(const unsigned char *file, size_t size, const Elf64_Shdr *table, const Elf64_Shdr *strings,
                  uint64_t address, Elf64_Sym *found)
{
    uint64_t count = table->sh_size / sizeof *found;
    if (!lies_within(size, table->sh_offset, count, sizeof *found)
        || !lies_within(size, strings->sh_offset, strings->sh_size, 1))
        return 0;
    for (uint64_t i = 0; i < count; i++) {
        memcpy(found, file + table->sh_offset + i * sizeof *found, sizeof *found);
        if (ELF64_ST_TYPE(found->st_info) == STT_FUNC && found->st_shndx != SHN_UNDEF && address >= found->st_value
            && address - found->st_value < found->st_size && found->st_name < strings->sh_size)
            return 1;
    }
    return 0;
}

int find_symbol(const unsigned char *file, size_t size, uint64_t address, char *name, size_t room, uint64_t *offset)
{
    static const uint32_t kinds[] = { SHT_SYMTAB, SHT_DYNSYM };
    Elf64_Ehdr header;
    if (size < sizeof header || room == 0)
        return 0;
    memcpy(&header, file, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64
        || header.e_shentsize != sizeof(Elf64_Shdr))
        return 0;
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        for (uint32_t i = 0; i < header.e_shnum; i++) {
            Elf64_Shdr table, strings;
            Elf64_Sym symbol;
            if (!section(file, size, &header, i, &table) || table.sh_type != kinds[kind]
                || !section(file, size, &header, table.sh_link, &strings)
                || !search(file, size, &table, &strings, address, &symbol))
                continue;
            size_t left = (size_t)(strings.sh_size - symbol.st_name);
            size_t length = left < room - 1 ? left : room - 1;
            memcpy(name, file + strings.sh_offset + symbol.st_name, length);
            name[length] = '\0';
            *offset = address - symbol.st_value;
            return 1;
        }
    }
    return 0;
}
