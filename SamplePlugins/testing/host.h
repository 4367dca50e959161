/* The host's side of a call, for test programs of plugins in C and C++: an arena with a quota, the reply as the plugin
 * gave it, the error, the events, cancellation with its eventfd. It does what core.h promises a plugin and refuses what
 * core.h forbids (a second reply, an event after the reply).
 *
 *     test_call t;
 *     test_call_begin(&t);
 *     kw_status status = vtable->query(instance, &t.call, &in);
 *     CHECK(status == KW_OK && t.replies == 1);
 *     const kw_query_out *out = t.reply;
 *     test_call_end(&t);
 */
#ifndef KEYWAY_TESTING_HOST_H
#define KEYWAY_TESTING_HOST_H

#include <stdint.h>
#include <stdio.h>

#include <keyway/author.h>
#include <keyway/plugin.h>

#if defined(__cplusplus)
extern "C" {
#endif

/* ---- assertions ----------------------------------------------------------------------------------------- */

extern unsigned long test_passed, test_failed;

int test_check(int condition, const char *text, const char *file, int line);

/* Counts; goes on after a failure. Value: whether it held. */
#define CHECK(condition) test_check((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
/* Prints "N passed, N failed"; the value of main. */
int test_finish(void);

/* ---- the host table ------------------------------------------------------------------------------------- */

#define TEST_LOG_LIMIT 65536

/* A host that keeps what is logged, as text, one line a message. One a test program is enough. */
typedef struct test_host {
    kw_host host;
    char log[TEST_LOG_LIMIT];
    size_t log_used;
} test_host;

void test_host_init(test_host *host);
int test_host_logged(const test_host *host, const char *part);
void test_host_forget_log(test_host *host);

/* ---- calls ---------------------------------------------------------------------------------------------- */

#define TEST_STREAM_KEPT 65536

/* Bytes of one stream: all are counted, the first TEST_STREAM_KEPT are kept. */
typedef struct test_stream {
    char kept[TEST_STREAM_KEPT];
    size_t kept_size;
    uint64_t total;
} test_stream;

typedef struct test_call {
    kw_call call;
    struct test_block *blocks;   /* the arena */
    uint64_t used, quota;        /* bytes; alloc answers NULL beyond the quota */
    void *reply;                 /* the reply struct, h.size bytes, or NULL */
    unsigned replies;
    kw_status error_status;      /* of the last fail(), or KW_OK */
    char message[1024];
    uint32_t cancel_flag;
    int cancel_event;
    unsigned events, late_events; /* late: after the reply, which is a fault of the plugin */
    test_stream out, err;
    void (*on_event)(struct test_call *call, const kw_event *event); /* or NULL */
    uint64_t would_block;        /* this many NOBLOCK emits are turned away first, each waking later */
    void (*wake)(void *user_data) KW_NOEXCEPT;
    void *wake_data;
    void *user;                  /* the test's own */
} test_call;

void test_call_begin(test_call *call);
/* Frees the arena and the reply. */
void test_call_end(test_call *call);
/* Sets the flag, makes the eventfd readable, runs the waker. Any thread. */
void test_call_cancel(test_call *call);
int64_t test_now_ns(void);

/* ---- folders -------------------------------------------------------------------------------------------- */

/* A new, empty folder of its own below TMPDIR; the caller removes it with test_folder_remove. */
void test_folder_make(char *path, size_t size);
void test_folder_remove(const char *path);

#if defined(__cplusplus)
}
#endif
#endif
