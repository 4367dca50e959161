/* Whatever a worker writes, its host says what is wrong with it, and lives. */
#define _GNU_SOURCE
#include "puppet.h"

#define MS 1000000

#define SCRIPT(name) static void name(puppet *puppet, uint32_t number)

SCRIPT(behave)
{
    reply_header header = honest_reply(puppet);
    publish_events(puppet, write_event(puppet, puppet->written, "hello"));
    publish_reply(puppet, number, &header);
}

/* ---- the number ----------------------------------------------------------------------------------------- */

SCRIPT(answer_the_future)
{
    reply_header header = honest_reply(puppet);
    publish_reply(puppet, number + 1, &header);
}

SCRIPT(answer_the_past)
{
    reply_header header = honest_reply(puppet);
    publish_reply(puppet, number - 2, &header);
}

/* The host has to find out by itself. */
SCRIPT(answer_the_past_in_silence)
{
    puppet->memory->lane[0].header = honest_reply(puppet);
    atomic_store(&puppet->memory->lane[0].reply, number + 77);
}

SCRIPT(answer_twice)
{
    reply_header header = honest_reply(puppet);
    publish_reply(puppet, number, &header);
    publish_reply(puppet, number + 1, &header);
}

/* ---- the reply ------------------------------------------------------------------------------------------ */

#define REPLIES(name, change)                              \
    SCRIPT(name)                                           \
    {                                                      \
        reply_header header = honest_reply(puppet);        \
        change;                                            \
        publish_reply(puppet, number, &header);            \
    }

REPLIES(claim_endless_output, header.output_length = (uint64_t)1 << 63)
REPLIES(claim_all_output, header.output_length = UINT64_MAX)
REPLIES(claim_overflowing_output, header.output_length = UINT64_MAX - header.rows_length + 1)
REPLIES(claim_output_beyond, header.output_length = AREA_SIZE)
REPLIES(claim_output_just_beyond, header.output_length = AREA_SIZE - header.rows_length + 8)
REPLIES(claim_no_output, header.output_length = 0)
REPLIES(claim_short_output, header.output_length -= 8)
REPLIES(claim_long_output, header.output_length += 8)
REPLIES(claim_endless_rows, header.rows_length = (uint64_t)1 << 63)
REPLIES(claim_overflowing_rows, header.rows_length = UINT64_MAX - 7)
REPLIES(claim_more_rows, header.rows_length += sizeof(float))
REPLIES(claim_fewer_rows, header.rows_length -= sizeof(float))
REPLIES(claim_no_rows, header.rows_length = 0)
REPLIES(claim_endless_error, header.error_length = (uint64_t)1 << 63)
REPLIES(claim_success_without_output, header.flags = 0)
REPLIES(claim_success_with_error, header.flags = REPLY_HAS_ERROR)
REPLIES(claim_too_large, header.flags = REPLY_IS_TOO_LARGE; header.output_length = UINT64_MAX)
REPLIES(set_unknown_flags, header.flags |= 0xFFFFFFF8u; header.reserved = 77)
REPLIES(claim_pending, header.status = KW_PENDING; header.flags = 0)
REPLIES(claim_fault, header.status = KWW_FAULT; header.flags = 0)
REPLIES(claim_unknown_status, header.status = 4711; header.flags = 0)
REPLIES(claim_least_status, header.status = INT32_MIN; header.flags = 0)
REPLIES(write_garbage, memset(puppet_reply(puppet), 0xA5, 65536))
REPLIES(write_garbage_error, memset(puppet_reply(puppet), 0xA5, 65536); header.status = KW_INTERNAL;
        header.flags = REPLY_HAS_ERROR; header.error_length = 65536)
REPLIES(write_no_error, header.status = KW_INTERNAL; header.flags = REPLY_HAS_ERROR; header.error_length = 0)

