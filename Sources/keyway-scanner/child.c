/* One plugin in a process of its own: loads it, asks its entry what it is, and ends. */
#define _GNU_SOURCE
#include "scanner.h"

#include <keyway/plugin.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Generous: they end a plugin that went wild, and no plugin that only is large. */
#define ADDRESS_SPACE ((rlim_t)4 << 30)
#define FILE_SIZE ((rlim_t)16 << 20)
#define OPEN_FILES 256

static void say(report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(report *report, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(report->message, sizeof report->message, format, arguments);
    va_end(arguments);
}

/* exit() would run the plugin's handlers, and nobody asked about these. */
static _Noreturn void finish(report *report, enum verdict verdict)
{
    /* What the plugin printed may still wait in the C library's buffers. */
    fflush(NULL);
    report->verdict = verdict;
    _exit(0);
}

static _Noreturn void fail(report *report, const char *call)
{
    say(report, "%s failed with error %d before it was loaded", call, errno);
    finish(report, VERDICT_UNLOADABLE);
}

/* ---- the process ---------------------------------------------------------------------------------------- */

static void limit(report *report, __rlimit_resource_t resource, rlim_t soft, rlim_t hard)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0)
        fail(report, "getrlimit");
    if (limit.rlim_max > hard)
        limit.rlim_max = hard;
    limit.rlim_cur = limit.rlim_max < soft ? limit.rlim_max : soft;
    if (setrlimit(resource, &limit) != 0)
        fail(report, "setrlimit");
}

static void set_limits(const job *job)
{
    rlim_t seconds = (rlim_t)job->probe.deadline_ms / 1000 + 2;
    limit(job->report, RLIMIT_CORE, 0, 0);
    limit(job->report, RLIMIT_CPU, seconds, seconds + 1);
    limit(job->report, RLIMIT_AS, ADDRESS_SPACE, ADDRESS_SPACE);
    limit(job->report, RLIMIT_FSIZE, FILE_SIZE, FILE_SIZE);
    limit(job->report, RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES);
    /* A core pattern that is a pipe is served whatever RLIMIT_CORE says. */
    if (prctl(PR_SET_DUMPABLE, 0) != 0)
        fail(job->report, "prctl");
}

/* Leaves 0 to 2 and the job's files, and nothing else of the scanner. */
static void arrange_descriptors(const job *job, int output)
{
    uint32_t files = job->probe.libraries + 1;
    int moved[KWS_LIBRARY_LIMIT + 1];
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0
        || dup2(output, STDERR_FILENO) < 0)
        fail(job->report, "dup2");
    /* First out of the way of each other. */
    for (uint32_t i = 0; i < files; i++) {
        moved[i] = fcntl(job->descriptors[i], F_DUPFD_CLOEXEC, FIRST_FILE + KWS_LIBRARY_LIMIT + 1);
        if (moved[i] < 0)
            fail(job->report, "fcntl");
    }
    for (uint32_t i = 0; i < files; i++) {
        if (dup3(moved[i], FIRST_FILE + (int)i, O_CLOEXEC) < 0)
            fail(job->report, "dup3");
    }
    /* Linux 5.9. */
    if (syscall(SYS_close_range, FIRST_FILE + files, ~0U, 0) != 0)
        fail(job->report, "close_range");
}

/* What a person calls the files of the job: what their memory images are called. */
static void read_names(uint32_t files, char (*names)[64])
{
    for (uint32_t i = 0; i < files; i++) {
        char link[32], target[300];
        snprintf(link, sizeof link, "/proc/self/fd/%u", FIRST_FILE + i);
        ssize_t length = readlink(link, target, sizeof target - 1);
        target[length < 0 ? 0 : length] = '\0';
        const char *name = strncmp(target, "/memfd:", 7) == 0 ? target + 7 : target;
        size_t end = strlen(name);
        const char suffix[] = " (deleted)";
        if (end >= sizeof suffix && strcmp(name + end - (sizeof suffix - 1), suffix) == 0)
            end -= sizeof suffix - 1;
        if (end > sizeof names[i] - 1)
            end = sizeof names[i] - 1;
        memcpy(names[i], name, end);
        names[i][end] = '\0';
    }
}

/* ---- the host that the entry sees ----------------------------------------------------------------------- */

static const void *get(const kw_host *host, kw_str id)
{
    (void)host, (void)id;
    return NULL;
}

static void take_log(const kw_host *host, uint32_t level, kw_str component, kw_str message, kw_str fields)
{
    (void)host, (void)level, (void)component, (void)message, (void)fields;
}

