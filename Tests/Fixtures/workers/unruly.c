/* A plugin whose callers choose how it misbehaves: the first text of an embed says what to do. Row i is (process, calls,
 * BUILD). */
#include <keyway/author.h>
#include <keyway/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Without it nothing in the plugin asks for the network, and nothing of it uses it. */
#ifdef NETWORK
#include "network.h"
#ifndef MANIFEST
#define MANIFEST "\"type\":\"embedder\",\"permissions\":[\"net\",\"net.listen\",\"threads\"]"
#endif
#endif

/* exhaust.c, exhaust.cpp or exhaust.swift is linked to it. */
#ifdef EXHAUST
#include "exhaust.h"
#endif

/* Likewise: threads of its own, which it can do without. */
#ifdef THREADS
#define MANIFEST "\"type\":\"embedder\",\"permissions\":[{\"permission\":\"threads\",\"required\":false}]"
#endif

/* Without it nothing in the plugin needs libcurl. */
#ifdef WEB
#include "web.h"
#define MANIFEST "\"type\":\"embedder\",\"permissions\":[\"net\",\"threads\"]"
#endif

#ifndef ID
#define ID "unruly"
#endif
/* Only with it anything in the plugin starts processes. */
#if defined(BOMB) && !defined(MANIFEST)
#define MANIFEST "\"type\":\"embedder\",\"permissions\":[\"process.exec:/bin/true\"]"
#endif

#ifndef BUILD
#define BUILD 1
#endif
#ifndef MANIFEST
#define MANIFEST "\"type\":\"embedder\""
#endif
#ifndef CAPS
#define CAPS KW_CAP_CONCURRENT
#endif

struct kw_instance {
    const kw_host *host;
    atomic_uint calls;
    char mood[32];
};

#ifdef CONSTRUCTOR
__attribute__((constructor)) static void misbehave_at_once(void) { CONSTRUCTOR; }
#endif

static int has(kw_str text, const char *word)
{
    return text.len > 0 && memmem(text.ptr, text.len, word, strlen(word)) != NULL;
}

static int begins(kw_str text, const char *word)
{
    return text.len >= strlen(word) && memcmp(text.ptr, word, strlen(word)) == 0;
}

static void read_mood(kw_instance *self, kw_str json)
{
    static const char key[] = "\"mood\":\"";
    const char *at = json.len > 0 ? memmem(json.ptr, json.len, key, sizeof key - 1) : NULL;
    memset(self->mood, 0, sizeof self->mood);
    for (size_t i = 0; at != NULL && i + 1 < sizeof self->mood; i++) {
        const char *letter = at + sizeof key - 1 + i;
        if (letter >= json.ptr + json.len || *letter == '"')
            break;
        self->mood[i] = *letter;
    }
}

static kw_status create(kw_instance *self, kw_call *call, const kw_create_in *in)
{
    (void)self;
    if (has(in->config_json, "\"unwanted\""))
        return kw_fail(call, KW_INVALID_ARGUMENT, "that is unwanted");
    if (has(in->config_json, "\"crash\""))
        abort();
    kw_instance *made = calloc(1, sizeof *made);
    if (made == NULL)
        return KW_RESOURCE_EXHAUSTED;
    made->host = in->host;
    read_mood(made, in->config_json);
    if (in->state.len == sizeof(uint32_t)) {
        uint32_t calls;
        memcpy(&calls, in->state.ptr, sizeof calls);
        atomic_store(&made->calls, calls);
    }
    return kw_reply_instance(call, made);
}

static kw_status configure(kw_instance *self, kw_call *call, const kw_config_in *in)
{
    kw_config_out out = { .h = KW_HDR(kw_config_out) };
    if ((in->flags & KW_CONFIGURE_DRY_RUN) == 0)
        read_mood(self, in->config_json);
    return KW_REPLY(call, &out);
}

static void release(kw_lease *lease)
{
    free(lease->owner);
    lease->release = NULL;
}

static kw_status quiesce(kw_instance *self, kw_call *call, const kw_quiesce_in *in)
{
    kw_quiesce_out out = { .h = KW_HDR(kw_quiesce_out) };
    if ((in->flags & KW_QUIESCE_WANTS_STATE) != 0) {
        uint32_t *calls = malloc(sizeof *calls);
        if (calls == NULL)
            return KW_RESOURCE_EXHAUSTED;
        *calls = atomic_load(&self->calls);
        out.state = (kw_lease){ calls, sizeof *calls, release, calls };
    }
    return KW_REPLY(call, &out);
}

static kw_status destroy(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)in;
    free(self);
    return kw_reply_none(call);
}

