/* Items by id, in pages and with changed metadata; versions; snapshots; what is not offered. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

static char folder[512];

static void put_many(kw_instance *i, const char *repo, uint32_t from, uint32_t count)
{
    char(*names)[16] = calloc(count, sizeof *names), (*json)[48] = calloc(count, sizeof *json);
    kw_str *ids = calloc(count, sizeof *ids), *metadata = calloc(count, sizeof *metadata);
    float(*rows)[3] = calloc(count, sizeof *rows);
    for (uint32_t n = 0; n < count; n++) {
        snprintf(names[n], sizeof names[n], "k%05u", from + n);
        snprintf(json[n], sizeof json[n], "{\"n\":%u,\"even\":%s}", from + n, (from + n) % 2 ? "false" : "true");
        ids[n] = kw_string(names[n]);
        metadata[n] = kw_string(json[n]);
        rows[n][0] = (float)(from + n);
        rows[n][1] = 1;
    }
    CHECK(upsert(i, repo, count, ids, rows[0], 3, metadata, NULL) == KW_OK);
    free(names);
    free(json);
    free(ids);
    free(metadata);
    free(rows);
}

static kw_span with_ids(kw_finst *step, kw_value *id, const char *text)
{
    *id = (kw_value) { .h = KW_HDR(kw_value), .kind = KW_VALUE_STRING, .text = kw_string(text) };
    *step = (kw_finst) { .h = KW_HDR(kw_finst), .op = KW_FILTER_IDS, .values = kw_span_of(id, 1, sizeof *id) };
    return kw_span_of(step, 1, sizeof *step);
}

static kw_span even(kw_finst *step, kw_value *yes)
{
    *yes = (kw_value) { .h = KW_HDR(kw_value), .kind = KW_VALUE_BOOL, .integer = 1 };
    *step = (kw_finst) { .h = KW_HDR(kw_finst), .op = KW_FILTER_EQ, .field = KW_STR("even"),
                         .values = kw_span_of(yes, 1, sizeof *yes) };
    return kw_span_of(step, 1, sizeof *step);
}

/* ---- get ------------------------------------------------------------------------------------------------ */

static void items_are_had_by_id_in_the_order_asked_for(void)
{
    kw_instance *instance = open_instance(NULL, "");
    test_call call;
    kw_status status;
    kw_str ids[] = { KW_STR("k00002"), KW_STR("none"), KW_STR("k00000"), KW_STR("k00002") };
    put_many(instance, "r", 0, 3);
    const kw_items_out *out = get(instance, "r", ids, 4, INCLUDE_ALL, &call, &status);
    CHECK(status == KW_OK && out->items.count == 4);
    for (uint32_t i = 0; i < out->items.count; i++) {
        const kw_item *it = kw_at(out->items, i);
        CHECK(kw_equal(it->id, ids[i]) && (it->flags == KW_ITEM_MISSING) == (i == 1) && it->expires_unix_ns == 0);
        CHECK((it->vector == NULL) == (i == 1) && (it->version == 0) == (i == 1));
        if (i != 1)
            CHECK(((const float *)it->vector)[0] == (i == 2 ? 0 : 2) && it->dims == 3 && kw_equal(it->text, it->id));
    }
    CHECK(kw_equal(((const kw_item *)kw_at(out->items, 2))->metadata_json, kw_string("{\"n\":0,\"even\":true}")));
    test_call_end(&call);
    out = get(instance, "r", ids, 1, 0, &call, &status);
    const kw_item *bare = out->items.ptr;
    CHECK(status == KW_OK && bare->vector == NULL && bare->text.len == 0 && bare->metadata_json.len == 0);
    test_call_end(&call);
    out = get(instance, "r", ids, 0, 0, &call, &status);
    CHECK(status == KW_OK && out->items.count == 0);
    test_call_end(&call);
    get(instance, "other", ids, 1, 0, &call, &status);
    CHECK(status == KW_NOT_FOUND);
    test_call_end(&call);
    get(instance, "r", ids, 1, 64, &call, &status);
    CHECK(status == KW_UNIMPLEMENTED && strstr(last_message, "include") != NULL);
    test_call_end(&call);
    for (uint64_t quota = 0; quota < 900; quota += 30) {
        kw_get_in in = { .h = KW_HDR(kw_get_in), .repo = KW_STR("r"), .ids = KW_SPAN(ids), .include = INCLUDE_ALL };
        test_call_begin(&call);
        call.quota = quota;
        status = backend->get(instance, &call.call, &in);
        CHECK(status == KW_OK || status == KW_RESOURCE_EXHAUSTED);
        done(&call, status);
    }
    close_instance(instance);
}

