/* Where a probe was when it crashed, written by its signal handler.
 *
 * The unwinder and the search for names run in a process that is broken, and may break again. Then the second signal ends the
 * process, and what was written until then is kept. */
#define _GNU_SOURCE
#include "worker.h"

#include "symbols.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

/* What a person calls the files of the job. */
static char file_names[KWW_LIBRARY_LIMIT + 1][sizeof((kww_place *)0)->module];
static uint32_t file_count;

void load_unwinder(void)
{
    void *here[1];
    backtrace(here, 1);
}

void read_file_names(uint32_t files)
{
    file_count = files;
    for (uint32_t i = 0; i < files; i++) {
        char link[32], target[300];
        snprintf(link, sizeof link, "/proc/self/fd/%u", FIRST_LIBRARY + i);
        ssize_t length = readlink(link, target, sizeof target - 1);
        target[length < 0 ? 0 : length] = '\0';
        const char *name = strncmp(target, "/memfd:", 7) == 0 ? target + 7 : target;
        size_t end = strlen(name);
        const char suffix[] = " (deleted)";
        if (end >= sizeof suffix && strcmp(name + end - (sizeof suffix - 1), suffix) == 0)
            end -= sizeof suffix - 1;
        if (end > sizeof file_names[i] - 1)
            end = sizeof file_names[i] - 1;
        memcpy(file_names[i], name, end);
        file_names[i][end] = '\0';
    }
}

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
        snprintf(own, sizeof own, "/proc/self/fd/%u", FIRST_LIBRARY + i);
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
static int find_place(uintptr_t address, kww_place *place)
{
    const struct link_map *map = object_of(address);
    memset(place, 0, sizeof *place);
    place->offset = address - (map != NULL ? map->l_addr : 0);
    if (map == NULL)
        return 0;
    int index = file_index(map->l_name);
    const char *slash = strrchr(map->l_name, '/');
    const char *name = index >= 0 ? file_names[index] : slash != NULL ? slash + 1 : map->l_name;
    copy_text(place->module, sizeof place->module, name);
    return index >= 0;
}

static void find_name(uintptr_t address, kww_place *place)
{
    const struct link_map *map = object_of(address);
    struct stat status;
    if (map == NULL)
        return;
    int index = file_index(map->l_name);
    int descriptor = index >= 0 ? FIRST_LIBRARY + index : open(map->l_name, O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0 && fstat(descriptor, &status) == 0 && status.st_size > 0) {
        void *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (file != MAP_FAILED) {
            find_symbol(file, (size_t)status.st_size, address - map->l_addr, place->symbol, sizeof place->symbol,
                        &place->symbol_offset);
            munmap(file, (size_t)status.st_size);
        }
    }
    if (index < 0 && descriptor >= 0)
        close(descriptor);
}

void write_backtrace(const void *context)
{
    kww_place *places = this_process.worker->place;
    void *addresses[KWW_PLACE_LIMIT + 8];
    const uintptr_t counter = program_counter(context);
    int count = backtrace(addresses, KWW_PLACE_LIMIT + 8), first = 0;
    /* The handler's own frames come before the place of the crash. */
    while (first < count && (uintptr_t)addresses[first] != counter)
        first++;
    if (first == count)
        addresses[first = 0] = (void *)counter, count = 1;
    if (count > first + (int)KWW_PLACE_LIMIT)
        count = first + (int)KWW_PLACE_LIMIT;
    /* What called the plugin is the same for all plugins. */
    uint32_t kept = 1;
    for (int i = first; i < count; i++) {
        if (find_place((uintptr_t)addresses[i], &places[i - first]))
            kept = (uint32_t)(i - first) + 1;
    }
    atomic_store(&this_process.worker->places, kept);
    for (uint32_t i = 0; i < kept; i++) {
        /* A return address is that of the next instruction, which may belong to the next function. */
        uintptr_t back = i == 0 ? 0 : 1;
        find_name((uintptr_t)addresses[first + (int)i] - back, &places[i]);
        places[i].symbol_offset += places[i].symbol[0] != '\0' ? back : 0;
    }
}
