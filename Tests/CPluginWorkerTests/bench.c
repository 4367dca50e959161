/* How long calls of a plugin in a worker take, beside a Unix socket and two futex wakes of the same run. */
#define _GNU_SOURCE
#include "check.h"
#include "wait.h"

#include <CPluginClosures.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUEST 200
#define REPLY (DIMS * sizeof(float))
#define ROUNDS 20000
#define TOKENS 2000000

_Atomic int check_passed, check_failed;
int is_long;

static const char *folder;

const char *built(const char *name, char path[4096])
{
    snprintf(path, 4096, "%s/%s", folder, name);
    return path;
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

typedef struct figures {
    double median, high; /* microseconds: p50 and p99 */
} figures;

static figures sort(int64_t *times, size_t count)
{
    qsort(times, count, sizeof *times, compare);
    return (figures){ (double)times[count / 2] / 1e3, (double)times[count * 99 / 100] / 1e3 };
}

static figures line(const char *name, int64_t *times, size_t count)
{
    figures figures = sort(times, count);
    printf("  %-52s %9.2f %9.2f us\n", name, figures.median, figures.high);
    return figures;
}

/* ---- what it is measured against ------------------------------------------------------------------------- */

static int64_t times[ROUNDS];

/* A process that answers each message of a stream socket. */
static figures measure_socket(void)
{
    int ends[2];
    static char request[REQUEST], reply[REPLY];
    NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        while (recv(ends[1], request, sizeof request, MSG_WAITALL) == (ssize_t)sizeof request) {
            if (send(ends[1], reply, sizeof reply, MSG_NOSIGNAL) < 0)
                break;
        }
        _exit(0);
    }
    close(ends[1]);
    for (size_t i = 0; i < ROUNDS; i++) {
        int64_t begin = now_ns();
        NEED(send(ends[0], request, sizeof request, MSG_NOSIGNAL) == (ssize_t)sizeof request
             && recv(ends[0], reply, sizeof reply, MSG_WAITALL) == (ssize_t)sizeof reply);
        times[i] = now_ns() - begin;
    }
    close(ends[0]);
    waitpid(child, NULL, 0);
    return line("Unix socket, 200 B there, 1536 B back", times, ROUNDS);
}

/* Has all threads of a process run on one processor; the scheduler's choice would decide what is measured. */
static void pin(pid_t process, int processor)
{
    char path[64];
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)processor, &set);
    snprintf(path, sizeof path, "/proc/%d/task", (int)process);
    DIR *threads = opendir(path);
    NEED(threads != NULL);
    for (struct dirent *thread; (thread = readdir(threads)) != NULL;) {
        if (thread->d_name[0] != '.')
            sched_setaffinity(atoi(thread->d_name), sizeof set, &set);
    }
    closedir(threads);
}

