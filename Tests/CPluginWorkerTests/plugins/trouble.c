/* An embedder that does what its text says: the first word is the deed, the rest its argument. */
#define _GNU_SOURCE
#include <keyway/author.h>
#include <keyway/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct work {
    kw_call *call;
    const kw_embed_in *in;
    const char *argument;
} work;

static const kw_host *host;
static uint64_t own_pid;

#define DIMS 384u

/* What every text is embedded to, made once: what is measured with this plugin is the way to it. */
static float ready_row[DIMS];

static kw_status answer(const work *work)
{
    kw_span inputs = work->in->texts;
    for (uint32_t i = 0; i < inputs.count; i++) {
        uint32_t dims = work->in->dims < DIMS ? work->in->dims : DIMS;
        memcpy((char *)work->in->rows + i * work->in->row_stride, ready_row, dims * sizeof(float));
    }
    kw_embed_out out = { .h = KW_HDR(kw_embed_out), .rows_written = inputs.count, .total_tokens = own_pid };
    return KW_REPLY(work->call, &out);
}

static kw_status emit(const work *work, const char *text, uint64_t length, uint32_t flags)
{
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_TEXT, .text = { text, length } };
    return work->call->api->emit(work->call, &event, flags);
}

/* ---- ways to die ---------------------------------------------------------------------------------------- */

static kw_status write_to_null(const work *work)
{
    volatile uintptr_t nowhere = 8;
    *(volatile int *)nowhere = 1;
    return answer(work);
}

static kw_status call_abort(const work *work)
{
    (void)work;
    abort();
}

static kw_status leave(const work *work)
{
    _exit(atoi(work->argument));
}

static kw_status call_exit(const work *work)
{
    exit(atoi(work->argument));
}

static kw_status raise_signal(const work *work)
{
    syscall(SYS_kill, getpid(), atoi(work->argument));
    for (;;)
        pause();
    return answer(work);
}

static __attribute__((noinline)) uint64_t descend(uint64_t left)
{
    volatile char here[4096];
    here[left % sizeof here] = (char)left;
    return left == 0 ? 0 : descend(left - 1) + (uint64_t)here[0];
}

static kw_status overflow(const work *work)
{
    return descend(UINT64_MAX) == 1 ? KW_INTERNAL : answer(work);
}

/* ---- ways not to end ------------------------------------------------------------------------------------ */

static kw_status spin(const work *work)
{
    for (volatile int i = 0;; i = i + 1)
        ;
    return answer(work);
}

static kw_status sleep_for_ever(const work *work)
{
    emit(work, "begun", 5, 0);
    for (;;)
        pause();
    return answer(work);
}

/* Ends as soon as it is asked to, by eventfd. */
static kw_status obey(const work *work)
{
    emit(work, "begun", 5, 0);
    int32_t file = work->call->api->cancel_fd(work->call);
    fd_set files;
    FD_ZERO(&files);
    FD_SET(file, &files);
    select(file + 1, &files, NULL, NULL, NULL);
    return kw_fail(work->call, KW_CANCELLED, "it was asked to end");
}

/* Takes longer than anybody waits awake. */
static kw_status answer_late(const work *work)
{
    struct timespec time = { 0, 2000000 };
    nanosleep(&time, NULL);
    return answer(work);
}

/* Is asked to end, and answers all the same. */
static kw_status answer_when_asked(const work *work)
{
    while (!kw_cancelled(work->call))
        emit(work, "x", 1, 0);
    return answer(work);
}

/* ---- too much ------------------------------------------------------------------------------------------- */

static kw_status flood(const work *work)
{
    while (emit(work, "a token or so", 13, 0) == KW_OK)
        ;
    return KW_CANCELLED;
}

/* Does not stop when nobody listens any more. */
static kw_status flood_for_ever(const work *work)
{
    for (;;)
        emit(work, "a token or so", 13, 0);
    return KW_CANCELLED;
}