/* ---- scan ----------------------------------------------------------------------------------------------- */

static void a_scan_goes_by_id_in_pages(void)
{
    kw_instance *instance = open_instance(folder, "");
    kw_finst step;
    kw_value yes;
    contents all;
    char next[64];
    for (uint32_t from = 1000; from > 0; from -= 250) /* not in the order of ids */
        put_many(instance, "pages", from - 250, 250);
    CHECK(scan(instance, "pages", (kw_scan_in) { .include = INCLUDE_ALL }, &all, next, sizeof next) == KW_OK);
    CHECK(all.count == 1000 && all.events >= 4 && next[0] == '\0');
    CHECK(strcmp(all.first, "k00000") == 0 && strcmp(all.last, "k00999") == 0);
    uint64_t seen = 0, pages = 0;
    for (next[0] = '\0'; pages == 0 || next[0] != '\0'; pages++) {
        kw_scan_in in = { .filter = even(&step, &yes), .after = kw_string(next), .limit = 70 };
        char before[64];
        memcpy(before, next, sizeof before);
        CHECK(scan(instance, "pages", in, &all, next, sizeof next) == KW_OK && strcmp(all.first, before) > 0);
        seen += all.count;
        CHECK(all.count == 70 || next[0] == '\0');
    }
    CHECK(seen == 500 && pages == 8);
    CHECK(scan(instance, "pages", (kw_scan_in) { .limit = 1000 }, &all, next, sizeof next) == KW_OK);
    CHECK(all.count == 1000 && next[0] == '\0'); /* no more than there are: that was all */
    CHECK(scan(instance, "pages", (kw_scan_in) { .after = KW_STR("k00999") }, &all, next, sizeof next) == KW_OK);
    CHECK(all.count == 0 && all.events == 0 && next[0] == '\0');
    CHECK(scan(instance, "pages", (kw_scan_in) { .after = KW_STR("k0099") }, &all, NULL, 0) == KW_OK && all.count == 10);
    CHECK(scan(instance, "none", (kw_scan_in) { .limit = 1 }, &all, NULL, 0) == KW_NOT_FOUND);
    CHECK(wipe(instance, "pages") == KW_OK);
    close_instance(instance);
}

typedef struct meddler {
    kw_instance *instance;
    contents all;
} meddler;

/* A consumer that changes the repository under the scan, and so would wait for ever if the scan held a lock. */
static void meddle(test_call *call, const kw_event *event)
{
    meddler *m = call->user;
    uint64_t count;
    for (uint32_t i = 0; i < event->payload.count; i++) {
        const kw_item *it = kw_at(event->payload, i);
        char expected[16];
        snprintf(expected, sizeof expected, "k%05llu", (unsigned long long)m->all.count);
        CHECK(kw_equal(it->id, kw_string(expected)) && ((const float *)it->vector)[0] == (float)m->all.count);
        m->all.count++;
    }
    put_many(m->instance, "state", 5000 + (uint32_t)m->all.count, 10);
    if (m->all.events == 0)
        CHECK(flush(m->instance, "state", KW_FLUSH_COMPACT) == KW_OK);
    else if (m->all.events == 1)
        CHECK(removed(m->instance, "state", (kw_span) { NULL, 0, 0 }, &count) == KW_OK && count > 1000);
    else
        CHECK(wipe(m->instance, "state") == KW_OK);
    m->all.events++;
}

