/* The tables of a plugin in workers: stubs where the plugin has operations. */
#include "CPluginWorker.h"

#include <CPluginMarshal.h>

#include <string.h>

/* Clears the words of a table whose bit is not set. */
static void keep(void *table, uint64_t present, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if ((present >> i & 1) == 0)
            memset((unsigned char *)table + first + i * sizeof(void *), 0, sizeof(void *));
    }
}

void kww_plugin_table(const kww_description *description, kw_plugin *table)
{
    memcpy(table, kwm_interface_stubs(&kwm_plugin_operations), sizeof *table);
    table->h = (kw_hdr)KW_HDR(kw_plugin);
    table->magic = KW_MAGIC;
    table->caps = description->caps;
    table->sdk_built = description->sdk_built;
    table->sdk_min = description->sdk_min;
    table->sdk_max = description->sdk_max;
    table->max_concurrency = description->max_concurrency;
    table->id = (kw_str){ description->id, strlen(description->id) };
    table->version = (kw_str){ description->version, strlen(description->version) };
    table->ifaces = (kw_span){ NULL, 0, 0 };
    keep(table, description->present, offsetof(kw_plugin, create),
         (uint32_t)((sizeof *table - offsetof(kw_plugin, create)) / sizeof(void *)));
}

int kww_interface_table(const char *id, uint64_t present, void *table, size_t room)
{
    const kwm_interface *interface = kwm_interface_by_id((kw_str){ id, strlen(id) });
    if (interface == NULL || interface->table_size > room)
        return -1;
    memcpy(table, kwm_interface_stubs(interface), interface->table_size);
    keep(table, present, sizeof(kw_hdr), (uint32_t)((interface->table_size - sizeof(kw_hdr)) / sizeof(void *)));
    return 0;
}
