/* Who ends with whom: zygote, workers, host, and the thread that started it all. */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* As long as a machine that is busy may take. */
#define PATIENCE_MS 20000

static int open_process(int32_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int awaits_end(int process)
{
    struct pollfd end = { .fd = process, .events = POLLIN };
    int count;
    do
        count = poll(&end, 1, PATIENCE_MS);
    while (count < 0 && errno == EINTR);
    return count == 1;
}

static void *ask_to_sleep(void *context)
{
    outcome outcome = ask_text(context, "sleep");
    CHECK_EQUAL(outcome.fault.kind, KWW_FAULT_LOST);
    return NULL;
}

/* Does nothing wrong, and loses its worker; `end` is what ends it. */
static void lose_call(void (*end)(zygote *zygote, served *served), uint32_t how)
{
    zygote zygote;
    start_zygote(&zygote, NULL, NULL);
    served *served = start_instance(&zygote, NULL);
    NEED(served != NULL);
    kww_remote *remote = remote_of(served, NULL);
    pthread_t thread;
    kww_facts facts;
    NEED(pthread_create(&thread, NULL, ask_to_sleep, remote) == 0);
    do
        kww_worker_facts(served->worker, &facts);
    while (facts.busy == 0);
    end(&zygote, served);
    pthread_join(thread, NULL);
    await_end(served);
    CHECK(awaits_end(served->process));
    kww_worker_facts(served->worker, &facts);
    CHECK_EQUAL(facts.ended, how);
    free_remote(remote, served);
    end_worker_of(served);
    end_zygote(&zygote);
}

static void kill_zygote(zygote *zygote, served *served)
{
    (void)served;
    kill(zygote->pid, SIGKILL);
}

static void stop_zygote(zygote *zygote, served *served)
{
    (void)served;
    kill(zygote->pid, SIGTERM);
}

static void retire(zygote *zygote, served *served)
{
    (void)zygote;
    kww_worker_kill(served->worker, KWW_KILL_RETIRED);
}

/* ---- a host that is killed ------------------------------------------------------------------------------ */

int be_victim(void)
{
    zygote zygote;
    start_zygote(&zygote, NULL, NULL);
    printf("%d", zygote.pid);
    for (int i = 0; i < 4; i++) {
        static const char *const texts[] = { "answer", "child stays", "child leaves", "answer" };
        served *served = start_instance(&zygote, NULL);
        NEED(served != NULL);
        kww_remote *remote = remote_of(served, NULL);
        NEED(ask_text(remote, texts[i]).status == KW_OK);
        kww_facts facts;
        kww_worker_facts(served->worker, &facts);
        printf(" %d", facts.pid);
        char path[64];
        /* A lane's thread made them. */
        for (int32_t thread = facts.pid + 1; thread < facts.pid + 8; thread++) {
            snprintf(path, sizeof path, "/proc/%d/task/%d/children", facts.pid, thread);
            FILE *children = fopen(path, "re");
            int child;
            while (children != NULL && fscanf(children, "%d", &child) == 1)
                printf(" %d", child);
            if (children != NULL)
                fclose(children);
        }
    }
    printf("\n");
    fflush(stdout);
    for (;;)
        pause();
}

static void kill_host(void)
{
    char folder[4096], line[1024] = { 0 };
    int ends[2], processes[32];
    pid_t host;
    posix_spawn_file_actions_t actions;
    NEED(pipe2(ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    built("", folder);
    char self[] = "victim", flag[] = "--victim";
    char *arguments[] = { self, folder, flag, NULL };
    NEED(posix_spawn(&host, "/proc/self/exe", &actions, NULL, arguments, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE *numbers = fdopen(ends[0], "r");
    NEED(numbers != NULL && fgets(line, sizeof line, numbers) != NULL);
    int count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, " \n", &rest); word != NULL && count < 32; word = strtok_r(NULL, " \n", &rest)) {
        processes[count] = open_process(atoi(word));
        NEED(processes[count] >= 0);
        count++;
    }
    CHECK(count >= 6);
    int64_t begin = now_ns();
    kill(host, SIGKILL);
    for (int i = 0; i < count; i++) {
        CHECK(awaits_end(processes[i]));
        close(processes[i]);
    }
    if (getenv("KEYWAY_TEST_TIMES") != NULL)
        fprintf(stderr, "%d processes were gone %.1f ms after their host\n", count, (double)(now_ns() - begin) / 1e6);
    waitpid(host, NULL, 0);
    fclose(numbers);
}

/* ---- threads -------------------------------------------------------------------------------------------- */

static int32_t zygote_of_thread;
static int socket_of_thread;

static void *start_and_leave(void *context)
{
    char path[4096];
    char *environment[] = { NULL };
    char hello[256];
    int none;
    (void)context;
    NEED(kww_spawn_zygote(built("keyway-worker", path), environment, &socket_of_thread, &zygote_of_thread) == 0);
    /* Before that it has not asked for the signal. */
    NEED(kww_receive(socket_of_thread, hello, sizeof hello, &none) > 0);
    return NULL;
}

/* The kernel takes the end of the thread for the end of the parent: it is documented, and so it has to stay true. */
static void end_spawning_thread(void)
{
    char buffer[256];
    int none;
    pthread_t thread;
    NEED(pthread_create(&thread, NULL, start_and_leave, NULL) == 0);
    pthread_join(thread, NULL);
    int process = open_process(zygote_of_thread);
    CHECK(process >= 0 && awaits_end(process));
    while (kww_receive(socket_of_thread, buffer, sizeof buffer, &none) > 0)
        ;
    kww_end_zygote(socket_of_thread, zygote_of_thread);
    close(process);
    close(socket_of_thread);
}

static void *call_and_leave(void *context)
{
    CHECK_EQUAL(ask_text(context, "answer").status, KW_OK);
    return NULL;
}

/* Other threads come and go. */
static void end_other_thread(void)
{
    zygote zygote;
    pthread_t thread;
    start_zygote(&zygote, NULL, NULL);
    served *served = start_instance(&zygote, NULL);
    NEED(served != NULL);
    kww_remote *remote = remote_of(served, NULL);
    for (int i = 0; i < 10; i++) {
        NEED(pthread_create(&thread, NULL, call_and_leave, remote) == 0);
        pthread_join(thread, NULL);
    }
    CHECK_EQUAL(ask_text(remote, "answer").status, KW_OK);
    free_remote(remote, served);
    end_worker_of(served);
    end_zygote(&zygote);
}

/* Descriptors of the host that nobody closed do not reach a worker. */
static void inherit_nothing(void)
{
    zygote zygote;
    int open_files[50];
    char path[64];
    for (int i = 0; i < 50; i++)
        NEED((open_files[i] = open("/dev/null", O_RDONLY)) >= 0); /* without O_CLOEXEC */
    start_zygote(&zygote, NULL, NULL);
    served *served = start_instance(&zygote, NULL);
    NEED(served != NULL);
    kww_facts facts;
    kww_worker_facts(served->worker, &facts);
    possessions ours = count_possessions(&zygote);
    /* Input, output twice, socket, signals. */
    CHECK_EQUAL(ours.zygote_descriptors, 5);
    snprintf(path, sizeof path, "/proc/%d/fd", facts.pid);
    int count = 0;
    for (int i = 0; i < 64; i++) {
        char link[96], target[256];
        snprintf(link, sizeof link, "%s/%d", path, i);
        count += readlink(link, target, sizeof target) >= 0;
    }
    /* Input, output twice, log, the plugin. Nobody but root sees those of a process that is not dumpable. */
    CHECK_EQUAL(count, geteuid() == 0 ? 5 : 0);
    for (int i = 0; i < 50; i++)
        close(open_files[i]);
    end_worker_of(served);
    end_zygote(&zygote);
}

void test_lifetimes(void)
{
    lose_call(kill_zygote, KWW_END_ZYGOTE);
    lose_call(stop_zygote, KWW_END_ZYGOTE);
    lose_call(retire, KWW_END_EXIT);
    kill_host();
    end_spawning_thread();
    end_other_thread();
    inherit_nothing();
}

/* ---- seals ---------------------------------------------------------------------------------------------- */

static int note_attack(void *context, const kw_event *event)
{
    char *said = context;
    size_t length = strlen(said);
    snprintf(said + length, 4096 - length, "%.*s\n", (int)event->text.len, event->text.ptr);
    return 0;
}

void test_seals(void)
{
    zygote zygote;
    char said[4096] = { 0 };
    start_zygote(&zygote, NULL, NULL);
    served *served = start_instance(&zygote, NULL);
    NEED(served != NULL);
    kww_remote *remote = remote_of(served, NULL);
    event_log events = { .on_event = note_attack, .context = said };
    question question = { .text = "attack", .events = &events };
    outcome outcome;
    ask(remote, &question, &outcome);
    CHECK_EQUAL(outcome.status, KW_OK);
    CHECK(strstr(said, "H is mapped possible") != NULL);
    static const char *const refused[] = { "mprotect", "map H", "write H", "shrink H", "grow H", "unseal H", "shrink W",
                                           "grow W", "unseal W" };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char possible[64];
        snprintf(possible, sizeof possible, "%s possible", refused[i]);
        CHECK(strstr(said, possible) == NULL);
    }
    /* Root gets at the files through /proc, and everything was tried; others do not even get there. */
    if (strstr(said, "open H possible") != NULL) {
        CHECK(strstr(said, "map W possible") != NULL);
        CHECK(strstr(said, "shrink W refused") != NULL && strstr(said, "write H refused") != NULL);
    }
    CHECK_EQUAL(ask_text(remote, "answer").status, KW_OK);
    free_remote(remote, served);
    end_worker_of(served);
    end_zygote(&zygote);
}
