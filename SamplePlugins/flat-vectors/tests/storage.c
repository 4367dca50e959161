/* What survives: reopening, compaction, a full disk, several holders of one folder, a process that is killed. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "stored_items.h"

static void what_was_written_is_there_after_reopening(void)
{
    static const char *const names[] = { "plain", "../up", ".hidden", "a/b", "sp ace", "\xc3\xa4", "." };
    char long_name[201], longer_name[201];
    memset(long_name, '/', 200);
    memset(longer_name, '/', 200);
    long_name[200] = longer_name[200] = '\0';
    longer_name[199] = 'x';
    kw_instance *instance = open_instance(folder, "");
    for (size_t n = 0; n < 7; n++)
        CHECK(put_numbered(instance, names[n], 1, (uint32_t)n) == KW_OK);
    CHECK(put_numbered(instance, long_name, 1, 100) == KW_OK && put_numbered(instance, longer_name, 1, 101) == KW_OK);
    CHECK(ensure(instance, "empty", 7, KW_METRIC_L2, "space/1") == KW_OK);
    CHECK(put_numbered(instance, "plain", 2, 50) == KW_OK && put_numbered(instance, "plain", 1, 51) == KW_OK);
    close_instance(instance);
    instance = open_instance(folder, "");
    CHECK(holds(instance, "plain", 1, 51) && holds(instance, "plain", 2, 50) && items_of(instance, "plain") == 2);
    for (size_t n = 1; n < 7; n++)
        CHECK(holds(instance, names[n], 1, (uint32_t)n) && items_of(instance, names[n]) == 1);
    CHECK(holds(instance, long_name, 1, 100) && holds(instance, longer_name, 1, 101));
    CHECK(ensure(instance, "empty", 7, KW_METRIC_L2, "space/2") == KW_FAILED_PRECONDITION);
    CHECK(ensure(instance, "empty", 7, KW_METRIC_L2, "space/1") == KW_OK);
    test_call call;
    kw_none none = { .h = KW_HDR(kw_none) };
    test_call_begin(&call);
    CHECK(backend->repos(instance, &call.call, &none) == KW_OK);
    const kw_repos_out *out = call.reply;
    CHECK(out->repos.count == 10);
    for (uint32_t i = 1; i < out->repos.count; i++) {
        kw_str a = ((const kw_repo_info *)kw_at(out->repos, i - 1))->repo;
        kw_str b = ((const kw_repo_info *)kw_at(out->repos, i))->repo;
        CHECK(memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len) <= 0);
    }
    test_call_end(&call);
    CHECK(wipe(instance, "plain") == KW_OK && access(path_of("plain"), F_OK) != 0);
    close_instance(instance);
}

static void superseded_rows_are_given_back(void)
{
    kw_instance *instance = open_instance(folder, "");
    struct stat status;
    float rows[64][256] = { { 0 } };
    kw_str ids[64];
    char names[64][16];
    for (uint32_t i = 0; i < 64; i++) {
        snprintf(names[i], sizeof names[i], "%u", i);
        ids[i] = kw_string(names[i]);
    }
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < 64; i++)
            rows[i][i] = (float)(round + 1);
        CHECK(upsert(instance, "compact", 64, ids, rows[0], 256, NULL, NULL) == KW_OK);
    }
    CHECK(stat(path_of("compact"), &status) == 0 && status.st_size < 64 * 1024 * 4);
    close_instance(instance);
    instance = open_instance(folder, "");
    CHECK(items_of(instance, "compact") == 64);
    kw_query q = query_of(rows[5], 256, 1);
    q.include = KW_INCLUDE_VECTOR;
    test_call call;
    kw_status result;
    const kw_query_result *r = search(instance, "compact", &q, &call, &result);
    CHECK(result == KW_OK && memcmp(((const kw_hit *)r->hits.ptr)->vector, rows[5], sizeof rows[5]) == 0);
    test_call_end(&call);
    close_instance(instance);
}

/* A limit on the file's size stands for a full disk: the write stops in the middle of a record. */
static void a_write_that_fails_changes_nothing(void)
{
    kw_instance *instance = open_instance(folder, "");
    struct stat before, after;
    struct rlimit usual, tight;
    CHECK(put_numbered(instance, "full", 1, 1) == KW_OK && put_numbered(instance, "full", 2, 2) == KW_OK);
    CHECK(stat(path_of("full"), &before) == 0 && getrlimit(RLIMIT_FSIZE, &usual) == 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t more = 0; more < 60; more += 7) {
        tight = (struct rlimit) { (rlim_t)before.st_size + more, usual.rlim_max };
        CHECK(setrlimit(RLIMIT_FSIZE, &tight) == 0);
        CHECK(put_numbered(instance, "full", 1, 9) == KW_RESOURCE_EXHAUSTED);
        CHECK(put_numbered(instance, "full", 3, 3) == KW_RESOURCE_EXHAUSTED);
        CHECK(setrlimit(RLIMIT_FSIZE, &usual) == 0);
        CHECK(stat(path_of("full"), &after) == 0 && after.st_size == before.st_size);
        CHECK(holds(instance, "full", 1, 1) && holds(instance, "full", 2, 2) && items_of(instance, "full") == 2);
    }
    signal(SIGXFSZ, SIG_DFL);
    CHECK(put_numbered(instance, "full", 3, 3) == KW_OK);
    close_instance(instance);
    instance = open_instance(folder, "");
    CHECK(holds(instance, "full", 1, 1) && holds(instance, "full", 3, 3) && items_of(instance, "full") == 3);
    close_instance(instance);
}