static void a_scan_sees_one_state_whatever_happens_meanwhile(const char *where)
{
    meddler m = { .instance = open_instance(where, "") };
    kw_scan_in in = { .h = KW_HDR(kw_scan_in), .repo = KW_STR("state"), .include = KW_INCLUDE_VECTOR };
    test_call call;
    put_many(m.instance, "state", 0, 1000);
    test_call_begin(&call);
    call.user = &m;
    call.on_event = meddle;
    CHECK(done(&call, backend->scan(m.instance, &call.call, &in)) == KW_OK);
    CHECK(m.all.count == 1000 && m.all.events == 4);
    CHECK(items_of(m.instance, "state") == UINT64_MAX); /* the last meddling came after the last items */
    close_instance(m.instance);
}

static void cancel_at_once(test_call *call, const kw_event *event)
{
    (void)event;
    test_call_cancel(call);
}

static void a_scan_stops_when_nobody_listens(void)
{
    kw_instance *instance = open_instance(NULL, "");
    kw_scan_in in = { .h = KW_HDR(kw_scan_in), .repo = KW_STR("r") };
    test_call call;
    put_many(instance, "r", 0, 2000);
    test_call_begin(&call);
    call.on_event = cancel_at_once;
    kw_status status = backend->scan(instance, &call.call, &in);
    CHECK(status == KW_CANCELLED && call.events == 1);
    done(&call, status);
    test_call_begin(&call);
    call.call.deadline_ns = 1;
    CHECK(done(&call, backend->scan(instance, &call.call, &in)) == KW_DEADLINE_EXCEEDED);
    close_instance(instance);
}

/* Large items come in events of few. */
static void count_bytes(test_call *call, const kw_event *event)
{
    uint64_t *most = call->user, bytes = 0;
    for (uint32_t i = 0; i < event->payload.count; i++)
        bytes += ((const kw_item *)kw_at(event->payload, i))->text.len;
    *most = bytes > *most ? bytes : *most;
}

static void events_are_bounded(void)
{
    kw_instance *instance = open_instance(NULL, "");
    float row[1] = { 1 };
    uint64_t most = 0;
    char *text = malloc(75000);
    test_call call;
    memset(text, 'x', 75000);
    for (int i = 0; i < 12; i++) {
        char name[16];
        snprintf(name, sizeof name, "%02d", i);
        kw_str id = kw_string(name), long_text = { text, 75000 };
        kw_upsert_in in = { .h = KW_HDR(kw_upsert_in), .repo = KW_STR("r"), .ids = kw_span_of(&id, 1, sizeof id),
                            .rows = row, .rows_size = 4, .row_stride = 4, .dims = 1, .element = KW_ELEMENT_F32,
                            .texts = kw_span_of(&long_text, 1, sizeof long_text) };
        test_call_begin(&call);
        CHECK(done(&call, backend->upsert(instance, &call.call, &in)) == KW_OK);
    }
    kw_scan_in in = { .h = KW_HDR(kw_scan_in), .repo = KW_STR("r"), .include = KW_INCLUDE_TEXT };
    test_call_begin(&call);
    call.user = &most;
    call.on_event = count_bytes;
    kw_status status = backend->scan(instance, &call.call, &in);
    CHECK(status == KW_OK && call.events == 3 && most == 300000); /* what goes beyond 256 KiB is the last of its event */
    done(&call, status);
    free(text);
    close_instance(instance);
}

/* ---- update --------------------------------------------------------------------------------------------- */

static void merged(const char *before, const char *set, const char *after)
{
    kw_instance *instance = open_instance(NULL, "");
    float row[3] = { 1, 2, 3 };
    kw_str id = KW_STR("a");
    uint64_t count;
    test_call call;
    kw_status status;
    CHECK(put(instance, "r", "a", row, 3, before) == KW_OK);
    CHECK(updated(instance, "r", (kw_span) { NULL, 0, 0 }, set, &count) == KW_OK && count == 1);
    const kw_items_out *out = get(instance, "r", &id, 1, INCLUDE_ALL, &call, &status);
    const kw_item *it = out->items.ptr;
    if (!CHECK(kw_equal(it->metadata_json, kw_string(after))))
        fprintf(stderr, "%.*s, expected %s\n", (int)it->metadata_json.len, it->metadata_json.ptr, after);
    CHECK(memcmp(it->vector, row, sizeof row) == 0 && kw_equal(it->text, id)); /* nothing else has changed */
    test_call_end(&call);
    close_instance(instance);
}

