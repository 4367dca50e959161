#include "image.h"

#include <dlfcn.h>

const kw_plugin *test_image_open(const char *path, const test_host *host)
{
    void *image = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (image == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return NULL;
    }
    void *symbol = dlsym(image, KW_ENTRY_SYMBOL);
    if (symbol == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return NULL;
    }
    kw_entry_fn entry;
    _Static_assert(sizeof entry == sizeof symbol, "POSIX: a pointer to code fits into a pointer to data");
    memcpy(&entry, &symbol, sizeof entry);
    const kw_plugin *plugin = NULL;
    kw_status status = entry(&host->host, KW_SDK, &plugin);
    if (status != KW_OK || plugin == NULL || plugin->magic != KW_MAGIC) {
        fprintf(stderr, "%s: the entry answers %d for SDK %u%s\n", path, (int)status, KW_SDK,
                status == KW_OK ? " without a table" : "");
        return NULL;
    }
    return plugin;
}

const void *test_image_interface(const kw_plugin *plugin, const char *id)
{
    for (uint32_t i = 0; i < plugin->ifaces.count; i++) {
        const kw_iface *interface = kw_at(plugin->ifaces, i);
        if (kw_equal(interface->id, kw_string(id)))
            return interface->vtable;
    }
    return NULL;
}