SCRIPT(report_fault)
{
    reply_header header = honest_error(puppet, KWW_FAULT, "forged");
    header.status = KW_INTERNAL;
    publish_reply(puppet, number, &header);
}

SCRIPT(report_success)
{
    reply_header header = honest_error(puppet, KW_OK, "all is well");
    header.status = KW_NOT_FOUND;
    publish_reply(puppet, number, &header);
}

/* ---- the ring ------------------------------------------------------------------------------------------- */

#define RINGS(name, written)                                              \
    SCRIPT(name)                                                          \
    {                                                                     \
        (void)number;                                                     \
        memset(puppet_ring(puppet), 0, 4096);                             \
        publish_events(puppet, (written));                                \
    }

RINGS(jump_ahead, RING_SIZE + 16)
RINGS(jump_far, (uint64_t)1 << 63)
RINGS(go_back, UINT64_MAX - 15)
RINGS(be_crooked, 17)
RINGS(write_half_a_header, 8)
RINGS(write_nothing, 16)

#define RECORDS(name, claimed, written)                                   \
    SCRIPT(name)                                                          \
    {                                                                     \
        (void)number;                                                     \
        write_event(puppet, 0, "an event");                               \
        ring_record record = { .length = (claimed) };                     \
        memcpy(puppet_ring(puppet), &record, sizeof record);              \
        publish_events(puppet, (written));                                \
    }

RECORDS(claim_endless_event, (uint64_t)1 << 63, 512)
RECORDS(claim_all_but_skip, UINT64_MAX - 1, 512)
RECORDS(claim_overflowing_event, UINT64_MAX - 15, 512)
RECORDS(claim_event_beyond_written, 4096, 512)
RECORDS(claim_event_beyond_ring, RING_SIZE, RING_SIZE)
RECORDS(skip_unwritten, SKIP, 512)
RECORDS(claim_empty_event, 0, 16)

/* A record before the ring's end that goes on behind it. */
SCRIPT(wrap_event)
{
    (void)number;
    ring_record skip = { .length = SKIP };
    uint64_t at = 0;
    while (at < RING_SIZE - 512) {
        at = write_event(puppet, at, "an event of some length, so that the end is near soon");
        if (at % 65536 < 200)
            publish_events(puppet, at);
    }
    skip.length = 1024;
    memcpy(puppet_ring(puppet) + at % RING_SIZE, &skip, sizeof skip);
    publish_events(puppet, at + 1040);
}

SCRIPT(skip_honestly)
{
    ring_record skip = { .length = SKIP };
    reply_header header = honest_reply(puppet);
    uint64_t at = puppet->written;
    memcpy(puppet_ring(puppet) + at % RING_SIZE, &skip, sizeof skip);
    at += RING_SIZE - at % RING_SIZE;
    publish_events(puppet, at);
    while (!is_over(puppet) && atomic_load(&puppet->host->lane[0].events_read) != at)
        ;
    publish_events(puppet, write_event(puppet, at, "behind it"));
    publish_reply(puppet, number, &header);
}

SCRIPT(write_garbage_event)
{
    (void)number;
    ring_record record = { .length = 256 };
    memset(puppet_ring(puppet), 0xA5, 512);
    memcpy(puppet_ring(puppet), &record, sizeof record);
    publish_events(puppet, 272);
}

/* ---- words and wakes ------------------------------------------------------------------------------------ */

SCRIPT(say_nothing)
{
    (void)puppet, (void)number;
}

SCRIPT(never_wake)
{
    while (!is_over(puppet) && atomic_load(&puppet->host->lane[0].is_parked) == 0)
        ;
    puppet->memory->lane[0].header = honest_reply(puppet);
    atomic_store(&puppet->memory->lane[0].reply, number);
}

SCRIPT(wake_and_wake)
{
    (void)number;
    while (!is_over(puppet))
        wake_host(puppet);
}

