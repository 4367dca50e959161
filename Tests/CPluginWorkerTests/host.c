/* A host as small as can be. */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- what the zygote and its workers say ------------------------------------------------------------------ */

static served *find(zygote *zygote, uint32_t tag)
{
    for (served *served = zygote->first; served != NULL; served = served->next) {
        if (served->tag == tag)
            return served;
    }
    return NULL;
}

typedef struct upcall {
    kww_remote *remote;
    kww_worker *worker;
    uint32_t lane;
} upcall;

static void *serve(void *context)
{
    upcall upcall = *(const struct upcall *)context;
    free(context);
    if (kww_serve(upcall.remote, upcall.worker, upcall.lane) != 0)
        kww_worker_kill(upcall.worker, KWW_KILL_PROTOCOL);
    return NULL;
}

/* On a thread of its own: a service may take its time. The worker is freed after the last of them. */
static void start_serving(served *served, uint32_t lane)
{
    pthread_t *thread = &served->server[served->servers % SERVER_LIMIT];
    upcall *upcall = malloc(sizeof *upcall);
    NEED(upcall != NULL);
    *upcall = (struct upcall){ served->remote, served->worker, lane };
    if (served->servers >= SERVER_LIMIT)
        pthread_join(*thread, NULL);
    NEED(pthread_create(thread, NULL, serve, upcall) == 0);
    served->servers++;
}

void stop_serving(served *served)
{
    for (uint32_t i = 0; i < served->servers && i < SERVER_LIMIT; i++)
        pthread_join(served->server[i], NULL);
    served->servers = 0;
}

static void take_report(served *served, const char *bytes, size_t size)
{
    NEED(size == sizeof served->report);
    if (served->reports++ == 0)
        memcpy(&served->report, bytes, size);
}

