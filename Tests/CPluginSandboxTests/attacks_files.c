/* Attacks: reading, writing, and more than a file or a process may have of both. */
#define _GNU_SOURCE
#include "attack_helpers.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- 1: reading ------------------------------------------------------------------------------------------- */

OPEN(read_shadow, "/etc/shadow", O_RDONLY)
OPEN(read_passwd, "/etc/passwd", O_RDONLY)
OPEN(read_outside, OUTSIDE("secret"), O_RDONLY)
OPEN(read_through_link, GRANTED("link/passwd"), O_RDONLY)
OPEN(read_through_dots, GRANTED("../../../etc/passwd"), O_RDONLY)
OPEN(read_neighbour, join(target_.folder, "granted-evil/secret"), O_RDONLY)
OPEN(list_root, "/", O_RDONLY | O_DIRECTORY)
OPEN(list_parent, GRANTED(".."), O_RDONLY | O_DIRECTORY)
OPEN(read_through_proc, "/proc/self/root/etc/passwd", O_RDONLY)
OPEN(read_device, "/dev/full", O_RDONLY)
OPEN(read_granted, GRANTED("file"), O_RDONLY)
OPEN(read_readable, READABLE("file"), O_RDONLY)
OPEN(list_granted, GRANTED("."), O_RDONLY | O_DIRECTORY)
OPEN(read_library, "/usr/lib/os-release", O_RDONLY)
OPEN(read_random, "/dev/urandom", O_RDONLY)

static int read_from_handle(void)
{
    /* Landlock lets any folder be named (O_PATH); reading is still asked for. */
    int root = open("/", O_PATH | O_DIRECTORY);
    if (root < 0)
        return -errno;
    int result = answer(openat(root, "etc/passwd", O_RDONLY));
    close(root);
    return result;
}

static int reopen_handle(void)
{
    char path[40];
    int file = open(OUTSIDE("secret"), O_PATH);
    if (file < 0)
        return -errno;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return open_and_close(path, O_RDONLY);
}

/* ---- 2: writing ------------------------------------------------------------------------------------------- */

OPEN(write_temporary, target_.temporary, O_CREAT | O_WRONLY)
OPEN(write_system, "/usr/lib/os-release", O_WRONLY)
OPEN(write_readable, READABLE("file"), O_WRONLY)
OPEN(write_outside, OUTSIDE("secret"), O_WRONLY)
OPEN(create_outside, OUTSIDE("made"), O_CREAT | O_WRONLY)
static int create_outside_briefly(void)
{
    return answer(creat(OUTSIDE("made"), 0600));
}

static int create_granted_briefly(void)
{
    return answer(creat(GRANTED("made"), 0600));
}

OPEN(empty_readable, READABLE("file"), O_RDONLY | O_TRUNC)
OPEN(create_granted, GRANTED("made"), O_CREAT | O_WRONLY)
OPEN(empty_granted, GRANTED("made"), O_CREAT | O_WRONLY | O_TRUNC)
OPEN(unnamed_granted, target_.granted, O_TMPFILE | O_WRONLY)
OPEN(unnamed_outside, target_.outside, O_TMPFILE | O_WRONLY)
CALL(truncate_outside, SYS_truncate, OUTSIDE("secret"), 0L)
CALL(truncate_readable, SYS_truncate, READABLE("file"), 0L)
CALL(make_folder_outside, SYS_mkdirat, AT_FDCWD, OUTSIDE("folder"), 0700)
CALL(remove_outside, SYS_unlinkat, AT_FDCWD, OUTSIDE("removable"), 0)
CALL(make_link, SYS_symlinkat, "/etc", AT_FDCWD, GRANTED("new-link"))
CALL(make_pipe, SYS_mknodat, AT_FDCWD, GRANTED("pipe"), S_IFIFO | 0600, 0)
CALL(change_mode, SYS_fchmodat, AT_FDCWD, OUTSIDE("secret"), 0666)
CALL(change_owner, SYS_fchownat, AT_FDCWD, OUTSIDE("secret"), -1, -1, 0)
CALL(change_times, SYS_utimensat, AT_FDCWD, OUTSIDE("secret"), NULL, 0)
CALL(change_attribute, SYS_setxattr, OUTSIDE("secret"), "user.attack", "x", 1L, 0)
CALL(link_in, SYS_linkat, AT_FDCWD, OUTSIDE("secret"), AT_FDCWD, GRANTED("linked"), 0)
CALL(exchange, SYS_renameat2, AT_FDCWD, GRANTED("file"), AT_FDCWD, OUTSIDE("secret"), 2 /* RENAME_EXCHANGE */)

