/* Notes, table and life. The macros make it say of itself what is not so. */
#include "fixture.h"

#include <stdlib.h>
#include <unistd.h>

#ifndef NOTE_CAPS
#define NOTE_CAPS KW_CAP_CONCURRENT
#endif
#ifndef TABLE_CAPS
#define TABLE_CAPS NOTE_CAPS
#endif
#ifndef TABLE_ID
#define TABLE_ID "fixture"
#endif
#ifndef TABLE_VERSION
#define TABLE_VERSION "1.2.3"
#endif
#ifndef TABLE_SDK_MAX
#define TABLE_SDK_MAX 1
#endif
#ifndef TABLE_MAGIC
#define TABLE_MAGIC KW_MAGIC
#endif
#ifndef TABLE_IFACES
#define TABLE_IFACES 4
#endif
#ifndef ENTRY_STATUS
#define ENTRY_STATUS KW_OK
#endif
#ifndef VTABLE
#define VTABLE &fixture_embedder
#endif
#ifndef MAX_CONCURRENCY
#define MAX_CONCURRENCY 0
#endif
#ifndef NOTE_MIN
#define NOTE_MIN 1
#define NOTE_MAX 1
#endif
#ifndef NOTE_MANIFEST
#define NOTE_MANIFEST "{\"id\":\"fixture\",\"version\":\"1.2.3\",\"type\":\"embedder\"}"
#endif

KW_NOTE_ABI(NOTE_MIN, NOTE_MAX, NOTE_CAPS, KW_LANG_C);
#ifndef NO_MANIFEST_NOTE
KW_NOTE_MANIFEST(NOTE_MANIFEST);
#endif
KW_NOTE_IFACE(embedder, KW_EMBEDDER_ID);
KW_NOTE_IFACE(provider, KW_PROVIDER_ID);
KW_NOTE_IFACE(vectors, KW_VECTOR_BACKEND_ID);
KW_NOTE_IFACE(executor, KW_TOOL_EXECUTOR_ID);

atomic_int fixture_emitted, fixture_inside, fixture_most_inside;
const kw_host *fixture_host;

/* Static data: every image has its own. */
static atomic_int created;

struct kw_instance {
    const kw_host *host;
    int destroyed_fd;
    char config[512], data_dir[512], package_dir[512], name[128];
};

#ifdef CONSTRUCTOR_FILE
__attribute__((constructor)) static void leave_a_trace(void)
{
    FILE *file = fopen(CONSTRUCTOR_FILE, "w");
    if (file != NULL)
        fclose(file);
}
#endif

#ifdef PRIVATE_LIBRARY
int private_answer(void);
#else
static int private_answer(void) { return 0; }
#endif

int fixture_is(kw_str text, const char *word)
{
    size_t length = strlen(word);
    return text.len >= length && memcmp(text.ptr, word, length) == 0 && (text.len == length || text.ptr[length] == ':');
}

int fixture_number(kw_str text, int index)
{
    int seen = -1, number = 0;
    for (uint64_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == ':')
            seen++;
        else if (seen == index)
            number = number * 10 + (text.ptr[i] - '0');
    }
    return number;
}

void fixture_hold(kw_str text)
{
    char byte = 1;
    if (write(fixture_number(text, 0), &byte, 1) != 1)
        abort();
    /* The end of the pipe is leave, too: a test that failed must not hang. */
    if (read(fixture_number(text, 1), &byte, 1) < 0)
        abort();
}

void fixture_tell(int fd, uint32_t number)
{
    if (write(fd, &number, sizeof number) != (ssize_t)sizeof number)
        abort();
}

static void keep(char *into, size_t size, kw_str text)
{
    size_t length = text.len < size - 1 ? (size_t)text.len : size - 1;
    if (length > 0)
        memcpy(into, text.ptr, length);
    into[length] = '\0';
}

static kw_status create(kw_instance *self, kw_call *call, const kw_create_in *in)
{
    (void)self;
    kw_create_out out = { KW_HDR(kw_create_out), NULL };
    created++;
    char config[512];
    keep(config, sizeof config, in->config_json);
    if (strstr(config, "\"refuse\"") != NULL)
        return kw_fail(call, KW_INVALID_ARGUMENT, "it was told to refuse. Tell it otherwise.");
    if (strstr(config, "\"silent\"") != NULL)
        return KW_OK;
    if (strstr(config, "\"null\"") != NULL)
        return KW_REPLY(call, &out);
    kw_instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL)
        return KW_RESOURCE_EXHAUSTED;
    memcpy(instance->config, config, sizeof config);
    keep(instance->data_dir, sizeof instance->data_dir, in->data_dir);
    keep(instance->package_dir, sizeof instance->package_dir, in->package_dir);
    keep(instance->name, sizeof instance->name, in->instance_name);
    const char *fd = strstr(config, "\"destroyed\":");
    instance->destroyed_fd = fd == NULL ? -1 : atoi(fd + strlen("\"destroyed\":"));
    fixture_host = instance->host = in->host;
    out.instance = instance;
    return KW_REPLY(call, &out);
}