static void drain(served *served)
{
    static char buffer[KWW_NOTE_LIMIT]; /* only the zygote's thread is here, and there is one at a time */
    ssize_t size;
    while ((size = recv(served->log, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
        kww_note note;
        NEED((size_t)size >= sizeof note);
        memcpy(&note, buffer, sizeof note);
        if (note.kind == KWW_NOTE_UPCALL && served->remote != NULL)
            start_serving(served, note.level);
        else if (note.kind == KWW_NOTE_SANDBOX)
            take_report(served, buffer + sizeof note, (size_t)size - sizeof note);
        else
            served->notes += 1 + note.dropped;
    }
    while ((size = read(served->output, buffer, sizeof buffer)) > 0)
        served->printed += (uint64_t)size;
}

static void tell_end(served *served, uint32_t how, int32_t status)
{
    drain(served);
    kww_worker_ended(served->worker, how, status);
    if (served->remote != NULL)
        kww_remote_refuse(served->remote, "its worker is gone", 0);
    served->has_ended = 1;
}

static int take(zygote *zygote)
{
    _Alignas(8) char buffer[4096];
    int process;
    int64_t size = kww_receive(zygote->socket, buffer, sizeof buffer, &process);
    if (size < (int64_t)sizeof(kww_frame))
        return 0;
    kww_frame frame;
    memcpy(&frame, buffer, sizeof frame);
    NEED(frame.magic == KWW_MAGIC && frame.protocol == KWW_PROTOCOL);
    served *served = find(zygote, frame.tag);
    if (frame.kind == KWW_STARTED) {
        kww_started started;
        memcpy(&started, buffer + sizeof frame, sizeof started);
        served->group_version = started.group_version;
        memcpy(served->group, started.group, sizeof served->group);
        if (process >= 0) {
            served->process = fcntl(process, F_DUPFD_CLOEXEC, 0);
            kww_worker_started(served->worker, process, started.pid);
        } else {
            tell_end(served, KWW_END_START, started.error);
        }
        served->has_started = 1;
    } else if (frame.kind == KWW_EXITED) {
        kww_exited exited;
        memcpy(&exited, buffer + sizeof frame, sizeof exited);
        if (exited.memory_kills > 0)
            kww_worker_lacked_memory(served->worker);
        tell_end(served, KWW_END_EXIT, exited.status);
    } else {
        NEED(frame.kind == KWW_HELLO);
    }
    pthread_cond_broadcast(&zygote->changed);
    return 1;
}

static void *listen_to(void *context)
{
    zygote *zygote = context;
    int runs = 1;
    while (runs) {
        struct pollfd events[2 + 2 * CHANNEL_LIMIT] = { { zygote->socket, POLLIN, 0 }, { zygote->bell, POLLIN, 0 } };
        nfds_t count = 2;
        pthread_mutex_lock(&zygote->lock);
        for (served *served = zygote->first; served != NULL && count < 2 + 2 * CHANNEL_LIMIT; served = served->next) {
            /* The other end is closed when it has ended: there is nothing to wait for. */
            if (served->has_ended)
                continue;
            events[count++] = (struct pollfd){ served->log, POLLIN, 0 };
            events[count++] = (struct pollfd){ served->output, POLLIN, 0 };
        }
        pthread_mutex_unlock(&zygote->lock);
        if (poll(events, count, -1) < 0 && errno != EINTR)
            abort();
        uint64_t rung;
        if (events[1].revents != 0 && read(zygote->bell, &rung, sizeof rung) < 0 && errno != EAGAIN)
            abort();
        pthread_mutex_lock(&zygote->lock);
        for (served *served = zygote->first; served != NULL; served = served->next) {
            if (!served->has_ended)
                drain(served);
        }
        if (events[0].revents != 0)
            runs = take(zygote);
        pthread_mutex_unlock(&zygote->lock);
    }
    pthread_mutex_lock(&zygote->lock);
    zygote->is_gone = 1;
    for (served *served = zygote->first; served != NULL; served = served->next) {
        if (!served->has_ended)
            tell_end(served, KWW_END_ZYGOTE, 0);
        served->has_started = 1;
    }
    pthread_cond_broadcast(&zygote->changed);
    pthread_mutex_unlock(&zygote->lock);
    return NULL;
}

/* ---- zygotes -------------------------------------------------------------------------------------------- */

kww_sandbox usual_sandbox(void)
{
    kws_policy policy;
    kws_policy_make(&policy);
    kww_sandbox sandbox = { .is_used = 1, .may = policy.may, .uid = policy.uid, .gid = policy.gid };
    memcpy(sandbox.wanted, policy.wanted, sizeof policy.wanted);
    return sandbox;
}

void start_zygote(zygote *zygote, const char *program, const char *variable)
{
    char path[4096], copy[256] = { 0 };
    char *environment[] = { variable != NULL ? copy : NULL, NULL };
    if (variable != NULL)
        snprintf(copy, sizeof copy, "%s", variable);
    memset(zygote, 0, sizeof *zygote);
    pthread_mutex_init(&zygote->lock, NULL);
    pthread_cond_init(&zygote->changed, NULL);
    zygote->bell = kww_open_bell();
    NEED(zygote->bell >= 0);
    int reason = kww_spawn_zygote(built(program != NULL ? program : "keyway-worker", path), environment,
                                  &zygote->socket, &zygote->pid);
    NEED(reason == 0 && take(zygote));
    NEED(pthread_create(&zygote->thread, NULL, listen_to, zygote) == 0);
}

void end_zygote(zygote *zygote)
{
    kww_end_zygote(zygote->socket, zygote->pid);
    pthread_join(zygote->thread, NULL);
    NEED(zygote->first == NULL);
    close(zygote->socket);
    close(zygote->bell);
    pthread_cond_destroy(&zygote->changed);
    pthread_mutex_destroy(&zygote->lock);
}

/* ---- workers -------------------------------------------------------------------------------------------- */

static size_t write_environment(const recipe *recipe, char *to)
{
    size_t at = 0;
    for (int i = 0; i < 4 && recipe->environment[i] != NULL; i++) {
        size_t length = strlen(recipe->environment[i]) + 1;
        memcpy(to + at, recipe->environment[i], length);
        at += length;
    }
    return at;
}

static uint32_t lanes_of(const recipe *recipe)
{
    return recipe->is_probe ? 0 : recipe->lanes != 0 ? recipe->lanes : ANY_LANES;
}

/* The plugin's bytes in a file of nobody's folder, as a host has them: a sandbox grants no folder of plugins. */
static int open_image(const char *name)
{
    char path[4096];
    int from = open(built(name, path), O_RDONLY | O_CLOEXEC), to = memfd_create(name, MFD_CLOEXEC);
    NEED(from >= 0 && to >= 0);
    while (sendfile(to, from, NULL, 1 << 20) > 0)
        ;
    close(from);
    return to;
}

/* What the worker is told of interfaces, or the number of bytes if to is NULL. */
static uint32_t write_described(const recipe *recipe, void *to, uint64_t room)
{
    const kwm_interface *list[KWM_DESCRIBED_LIMIT];
    uint64_t length = 0;
    if (recipe->told != NULL) {
        NEED(recipe->told_size <= room);
        memcpy(to, recipe->told, recipe->told_size);
        return recipe->told_size;
    }
    if (recipe->interfaces == NULL)
        return 0;
    for (uint32_t i = 0; i < recipe->interfaces->count; i++)
        list[i] = &recipe->interfaces->interface[i];
    static _Alignas(16) unsigned char bytes[KWM_DESCRIPTION_LIMIT]; /* with the zygote's lock held */
    NEED(kwm_describe(list, recipe->interfaces->count, bytes, sizeof bytes, &length) == KW_OK && length <= room);
    memcpy(to, bytes, length);
    return (uint32_t)length;
}

static void send_spawn(served *served, const recipe *recipe, int host_file, int worker_file)
{
    char body[sizeof(kww_spawn) + sizeof(kww_sandbox) + 1024 + KWM_DESCRIPTION_LIMIT];
    int log[2], output[2];
    int plugin = open_image(recipe->plugin != NULL ? recipe->plugin : "trouble.so");
    NEED(kww_open_channel(log, output) == 0);
    served->log = log[0];
    served->output = output[0];
    kww_spawn spawn = recipe->spawn;
    spawn.lanes = lanes_of(recipe);
    kww_sandbox sandbox = recipe->sandbox;
    const size_t fixed = sizeof spawn + sizeof sandbox;
    spawn.environment = (uint32_t)write_environment(recipe, body + fixed);
    spawn.described = write_described(recipe, body + fixed + spawn.environment, KWM_DESCRIPTION_LIMIT);
    memcpy(body, &spawn, sizeof spawn);
    memcpy(body + sizeof spawn, &sandbox, sizeof sandbox);
    kww_frame frame = { KWW_MAGIC, KWW_PROTOCOL, KWW_SPAWN, served->tag };
    int files[5 + 4] = { host_file, worker_file, log[1], output[1], plugin };
    size_t count = spawn.is_rehearsal ? 4 : 5;
    for (uint32_t i = 0; i < sandbox.grants; i++)
        NEED((files[count++] = open(recipe->grants[i], O_PATH | O_CLOEXEC)) >= 0);
    int result = kww_send(served->zygote->socket, &frame, body, fixed + spawn.environment + spawn.described, files, count);
    int is_gone = result != 0 && (errno == EPIPE || errno == ECONNRESET);
    NEED(result == 0 || is_gone);
    if (is_gone) {
        tell_end(served, KWW_END_ZYGOTE, 0);
        served->has_started = 1;
    }
    for (uint32_t i = 0; i < sandbox.grants; i++)
        close(files[count - 1 - i]);
    close(log[1]);
    close(output[1]);
    close(plugin);
}

served *start_worker(zygote *zygote, const recipe *recipe)
{
    static const struct recipe plain;
    if (recipe == NULL)
        recipe = &plain;
    int host_file, worker_file;
    served *served = calloc(1, sizeof *served);
    NEED(served != NULL);
    served->zygote = zygote;
    served->process = -1;
    served->interfaces = recipe->interfaces;
    served->worker = kww_worker_make(lanes_of(recipe), KW_SDK, KW_SDK, KW_SDK, &host_file, &worker_file);
    NEED(served->worker != NULL);
    pthread_mutex_lock(&zygote->lock);
    served->tag = ++zygote->tag;
    send_spawn(served, recipe, host_file, worker_file);
    served->next = zygote->first;
    zygote->first = served;
    uint64_t one = 1;
    NEED(write(zygote->bell, &one, sizeof one) > 0);
    while (!served->has_started)
        pthread_cond_wait(&zygote->changed, &zygote->lock);
    pthread_mutex_unlock(&zygote->lock);
    close(host_file);
    close(worker_file);
    int64_t patience = recipe->patience_ns != 0 ? recipe->patience_ns : 10000000000;
    served->state = kww_worker_await(served->worker, now_ns() + patience, &served->description, served->message,
                                     sizeof served->message);
    return served;
}

served *start_instance(zygote *zygote, const recipe *recipe)
{
    served *served = start_worker(zygote, recipe);
    if (served->state == KWW_STATE_READY) {
        kww_remote *remote = remote_of(served, NULL);
        kw_status status = create_in(remote);
        free_remote(remote, served);
        if (status == KW_OK)
            return served;
    }
    end_worker_of(served);
    return NULL;
}

void await_end(served *served)
{
    pthread_mutex_lock(&served->zygote->lock);
    while (!served->has_ended)
        pthread_cond_wait(&served->zygote->changed, &served->zygote->lock);
    pthread_mutex_unlock(&served->zygote->lock);
}

void end_worker_of(served *served)
{
    zygote *zygote = served->zygote;
    kww_worker_kill(served->worker, KWW_KILL_RETIRED);
    await_end(served);
    pthread_mutex_lock(&zygote->lock);
    for (struct served **at = &zygote->first; *at != NULL; at = &(*at)->next) {
        if (*at == served) {
            *at = served->next;
            break;
        }
    }
    pthread_mutex_unlock(&zygote->lock);
    close(served->log);
    close(served->output);
    if (served->process >= 0)
        close(served->process);
    kww_worker_free(served->worker);
    free(served);
}

/* ---- what is left --------------------------------------------------------------------------------------- */

/* Entries of a folder of /proc that are links to what contains the text. */
static int count_links(const char *folder, const char *text)
{
    int count = 0;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        char path[512], target[512];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        ssize_t length = readlink(path, target, sizeof target - 1);
        if (length < 0)
            continue;
        target[length] = '\0';
        count += strstr(target, text) != NULL;
    }
    if (entries != NULL)
        closedir(entries);
    return count;
}

static int count_lines(const char *path, const char *text)
{
    char line[1024];
    int count = 0;
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        count += strstr(line, text) != NULL;
    if (file != NULL)
        fclose(file);
    return count;
}

static int count_children(int32_t pid)
{
    char path[64];
    int count = 0, child;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fscanf(file, "%d", &child) == 1)
        count++;
    if (file != NULL)
        fclose(file);
    return count;
}

