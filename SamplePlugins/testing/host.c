#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

unsigned long test_passed, test_failed;

int test_check(int condition, const char *text, const char *file, int line)
{
    if (condition) {
        __atomic_fetch_add(&test_passed, 1, __ATOMIC_RELAXED);
        return 1;
    }
    /* A broken loop would bury the first failure, which is the one worth reading. */
    if (__atomic_fetch_add(&test_failed, 1, __ATOMIC_RELAXED) < 40)
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
    return 0;
}

int test_finish(void)
{
    printf("%lu passed, %lu failed\n", test_passed, test_failed);
    return test_failed == 0 && test_passed > 0 ? 0 : 1;
}

/* ---- the host table ------------------------------------------------------------------------------------- */

static const void *host_get(const kw_host *host, kw_str id) KW_NOEXCEPT
{
    (void)host;
    (void)id;
    return NULL;
}

static void host_log(const kw_host *host, uint32_t level, kw_str component, kw_str message, kw_str fields) KW_NOEXCEPT
{
    test_host *t = host->host_private;
    int n = snprintf(t->log + t->log_used, sizeof t->log - t->log_used, "%u %.*s: %.*s %.*s\n", level,
                     (int)component.len, component.len ? component.ptr : "", (int)message.len,
                     message.len ? message.ptr : "", (int)fields.len, fields.len ? fields.ptr : "");
    if (n > 0 && (size_t)n < sizeof t->log - t->log_used)
        t->log_used += (size_t)n;
}

static void host_metric(const kw_host *host, kw_str name, uint32_t kind, double value, kw_str labels) KW_NOEXCEPT
{
    (void)host;
    (void)name;
    (void)kind;
    (void)value;
    (void)labels;
}

int64_t test_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t host_now(const kw_host *host) KW_NOEXCEPT
{
    (void)host;
    return test_now_ns();
}

void test_host_init(test_host *t)
{
    static const kw_str name = KW_STR("test-host"), version = KW_STR("0.0.0");
    memset(t, 0, sizeof *t);
    t->host = (kw_host) { .h = KW_HDR(kw_host), .sdk = KW_SDK, .sdk_min = KW_SDK_MINIMUM, .sdk_max = KW_SDK,
                          .name = name, .version = version, .get = host_get, .log = host_log,
                          .metric = host_metric, .now_ns = host_now, .host_private = t };
}

int test_host_logged(const test_host *host, const char *part)
{
    return memmem(host->log, host->log_used, part, strlen(part)) != NULL;
}

void test_host_forget_log(test_host *host)
{
    host->log_used = 0;
}

/* ---- calls ---------------------------------------------------------------------------------------------- */

struct test_block {
    struct test_block *next;
    void *memory;
};

static void *call_alloc(kw_call *call, uint64_t size, uint64_t align) KW_NOEXCEPT
{
    test_call *t = call->host_private;
    if (align == 0 || align > 4096 || (align & (align - 1)) != 0 || size > t->quota - t->used)
        return NULL;
    struct test_block *block = malloc(sizeof *block);
    if (block == NULL)
        return NULL;
    block->memory = NULL;
    if (posix_memalign(&block->memory, align < sizeof(void *) ? sizeof(void *) : (size_t)align,
                       size == 0 ? 1 : (size_t)size) != 0) {
        free(block);
        return NULL;
    }
    memset(block->memory, 0, size == 0 ? 1 : (size_t)size);
    block->next = t->blocks;
    t->blocks = block;
    t->used += size;
    return block->memory;
}

static kw_status call_fail(kw_call *call, const kw_error *error) KW_NOEXCEPT
{
    test_call *t = call->host_private;
    t->error_status = error->status == KW_OK || error->status == KW_PENDING ? KW_INTERNAL : error->status;
    snprintf(t->message, sizeof t->message, "%.*s", (int)error->message.len,
             error->message.len ? error->message.ptr : "");
    return t->error_status;
}

static void stream_keep(test_stream *stream, kw_bytes data)
{
    size_t room = sizeof stream->kept - stream->kept_size;
    size_t n = data.len < room ? (size_t)data.len : room;
    if (n > 0)
        memcpy(stream->kept + stream->kept_size, data.ptr, n);
    stream->kept_size += n;
    stream->total += data.len;
}

