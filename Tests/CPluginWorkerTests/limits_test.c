/* Limits and cancellation: what is asked to end gets its grace, and then an end. */
#define _GNU_SOURCE
#include "check.h"

#define MS 1000000

typedef struct stage {
    zygote zygote;
    served *served;
    kww_remote *remote;
} stage;

static void set(stage *stage, const kww_limits *limits)
{
    start_zygote(&stage->zygote, NULL, NULL);
    stage->served = start_instance(&stage->zygote, NULL);
    NEED(stage->served != NULL);
    stage->remote = remote_of(stage->served, limits);
}

static void clear(stage *stage)
{
    free_remote(stage->remote, stage->served);
    end_worker_of(stage->served);
    end_zygote(&stage->zygote);
}

static int is_alive(const stage *stage)
{
    kww_facts facts;
    kww_worker_facts(stage->served->worker, &facts);
    return facts.ended == 0 && facts.killed == KWW_KILL_NONE;
}

static int64_t value_of(const kww_limits *limits, uint32_t kind)
{
    switch (kind) {
    case KWW_KILL_WALL:
        return limits->wall_ns;
    case KWW_KILL_CPU:
        return limits->cpu_ns;
    case KWW_KILL_OUTPUT:
        return (int64_t)limits->output_bytes;
    default:
        return (int64_t)limits->events;
    }
}

/* A text that goes beyond a limit. */
static void go_beyond(const char *text, kww_limits limits, uint32_t kind, int survives)
{
    stage stage;
    event_log events = { 0 };
    question question = { .text = text, .events = &events };
    outcome outcome;
    int failed = check_failed;
    set(&stage, &limits);
    ask(stage.remote, &question, &outcome);
    CHECK_EQUAL(outcome.status, KWW_FAULT);
    CHECK_EQUAL(outcome.fault.kind, KWW_FAULT_LIMIT);
    CHECK_EQUAL(outcome.fault.limit, kind);
    CHECK_EQUAL(outcome.fault.value, value_of(&limits, kind));
    if (limits.events != 0)
        CHECK_EQUAL(events.count, limits.events);
    CHECK_EQUAL(is_alive(&stage), survives);
    if (survives)
        CHECK_EQUAL(ask_text(stage.remote, "answer").status, KW_OK);
    clear(&stage);
    if (check_failed != failed)
        fprintf(stderr, "that was \"%s\" beyond %u\n", text, (unsigned)kind);
}

static void keep_within(void)
{
    static const kww_limits limits = {
        .wall_ns = 60000ll * MS, .cpu_ns = 60000ll * MS, .grace_ns = 50 * MS, .output_bytes = 1 << 20, .events = 1000,
    };
    stage stage;
    event_log events = { 0 };
    question question = { .text = "count 1000", .events = &events };
    outcome outcome;
    set(&stage, &limits);
    ask(stage.remote, &question, &outcome);
    CHECK_EQUAL(outcome.status, KW_OK);
    CHECK(events.count == 1000 && events.is_in_order);
    clear(&stage);
}

/* The call's own deadline, and how long it had. */
static void miss_deadline(void)
{
    stage stage;
    set(&stage, &(kww_limits){ .grace_ns = 20 * MS });
    int64_t begin = now_ns();
    question question = { .text = "sleep", .deadline_ns = begin + 50 * MS };
    outcome outcome;
    ask(stage.remote, &question, &outcome);
    CHECK_EQUAL(outcome.fault.kind, KWW_FAULT_LIMIT);
    CHECK_EQUAL(outcome.fault.limit, KWW_KILL_DEADLINE);
    CHECK(outcome.fault.value > 0 && outcome.fault.value <= 50 * MS);
    CHECK(now_ns() - begin >= 70 * MS);
    clear(&stage);
}

/* No worker comes before the deadline. */
static void find_nobody(void)
{
    stage stage;
    outcome outcome;
    set(&stage, NULL);
    kww_remote_detach(stage.remote, stage.served->worker);
    question question = { .text = "answer", .deadline_ns = now_ns() + 20 * MS };
    ask(stage.remote, &question, &outcome);
    CHECK_EQUAL(outcome.fault.kind, KWW_FAULT_EXPIRED);
    kww_remote_refuse(stage.remote, "there is none", 60000ll * MS);
    outcome = ask_text(stage.remote, "answer");
    CHECK_EQUAL(outcome.fault.kind, KWW_FAULT_REFUSED);
    CHECK(strcmp(outcome.fault.text, "there is none") == 0);
    CHECK(outcome.fault.retry_after_ns > 0 && outcome.fault.retry_after_ns <= 60000ll * MS);
    clear(&stage);
}