static kw_status count_up(const work *work)
{
    long count = atol(work->argument);
    for (long i = 0; i < count; i++) {
        kw_status status = emit(work, (const char *)&i, sizeof i, 0);
        if (status != KW_OK)
            return status;
    }
    return answer(work);
}

/* As count_up, with KW_EMIT_NOBLOCK and a waker. */
static pthread_mutex_t room_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t room = PTHREAD_COND_INITIALIZER;
static int has_room;

static void note_room(void *data)
{
    (void)data;
    pthread_mutex_lock(&room_lock);
    has_room = 1;
    pthread_cond_signal(&room);
    pthread_mutex_unlock(&room_lock);
}

static kw_status count_up_unblocked(const work *work)
{
    long count = atol(work->argument);
    kw_status status = KW_OK;
    work->call->api->set_waker(work->call, note_room, NULL);
    for (long i = 0; i < count && status == KW_OK; i++) {
        while ((status = emit(work, (const char *)&i, sizeof i, KW_EMIT_NOBLOCK)) == KW_WOULD_BLOCK) {
            pthread_mutex_lock(&room_lock);
            while (!has_room)
                pthread_cond_wait(&room, &room_lock);
            has_room = 0;
            pthread_mutex_unlock(&room_lock);
        }
    }
    work->call->api->set_waker(work->call, NULL, NULL);
    return status == KW_OK ? answer(work) : status;
}

static kw_status emit_large(const work *work)
{
    size_t size = (size_t)atol(work->argument);
    char *text = calloc(1, size);
    kw_status status = text == NULL ? KW_RESOURCE_EXHAUSTED : emit(work, text, size, 0);
    free(text);
    return status == KW_OK ? answer(work) : status;
}

static kw_status reply_large(const work *work)
{
    uint32_t count = (uint32_t)atol(work->argument);
    void *tokens = work->call->api->alloc(work->call, (uint64_t)count * 4, 4);
    kw_embed_out out = { .h = KW_HDR(kw_embed_out), .rows_written = 1, .tokens = { tokens, count, 4 } };
    return tokens == NULL ? KW_RESOURCE_EXHAUSTED : KW_REPLY(work->call, &out);
}

static kw_status print(const work *work)
{
    for (long i = 0; i < atol(work->argument); i++)
        fputs("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n", stdout);
    fflush(stdout);
    return answer(work);
}

static kw_status log_much(const work *work)
{
    kw_str component = KW_STR("trouble"), message = KW_STR("again"), fields = { NULL, 0 };
    for (long i = 0; i < atol(work->argument); i++)
        work->call->api->log(work->call, KW_LOG_INFO, component, message, fields);
    return answer(work);
}

/* ---- what a sandbox keeps it from ----------------------------------------------------------------------- */

static kw_status refused(const work *work, int number)
{
    return kw_fail(work->call, number == EACCES || number == EPERM ? KW_PERMISSION_DENIED : KW_UNAVAILABLE,
                   strerror(number));
}

static kw_status open_file(const work *work)
{
    int file = open(work->argument, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return refused(work, errno);
    close(file);
    return answer(work);
}

static kw_status create_file(const work *work)
{
    int file = open(work->argument, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return refused(work, errno);
    close(file);
    unlink(work->argument);
    return answer(work);
}

static kw_status fork_once(const work *work)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    if (child < 0)
        return refused(work, errno);
    waitpid(child, NULL, 0);
    return answer(work);
}

static kw_status open_socket(const work *work)
{
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0)
        return refused(work, errno);
    close(file);
    return answer(work);
}

static kw_status kill_process(const work *work)
{
    return kill(atoi(work->argument), 0) == 0 ? answer(work) : refused(work, errno);
}

static kw_status map_code(const work *work)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return refused(work, errno);
    munmap(memory, 4096);
    return answer(work);
}

