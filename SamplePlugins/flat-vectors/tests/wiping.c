/* Wiping: what is damaged or no file at all can be got rid of, and nothing else is. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "stored_items.h"

/* How a file may be spoilt; what came of it lies at path. */
#define SPOILT_KINDS 8

static void spoil(int kind, const char *path, char *bytes, size_t size)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int fd, parent;
    if (kind >= 3)
        CHECK(unlink(path) == 0);
    switch (kind) {
    case 0:
        bytes[size - 1] ^= 1;
        write_file(path, bytes, size);
        break;
    case 1:
        write_file(path, bytes, 0);
        break;
    case 2:
        bytes[0] ^= 1;
        write_file(path, bytes, size);
        break;
    case 3:
        CHECK(mkfifo(path, 0600) == 0);
        break;
    case 4: /* to a good file */
        CHECK(symlink("kept", path) == 0);
        break;
    case 5:
        CHECK(symlink("nowhere", path) == 0);
        break;
    case 6:
        CHECK(mkdir(path, 0700) == 0);
        break;
    default: /* by way of a short name: a socket's path has little room */
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        parent = open(folder, O_PATH | O_DIRECTORY);
        snprintf(name.sun_path, sizeof name.sun_path, "/proc/self/fd/%d/spoilt.vectors", parent);
        CHECK(fd >= 0 && parent >= 0 && bind(fd, (struct sockaddr *)&name, sizeof name) == 0);
        close(parent);
        close(fd);
    }
}

/* Once by an instance that has the repository in memory, once by one that has not. */
static void what_is_damaged_is_refused_and_can_be_wiped(void)
{
    static char bytes[65536], other[65536];
    char path[1024], kept[600];
    struct stat status;
    snprintf(path, sizeof path, "%s", path_of("spoilt"));
    snprintf(kept, sizeof kept, "%s/kept", folder);
    for (int kind = 0; kind < SPOILT_KINDS * 2; kind++) {
        kw_instance *instance = open_instance(folder, "");
        CHECK(put_numbered(instance, "spoilt", 1, 1) == KW_OK && put_numbered(instance, "spoilt", 2, 2) == KW_OK);
        size_t size = read_file(path, bytes, 32768);
        CHECK(size > 100);
        write_file(kept, bytes, size);
        if (kind >= SPOILT_KINDS) {
            close_instance(instance);
            instance = open_instance(folder, "");
        }
        spoil(kind % SPOILT_KINDS, path, bytes, size);
        CHECK(lstat(path, &status) == 0);
        mode_t before = status.st_mode;
        kw_instance *fresh = open_instance(folder, "");
        CHECK(ensure(fresh, "spoilt", 4, KW_METRIC_COSINE, "") == KW_DATA_LOSS);
        CHECK(strstr(last_message, "spoilt.vectors") != NULL);
        CHECK(S_ISREG(before) || strstr(last_message, "not a regular file") != NULL);
        CHECK(put_numbered(fresh, "spoilt", 3, 3) == KW_DATA_LOSS && items_of(fresh, "spoilt") == UINT64_MAX);
        CHECK(lstat(path, &status) == 0 && status.st_mode == before);
        close_instance(fresh);
        CHECK(wipe(instance, "spoilt") == KW_OK && lstat(path, &status) != 0 && errno == ENOENT);
        CHECK(wipe(instance, "spoilt") == KW_NOT_FOUND);
        CHECK(read_file(kept, other, sizeof other) == size); /* what a link led to is not touched */
        CHECK(ensure(instance, "spoilt", 4, KW_METRIC_L2, "") == KW_OK && items_of(instance, "spoilt") == 0);
        CHECK(wipe(instance, "spoilt") == KW_OK);
        close_instance(instance);
    }
    CHECK(unlink(kept) == 0);
}

static void a_folder_with_something_in_it_is_not_wiped(void)
{
    char path[1024], inner[1100];
    snprintf(path, sizeof path, "%s", path_of("folder"));
    snprintf(inner, sizeof inner, "%s/precious", path);
    CHECK(mkdir(path, 0700) == 0);
    write_file(inner, "x", 1);
    kw_instance *instance = open_instance(folder, "");
    CHECK(wipe(instance, "folder") == KW_FAILED_PRECONDITION && strstr(last_message, "folder.vectors") != NULL);
    CHECK(access(inner, F_OK) == 0 && unlink(inner) == 0);
    CHECK(wipe(instance, "folder") == KW_OK && access(path, F_OK) != 0);
    close_instance(instance);
}

/* Changing the file is what the lock is for, also when it is not read first. */
static void wiping_waits_for_the_lock(void)
{
    char path[600];
    kw_instance *instance = open_instance(folder, "{\"lockWaitMs\":20}");
    CHECK(put_numbered(instance, "locked", 1, 1) == KW_OK);
    snprintf(path, sizeof path, "%s/.lock", folder);
    int other = open(path, O_RDWR);
    CHECK(flock(other, LOCK_SH) == 0);
    CHECK(wipe(instance, "locked") == KW_UNAVAILABLE && access(path_of("locked"), F_OK) == 0);
    close(other);
    CHECK(wipe(instance, "locked") == KW_OK && access(path_of("locked"), F_OK) != 0);
    close_instance(instance);
}

int main(void)
{
    start();
    test_folder_make(folder, sizeof folder);
    what_is_damaged_is_refused_and_can_be_wiped();
    a_folder_with_something_in_it_is_not_wiped();
    wiping_waits_for_the_lock();
    test_folder_remove(folder);
    return test_finish();
}
