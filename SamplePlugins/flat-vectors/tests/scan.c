/* Scans: by id and in pages, of one state, in events that are bounded. */
#include "batches.h"
#include "contents.h"

static char folder[512];

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

int main(void)
{
    start();
    test_folder_make(folder, sizeof folder);
    a_scan_goes_by_id_in_pages();
    a_scan_sees_one_state_whatever_happens_meanwhile(folder);
    a_scan_sees_one_state_whatever_happens_meanwhile(NULL);
    a_scan_stops_when_nobody_listens();
    events_are_bounded();
    test_folder_remove(folder);
    return test_finish();
}
