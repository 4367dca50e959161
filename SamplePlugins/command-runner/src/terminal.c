#define _GNU_SOURCE
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

int descriptor_move_up(int fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int number = errno;
    close(fd);
    errno = number;
    return moved;
}

static int open_sides(const struct winsize *size, int *ours, int *theirs)
{
    char path[64];
    *ours = descriptor_move_up(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (*ours < 0 || grantpt(*ours) != 0 || unlockpt(*ours) != 0)
        return errno;
    int number = ptsname_r(*ours, path, sizeof path);
    if (number != 0)
        return number;
    *theirs = descriptor_move_up(open(path, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (*theirs < 0 || ioctl(*theirs, TIOCSWINSZ, size) != 0 || fcntl(*ours, F_SETFL, O_NONBLOCK) != 0)
        return errno;
    return 0;
}

int terminal_open(uint32_t rows, uint32_t columns, int *ours, int *theirs)
{
    struct winsize size = { .ws_row = (unsigned short)(rows > 0 ? rows : 24),
                            .ws_col = (unsigned short)(columns > 0 ? columns : 80) };
    *ours = *theirs = -1;
    int number = open_sides(&size, ours, theirs);
    if (number == 0)
        return 0;
    if (*ours >= 0)
        close(*ours);
    if (*theirs >= 0)
        close(*theirs);
    *ours = *theirs = -1;
    return number;
}