static void an_update_replaces_members_and_null_removes_them(void)
{
    merged("", "{\"a\":1}", "{\"a\":1}");
    merged("{}", "{}", "{}");
    merged("{\"a\": 1, \"b\" :[1, 2]}", "{\"b\":{\"c\":null}}", "{\"a\": 1,\"b\":{\"c\":null}}");
    merged("{\"a\":1,\"b\":2}", "{\"a\":null,\"none\":null}", "{\"b\":2}");
    merged("{\"a\":1,\"a\":2,\"b\":3}", "{\"a\":4,\"c\":5,\"c\":6}", "{\"b\":3,\"a\":4,\"c\":6}");
    merged("{\"\\u00e4\":1}", "{\"\xc3\xa4\":2}", "{\"\xc3\xa4\":2}");
    merged("{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":3}}", "{\"a\":{\"b\":3}}"); /* members, not theirs */
    merged("{\"a\":\"}\\\"{\",\"\":1}", "{\"\":2}", "{\"a\":\"}\\\"{\",\"\":2}");
}

static void an_update_changes_all_that_is_admitted_or_nothing(void)
{
    kw_instance *instance = open_instance(folder, "");
    kw_finst step, other;
    kw_value yes, id;
    uint64_t count;
    put_many(instance, "update", 0, 100);
    CHECK(updated(instance, "update", even(&step, &yes), "{\"even\":\"so\"}", &count) == KW_OK && count == 50);
    CHECK(counted(instance, "update", even(&step, &yes), &count) == KW_OK && count == 0);
    CHECK(updated(instance, "update", even(&step, &yes), "{\"x\":1}", &count) == KW_OK && count == 0);
    contents before = contents_of(instance, "update");
    static const char *const broken[] = { "", "[]", "{", "{\"a\":}", "1", "{} x" };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        CHECK(updated(instance, "update", (kw_span) { NULL, 0, 0 }, broken[i], &count) == KW_INVALID_ARGUMENT);
    /* One item that would become too large keeps all of them as they are. */
    size_t length = 0x100000 - 64;
    char *large = malloc(length + 16);
    memcpy(large, "{\"y\":\"", 6);
    memset(large + 6, 'y', length);
    memcpy(large + 6 + length, "\"}", 3);
    CHECK(updated(instance, "update", with_ids(&other, &id, "k00007"), large, &count) == KW_OK);
    CHECK(updated(instance, "update", (kw_span) { NULL, 0, 0 }, "{\"more\":\"than it may have, by some bytes\"}", &count)
          == KW_INVALID_ARGUMENT);
    CHECK(strstr(last_message, "k00007") != NULL && strstr(last_message, "1 MiB") != NULL);
    CHECK(updated(instance, "update", with_ids(&other, &id, "k00007"), "{\"y\":null}", &count) == KW_OK);
    contents after = contents_of(instance, "update");
    CHECK(before.hash == after.hash && after.count == 100);
    free(large);
    close_instance(instance);
    instance = open_instance(folder, "");
    after = contents_of(instance, "update");
    CHECK(before.hash == after.hash && after.count == 100);
    CHECK(updated(instance, "none", (kw_span) { NULL, 0, 0 }, "{}", &count) == KW_NOT_FOUND);
    CHECK(wipe(instance, "update") == KW_OK);
    close_instance(instance);
}

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

/* ---- snapshots ------------------------------------------------------------------------------------------ */

static size_t read_file(const char *path, char *bytes, size_t room)
{
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, bytes, room);
    if (fd >= 0)
        close(fd);
    return n < 0 ? 0 : (size_t)n;
}

static void write_file(const char *path, const char *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    close(fd);
}

