/* A plugin that misbehaves in one way, which its build chooses: -DIN_CONSTRUCTOR=name or -DIN_ENTRY=name, name being one of
 * the functions below. Without either it behaves. -DPROBE_ID="..." is its id. */
#define _GNU_SOURCE
#include <keyway/author.h>
#include <keyway/plugin.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PROBE_ID
#define PROBE_ID "good"
#endif
#ifndef TABLE_ID
#define TABLE_ID PROBE_ID
#endif
/* A file to which processes that must not survive write their numbers. */
#ifndef WITNESS
#define WITNESS "/dev/null"
#endif

/* What the host has open, and plugins must not. */
#ifndef SECRET_DESCRIPTOR
#define SECRET_DESCRIPTOR 200
#endif

#define DEED __attribute__((unused, noinline)) static void

DEED witness(void)
{
    char line[32];
    int file = open(WITNESS, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    int length = snprintf(line, sizeof line, "%d\n", (int)getpid());
    if (file < 0 || write(file, line, (size_t)length) != length)
        abort();
    close(file);
}

DEED wait_for_ever(void)
{
    for (;;)
        pause();
}

DEED write_to_null(void)
{
    *(volatile int *)8 = 1;
}

DEED call_abort(void)
{
    abort();
}

DEED call_exit(void)
{
    exit(3);
}

DEED leave_quietly(void)
{
    _exit(0);
}

DEED divide(void)
{
    raise(SIGFPE);
}

DEED kill_itself(void)
{
    raise(SIGKILL);
}

DEED stop_itself(void)
{
    raise(SIGSTOP);
}

DEED overflow(void)
{
    char frame[4096];
    *(volatile char *)frame = 1;
    overflow();
    *(volatile char *)frame = 2;
}

DEED smash_stack(void)
{
    memset(__builtin_frame_address(0), 0x41, 4096);
}

__attribute__((unused)) static void *crash_in_thread(void *nothing)
{
    write_to_null();
    return nothing;
}

DEED crash_thread(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, crash_in_thread, NULL);
    pthread_join(thread, NULL);
}

DEED crash_first_time(void)
{
    if (access(WITNESS, F_OK) == 0)
        return;
    witness();
    abort();
}

/* Deaf to all that can be ignored, with a child and a grandchild that left the group. */
DEED hang_with_family(void)
{
    for (int number = 1; number < 32; number++)
        signal(number, SIG_IGN);
    witness();
    if (fork() == 0) {
        witness();
        if (fork() == 0) {
            setsid();
            prctl(PR_SET_PDEATHSIG, 0);
            witness();
        }
        wait_for_ever();
    }
    wait_for_ever();
}

/* As long as one of them lives, the pipe has a writer. */
DEED hold_pipe_with_family(void)
{
    int file = open(WITNESS, O_WRONLY);
    if (fork() == 0 && fork() == 0)
        setsid();
    if (write(file, ".", 1) != 1)
        abort();
    wait_for_ever();
}

/* Answers well, and leaves a process behind that holds its output. */
DEED leave_daemon(void)
{
    if (fork() == 0) {
        if (fork() == 0) {
            setsid();
            witness();
            wait_for_ever();
        }
        _exit(0);
    }
}

DEED fork_many(void)
{
    for (int number = 0; number < 100; number++) {
        if (fork() == 0)
            wait_for_ever();
    }
    wait_for_ever();
}

DEED print(void)
{
    puts("out");
    fflush(stdout);
    fputs("err\n", stderr);
}

/* Stays in the C library's buffer until somebody flushes it. */
DEED print_buffered(void)
{
    puts("loaded");
}

DEED print_much(void)
{
    char line[1024];
    memset(line, 'x', sizeof line);
    for (int count = 0; count < 1024; count++) {
        if (write(count % 2 + 1, line, sizeof line) != sizeof line)
            abort();
    }
    if (write(1, "the end\xff\n", 9) != 9)
        abort();
}

