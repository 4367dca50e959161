/* What the test programs of flat-vectors share: an instance made through the plugin's entry, calls by short names. */
#ifndef FLAT_VECTORS_TESTS_FIXTURE_H
#define FLAT_VECTORS_TESTS_FIXTURE_H

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "host.h"

kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out) KW_NOEXCEPT;

static test_host host;
static const kw_plugin *plugin;
static const kw_vector_backend *backend;

static inline void start(void)
{
    test_host_init(&host);
    CHECK(kw_plugin_entry_1(&host.host, 1, &plugin) == KW_OK && plugin->magic == KW_MAGIC);
    backend = ((const kw_iface *)plugin->ifaces.ptr)->vtable;
}

/* NULL if create fails. */
static inline kw_instance *open_instance(const char *folder, const char *config)
{
    test_call call;
    kw_instance *made = NULL;
    kw_create_in in = { .h = KW_HDR(kw_create_in), .host = &host.host, .config_json = kw_string(config),
                        .data_dir = kw_string(folder) };
    test_call_begin(&call);
    if (plugin->create(NULL, &call.call, &in) == KW_OK)
        made = ((const kw_create_out *)call.reply)->instance;
    test_call_end(&call);
    return made;
}

static inline void close_instance(kw_instance *instance)
{
    test_call call;
    kw_none none = { .h = KW_HDR(kw_none) };
    test_call_begin(&call);
    CHECK(plugin->destroy(instance, &call.call, &none) == KW_OK);
    test_call_end(&call);
}

static _Thread_local char last_message[1024]; /* of the call below that failed last */

static inline kw_status done(test_call *call, kw_status status)
{
    memcpy(last_message, call->message, sizeof last_message);
    CHECK((status == KW_OK) == (call->replies == 1));
    CHECK(status == KW_OK || call->message[0] != '\0');
    test_call_end(call);
    return status;
}

static inline kw_status ensure(kw_instance *i, const char *repo, uint32_t dims, uint32_t metric, const char *embedder)
{
    test_call call;
    kw_repo_spec in = { .h = KW_HDR(kw_repo_spec), .repo = kw_string(repo), .dims = dims, .metric = metric,
                        .element = KW_ELEMENT_F32, .embedder_id = kw_string(embedder) };
    test_call_begin(&call);
    return done(&call, backend->ensure(i, &call.call, &in));
}

/* metadata may be NULL. *written may be NULL. */
static inline kw_status upsert(kw_instance *i, const char *repo, uint32_t count, const kw_str *ids, const float *rows,
                               uint32_t dims, const kw_str *metadata, uint64_t *written)
{
    test_call call;
    kw_upsert_in in = { .h = KW_HDR(kw_upsert_in), .repo = kw_string(repo),
                        .ids = kw_span_of(ids, count, sizeof(kw_str)), .rows = rows,
                        .rows_size = (uint64_t)count * dims * sizeof(float), .row_stride = dims * sizeof(float),
                        .dims = dims, .element = KW_ELEMENT_F32, .texts = kw_span_of(ids, count, sizeof(kw_str)),
                        .metadata_json = kw_span_of(metadata, metadata == NULL ? 0 : count, sizeof(kw_str)) };
    test_call_begin(&call);
    kw_status status = backend->upsert(i, &call.call, &in);
    if (status == KW_OK && written != NULL)
        *written = ((const kw_count_out *)call.reply)->count;
    return done(&call, status);
}

static inline kw_status put(kw_instance *i, const char *repo, const char *id, const float *row, uint32_t dims,
                            const char *metadata)
{
    kw_str name = kw_string(id), json = kw_string(metadata);
    return upsert(i, repo, 1, &name, row, dims, &json, NULL);
}

static inline kw_query query_of(const float *vector, uint32_t dims, uint32_t top_k)
{
    return (kw_query) { .h = KW_HDR(kw_query), .vector = vector, .dims = dims, .element = KW_ELEMENT_F32,
                        .top_k = top_k };
}

/* The reply stays valid until test_call_end(call); NULL on failure. */
static inline const kw_query_result *search(kw_instance *i, const char *repo, const kw_query *q, test_call *call,
                                            kw_status *status)
{
    kw_query_in in = { .h = KW_HDR(kw_query_in), .repo = kw_string(repo), .queries = kw_span_of(q, 1, sizeof *q) };
    test_call_begin(call);
    *status = backend->query(i, &call->call, &in);
    memcpy(last_message, call->message, sizeof last_message);
    return *status == KW_OK ? ((const kw_query_out *)call->reply)->results.ptr : NULL;
}

static inline kw_status query_status(kw_instance *i, const char *repo, const kw_query *q)
{
    test_call call;
    kw_status status;
    search(i, repo, q, &call, &status);
    return done(&call, status);
}

