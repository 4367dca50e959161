/* Attacks: more memory than a worker may have, in every way to get some. */
#define _GNU_SOURCE
#include "attack_helpers.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MUCH (1L << 30)

static int take_at_once(void)
{
    return map_and_unmap(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, MUCH, -1);
}

static int take_in_steps(void)
{
    for (int i = 0; i < 1024; i++) {
        void *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            return -errno;
    }
    return 0;
}

static int take_by_allocator(void)
{
    for (int i = 0; i < 4096; i++) {
        char *volatile memory = malloc(1 << 18);
        if (memory == NULL)
            return -ENOMEM;
    }
    return 0;
}

static int take_reserved(void)
{
    char *memory = mmap(NULL, MUCH, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    int result = answer(mprotect(memory, MUCH, PROT_READ | PROT_WRITE));
    munmap(memory, MUCH);
    return result;
}

static int take_by_growing(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memory = memory == MAP_FAILED ? memory : mremap(memory, 4096, MUCH, MREMAP_MAYMOVE);
    if (memory == MAP_FAILED)
        return -errno;
    munmap(memory, MUCH);
    return 0;
}

static int take_by_break(void)
{
    char *end = sbrk(0);
    return brk(end + MUCH) != 0 ? -errno : answer(brk(end));
}

static void *nothing(void *argument)
{
    return argument;
}

static int take_for_threads(void)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, MUCH);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, nothing, NULL);
    return error != 0 ? -error : -pthread_join(thread, NULL);
}

static int take_shared(void)
{
    return map_and_unmap(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, MUCH / 2, -1);
}

static int take_as_stack(void)
{
    return map_and_unmap(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_NORESERVE, MUCH, -1);
}

static int take_zeros(void)
{
    int file = open("/dev/zero", O_RDONLY);
    return file < 0 ? -errno : map_and_unmap(PROT_READ, MAP_SHARED, MUCH / 2, file);
}

static int lock_memory(void)
{
    void *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? -errno : answer(mlock(memory, 4096));
}

CALL(make_memory_file, SYS_memfd_create, "attack", 0)
CALL(make_segment, SYS_shmget, 0, 4096L, 01600)
CALL(lock_all, SYS_mlockall, 1)

static const attack attacks[] = {
    { 15, "take memory at once", take_at_once, -ENOMEM, 0, SUCCEEDS, NEEDS_MEMORY },
    { 15, "take memory in steps", take_in_steps, -ENOMEM, 0, SUCCEEDS, NEEDS_MEMORY },
    { 15, "take memory by malloc", take_by_allocator, -ENOMEM, 0, SUCCEEDS, NEEDS_MEMORY },
    { 15, "take memory that was reserved", take_reserved, -ENOMEM, 0, SUCCEEDS, NEEDS_MEMORY },
    { 15, "take memory by growing", take_by_growing, -ENOMEM, 0, SUCCEEDS, NEEDS_MEMORY },
    { 15, "take memory by brk", take_by_break, -ENOMEM, 0, SUCCEEDS, NEEDS_MEMORY },
    { 15, "take memory for a thread's stack", take_for_threads, -EAGAIN, -ENOMEM, SUCCEEDS, NEEDS_MEMORY },
    { 15, "take memory as a stack that grows", take_as_stack, -EPERM, 0, PLAIN },
    { 15, "take shared memory", take_shared, -EPERM, 0, PLAIN },
    { 15, "take shared zeros", take_zeros, -EPERM, 0, PLAIN },
    { 15, "make a memory file", make_memory_file, -EPERM, 0, PLAIN },
    { 15, "make a shared segment", make_segment, -EPERM, 0, ALONE, 0 },
    { 15, "lock memory", lock_memory, -EPERM, 0, SUCCEEDS, NEEDS_MEMORY },
    { 15, "lock all memory", lock_all, -EPERM, 0, AS_ROOT, NEEDS_MEMORY },
};
const attack_group attacks_memory = GROUP(attacks);