static kw_status take_memory(const work *work)
{
    size_t size = (size_t)atol(work->argument) << 20;
    char *memory = malloc(size);
    if (memory == NULL)
        return kw_fail(work->call, KW_RESOURCE_EXHAUSTED, "no memory");
    memset(memory, 1, size);
    free(memory);
    return answer(work);
}

/* MEBIBYTES PATH: a file that is memory, and no memory of this process. */
static kw_status share_memory(const work *work)
{
    char *path;
    size_t size = (size_t)strtol(work->argument, &path, 10) << 20;
    int file = open(path + 1, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return refused(work, errno);
    /* It is gone with this process, however that ends. */
    unlink(path + 1);
    char *memory = ftruncate(file, (off_t)size) == 0 ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
    close(file);
    if (memory == MAP_FAILED)
        return refused(work, errno);
    for (size_t at = 0; at < size; at += 4096)
        memory[at] = 1;
    munmap(memory, size);
    return answer(work);
}

/* Of another session and group, and nobody's child. Its number takes the place of this process's. */
static kw_status leave_child(const work *work)
{
    int ends[2], number = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return refused(work, errno);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        pid_t other = fork();
        if (other == 0) {
            for (;;)
                pause();
        }
        _exit(write(ends[1], &other, sizeof other) != (ssize_t)sizeof other);
    }
    close(ends[1]);
    int is_told = child > 0 && read(ends[0], &number, sizeof number) == (ssize_t)sizeof number;
    close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    if (!is_told)
        return refused(work, EIO);
    uint64_t own = own_pid;
    own_pid = (uint64_t)number;
    kw_status status = answer(work);
    own_pid = own;
    return status;
}

static kw_status fork_many(const work *work)
{
    for (long i = 0; i < atol(work->argument); i++) {
        pid_t child = fork();
        if (child == 0) {
            for (;;)
                pause();
        }
        if (child < 0)
            return refused(work, errno);
    }
    return answer(work);
}

/* ---- services of the host ------------------------------------------------------------------------------- */

static const kw_host_kv *kv(void)
{
    return host->get(host, (kw_str)KW_STR(KW_HOST_KV_ID));
}

/* What the host has for a key becomes the event that the call emits. */
static kw_status emit_value(const work *work, kw_call *call)
{
    const kw_host_kv *service = kv();
    const kw_kv_value *value = NULL;
    kw_key_in in = { .h = KW_HDR(kw_key_in), .key = { work->argument, strlen(work->argument) } };
    if (service == NULL)
        return kw_fail(work->call, KW_PERMISSION_DENIED, "the host has no kv");
    kw_status status = service->get(host, call, &in, &value);
    if (status == KW_OK)
        return emit(work, value->value.ptr, value->value.len, 0);
    const kw_error *error = call->api->last_error(call);
    return error == NULL ? status : work->call->api->fail(work->call, error);
}

static kw_status ask_host(const work *work)
{
    kw_status status = emit_value(work, work->call);
    return status == KW_OK ? answer(work) : status;
}

static kw_status ask_host_often(const work *work)
{
    kw_key_in in = { .h = KW_HDR(kw_key_in), .key = KW_STR("often") };
    const kw_kv_value *value;
    for (long i = 0; i < atol(work->argument); i++) {
        kw_status status = kv()->get(host, work->call, &in, &value);
        if (status != KW_OK || value->value.len != 5)
            return status == KW_OK ? KW_DATA_LOSS : status;
    }
    return answer(work);
}

/* On a call of the plugin's own. */
static kw_status ask_host_aside(const work *work)
{
    kw_call *own = host->open_call(host, 0);
    if (own == NULL)
        return KW_RESOURCE_EXHAUSTED;
    kw_status status = emit_value(work, own);
    host->close_call(host, own);
    return status == KW_OK ? answer(work) : status;
}

