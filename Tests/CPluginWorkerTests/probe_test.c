/* Workers without lanes: they load a plugin, say what it is, and end. */
#define _GNU_SOURCE
#include "check.h"

#include <signal.h>
#include <unistd.h>

#define MS INT64_C(1000000)

/* Waits for its end, and gives what is known of it. */
static served *probe(zygote *zygote, const recipe *recipe, kww_facts *facts)
{
    struct recipe probe = *recipe;
    probe.is_probe = 1;
    served *served = start_worker(zygote, &probe);
    await_end(served);
    kww_worker_facts(served->worker, facts);
    CHECK_EQUAL(facts->ended, KWW_END_EXIT);
    CHECK_EQUAL(facts->lanes, 0);
    return served;
}

static void crash(zygote *zygote)
{
    kww_facts facts;
    kww_place places[KWW_PLACE_LIMIT];
    served *served = probe(zygote, &(recipe){ .plugin = "dying.so" }, &facts);
    CHECK_EQUAL(served->state, KWW_STATE_LOADING);
    CHECK_EQUAL(facts.status & 0x7f, SIGABRT);
    CHECK_EQUAL(facts.phase, KWW_PHASE_LOAD);
    CHECK_EQUAL(facts.signal, SIGABRT);
    uint32_t count = kww_worker_backtrace(served->worker, places, KWW_PLACE_LIMIT);
    CHECK(count > 0 && count < KWW_PLACE_LIMIT);
    /* What called the constructor is not of the plugin. */
    CHECK(count > 0 && strcmp(places[count - 1].symbol, "die") == 0 && places[count - 1].symbol_offset > 0);
    CHECK_EQUAL(kww_worker_backtrace(served->worker, places, 1), 1);
    end_worker_of(served);

    /* The same plugin in a worker: whoever has calls to answer does not look around first. */
    served = start_worker(zygote, &(recipe){ .plugin = "dying.so" });
    await_end(served);
    CHECK_EQUAL(kww_worker_backtrace(served->worker, places, KWW_PLACE_LIMIT), 0);
    end_worker_of(served);
}

static void limits(zygote *zygote)
{
    kww_facts facts;
    /* Less than its libraries take: it ends before it is loaded, and says why. */
    served *served = probe(zygote, &(recipe){ .spawn.addresses = 1 << 20 }, &facts);
    CHECK(served->state == KWW_STATE_FAILED || (facts.status & 0x7f) != 0);
    CHECK(facts.phase < KWW_PHASE_ENTRY);
    end_worker_of(served);
    served = probe(zygote,
                   &(recipe){ .spawn.addresses = UINT64_C(4) << 30, .spawn.open_files = 256, .spawn.file_size = 1 << 20,
                              .spawn.cpu_seconds = 4 },
                   &facts);
    CHECK_EQUAL(served->state, KWW_STATE_READY);
    end_worker_of(served);
}

void test_probes(void)
{
    zygote zygote;
    kww_facts facts;
    start_zygote(&zygote, NULL, NULL);
    /* What the first one brings along, its zygote keeps. */
    end_worker_of(probe(&zygote, &(recipe){ 0 }, &facts));
    possessions before = count_possessions(&zygote);

    served *served = probe(&zygote, &(recipe){ 0 }, &facts);
    CHECK_EQUAL(served->state, KWW_STATE_READY);
    CHECK_EQUAL(facts.status, 0);
    CHECK_EQUAL(facts.phase, KWW_PHASE_SERVING);
    CHECK(strcmp(served->description.id, "test.trouble") == 0 && strcmp(served->description.version, "1.0.0") == 0);
    CHECK_EQUAL(served->description.interfaces, 2);
    CHECK_EQUAL(served->description.interface[0].present, 3);
    CHECK_EQUAL(served->printed, 0);
    kww_place place;
    CHECK_EQUAL(kww_worker_backtrace(served->worker, &place, 1), 0);
    end_worker_of(served);

    served = probe(&zygote, &(recipe){ .plugin = "refusing.so" }, &facts);
    CHECK_EQUAL(served->state, KWW_STATE_FAILED);
    CHECK_EQUAL(facts.phase, KWW_PHASE_ENTRY);
    CHECK(strstr(served->message, "refused SDK") != NULL);
    end_worker_of(served);

    served = probe(&zygote, &(recipe){ .plugin = "no-library.so" }, &facts);
    CHECK_EQUAL(served->state, KWW_STATE_FAILED);
    CHECK_EQUAL(facts.phase, KWW_PHASE_LOAD);
    end_worker_of(served);

    served = start_worker(&zygote, &(recipe){ .plugin = "hanging.so", .is_probe = 1, .patience_ns = 50 * MS });
    CHECK_EQUAL(served->state, KWW_STATE_LOADING);
    kww_worker_kill(served->worker, KWW_KILL_LOAD);
    await_end(served);
    kww_worker_facts(served->worker, &facts);
    CHECK_EQUAL(facts.status & 0x7f, SIGKILL);
    CHECK_EQUAL(facts.killed, KWW_KILL_LOAD);
    CHECK_EQUAL(facts.phase, KWW_PHASE_LOAD);
    end_worker_of(served);

    crash(&zygote);
    limits(&zygote);
    CHECK(is_settled(&zygote, before));
    end_zygote(&zygote);
}
