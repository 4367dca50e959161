/* Commits: versions rise with each, and threads that read and write at once see whole ones. */
#include <pthread.h>
#include <unistd.h>

#include "batches.h"
#include "contents.h"

static char folder[512];

/* ---- versions ------------------------------------------------------------------------------------------- */

static uint64_t version_of(kw_instance *i, const char *repo)
{
    test_call call;
    kw_none none = { .h = KW_HDR(kw_none) };
    uint64_t version = 0;
    test_call_begin(&call);
    CHECK(backend->repos(i, &call.call, &none) == KW_OK);
    const kw_repos_out *out = call.reply;
    for (uint32_t n = 0; n < out->repos.count; n++) {
        const kw_repo_info *info = kw_at(out->repos, n);
        if (kw_equal(info->repo, kw_string(repo))) {
            version = info->version;
            CHECK(kw_equal(info->index_json, kw_string("{\"kind\":\"flat\"}")) && info->bytes > 0);
        }
    }
    test_call_end(&call);
    return version;
}

static void versions_rise_with_each_commit_and_are_kept(const char *where)
{
    kw_instance *instance = open_instance(where, "");
    char path[600];
    uint64_t count, last, now;
    test_call call;
    kw_status status;
    kw_str id = KW_STR("k00000");
    float vector[3] = { 1, 0, 0 };
    CHECK(ensure(instance, "v", 3, KW_METRIC_COSINE, "") == KW_OK);
    last = version_of(instance, "v");
    CHECK(last > 0);
    put_many(instance, "v", 0, 5);
    now = version_of(instance, "v");
    CHECK(now > last);
    last = now;
    CHECK(updated(instance, "v", (kw_span) { NULL, 0, 0 }, "{\"a\":1}", &count) == KW_OK);
    now = version_of(instance, "v");
    CHECK(now > last);
    const kw_items_out *out = get(instance, "v", &id, 1, 0, &call, &status);
    CHECK(((const kw_item *)out->items.ptr)->version == now);
    test_call_end(&call);
    put_many(instance, "v", 7, 1);
    out = get(instance, "v", &id, 1, 0, &call, &status);
    CHECK(((const kw_item *)out->items.ptr)->version == now); /* not touched by that one */
    test_call_end(&call);
    last = version_of(instance, "v");
    CHECK(flush(instance, "v", KW_FLUSH_COMPACT) == KW_OK && version_of(instance, "v") == last);
    if (where != NULL) {
        close_instance(instance);
        instance = open_instance(where, "");
        CHECK(version_of(instance, "v") == last);
    }
    out = get(instance, "v", &id, 1, 0, &call, &status);
    CHECK(((const kw_item *)out->items.ptr)->version == now);
    test_call_end(&call);
    kw_query q = query_of(vector, 3, 1);
    q.consistency = last;
    CHECK(query_status(instance, "v", &q) == KW_OK);
    q.consistency = last + 1;
    CHECK(query_status(instance, "v", &q) == KW_UNIMPLEMENTED && strstr(last_message, "consistency") != NULL);
    CHECK(removed(instance, "v", (kw_span) { NULL, 0, 0 }, &count) == KW_OK && version_of(instance, "v") > last);
    last = version_of(instance, "v");
    CHECK(removed(instance, "v", (kw_span) { NULL, 0, 0 }, &count) == KW_OK && version_of(instance, "v") == last);
    snprintf(path, sizeof path, "%s/v.saved", folder);
    CHECK(snapshot(instance, "v", path) == KW_OK);
    put_many(instance, "v", 0, 5);
    last = version_of(instance, "v");
    CHECK(restore(instance, "v", path, KW_RESTORE_REPLACE) == KW_OK && version_of(instance, "v") > last);
    CHECK(wipe(instance, "v") == KW_OK && unlink(path) == 0);
    close_instance(instance);
}

/* ---- at once -------------------------------------------------------------------------------------------- */

typedef struct worker {
    kw_instance *instance;
    uint32_t number;
} worker;

/* Batches of ten that always carry one number: whoever reads must find a whole batch. */
static void *write_batches(void *argument)
{
    worker *w = argument;
    for (uint32_t round = 0; round < 40; round++) {
        uint64_t count;
        char set[32];
        put_many(w->instance, "busy", w->number * 10, 10);
        snprintf(set, sizeof set, "{\"round\":%u}", round);
        CHECK(updated(w->instance, "busy", (kw_span) { NULL, 0, 0 }, set, &count) == KW_OK && count % 10 == 0);
        if (round % 10 == 9)
            CHECK(flush(w->instance, "busy", KW_FLUSH_COMPACT) == KW_OK);
    }
    return NULL;
}

static void *read_batches(void *argument)
{
    worker *w = argument;
    float vector[3] = { 1, 0, 0 };
    char path[700];
    snprintf(path, sizeof path, "%s/busy.%u", folder, w->number);
    for (uint32_t round = 0; round < 40; round++) {
        kw_finst step;
        kw_value yes;
        contents all;
        kw_query q = query_of(vector, 3, 1000);
        test_call call;
        kw_status status;
        q.filter = even(&step, &yes);
        const kw_query_result *r = search(w->instance, "busy", &q, &call, &status);
        CHECK(status == KW_OK && r->hits.count % 5 == 0);
        test_call_end(&call);
        CHECK(scan(w->instance, "busy", (kw_scan_in) { .include = INCLUDE_ALL }, &all, NULL, 0) == KW_OK);
        CHECK(all.count % 10 == 0);
        if (round % 20 == 0)
            CHECK(snapshot(w->instance, "busy", path) == KW_OK);
    }
    (void)unlink(path);
    return NULL;
}

static void threads_see_whole_commits(const char *where)
{
    kw_instance *instance = open_instance(where, "");
    pthread_t threads[4];
    worker workers[4];
    CHECK(ensure(instance, "busy", 3, KW_METRIC_COSINE, "") == KW_OK);
    for (uint32_t i = 0; i < 4; i++) {
        workers[i] = (worker) { instance, i };
        CHECK(pthread_create(&threads[i], NULL, i < 2 ? write_batches : read_batches, &workers[i]) == 0);
    }
    for (uint32_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK(items_of(instance, "busy") == 20 && wipe(instance, "busy") == KW_OK);
    close_instance(instance);
}

int main(void)
{
    start();
    test_folder_make(folder, sizeof folder);
    versions_rise_with_each_commit_and_are_kept(folder);
    versions_rise_with_each_commit_and_are_kept(NULL);
    threads_see_whole_commits(folder);
    threads_see_whole_commits(NULL);
    test_folder_remove(folder);
    return test_finish();
}
