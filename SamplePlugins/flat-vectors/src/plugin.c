/* flat-vectors: an exact vector store for Keyway. This file is what a host sees: notes, table, life. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <keyway/author.h>
#include "call_error.h"
#include "instance.h"
#include "metadata.h"
#include "operations.h"

#define VERSION "0.1.0"
#define LOCK_WAIT_DEFAULT_MS 10000
#define LOCK_WAIT_LIMIT_MS 600000
#define VERIFY_DEFAULT_BYTES 33554432

KW_NOTE_ABI(1, 1, KW_CAP_CONCURRENT | KW_CAP_UNLOADABLE, KW_LANG_C);
KW_NOTE_IFACE(vector_backend, KW_VECTOR_BACKEND_ID);
KW_NOTE_MANIFEST(
    "{\"id\":\"flat-vectors\",\"name\":\"flat-vectors\",\"version\":\"" VERSION "\",\"type\":\"vector-backend\","
    "\"description\":\"Exact vector search over plain rows, kept in one file a repository\","
    "\"license\":\"Apache-2.0\",\"sdk\":{\"minVersion\":1,\"maxVersion\":1},\"interfaces\":[\"" KW_VECTOR_BACKEND_ID "\"],"
    "\"configSchema\":{\"type\":\"object\",\"properties\":{"
    "\"lockWaitMs\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":600000,\"default\":10000,"
    "\"description\":\"How long an operation waits while another process holds the data folder\"},"
    "\"verifyUpToBytes\":{\"type\":\"integer\",\"minimum\":0,\"default\":33554432,"
    "\"description\":\"A file that is not longer is checked whole when it is opened, a longer one as it is used\"},"
    "\"scan\":{\"type\":\"string\",\"enum\":[\"auto\",\"scalar\",\"avx2\",\"avx512\"],\"default\":\"auto\","
    "\"description\":\"Highest instruction set to scan with\"}},"
    "\"additionalProperties\":false}}");

typedef struct configuration {
    uint32_t lock_wait_ms;
    uint64_t verify_up_to;
    scan_level level;
} configuration;

static const metadata_node *setting(const metadata *object, const char *name)
{
    return object == NULL ? NULL : metadata_member(object, &object->root, kw_string(name));
}

/* Leaves *value as it is if there is no such setting. */
static kw_status read_whole_number(kw_call *call, const metadata *object, const char *name, int64_t limit, int64_t *value)
{
    const metadata_node *node = setting(object, name);
    if (node == NULL)
        return KW_OK;
    if (node->kind != KW_VALUE_INT || node->as.integer < 0 || node->as.integer > limit)
        return call_error(call, KW_INVALID_ARGUMENT, "/%s must be a whole number from 0 to %lld", name,
                          (long long)limit);
    *value = node->as.integer;
    return KW_OK;
}

static kw_status read_level(kw_call *call, const metadata *object, scan_level *level)
{
    static const struct {
        kw_str name;
        scan_level level;
    } known[] = { { KW_STR("scalar"), SCAN_SCALAR }, { KW_STR("avx2"), SCAN_AVX2 }, { KW_STR("avx512"), SCAN_AVX512 } };
    static const kw_str automatic = KW_STR("auto");
    const metadata_node *value = setting(object, "scan");
    if (value == NULL)
        return KW_OK;
    kw_str text = value->kind == KW_VALUE_STRING ? metadata_text(object, value) : (kw_str) { NULL, 0 };
    if (kw_equal(text, automatic))
        return KW_OK;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (kw_equal(text, known[i].name)) {
            *level = known[i].level;
            return KW_OK;
        }
    return call_error(call, KW_INVALID_ARGUMENT, "/scan must be \"auto\", \"scalar\", \"avx2\" or \"avx512\"");
}

static kw_status read_configuration(kw_call *call, kw_str json, configuration *out)
{
    metadata *object = NULL;
    const char *error = NULL;
    size_t offset = 0;
    int64_t wait = LOCK_WAIT_DEFAULT_MS, verify = VERIFY_DEFAULT_BYTES;
    *out = (configuration) { .level = scan_best_level() };
    if (!kw_text_ok(json) || !metadata_parse(json, &object, &error, &offset))
        return call_error(call, KW_INVALID_ARGUMENT, "the configuration is not a JSON object: byte %zu: %s", offset,
                          error != NULL ? error : "no text");
    kw_status status = read_whole_number(call, object, "lockWaitMs", LOCK_WAIT_LIMIT_MS, &wait);
    if (status == KW_OK)
        status = read_whole_number(call, object, "verifyUpToBytes", INT64_MAX, &verify);
    out->lock_wait_ms = (uint32_t)wait;
    out->verify_up_to = (uint64_t)verify;
    if (status == KW_OK)
        status = read_level(call, object, &out->level);
    free(object);
    return status;
}

