/* Attacks: code that was not there before. */
#define _GNU_SOURCE
#include "attack_helpers.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int map_all(void)
{
    return map_and_unmap(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, 4096, -1);
}

static int map_code(void)
{
    return map_and_unmap(PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, 4096, -1);
}

static int map_file_code(void)
{
    int file = open("/usr/lib/os-release", O_RDONLY);
    return file < 0 ? -errno : map_and_unmap(PROT_READ | PROT_EXEC, MAP_PRIVATE, 4096, file);
}

static int map_written_code(void)
{
    int error = with_file("code");
    int file = error != 0 ? -1 : open(GRANTED("code"), O_RDONLY);
    return file < 0 ? -errno : map_and_unmap(PROT_READ | PROT_EXEC, MAP_PRIVATE, 4096, file);
}

static int make_executable(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? -errno : answer(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}

static int make_executable_by_key(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? -errno
        : answer(syscall(SYS_pkey_mprotect, memory, 4096L, (long)(PROT_READ | PROT_EXEC), -1L));
}

static int make_stack_executable(void)
{
    char here = 0;
    return answer(mprotect((void *)((uintptr_t)&here & ~(uintptr_t)4095), 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
}

static int write_code(void)
{
    return answer(mprotect((void *)((uintptr_t)write_code & ~(uintptr_t)4095), 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
}

static int load_library(void)
{
    /* One that no program here has loaded. */
    return dlopen("libanl.so.1", RTLD_NOW) != NULL ? 0 : -EPERM;
}

static int load_filter(void)
{
    struct { unsigned short code; unsigned char yes, no; unsigned int k; } allow = { 6, 0, 0, 0x7FFF0000 };
    struct { unsigned short count; void *filter; } loaded = { 1, &allow };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return answer(syscall(SYS_seccomp, 1, 1, &loaded));
}

static int load_filter_by_prctl(void)
{
    struct { unsigned short code; unsigned char yes, no; unsigned int k; } allow = { 6, 0, 0, 0x7FFF0000 };
    struct { unsigned short count; void *filter; } loaded = { 1, &allow };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return answer(prctl(PR_SET_SECCOMP, 2, &loaded));
}

static const attack attacks[] = {
    { 13, "map writable code", map_all, -EPERM, 0, PLAIN },
    { 13, "map code of no file", map_code, -EPERM, 0, PLAIN },
    { 13, "map a file as code", map_file_code, -EPERM, 0, SUCCEEDS, ONLY_SEALED },
    { 13, "map what it wrote as code", map_written_code, -EPERM, 0, SUCCEEDS, ONLY_SEALED },
    { 13, "load a library late", load_library, -EPERM, 0, SUCCEEDS, ONLY_SEALED },
    { 13, "make memory executable", make_executable, -EPERM, 0, PLAIN },
    { 13, "make it executable by a key", make_executable_by_key, -EPERM, 0, PLAIN },
    { 13, "make the stack executable", make_stack_executable, -EPERM, 0, PLAIN },
    { 13, "make code writable", write_code, -EPERM, 0, PLAIN },
    { 13, "load a filter", load_filter, -EPERM, 0, SUCCEEDS, ONLY_SEALED },
    { 13, "load a filter by prctl", load_filter_by_prctl, -EPERM, 0, PLAIN },
};
const attack_group attacks_code = GROUP(attacks);
