/* What a plugin in a worker asks its host for: in calls, beside them, and against the rules. */
#define _GNU_SOURCE
#include "puppet.h"

#define MS 1000000ll

/* ---- honest plugins ------------------------------------------------------------------------------------- */

static outcome ask_host(kww_remote *remote, const char *text, event_log *events)
{
    outcome outcome;
    question question = { .text = text, .events = events };
    memset(events, 0, sizeof *events);
    ask(remote, &question, &outcome);
    return outcome;
}

static void check_value(kww_remote *remote, const char *text, const char *value)
{
    event_log events;
    CHECK_EQUAL(ask_host(remote, text, &events).status, KW_OK);
    CHECK_EQUAL(events.count, 1);
    CHECK(strcmp(events.last, value) == 0);
}

static void check_refused(kww_remote *remote, const char *text, kw_status status, const char *words)
{
    event_log events;
    outcome outcome = ask_host(remote, text, &events);
    CHECK_EQUAL(outcome.status, status);
    CHECK(strstr(outcome.error, words) != NULL);
    CHECK_EQUAL(events.count, 0);
}

/* What was written before is ordered by the answers of another process, of which the thread sanitizer knows nothing: this look at
 * all of the memory is not its business. The library's memmem would be. */
__attribute__((no_sanitize("thread"))) static uint64_t find_secret(const served *served)
{
    const volatile unsigned char *memory = (const volatile unsigned char *)served->worker->host;
    static const unsigned char secret[] = "hunter2";
    uint64_t size = host_file_size(served->worker->lanes), found = 0;
    for (uint64_t i = 0; i < size && found < sizeof secret - 1; i++)
        found = memory[i] == secret[found] ? found + 1 : memory[i] == secret[0];
    return found == sizeof secret - 1;
}

static void ask_services(zygote *zygote)
{
    served *served = start_worker(zygote, &(recipe){ .lanes = 1 });
    kww_remote *remote = remote_of(served, NULL);
    NEED(create_in(remote) == KW_OK);
    check_value(remote, "ask hello", "hello");
    check_value(remote, "ask-aside hello", "hello");
    check_value(remote, "ask slow", "slow");
    check_value(remote, "ask-aside slow", "slow");
    check_refused(remote, "ask missing", KW_NOT_FOUND, "no such key");
    check_refused(remote, "ask-aside missing", KW_NOT_FOUND, "no such key");
    check_refused(remote, "ask huge", KW_RESOURCE_EXHAUSTED, "larger than a worker's lane");
    check_refused(remote, "ask nothing", KW_INTERNAL, "replied nothing");
    CHECK_EQUAL(ask_text(remote, "ask-often 20000").status, KW_OK);
    CHECK_EQUAL(ask_text(remote, "ask-ungranted").status, KW_OK);
    CHECK_EQUAL(ask_text(remote, "ask-ended").status, KW_OK);
    event_log events;
    CHECK_EQUAL(ask_host(remote, "ask large", &events).status, KW_OK);
    CHECK_EQUAL(events.count, 1);
    CHECK_EQUAL(ask_host(remote, "say-secret", &events).status, KW_OK);
    CHECK(strncmp(events.last, "hunter2", 7) == 0);
    CHECK_EQUAL(find_secret(served), 0);
    /* Beside calls it goes with the next answer. */
    CHECK_EQUAL(ask_host(remote, "say-secret-aside", &events).status, KW_OK);
    CHECK(strncmp(events.last, "hunter2", 7) == 0);
    CHECK_EQUAL(find_secret(served), 1);
    check_value(remote, "ask-aside hello", "hello");
    CHECK_EQUAL(find_secret(served), 0);
    free_remote(remote, served);
    end_worker_of(served);
}

/* A worker whose host has no services finds none. */
static void ask_for_none(zygote *zygote)
{
    static const kww_limits limits = { .queue = 8 };
    served *served = start_worker(zygote, &(recipe){ .lanes = 1 });
    kww_remote *remote = kww_remote_make(&limits, NULL);
    NEED(remote != NULL && kww_remote_attach(remote, served->worker) == 0 && create_in(remote) == KW_OK);
    check_refused(remote, "ask hello", KW_PERMISSION_DENIED, "no kv");
    kww_remote_remove(remote, served->worker);
    kww_remote_free(remote);
    end_worker_of(served);
}

/* A service obeys the limit of the call on whose behalf it works. */
static void exceed_limit(zygote *zygote)
{
    served *served = start_worker(zygote, &(recipe){ .lanes = 1 });
    kww_remote *remote = remote_of(served, &(kww_limits){ .wall_ns = 50 * MS, .grace_ns = 60000 * MS });
    NEED(create_in(remote) == KW_OK);
    event_log events;
    outcome outcome = ask_host(remote, "ask wait", &events);
    CHECK_EQUAL(outcome.status, KWW_FAULT);
    CHECK_EQUAL(outcome.fault.kind, KWW_FAULT_LIMIT);
    CHECK_EQUAL(outcome.fault.limit, KWW_KILL_WALL);
    CHECK_EQUAL(atomic_load(&served->worker->killed), KWW_KILL_NONE);
    check_value(remote, "ask hello", "hello");
    free_remote(remote, served);
    end_worker_of(served);
}