static kw_status find_secret(const work *work, kw_call *call)
{
    const kw_host_secrets *secrets = host->get(host, (kw_str)KW_STR(KW_HOST_SECRETS_ID));
    kw_key_in in = { .h = KW_HDR(kw_key_in), .key = KW_STR("token") };
    const kw_contents *value = NULL;
    kw_status status = secrets == NULL ? KW_PERMISSION_DENIED : secrets->get(host, call, &in, &value);
    if (status == KW_OK)
        status = emit(work, value->bytes.ptr, value->bytes.len, 0);
    return status == KW_OK ? answer(work) : status;
}

static kw_status say_secret(const work *work)
{
    return find_secret(work, work->call);
}

static kw_status say_secret_aside(const work *work)
{
    kw_call *own = host->open_call(host, 0);
    if (own == NULL)
        return KW_RESOURCE_EXHAUSTED;
    kw_status status = find_secret(work, own);
    host->close_call(host, own);
    return status;
}

static kw_status ask_for_ungranted(const work *work)
{
    const void *service = host->get(host, (kw_str)KW_STR(KW_HOST_HTTP_ID));
    return service == NULL ? answer(work) : KW_INTERNAL;
}

/* A call that has ended is nobody's. */
static kw_call *ended;

/* From another thread, while no call runs there. */
static void *ask_for_ended(void *result)
{
    kw_key_in in = { .h = KW_HDR(kw_key_in), .key = KW_STR("late") };
    const kw_kv_value *value = NULL;
    *(kw_status *)result = kv()->get(host, ended, &in, &value);
    return NULL;
}

static kw_status ask_when_ended(const work *work)
{
    pthread_t thread;
    kw_status result = KW_OK;
    kw_call *own = host->open_call(host, 0);
    ended = own;
    host->close_call(host, own);
    if (pthread_create(&thread, NULL, ask_for_ended, &result) != 0)
        return KW_INTERNAL;
    pthread_join(thread, NULL);
    return result == KW_FAILED_PRECONDITION ? answer(work) : KW_INTERNAL;
}

/* ---- against the contract ------------------------------------------------------------------------------- */

static kw_status reply_twice(const work *work)
{
    answer(work);
    answer(work);
    return KW_OK;
}

static kw_status reply_nothing(const work *work)
{
    (void)work;
    return KW_OK;
}

static kw_status reply_bad_pointer(const work *work)
{
    kw_embed_out out = { .h = KW_HDR(kw_embed_out), .rows_written = 1, .tokens = { (void *)4096, 7, 4 } };
    return KW_REPLY(work->call, &out);
}

/* The process may die of this; it is not to harm the host. */
static kw_status reply_null_with_length(const work *work)
{
    kw_embed_out out = { .h = KW_HDR(kw_embed_out), .rows_written = 1, .tokens = { NULL, 7, 4 } };
    return KW_REPLY(work->call, &out);
}

static kw_status return_pending(const work *work)
{
    (void)work;
    return KW_PENDING;
}

static kw_status return_status(const work *work)
{
    return (kw_status)strtol(work->argument, NULL, 0);
}

static kw_status close_everything(const work *work)
{
    syscall(SYS_close_range, 0, ~0U, 0);
    return answer(work);
}

/* ---- the process's surroundings ------------------------------------------------------------------------- */

/* A child that outlives the call and stays in the worker's group, or leaves it. */
static kw_status start_child(const work *work)
{
    int leaves = work->argument[0] == 'l';
    pid_t child = fork();
    if (child == 0) {
        if (leaves) {
            setsid();
            if (fork() != 0)
                _exit(0);
        }
        for (;;)
            pause();
    }
    return answer(work);
}

typedef struct range {
    uintptr_t from, to;
    int is_writable;
} range;

/* Finds a mapping of a file of this name. */
static range find_mapping(const char *name)
{
    range found = { 0, 0, 0 };
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        char rights[8];
        if (strstr(line, name) == NULL || sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3)
            continue;
        found = (range){ from, to, rights[1] == 'w' };
        break;
    }
    if (maps != NULL)
        fclose(maps);
    return found;
}