/* Two instances have descriptors of their own, so they stand to each other as two processes do. */
static void two_holders_of_a_folder_see_each_others_writes(void)
{
    kw_instance *a = open_instance(folder, ""), *b = open_instance(folder, "{\"lockWaitMs\":20}");
    CHECK(put_numbered(a, "both", 1, 1) == KW_OK && holds(b, "both", 1, 1));
    CHECK(put_numbered(b, "both", 2, 2) == KW_OK && holds(a, "both", 2, 2));
    CHECK(put_numbered(a, "both", 1, 3) == KW_OK && holds(b, "both", 1, 3) && items_of(b, "both") == 2);
    float row[4000] = { 1 };
    CHECK(wipe(a, "both") == KW_OK && items_of(b, "both") == UINT64_MAX);
    for (int i = 0; i < 30; i++) /* until it is compacted under the other's eyes */
        CHECK(put(a, "big", "x", row, 4000, "") == KW_OK && items_of(b, "big") == 1);
    CHECK(wipe(b, "big") == KW_OK && put_numbered(a, "big", 1, 1) == KW_OK && holds(b, "big", 1, 1));

    char path[600];
    snprintf(path, sizeof path, "%s/.lock", folder);
    int other = open(path, O_RDWR);
    CHECK(flock(other, LOCK_EX) == 0);
    CHECK(items_of(b, "big") == UINT64_MAX && strstr(last_message, "lockWaitMs") != NULL);
    CHECK(put_numbered(b, "big", 1, 1) == KW_UNAVAILABLE);
    test_call call;
    kw_repo_in in = { .h = KW_HDR(kw_repo_in), .repo = kw_string("big") };
    test_call_begin(&call);
    call.call.deadline_ns = test_now_ns() + 1000000;
    CHECK(done(&call, backend->wipe(a, &call.call, &in)) == KW_DEADLINE_EXCEEDED);
    close(other);
    CHECK(items_of(b, "big") == 1);
    close_instance(a);
    close_instance(b);
}

static void *write_many(void *argument)
{
    for (uint32_t n = 0; n < 100; n++)
        CHECK(put_numbered(argument, "threads", n, n) == KW_OK);
    return NULL;
}

static void *read_many(void *argument)
{
    for (uint32_t n = 0; n < 300; n++)
        (void)holds(argument, "threads", n % 100, n % 100);
    return NULL;
}

static void threads_and_holders_may_work_at_once(void)
{
    kw_instance *a = open_instance(folder, ""), *b = open_instance(folder, "");
    pthread_t threads[4];
    CHECK(ensure(a, "threads", 4, KW_METRIC_COSINE, "") == KW_OK);
    CHECK(pthread_create(&threads[0], NULL, write_many, a) == 0);
    CHECK(pthread_create(&threads[1], NULL, read_many, a) == 0);
    CHECK(pthread_create(&threads[2], NULL, write_many, b) == 0);
    CHECK(pthread_create(&threads[3], NULL, read_many, b) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (uint32_t n = 0; n < 100; n++)
        CHECK(holds(a, "threads", n, n) && holds(b, "threads", n, n));
    CHECK(items_of(a, "threads") == 100);
    close_instance(a);
    close_instance(b);
}

/* A process writes and says after each upsert how far it is; it is killed while it writes. */
static void a_killed_process_loses_nothing_it_was_told_of(void)
{
    for (uint32_t round = 0; round < 10; round++) {
        int told[2];
        uint32_t last = 0, n;
        CHECK(pipe(told) == 0);
        pid_t pid = fork();
        if (pid == 0) {
            kw_instance *instance = open_instance(folder, "");
            for (n = 1; put_numbered(instance, "killed", n, n + round) == KW_OK; n++)
                if (write(told[1], &n, sizeof n) != (ssize_t)sizeof n)
                    break;
            _exit(1);
        }
        close(told[1]);
        while (last < 20 + round * 3 && read(told[0], &n, sizeof n) == (ssize_t)sizeof n)
            last = n;
        kill(pid, SIGKILL);
        while (read(told[0], &n, sizeof n) == (ssize_t)sizeof n)
            last = n;
        waitpid(pid, NULL, 0);
        close(told[0]);
        kw_instance *instance = open_instance(folder, "");
        CHECK(last >= 20 && items_of(instance, "killed") >= last);
        for (n = 1; n <= last; n++)
            CHECK(holds(instance, "killed", n, n + round));
        close_instance(instance);
    }
}

int main(void)
{
    start();
    test_folder_make(folder, sizeof folder);
    what_was_written_is_there_after_reopening();
    superseded_rows_are_given_back();
    a_write_that_fails_changes_nothing();
    two_holders_of_a_folder_see_each_others_writes();
    threads_and_holders_may_work_at_once();
    a_killed_process_loses_nothing_it_was_told_of();
    test_folder_remove(folder);
    return test_finish();
}
