/* The plugin's own table: what it offers, and its operations by number. */
#define _GNU_SOURCE
#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int copy_str(char *to, size_t room, kw_str from)
{
    if (from.len > room - 1)
        return 0;
    if (from.len > 0)
        memcpy(to, from.ptr, from.len);
    to[from.len] = '\0';
    return 1;
}

static uint32_t slots(uint32_t table_size)
{
    return (table_size - (uint32_t)sizeof(kw_hdr)) / (uint32_t)sizeof(void *);
}

static const char *read_interface(const kw_iface *iface, kww_offer *offer)
{
    if (!copy_str(offer->id, sizeof offer->id, iface->id))
        return "an interface of its table has an id that is too long";
    /* One that nobody here knows is told, and cannot be called. */
    const kwm_interface *interface;
    for (uint32_t i = 0;
         i < KWW_INTERFACE_LIMIT && (interface = kwm_interface_numbered(i, this_process.described)) != NULL; i++) {
        if (strcmp(interface->id, offer->id) != 0)
            continue;
        void *table = malloc(interface->table_size);
        if (table == NULL)
            return "no memory is left for its tables";
        if (kwc_import_table(table, interface->table_size, iface->vtable, &offer->present) != KW_OK)
            return "the table of an interface is missing, or newer than this host understands";
        this_process.interface[i] = (loaded_interface){ interface, table };
    }
    return NULL;
}

const char *read_plugin(const kw_plugin *source)
{
    kw_plugin *plugin = &this_process.plugin;
    kww_description *description = &this_process.worker->description;
    kw_status status = kwc_import(plugin, sizeof *plugin, source);
    if (status != KW_OK)
        return status == KW_UNIMPLEMENTED ? "its plugin table is newer than this host understands"
                                          : "its entry gave no plugin table";
    if (plugin->magic != KW_MAGIC)
        return "its plugin table does not begin with the magic number";
    if (plugin->create == NULL || plugin->destroy == NULL)
        return "its plugin table has no create or no destroy";
    if (!copy_str(description->id, sizeof description->id, plugin->id)
        || !copy_str(description->version, sizeof description->version, plugin->version))
        return "its id or its version is too long";
    if (plugin->ifaces.count > KWW_INTERFACE_LIMIT || plugin->ifaces.stride < offsetof(kw_iface, vtable))
        return "its plugin table has more interfaces than a host takes";
    description->sdk_built = plugin->sdk_built;
    description->sdk_min = plugin->sdk_min;
    description->sdk_max = plugin->sdk_max;
    description->caps = plugin->caps;
    description->max_concurrency = plugin->max_concurrency;
    for (uint32_t i = 0; i < kwm_plugin_operations.count; i++) {
        const kwm_operation *operation = &kwm_plugin_operations.operations[i];
        if (kwc_slot(plugin, operation->slot) != NULL)
            description->present |= 1u << i;
    }
    description->interfaces = plugin->ifaces.count;
    for (uint32_t i = 0; i < plugin->ifaces.count; i++) {
        kw_iface iface;
        const char *at = (const char *)plugin->ifaces.ptr + (size_t)i * plugin->ifaces.stride;
        if (kwc_import(&iface, sizeof iface, at) != KW_OK)
            return "an interface of its table is none";
        const char *wrong = read_interface(&iface, &description->interface[i]);
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

const kwm_operation *find_operation(const request_header *header, kw_any_op *function)
{
    const kwm_interface *interface = &kwm_plugin_operations;
    const void *table = &this_process.plugin;
    if (header->interface != PLUGIN_TABLE) {
        if (header->interface >= KWW_INTERFACE_LIMIT || this_process.interface[header->interface].table == NULL)
            return NULL;
        interface = this_process.interface[header->interface].interface;
        table = this_process.interface[header->interface].table;
    }
    for (uint32_t i = 0; i < interface->count; i++) {
        const kwm_operation *operation = &interface->operations[i];
        if (operation->slot != header->slot)
            continue;
        *function = header->slot < slots(interface->table_size) ? kwc_slot(table, header->slot) : NULL;
        return *function != NULL ? operation : NULL;
    }
    return NULL;
}