static void *scribble(void *context)
{
    const range *range = context;
    uint64_t state = (uint64_t)getpid() * 2654435761u;
    size_t words = (range->to - range->from) / 8;
    /* What is not beyond the headers and the first ring is hardly ever read. */
    if (words > 200000)
        words = 200000;
    for (;;) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        ((volatile uint64_t *)range->from)[(state >> 33) % words] = state;
    }
    return NULL;
}

/* W is written over and over by threads of the plugin, also after this call. */
static kw_status scribble_over(const work *work)
{
    static range worker;
    pthread_t thread;
    worker = find_mapping("memfd:keyway-worker");
    if (worker.from == 0 || !worker.is_writable)
        return kw_fail(work->call, KW_NOT_FOUND, "the memory is not where it was expected");
    pthread_create(&thread, NULL, scribble, &worker);
    pthread_detach(thread);
    return answer(work);
}

static void report(const work *work, const char *what, int is_possible)
{
    char line[128];
    int length = snprintf(line, sizeof line, "%s %s", what, is_possible ? "possible" : "refused");
    emit(work, line, (uint64_t)length, 0);
}

/* Tries all that the seals are against, and says what was possible. */
static kw_status attack(const work *work)
{
    range memory = find_mapping("memfd:keyway-host");
    size_t size = memory.to - memory.from;
    report(work, "H is mapped", memory.from != 0);
    report(work, "mprotect", mprotect((void *)memory.from, size, PROT_READ | PROT_WRITE) == 0);
    static const char *const names[] = { "H", "W" };
    for (int i = 0; i < 2; i++) {
        char path[128], what[64];
        range at = i == 0 ? memory : find_mapping("memfd:keyway-worker");
        snprintf(path, sizeof path, "/proc/self/map_files/%lx-%lx", (unsigned long)at.from, (unsigned long)at.to);
        int file = open(path, O_RDWR | O_CLOEXEC);
        snprintf(what, sizeof what, "open %s", names[i]);
        report(work, what, file >= 0);
        if (file < 0)
            continue;
        void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        snprintf(what, sizeof what, "map %s", names[i]);
        report(work, what, mapped != MAP_FAILED);
        char one = 1;
        snprintf(what, sizeof what, "write %s", names[i]);
        report(work, what, pwrite(file, &one, 1, 0) == 1);
        snprintf(what, sizeof what, "shrink %s", names[i]);
        report(work, what, ftruncate(file, 0) == 0);
        snprintf(what, sizeof what, "grow %s", names[i]);
        report(work, what, ftruncate(file, (off_t)1 << 40) == 0 || fallocate(file, 0, (off_t)1 << 40, 4096) == 0);
        snprintf(what, sizeof what, "unseal %s", names[i]);
        report(work, what, fcntl(file, F_ADD_SEALS, 0) == 0);
        close(file);
    }
    return answer(work);
}

/* ---- the table ------------------------------------------------------------------------------------------ */

static const struct deed {
    const char *name;
    kw_status (*run)(const work *work);
} deeds[] = {
    { "open", open_file },
    { "create", create_file },
    { "fork-once", fork_once },
    { "socket", open_socket },
    { "signal", kill_process },
    { "code", map_code },
    { "memory", take_memory },
    { "share", share_memory },
    { "leave-child", leave_child },
    { "fork-many", fork_many },
    { "ask", ask_host },
    { "ask-often", ask_host_often },
    { "ask-aside", ask_host_aside },
    { "ask-ended", ask_when_ended },
    { "ask-ungranted", ask_for_ungranted },
    { "say-secret", say_secret },
    { "say-secret-aside", say_secret_aside },
    { "answer", answer },
    { "null", write_to_null },
    { "abort", call_abort },
    { "leave", leave },
    { "exit", call_exit },
    { "raise", raise_signal },
    { "overflow", overflow },
    { "spin", spin },
    { "sleep", sleep_for_ever },
    { "obey", obey },
    { "late", answer_late },
    { "answer-when-asked", answer_when_asked },
    { "flood", flood },
    { "flood-for-ever", flood_for_ever },
    { "count", count_up },
    { "count-unblocked", count_up_unblocked },
    { "large-event", emit_large },
    { "large-reply", reply_large },
    { "print", print },
    { "log", log_much },
    { "twice", reply_twice },
    { "nothing", reply_nothing },
    { "bad-pointer", reply_bad_pointer },
    { "null-with-length", reply_null_with_length },
    { "pending", return_pending },
    { "status", return_status },
    { "close", close_everything },
    { "child", start_child },
    { "scribble", scribble_over },
    { "attack", attack },
};

