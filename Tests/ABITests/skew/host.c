#include "host.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

unsigned long checks_passed, checks_failed;

void check_that(int condition, const char *text, const char *file, int line)
{
    if (condition) {
        checks_passed++;
    } else {
        checks_failed++;
        fprintf(stderr, "%s:%d: %s\n", file, line, text);
    }
}

static void give_up(const char *what)
{
    fprintf(stderr, "cannot go on: %s\n", what);
    exit(1);
}

/* ---- memory --------------------------------------------------------------------------------------------- */

#define CANARY_SIZE 64u
#define CANARY 0xC5
#define FILLER 0xA5
#define MAX_INPUTS 256u

static void *inputs[MAX_INPUTS];
static uint32_t input_count;

static void *keep(size_t size)
{
    void *memory = malloc(size > 0 ? size : 1);
    if (memory == NULL || input_count == MAX_INPUTS)
        give_up("no memory for inputs");
    inputs[input_count++] = memory;
    return memory;
}

kw_span make_input(uint32_t count, uint32_t size, uint32_t padding)
{
    uint32_t stride = size + padding;
    unsigned char *memory = keep((size_t)count * stride);
    memset(memory, FILLER, (size_t)count * stride);
    for (uint32_t i = 0; i < count; i++) {
        kw_hdr header = { size, 0 };
        memset(memory + (size_t)i * stride, 0, size);
        memcpy(memory + (size_t)i * stride, &header, sizeof header);
    }
    kw_span array = { memory, count, stride };
    return array;
}

void *input_at(kw_span array, uint32_t i)
{
    return (unsigned char *)(uintptr_t)array.ptr + (size_t)i * array.stride;
}

void inputs_free(void)
{
    while (input_count > 0)
        free(inputs[--input_count]);
}

void *exact_copy(const void *growable)
{
    kw_hdr header;
    memcpy(&header, growable, sizeof header);
    return memcpy(keep(header.size), growable, header.size);
}

/* ---- calls ---------------------------------------------------------------------------------------------- */

#ifdef KW_ADDED
/* The call finds its test_call behind the functions it was given: api is its member. */
static kw_status note_number(kw_call *call, uint64_t number)
{
    test_call *c = (test_call *)(void *)((unsigned char *)(uintptr_t)call->api - offsetof(test_call, api));
    c->noted = number;
    return KW_OK;
}
#endif

void call_run(test_call *c, const loaded *l, kw_any_op op, const void *in, uint32_t size, kwc_sink sink, void *context)
{
    memset(c, 0, sizeof *c);
    c->size = size;
    c->reply = malloc(size + CANARY_SIZE);
    if (c->reply == NULL)
        give_up("no memory for a reply");
    memset(c->reply, FILLER, size);
    memset(c->reply + size, CANARY, CANARY_SIZE);
    c->frame = kwc_begin(c->reply, size);
    if (c->frame == NULL)
        give_up("no memory for a call");
    c->frame->sink = sink;
    c->frame->sink_context = context;
    c->api = *c->frame->call.api;
#ifdef KW_ADDED
    c->api.added = note_number;
#endif
    c->frame->call.api = &c->api;
    c->status = kwc_invoke(c->frame, op, l->self, in);
}

void call_end(test_call *c)
{
    int intact = 1;
    for (uint32_t i = 0; i < CANARY_SIZE; i++)
        intact = intact && c->reply[c->size + i] == CANARY;
    CHECK(intact);
    kwc_end(c->frame);
    free(c->reply);
    memset(c, 0, sizeof *c);
}

/* ---- host table ----------------------------------------------------------------------------------------- */

/* A reply in the call's arena. */
static void *service_reply(kw_call *call, uint32_t size)
{
    kw_hdr header = { size, 0 };
    void *reply = call->api->alloc(call, size, sizeof(void *));
    return reply == NULL ? NULL : memcpy(reply, &header, sizeof header);
}

static kw_status store_get(const kw_host *host, kw_call *call, const kw_key_in *in, const kw_kv_value **out)
{
    (void)host;
    kw_key_in key;
    if (!KW_ACCEPT(kw_key_in, in) || !kw_read(&key, in))
        return kw_fail(call, KW_UNIMPLEMENTED, "the key cannot be read");
    kw_kv_value *value = service_reply(call, sizeof *value);
    if (value == NULL)
        return KW_RESOURCE_EXHAUSTED;
    value->version = STORE_VERSION;
    SET_ADDED(value, ADDED_BY_HOST);
    *out = value;
    return KW_OK;
}

#ifdef KW_ADDED
static kw_status store_added(const kw_host *host, kw_call *call, const kw_added_in *in, const kw_added_out **out)
{
    (void)host;
    kw_added_out *answer = service_reply(call, sizeof *answer);
    if (answer == NULL)
        return KW_RESOURCE_EXHAUSTED;
    answer->number = in->number + STORE_VERSION;
    *out = answer;
    return KW_OK;
}
#endif

