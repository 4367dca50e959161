/* libelf of elfutils, as the system provides it, and what the C library shows of loaded files only to sources that
 * define _GNU_SOURCE. Swift's Glibc module does not define it, so the declaration stands here, as dl_iterate_phdr(3)
 * gives it. */
#ifndef KEYWAY_CLIBELF_SHIM_H
#define KEYWAY_CLIBELF_SHIM_H

#include <gelf.h>
#include <libelf.h>
#include <link.h>
#include <stddef.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

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

/* The level of x86-64 that this processor and its system reach, 1 to 4, by the rules of the psABI: what the dynamic
 * linker goes by when it chooses among builds of a library (glibc-hwcaps). 0 on other machines. */
static inline int keyway_x86_64_level(void)
{
#if defined(__x86_64__)
    const unsigned v2 = bit_SSE3 | bit_SSSE3 | bit_CMPXCHG16B | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT;
    const unsigned v3 = bit_FMA | bit_MOVBE | bit_OSXSAVE | bit_AVX | bit_F16C;
    const unsigned v3_more = bit_AVX2 | bit_BMI | bit_BMI2;
    const unsigned v4 = bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL;
    unsigned eax, ebx, ecx, edx, more, first, saved, high;
    if (!__get_cpuid(1, &eax, &ebx, &first, &edx) || (first & v2) != v2) return 1;
    if (!__get_cpuid(0x80000001u, &eax, &ebx, &ecx, &edx) || !(ecx & bit_LAHF_LM)) return 1;
    if ((first & v3) != v3 || !(ecx & bit_LZCNT)) return 2;
    if (!__get_cpuid_count(7, 0, &eax, &more, &ecx, &edx) || (more & v3_more) != v3_more) return 2;
    /* What the system saves when it switches threads: bits 1 and 2 are AVX, 5 to 7 AVX-512. */
    __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    if ((saved & 0x06u) != 0x06u) return 2;
    return (more & v4) == v4 && (saved & 0xE0u) == 0xE0u ? 4 : 3;
#else
    return 0;
#endif
}

#endif