static void a_snapshot_is_what_was_there(const char *where)
{
    char path[600];
    kw_instance *instance = open_instance(where, ""), *other = open_instance(NULL, "");
    uint64_t count;
    kw_finst step;
    kw_value yes;
    snprintf(path, sizeof path, "%s/taken", folder);
    CHECK(ensure(instance, "s", 3, KW_METRIC_DOT, "space/1") == KW_OK);
    CHECK(snapshot(instance, "s", path) == KW_OK && restore(other, "empty", path, 0) == KW_OK); /* of nothing, too */
    CHECK(items_of(other, "empty") == 0 && ensure(other, "empty", 3, KW_METRIC_DOT, "space/1") == KW_OK);
    put_many(instance, "s", 0, 300);
    CHECK(removed(instance, "s", even(&step, &yes), &count) == KW_OK);
    CHECK(updated(instance, "s", (kw_span) { NULL, 0, 0 }, "{\"odd\":true}", &count) == KW_OK && count == 150);
    contents taken = contents_of(instance, "s");
    CHECK(snapshot(instance, "s", path) == KW_OK); /* over the old one */
    put_many(instance, "s", 0, 20);
    CHECK(restore(other, "copy", path, 0) == KW_OK && contents_of(other, "copy").hash == taken.hash);
    CHECK(ensure(other, "copy", 3, KW_METRIC_DOT, "space/1") == KW_OK);
    CHECK(ensure(other, "copy", 3, KW_METRIC_DOT, "space/2") == KW_FAILED_PRECONDITION);
    CHECK(restore(instance, "s", path, 0) == KW_ALREADY_EXISTS && items_of(instance, "s") == 160);
    CHECK(restore(instance, "s", path, KW_RESTORE_REPLACE) == KW_OK && contents_of(instance, "s").hash == taken.hash);
    CHECK(restore(instance, "t/2", path, 0) == KW_OK && contents_of(instance, "t/2").hash == taken.hash);
    put_many(instance, "t/2", 0, 2); /* and it lives on by itself */
    CHECK(items_of(instance, "t/2") == 151 && contents_of(instance, "s").hash == taken.hash);
    if (where != NULL) {
        close_instance(instance);
        instance = open_instance(where, "");
        CHECK(contents_of(instance, "s").hash == taken.hash && items_of(instance, "t/2") == 151);
    }
    CHECK(wipe(instance, "s") == KW_OK && wipe(instance, "t/2") == KW_OK && unlink(path) == 0);
    close_instance(instance);
    close_instance(other);
}

/* Most of it with repositories in memory, so that it takes little time; files are made at every hundredth. */
static void a_damaged_snapshot_changes_nothing(void)
{
    static char bytes[65536];
    char path[600];
    kw_instance *disk = open_instance(folder, ""), *memory = open_instance(NULL, "");
    snprintf(path, sizeof path, "%s/spoilt", folder);
    put_many(disk, "d", 0, 4);
    CHECK(snapshot(disk, "d", path) == KW_OK);
    contents saved = contents_of(disk, "d");
    put_many(disk, "d", 50, 3);
    put_many(memory, "d", 60, 3);
    contents before = contents_of(disk, "d"), in_memory = contents_of(memory, "d");
    size_t size = read_file(path, bytes, sizeof bytes);
    CHECK(size > 4416 && size < sizeof bytes);
    bytes[size] = 0;
    write_file(path, bytes, size + 1); /* something behind it, then all there is, then ever less */
    for (size_t end = size + 1; end > 0; end--) {
        kw_instance *instance = end % 100 == 0 || end >= size ? disk : memory;
        CHECK(truncate(path, (off_t)end) == 0);
        kw_status status = restore(instance, "new", path, 0);
        if (end == size) {
            CHECK(status == KW_OK && contents_of(instance, "new").hash == saved.hash && wipe(instance, "new") == KW_OK);
            continue;
        }
        CHECK(status == KW_DATA_LOSS && strstr(last_message, path) != NULL);
        CHECK(restore(instance, "d", path, KW_RESTORE_REPLACE) == KW_DATA_LOSS);
        CHECK(items_of(instance, "new") == UINT64_MAX);
    }
    write_file(path, bytes, size);
    int file = open(path, O_WRONLY);
    for (size_t at = 0; at < size; at++) {
        kw_instance *instance = at % 100 == 0 ? disk : memory;
        char spoilt = (char)(bytes[at] ^ (1 << random_below(8)));
        CHECK(pwrite(file, &spoilt, 1, (off_t)at) == 1);
        kw_status status = restore(instance, "new", path, 0);
        int is_mark = at >= 64 && at < 96; /* there are two of them */
        CHECK(status == KW_DATA_LOSS || (status == KW_FAILED_PRECONDITION && at / 4 == 2) || (is_mark && status == KW_OK));
        if (status == KW_OK)
            CHECK(contents_of(instance, "new").hash == saved.hash && wipe(instance, "new") == KW_OK);
        else
            CHECK(strstr(last_message, path) != NULL && items_of(instance, "new") == UINT64_MAX);
        CHECK(pwrite(file, &bytes[at], 1, (off_t)at) == 1);
    }
    close(file);
    CHECK(contents_of(disk, "d").hash == before.hash && contents_of(memory, "d").hash == in_memory.hash);
    CHECK(restore(disk, "d", path, KW_RESTORE_REPLACE) == KW_OK && contents_of(disk, "d").hash == saved.hash);
    CHECK(wipe(disk, "d") == KW_OK && unlink(path) == 0);
    close_instance(disk);
    close_instance(memory);
}

