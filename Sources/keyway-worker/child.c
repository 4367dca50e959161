/* A child of the zygote on its way to being a worker. */
#define _GNU_SOURCE
#include "worker.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

process this_process;

static _Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static _Noreturn void fail(const char *format, ...)
{
    worker_header *worker = this_process.worker;
    /* Without W there is nowhere to say it. */
    if (worker != NULL) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(worker->message, sizeof worker->message, format, arguments);
        va_end(arguments);
        /* What the plugin printed may still wait in the C library's buffers. */
        fflush(NULL);
        atomic_store(&worker->state, KWW_STATE_FAILED);
        kww_futex_wake(&worker->state, INT32_MAX);
    }
    _exit(1);
}

/* Memory, the log, the output, and what is loaded; the files of grants are behind them. */
static uint32_t files_of(const job *job)
{
    return KWW_SPAWN_FILES + job->spawn.libraries + (job->spawn.is_rehearsal ? 0 : 1);
}

/* Leaves 0 to 2 and the job's files, and nothing else of the zygote. */
static void arrange_descriptors(const job *job)
{
    int files = (int)(files_of(job) + job->sandbox.grants), all = files + (int)job->sandbox.has_broker;
    int moved[SPAWN_LIMIT];
    /* First out of the way of each other. */
    for (int i = 0; i < all; i++) {
        moved[i] = fcntl(job->descriptors[i], F_DUPFD_CLOEXEC, files + FIRST_LIBRARY);
        if (moved[i] < 0)
            fail("no descriptor is left (error %d)", errno);
    }
    static const int places[KWW_SPAWN_FILES] = { HOST_FILE, WORKER_FILE, LOG_SOCKET, STDOUT_FILENO };
    close(BROKER_SOCKET);
    for (int i = 0; i < all; i++) {
        int place = i < (int)KWW_SPAWN_FILES ? places[i]
            : i == files ? BROKER_SOCKET : FIRST_LIBRARY + i - (int)KWW_SPAWN_FILES;
        if (place == STDOUT_FILENO ? dup2(moved[i], place) < 0 || dup2(moved[i], STDERR_FILENO) < 0
                                   : dup3(moved[i], place, O_CLOEXEC) < 0)
            fail("a descriptor cannot be moved (error %d)", errno);
    }
    /* Linux 5.9. */
    if (syscall(SYS_close_range, FIRST_LIBRARY + files - (int)KWW_SPAWN_FILES, ~0U, 0) != 0)
        fail("close_range failed with error %d", errno);
}

static void map_files(uint32_t lanes, int host_file, int worker_file)
{
    void *host = mmap(NULL, host_file_size(lanes), PROT_READ, MAP_SHARED, host_file, 0);
    void *worker = mmap(NULL, worker_file_size(lanes), PROT_READ | PROT_WRITE, MAP_SHARED, worker_file, 0);
    if (host == MAP_FAILED || worker == MAP_FAILED)
        _exit(1);
    this_process.host = host;
    this_process.worker = worker;
    if (this_process.host->magic != HOST_MAGIC || this_process.host->protocol != KWW_PROTOCOL)
        fail("its host was built from another source");
}

static void limit(__rlimit_resource_t resource, rlim_t soft, rlim_t hard)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0)
        fail("getrlimit failed with error %d", errno);
    if (limit.rlim_max > hard)
        limit.rlim_max = hard;
    limit.rlim_cur = limit.rlim_max < soft ? limit.rlim_max : soft;
    if (setrlimit(resource, &limit) != 0)
        fail("setrlimit failed with error %d", errno);
}

static void set_limits(const job *job)
{
    const kww_spawn *spawn = &job->spawn;
    limit(RLIMIT_CORE, 0, 0);
    /* The sandbox sets its own, when it needs no more descriptors. */
    if (spawn->open_files != 0 && !job->sandbox.is_used)
        limit(RLIMIT_NOFILE, spawn->open_files, spawn->open_files);
    if (spawn->memory != 0 && !job->sandbox.is_used)
        limit(RLIMIT_DATA, spawn->memory, spawn->memory);
    if (spawn->addresses != 0)
        limit(RLIMIT_AS, spawn->addresses, spawn->addresses);
    if (spawn->file_size != 0)
        limit(RLIMIT_FSIZE, spawn->file_size, spawn->file_size);
    /* First a signal that has a name of its own. */
    if (spawn->cpu_seconds != 0)
        limit(RLIMIT_CPU, spawn->cpu_seconds, spawn->cpu_seconds + 1);
    /* A core pattern that is a pipe is served whatever RLIMIT_CORE says. */
    if (prctl(PR_SET_DUMPABLE, 0) != 0)
        fail("prctl failed with error %d", errno);
    /* What it starts stays its own until it ends; then it is the zygote's, which ends it. */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        fail("prctl failed with error %d", errno);
}

/* The text stays where it is: the zygote's packet, of which this process has a copy. */
static void set_environment(char *text, uint32_t size)
{
    clearenv();
    for (uint32_t at = 0; at < size; at += (uint32_t)strlen(text + at) + 1) {
        if (strchr(text + at, '=') != NULL)
            putenv(text + at);
    }
    /* The Swift runtime does not bear an environment that is NULL. */
    setenv("SWIFT_BACKTRACE", "enable=no", 1);
}

