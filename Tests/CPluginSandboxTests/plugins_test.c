/* Plugins of each language work inside, and die of memory in a way that can be told from others. */
#define _GNU_SOURCE
#include "arena.h"
#include "check.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char plugin[200];
static int (*work)(const char *folder);
static int (*exhaust)(void);
/* Written by the handler of a crash: 1 = there was memory, 2 = there was none. */
static int *crash;

static void on_crash(int number)
{
    void *probe = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *crash = probe == MAP_FAILED && errno == ENOMEM ? 2 : 1;
    signal(number, SIG_DFL);
    raise(number);
}

#if !defined(NO_OWN_OPEN)
/* Before the C library's, as in a worker's program. */
int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    int file = openat(AT_FDCWD, path, flags, mode);
    return file >= 0 || (errno != EACCES && errno != ENOENT) ? file : kws_open_thread_state(arena_threads, path);
}
#endif

static int load_plugin(void)
{
    static const int numbers[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE };
    struct sigaction action = { .sa_handler = on_crash, .sa_flags = SA_ONSTACK };
    static char stack[65536];
    sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaction(numbers[i], &action, NULL);
    /* The Swift runtime would start a program to print where it crashed, and does not bear an empty environment. */
    setenv("SWIFT_BACKTRACE", "enable=no", 1);
    void *handle = dlopen(plugin, RTLD_NOW);
    if (handle == NULL)
        return -1;
    *(void **)&work = dlsym(handle, "plugin_work");
    *(void **)&exhaust = dlsym(handle, "plugin_exhaust");
    return 0;
}

static int run_work(void)
{
    return work != NULL ? work(target_.granted) : -ELIBACC;
}

static int run_out_of_memory(void)
{
    /* Runtimes say at length what happened. */
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    return exhaust != NULL ? exhaust() : -ELIBACC;
}

static int descend(volatile int depth)
{
    volatile char frame[4096];
    frame[0] = 1;
    return depth == 0 ? 0 : descend(depth - 1) + frame[0];
}

static int overflow_stack(void)
{
    return descend(1 << 30);
}

static int run_null(void)
{
    volatile uintptr_t address = 8;
    return *(volatile int *)address;
}

static int run_abort(void)
{
    abort();
}

static void check_death(task *task, int (*run)(void), int expected)
{
    task->run = run;
    *crash = 0;
    int result = perform(task).result;
    CHECK(result < -1000 && result > NOTHING);
    CHECK_EQUAL(*crash, expected);
}

/* Of memory, and of others: only a crash of the first kind finds none. */
static void check_deaths(task *task)
{
    check_death(task, run_out_of_memory, 2);
    check_death(task, run_null, 1);
    check_death(task, overflow_stack, 1);
    check_death(task, run_abort, 1);
}

/* As workers load: a memory file by its descriptor. One of the file system is asked for, as by its name. */
static void check_descriptor(task *task, const char *file, int expected)
{
    char name[sizeof plugin];
    snprintf(name, sizeof name, "%s", plugin);
    int source = open(file, O_RDONLY | O_CLOEXEC);
    target_.passed = source;
    if (expected == 0) {
        char block[4096];
        ssize_t size;
        target_.passed = memfd_create("plugin", MFD_CLOEXEC);
        while ((size = read(source, block, sizeof block)) > 0)
            NEED(write(target_.passed, block, (size_t)size) == size);
        close(source);
    }
    snprintf(plugin, sizeof plugin, "/proc/self/fd/%d", target_.passed);
    CHECK_EQUAL(perform(task).result, expected);
    close(target_.passed);
    target_.passed = -1;
    snprintf(plugin, sizeof plugin, "%s", name);
}

static void check_plugin(const char *name, const char *runtime)
{
    char command[512];
    task task = { .is_sealed = 1, .load = load_plugin, .run = run_work };
    kws_compiled compiled;
    snprintf(plugin, sizeof plugin, "%s/%s", plugin_folder, name);
    if (access(plugin, R_OK) != 0) {
        printf("SKIP plugin: %s: there is no compiler for it\n", name);
        return;
    }
    snprintf(command, sizeof command, "cp '%s' '%s/%s'", plugin, target_.readable, name);
    NEED(system(command) == 0);
    snprintf(plugin, sizeof plugin, "%s/%s", target_.readable, name);
    kws_policy_make(&task.policy);
    task.policy.runtime_folder = runtime;
    task.compiled = &compiled;
    NEED(kws_compile(task.policy.may, KWS_NATIVE, &compiled) == 0);
    verdict_of_task verdict = perform(&task);
    CHECK_EQUAL(verdict.sealed, 0);
    if (verdict.result != 0)
        fprintf(stderr, "plugin %s: %d\n", name, verdict.result);
    CHECK_EQUAL(verdict.result, 0);
    check_descriptor(&task, plugin, 0);
    char outside[200];
    snprintf(outside, sizeof outside, "%s/%s", target_.outside, name);
    snprintf(command, sizeof command, "cp '%s' '%s'", plugin, outside);
    NEED(system(command) == 0);
    check_descriptor(&task, outside, -ELIBACC);
    task.policy.wanted[KWS_MOUNT_SPACE] = KWS_IF_AVAILABLE;
    CHECK_EQUAL(perform(&task).result, 0);
    check_descriptor(&task, plugin, 0);
    task.policy.wanted[KWS_MOUNT_SPACE] = KWS_NO;
    check_deaths(&task);
    kws_compiled_free(&compiled);
    printf("  plugin %s works inside\n", name);
}

void test_plugins(void)
{
    const char *runtime = getenv("SWIFT_RUNTIME");
    /* A worker has no sanitizer, and one in a program of C does not bear what C++ throws. */
    if (!has_memory_limits)
        return;
    crash = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(crash != MAP_FAILED);
    make_target(getuid() == 0 ? NOBODY : getuid());
    check_plugin("c.so", NULL);
    check_plugin("cpp.so", NULL);
    check_plugin("swift.so", runtime != NULL && runtime[0] != '\0' ? runtime : NULL);
    destroy_target();
    munmap(crash, 4096);
}
