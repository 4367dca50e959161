#define _GNU_SOURCE
#include "survivors.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUND_MILLISECONDS 250
/* A process that hangs in the kernel, or one that only another user may kill, must not hold the run for ever. */
#define MOST_SECONDS 3

typedef struct process {
    int64_t pid, parent;
    char state;
    unsigned long long started; /* tells a process from a later one of the same id */
} process;

typedef struct process_list {
    process *list;
    size_t count, room;
} process_list;

static bool read_process(int64_t pid, process *out)
{
    char path[64], text[512];
    long long parent;
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    /* The name, in parentheses, may hold anything; the last one ends it. */
    const char *rest = strrchr(text, ')');
    out->pid = pid;
    if (rest == NULL || sscanf(rest + 1, " %c %lld %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                               &out->state, &parent, &out->started) != 3)
        return false;
    out->parent = parent;
    return true;
}

static bool keep(process_list *all, const process *one)
{
    if (all->count == all->room) {
        size_t room = all->room * 2 + 256;
        process *larger = realloc(all->list, room * sizeof *larger);
        if (larger == NULL)
            return false;
        all->list = larger;
        all->room = room;
    }
    all->list[all->count++] = *one;
    return true;
}

static void read_all(process_list *all)
{
    DIR *folder = opendir("/proc");
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        process one;
        char *end;
        long long pid = strtoll(entry->d_name, &end, 10);
        if (pid > 0 && *end == '\0' && read_process(pid, &one) && !keep(all, &one))
            break;
    }
    if (folder != NULL)
        closedir(folder);
}

static const process *find(const process_list *all, int64_t pid)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->list[i].pid == pid)
            return &all->list[i];
    return NULL;
}

static bool descends(const process_list *all, const process *from, int64_t ancestor)
{
    /* As many steps as there are processes: the list is no snapshot, so a circle is thinkable. */
    for (size_t step = 0; from != NULL && step <= all->count; step++) {
        if (from->parent == ancestor)
            return true;
        from = find(all, from->parent);
    }
    return false;
}

/* Running descendants of the reaper; the value is how many there are, also of those for which there is no room. */
static size_t find_descendants(const reaper *r, process *out, size_t most)
{
    process_list all = { NULL, 0, 0 };
    size_t count = 0;
    read_all(&all);
    for (size_t i = 0; i < all.count; i++)
        if (strchr("ZXx", all.list[i].state) == NULL && descends(&all, &all.list[i], r->pid)) {
            if (count < most)
                out[count] = all.list[i];
            count++;
        }
    free(all.list);
    return count;
}

void survivors_find(const reaper *r, survivors *out)
{
    process found[SURVIVORS_MOST];
    size_t count = find_descendants(r, found, SURVIVORS_MOST);
    out->count = count < SURVIVORS_MOST ? (uint32_t)count : SURVIVORS_MOST;
    for (uint32_t i = 0; i < out->count; i++)
        out->pids[i] = found[i].pid;
}

/* By descriptor, and only if it is still the process that was seen: its id may have been given to another. Waits for its
 * end, but not for ever. Value: false if it may not be killed. */
static bool kill_one(const process *seen)
{
    process now;
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)seen->pid, 0);
    if (fd < 0)
        return true; /* gone meanwhile */
    bool is_same = read_process(seen->pid, &now) && now.started == seen->started;
    bool is_killed = is_same && syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
    if (is_killed) {
        struct pollfd end = { .fd = fd, .events = POLLIN };
        (void)poll(&end, 1, ROUND_MILLISECONDS);
    }
    close(fd);
    return is_killed || !is_same;
}

void survivors_end(reaper *r, survivors *out)
{
    process found[SURVIVORS_MOST];
    bool left = true;
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    now = start;
    for (; left && now.tv_sec - start.tv_sec < MOST_SECONDS; clock_gettime(CLOCK_MONOTONIC, &now)) {
        size_t count = find_descendants(r, found, SURVIVORS_MOST);
        bool any = count == 0;
        if (count == 0)
            (void)poll(NULL, 0, 1); /* they are ending just now, or /proc does not show them */
        for (size_t i = 0; i < count && i < SURVIVORS_MOST; i++)
            any = kill_one(&found[i]) || any;
        left = reaper_collect_again(r);
        if (!any)
            break;
    }
    out->count = 0;
    if (left)
        survivors_find(r, out);
}
