/* Interfaces and services by id. */
#include "tables.h"

#include <string.h>

static const kwm_interface *find(const kwm_interface *all, uint32_t count, kw_str id)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strlen(all[i].id) == id.len && memcmp(all[i].id, id.ptr, id.len) == 0)
            return &all[i];
    }
    return NULL;
}

const kwm_interface *kwm_interface_by_id(kw_str id)
{
    return find(kwm_interfaces, kwm_interface_total, id);
}

const kwm_interface *kwm_service_by_id(kw_str id)
{
    return find(kwm_services, kwm_service_total, id);
}

uint32_t kwm_interface_count(void)
{
    return kwm_interface_total;
}

uint32_t kwm_service_count(void)
{
    return kwm_service_total;
}

const kwm_interface *kwm_interface_at(uint32_t index)
{
    return index < kwm_interface_total ? &kwm_interfaces[index] : NULL;
}

const kwm_interface *kwm_service_at(uint32_t index)
{
    return index < kwm_service_total ? &kwm_services[index] : NULL;
}

const kwm_interface *kwm_interface_numbered(uint32_t number, const kwm_described *others)
{
    uint32_t own = kwm_interface_count();
    if (number < own)
        return kwm_interface_at(number);
    return others != NULL && number - own < others->count ? &others->interface[number - own] : NULL;
}