static void send_much(void)
{
    stage stage;
    set(&stage, NULL);
    size_t size = 17u << 20;
    char *text = malloc(size + 1);
    NEED(text != NULL);
    memset(text, 'x', size);
    text[size] = '\0';
    outcome outcome = ask_text(stage.remote, text);
    CHECK_EQUAL(outcome.fault.kind, KWW_FAULT_TOO_LARGE);
    CHECK_EQUAL(outcome.fault.value, 16u << 20);
    text[15u << 20] = '\0';
    CHECK_EQUAL(ask_text(stage.remote, text).status, KW_INVALID_ARGUMENT);
    free(text);
    CHECK_EQUAL(ask_text(stage.remote, "answer").status, KW_OK);
    event_log events = { 0 };
    question question = { .text = "large-event 400000", .events = &events };
    ask(stage.remote, &question, &outcome);
    CHECK(outcome.status == KW_OK && events.count == 1);
    question.text = "large-event 1100000";
    ask(stage.remote, &question, &outcome);
    CHECK_EQUAL(outcome.status, KW_RESOURCE_EXHAUSTED);
    clear(&stage);
}

/* ---- streams -------------------------------------------------------------------------------------------- */

static void stream(const char *text, uint64_t count)
{
    stage stage;
    event_log events = { 0 };
    question question = { .text = text, .events = &events };
    outcome outcome;
    set(&stage, NULL);
    ask(stage.remote, &question, &outcome);
    CHECK_EQUAL(outcome.status, KW_OK);
    CHECK_EQUAL(events.count, count);
    CHECK(events.is_in_order);
    clear(&stage);
}

static int stop_at(void *context, const kw_event *event)
{
    (void)event;
    int *left = context;
    return --*left <= 0;
}

/* The consumer has had enough. */
static void stop_listening(void)
{
    stage stage;
    int left = 100;
    event_log events = { .on_event = stop_at, .context = &left };
    question question = { .text = "flood", .events = &events };
    outcome outcome;
    set(&stage, &(kww_limits){ .grace_ns = 60000ll * MS });
    ask(stage.remote, &question, &outcome);
    CHECK_EQUAL(outcome.status, KW_CANCELLED);
    CHECK_EQUAL(events.count, 100);
    CHECK(is_alive(&stage));
    clear(&stage);
}

void test_limits(void)
{
    keep_within();
    go_beyond("spin", (kww_limits){ .wall_ns = 30 * MS, .grace_ns = 10 * MS }, KWW_KILL_WALL, 0);
    go_beyond("spin", (kww_limits){ .cpu_ns = 30 * MS, .grace_ns = 10 * MS }, KWW_KILL_CPU, 0);
    go_beyond("flood", (kww_limits){ .wall_ns = 30 * MS, .grace_ns = 60000ll * MS }, KWW_KILL_WALL, 1);
    go_beyond("flood", (kww_limits){ .cpu_ns = 30 * MS, .grace_ns = 60000ll * MS }, KWW_KILL_CPU, 1);
    go_beyond("flood-for-ever", (kww_limits){ .wall_ns = 30 * MS, .grace_ns = 10 * MS }, KWW_KILL_WALL, 0);
    go_beyond("flood", (kww_limits){ .events = 1000, .grace_ns = 60000ll * MS }, KWW_KILL_EVENTS, 1);
    go_beyond("flood", (kww_limits){ .output_bytes = 100000, .grace_ns = 60000ll * MS }, KWW_KILL_OUTPUT, 1);
    go_beyond("flood-for-ever", (kww_limits){ .events = 1000, .grace_ns = 10 * MS }, KWW_KILL_EVENTS, 0);
    go_beyond("count 1001", (kww_limits){ .events = 1000, .grace_ns = 60000ll * MS }, KWW_KILL_EVENTS, 1);
    /* Some of what it said was kept from the caller: that it ended well does not make its answer whole. */
    go_beyond("answer-when-asked", (kww_limits){ .events = 10, .grace_ns = 60000ll * MS }, KWW_KILL_EVENTS, 1);
    go_beyond("answer-when-asked", (kww_limits){ .output_bytes = 4096, .grace_ns = 60000ll * MS }, KWW_KILL_OUTPUT, 1);
    go_beyond("large-reply 100000", (kww_limits){ .output_bytes = 100000, .grace_ns = 60000ll * MS }, KWW_KILL_OUTPUT, 1);
    miss_deadline();
    find_nobody();
    send_much();
    stream("count 200000", 200000);
    stream("count-unblocked 200000", 200000);
    stop_listening();
}

