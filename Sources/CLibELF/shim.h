/* libelf of elfutils, as the system provides it, and what the C library shows of loaded files only to sources that
 * define _GNU_SOURCE. Swift's Glibc module does not define it, so the declaration stands here, as dl_iterate_phdr(3)
 * gives it. */
#ifndef KEYWAY_CLIBELF_SHIM_H
#define KEYWAY_CLIBELF_SHIM_H

#include <gelf.h>
#include <libelf.h>
#include <link.h>
#include <stddef.h>

#if !defined(__USE_GNU)
struct dl_phdr_info {
    ElfW(Addr) dlpi_addr;
    const char *dlpi_name;
    const ElfW(Phdr) *dlpi_phdr;
    ElfW(Half) dlpi_phnum;
    unsigned long long int dlpi_adds;
    unsigned long long int dlpi_subs;
    size_t dlpi_tls_modid;
    void *dlpi_tls_data;
};

extern int dl_iterate_phdr(int (*callback)(struct dl_phdr_info *info, size_t size, void *data), void *data);
#endif

#endif