static void free_instance(kw_instance *self)
{
    for (uint32_t i = 0; i < self->count; i++)
        repository_free(self->repositories[i]);
    free(self->repositories);
    store_close(&self->store);
    pthread_rwlock_destroy(&self->lock);
    free(self);
}

static kw_status create(kw_instance *none, kw_call *call, const kw_create_in *input) KW_NOEXCEPT
{
    (void)none;
    kw_create_in in;
    configuration settings;
    if (!kw_read(&in, input) || in.host == NULL || !kw_text_ok(in.data_dir))
        return call_error(call, KW_INVALID_ARGUMENT, "create needs a host and a well-formed input");
    kw_status status = read_configuration(call, in.config_json, &settings);
    if (status != KW_OK)
        return status;
    kw_instance *self = calloc(1, sizeof *self);
    if (self == NULL)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for an instance");
    self->host = in.host;
    self->kernels = scan_kernels_of(settings.level);
    pthread_rwlock_init(&self->lock, NULL);
    /* Without randomness, ids that collide could be chosen; the store still works. */
    if (getrandom(&self->seed, sizeof self->seed, GRND_NONBLOCK) != (ssize_t)sizeof self->seed)
        self->seed = (uint64_t)(uintptr_t)self;
    status = store_open(&self->store, call, in.host, in.data_dir, settings.lock_wait_ms,
                        settings.verify_up_to);
    if (status != KW_OK) {
        free_instance(self);
        return status;
    }
    kw_create_out out = { .h = KW_HDR(kw_create_out), .instance = self };
    return KW_REPLY(call, &out);
}

static kw_status destroy(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
{
    (void)in;
    kw_none out = { .h = KW_HDR(kw_none) };
    free_instance(self);
    return KW_REPLY(call, &out);
}

/* Nothing runs between operations, so there is nothing to stop. */
static kw_status quiesce(kw_instance *self, kw_call *call, const kw_quiesce_in *in) KW_NOEXCEPT
{
    (void)self;
    (void)in;
    kw_quiesce_out out = { .h = KW_HDR(kw_quiesce_out) };
    return KW_REPLY(call, &out);
}

static kw_status health(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
{
    (void)in;
    kw_health_out out = { .h = KW_HDR(kw_health_out), .state = KW_HEALTH_HEALTHY,
                          .message = kw_string(self->kernels->name) };
    return KW_REPLY(call, &out);
}

static const kw_vector_backend backend = {
    .h = KW_HDR(kw_vector_backend), .info = flat_info, .repos = flat_repos, .ensure = flat_ensure,
    .upsert = flat_upsert, .query = flat_query, .remove = flat_remove, .count = flat_count, .wipe = flat_wipe,
    .get = flat_get, .scan = flat_scan, .update = flat_update, .flush = flat_flush, .snapshot = flat_snapshot,
    .restore = flat_restore,
};

static const kw_iface interfaces[] = {
    { .h = KW_HDR(kw_iface), .id = KW_STR(KW_VECTOR_BACKEND_ID), .vtable = &backend },
};

static const kw_plugin plugin = {
    .h = KW_HDR(kw_plugin), .magic = KW_MAGIC, .caps = KW_CAP_CONCURRENT | KW_CAP_UNLOADABLE, .sdk_built = KW_SDK,
    .sdk_min = 1, .sdk_max = 1, .id = KW_STR("flat-vectors"), .version = KW_STR(VERSION),
    .ifaces = KW_SPAN(interfaces), .create = create, .health = health, .quiesce = quiesce, .destroy = destroy,
};

KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out) KW_NOEXCEPT;

kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out) KW_NOEXCEPT
{
    (void)host;
    if (sdk < plugin.sdk_min || sdk > plugin.sdk_max)
        return KW_SDK_MISMATCH;
    *out = &plugin;
    return KW_OK;
}
