/* A root of its own: an empty one, in which only that is mounted which the policy gives. The rest has no name there, so that
 * it cannot even be asked whether it exists. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where the new root begins: any folder that is there. */
#define PLACE "/tmp"
/* Where the old root is while the new one is built. */
#define OLD "/.old"

/* Linux 5.12. */
#define SYS_MOUNT_ATTRIBUTES 442
#define READ_ONLY 1u
#define NO_SET_ID 2u
#define NO_DEVICES 4u
struct mount_attributes {
    uint64_t set, clear, propagation, user_space;
};

static int restrict_mount(const char *path, uint64_t attributes, unsigned int flags)
{
    struct mount_attributes change = { .set = attributes };
    return syscall(SYS_MOUNT_ATTRIBUTES, AT_FDCWD, path, flags, &change, sizeof change) == 0 ? 0 : errno;
}

static int make_folders_above(const char *path)
{
    char above[PATH_MAX];
    snprintf(above, sizeof above, "%s", path);
    for (char *at = above; (at = strchr(at + 1, '/')) != NULL; *at = '/') {
        *at = '\0';
        if (mkdir(above, 0755) != 0 && errno != EEXIST)
            return errno;
    }
    return 0;
}

/* Makes the folders above a path, and what something can be mounted on. */
static int make_place(const char *path, int is_folder)
{
    int error = make_folders_above(path);
    if (error != 0)
        return error;
    if (access(path, F_OK) == 0)
        return 0;
    if (is_folder)
        return mkdir(path, 0755) == 0 ? 0 : errno;
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (file < 0)
        return errno;
    close(file);
    return 0;
}

/* A link of the old root. It may be there already: a folder that is given can be one of those that every worker reads. */
static int make_link(const char *source, const char *path)
{
    char link[PATH_MAX], made[PATH_MAX];
    ssize_t length = readlink(source, link, sizeof link - 1);
    if (length < 0)
        return errno;
    link[length] = '\0';
    int error = make_folders_above(path);
    if (error != 0 || symlink(link, path) == 0)
        return error;
    error = errno;
    ssize_t other = error == EEXIST ? readlink(path, made, sizeof made) : -1;
    return other == length && memcmp(made, link, (size_t)length) == 0 ? 0 : error;
}

/* Gives a path of the old root the same name in the new one. What the machine does not have is not there. */
static int bind_path(const char *path, uint64_t attributes)
{
    struct stat facts;
    char source[PATH_MAX];
    if ((size_t)snprintf(source, sizeof source, OLD "%s", path) >= sizeof source)
        return ENAMETOOLONG;
    if (lstat(source, &facts) != 0)
        return errno == ENOENT ? 0 : errno;
    if (S_ISLNK(facts.st_mode))
        return make_link(source, path);
    int error = make_place(path, S_ISDIR(facts.st_mode));
    if (error == 0 && mount(source, path, NULL, MS_BIND | MS_REC, NULL) != 0)
        error = errno;
    return error != 0 ? error : restrict_mount(path, attributes, AT_RECURSIVE);
}

/* Descriptors are loaded by their names there. Landlock keeps the rest of it shut. */
static int bind_process(void)
{
    int error = make_place("/proc/self", 1);
    if (error == 0 && mount(OLD "/proc/self", "/proc/self", NULL, MS_BIND | MS_REC, NULL) != 0)
        error = errno;
    return error != 0 ? error : restrict_mount("/proc/self", NO_SET_ID | NO_DEVICES, AT_RECURSIVE);
}

static int bind_base(const kws_policy *policy)
{
    static const char *const readable[] = { "/usr", "/lib", "/lib64", "/lib32", "/etc/ld.so.cache" };
    static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/urandom" };
    int error = bind_process();
    for (size_t i = 0; error == 0 && i < sizeof readable / sizeof readable[0]; i++)
        error = bind_path(readable[i], READ_ONLY | NO_SET_ID | NO_DEVICES);
    for (size_t i = 0; error == 0 && i < sizeof devices / sizeof devices[0]; i++)
        error = bind_path(devices[i], NO_SET_ID);
    for (size_t i = 0; error == 0 && (policy->may & KWS_MAY_OPEN_TCP) != 0 && kws_certificates[i] != NULL; i++) {
        error = bind_path(kws_certificates[i], READ_ONLY | NO_SET_ID | NO_DEVICES);
        if (error == EACCES)
            error = 0;
    }
    if (error == 0 && policy->runtime_folder != NULL)
        error = bind_path(policy->runtime_folder, READ_ONLY | NO_SET_ID | NO_DEVICES);
    return error;
}

/* The path of a grant, in the old root. */
static int path_of(const kws_grant *grant, char path[PATH_MAX])
{
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", grant->descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0)
        return errno;
    path[length] = '\0';
    return path[0] == '/' ? 0 : EINVAL;
}

static int bind_grant(const kws_policy *policy, const kws_grant *grant, const char *path)
{
    struct stat given, mounted;
    uint64_t attributes = NO_SET_ID;
    if ((grant->access & KWS_WRITE) == 0)
        attributes |= READ_ONLY;
    if ((policy->may & KWS_MAY_USE_DEVICES) == 0)
        attributes |= NO_DEVICES;
    int error = bind_path(path, attributes);
    if (error != 0)
        return error;
    /* A mount has a name and no descriptor: somebody may have put another file under it. */
    if (fstat(grant->descriptor, &given) != 0 || stat(path, &mounted) != 0)
        return errno;
    return given.st_dev == mounted.st_dev && given.st_ino == mounted.st_ino ? 0 : ESTALE;
}

/* Outer folders first: one that is mounted later hides what was mounted in it. */
static int bind_grants(const kws_policy *policy)
{
    char path[PATH_MAX];
    size_t done = 0, next, length = 0;
    while (done < policy->grant_count) {
        next = PATH_MAX;
        for (size_t i = 0; i < policy->grant_count; i++) {
            int error = path_of(&policy->grants[i], path);
            if (error != 0)
                return error;
            size_t own = strlen(path);
            if (own == length) {
                error = bind_grant(policy, &policy->grants[i], path);
                if (error != 0)
                    return error;
                done++;
            }
            if (own > length && own < next)
                next = own;
        }
        /* Somebody renamed one meanwhile. */
        if (next == PATH_MAX && done < policy->grant_count)
            return ESTALE;
        length = next;
    }
    return 0;
}

int kws_change_root(const kws_policy *policy)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
        || mount("tmpfs", PLACE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k") != 0
        || mkdir(PLACE OLD, 0700) != 0 || syscall(SYS_pivot_root, PLACE, PLACE OLD) != 0 || chdir("/") != 0)
        return errno;
    int error = bind_base(policy);
    if (error == 0)
        error = bind_grants(policy);
    if (error == 0 && (umount2(OLD, MNT_DETACH) != 0 || rmdir(OLD) != 0))
        error = errno;
    return error != 0 ? error : restrict_mount("/", READ_ONLY, 0);
}
