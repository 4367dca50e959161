/* Control groups: where in the hierarchies of this machine this process may make some. */
#define _GNU_SOURCE
#include "groups.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* ---- files of one line, or of a word and a number a line --------------------------------------------------- */

int kws_write_text(const char *folder, const char *name, const char *text)
{
    char path[2 * KWS_GROUP_PATH];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return errno;
    ssize_t written = write(file, text, strlen(text));
    int error = written == (ssize_t)strlen(text) ? 0 : written < 0 ? errno : EIO;
    close(file);
    return error;
}

uint64_t kws_read_count(const char *folder, const char *name, const char *word)
{
    char path[2 * KWS_GROUP_PATH], line[256];
    size_t length = word != NULL ? strlen(word) : 0;
    uint64_t count = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (length == 0 || (strncmp(line, word, length) == 0 && line[length] == ' '))
            count = strtoull(line + length, NULL, 10);
    }
    if (file != NULL)
        fclose(file);
    return count;
}

/* Is the word one of a list, between commas or spaces? */
static int lists(const char *list, const char *word)
{
    static const char between[] = ", \n";
    size_t length = strlen(word);
    for (const char *at = list + strspn(list, between); *at != '\0'; at += strspn(at, between)) {
        size_t size = strcspn(at, between);
        if (size == length && strncmp(at, word, length) == 0)
            return 1;
        at += size;
    }
    return 0;
}

static int file_lists(const char *folder, const char *name, const char *word)
{
    char path[2 * KWS_GROUP_PATH], line[1024] = "";
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    int is_found = file != NULL && fgets(line, sizeof line, file) != NULL && lists(line, word);
    if (file != NULL)
        fclose(file);
    return is_found;
}

/* ---- where this process is --------------------------------------------------------------------------------- */

/* This process's path in the hierarchy of a controller (version 1), or in the unified one if that is NULL. */
static int find_path(const char *own, const char *controller, char path[KWS_GROUP_PATH])
{
    char line[2 * KWS_GROUP_PATH];
    FILE *file = fopen(own, "re");
    int is_found = 0;
    while (file != NULL && !is_found && fgets(line, sizeof line, file) != NULL) {
        char *controllers = strchr(line, ':'), *end = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
        if (end == NULL)
            continue;
        *end = '\0';
        end[1 + strcspn(end + 1, "\n")] = '\0';
        is_found = controller != NULL ? lists(controllers + 1, controller) : strncmp(line, "0:", 2) == 0 && controllers[1] == '\0';
        /* Above what this process can see of the hierarchy, or cut. */
        if (is_found && (end[1] != '/' || strncmp(end + 1, "/..", 3) == 0 || strlen(end + 1) >= KWS_GROUP_PATH))
            is_found = 0;
        else if (is_found)
            strcpy(path, end + 1);
    }
    if (file != NULL)
        fclose(file);
    return is_found;
}

/* Where that hierarchy is mounted, and which part of it. */
static int find_mount(const char *mounts, const char *controller, char mount[KWS_GROUP_PATH], char root[KWS_GROUP_PATH])
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen(mounts, "re");
    int is_found = 0;
    while (file != NULL && !is_found && getline(&line, &size, file) > 0) {
        char type[32], options[KWS_GROUP_PATH];
        char *rest = strstr(line, " - ");
        if (rest == NULL || sscanf(rest, " - %31s %*s %511s", type, options) != 2
            || sscanf(line, "%*s %*s %*s %511s %511s", root, mount) != 2)
            continue;
        is_found = controller != NULL ? strcmp(type, "cgroup") == 0 && lists(options, controller) : strcmp(type, "cgroup2") == 0;
    }
    free(line);
    if (file != NULL)
        fclose(file);
    return is_found;
}

/* The folder of this process's group in a hierarchy. least: the length of where it is mounted. */
static int find_folder(const char *own, const char *mounts, const char *controller, char folder[KWS_GROUP_PATH], size_t *least)
{
    char path[KWS_GROUP_PATH], mount[KWS_GROUP_PATH], root[KWS_GROUP_PATH];
    if (!find_path(own, controller, path) || !find_mount(mounts, controller, mount, root))
        return ENOENT;
    size_t prefix = strcmp(root, "/") != 0 && strncmp(path, root, strlen(root)) == 0 ? strlen(root) : 0;
    const char *rest = strcmp(path + prefix, "/") == 0 ? "" : path + prefix;
    if (strlen(mount) + strlen(rest) >= KWS_GROUP_PATH)
        return ENAMETOOLONG;
    *least = strlen(mount);
    memcpy(folder, mount, *least);
    strcpy(folder + *least, rest);
    return 0;
}

/* ---- version 2: groups get a controller from the one above ------------------------------------------------- */

int kws_enable_controller(const char *folder, const char *controller)
{
    char text[32];
    if (file_lists(folder, "cgroup.subtree_control", controller))
        return 0;
    snprintf(text, sizeof text, "+%s", controller);
    return kws_write_text(folder, "cgroup.subtree_control", text);
}

/* A group that has processes gives no controllers to groups in it. So a manager of services puts the processes of one whose
 * groups are its own affair into a group in it, and marks the one above; who is not root can write no other. */
static int is_delegated(const char *folder)
{
    char mark;
    return geteuid() != 0 || getxattr(folder, "trusted.delegate", &mark, 1) == 1
        || getxattr(folder, "user.delegate", &mark, 1) == 1;
}

static int find_unified(const char *own, const char *mounts, const char *controller, char folder[KWS_GROUP_PATH])
{
    size_t least;
    int error = find_folder(own, mounts, NULL, folder, &least);
    if (error != 0 || !file_lists(folder, "cgroup.controllers", controller))
        return error != 0 ? error : ENOENT;
    error = kws_enable_controller(folder, controller);
    if (error == 0 || strlen(folder) == least)
        return error;
    *strrchr(folder, '/') = '\0';
    return is_delegated(folder) && kws_enable_controller(folder, controller) == 0 ? 0 : error;
}

int kws_find_place(const char *own, const char *mounts, const char *controller, kws_place *place)
{
    size_t least;
    int error = find_unified(own, mounts, controller, place->folder);
    place->version = 2;
    if (error == 0)
        return 0;
    place->version = 1;
    return find_folder(own, mounts, controller, place->folder, &least) == 0 ? 0 : error;
}