/* What comes from the host is checked here, too: who calls by it writes into this process. */
static void read_described(const job *job)
{
    kwm_mistake mistake;
    if (job->spawn.described == 0)
        return;
    if (kwm_read_description(job->described, job->spawn.described, &this_process.described, &mistake) != KW_OK)
        fail("its host described an interface wrongly: %s %s.%s %s", mistake.interface, mistake.structure, mistake.field,
             mistake.reason != NULL ? mistake.reason : "no memory is left");
}

/* Neither the dynamic linker nor pthread_create(3) says it. */
static void note_memory(int is_memory)
{
    if (is_memory)
        atomic_store(&this_process.worker->is_memory, 1);
}

static int ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), needed = strlen(end);
    return length >= needed && memcmp(text + length - needed, end, needed) == 0;
}

static void *load(uint32_t index)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%u", FIRST_LIBRARY + index);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle != NULL)
        return handle;
    note_memory(is_exhausted());
    /* The dynamic linker's words without the name that only we gave the file. */
    const char *text = dlerror();
    size_t length = strlen(path);
    /* It ends with the reason; errno is not kept. What it opened is closed again, so that trying would show nothing. */
    if (text != NULL && ends_with(text, strerror(EMFILE)))
        atomic_store(&this_process.worker->is_descriptors, 1);
    if (text != NULL && strncmp(text, path, length) == 0 && text[length] == ':')
        text += length + 1 + (text[length + 1] == ' ');
    fail("%s", text != NULL ? text : "the dynamic linker gave no reason");
}

static void enter_phase(uint32_t phase)
{
    atomic_store(&this_process.worker->phase, phase);
}

/* exit() would run the plugin's handlers, and nobody asked about these. */
static _Noreturn void end_probe(void)
{
    enter_phase(KWW_PHASE_SERVING);
    fflush(NULL);
    atomic_store(&this_process.worker->state, KWW_STATE_READY);
    _exit(0);
}

_Noreturn void run_worker(job *job)
{
    uint32_t libraries = job->spawn.libraries;
    map_files(job->spawn.lanes, job->descriptors[0], job->descriptors[1]);
    kww_step(STEP_MAPPED);
    arrange_descriptors(job);
    /* What is mapped stays; files could be cut or filled by whoever has them. */
    close(HOST_FILE);
    close(WORKER_FILE);
    set_limits(job);
    read_described(job);
    set_environment(job->environment, job->spawn.environment);
    if (is_probe())
        read_file_names(libraries + 1);
    watch_for_crashes();
    use_signal_stack();
    make_host_table(&this_process.host_table, this_process.host);
    for (uint32_t i = 0; i < this_process.host->lanes + OWN_LANES; i++)
        arrange_lane(i);
    kww_step(STEP_ARRANGED);

    enter_phase(KWW_PHASE_SANDBOX);
    const char *wrong = enter_sandbox(job, FIRST_LIBRARY + (int)(files_of(job) - KWW_SPAWN_FILES));
    if (wrong != NULL)
        fail("%s", wrong);
    if (job->spawn.is_rehearsal) {
        wrong = seal_sandbox(job);
        if (wrong != NULL)
            fail("%s", wrong);
        _exit(0);
    }
    enter_phase(KWW_PHASE_LIBRARIES);
    for (uint32_t i = 0; i < libraries; i++)
        load(i);
    enter_phase(KWW_PHASE_LOAD);
    void *handle = load(libraries);
    kww_step(STEP_LOADED);
    enter_phase(KWW_PHASE_ENTRY);
    kw_entry_fn entry;
    *(void **)&entry = dlsym(handle, KW_ENTRY_SYMBOL);
    if (entry == NULL)
        fail("it does not export %s", KW_ENTRY_SYMBOL);
    const kw_plugin *table = NULL;
    kw_status status = entry(&this_process.host_table, this_process.host->sdk, &table);
    if (status != KW_OK)
        fail("its entry refused SDK %u with status %d", this_process.host->sdk, status);
    kww_step(STEP_ENTERED);
    enter_phase(KWW_PHASE_TABLE);
    wrong = read_plugin(table);
    if (wrong != NULL)
        fail("%s", wrong);
    kww_step(STEP_DESCRIBED);
    if (is_probe())
        end_probe();
    for (uint32_t i = 0; i < this_process.host->lanes; i++) {
        errno = 0;
        int error = start_lane(i);
        if (error != 0) {
            note_memory(errno == ENOMEM);
            fail("a thread for its calls cannot be started (error %d)", error);
        }
    }
    kww_step(STEP_LANES_STARTED);
    enter_phase(KWW_PHASE_SANDBOX);
    wrong = seal_sandbox(job);
    if (wrong != NULL)
        fail("%s", wrong);
    enter_phase(KWW_PHASE_SERVING);
    atomic_store(&this_process.worker->state, KWW_STATE_READY);
    kww_step(STEP_READY);
    kww_futex_wake(&this_process.worker->state, INT32_MAX);
    watch_lanes();
}
