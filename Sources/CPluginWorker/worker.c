/* One worker as its host sees it: its memory, its process, and its end. */
#define _GNU_SOURCE
#include "engine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010 /* Linux 5.1 */
#endif

/* A file that can neither grow nor shrink: one that shrank would kill its readers with SIGBUS. */
static int make_file(const char *name, uint64_t size)
{
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (file < 0 && errno == EINVAL)
        file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0)
        return -1;
    if (ftruncate(file, (off_t)size) != 0 || fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
        int reason = errno;
        close(file);
        errno = reason;
        return -1;
    }
    return file;
}

static void *map(int file, uint64_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* 0, or -1 with errno; what was made until then is in the worker. */
static int make_memory(kww_worker *worker)
{
    worker->host_file = make_file("keyway-host", host_file_size(worker->lanes));
    worker->worker_file = worker->host_file < 0 ? -1 : make_file("keyway-worker", worker_file_size(worker->lanes));
    if (worker->worker_file < 0)
        return -1;
    worker->host = map(worker->host_file, host_file_size(worker->lanes));
    worker->worker = map(worker->worker_file, worker_file_size(worker->lanes));
    if (worker->host == NULL || worker->worker == NULL)
        return -1;
    /* Our mapping stays writable, and no other can be made. */
    if (fcntl(worker->host_file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0)
        return -1;
    return fcntl(worker->worker_file, F_ADD_SEALS, F_SEAL_SEAL);
}

static void free_memory(kww_worker *worker)
{
    if (worker->host != NULL)
        munmap(worker->host, host_file_size(worker->lanes));
    if (worker->worker != NULL)
        munmap(worker->worker, worker_file_size(worker->lanes));
    if (worker->host_file >= 0)
        close(worker->host_file);
    if (worker->worker_file >= 0)
        close(worker->worker_file);
}

kww_worker *kww_worker_make(uint32_t lanes, uint32_t sdk, uint32_t sdk_min, uint32_t sdk_max, int *host_file,
                            int *worker_file)
{
    if (lanes > LANE_LIMIT) {
        errno = EINVAL;
        return NULL;
    }
    kww_worker *worker = aligned_alloc(APART, sizeof *worker);
    if (worker == NULL)
        return NULL;
    memset(worker, 0, sizeof *worker);
    worker->lanes = lanes;
    worker->host_file = worker->worker_file = -1;
    atomic_init(&worker->process, -1);
    if (make_memory(worker) == 0) {
        *host_file = fcntl(worker->host_file, F_DUPFD_CLOEXEC, 0);
        *worker_file = *host_file < 0 ? -1 : fcntl(worker->worker_file, F_DUPFD_CLOEXEC, 0);
        if (*worker_file >= 0) {
            worker->host->magic = HOST_MAGIC;
            worker->host->protocol = KWW_PROTOCOL;
            worker->host->lanes = lanes;
            worker->host->sdk = sdk;
            worker->host->sdk_min = sdk_min;
            worker->host->sdk_max = sdk_max;
            return worker;
        }
        if (*host_file >= 0)
            close(*host_file);
    }
    int reason = errno;
    free_memory(worker);
    free(worker);
    errno = reason;
    return NULL;
}

void kww_worker_free(kww_worker *worker)
{
    int process = atomic_load(&worker->process);
    if (process >= 0)
        close(process);
    for (uint32_t i = 0; i < LANE_LIMIT + OWN_LANES; i++)
        free(worker->lane[i].scratch);
    free_memory(worker);
    free(worker);
}

void kww_worker_started(kww_worker *worker, int process, int32_t pid)
{
    atomic_store(&worker->pid, pid);
    atomic_store(&worker->process, process);
    /* Somebody may have wanted it dead before there was anything to kill. */
    if (atomic_load(&worker->killed) != KWW_KILL_NONE)
        syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0);
}

void kww_worker_kill(kww_worker *worker, uint32_t why)
{
    uint32_t none = KWW_KILL_NONE;
    atomic_compare_exchange_strong(&worker->killed, &none, why);
    int process = atomic_load(&worker->process);
    if (process >= 0)
        syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0); /* Linux 5.1 */
}

void kww_worker_lacked_memory(kww_worker *worker)
{
    atomic_store(&worker->lacked_memory, 1);
}

uint64_t kww_group_memory(uint32_t lanes, uint64_t memory)
{
    return group_memory(lanes, memory);
}