/* ---- cancelling ----------------------------------------------------------------------------------------- */

typedef struct canceller {
    _Atomic(kwc_frame *) frame;
    kww_remote *remote; /* waits until a call waits for a lane of it; NULL: until the plugin has begun */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int has_begun;
} canceller;

static int note_begin(void *context, const kw_event *event)
{
    (void)event;
    canceller *canceller = context;
    pthread_mutex_lock(&canceller->lock);
    canceller->has_begun = 1;
    pthread_cond_signal(&canceller->changed);
    pthread_mutex_unlock(&canceller->lock);
    return 0;
}

static void *cancel(void *context)
{
    canceller *canceller = context;
    if (canceller->remote != NULL) {
        while (kww_remote_waiting(canceller->remote) == 0)
            ;
    } else {
        pthread_mutex_lock(&canceller->lock);
        while (!canceller->has_begun)
            pthread_cond_wait(&canceller->changed, &canceller->lock);
        pthread_mutex_unlock(&canceller->lock);
    }
    kwc_frame *frame;
    while ((frame = atomic_exchange(&canceller->frame, NULL)) == NULL)
        ;
    kwc_cancel(frame);
    atomic_store(&canceller->frame, frame);
    return NULL;
}

static outcome cancel_while(stage *stage, const char *text, int waits_for_lane)
{
    canceller canceller = {
        .remote = waits_for_lane ? stage->remote : NULL,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    event_log events = { .on_event = note_begin, .context = &canceller };
    question question = { .text = text, .events = &events, .frame = &canceller.frame };
    outcome outcome;
    pthread_t thread;
    NEED(pthread_create(&thread, NULL, cancel, &canceller) == 0);
    ask(stage->remote, &question, &outcome);
    pthread_join(thread, NULL);
    return outcome;
}

void test_cancelling(void)
{
    stage stage;
    set(&stage, &(kww_limits){ .grace_ns = 60000ll * MS });
    /* The plugin does as it is told, and its worker lives on. */
    outcome outcome = cancel_while(&stage, "obey", 0);
    CHECK_EQUAL(outcome.status, KW_CANCELLED);
    CHECK(strcmp(outcome.error, "it was asked to end") == 0);
    CHECK_EQUAL(cancel_while(&stage, "flood", 0).status, KW_CANCELLED);
    CHECK_EQUAL(cancel_while(&stage, "answer-when-asked", 0).status, KW_OK);
    /* What was cancelled before it began reaches the plugin as that. */
    question early = { .text = "obey", .is_cancelled = 1 };
    ask(stage.remote, &early, &outcome);
    CHECK_EQUAL(outcome.status, KW_CANCELLED);
    /* The one that is cancelled is not the next one. */
    for (int i = 0; i < 2000; i++) {
        cancel_while(&stage, "answer-when-asked", 0);
        CHECK_EQUAL(ask_text(stage.remote, "answer").status, KW_OK);
    }
    CHECK(is_alive(&stage));
    kww_remote_detach(stage.remote, stage.served->worker);
    outcome = cancel_while(&stage, "answer", 1);
    CHECK_EQUAL(outcome.fault.kind, KWW_FAULT_CANCELLED);
    clear(&stage);

    /* It does not, and its worker is ended. */
    set(&stage, &(kww_limits){ .grace_ns = 20 * MS });
    int64_t begin = now_ns();
    outcome = cancel_while(&stage, "sleep", 0);
    CHECK_EQUAL(outcome.fault.kind, KWW_FAULT_CANCELLED);
    CHECK(now_ns() - begin >= 20 * MS);
    await_end(stage.served);
    CHECK(!is_alive(&stage));
    clear(&stage);
}
