#define _GNU_SOURCE
#include "CTestPrograms.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/mman.h>

static int describe(posix_spawn_file_actions_t *actions, const char *folder, const int streams[3])
{
    int error = folder == NULL ? 0 : posix_spawn_file_actions_addchdir_np(actions, folder);
    for (int number = 0; number < 3 && error == 0; number++)
        error = streams[number] < 0
                    ? posix_spawn_file_actions_addopen(actions, number, "/dev/null", number == 0 ? O_RDONLY : O_WRONLY, 0)
                    : posix_spawn_file_actions_adddup2(actions, streams[number], number);
    return error != 0 ? error : posix_spawn_file_actions_addclosefrom_np(actions, 3);
}

/* A program begins with no signal blocked: threads of a test may block some. */
static int unblock(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigemptyset(&none);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    return error != 0 ? error : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK);
}

int kwt_program_start(const char *path, char *const *arguments, char *const *environment, const char *folder,
                      const int streams[3], int *process)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    posix_spawnattr_t attributes;
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        error = describe(&actions, folder, streams);
        if (error == 0)
            error = unblock(&attributes);
        if (error == 0)
            error = posix_spawn(process, path, &actions, &attributes, arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int kwt_program_file(void)
{
    return memfd_create("program", MFD_CLOEXEC);
}