void kww_worker_ended(kww_worker *worker, uint32_t how, int32_t status)
{
    if (has_ended(worker))
        return;
    atomic_store(&worker->status, status);
    atomic_store(&worker->ended, how);
    /* The words that are waited on change, so that no sleep begins after this. */
    uint32_t loading = KWW_STATE_LOADING;
    atomic_compare_exchange_strong(&worker->worker->state, &loading, STATE_ENDED);
    kww_futex_wake(&worker->worker->state, INT32_MAX);
    for (uint32_t i = 0; i < worker->lanes; i++) {
        atomic_fetch_add(&worker->worker->lane[i].signal, 1);
        kww_futex_wake(&worker->worker->lane[i].signal, INT32_MAX);
    }
}

static void copy_text(char *to, size_t room, const char *from, size_t limit)
{
    size_t length = strnlen(from, limit);
    if (length > room - 1)
        length = room - 1;
    memcpy(to, from, length);
    to[length] = '\0';
}

uint32_t kww_worker_await(kww_worker *worker, int64_t deadline_ns, kww_description *description, char *message,
                          size_t room)
{
    _Atomic uint32_t *word = &worker->worker->state;
    uint32_t state;
    /* What the worker said before it ended counts. */
    while ((state = atomic_load(word)) == KWW_STATE_LOADING && !has_ended(worker) && kww_monotonic_ns() < deadline_ns)
        kww_futex_wait(word, KWW_STATE_LOADING, deadline_ns);
    if (state == KWW_STATE_READY) {
        *description = worker->worker->description;
        description->id[sizeof description->id - 1] = '\0';
        description->version[sizeof description->version - 1] = '\0';
        if (description->interfaces > KWW_INTERFACE_LIMIT)
            description->interfaces = KWW_INTERFACE_LIMIT;
        for (uint32_t i = 0; i < KWW_INTERFACE_LIMIT; i++)
            description->interface[i].id[sizeof description->interface[i].id - 1] = '\0';
        return KWW_STATE_READY;
    }
    if (state != KWW_STATE_FAILED)
        return KWW_STATE_LOADING;
    copy_text(message, room, worker->worker->message, sizeof worker->worker->message);
    return KWW_STATE_FAILED;
}

int kww_is_filtered(const kww_facts *facts)
{
    return facts->ended == KWW_END_EXIT && WIFSIGNALED(facts->status) && WTERMSIG(facts->status) == SIGSYS
        && facts->signal != SIGSYS;
}

void kww_worker_facts(const kww_worker *worker, kww_facts *facts)
{
    const kww_crash *crash = &worker->worker->crash;
    *facts = (kww_facts){
        .pid = atomic_load(&worker->pid),
        .ended = atomic_load(&worker->ended),
        .status = atomic_load(&worker->status),
        .killed = atomic_load(&worker->killed),
        .lacked_memory = atomic_load(&worker->lacked_memory),
        .phase = atomic_load(&worker->worker->phase),
        .lanes = worker->lanes,
        .busy = atomic_load_explicit(&worker->busy, memory_order_relaxed),
        .calls = atomic_load_explicit(&worker->calls, memory_order_relaxed),
        .is_memory = atomic_load(&worker->worker->is_memory) != 0,
        .is_descriptors = atomic_load(&worker->worker->is_descriptors) != 0,
    };
    if (atomic_load(&crash->seen) == 1) {
        facts->signal = crash->signal;
        facts->has_address = crash->has_address != 0;
        facts->address = crash->address;
        facts->is_stack = crash->is_stack != 0;
        facts->is_memory = crash->is_memory != 0;
        facts->lane = crash->lane;
    }
}

uint32_t kww_worker_backtrace(const kww_worker *worker, kww_place *places, uint32_t room)
{
    uint32_t count = atomic_load(&worker->worker->places);
    if (count > KWW_PLACE_LIMIT)
        count = KWW_PLACE_LIMIT;
    if (count > room)
        count = room;
    for (uint32_t i = 0; i < count; i++) {
        places[i] = worker->worker->place[i];
        places[i].module[sizeof places[i].module - 1] = '\0';
        places[i].symbol[sizeof places[i].symbol - 1] = '\0';
    }
    return count;
}

int64_t kww_worker_cpu_ns(const kww_worker *worker)
{
    clockid_t clock;
    struct timespec time;
    int32_t pid = atomic_load(&worker->pid);
    /* The number of a process that is gone is not looked at: it may be another's. */
    if (pid <= 0 || atomic_load(&worker->ended) != 0 || clock_getcpuclockid(pid, &clock) != 0
        || clock_gettime(clock, &time) != 0)
        return -1;
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}
