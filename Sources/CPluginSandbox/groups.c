/* The groups of a process that makes some for its children: its own one above them, and those that others have left. */
#define _GNU_SOURCE
#include "groups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "keyway-"
/* Tries of a name that nobody has. */
#define NAMES 64
/* A group cannot be removed while a process leaves it, and of version 1 nothing tells when it has. */
#define TRIES 200
#define TRY_MS 5

const char *const kws_controllers[KWS_CONTROLLERS] = { "memory", "pids" };

/* ---- ending ------------------------------------------------------------------------------------------------ */

void kws_kill_group(const char *folder)
{
    char path[2 * KWS_GROUP_PATH];
    int pid;
    /* Version 2, Linux 5.14. */
    if (kws_write_text(folder, "cgroup.kill", "1") == 0)
        return;
    /* Without room for another process, one pass over the list gets all but what was being made meanwhile, and the caller
     * comes again until the group is gone. */
    kws_write_text(folder, "pids.max", "0");
    snprintf(path, sizeof path, "%s/cgroup.procs", folder);
    FILE *list = fopen(path, "re");
    while (list != NULL && fscanf(list, "%d", &pid) == 1) {
        if (pid > 0 && pid != getpid())
            kill(pid, SIGKILL);
    }
    if (list != NULL)
        fclose(list);
}

/* Calls for each group in a folder. */
static void each_group(const char *folder, const char *prefix, void (*do_it)(const char *group))
{
    char path[2 * KWS_GROUP_PATH];
    DIR *groups = opendir(folder);
    const struct dirent *entry;
    while (groups != NULL && (entry = readdir(groups)) != NULL) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)KWS_GROUP_PATH)
            do_it(path);
    }
    if (groups != NULL)
        closedir(groups);
}

static void end_inner(const char *folder)
{
    kws_kill_group(folder);
    rmdir(folder);
}

int kws_remove_group(const char *folder)
{
    for (int i = 0;; i++) {
        each_group(folder, "", end_inner);
        kws_kill_group(folder);
        if (rmdir(folder) == 0 || errno == ENOENT)
            return 0;
        if (errno != EBUSY || i == TRIES)
            return errno;
        poll(NULL, 0, TRY_MS);
    }
}

/* ---- whose they are ---------------------------------------------------------------------------------------- */

/* The kernel lets go of the lock when its process ends, however it ends. A descriptor, or -1: somebody has it, or it is gone. */
static int lock(const char *folder)
{
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0 && access(folder, F_OK) == 0)
        return file;
    if (file >= 0)
        close(file);
    return -1;
}

static void remove_left(const char *folder)
{
    int file = lock(folder);
    if (file < 0)
        return;
    kws_remove_group(folder);
    close(file);
}

/* 0 or an errno. */
static int make_own(const kws_place *place, char folder[KWS_GROUP_PATH], int32_t *lock_file)
{
    int error = EEXIST;
    for (int i = 0; i < NAMES; i++) {
        if (snprintf(folder, KWS_GROUP_PATH, "%s/" PREFIX "%d-%d", place->folder, (int)getpid(), i) >= (int)KWS_GROUP_PATH)
            return ENAMETOOLONG;
        if (mkdir(folder, 0700) != 0) {
            error = errno;
            if (error != EEXIST)
                return error;
            continue;
        }
        /* Between the two somebody may have taken it for one that was left. */
        *lock_file = lock(folder);
        if (*lock_file >= 0)
            return 0;
    }
    return error;
}

static int open_one(kws_groups *groups, uint32_t controller, kws_place *places)
{
    kws_place *place = &places[controller];
    int error = kws_find_place("/proc/self/cgroup", "/proc/self/mountinfo", kws_controllers[controller], place);
    if (error != 0)
        return error;
    if (place->version == 2 && controller > 0 && groups->version[0] == 2) {
        /* A process is in one group of version 2. */
        if (strcmp(place->folder, places[0].folder) != 0)
            return EXDEV;
        strcpy(groups->folder[controller], groups->folder[0]);
    } else {
        each_group(place->folder, PREFIX, remove_left);
        error = make_own(place, groups->folder[controller], &groups->lock[controller]);
    }
    if (error == 0 && place->version == 2)
        error = kws_enable_controller(groups->folder[controller], kws_controllers[controller]);
    groups->version[controller] = error == 0 ? place->version : 0;
    return error;
}

void kws_groups_open(kws_groups *groups)
{
    kws_place places[KWS_CONTROLLERS];
    *groups = (kws_groups){ .lock = { -1, -1 } };
    for (uint32_t i = 0; i < KWS_CONTROLLERS; i++)
        groups->error[i] = open_one(groups, i, places);
}

void kws_groups_close(kws_groups *groups)
{
    for (uint32_t i = 0; i < KWS_CONTROLLERS; i++) {
        if (groups->lock[i] < 0)
            continue;
        kws_remove_group(groups->folder[i]);
        close(groups->lock[i]);
    }
    *groups = (kws_groups){ .error = { ENOENT, ENOENT }, .lock = { -1, -1 } };
}