DEED print_for_ever(void)
{
    for (;;)
        print();
}

DEED write_everywhere(void)
{
    char garbage[4096];
    memset(garbage, 0xA5, sizeof garbage);
    for (int descriptor = 3; descriptor < 1024; descriptor++) {
        ssize_t written = write(descriptor, garbage, sizeof garbage);
        (void)written;
    }
}

DEED close_everything(void)
{
    for (int descriptor = 0; descriptor < 1024; descriptor++)
        close(descriptor);
}

/* Asks for more than there is, as a broken size would. */
DEED take_memory(void)
{
    for (int count = 0; count < 1 << 20; count++) {
        void *memory = mmap(NULL, 1 << 24, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED)
            abort();
    }
}

DEED kill_scanner(void)
{
    if (kill(getppid(), SIGKILL) != 0)
        abort();
    wait_for_ever();
}

DEED read_users(void)
{
    if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0)
        abort();
}

DEED make_socket(void)
{
    /* The function is refused before anything is tried, where a manifest does not ask for the network. */
    if (syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0)
        abort();
}

DEED start_process(void)
{
    pid_t child = fork();
    if (child < 0)
        abort();
    if (child == 0)
        _exit(0);
    if (waitpid(child, NULL, 0) != child)
        abort();
}

DEED take_shared_memory(void)
{
    if (memfd_create("mine", MFD_CLOEXEC) < 0)
        abort();
}

DEED check_limits(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0)
        abort();
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_max > (rlim_t)8 << 30)
        abort();
    if (getpgrp() != getpid() || fcntl(SECRET_DESCRIPTOR, F_GETFD) >= 0)
        abort();
    if (getenv("KEYWAY_TEST_SECRET") != NULL || getenv("PATH") != NULL)
        abort();
}

#ifdef IN_CONSTRUCTOR
__attribute__((constructor)) static void constructor(void)
{
    IN_CONSTRUCTOR();
}
#endif

#ifdef MISSING
extern int function_that_nobody_has(void);
int (*probe_missing)(void) = function_that_nobody_has;
#endif

static kw_status create(kw_instance *self, kw_call *call, const kw_create_in *in)
{
    (void)self, (void)call, (void)in;
    return KW_INTERNAL;
}

static kw_status destroy(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self, (void)call, (void)in;
    return KW_INTERNAL;
}

static const kw_embedder embedder = { .h = KW_HDR(kw_embedder) };
static const kw_iface interfaces[] = { { KW_HDR(kw_iface), KW_STR("keyway.embedder/1"), &embedder } };
static const kw_plugin table = {
    .h = KW_HDR(kw_plugin),
    .magic = KW_MAGIC,
    .sdk_built = KW_SDK,
    .sdk_min = 1,
    .sdk_max = 1,
    .id = KW_STR(TABLE_ID),
    .version = KW_STR("1.2.3"),
    .ifaces = { interfaces, 1, sizeof(kw_iface) },
    .create = create,
    .destroy = destroy,
};

KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out)
{
    const kw_str text = KW_STR("logging is no chatter"), none = KW_STR("");
    host->log(host, KW_LOG_INFO, none, text, none);
    if (sdk < host->sdk_min || host->now_ns(host) <= 0)
        return KW_SDK_MISMATCH;
#ifdef IN_ENTRY
    IN_ENTRY();
#endif
    *out = &table;
#ifdef ENTRY_TABLE
    *out = (const kw_plugin *)ENTRY_TABLE;
#endif
#ifdef ENTRY_STATUS
    return ENTRY_STATUS;
#endif
    return KW_OK;
}

KW_NOTE_ABI(1, 1, 0, KW_LANG_C);
KW_NOTE_MANIFEST("{\"id\":\"" PROBE_ID
                 "\",\"version\":\"1.2.3\",\"permissions\":[\"process.exec\",\"threads\"]}");
KW_NOTE_IFACE(embedder, "keyway.embedder/1");