static inline kw_status removed(kw_instance *i, const char *repo, kw_span filter, uint64_t *count)
{
    test_call call;
    kw_filter_in in = { .h = KW_HDR(kw_filter_in), .repo = kw_string(repo), .filter = filter };
    test_call_begin(&call);
    kw_status status = backend->remove(i, &call.call, &in);
    *count = status == KW_OK ? ((const kw_count_out *)call.reply)->count : 0;
    return done(&call, status);
}

static inline kw_status counted(kw_instance *i, const char *repo, kw_span filter, uint64_t *count)
{
    test_call call;
    kw_filter_in in = { .h = KW_HDR(kw_filter_in), .repo = kw_string(repo), .filter = filter };
    test_call_begin(&call);
    kw_status status = backend->count(i, &call.call, &in);
    *count = status == KW_OK ? ((const kw_count_out *)call.reply)->count : 0;
    return done(&call, status);
}

static inline kw_status wipe(kw_instance *i, const char *repo)
{
    test_call call;
    kw_repo_in in = { .h = KW_HDR(kw_repo_in), .repo = kw_string(repo) };
    test_call_begin(&call);
    return done(&call, backend->wipe(i, &call.call, &in));
}

/* All items, or UINT64_MAX on failure. */
static inline uint64_t items_of(kw_instance *i, const char *repo)
{
    uint64_t count;
    return counted(i, repo, (kw_span) { NULL, 0, 0 }, &count) == KW_OK ? count : UINT64_MAX;
}

/* ---- items by id, and whole repositories ------------------------------------------------------------------ */

#define INCLUDE_ALL (KW_INCLUDE_METADATA | KW_INCLUDE_TEXT | KW_INCLUDE_VECTOR)

/* The reply stays valid until test_call_end(call); NULL on failure. */
static inline const kw_items_out *get(kw_instance *i, const char *repo, const kw_str *ids, uint32_t count,
                                      uint32_t include, test_call *call, kw_status *status)
{
    kw_get_in in = { .h = KW_HDR(kw_get_in), .repo = kw_string(repo), .ids = kw_span_of(ids, count, sizeof *ids),
                     .include = include };
    test_call_begin(call);
    *status = backend->get(i, &call->call, &in);
    memcpy(last_message, call->message, sizeof last_message);
    return *status == KW_OK ? call->reply : NULL;
}

static inline kw_status updated(kw_instance *i, const char *repo, kw_span filter, const char *set, uint64_t *count)
{
    test_call call;
    kw_update_in in = { .h = KW_HDR(kw_update_in), .repo = kw_string(repo), .filter = filter, .set_json = kw_string(set) };
    test_call_begin(&call);
    kw_status status = backend->update(i, &call.call, &in);
    *count = status == KW_OK ? ((const kw_count_out *)call.reply)->count : 0;
    return done(&call, status);
}

static inline kw_status flush(kw_instance *i, const char *repo, uint64_t flags)
{
    test_call call;
    kw_flush_in in = { .h = KW_HDR(kw_flush_in), .repo = kw_string(repo), .flags = flags };
    test_call_begin(&call);
    return done(&call, backend->flush(i, &call.call, &in));
}

static inline kw_status snapshot(kw_instance *i, const char *repo, const char *path)
{
    test_call call;
    kw_snapshot_in in = { .h = KW_HDR(kw_snapshot_in), .repo = kw_string(repo), .path = kw_string(path) };
    test_call_begin(&call);
    return done(&call, backend->snapshot(i, &call.call, &in));
}

static inline kw_status restore(kw_instance *i, const char *repo, const char *path, uint64_t flags)
{
    test_call call;
    kw_snapshot_in in = { .h = KW_HDR(kw_snapshot_in), .repo = kw_string(repo), .path = kw_string(path), .flags = flags };
    test_call_begin(&call);
    return done(&call, backend->restore(i, &call.call, &in));
}

/* ---- files ----------------------------------------------------------------------------------------------- */

/* How many bytes were read, at most `room`; 0 if there is no such file. */
static inline size_t read_file(const char *path, char *bytes, size_t room)
{
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, bytes, room);
    if (fd >= 0)
        close(fd);
    return n < 0 ? 0 : (size_t)n;
}

static inline void write_file(const char *path, const char *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    close(fd);
}

/* ---- repeatable randomness ------------------------------------------------------------------------------- */

static uint64_t random_state = 88172645463325252u;

static inline uint64_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static inline uint32_t random_below(uint32_t limit)
{
    return (uint32_t)(random_bits() % limit);
}

static inline float random_float(void)
{
    return (float)((double)(random_bits() >> 11) / 4503599627370496.0 - 1.0);
}

#endif