static void paths_that_cannot_be_are_refused(void)
{
    char path[600], data[600], inside[700];
    kw_instance *instance = open_instance(folder, "");
    put_many(instance, "p", 0, 2);
    CHECK(snapshot(instance, "p", "relative") == KW_INVALID_ARGUMENT && snapshot(instance, "p", "") == KW_INVALID_ARGUMENT);
    CHECK(snapshot(instance, "p", "/") == KW_INVALID_ARGUMENT && snapshot(instance, "p", "/tmp/..") == KW_INVALID_ARGUMENT);
    snprintf(path, sizeof path, "%s/none/x", folder);
    CHECK(snapshot(instance, "p", path) == KW_NOT_FOUND && restore(instance, "q", path, 0) == KW_NOT_FOUND);
    snprintf(data, sizeof data, "%s/other.vectors", folder); /* would be a repository that nobody made */
    CHECK(snapshot(instance, "p", data) == KW_INVALID_ARGUMENT && access(data, F_OK) != 0);
    snprintf(data, sizeof data, "%s/.lock", folder);
    CHECK(snapshot(instance, "p", data) == KW_INVALID_ARGUMENT);
    snprintf(path, sizeof path, "%s/sub", folder);
    CHECK(mkdir(path, 0700) == 0);
    CHECK(snapshot(instance, "p", path) != KW_OK && restore(instance, "q", path, 0) == KW_INVALID_ARGUMENT);
    snprintf(inside, sizeof inside, "%s/p.vectors", path); /* elsewhere the name is nobody's */
    CHECK(snapshot(instance, "p", inside) == KW_OK && restore(instance, "q", inside, 0) == KW_OK);
    CHECK(snapshot(instance, "none", inside) == KW_NOT_FOUND);
    CHECK(unlink(inside) == 0 && rmdir(path) == 0); /* and no unfinished file was left */
    CHECK(wipe(instance, "p") == KW_OK && wipe(instance, "q") == KW_OK);
    test_call call;
    kw_flush_in flags = { .h = KW_HDR(kw_flush_in), .repo = KW_STR("p"), .flags = 6 };
    test_call_begin(&call);
    CHECK(done(&call, backend->flush(instance, &call.call, &flags)) == KW_UNIMPLEMENTED);
    CHECK(flush(instance, "p", 0) == KW_NOT_FOUND);
    CHECK(restore(instance, "p", "/x", 8) == KW_UNIMPLEMENTED);
    close_instance(instance);
}

/* ---- what is not offered -------------------------------------------------------------------------------- */