/* Plugin and service that call each other come to an end, and say why. */
static void recur(zygote *zygote)
{
    served *served = start_worker(zygote, &(recipe){ .lanes = 16 });
    kww_remote *remote = remote_of(served, NULL);
    NEED(create_in(remote) == KW_OK);
    atomic_store(&called_by_service, remote);
    check_refused(remote, "ask call", KW_RESOURCE_EXHAUSTED, "8 deep");
    atomic_store(&called_by_service, NULL);
    check_value(remote, "ask hello", "hello");
    free_remote(remote, served);
    end_worker_of(served);
}

/* ---- hostile ones --------------------------------------------------------------------------------------- */

#define SCRIPT(name) static void name(puppet *puppet, uint32_t number)

static uint32_t kv_number(void)
{
    uint32_t i = 0;
    while (strcmp(kwm_service_at(i)->id, KW_HOST_KV_ID) != 0)
        i++;
    return i;
}

static upcall_header honest_upcall(puppet *puppet, const char *key)
{
    const kwm_operation *operation = &kwm_service_at(kv_number())->operations[0];
    upcall_header asked = { .service = kv_number(), .slot = operation->slot };
    kw_key_in in = { .h = KW_HDR(kw_key_in), .key = { key, strlen(key) } };
    NEED(kwm_encode(operation->in, &in, puppet_reply(puppet), AREA_SIZE, &asked.length, NULL) == KW_OK);
    return asked;
}

static void publish_upcall(puppet *puppet, uint32_t number, const upcall_header *asked)
{
    puppet->memory->lane[0].asked = *asked;
    atomic_store(&puppet->memory->lane[0].upcall, number);
    wake_host(puppet);
}

/* 0: it was not answered, and the puppet's play is over. */
static int await_answer(puppet *puppet, uint32_t number)
{
    while (!is_over(puppet) && atomic_load(&puppet->host->lane[0].answered) != number)
        ;
    return !is_over(puppet);
}

SCRIPT(ask_honestly)
{
    uint32_t next = atomic_load(&puppet->memory->lane[0].upcall) + 1;
    upcall_header asked = honest_upcall(puppet, "hello");
    publish_upcall(puppet, next, &asked);
    if (await_answer(puppet, next)) {
        CHECK_EQUAL(puppet->host->lane[0].answer.status, KW_OK);
        reply_header header = honest_reply(puppet);
        publish_reply(puppet, number, &header);
    }
}

#define ASKS(name, change)                                               \
    SCRIPT(name)                                                         \
    {                                                                    \
        (void)number;                                                    \
        upcall_header asked = honest_upcall(puppet, "hello");            \
        change;                                                          \
        publish_upcall(puppet, 1, &asked);                               \
    }

ASKS(ask_nobody, asked.service = UINT32_MAX)
ASKS(ask_beyond, asked.service = kwm_service_count())
ASKS(ask_ungranted, asked.service = 0) /* keyway.host.fs */
ASKS(ask_no_operation, asked.slot = 77)
ASKS(ask_last_operation, asked.slot = UINT32_MAX)
ASKS(ask_endlessly, asked.length = (uint64_t)1 << 63)
ASKS(ask_too_much, asked.length = AREA_SIZE + 1)
ASKS(ask_behind, asked.at = AREA_SIZE; asked.length = 16)
ASKS(ask_far_behind, asked.at = UINT64_MAX - 15)
ASKS(ask_overflowing, asked.at = 16; asked.length = UINT64_MAX - 8)
ASKS(ask_crookedly, asked.at = 8)
ASKS(ask_shortly, asked.length -= 8)
ASKS(ask_nothing, asked.length = 0)
ASKS(ask_garbage, memset(puppet_reply(puppet), 0xA5, 4096))

SCRIPT(ask_twice)
{
    (void)number;
    upcall_header asked = honest_upcall(puppet, "hello");
    publish_upcall(puppet, 2, &asked);
}

SCRIPT(ask_backwards)
{
    (void)number;
    upcall_header asked = honest_upcall(puppet, "hello");
    publish_upcall(puppet, UINT32_MAX, &asked);
}

/* Of a call that has its answer: nobody looks, and the next call is as if it had not been. (Within the next call it would be
 * what that call asks for.) */
SCRIPT(ask_after_reply)
{
    reply_header header = honest_reply(puppet);
    upcall_header asked = honest_upcall(puppet, "hello");
    puppet->memory->lane[0].asked = asked;
    header = honest_reply(puppet);
    publish_reply(puppet, number, &header);
    atomic_fetch_add(&puppet->memory->lane[0].upcall, 1);
}

/* The limit of the call ends it, whatever it asks for. */
SCRIPT(ask_for_ever)
{
    (void)number;
    uint32_t next = atomic_load(&puppet->memory->lane[0].upcall);
    upcall_header asked = honest_upcall(puppet, "hello");
    do
        publish_upcall(puppet, ++next, &asked);
    while (await_answer(puppet, next));
}