static kw_status call_emit(kw_call *call, const kw_event *event, uint32_t flags) KW_NOEXCEPT
{
    test_call *t = call->host_private;
    if (t->replies > 0) {
        t->late_events++;
        return KW_FAILED_PRECONDITION;
    }
    if (kw_cancelled(call))
        return KW_CANCELLED;
    if ((flags & KW_EMIT_NOBLOCK) && t->would_block > 0) {
        t->would_block--;
        if (t->wake != NULL)
            t->wake(t->wake_data);
        return KW_WOULD_BLOCK;
    }
    t->events++;
    if (event->kind == KW_EVENT_STDOUT)
        stream_keep(&t->out, event->data);
    else if (event->kind == KW_EVENT_STDERR)
        stream_keep(&t->err, event->data);
    if (t->on_event != NULL)
        t->on_event(t, event);
    return KW_OK;
}

static kw_status call_reply(kw_call *call, const void *out) KW_NOEXCEPT
{
    test_call *t = call->host_private;
    t->replies++;
    if (t->replies > 1)
        return KW_FAILED_PRECONDITION;
    const kw_hdr *header = out;
    t->reply = malloc(header->size);
    if (t->reply != NULL)
        memcpy(t->reply, out, header->size);
    return KW_OK;
}

static kw_status call_adopt(kw_call *call, kw_lease *lease) KW_NOEXCEPT
{
    (void)call;
    if (lease->release != NULL)
        lease->release(lease);
    return KW_OK;
}

static void call_complete(kw_call *call, kw_status status) KW_NOEXCEPT
{
    (void)call;
    (void)status;
    CHECK(!"complete() was called by a plugin without KW_CAP_ASYNC");
}

static void call_set_waker(kw_call *call, void (*wake)(void *) KW_NOEXCEPT, void *user_data) KW_NOEXCEPT
{
    test_call *t = call->host_private;
    t->wake_data = user_data;
    t->wake = wake;
    if (wake != NULL && kw_cancelled(call))
        wake(user_data);
}

static int32_t call_cancel_fd(kw_call *call) KW_NOEXCEPT
{
    test_call *t = call->host_private;
    return t->cancel_event;
}

static void call_log(kw_call *call, uint32_t level, kw_str component, kw_str message, kw_str fields_json) KW_NOEXCEPT
{
    (void)call;
    (void)level;
    (void)component;
    (void)message;
    (void)fields_json;
}

static const kw_call_api call_api = {
    .h = KW_HDR(kw_call_api), .alloc = call_alloc, .fail = call_fail, .emit = call_emit, .reply = call_reply,
    .adopt = call_adopt, .complete = call_complete, .set_waker = call_set_waker, .cancel_fd = call_cancel_fd,
    .log = call_log,
};

void test_call_begin(test_call *t)
{
    memset(t, 0, sizeof *t);
    t->quota = UINT64_C(1) << 32;
    t->cancel_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    t->call.h = (kw_hdr)KW_HDR(kw_call);
    t->call.api = &call_api;
    t->call.cancelled = &t->cancel_flag;
    t->call.id = 1;
    t->call.host_private = t;
}

void test_call_end(test_call *t)
{
    CHECK(t->replies <= 1);
    CHECK(t->late_events == 0);
    while (t->blocks != NULL) {
        struct test_block *next = t->blocks->next;
        free(t->blocks->memory);
        free(t->blocks);
        t->blocks = next;
    }
    free(t->reply);
    t->reply = NULL;
    if (t->cancel_event >= 0)
        close(t->cancel_event);
    t->cancel_event = -1;
}

void test_call_cancel(test_call *t)
{
    uint64_t one = 1;
    __atomic_store_n(&t->cancel_flag, 1, __ATOMIC_RELEASE);
    if (write(t->cancel_event, &one, sizeof one) != (ssize_t)sizeof one)
        CHECK(!"the cancel eventfd takes a write");
    if (t->wake != NULL)
        t->wake(t->wake_data);
}

/* ---- folders -------------------------------------------------------------------------------------------- */

void test_folder_make(char *path, size_t size)
{
    const char *base = getenv("TMPDIR");
    int n = snprintf(path, size, "%s/keyway-test-XXXXXX", base != NULL && base[0] != '\0' ? base : P_tmpdir);
    if (n < 0 || (size_t)n >= size || mkdtemp(path) == NULL) {
        perror("mkdtemp");
        exit(1);
    }
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

void test_folder_remove(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
