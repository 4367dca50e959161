/* What other processes may use, and what folders hold. */
#define _GNU_SOURCE
#include "CPluginLinux.h"

#include <errno.h>
#include <fts.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define ADDRESSES (UINT64_C(2) << 30)

int kwl_limit(int32_t process, uint32_t what, uint64_t value)
{
    static const __rlimit_resource_t resources[] = { RLIMIT_DATA, RLIMIT_NOFILE, RLIMIT_FSIZE };
    const struct rlimit limit = { value == UINT64_MAX ? RLIM_INFINITY : value, value == UINT64_MAX ? RLIM_INFINITY : value };
    if (what >= sizeof resources / sizeof resources[0]) {
        errno = EINVAL;
        return -1;
    }
    /* A sandbox has set this one, too: addresses for what is no data, such as code. */
    const struct rlimit addresses = { value + ADDRESSES, value + ADDRESSES };
    if (what == KWL_DATA && value < UINT64_MAX - ADDRESSES && prlimit(process, RLIMIT_AS, &addresses, NULL) != 0)
        return -1;
    return prlimit(process, resources[what], &limit, NULL);
}

int64_t kwl_disk_usage(const char *path)
{
    char *const paths[] = { (char *)(uintptr_t)path, NULL };
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
    int64_t bytes = 0;
    int has_seen = 0;
    if (tree == NULL)
        return -1;
    for (FTSENT *entry; (entry = fts_read(tree)) != NULL;) {
        /* Folders come twice, before and after what is in them. */
        if (entry->fts_info == FTS_DP || entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR)
            continue;
        bytes += (int64_t)entry->fts_statp->st_blocks * 512;
        has_seen = 1;
    }
    fts_close(tree);
    return has_seen ? bytes : -1;
}
