/* CPluginLinux - what Swift cannot spell. Each function says why it is C. Functions return -1 and set errno, or as said. */
#ifndef CPLUGINLINUX_H
#define CPLUGINLINUX_H

#include <stddef.h>
#include <stdint.h>

/* memfd_create(2) with MFD_CLOEXEC | MFD_ALLOW_SEALING and, where the kernel knows it (6.3), MFD_EXEC. A long name is cut.
 * C: the flags are macros that Swift's importer does not see, and the fallback needs errno at once. */
int kwl_memfd(const char *name);

/* open(2) with O_PATH | O_CLOEXEC: a name for the file that stays, and no way to read it. -1 with errno.
 * C: the flag is one that Swift's importer does not see. */
int kwl_open_place(const char *path);

/* Where memory files must not be executable (vm.memfd_noexec=2): a file without a name, readable and writable by its owner
 * alone, in the first of the system's temporary folders that allows code to be mapped. C: O_TMPFILE is not imported. */
int kwl_unnamed_file(void);

/* Another descriptor of the same file, for reading only; the first one is closed, also if this fails. Stands in for the
 * seals of a memory file. C: beside its sibling. */
int kwl_reopen_for_reading(int fd);

/* F_ADD_SEALS of write, shrink, grow and seal: from now on the image cannot change. C: fcntl is variadic. */
int kwl_seal(int fd);

/* Copies exactly size bytes from the start of one file to the start of another, inside the kernel where it can.
 * 0, or -1; errno ENODATA: the source became shorter. C: a loop over errno. */
int kwl_copy(int from, int to, uint64_t size);

/* Where the code of a loaded image is. handle is from dlopen. C: link_map and the callback of
 * dl_iterate_phdr are not usable from Swift. */
#define KWL_CODE_RANGES 8
typedef struct kwl_image {
    uintptr_t base;
    uint32_t code_ranges, reserved;
    uintptr_t code_begin[KWL_CODE_RANGES], code_end[KWL_CODE_RANGES];
} kwl_image;
int kwl_find_image(void *handle, kwl_image *image);
/* 1 if the address lies in code of the image. */
int kwl_is_code(const kwl_image *image, const void *address);

/* 1 if the bytes lie in a mapped segment of one of the loaded images: code, constants or variables of static lifetime.
 * C: the callback of dl_iterate_phdr is not usable from Swift. */
int kwl_is_static(const void *ptr, uint64_t len);

/* secure_getenv(3): NULL in a privileged process. C: declared for _GNU_SOURCE only. */
const char *kwl_secure_getenv(const char *name);
/* The variables of this process as NAME=VALUE, and NULL behind the last; NULL in a privileged process, as above. They must not be
 * changed meanwhile. C: a global variable is not usable from Swift. */
const char *const *kwl_secure_environment(void);

/* CRC-32C (Castagnoli, RFC 3720 appendix B.4) of bytes. C: one instruction of the processor for eight bytes. */
uint32_t kwl_crc32c(const void *bytes, size_t count);

/* accept4(2) with SOCK_NONBLOCK | SOCK_CLOEXEC: the next connection, or -1. C: declared for _GNU_SOURCE only. */
int kwl_accept(int listener);

/* Who is at the other end of a connected Unix socket (SO_PEERCRED, unix(7)): whoever connected or, at the connecting end,
 * whoever listened. 0, or -1. C: struct ucred is declared for _GNU_SOURCE only. */
int kwl_peer(int socket, uint32_t *user, int32_t *process);

/* prlimit(2): both the soft and the hard limit of another process. It needs the process's user, and CAP_SYS_RESOURCE to raise
 * the hard one. C: declared for _GNU_SOURCE only. */
#define KWL_DATA 0u
#define KWL_OPEN_FILES 1u
#define KWL_FILE_SIZE 2u
int kwl_limit(int32_t process, uint32_t what, uint64_t value);

/* Bytes on disk of a file, or of everything in a folder; of hard links each counts, links are not followed, and other
 * file systems are left out. What cannot be read counts nothing; -1 if nothing can be. C: the flexible structures of fts(3). */
int64_t kwl_disk_usage(const char *path);

/* 1: a list of acl(5) says more about a file than its mode does, or that cannot be known. Links are not followed. C: xattr(7) is
 * no part of the module. */
int kwl_has_access_list(const char *path);

/* CLOCK_MONOTONIC in nanoseconds. C: the macro is not imported everywhere. */
int64_t kwl_monotonic_ns(void);

#endif