static const kw_host_kv store = {
    .h = KW_HDR(kw_host_kv),
    .get = store_get,
#ifdef KW_ADDED
    .added = store_added,
#endif
};

static const void *get(const kw_host *host, kw_str id)
{
    (void)host;
    return kw_equal(id, kw_string(KW_HOST_KV_ID)) ? &store : NULL;
}

static void write_log(const kw_host *host, uint32_t level, kw_str component, kw_str message, kw_str fields)
{
    (void)host;
    (void)component;
    (void)fields;
    if (level >= KW_LOG_WARNING)
        fprintf(stderr, "plugin: %.*s\n", (int)message.len, message.len > 0 ? message.ptr : "");
}

static void metric(const kw_host *host, kw_str name, uint32_t kind, double value, kw_str labels)
{
    (void)host;
    (void)name;
    (void)kind;
    (void)value;
    (void)labels;
}

static int64_t now_ns(const kw_host *host)
{
    (void)host;
    return 1;
}

static kw_call *open_call(const kw_host *host, int64_t deadline_ns)
{
    (void)host;
    (void)deadline_ns;
    return NULL; /* allowed: out of memory */
}

static void close_call(const kw_host *host, kw_call *call)
{
    (void)host;
    (void)call;
}

#ifdef KW_ADDED
static uint64_t host_number(const kw_host *host)
{
    (void)host;
    return HOST_NUMBER;
}
#endif

static kw_host host_table = {
    .h = KW_HDR(kw_host),
    .sdk_min = KW_SDK_MINIMUM,
    .sdk_max = KW_SDK,
    .get = get,
    .log = write_log,
    .metric = metric,
    .now_ns = now_ns,
    .open_call = open_call,
    .close_call = close_call,
#ifdef KW_ADDED
    .added = host_number,
#endif
};

/* ---- load ----------------------------------------------------------------------------------------------- */

/* A host reads the plugin's range from its note before loading. Asking from the top down finds the same number,
 * because the table repeats what the note says. */
static const kw_plugin *negotiate(loaded *l, kw_entry_fn entry)
{
    const kw_plugin *table = NULL;
    for (uint32_t sdk = KW_SDK; sdk >= KW_SDK_MINIMUM; sdk--) {
        host_table.sdk = sdk;
        if (entry(&host_table, sdk, &table) == KW_OK && (table->sdk_max == 0 || sdk <= table->sdk_max)) {
            l->negotiated = sdk;
            return table;
        }
    }
    give_up("host and plugin have no SDK in common");
    return NULL;
}

void host_load(loaded *l, const char *file)
{
    void *image = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (image == NULL)
        give_up(dlerror());
    void *symbol = dlsym(image, KW_ENTRY_SYMBOL);
    if (symbol == NULL)
        give_up("it exports no entry");
    kw_entry_fn entry;
    memcpy(&entry, &symbol, sizeof entry);
    const kw_plugin *table = negotiate(l, entry);
    if (kwc_import(&l->plugin, (uint32_t)sizeof l->plugin, table) != KW_OK || l->plugin.magic != KW_MAGIC)
        give_up("its table cannot be read");
    l->sdk_built = l->plugin.sdk_built;
#ifdef KW_ADDED
    l->both_know_added = l->sdk_built == KW_SDK;
#endif

    kw_create_in in = { .h = KW_HDR(kw_create_in), .host = &host_table, .config_json = KW_STR("{}") };
    test_call c;
    call_run(&c, l, (kw_any_op)(void (*)(void))l->plugin.create, exact_copy(&in), sizeof(kw_create_out), NULL, NULL);
    const kw_create_out *out = (const kw_create_out *)(const void *)c.reply;
    l->added_by_create = ADDED_NUMBER(out);
    if (c.status != KW_OK || out->instance == NULL)
        give_up(c.frame->failed ? c.frame->error.message.ptr : "create failed");
    l->self = out->instance;
    call_end(&c);
}

void host_destroy(loaded *l)
{
    kw_none in = { .h = KW_HDR(kw_none) };
    test_call c;
    call_run(&c, l, (kw_any_op)(void (*)(void))l->plugin.destroy, exact_copy(&in), sizeof(kw_none), NULL, NULL);
    CHECK(c.status == KW_OK);
    call_end(&c);
    l->self = NULL;
}

const void *host_interface(const loaded *l, const char *id)
{
    for (uint32_t i = 0; i < l->plugin.ifaces.count; i++) {
        kw_iface offered;
        if (kwc_import(&offered, (uint32_t)sizeof offered, kw_at(l->plugin.ifaces, i)) == KW_OK &&
            kw_equal(offered.id, kw_string(id)))
            return offered.vtable;
    }
    return NULL;
}
