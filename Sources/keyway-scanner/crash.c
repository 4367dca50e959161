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

static void find_name(int descriptor, stack_frame *frame)
{
    struct stat status;
    if (descriptor < 0 || fstat(descriptor, &status) != 0 || status.st_size <= 0)
        return;
    void *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (file == MAP_FAILED)
        return;
    find_symbol(file, (size_t)status.st_size, frame->offset, frame->symbol, sizeof frame->symbol,
                &frame->symbol_offset);
    munmap(file, (size_t)status.st_size);
}

/* Fills in what is known about an address; 1 if it lies in a file of the job. Takes no lock, unlike dladdr: the dynamic
 * linker's is held by another thread if the one that crashed was made in a constructor. */
static int describe_address(uintptr_t address, stack_frame *frame)
{
    struct dl_find_object object;
    frame->offset = address;
    if (_dl_find_object((void *)address, &object) != 0) /* glibc 2.35 */
        return 0;
    const char *path = object.dlfo_link_map->l_name;
    frame->offset = address - object.dlfo_link_map->l_addr;
    int index = file_index(path);
    if (index >= 0) {
        copy_text(frame->module, sizeof frame->module, file_names[index]);
        find_name(FIRST_FILE + index, frame);
        return 1;
    }
    const char *slash = strrchr(path, '/');
    copy_text(frame->module, sizeof frame->module, slash != NULL ? slash + 1 : path);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    find_name(descriptor, frame);
    if (descriptor >= 0)
        close(descriptor);
    return 0;
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
    uint32_t kept = 0;
    for (int i = first; i < count && i - first < FRAME_LIMIT; i++) {
        stack_frame *frame = &shared->frame[i - first];
        /* A return address is that of the next instruction, which may belong to the next function. */
        uintptr_t back = i == first ? 0 : 1;
        memset(frame, 0, sizeof *frame);
        int is_own = describe_address((uintptr_t)addresses[i] - back, frame);
        frame->offset += back;
        frame->symbol_offset += frame->symbol[0] != '\0' ? back : 0;
        /* What called the plugin is the same for all plugins. */
        if (is_own || kept == 0)
            kept = (uint32_t)(i - first) + 1;
        shared->frames = kept;
    }
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    if (atomic_exchange(&shared->crashed, 2) == 0) {
        shared->signal = number;
        shared->code = info->si_code;
        /* Codes of the kernel alone come with an address. */
        shared->has_address = info->si_code > 0 && number != SIGABRT && number != SIGSYS;
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
