/* Every type that is marshalled by itself. */
#include "check.h"

uint32_t root_count(void)
{
    uint32_t count = 4 + 2 * kwm_plugin_operations.count;
    for (uint32_t i = 0; i < kwm_interface_count(); i++)
        count += 2 * kwm_interface_at(i)->count;
    for (uint32_t i = 0; i < kwm_service_count(); i++)
        count += 2 * kwm_service_at(i)->count;
    return count;
}

static const kwm_struct *of_interface(const kwm_interface *interface, uint32_t *index)
{
    if (*index < 2 * interface->count) {
        const kwm_operation *operation = &interface->operations[*index / 2];
        return *index % 2 == 0 ? operation->in : operation->out;
    }
    *index -= 2 * interface->count;
    return NULL;
}

const kwm_struct *root_at(uint32_t index)
{
    static const kwm_struct *const own[] = { &kwm_error, &kwm_event, &kwm_call, &kwm_description_type };
    if (index < 4)
        return own[index];
    index -= 4;
    const kwm_struct *found = of_interface(&kwm_plugin_operations, &index);
    for (uint32_t i = 0; found == NULL && i < kwm_interface_count(); i++)
        found = of_interface(kwm_interface_at(i), &index);
    for (uint32_t i = 0; found == NULL && i < kwm_service_count(); i++)
        found = of_interface(kwm_service_at(i), &index);
    return found;
}