static void overflow(volatile char *below)
{
    volatile char room[4096];
    room[0] = *below;
    overflow(room);
    room[1] = *below;
}

static void misbehave(kw_call *call, kw_str text)
{
    volatile int zero = 0;
    if (has(text, "log"))
        call->api->log(call, KW_LOG_ERROR, (kw_str)KW_STR("unruly"), (kw_str)KW_STR("a note"), (kw_str){ NULL, 0 });
    if (begins(text, "null"))
        *(volatile int *)(uintptr_t)(0x40 + zero) = 1;
    if (begins(text, "abort") && (BUILD == 1 || !has(text, "in 1")))
        abort();
    if (begins(text, "exit"))
        exit(3);
    if (begins(text, "kill"))
        raise(SIGKILL);
    if (begins(text, "stack")) {
        volatile char start = 0;
        overflow(&start);
    }
    while (begins(text, "spin") && !kw_cancelled(call))
        continue;
    /* It does not care who has given up. */
    while (begins(text, "deaf"))
        pause();
    if (begins(text, "polite")) {
        struct pollfd end = { .fd = call->api->cancel_fd(call), .events = POLLIN };
        poll(&end, 1, -1);
    }
    if (begins(text, "print")) {
        printf("a line of its own\033[31m\n");
        fflush(stdout);
    }
}

/* The length and the first byte of a secret: from the operation itself, or from a call of the plugin's own. */
typedef struct search {
    const kw_host *host;
    kw_call *call;
    kw_str name;
    float row[2];
    kw_status status;
} search;

static void find_secret(search *search)
{
    const kw_host_secrets *secrets = search->host->get(search->host, (kw_str)KW_STR(KW_HOST_SECRETS_ID));
    kw_key_in in = { .h = KW_HDR(kw_key_in), .key = search->name };
    const kw_contents *out = NULL;
    search->status = secrets == NULL ? KW_UNAVAILABLE : secrets->get(search->host, search->call, &in, &out);
    if (search->status == KW_OK) {
        search->row[0] = (float)out->bytes.len;
        search->row[1] = out->bytes.len > 0 ? (float)*(const unsigned char *)out->bytes.ptr : 0;
    }
}

static kw_status find_secret_aside(search *search, kw_call *call)
{
    search->call = search->host->open_call(search->host, 0);
    if (search->call == NULL)
        return KW_RESOURCE_EXHAUSTED;
    find_secret(search);
    const kw_error *error = search->status != KW_OK ? search->call->api->last_error(search->call) : NULL;
    if (error != NULL)
        call->api->fail(call, error);
    search->host->close_call(search->host, search->call);
    return search->status;
}

static kw_status tell_secret(kw_instance *self, kw_call *call, kw_str text, float *row)
{
    int is_aside = begins(text, "secret-aside ");
    size_t prefix = strlen(is_aside ? "secret-aside " : "secret ");
    search search = { .host = self->host, .call = call, .name = { text.ptr + prefix, text.len - prefix } };
    if (is_aside) {
        search.status = find_secret_aside(&search, call);
    } else {
        find_secret(&search);
    }
    memcpy(row, search.row, sizeof search.row);
    return search.status == KW_UNAVAILABLE ? kw_fail(call, KW_UNAVAILABLE, "there is no such service") : search.status;
}

/* Tries something of the network. The second of the row is how much there was of it. */
static kw_status reach_out(kw_call *call, kw_str text, float *row)
{
#ifdef NETWORK
    int count = 0;
    int error = begins(text, "net ") ? try_network(text, &count) : 0;
    row[1] = count != 0 ? (float)count : row[1];
    int is_denied = error == EACCES || error == EPERM;
    if (error != 0)
        return kw_fail(call, is_denied ? KW_PERMISSION_DENIED : KW_UNAVAILABLE,
                       error < 0 ? gai_strerror(error) : strerror(error));
#else
    (void)call, (void)text, (void)row;
#endif
#ifdef WEB
    if (begins(text, "web "))
        return try_web(call, text, row);
#endif
    return KW_OK;
}

#ifdef THREADS
static void *pass(void *argument)
{
    return argument;
}

static int try_thread(void)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, pass, NULL);
    return error != 0 ? error : pthread_join(thread, NULL);
}
#endif

/* Asks for memory that is written and executed. */
static int try_code(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED && munmap(memory, 4096) == 0 ? dup(STDERR_FILENO) : -1;
}

/* Not by the C library, which a plugin would have to ask for. */
static int try_fork(void)
{
#ifdef SYS_fork
    long child = syscall(SYS_fork);
    if (child == 0)
        syscall(SYS_exit, 0);
    if (child < 0 || syscall(SYS_wait4, child, NULL, 0, NULL) != child)
        return -1;
    return dup(STDERR_FILENO);
#else
    errno = ENOSYS;
    return -1;
#endif
}

