#define _GNU_SOURCE
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_WITHOUT_PATH "/usr/local/bin:/usr/bin:/bin"

int program_find(const environment *e, const char *name, char *path, size_t size)
{
    const char *list = environment_get(e, "PATH");
    int failure = ENOENT;
    if (strchr(name, '/') != NULL)
        return (size_t)snprintf(path, size, "%s", name) < size ? 0 : ENAMETOOLONG;
    for (const char *part = list != NULL ? list : PATH_WITHOUT_PATH; part != NULL;) {
        const char *colon = strchrnul(part, ':');
        struct stat status;
        if (part[0] == '/') {
            int n = snprintf(path, size, "%.*s/%s", (int)(colon - part), part, name);
            if (n > 0 && (size_t)n < size && stat(path, &status) == 0 && S_ISREG(status.st_mode)) {
                if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
                    return 0;
                failure = EACCES;
            }
        }
        part = *colon == ':' ? colon + 1 : NULL;
    }
    return failure;
}