/* A process that is woken, and wakes; idle_us of nothing between two rounds. */
static figures measure_futex(const char *name, int processor, long idle_us, size_t rounds)
{
    _Atomic uint32_t *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(words != MAP_FAILED);
    pid_t child = fork();
    if (child == 0) {
        pin(getpid(), processor);
        for (uint32_t seen = 0;; seen++) {
            while (atomic_load(&words[0]) == seen)
                kww_futex_wait(&words[0], seen, NO_DEADLINE);
            atomic_store(&words[32], seen + 1);
            kww_futex_wake(&words[32], 1);
        }
    }
    for (uint32_t i = 0; i < rounds; i++) {
        usleep((useconds_t)idle_us);
        int64_t begin = now_ns();
        atomic_store(&words[0], i + 1);
        kww_futex_wake(&words[0], 1);
        while (atomic_load(&words[32]) == i)
            kww_futex_wait(&words[32], i, NO_DEADLINE);
        times[i] = now_ns() - begin;
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    munmap((void *)(uintptr_t)words, 4096);
    return line(name, times, rounds);
}

/* ---- calls ---------------------------------------------------------------------------------------------- */

static char text[REQUEST + 1];

static void embed(kww_remote *remote, const kw_embedder *embedder, const kw_embed_in *in)
{
    kw_embed_out out;
    kwc_frame *frame = kwc_begin(&out, sizeof out);
    NEED(frame != NULL && kwc_invoke(frame, (kw_any_op)embedder->embed, kww_remote_instance(remote), in) == KW_OK);
    kwc_end(frame);
}

static figures measure_calls(kww_remote *remote, const kw_embedder *embedder, const char *name, long idle_us,
                             size_t rounds)
{
    _Alignas(16) static float row[DIMS];
    kw_str input = { text, REQUEST };
    kw_embed_in in = {
        .h = KW_HDR(kw_embed_in), .texts = { &input, 1, sizeof input }, .rows = row, .capacity = sizeof row,
        .row_stride = sizeof row, .dims = DIMS, .element = KW_ELEMENT_F32,
    };
    for (int i = 0; i < 1000 && idle_us == 0; i++)
        embed(remote, embedder, &in);
    for (size_t i = 0; i < rounds; i++) {
        if (idle_us > 0)
            usleep((useconds_t)idle_us);
        int64_t begin = now_ns();
        embed(remote, embedder, &in);
        times[i] = now_ns() - begin;
    }
    return line(name, times, rounds);
}

/* The same operation by an interface that was described at run time. */
static kwm_described *describe_embedder(void)
{
    static _Alignas(16) unsigned char bytes[KWM_DESCRIPTION_LIMIT];
    kwm_interface embedder = *kwm_interface_by_id((kw_str){ KW_EMBEDDER_ID, sizeof KW_EMBEDDER_ID - 1 });
    embedder.id = "acme.embedder/1";
    const kwm_interface *const list[] = { &embedder };
    kwm_described *made;
    kwm_mistake mistake;
    uint64_t length;
    NEED(kwm_describe(list, 1, bytes, sizeof bytes, &length) == KW_OK);
    NEED(kwm_read_description(bytes, length, &made, &mistake) == KW_OK);
    return made;
}

static void measure_stream(kww_remote *remote)
{
    char words[64];
    event_log events = { 0 };
    outcome outcome;
    snprintf(words, sizeof words, "count %d", TOKENS);
    question question = { .text = words, .events = &events };
    int64_t begin = now_ns();
    ask(remote, &question, &outcome);
    NEED(outcome.status == KW_OK && events.count == TOKENS);
    printf("  %-52s %9.2f million a second\n", "stream of events of 8 bytes",
           TOKENS / ((double)(now_ns() - begin) / 1e3));
}

/* What a service costs within a call: one that does nothing but answer. */
static void measure_service(kww_remote *remote)
{
    enum { COUNT = 100000 };
    char words[64];
    snprintf(words, sizeof words, "ask-often %d", COUNT);
    int64_t begin = now_ns();
    NEED(ask_text(remote, words).status == KW_OK);
    printf("  %-52s %9.2f us\n", "a service of the host, asked for in a call; mean", (double)(now_ns() - begin) / 1e3 / COUNT);
}

/* From the crash of a call to the next call's answer, by a worker that was waiting for its turn. */
static void measure_crashes(zygote *zygote)
{
    enum { COUNT = 100 };
    for (size_t i = 0; i < COUNT; i++) {
        served *active = start_instance(zygote, NULL), *spare = start_instance(zygote, NULL);
        NEED(active != NULL && spare != NULL);
        kww_remote *remote = remote_of(active, NULL);
        NEED(ask_text(remote, "answer").status == KW_OK);
        /* Its end is not the end of the remote. */
        pthread_mutex_lock(&zygote->lock);
        active->remote = NULL;
        pthread_mutex_unlock(&zygote->lock);
        int64_t begin = now_ns();
        NEED(ask_text(remote, "null").fault.kind == KWW_FAULT_CRASHED);
        NEED(kww_remote_attach(remote, spare->worker) == 0 && ask_text(remote, "answer").status == KW_OK);
        times[i] = now_ns() - begin;
        kww_remote_remove(remote, spare->worker);
        free_remote(remote, active);
        end_worker_of(active);
        end_worker_of(spare);
    }
    line("crash to the next answer, by a spare; budget 2000", times, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        int64_t begin = now_ns();
        served *served = start_instance(zygote, NULL);
        NEED(served != NULL);
        kww_remote *remote = remote_of(served, NULL);
        NEED(ask_text(remote, "answer").status == KW_OK);
        times[i] = now_ns() - begin;
        free_remote(remote, served);
        end_worker_of(served);
    }
    line("start of a worker to its first answer", times, COUNT);
}

static void measure_memory(zygote *zygote)
{
    char path[64], words[256];
    unsigned long dirty = 0, part;
    served *spare = start_instance(zygote, NULL);
    kww_facts facts;
    NEED(spare != NULL);
    kww_worker_facts(spare->worker, &facts);
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", facts.pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(words, sizeof words, file) != NULL) {
        if (sscanf(words, "Private_Dirty: %lu", &part) == 1)
            dirty = part;
    }
    if (file != NULL)
        fclose(file);
    if (dirty != 0)
        printf("  %-52s %9.2f MB\n", "private memory of a spare; budget 0.5", (double)dirty / 1024);
    else
        printf("  private memory of a spare: only root can see it\n");
    end_worker_of(spare);
}

