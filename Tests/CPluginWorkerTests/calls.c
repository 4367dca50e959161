/* Calls as a host makes them: through the tables of a plugin in workers. */
#define _GNU_SOURCE
#include "check.h"

static const kw_embedder *embedder(void)
{
    static kw_embedder table;
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (table.h.size == 0)
        NEED(kww_interface_table(KW_EMBEDDER_ID, 3, &table, sizeof table) == 0);
    pthread_mutex_unlock(&lock);
    return &table;
}

static kw_status take_event(void *context, const kw_event *event, uint32_t flags)
{
    (void)flags;
    event_log *log = context;
    if (event->text.len == sizeof(uint64_t)) {
        uint64_t number;
        memcpy(&number, event->text.ptr, sizeof number);
        log->is_in_order = number == log->count && (log->count == 0 || log->is_in_order);
    }
    log->count++;
    size_t length = event->text.len < sizeof log->last - 1 ? event->text.len : sizeof log->last - 1;
    if (length > 0)
        memcpy(log->last, event->text.ptr, length);
    log->last[length] = '\0';
    return log->on_event != NULL && log->on_event(log->context, event) != 0 ? KW_CANCELLED : KW_OK;
}

/* Of every byte that the caller gets, but for the process's number. */
static uint64_t digest_of(const kw_embed_out *out, const float row[DIMS])
{
    static _Thread_local _Alignas(16) unsigned char message[1 << 20];
    const kwm_operation *embed = &kwm_interface_by_id((kw_str){ KW_EMBEDDER_ID, sizeof KW_EMBEDDER_ID - 1 })->operations[1];
    kw_embed_out copy = *out;
    uint64_t length, digest = 14695981039346656037u;
    copy.total_tokens = 0;
    if (kwm_encode(embed->out, &copy, message, sizeof message - DIMS * sizeof *row, &length, NULL) != KW_OK)
        return 0;
    memcpy(message + length, row, DIMS * sizeof *row);
    for (uint64_t i = 0; i < length + DIMS * sizeof *row; i++)
        digest = (digest ^ message[i]) * 1099511628211u;
    return digest;
}

void ask(kww_remote *remote, const question *question, outcome *outcome)
{
    _Alignas(16) float row[DIMS];
    kw_str text = { question->text, strlen(question->text) };
    kw_embed_in in = {
        .h = KW_HDR(kw_embed_in), .texts = { &text, 1, sizeof text }, .rows = row, .capacity = sizeof row,
        .row_stride = sizeof row, .dims = DIMS, .element = KW_ELEMENT_F32,
    };
    kw_embed_out out = { 0 };
    kwc_frame *frame = kwc_begin(&out, sizeof out);
    NEED(frame != NULL);
    memset(outcome, 0, sizeof *outcome);
    memset(row, 0, sizeof row);
    frame->call.deadline_ns = question->deadline_ns;
    if (question->events != NULL) {
        frame->sink = take_event;
        frame->sink_context = question->events;
    }
    if (question->is_cancelled)
        kwc_cancel(frame);
    if (question->frame != NULL)
        atomic_store(question->frame, frame);
    outcome->status = kwc_invoke(frame, (kw_any_op)(question->embedder != NULL ? question->embedder : embedder())->embed,
                                  kww_remote_instance(remote), &in);
    /* Whoever cancels has it meanwhile. */
    while (question->frame != NULL && atomic_exchange(question->frame, NULL) == NULL)
        ;
    if (outcome->status == KWW_FAULT)
        kww_take_fault(&outcome->fault);
    if (frame->failed)
        snprintf(outcome->error, sizeof outcome->error, "%.*s", (int)frame->error.message.len, frame->error.message.ptr);
    outcome->misuse = frame->misuse;
    if (outcome->status == KW_OK) {
        outcome->pid = out.total_tokens;
        outcome->last = row[DIMS - 1];
        outcome->tokens = out.tokens.count;
        outcome->digest = digest_of(&out, row);
    }
    kwc_end(frame);
}

outcome ask_text(kww_remote *remote, const char *text)
{
    outcome outcome;
    question question = { .text = text };
    ask(remote, &question, &outcome);
    return outcome;
}

static const kw_plugin *plugin_table(void)
{
    static kw_plugin table;
    static kww_description description;
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (table.create == NULL) {
        description.present = UINT32_MAX;
        kww_plugin_table(&description, &table);
    }
    pthread_mutex_unlock(&lock);
    return &table;
}

static kw_status run(kww_remote *remote, kw_any_op operation, const void *in, void *out, uint32_t size)
{
    kwc_frame *frame = kwc_begin(out, size);
    NEED(frame != NULL);
    kw_status status = kwc_invoke(frame, operation, kww_remote_instance(remote), in);
    kwc_end(frame);
    return status;
}

kw_status create_in(kww_remote *remote)
{
    kw_create_in in = { .h = KW_HDR(kw_create_in) };
    kw_create_out out;
    kw_none none = { .h = KW_HDR(kw_none) }, nothing;
    kw_status status = run(remote, (kw_any_op)plugin_table()->create, &in, &out, sizeof out);
    return status != KW_OK ? status : run(remote, (kw_any_op)plugin_table()->start, &none, &nothing, sizeof nothing);
}

kw_status destroy_in(kww_remote *remote)
{
    kw_quiesce_in in = { .h = KW_HDR(kw_quiesce_in) };
    kw_quiesce_out out;
    kw_none none = { .h = KW_HDR(kw_none) }, nothing;
    kw_status status = run(remote, (kw_any_op)plugin_table()->quiesce, &in, &out, sizeof out);
    return status != KW_OK ? status : run(remote, (kw_any_op)plugin_table()->destroy, &none, &nothing, sizeof nothing);
}

kww_remote *remote_of(served *served, const kww_limits *limits)
{
    kww_limits chosen = { .grace_ns = 50000000 };
    if (limits != NULL)
        chosen = *limits;
    chosen.queue = 64;
    const kww_watch watch = { .host = host_with_services(), .interfaces = served->interfaces };
    kww_remote *remote = kww_remote_make(&chosen, &watch);
    NEED(remote != NULL && kww_remote_attach(remote, served->worker) == 0);
    pthread_mutex_lock(&served->zygote->lock);
    served->remote = remote;
    if (served->has_ended)
        kww_remote_refuse(remote, "its worker is gone", 0);
    pthread_mutex_unlock(&served->zygote->lock);
    return remote;
}

void free_remote(kww_remote *remote, served *served)
{
    pthread_mutex_lock(&served->zygote->lock);
    served->remote = NULL;
    stop_serving(served);
    pthread_mutex_unlock(&served->zygote->lock);
    kww_remote_remove(remote, served->worker);
    kww_remote_free(remote);
}
