/* Attacks: programs, processes and threads that a worker would start. */
#define _GNU_SOURCE
#include "attack_helpers.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char *const program[] = { "/usr/bin/true", NULL };

static int run_program(void)
{
    execve(program[0], program, environ);
    return -errno;
}

static int run_at(void)
{
    return answer(syscall(SYS_execveat, AT_FDCWD, program[0], program, environ, 0));
}

static int run_memory(void)
{
    /* The memory file is refused, and so is what would run it. */
    int file = open(program[0], O_RDONLY);
    return file < 0 ? -errno : answer(syscall(SYS_execveat, file, "", program, environ, AT_EMPTY_PATH));
}

static int run_linker(void)
{
    char *const arguments[] = { "/lib64/ld-linux-x86-64.so.2", "/usr/bin/true", NULL };
    execve(arguments[0], arguments, environ);
    return -errno;
}

static int await(pid_t child)
{
    if (child == 0)
        _exit(0);
    if (child < 0)
        return -errno;
    waitpid(child, NULL, 0);
    return 0;
}

static int fork_process(void)
{
    return await(fork());
}

/* A system call of its own where the machine has it. */
static int fork_with_memory(void)
{
    pid_t child = vfork();
    if (child == 0)
        _exit(0);
    return await(child);
}

static int clone_process(void)
{
    return await((pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L));
}

static int clone_three(void)
{
    uint64_t arguments[11] = { 0 };
    arguments[4] = SIGCHLD;
    return await((pid_t)syscall(SYS_clone3, arguments, sizeof arguments));
}

static int spawn_program(void)
{
    pid_t child;
    int error = posix_spawn(&child, program[0], NULL, NULL, program, environ);
    if (error == 0)
        waitpid(child, NULL, 0);
    return -error;
}

static int call_shell(void)
{
    int status = system("true");
    return status == 127 << 8 || status == -1 ? -EPERM : status;
}

static void *nothing(void *argument)
{
    return argument;
}

static int start_thread(void)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, nothing, NULL);
    return error != 0 ? -error : -pthread_join(thread, NULL);
}

static const attack attacks[] = {
    { 9, "execute a program", run_program, -EPERM, 0, REACHED, 0 },
    { 9, "execute it by execveat", run_at, -EPERM, 0, REACHED, 0 },
    { 9, "execute a descriptor", run_memory, -EPERM, 0, REACHED, 0 },
    { 9, "execute the dynamic linker", run_linker, -EPERM, 0, REACHED, 0 },
    { 9, "fork", fork_process, -EPERM, 0, PLAIN },
    { 9, "fork with its memory", fork_with_memory, -EPERM, 0, PLAIN },
    { 9, "clone a process", clone_process, -EPERM, 0, PLAIN },
    { 9, "clone3 a process", clone_three, -ENOSYS, 0, PLAIN },
    { 9, "spawn a program", spawn_program, -EPERM, -ENOSYS, PLAIN },
    { 9, "call the shell", call_shell, -EPERM, 0, PLAIN },

    { 10, "allowed: start a thread", start_thread, 0, 0, PLAIN },
};
const attack_group attacks_programs = GROUP(attacks);
