#include "file_name.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LONGEST_PLAIN 200u /* with the suffix and ".new" well below NAME_MAX */
#define CUT_AT 170u

static bool is_plain(unsigned char c, uint64_t at)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'
        || (c == '.' && at > 0);
}

void file_name_of(kw_str repository, char name[FILE_NAME_SIZE])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325), needed = 0;
    for (uint64_t i = 0; i < repository.len; i++) {
        unsigned char c = (unsigned char)repository.ptr[i];
        hash = (hash ^ c) * UINT64_C(0x100000001b3);
        needed += is_plain(c, i) ? 1 : 3;
    }
    size_t limit = needed > LONGEST_PLAIN ? CUT_AT : LONGEST_PLAIN, used = 0;
    for (uint64_t i = 0; i < repository.len; i++) {
        unsigned char c = (unsigned char)repository.ptr[i];
        size_t width = is_plain(c, i) ? 1 : 3;
        if (used + width > limit)
            break;
        if (width == 1)
            name[used] = (char)c;
        else
            snprintf(name + used, FILE_NAME_SIZE - used, "%%%02X", c);
        used += width;
    }
    if (needed > LONGEST_PLAIN)
        used += (size_t)snprintf(name + used, FILE_NAME_SIZE - used, "~%016llx", (unsigned long long)hash);
    snprintf(name + used, FILE_NAME_SIZE - used, "%s", FILE_NAME_SUFFIX);
}