SCRIPT(count_events_without_end)
{
    (void)number;
    while (!is_over(puppet)) {
        uint64_t read = atomic_load(&puppet->host->lane[0].events_read);
        if (puppet->written - read < RING_SIZE / 2 && RING_SIZE - puppet->written % RING_SIZE > 4096)
            publish_events(puppet, write_event(puppet, puppet->written, "more"));
        else if (puppet->written == read) {
            ring_record skip = { .length = SKIP };
            memcpy(puppet_ring(puppet) + puppet->written % RING_SIZE, &skip, sizeof skip);
            publish_events(puppet, puppet->written + RING_SIZE - puppet->written % RING_SIZE);
        }
    }
}

/* Hints that are not true. The signal never comes back to a value that it had: who wakes nobody is never_wake. */
SCRIPT(forge_hints)
{
    reply_header header = honest_reply(puppet);
    worker_lane *lane = &puppet->memory->lane[0];
    atomic_store(&lane->is_parked, number * 2654435761u);
    atomic_store(&lane->processor, number * 40503u);
    atomic_store(&lane->waits_for_room, number);
    atomic_store(&lane->signal, number * 2246822519u);
    publish_events(puppet, write_event(puppet, puppet->written, "hello"));
    publish_reply(puppet, number, &header);
}

SCRIPT(forge_crash)
{
    kww_crash *crash = &puppet->memory->crash;
    (void)number;
    crash->signal = 11;
    crash->is_memory = crash->is_stack = 77;
    atomic_store(&crash->seen, 1);
    memset(&puppet->memory->description, 0xFF, sizeof puppet->memory->description);
    memset(puppet->memory->message, 'x', sizeof puppet->memory->message);
    kww_place places[KWW_PLACE_LIMIT];
    memset(puppet->memory->place, 0xFF, sizeof puppet->memory->place);
    atomic_store(&puppet->memory->places, UINT32_MAX);
    CHECK_EQUAL(kww_worker_backtrace(puppet->worker, places, KWW_PLACE_LIMIT), KWW_PLACE_LIMIT);
    CHECK_EQUAL(strlen(places[KWW_PLACE_LIMIT - 1].module), sizeof places[0].module - 1);
    CHECK_EQUAL(strlen(places[KWW_PLACE_LIMIT - 1].symbol), sizeof places[0].symbol - 1);
    atomic_store(&puppet->memory->state, 4711);
    kww_worker_kill(puppet->worker, KWW_KILL_RETIRED);
}

/* ---- all of them ---------------------------------------------------------------------------------------- */

#define BREACH(name) { #name, name, KWW_FAULT_PROTOCOL, KWW_FAULT }
#define FINE(name, status) { #name, name, 0, status }