static void fields_that_are_not_offered_are_refused_by_name(void)
{
    kw_instance *instance = open_instance(NULL, "");
    float vector[3] = { 1, 0, 0 };
    kw_str text = KW_STR("k00000");
    kw_sparse sparse = { .h = KW_HDR(kw_sparse) };
    put_many(instance, "r", 0, 4);
    for (int field = 0; field < 9; field++) {
        static const char *const names[] = { "field", "sparse", "query_text", "like", "unlike", "fusion", "mmr_fetch",
                                             "group_by", "consistency" };
        kw_query q = query_of(vector, 3, 1);
        CHECK(query_status(instance, "r", &q) == KW_OK);
        switch (field) {
        case 0:
            q.field = text;
            break;
        case 1:
            q.sparse = kw_span_of(&sparse, 1, sizeof sparse);
            break;
        case 2:
            q.query_text = text;
            break;
        case 3:
            q.like = kw_span_of(&text, 1, sizeof text);
            break;
        case 4:
            q.unlike = kw_span_of(&text, 1, sizeof text);
            break;
        case 5:
            q.fusion = KW_FUSION_SERVER;
            break;
        case 6:
            q.mmr_fetch = 3;
            break;
        case 7:
            q.group_by = text;
            break;
        default:
            q.consistency = 1000;
        }
        CHECK(query_status(instance, "r", &q) == KW_UNIMPLEMENTED && strstr(last_message, names[field]) != NULL);
    }
    kw_query q = query_of(vector, 3, 2);
    for (q.exactness = 0; q.exactness <= KW_EXACTNESS_MIN_RECALL; q.exactness++) {
        test_call call;
        kw_status status;
        const kw_query_result *r = search(instance, "r", &q, &call, &status);
        CHECK(status == KW_OK && r->flags == (KW_RESULT_EXACT | KW_RESULT_COMPLETE) && r->hits.count == 2);
        CHECK(kw_equal(r->index, kw_string("flat")) && r->took_ns >= 0 && r->scanned == 4);
        test_call_end(&call);
    }
    CHECK(query_status(instance, "r", &q) == KW_UNIMPLEMENTED && strstr(last_message, "exactness") != NULL);

    int64_t expires[1] = { 0 };
    kw_field_rows rows = { .h = KW_HDR(kw_field_rows) };
    for (int i = 0; i < 3; i++) {
        kw_upsert_in in = { .h = KW_HDR(kw_upsert_in), .repo = KW_STR("r"), .ids = kw_span_of(&text, 1, sizeof text),
                            .rows = vector, .rows_size = 12, .row_stride = 12, .dims = 3, .element = KW_ELEMENT_F32,
                            .expires_unix_ns = kw_span_of(expires, 1, sizeof expires[0]) };
        if (i == 1)
            in.fields = kw_span_of(&rows, 1, sizeof rows);
        expires[0] = i == 2;
        test_call call;
        test_call_begin(&call);
        kw_status status = done(&call, backend->upsert(instance, &call.call, &in));
        CHECK(status == (i == 0 ? KW_OK : KW_UNIMPLEMENTED));
        CHECK(i == 0 || strstr(last_message, i == 1 ? "fields" : "expires_unix_ns") != NULL);
    }
    static const struct {
        const char *json;
        kw_status status;
    } kinds[] = { { "{\"kind\":\"flat\"}", KW_OK }, { "{}", KW_OK }, { "{\"kind\":\"hnsw\"}", KW_UNIMPLEMENTED },
                  { "{\"kind\":\"flat\",\"m\":16}", KW_UNIMPLEMENTED }, { "flat", KW_INVALID_ARGUMENT } };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        kw_repo_spec in = { .h = KW_HDR(kw_repo_spec), .repo = KW_STR("r"), .dims = 3, .metric = KW_METRIC_COSINE,
                            .element = KW_ELEMENT_F32, .index_json = kw_string(kinds[i].json) };
        test_call call;
        test_call_begin(&call);
        CHECK(done(&call, backend->ensure(instance, &call.call, &in)) == kinds[i].status);
    }
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
    items_are_had_by_id_in_the_order_asked_for();
    a_scan_goes_by_id_in_pages();
    a_scan_sees_one_state_whatever_happens_meanwhile(folder);
    a_scan_sees_one_state_whatever_happens_meanwhile(NULL);
    a_scan_stops_when_nobody_listens();
    events_are_bounded();
    an_update_replaces_members_and_null_removes_them();
    an_update_changes_all_that_is_admitted_or_nothing();
    versions_rise_with_each_commit_and_are_kept(folder);
    versions_rise_with_each_commit_and_are_kept(NULL);
    a_snapshot_is_what_was_there(folder);
    a_snapshot_is_what_was_there(NULL);
    a_damaged_snapshot_changes_nothing();
    paths_that_cannot_be_are_refused();
    fields_that_are_not_offered_are_refused_by_name();
    threads_see_whole_commits(folder);
    threads_see_whole_commits(NULL);
    test_folder_remove(folder);
    return test_finish();
}