static void take_metric(const kw_host *host, kw_str name, uint32_t kind, double value, kw_str labels)
{
    (void)host, (void)name, (void)kind, (void)value, (void)labels;
}

static int64_t now_ns(const kw_host *host)
{
    (void)host;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static kw_call *open_call(const kw_host *host, int64_t deadline)
{
    (void)host, (void)deadline;
    return NULL;
}

static void close_call(const kw_host *host, kw_call *call)
{
    (void)host, (void)call;
}

static kw_host host = {
    .h = { sizeof(kw_host), 0 },
    .name = { "keyway", 6 },
    .version = { "0.1.0", 5 },
    .get = get,
    .log = take_log,
    .metric = take_metric,
    .now_ns = now_ns,
    .open_call = open_call,
    .close_call = close_call,
};

/* ---- the plugin ----------------------------------------------------------------------------------------- */

static void copy_str(char *to, size_t room, kw_str from)
{
    size_t length = from.len < room - 1 ? (size_t)from.len : room - 1;
    if (length > 0)
        memcpy(to, from.ptr, length);
    to[length] = '\0';
}

/* What the plugin says is read as it is; a pointer that leads nowhere ends this process, and says whose it was. */
static void read_table(report *report, const kw_plugin *table)
{
    kw_plugin copy = { 0 };
    if (table == NULL) {
        say(report, "its entry gave no plugin table");
        finish(report, VERDICT_REFUSED);
    }
    memcpy(&copy, table, table->h.size < sizeof copy ? table->h.size : sizeof copy);
    if (copy.magic != KW_MAGIC) {
        say(report, "its plugin table does not begin with the magic number");
        finish(report, VERDICT_REFUSED);
    }
    report->sdk_built = copy.sdk_built;
    report->sdk_min = copy.sdk_min;
    report->sdk_max = copy.sdk_max;
    report->caps = copy.caps;
    copy_str(report->id, sizeof report->id, copy.id);
    copy_str(report->version, sizeof report->version, copy.version);
    if (copy.ifaces.count > INTERFACE_LIMIT) {
        say(report, "its plugin table has %u interfaces, more than %d", copy.ifaces.count, INTERFACE_LIMIT);
        finish(report, VERDICT_REFUSED);
    }
    for (uint32_t i = 0; i < copy.ifaces.count; i++) {
        const kw_iface *interface = (const kw_iface *)(const void *)((const char *)copy.ifaces.ptr
                                                                     + (size_t)i * copy.ifaces.stride);
        copy_str(report->interface[i], sizeof report->interface[i], interface->id);
    }
    report->interfaces = copy.ifaces.count;
}

/* The dynamic linker's words without the name that only we gave the file. */
static void say_linker_error(report *report, const char *path)
{
    const char *text = dlerror();
    size_t length = strlen(path);
    if (text == NULL)
        text = "the dynamic linker gave no reason";
    if (strncmp(text, path, length) == 0 && text[length] == ':')
        text += length + 1 + (text[length + 1] == ' ');
    say(report, "%s", text);
}

static void *load(report *report, uint32_t index)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%u", FIRST_FILE + index);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        say_linker_error(report, path);
        finish(report, VERDICT_UNLOADABLE);
    }
    return handle;
}

_Noreturn void run_plugin(const job *job, int output)
{
    static char names[KWS_LIBRARY_LIMIT + 1][64];
    report *report = job->report;
    uint32_t files = job->probe.libraries + 1;
    arrange_descriptors(job, output);
    set_limits(job);
    read_names(files, names);
    watch_for_crashes(report, (const char(*)[64])names, files);

    report->phase = PHASE_LIBRARIES;
    for (uint32_t i = 0; i < job->probe.libraries; i++)
        load(report, i);
    report->phase = PHASE_LOAD;
    void *handle = load(report, job->probe.libraries);
    kw_entry_fn entry;
    *(void **)&entry = dlsym(handle, KW_ENTRY_SYMBOL);
    if (entry == NULL) {
        say(report, "it does not export %s", KW_ENTRY_SYMBOL);
        finish(report, VERDICT_REFUSED);
    }
    report->phase = PHASE_ENTRY;
    host.sdk = job->probe.sdk;
    host.sdk_min = job->probe.sdk_min;
    host.sdk_max = job->probe.sdk_max;
    const kw_plugin *table = NULL;
    kw_status status = entry(&host, job->probe.sdk, &table);
    if (status != KW_OK) {
        say(report, "its entry refused SDK %u with status %d", job->probe.sdk, status);
        finish(report, VERDICT_REFUSED);
    }
    report->phase = PHASE_TABLE;
    read_table(report, table);
    report->phase = PHASE_END;
    finish(report, VERDICT_PASSED);
}
