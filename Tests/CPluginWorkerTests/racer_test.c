/* Memory that changes while it is read: between a length's check and its use there is no second look. */
#define _GNU_SOURCE
#include "puppet.h"

#if defined(__SANITIZE_THREAD__)
#define HAS_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_THREAD_SANITIZER 1
#endif
#endif

static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static const uint64_t extremes[] = { 0, 1, 8, 16, 4096, RING_SIZE, AREA_SIZE, UINT32_MAX, (uint64_t)1 << 63, SKIP, SKIP - 15 };

static uint64_t value(uint64_t *state, uint64_t honest)
{
    switch (next(state) % 4) {
    case 0:
        return extremes[next(state) % (sizeof extremes / sizeof extremes[0])];
    case 1:
        return honest + 8 * (next(state) % 3) - 8;
    default:
        return honest;
    }
}

/* Answers, and flips every length and count that it wrote until the host has made up its mind. */
static void race(puppet *puppet, uint32_t number)
{
    uint64_t *state = puppet->context;
    host_lane *host = (host_lane *)(uintptr_t)&puppet->host->lane[0];
    worker_lane *lane = &puppet->memory->lane[0];
    uint64_t start = puppet->written;
    uint64_t event = RING_SIZE - start % RING_SIZE > 4096 ? write_event(puppet, start, "one") : start;
    const reply_header honest = honest_reply(puppet);
    unsigned char *reply = puppet_reply(puppet), *ring = puppet_ring(puppet);
    volatile uint64_t *record = (volatile uint64_t *)(void *)(ring + start % RING_SIZE);
    volatile uint32_t *output = (volatile uint32_t *)(void *)(reply + honest.rows_length);
    uint32_t images[64];
    size_t words = honest.output_length / 4 < 64 ? honest.output_length / 4 : 64;
    uint64_t length = event > start ? *record : 0;
    memcpy(images, (void *)(uintptr_t)output, words * 4);
    if (event == start) {
        /* Near the ring's end: go round it. */
        ring_record skip = { .length = SKIP };
        memcpy(ring + start % RING_SIZE, &skip, sizeof skip);
        event = start + RING_SIZE - start % RING_SIZE;
        length = SKIP;
    }
    int published = (int)(next(state) % 16);
    for (int i = 0; i < 64 && atomic_load(&host->request) == number && !is_over(puppet); i++) {
        if (i == published) {
            *record = length;
            publish_events(puppet, event);
            publish_reply(puppet, number, &honest);
        }
        volatile reply_header *header = &lane->header;
        switch (next(state) % 8) {
        case 0:
            header->output_length = value(state, honest.output_length);
            break;
        case 1:
            header->rows_length = value(state, honest.rows_length);
            break;
        case 2:
            *record = value(state, length);
            break;
        case 3:
            output[next(state) % words] = (uint32_t)value(state, 8);
            break;
        case 4:
            header->error_length = value(state, 0);
            break;
        case 5:
            if (i > published)
                atomic_store(&lane->events_written, value(state, event));
            break;
        default:
            header->flags = (uint32_t)(next(state) % 8);
            break;
        }
        if (next(state) % 2 == 0)
            continue;
        *header = honest;
        *record = length;
        memcpy((void *)(uintptr_t)output, images, words * 4);
        if (i > published)
            atomic_store(&lane->events_written, event);
    }
}

void test_racer(void)
{
#if defined(HAS_THREAD_SANITIZER)
    /* It would find what this is about: memory that two change at once. */
    return;
#endif
    uint64_t calls = is_long ? 10000000 : 20000, state = 1, good = 0, bad = 0;
    static const kww_limits limits = { .wall_ns = 10000000000, .queue = 8 };
    while (good + bad < calls) {
        puppet puppet;
        kww_remote *remote = kww_remote_make(&limits, NULL);
        start_puppet(&puppet, race, &state);
        NEED(remote != NULL && kww_remote_attach(remote, puppet.worker) == 0);
        event_log events = { 0 };
        question question = { .text = "hello", .events = &events };
        outcome outcome = { 0 };
        while (good + bad < calls) {
            ask(remote, &question, &outcome);
            if (outcome.status != KW_OK)
                break;
            good++;
        }
        if (outcome.status != KW_OK) {
            bad++;
            if (outcome.status != KWW_FAULT
                || (outcome.fault.kind != KWW_FAULT_PROTOCOL && outcome.fault.kind != KWW_FAULT_TOO_LARGE))
                CHECK_EQUAL(outcome.fault.kind, KWW_FAULT_PROTOCOL);
        }
        kww_remote_remove(remote, puppet.worker);
        end_puppet(&puppet);
        kww_remote_free(remote);
    }
    if (getenv("KEYWAY_TEST_TIMES") != NULL)
        fprintf(stderr, "%llu calls answered, %llu breaches\n", (unsigned long long)good, (unsigned long long)bad);
    CHECK(good > 0 && bad > 0);
}
