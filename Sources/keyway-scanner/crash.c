/* Describes the signal that ends a child, in the child.
 *
 * First what is sure, then what may fail: the unwinder and the search for names run in a process that is broken, and may
 * break again. Then the second signal ends the child, and what was written until then is kept. */
#define _GNU_SOURCE
#include "scanner.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static report *shared;
static const char (*file_names)[64];
static uint32_t file_count;
/* A stack that overflowed cannot carry its own handler. */
static _Alignas(64) unsigned char own_stack[128 * 1024];

static uintptr_t program_counter(const void *context)
{
#if defined(__x86_64__)
    return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.pc;
#else
    (void)context;
    return 0;
#endif
}

/* The file of the job that the dynamic linker calls by this name, or -1. */
static int file_index(const char *path)
{
    char own[32];
    for (uint32_t i = 0; i < file_count; i++) {
        snprintf(own, sizeof own, "/proc/self/fd/%u", FIRST_FILE + i);
        if (strcmp(path, own) == 0)
            return (int)i;
    }
    return -1;
}

static void copy_text(char *to, size_t room, const char *from)
{
    size_t length = strnlen(from, room - 1);
    memcpy(to, from, length);
    to[length] = '\0';
}

/* The object that an address lies in, or NULL. Takes no lock, unlike dladdr: the dynamic linker's is held by another thread
 * if the one that crashed was made in a constructor. */
static const struct link_map *object_of(uintptr_t address)
{
    struct dl_find_object object;
    /* glibc 2.35 */
    return _dl_find_object((void *)address, &object) == 0 ? object.dlfo_link_map : NULL;
}

/* Says where an address is; 1 if it lies in a file of the job. */
static int find_place(uintptr_t address, stack_frame *frame)
{
    const struct link_map *map = object_of(address);
    memset(frame, 0, sizeof *frame);
    frame->offset = address - (map != NULL ? map->l_addr : 0);
    if (map == NULL)
        return 0;
    int index = file_index(map->l_name);
    const char *slash = strrchr(map->l_name, '/');
    const char *name = index >= 0 ? file_names[index] : slash != NULL ? slash + 1 : map->l_name;
    copy_text(frame->module, sizeof frame->module, name);
    return index >= 0;
}

static void find_name(uintptr_t address, stack_frame *frame)
{
    const struct link_map *map = object_of(address);
    struct stat status;
    if (map == NULL)
        return;
    int index = file_index(map->l_name);
    int descriptor = index >= 0 ? FIRST_FILE + index : open(map->l_name, O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0 && fstat(descriptor, &status) == 0 && status.st_size > 0) {
        void *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (file != MAP_FAILED) {
            find_symbol(file, (size_t)status.st_size, address - map->l_addr, frame->symbol, sizeof frame->symbol,
                        &frame->symbol_offset);
            munmap(file, (size_t)status.st_size);
        }
    }
    if (index < 0 && descriptor >= 0)
        close(descriptor);
}

static void unwind(uintptr_t counter)
{
    void *addresses[FRAME_LIMIT + 8];
    int count = backtrace(addresses, FRAME_LIMIT + 8), first = 0;
    /* The handler's own frames come before the place of the crash. */
    while (first < count && (uintptr_t)addresses[first] != counter)
        first++;
    if (first == count)
        addresses[first = 0] = (void *)counter, count = 1;
    if (count > first + FRAME_LIMIT)
        count = first + FRAME_LIMIT;
    /* What called the plugin is the same for all plugins. */
    uint32_t kept = 1;
    for (int i = first; i < count; i++) {
        if (find_place((uintptr_t)addresses[i], &shared->frame[i - first]))
            kept = (uint32_t)(i - first) + 1;
    }
    shared->frames = kept;
    for (uint32_t i = 0; i < kept; i++) {
        stack_frame *frame = &shared->frame[i];
        /* A return address is that of the next instruction, which may belong to the next function. */
        uintptr_t back = i == 0 ? 0 : 1;
        find_name((uintptr_t)addresses[first + (int)i] - back, frame);
        frame->symbol_offset += frame->symbol[0] != '\0' ? back : 0;
    }
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    if (atomic_exchange(&shared->crashed, 2) == 0) {
        shared->signal = number;
        shared->code = info->si_code;
        /* Only the kernel knows an address, and not of one that no address can be (SI_KERNEL). */
        shared->has_address =
            info->si_code > 0 && info->si_code != SI_KERNEL && number != SIGABRT && number != SIGSYS;
        shared->address = (uint64_t)(uintptr_t)info->si_addr;
        shared->crashed = 1;
        unwind(program_counter(context));
    }
    /* The handler was removed when it was entered, so this ends the process as if there had been none. */
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
}

void watch_for_crashes(report *report, const char (*names)[64], uint32_t files)
{
    static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP };
    const stack_t stack = { .ss_sp = own_stack, .ss_size = sizeof own_stack };
    struct sigaction action = { .sa_sigaction = on_crash };
    shared = report;
    file_names = names;
    file_count = files;
    sigaltstack(&stack, NULL);
    sigemptyset(&action.sa_mask);
    action.sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
}
