/* Control groups: can this user make one in which memory or processes are limited? */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 1024

/* Is the word one of a list with commas? */
static int lists(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0' || at[length] == '\n'))
            return 1;
    }
    return 0;
}

/* This process's path in the hierarchy of a controller (version 1), or in the unified one if that is NULL. */
static int find_path(const char *controller, char path[PATH_ROOM])
{
    char line[PATH_ROOM];
    FILE *file = fopen("/proc/self/cgroup", "re");
    int is_found = 0;
    while (file != NULL && !is_found && fgets(line, sizeof line, file) != NULL) {
        char *controllers = strchr(line, ':'), *end = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
        if (end == NULL)
            continue;
        *end = '\0';
        end[1 + strcspn(end + 1, "\n")] = '\0';
        is_found = controller != NULL ? lists(controllers + 1, controller) : strncmp(line, "0:", 2) == 0 && controllers[1] == '\0';
        if (is_found)
            snprintf(path, PATH_ROOM, "%s", end + 1);
    }
    if (file != NULL)
        fclose(file);
    return is_found;
}

/* Where that hierarchy is mounted, and which part of it. */
static int find_mount(const char *controller, char mount[PATH_ROOM], char root[PATH_ROOM])
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen("/proc/self/mountinfo", "re");
    int is_found = 0;
    while (file != NULL && !is_found && getline(&line, &size, file) > 0) {
        char type[32], options[PATH_ROOM];
        char *rest = strstr(line, " - ");
        if (rest == NULL || sscanf(rest, " - %31s %*s %1023s", type, options) != 2
            || sscanf(line, "%*s %*s %*s %1023s %1023s", root, mount) != 2)
            continue;
        is_found = controller != NULL ? strcmp(type, "cgroup") == 0 && lists(options, controller) : strcmp(type, "cgroup2") == 0;
    }
    free(line);
    if (file != NULL)
        fclose(file);
    return is_found;
}

/* Makes a group under this process's own, looks for the limit in it, and removes it. 0 or an errno. */
static int try_in(const char *controller, const char *limit)
{
    char path[PATH_ROOM], mount[PATH_ROOM], root[PATH_ROOM], group[2 * PATH_ROOM + 64], file[sizeof group + 64];
    if (!find_path(controller, path) || !find_mount(controller, mount, root))
        return ENOENT;
    size_t prefix = strcmp(root, "/") != 0 && strncmp(path, root, strlen(root)) == 0 ? strlen(root) : 0;
    snprintf(group, sizeof group, "%s%s/keyway-probe-%d", mount, strcmp(path + prefix, "/") == 0 ? "" : path + prefix,
             (int)getpid());
    if (mkdir(group, 0700) != 0)
        return errno;
    snprintf(file, sizeof file, "%s/%s", group, limit);
    int error = access(file, W_OK) == 0 ? 0 : errno;
    rmdir(group);
    return error;
}

int kws_try_cgroup(const char *controller, const char *limit, const char *old_limit)
{
    int error = try_in(NULL, limit);
    return error == 0 ? 0 : try_in(controller, old_limit) == 0 ? 0 : error;
}