static int change_open_mode(void)
{
    int file = open(READABLE("file"), O_RDONLY);
    return file < 0 ? -errno : answer(fchmod(file, 0666));
}

static int rename_out(void)
{
    int error = with_file("moving");
    return error != 0 ? error : answer(rename(GRANTED("moving"), OUTSIDE("moved")));
}

static int link_out(void)
{
    int error = with_file("linking");
    unlink(OUTSIDE("linked"));
    return error != 0 ? error : answer(link(GRANTED("linking"), OUTSIDE("linked")));
}

static int rename_in(void)
{
    return answer(rename(READABLE("file"), GRANTED("taken")));
}

static int rename_within(void)
{
    int error = with_file("moving");
    return error != 0 ? error : answer(rename(GRANTED("moving"), GRANTED("moved")));
}

static int rename_between_folders(void)
{
    int error = with_file("moving");
    return error != 0 ? error : answer(rename(GRANTED("moving"), GRANTED("folder/moved")));
}

static int make_and_remove_folder(void)
{
    return mkdir(GRANTED("new-folder"), 0700) != 0 ? -errno : answer(rmdir(GRANTED("new-folder")));
}

static int shorten_granted(void)
{
    int error = with_file("short");
    int file = error != 0 ? -1 : open(GRANTED("short"), O_WRONLY);
    return file < 0 ? -errno : answer(ftruncate(file, 2));
}

/* ---- 3: sizes and numbers --------------------------------------------------------------------------------- */

static int exceed_file_size(void)
{
    static char block[65536];
    signal(SIGXFSZ, SIG_IGN);
    int file = open(GRANTED("large"), O_CREAT | O_WRONLY | O_TRUNC, 0600), result = 0;
    if (file < 0)
        return -errno;
    for (int i = 0; i < 64 && result == 0; i++)
        result = write(file, block, sizeof block) < 0 ? -errno : 0;
    unlink(GRANTED("large"));
    return result;
}

