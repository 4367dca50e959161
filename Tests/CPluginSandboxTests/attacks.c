/* All attacks, of every group. */
#include "attack.h"

static const attack_group *const groups[] = {
    &attacks_files, &attacks_processes, &attacks_network, &attacks_programs, &attacks_kernel,
    &attacks_privileges, &attacks_code, &attacks_memory, &attacks_host,
};
#define GROUP_COUNT (sizeof groups / sizeof groups[0])

size_t attack_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < GROUP_COUNT; i++)
        count += groups[i]->count;
    return count;
}

const attack *attack_at(size_t index)
{
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (index < groups[i]->count)
            return &groups[i]->attacks[index];
        index -= groups[i]->count;
    }
    return NULL;
}