/* "foreign i386", "foreign x32": getpid(2) as programs of other architectures ask for it. */
static int try_foreign(kw_str text)
{
    long result = -1;
#ifdef __x86_64__
    if (has(text, "i386"))
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
    else
        result = syscall(0x40000000 | SYS_getpid);
#else
    (void)text;
#endif
    return result < 0 ? -1 : dup(STDERR_FILENO);
}

#ifdef BOMB
/* Runs a program without arguments to its end. */
static int try_program(char *path)
{
    int ends[2], error = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        execv(path, (char *[]){ path, NULL });
        error = errno;
        _exit(write(ends[1], &error, sizeof error) != (ssize_t)sizeof error);
    }
    close(ends[1]);
    if (child < 0 || read(ends[0], &error, sizeof error) < 0)
        error = errno;
    close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    errno = error;
    return error != 0 ? -1 : dup(STDERR_FILENO);
}
#endif

/* Tries something that takes a permission: "read PATH", "write PATH", "write-much PATH", "connect", "thread", "code", "fork",
 * "foreign ARCHITECTURE", "run PATH", "variable NAME". */
static kw_status try_it(kw_call *call, kw_str text)
{
    char path[512] = "";
    const char *space = text.len > 0 ? memchr(text.ptr, ' ', text.len) : NULL;
    if (space != NULL)
        memcpy(path, space + 1, (size_t)(text.ptr + text.len - space - 1) < sizeof path - 1
                                    ? (size_t)(text.ptr + text.len - space - 1) : sizeof path - 1);
    int file = -1;
    if (begins(text, "read "))
        file = open(path, O_RDONLY | O_CLOEXEC);
    else if (begins(text, "write ") || begins(text, "write-much "))
        file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    else if (begins(text, "connect"))
        file = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    else if (begins(text, "code"))
        file = try_code();
    else if (begins(text, "fork"))
        file = try_fork();
    else if (begins(text, "foreign "))
        file = try_foreign(text);
    else if (begins(text, "variable "))
        file = getenv(path) != NULL ? dup(STDERR_FILENO) : (errno = ENOENT, -1);
#ifdef BOMB
    else if (begins(text, "run "))
        file = try_program(path);
#endif
#ifdef THREADS
    else if (begins(text, "thread"))
        file = (errno = try_thread()) != 0 ? -1 : dup(STDERR_FILENO);
#endif
    else
        return KW_OK;
    if (file < 0)
        return kw_fail(call, errno == EACCES || errno == EPERM ? KW_PERMISSION_DENIED : KW_NOT_FOUND, strerror(errno));
    /* 8 MiB, and then time for the host to see them. */
    if (begins(text, "write-much ")) {
        static char block[1 << 20];
        for (int i = 0; i < 8; i++) {
            memset(block, i + 1, sizeof block);
            if (write(file, block, sizeof block) != (ssize_t)sizeof block)
                break;
        }
        fsync(file);
        struct pollfd end = { .fd = call->api->cancel_fd(call), .events = POLLIN };
        poll(&end, 1, -1);
    }
    close(file);
    return KW_OK;
}

static kw_status take_memory(kw_call *call, kw_str text)
{
#ifdef EXHAUST
    char way[64] = "";
    size_t prefix = strlen("exhaust ");
    if (begins(text, "exhaust ") && text.len - prefix < sizeof way) {
        memcpy(way, text.ptr + prefix, text.len - prefix);
        return exhaust(way) != 0 ? kw_fail(call, KW_RESOURCE_EXHAUSTED, "there is no memory") : KW_OK;
    }
#endif
    (void)call;
    if (!begins(text, "devour"))
        return KW_OK;
    for (;;)
        memset(malloc(1 << 20), 1, 1 << 20);
    return KW_OK;
}

/* "bomb COUNT": processes that stay. A plugin that calls fork has to ask for it. */
static kw_status multiply(kw_call *call, kw_str text)
{
#ifdef BOMB
    char digits[16] = "";
    if (begins(text, "bomb ") && text.len - 5 < sizeof digits)
        memcpy(digits, text.ptr + 5, text.len - 5);
    for (long i = atol(digits); i > 0; i--) {
        pid_t child = fork();
        if (child < 0)
            return kw_fail(call, KW_RESOURCE_EXHAUSTED, strerror(errno));
        while (child == 0)
            pause();
    }
#endif
    (void)call, (void)text;
    return KW_OK;
}