int count_descriptors(void)
{
    return count_links("/proc/self/fd", "");
}

possessions count_possessions(const zygote *zygote)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", zygote->pid);
    return (possessions){
        .descriptors = count_descriptors(),
        .files = count_links("/proc/self/fd", "memfd:keyway") + count_lines("/proc/self/maps", "memfd:keyway"),
        .children = count_children(zygote->pid),
        .zygote_descriptors = count_links(path, ""),
    };
}

/* Less is no leak: when it was counted before, something may still have been under way. */
static int is_no_more(possessions before, possessions after)
{
    return after.descriptors <= before.descriptors && after.files <= before.files && after.children <= before.children
        && after.zygote_descriptors <= before.zygote_descriptors;
}

int is_same_possession(possessions before, possessions after)
{
    int is_same = is_no_more(before, after);
    if (!is_same)
        fprintf(stderr, "descriptors %d -> %d, memory files %d -> %d, children %d -> %d, the zygote's %d -> %d\n",
                before.descriptors, after.descriptors, before.files, after.files, before.children, after.children,
                before.zygote_descriptors, after.zygote_descriptors);
    return is_same;
}

int is_settled(const zygote *zygote, possessions before)
{
    int64_t deadline = now_ns() + 10000000000;
    possessions now = count_possessions(zygote);
    while (!is_no_more(before, now) && now_ns() < deadline)
        now = count_possessions(zygote);
    return is_same_possession(before, now);
}

uint64_t resident(void)
{
    unsigned long size = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    NEED(file != NULL && fscanf(file, "%lu %lu", &size, &pages) == 2);
    fclose(file);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