static int stretch_file(void)
{
    signal(SIGXFSZ, SIG_IGN);
    int file = open(GRANTED("long"), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (file < 0)
        return -errno;
    int result = answer(ftruncate(file, 1L << 30));
    unlink(GRANTED("long"));
    return result;
}

static int exhaust_descriptors(void)
{
    for (int i = 0; i < 200; i++) {
        if (dup(2) < 0)
            return -errno;
    }
    return 0;
}

static const attack attacks[] = {
    { 1, "read /etc/shadow", read_shadow, -EACCES, 0, AS_ROOT, 0 },
    { 1, "read /etc/passwd", read_passwd, -EACCES, 0, PLAIN },
    { 1, "read a file that is not given", read_outside, -EACCES, 0, PLAIN },
    { 1, "read through a link in a given folder", read_through_link, -EACCES, 0, PLAIN },
    { 1, "read through .. of a given folder", read_through_dots, -EACCES, 0, PLAIN },
    { 1, "read a folder whose name begins alike", read_neighbour, -EACCES, 0, PLAIN },
    { 1, "list /", list_root, -EACCES, 0, PLAIN },
    { 1, "list the parent of a given folder", list_parent, -EACCES, 0, PLAIN },
    { 1, "read through /proc/self/root", read_through_proc, -EACCES, 0, PLAIN },
    { 1, "read a device", read_device, -EACCES, 0, PLAIN },
    { 1, "read from a handle on /", read_from_handle, -EACCES, 0, PLAIN },
    { 1, "open a handle again by /proc/self/fd", reopen_handle, -EACCES, 0, PLAIN },
    { 1, "allowed: read a given file", read_granted, 0, 0, PLAIN },
    { 1, "allowed: read a file given for reading", read_readable, 0, 0, PLAIN },
    { 1, "allowed: list a given folder", list_granted, 0, 0, PLAIN },
    { 1, "allowed: read /usr", read_library, 0, 0, PLAIN },
    { 1, "allowed: read /dev/urandom", read_random, 0, 0, PLAIN },

    { 2, "make a file in /tmp", write_temporary, -EACCES, 0, PLAIN },
    { 2, "write to /usr", write_system, -EACCES, 0, AS_ROOT, 0 },
    { 2, "write to what is given for reading", write_readable, -EACCES, 0, PLAIN },
    { 2, "write to a file that is not given", write_outside, -EACCES, 0, PLAIN },
    { 2, "make a file where nothing is given", create_outside, -EACCES, 0, PLAIN },
    { 2, "make a file where nothing is given, by creat", create_outside_briefly, -EACCES, 0, PLAIN },
    { 2, "empty by opening for reading", empty_readable, -EPERM, 0, PLAIN },
    { 2, "make a file without a name elsewhere", unnamed_outside, -EACCES, 0, PLAIN },
    { 2, "truncate by name, outside", truncate_outside, -EPERM, 0, PLAIN },
    { 2, "truncate what is given for reading", truncate_readable, -EPERM, 0, PLAIN },
    { 2, "make a folder outside", make_folder_outside, -EACCES, 0, PLAIN },
    { 2, "remove a file outside", remove_outside, -EACCES, 0, PLAIN },
    { 2, "make a link in a given folder", make_link, -EPERM, 0, PLAIN },
    { 2, "make a pipe in a given folder", make_pipe, -EPERM, 0, PLAIN },
    { 2, "change the mode of a file", change_mode, -EPERM, 0, PLAIN },
    { 2, "change the mode of an open file", change_open_mode, -EPERM, 0, PLAIN },
    { 2, "change the owner of a file", change_owner, -EPERM, 0, PLAIN },
    { 2, "change the times of a file", change_times, -EPERM, 0, PLAIN },
    { 2, "change an attribute of a file", change_attribute, -EPERM, 0, SUCCEEDS, DIFFERS },
    { 2, "rename out of a given folder", rename_out, -EACCES, -EXDEV, PLAIN },
    { 2, "link out of a given folder", link_out, -EACCES, -EXDEV, PLAIN },
    { 2, "link into a given folder", link_in, -EACCES, -EXDEV, PLAIN },
    { 2, "exchange with a file outside", exchange, -EACCES, -EXDEV, PLAIN },
    { 2, "rename from what is given for reading", rename_in, -EACCES, -EXDEV, PLAIN },
    { 2, "allowed: make a file in a given folder", create_granted, 0, 0, PLAIN },
    { 2, "allowed: make a file by creat", create_granted_briefly, 0, 0, PLAIN },
    { 2, "allowed: empty it", empty_granted, 0, 0, PLAIN },
    { 2, "allowed: a file without a name", unnamed_granted, 0, 0, PLAIN },
    { 2, "allowed: rename in it", rename_within, 0, 0, PLAIN },
    { 2, "allowed: rename between its folders", rename_between_folders, 0, 0, PLAIN },
    { 2, "allowed: make and remove a folder", make_and_remove_folder, 0, 0, PLAIN },
    { 2, "allowed: shorten a file", shorten_granted, 0, 0, PLAIN },

    { 3, "write more than a file may have", exceed_file_size, -EFBIG, 0, PLAIN },
    { 3, "stretch a file", stretch_file, -EFBIG, 0, PLAIN },
    { 3, "open more descriptors", exhaust_descriptors, -EMFILE, 0, PLAIN },
};
const attack_group attacks_files = GROUP(attacks);