static kw_status embed(kw_instance *self, kw_call *call, const kw_embed_in *in)
{
    (void)self;
    char text[128] = { 0 };
    kw_str first = in->texts.count > 0 ? kw_text_at(in->texts, 0) : (kw_str){ NULL, 0 };
    if (first.len > 0)
        memcpy(text, first.ptr, first.len < sizeof text - 1 ? first.len : sizeof text - 1);
    char *argument = strchr(text, ' ');
    if (argument != NULL)
        *argument++ = '\0';
    work work = { call, in, argument != NULL ? argument : "" };
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        if (strcmp(deeds[i].name, text) == 0)
            return deeds[i].run(&work);
    }
    return kw_fail(call, KW_INVALID_ARGUMENT, "there is no such deed");
}

static kw_status info(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self, (void)in;
    kw_embedder_info info = { .h = KW_HDR(kw_embedder_info), .id = KW_STR("trouble"), .dims = 384,
                              .elements = 1u << KW_ELEMENT_F32 };
    return KW_REPLY(call, &info);
}

static kw_status create(kw_instance *self, kw_call *call, const kw_create_in *in)
{
    static int only;
    (void)self;
    host = in->host;
    own_pid = (uint64_t)getpid();
    for (uint32_t i = 0; i < DIMS; i++)
        ready_row[i] = (float)i;
    kw_create_out out = { .h = KW_HDR(kw_create_out), .instance = (kw_instance *)(void *)&only };
    return KW_REPLY(call, &out);
}

static kw_status succeed(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self, (void)in;
    kw_none none = { .h = KW_HDR(kw_none) };
    return KW_REPLY(call, &none);
}

static kw_status quiesce(kw_instance *self, kw_call *call, const kw_quiesce_in *in)
{
    (void)self, (void)in;
    kw_quiesce_out out = { .h = KW_HDR(kw_quiesce_out) };
    return KW_REPLY(call, &out);
}

static const kw_embedder embedder = { .h = KW_HDR(kw_embedder), .info = info, .embed = embed };
/* Twice: by the id that every host knows, and by one that hosts know only if they were told. */
static const kw_iface interfaces[] = {
    { .h = KW_HDR(kw_iface), .id = KW_STR(KW_EMBEDDER_ID), .vtable = &embedder },
    { .h = KW_HDR(kw_iface), .id = KW_STR("acme.embedder/1"), .vtable = &embedder },
};
static const kw_plugin plugin = {
    .h = KW_HDR(kw_plugin),
    .magic = KW_MAGIC,
    .caps = KW_CAP_CONCURRENT,
    .sdk_built = KW_SDK,
    .sdk_min = KW_SDK,
    .id = KW_STR("test.trouble"),
    .version = KW_STR("1.0.0"),
    .ifaces = { interfaces, 2, sizeof interfaces[0] },
    .create = create,
    .start = succeed,
    .quiesce = quiesce,
    .destroy = succeed,
};

KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *table, uint32_t sdk, const kw_plugin **out)
{
    (void)sdk;
    host = table;
    *out = &plugin;
    return KW_OK;
}