static kw_status start(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)in;
    if (strstr(self->config, "\"nostart\"") != NULL)
        return kw_fail(call, KW_UNAVAILABLE, "it will not start");
    kw_none out = { KW_HDR(kw_none) };
    return KW_REPLY(call, &out);
}

static kw_status health(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)in;
    static _Thread_local json j;
    j.length = 0;
    json_raw(&j, "{");
    json_key(&j, "created");
    json_int(&j, created);
    json_key(&j, "config");
    json_string(&j, kw_string(self->config));
    json_key(&j, "dataDir");
    json_string(&j, kw_string(self->data_dir));
    json_key(&j, "packageDir");
    json_string(&j, kw_string(self->package_dir));
    json_key(&j, "name");
    json_string(&j, kw_string(self->name));
    json_key(&j, "host");
    json_int(&j, (int64_t)(uintptr_t)self->host);
    json_key(&j, "emitted");
    json_int(&j, fixture_emitted);
    json_key(&j, "mostInside");
    json_int(&j, fixture_most_inside);
    json_key(&j, "private");
    json_int(&j, private_answer());
    json_raw(&j, "}");
    kw_health_out out = { .h = KW_HDR(kw_health_out), .state = KW_HEALTH_HEALTHY, .message = KW_STR("well") };
    out.details_json = kw_copy(call, json_text(&j));
    return KW_REPLY(call, &out);
}

#ifdef WHOLE_LIFE
static kw_status configure(kw_instance *self, kw_call *call, const kw_config_in *in)
{
    (void)self;
    (void)in;
    kw_config_out out = { .h = KW_HDR(kw_config_out) };
    return KW_REPLY(call, &out);
}

static void release(kw_lease *lease)
{
    const kw_instance *self = lease->owner;
    if (self->destroyed_fd >= 0)
        fixture_tell(self->destroyed_fd, (uint32_t)lease->len);
    lease->release = NULL;
}

/* Tells why and what is wanted, hands its state over, and fails then. */
static kw_status quiesce(kw_instance *self, kw_call *call, const kw_quiesce_in *in)
{
    if (self->destroyed_fd >= 0)
        fixture_tell(self->destroyed_fd, in->reason << 8 | in->flags);
    kw_quiesce_out out = { .h = KW_HDR(kw_quiesce_out), .state = { "state", 5, release, self } };
    (void)KW_REPLY(call, &out);
    return kw_fail(call, KW_INTERNAL, "it failed after its reply");
}
#endif

static kw_status destroy(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)in;
    /* The number that the configuration names, else how many operations are inside, which should be none. */
    const char *tag = strstr(self->config, "\"tag\":");
    uint32_t number = tag == NULL ? (uint32_t)fixture_inside : (uint32_t)atoi(tag + strlen("\"tag\":"));
    if (self->destroyed_fd >= 0)
        fixture_tell(self->destroyed_fd, number);
    free(self);
    kw_none out = { KW_HDR(kw_none) };
    return KW_REPLY(call, &out);
}

static const kw_iface interfaces[] = {
    { KW_HDR(kw_iface), KW_STR(KW_EMBEDDER_ID), VTABLE },
    { KW_HDR(kw_iface), KW_STR(KW_PROVIDER_ID), &fixture_provider },
    { KW_HDR(kw_iface), KW_STR(KW_VECTOR_BACKEND_ID), &fixture_vectors },
    { KW_HDR(kw_iface), KW_STR(KW_TOOL_EXECUTOR_ID), &fixture_executor },
};

static const kw_plugin plugin = {
    .h = KW_HDR(kw_plugin),
    .magic = TABLE_MAGIC,
    .caps = TABLE_CAPS,
    .sdk_built = KW_SDK,
    .sdk_min = NOTE_MIN,
    .sdk_max = TABLE_SDK_MAX,
    .max_concurrency = MAX_CONCURRENCY,
    .id = KW_STR(TABLE_ID),
    .version = KW_STR(TABLE_VERSION),
    .ifaces = { interfaces, TABLE_IFACES, sizeof(kw_iface) },
#ifdef FOREIGN_CREATE
    .create = (kw_status(*)(kw_instance *, kw_call *, const kw_create_in *))&created,
#else
    .create = create,
#endif
    .start = start,
    .health = health,
#ifdef WHOLE_LIFE
    .configure = configure,
    .quiesce = quiesce,
#endif
    .destroy = destroy,
};

KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out)
{
    (void)host;
    (void)sdk;
#ifdef NO_TABLE
    *out = NULL;
#else
    *out = &plugin;
#endif
    return ENTRY_STATUS;
}
