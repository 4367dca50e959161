/* What a test program does when it is the program under test: `SELF mode`. Each limit of a policy has a mode that tries
 * to get past it. */
#ifndef COMMAND_RUNNER_TESTS_BEHAVIOUR_H
#define COMMAND_RUNNER_TESTS_BEHAVIOUR_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include "fixture.h"

static inline int open_descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        closedir(folder);
    return count - 3; /* ".", "..", and the folder itself */
}

static inline int behave(const char *mode)
{
    _Alignas(8) char buffer[65536];
    memset(buffer, 'x', sizeof buffer);
    if (strcmp(mode, "sockets") == 0) {
        static const int families[] = { AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX };
        for (size_t i = 0; i < 5; i++) {
            int fd = socket(families[i], families[i] == AF_NETLINK ? SOCK_RAW : SOCK_STREAM, 0);
            printf("%d:%d ", families[i], fd >= 0 ? 0 : errno);
        }
    } else if (strcmp(mode, "ignore-term") == 0) {
        signal(SIGTERM, SIG_IGN);
        printf("ready\n");
        fflush(stdout);
        for (;;)
            pause();
    } else if (strcmp(mode, "sleep") == 0) {
        printf("ready\n");
        fflush(stdout);
        for (;;)
            pause();
    } else if (strcmp(mode, "burn") == 0) {
        for (volatile unsigned long i = 0;; i++)
            ;
    } else if (strcmp(mode, "allocate") == 0) {
        for (size_t i = 0; i < 4096; i++) {
            char *p = malloc(1 << 20);
            if (p == NULL)
                abort();
            memset(p, 1, 1 << 20);
            *(char *volatile *)buffer = p; /* so that no compiler leaves the memory out */
        }
    } else if (strcmp(mode, "write") == 0) {
        int fd = open(".", O_TMPFILE | O_WRONLY, 0600);
        for (int i = 0; fd >= 0 && i < 64; i++)
            if (write(fd, buffer, sizeof buffer) < 0)
                return 3;
    } else if (strcmp(mode, "open") == 0) {
        int count = 0;
        while (count < 4096 && open("/dev/null", O_RDONLY) >= 0)
            count++;
        printf("%d %d", count, errno);
    } else if (strcmp(mode, "fork") == 0) {
        int refused = 0;
        for (int i = 0; i < 64 && !refused; i++) {
            pid_t pid = fork();
            if (pid == 0) {
                pause();
                _exit(0);
            }
            refused = pid < 0;
        }
        printf("%s", refused ? "refused" : "forked");
    } else if (strcmp(mode, "flood") == 0) {
        for (int i = 0; i < 1600; i++)
            for (size_t done = 0; done < sizeof buffer;) {
                ssize_t n = write(1, buffer + done, sizeof buffer - done);
                if (n < 0)
                    return 4;
                done += (size_t)n;
            }
    } else if (strcmp(mode, "flood-error") == 0) {
        return write(2, buffer, sizeof buffer) == (ssize_t)sizeof buffer ? 0 : 4;
    } else if (strcmp(mode, "state") == 0) {
        sigset_t mask;
        struct sigaction action;
        sigprocmask(SIG_SETMASK, NULL, &mask);
        sigaction(SIGPIPE, NULL, &action);
        printf("fds=%d blocked=%d pipe-ignored=%d leader=%d", open_descriptors(), sigismember(&mask, SIGUSR1),
               action.sa_handler == SIG_IGN, getpid() == getpgrp() && getpid() == getsid(0));
    } else if (strcmp(mode, "env") == 0) {
        for (char **entry = environ; *entry != NULL; entry++)
            printf("%s\n", *entry);
    } else {
        return 99;
    }
    fflush(stdout);
    return 0;
}

#endif
