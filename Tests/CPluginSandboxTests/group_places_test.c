/* Where control groups can be made, and the files of their limits: by hierarchies that are invented. */
#define _GNU_SOURCE
#include "check.h"
#include "groups.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static char invented[64];

static const char *in(const char *name)
{
    static char paths[4][256];
    static unsigned int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", invented, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(in(name), "we");
    NEED(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static int file_is(const char *name, const char *text)
{
    char line[64] = "";
    FILE *file = fopen(in(name), "re");
    NEED(file != NULL);
    size_t size = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    return strlen(text) == size && memcmp(line, text, size) == 0;
}

static void invent_group(const char *name, const char *controllers, const char *given)
{
    char path[128];
    NEED(mkdir(in(name), 0755) == 0 || errno == EEXIST);
    snprintf(path, sizeof path, "%s/cgroup.controllers", name);
    write_file(path, controllers);
    snprintf(path, sizeof path, "%s/cgroup.subtree_control", name);
    if (given != NULL)
        write_file(path, given);
}

static void mount_invented(void)
{
    char text[512];
    snprintf(text, sizeof text,
             "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw\n"
             "33 31 0:30 / %s/sets rw - cgroup cgroup rw,memoryset\n"
             "34 31 0:31 /of-container %s/old rw,relatime shared:3 - cgroup cgroup rw,memory\n"
             "41 31 0:38 / %s/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n", invented, invented, invented);
    write_file("mounts", text);
}

static int find(const char *own, const char *controller, kws_place *place)
{
    write_file("own", own);
    return kws_find_place(in("own"), in("mounts"), controller, place);
}

static void test_places(void)
{
    kws_place place;
    mount_invented();
    NEED(mkdir(in("unified"), 0755) == 0);
    /* Version 2: the controller may have to be given to the groups below first. */
    invent_group("unified", "cpuset cpu memory pids\n", "cpu memory\n");
    CHECK_EQUAL(find("4:memory:/x\n0::/\n", "memory", &place), 0);
    CHECK_EQUAL(place.version, 2);
    CHECK(strcmp(place.folder, in("unified")) == 0);
    CHECK(file_is("unified/cgroup.subtree_control", "cpu memory\n"));
    CHECK_EQUAL(find("0::/\n", "pids", &place), 0);
    CHECK_EQUAL(place.version, 2);
    CHECK(file_is("unified/cgroup.subtree_control", "+pidsemory\n"));
    /* A service: its own group cannot give the controller, the one above can, and is to be marked for a root. */
    invent_group("unified/service", "memory pids\n", "memory pids\n");
    invent_group("unified/service/main", "memory pids\n", NULL);
    char mark = '1';
    int is_marked = setxattr(in("unified/service"), "user.delegate", &mark, 1, 0) == 0;
    CHECK_EQUAL(find("0::/service/main\n", "memory", &place), is_marked || geteuid() != 0 ? 0 : ENOENT);
    if (is_marked && removexattr(in("unified/service"), "user.delegate") == 0)
        CHECK_EQUAL(find("0::/service/main\n", "memory", &place), geteuid() != 0 ? 0 : ENOENT);
    CHECK(geteuid() == 0 || strcmp(place.folder, in("unified/service")) == 0);
    /* Version 1, whose mount shows a part of the hierarchy. Version 2 is there, and does not have it. */
    invent_group("unified", "cpu\n", "");
    CHECK_EQUAL(find("3:memoryset:/sets\n4:memory,other:/of-container/own\n0::/\n", "memory", &place), 0);
    CHECK_EQUAL(place.version, 1);
    CHECK(strcmp(place.folder, in("old/own")) == 0);
    CHECK_EQUAL(find("4:memory:/of-container\n0::/\n", "memory", &place), 0);
    CHECK(strcmp(place.folder, in("old")) == 0);
    /* Nowhere, above what can be seen, nonsense. */
    static const char *const nowhere[] = { "0::/\n", "4:memory:/../other\n", "4:memoryset:/\n", "memory\n::\n:memory:", "" };
    for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++)
        CHECK_EQUAL(find(nowhere[i], "memory", &place), ENOENT);
    CHECK_EQUAL(kws_find_place(in("absent"), in("mounts"), "memory", &place), ENOENT);
}

static void test_limit_files(void)
{
    write_file("memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 1\n");
    CHECK_EQUAL(kws_read_count(invented, "memory.events", "oom"), 3);
    CHECK_EQUAL(kws_read_count(invented, "memory.events", "oom_kill"), 2);
    CHECK_EQUAL(kws_read_count(invented, "memory.events", "kill"), 0);
    CHECK_EQUAL(kws_read_count(invented, "absent", "oom"), 0);
    write_file("memory.failcnt", "17\n");
    CHECK_EQUAL(kws_read_count(invented, "memory.failcnt", NULL), 17);
    CHECK_EQUAL(kws_limit_memory(invented, 2, 4096), ENOENT);
    static const char *const names[] = { "memory.max", "memory.swap.max", "memory.oom.group", "memory.limit_in_bytes" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        write_file(names[i], "");
    CHECK_EQUAL(kws_limit_memory(invented, 2, 4096), 0);
    CHECK(file_is("memory.max", "4096") && file_is("memory.swap.max", "0") && file_is("memory.oom.group", "1"));
    CHECK_EQUAL(kws_limit_memory(invented, 1, 8192), 0);
    CHECK(file_is("memory.limit_in_bytes", "8192"));
}

void test_group_places(void)
{
    char command[128];
    strcpy(invented, "/tmp/keyway-groups-XXXXXX");
    NEED(mkdtemp(invented) != NULL);
    test_places();
    test_limit_files();
    snprintf(command, sizeof command, "rm -rf '%s'", invented);
    NEED(system(command) == 0);
}