/* A worker that sleeps, and one that shares the caller's processor: beside two wakes of the same two processors. */
static void measure_sleep(kww_remote *remote, const kw_embedder *embedder, const served *served)
{
    kww_facts facts;
    cpu_set_t before;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    kww_worker_facts(served->worker, &facts);
    NEED(sched_getaffinity(0, sizeof before, &before) == 0);
    pin(getpid(), 0);
    if (processors > 1) {
        figures wakes = measure_futex("two futex wakes, both asleep, two processors", 1, 500, 2000);
        pin(facts.pid, 1);
        figures parked = measure_calls(remote, embedder, "embed by a worker that sleeps, two processors", 500, 2000);
        printf("  sleeping worker / two wakes: %.2f, budget 1.20\n", parked.median / wakes.median);
    }
    figures wakes = measure_futex("two futex wakes, one processor", 0, 0, 20000);
    pin(facts.pid, 0);
    figures shared = measure_calls(remote, embedder, "embed by a worker, one processor", 0, 20000);
    printf("  one processor / two wakes: %.2f, budget 1.20\n", shared.median / wakes.median);
    sched_setaffinity(0, sizeof before, &before);
    if (processors > 1)
        pin(facts.pid, 1);
}

/* The same call of a worker in a sandbox. */
static void measure_sandbox(zygote *zygote, const kw_embedder *embedder, figures free)
{
    recipe recipe = { .sandbox = usual_sandbox() };
    served *served = start_instance(zygote, &recipe);
    NEED(served != NULL);
    kww_remote *remote = remote_of(served, NULL);
    figures kept = measure_calls(remote, embedder, "embed by a worker in a sandbox", 0, ROUNDS);
    printf("  with a sandbox / without: %.2f\n", kept.median / free.median);
    free_remote(remote, served);
    end_worker_of(served);
}

int main(int count, char **arguments)
{
    if (count != 2)
        return 2;
    folder = arguments[1];
    memset(text, 'x', REQUEST);
    memcpy(text, "answer ", 7);
    zygote zygote;
    start_zygote(&zygote, NULL, NULL);
    kwm_described *described = describe_embedder();
    recipe recipe = { .interfaces = described };
    served *served = start_instance(&zygote, &recipe);
    NEED(served != NULL);
    kww_remote *remote = remote_of(served, NULL);
    kw_embedder embedder;
    kwf_table *closures;
    NEED(kww_interface_table(KW_EMBEDDER_ID, 3, &embedder, sizeof embedder) == 0
         && kwf_make(&described->interface[0], 3, &closures) == KW_OK);
    printf("Workers, p50 and p99\n");
    figures socket = measure_socket();
    figures hot = measure_calls(remote, &embedder, "embed of 200 bytes to 384 floats; budget 0.6", 0, ROUNDS);
    figures closure = measure_calls(remote, kwf_pointer(closures), "the same, by a closure", 0, ROUNDS);
    printf("  hot call / Unix socket: 1/%.0f, budget 1/10\n", socket.median / hot.median);
    measure_sandbox(&zygote, &embedder, hot);
    measure_sleep(remote, &embedder, served);
    printf("  closure / stub: %.2f, budget 1.35\n", closure.median / hot.median);
    measure_stream(remote);
    measure_service(remote);
    measure_crashes(&zygote);
    measure_memory(&zygote);
    free_remote(remote, served);
    end_worker_of(served);
    end_zygote(&zygote);
    kwf_free(closures);
    kwm_free_described(described);
    return 0;
}
