#include "raw_plugin.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <keyway/author.h>

/* ---- what a plugin may ask of this host: nothing ---------------------------------------------------------- */

static const void *get(const kw_host *host, kw_str id)
{
    (void)host;
    (void)id;
    return NULL;
}

static void log_nothing(const kw_host *host, uint32_t level, kw_str component, kw_str message, kw_str fields)
{
    (void)host;
    (void)level;
    (void)component;
    (void)message;
    (void)fields;
}

static void count_nothing(const kw_host *host, kw_str name, uint32_t kind, double value, kw_str labels)
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
    return raw_now_ns();
}

static const kw_host host = {
    .h = KW_HDR(kw_host),
    .sdk = KW_SDK,
    .sdk_min = KW_SDK,
    .sdk_max = KW_SDK,
    .name = KW_STR("raw"),
    .version = KW_STR("0.1.0"),
    .get = get,
    .log = log_nothing,
    .metric = count_nothing,
    .now_ns = now_ns,
};

/* ---- life ------------------------------------------------------------------------------------------------- */

static kw_status create(raw_plugin *plugin)
{
    kw_create_in in = {
        .h = KW_HDR(kw_create_in), .host = &host, .config_json = KW_STR("{}"), .instance_name = KW_STR("raw"),
    };
    kw_create_out out;
    memset(&out, 0, sizeof out);
    raw_call_begin(&plugin->call, &out, (uint32_t)sizeof out);
    kw_status status = plugin->table->create(NULL, &plugin->call.call, &in);
    plugin->instance = out.instance;
    return status;
}

static void find_interfaces(raw_plugin *plugin)
{
    for (uint32_t i = 0; i < plugin->table->ifaces.count; i++) {
        const kw_iface *interface = kw_at(plugin->table->ifaces, i);
        if (kw_equal(interface->id, kw_string(KW_EMBEDDER_ID)))
            plugin->embedder = interface->vtable;
        if (kw_equal(interface->id, kw_string(KW_PROVIDER_ID)))
            plugin->provider = interface->vtable;
    }
}

raw_plugin *raw_open(const char *path, const char **problem)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = handle == NULL ? NULL : dlsym(handle, "kw_plugin_entry_1");
    if (symbol == NULL) {
        *problem = dlerror();
        return NULL;
    }
    kw_entry_fn entry;
    memcpy(&entry, &symbol, sizeof entry); /* C has no cast from an object to a function */
    raw_plugin *plugin = aligned_alloc(_Alignof(raw_plugin), sizeof *plugin);
    if (plugin == NULL) {
        *problem = "no memory is left";
        return NULL;
    }
    memset(plugin, 0, sizeof *plugin);
    if (entry(&host, KW_SDK, &plugin->table) != KW_OK || create(plugin) != KW_OK) {
        *problem = "its entry or its create refused";
        raw_call_free(&plugin->call);
        free(plugin);
        return NULL;
    }
    find_interfaces(plugin);
    return plugin;
}

void raw_close(raw_plugin *plugin)
{
    kw_none in = { .h = KW_HDR(kw_none) }, out;
    raw_call_begin(&plugin->call, &out, (uint32_t)sizeof out);
    plugin->table->destroy(plugin->instance, &plugin->call.call, &in);
    raw_call_free(&plugin->call);
    free(plugin);
}