static const struct scene {
    const char *name;
    script script;
    uint32_t fault;
} scenes[] = {
    { "ask_honestly", ask_honestly, 0 },
    { "ask_nobody", ask_nobody, KWW_FAULT_PROTOCOL },
    { "ask_beyond", ask_beyond, KWW_FAULT_PROTOCOL },
    { "ask_ungranted", ask_ungranted, KWW_FAULT_PROTOCOL },
    { "ask_no_operation", ask_no_operation, KWW_FAULT_PROTOCOL },
    { "ask_last_operation", ask_last_operation, KWW_FAULT_PROTOCOL },
    { "ask_endlessly", ask_endlessly, KWW_FAULT_PROTOCOL },
    { "ask_too_much", ask_too_much, KWW_FAULT_PROTOCOL },
    { "ask_behind", ask_behind, KWW_FAULT_PROTOCOL },
    { "ask_far_behind", ask_far_behind, KWW_FAULT_PROTOCOL },
    { "ask_overflowing", ask_overflowing, KWW_FAULT_PROTOCOL },
    { "ask_crookedly", ask_crookedly, KWW_FAULT_PROTOCOL },
    { "ask_shortly", ask_shortly, KWW_FAULT_PROTOCOL },
    { "ask_nothing", ask_nothing, KWW_FAULT_PROTOCOL },
    { "ask_garbage", ask_garbage, KWW_FAULT_PROTOCOL },
    { "ask_twice", ask_twice, KWW_FAULT_PROTOCOL },
    { "ask_backwards", ask_backwards, KWW_FAULT_PROTOCOL },
    { "ask_after_reply", ask_after_reply, 0 },
    { "ask_for_ever", ask_for_ever, KWW_FAULT_LIMIT },
};

static void play(const struct scene *scene)
{
    puppet puppet;
    outcome outcome;
    int failed = check_failed;
    int64_t wall = scene->fault == KWW_FAULT_LIMIT ? 100 * MS : 60000 * MS;
    const kww_limits limits = { .wall_ns = wall, .grace_ns = 5 * MS, .queue = 8 };
    const kww_watch watch = { .host = host_with_services() };
    kww_remote *remote = kww_remote_make(&limits, &watch);
    start_puppet(&puppet, scene->script, NULL);
    NEED(remote != NULL && kww_remote_attach(remote, puppet.worker) == 0);
    question question = { .text = "hello" };
    for (int i = 0; i < (scene->fault == 0 ? 1000 : 1); i++) {
        ask(remote, &question, &outcome);
        CHECK_EQUAL(outcome.status, scene->fault == 0 ? KW_OK : KWW_FAULT);
        CHECK_EQUAL(outcome.fault.kind, scene->fault);
        await_play(&puppet);
        if (check_failed != failed)
            break;
    }
    if (scene->fault == KWW_FAULT_PROTOCOL)
        CHECK_EQUAL(puppet.worker->killed, KWW_KILL_PROTOCOL);
    kww_remote_remove(remote, puppet.worker);
    end_puppet(&puppet);
    kww_remote_free(remote);
    if (check_failed != failed)
        fprintf(stderr, "that was %s\n", scene->name);
}

/* Notes that no honest worker sends. */
static void serve_nothing(void)
{
    puppet puppet;
    static const kww_limits limits = { .queue = 8 };
    const kww_watch watch = { .host = host_with_services() };
    kww_remote *remote = kww_remote_make(&limits, &watch);
    start_puppet(&puppet, ask_honestly, NULL);
    NEED(remote != NULL && kww_remote_attach(remote, puppet.worker) == 0);
    CHECK_EQUAL(kww_serve(remote, puppet.worker, 0), -1);
    CHECK_EQUAL(kww_serve(remote, puppet.worker, 1), -1);
    CHECK_EQUAL(kww_serve(remote, puppet.worker, 1 + OWN_LANES), -1);
    CHECK_EQUAL(kww_serve(remote, puppet.worker, UINT32_MAX), -1);
    puppet.memory->lane[1].asked = (upcall_header){ .service = kv_number(), .length = AREA_SIZE };
    atomic_store(&puppet.memory->lane[1].upcall, 1);
    CHECK_EQUAL(kww_serve(remote, puppet.worker, 1), -1);
    atomic_store(&puppet.memory->lane[1].upcall, 7);
    CHECK_EQUAL(kww_serve(remote, puppet.worker, 1), -1);
    kww_remote_remove(remote, puppet.worker);
    end_puppet(&puppet);
    kww_remote_free(remote);
}

void test_upcalls(void)
{
    zygote zygote;
    start_zygote(&zygote, NULL, NULL);
    possessions before = count_possessions(&zygote);
    ask_services(&zygote);
    ask_for_none(&zygote);
    exceed_limit(&zygote);
    recur(&zygote);
    CHECK(is_settled(&zygote, before));
    end_zygote(&zygote);
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
        play(&scenes[i]);
    serve_nothing();
}