/* "share MEBIBYTES PATH": a file that is memory, which no limit of a process counts. */
static kw_status share(kw_call *call, kw_str text)
{
    char words[512] = "", *rest;
    if (!begins(text, "share "))
        return KW_OK;
    memcpy(words, text.ptr, text.len < sizeof words ? text.len : sizeof words - 1);
    size_t size = (size_t)strtol(words + 6, &rest, 10) << 20;
    int file = open(rest + 1, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return kw_fail(call, KW_PERMISSION_DENIED, strerror(errno));
    /* It is gone with this process, however that ends. */
    unlink(rest + 1);
    char *memory = ftruncate(file, (off_t)size) == 0 ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
    close(file);
    if (memory == MAP_FAILED)
        return kw_fail(call, KW_UNAVAILABLE, strerror(errno));
    for (size_t at = 0; at < size; at += 4096)
        memory[at] = 1;
    munmap(memory, size);
    return KW_OK;
}

static kw_status info(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)in;
    kw_embedder_info out = { .h = KW_HDR(kw_embedder_info), .id = KW_STR(ID), .model = { self->mood, strlen(self->mood) }, .dims = 3 };
    return KW_REPLY(call, &out);
}

static kw_status embed(kw_instance *self, kw_call *call, const kw_embed_in *in)
{
    uint32_t calls = atomic_fetch_add(&self->calls, 1) + 1;
    for (uint64_t i = 0; i < in->texts.count; i++) {
        const kw_str text = *(const kw_str *)(const void *)((const char *)in->texts.ptr + i * in->texts.stride);
        misbehave(call, text);
        if (begins(text, "polite") || (begins(text, "spin") && kw_cancelled(call)))
            return KW_CANCELLED;
        float *row = (float *)(void *)((char *)in->rows + i * in->row_stride);
        row[0] = (float)getpid();
        row[1] = (float)calls;
        row[2] = BUILD;
        kw_status status = begins(text, "secret") ? tell_secret(self, call, text, row) : KW_OK;
        if (status == KW_OK)
            status = try_it(call, text);
        if (status == KW_OK)
            status = reach_out(call, text, row);
        if (status == KW_OK)
            status = take_memory(call, text);
        if (status == KW_OK)
            status = share(call, text);
        if (status == KW_OK)
            status = multiply(call, text);
        if (status != KW_OK)
            return status;
    }
    kw_embed_out out = { .h = KW_HDR(kw_embed_out), .rows_written = in->texts.count };
    return KW_REPLY(call, &out);
}

static const kw_embedder embedder = { .h = KW_HDR(kw_embedder), .info = info, .embed = embed };

#ifdef WITHOUT_OPERATIONS
#define OFFER_OPERATIONS(OFFER)
#else
#define OFFER_OPERATIONS(OFFER) OFFER(KW_OPERATIONS_ID, operations)

/* Emits CHUNKs: as many as the input says, or without end. */
static kw_status run(kw_instance *self, kw_call *call, const kw_operate_in *in)
{
    char digits[32] = "";
    (void)self;
    memcpy(digits, in->input.ptr, in->input.len < sizeof digits ? in->input.len : sizeof digits - 1);
    long count = atol(digits);
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_CHUNK, .data = { "chunk", 5 } };
    for (long i = 0; count == 0 || i < count; i++) {
        if (call->api->emit(call, &event, 0) == KW_CANCELLED)
            return KW_CANCELLED;
    }
    if (has((kw_str){ in->input.ptr, in->input.len }, "abort in 1") && BUILD == 1)
        abort();
    kw_operate_out out = { .h = KW_HDR(kw_operate_out) };
    return KW_REPLY(call, &out);
}

static kw_status list(kw_instance *self, kw_call *call, const kw_none *in)
{
    static const kw_operation flood = { .h = KW_HDR(kw_operation), .name = KW_STR("flood"), .flags = KW_OPERATION_STREAMS };
    kw_operations_out out = { .h = KW_HDR(kw_operations_out), .operations = { &flood, 1, sizeof flood } };
    (void)self, (void)in;
    return KW_REPLY(call, &out);
}

static const kw_operations operations = { .h = KW_HDR(kw_operations), .list = list, .run = run };
#endif

#define PARTS(OFFER, SET)                \
    OFFER(KW_EMBEDDER_ID, embedder)      \
    OFFER_OPERATIONS(OFFER)              \
    SET(create, create)                  \
    SET(configure, configure)            \
    SET(quiesce, quiesce)                \
    SET(destroy, destroy)

KW_PLUGIN(ID, "1.0.0", 1, 1, CAPS, MANIFEST, PARTS);