static const struct scene {
    const char *name;
    script script;
    uint32_t fault;
    kw_status status;
} scenes[] = {
    FINE(behave, KW_OK),
    BREACH(answer_the_future),
    BREACH(answer_the_past),
    BREACH(answer_the_past_in_silence),
    BREACH(claim_endless_output),
    BREACH(claim_all_output),
    BREACH(claim_overflowing_output),
    BREACH(claim_output_beyond),
    BREACH(claim_output_just_beyond),
    BREACH(claim_no_output),
    BREACH(claim_short_output),
    BREACH(claim_long_output),
    BREACH(claim_endless_rows),
    BREACH(claim_overflowing_rows),
    BREACH(claim_more_rows),
    BREACH(claim_fewer_rows),
    BREACH(claim_no_rows),
    BREACH(claim_endless_error),
    BREACH(claim_success_without_output),
    BREACH(claim_success_with_error),
    { "claim_too_large", claim_too_large, KWW_FAULT_TOO_LARGE, KWW_FAULT },
    FINE(set_unknown_flags, KW_OK),
    FINE(claim_pending, KW_INTERNAL),
    FINE(claim_fault, KW_INTERNAL),
    FINE(claim_unknown_status, 4711),
    FINE(claim_least_status, INT32_MIN),
    BREACH(write_garbage),
    BREACH(write_garbage_error),
    BREACH(write_no_error),
    FINE(report_fault, KW_INTERNAL),
    FINE(report_success, KW_NOT_FOUND),
    BREACH(jump_ahead),
    BREACH(jump_far),
    BREACH(go_back),
    BREACH(be_crooked),
    BREACH(write_half_a_header),
    BREACH(write_nothing),
    BREACH(claim_endless_event),
    BREACH(claim_all_but_skip),
    BREACH(claim_overflowing_event),
    BREACH(claim_event_beyond_written),
    BREACH(claim_event_beyond_ring),
    BREACH(skip_unwritten),
    BREACH(claim_empty_event),
    BREACH(wrap_event),
    FINE(skip_honestly, KW_OK),
    BREACH(write_garbage_event),
    { "say_nothing", say_nothing, KWW_FAULT_LIMIT, KWW_FAULT },
    { "never_wake", never_wake, 0, KW_OK },
    { "wake_and_wake", wake_and_wake, KWW_FAULT_LIMIT, KWW_FAULT },
    { "count_events_without_end", count_events_without_end, KWW_FAULT_LIMIT, KWW_FAULT },
    FINE(forge_hints, KW_OK),
    { "forge_crash", forge_crash, KWW_FAULT_LOST, KWW_FAULT },
};

static void play(const struct scene *scene)
{
    puppet puppet;
    int failed = check_failed;
    /* Short only where it is the limit that ends the scene. */
    int runs_out = scene->fault == KWW_FAULT_LIMIT || scene->script == never_wake;
    kww_limits limits = { .wall_ns = (runs_out ? 100 : 60000) * (int64_t)MS, .grace_ns = 5 * MS, .queue = 8 };
    kww_remote *remote = kww_remote_make(&limits, NULL);
    start_puppet(&puppet, scene->script, NULL);
    NEED(remote != NULL && kww_remote_attach(remote, puppet.worker) == 0);
    event_log events = { 0 };
    question question = { .text = "hello", .events = &events };
    outcome outcome;
    ask(remote, &question, &outcome);
    CHECK_EQUAL(outcome.status, scene->status);
    CHECK_EQUAL(outcome.fault.kind, scene->fault);
    if (scene->fault == KWW_FAULT_PROTOCOL) {
        CHECK(outcome.fault.text[0] != '\0');
        CHECK(has_ended(puppet.worker));
        CHECK_EQUAL(puppet.worker->killed, KWW_KILL_PROTOCOL);
    }
    if (scene->script == behave || scene->script == forge_hints) {
        for (int i = 0; i < 1000; i++) {
            ask(remote, &question, &outcome);
            CHECK_EQUAL(outcome.status, KW_OK);
        }
        CHECK_EQUAL(events.count, 1001);
    }
    kww_remote_remove(remote, puppet.worker);
    end_puppet(&puppet);
    kww_remote_free(remote);
    if (check_failed != failed)
        fprintf(stderr, "that was %s\n", scene->name);
}

/* Of the second reply to a request it knows when the next one is made. */
static void reply_twice(void)
{
    puppet puppet;
    static const kww_limits limits = { .wall_ns = 100 * MS, .queue = 8 };
    kww_remote *remote = kww_remote_make(&limits, NULL);
    start_puppet(&puppet, answer_twice, NULL);
    NEED(remote != NULL && kww_remote_attach(remote, puppet.worker) == 0);
    kw_status status = ask_text(remote, "hello").status;
    CHECK(status == KW_OK || status == KWW_FAULT);
    if (status == KW_OK)
        ask_text(remote, "again"); /* it may look just like an early answer, but nothing breaks */
    kww_remote_remove(remote, puppet.worker);
    end_puppet(&puppet);
    kww_remote_free(remote);
}

void test_hostile(void)
{
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
        play(&scenes[i]);
    reply_twice();
}
