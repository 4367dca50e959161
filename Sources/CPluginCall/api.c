/* What a plugin may do with its call: kw_call_api. */
#include "engine.h"

#include <sys/eventfd.h>

static void *api_alloc(kw_call *call, uint64_t size, uint64_t align)
{
    kwc_frame *frame = frame_of(call);
    return has_ended(frame) ? NULL : kwc_arena_alloc(frame, size, align);
}

static kw_status api_fail(kw_call *call, const kw_error *error)
{
    kwc_frame *frame = frame_of(call);
    kw_error copy;
    if (has_ended(frame))
        return KW_FAILED_PRECONDITION;
    if (kwc_import(&copy, sizeof copy, error) != KW_OK) {
        note_misuse(frame, KWC_BAD_ERROR);
        return KW_INTERNAL;
    }
    if (copy.status == KW_OK || copy.status == KW_PENDING)
        copy.status = KW_INTERNAL;
    copy.message = kwc_copy_text(frame, copy.message);
    copy.details_json = kwc_copy_text(frame, copy.details_json);
    copy.domain = kwc_copy_text(frame, copy.domain);
    copy.request_id = kwc_copy_text(frame, copy.request_id);
    copy.backtrace = kwc_copy_text(frame, copy.backtrace);
    frame->error = copy;
    frame->failed = 1;
    return copy.status;
}

static kw_status api_emit(kw_call *call, const kw_event *event, uint32_t flags)
{
    kwc_frame *frame = frame_of(call);
    if (has_ended(frame))
        return KW_CANCELLED;
    if (frame->sink == NULL)
        return KW_UNIMPLEMENTED;
    if (frame->replied) {
        note_misuse(frame, KWC_EMIT_AFTER_REPLY);
        return KW_FAILED_PRECONDITION;
    }
    if (kw_cancelled(call))
        return KW_CANCELLED;
    if (event != NULL && event->h.size == sizeof(kw_event))
        return frame->sink(frame->sink_context, event, flags);
    kw_event copy;
    if (kwc_import(&copy, sizeof copy, event) != KW_OK) {
        note_misuse(frame, KWC_BAD_EVENT);
        return KW_INVALID_ARGUMENT;
    }
    return frame->sink(frame->sink_context, &copy, flags);
}

static kw_status api_reply(kw_call *call, const void *out)
{
    kwc_frame *frame = frame_of(call);
    if (has_ended(frame))
        return KW_FAILED_PRECONDITION;
    if (frame->replied) {
        note_misuse(frame, KWC_DOUBLE_REPLY);
        return KW_FAILED_PRECONDITION;
    }
    if (out == NULL || ((const kw_hdr *)out)->size < sizeof(kw_hdr)) {
        note_misuse(frame, KWC_BAD_REPLY);
        return KW_INVALID_ARGUMENT;
    }
    if (frame->out != NULL && kwc_import(frame->out, frame->out_size, out) != KW_OK) {
        note_misuse(frame, KWC_BAD_REPLY);
        return KW_UNIMPLEMENTED;
    }
    frame->replied = 1;
    return KW_OK;
}

static kw_status api_adopt(kw_call *call, kw_lease *lease)
{
    kwc_frame *frame = frame_of(call);
    if (has_ended(frame) || lease == NULL || lease->release == NULL)
        return KW_INVALID_ARGUMENT;
    kwc_lease_node *node = kwc_arena_alloc(frame, sizeof *node, _Alignof(kwc_lease_node));
    if (node == NULL)
        return KW_RESOURCE_EXHAUSTED;
    node->lease = *lease;
    node->next = frame->leases;
    frame->leases = node;
    lease->release = NULL; /* moved: a second adopt of the same variable is refused */
    return KW_OK;
}

/* The frame whose waker this thread is running. */
static _Thread_local const kwc_frame *waking_frame;

int kwc_is_waking(const kwc_frame *frame)
{
    return waking_frame == frame;
}

void kwc_run_waker(engine_frame *engine)
{
    kwc_frame *frame = &engine->frame;
    if (waking_frame == frame)
        return;
    while (frame->wakes_running > 0)
        pthread_cond_wait(&engine->changed, &engine->lock);
    void (*wake)(void *) = frame->wake;
    void *data = frame->wake_data;
    if (wake == NULL) {
        /* A plugin may be refused first and set its waker then; the room that came in between must not be lost. */
        engine->wake_missed = 1;
        return;
    }
    engine->wake_missed = 0;
    frame->wakes_running = 1;
    pthread_mutex_unlock(&engine->lock);
    const kwc_frame *outer = waking_frame;
    waking_frame = frame;
    wake(data);
    waking_frame = outer;
    pthread_mutex_lock(&engine->lock);
    frame->wakes_running = 0;
    pthread_cond_broadcast(&engine->changed);
}

/* "After that it is not called any more" has to hold for a wake that is running on another thread, too. A waker that
 * removes itself must not wait for itself. */
static void wait_for_wake(engine_frame *engine)
{
    while (engine->frame.wakes_running > 0 && !kwc_is_waking(&engine->frame))
        pthread_cond_wait(&engine->changed, &engine->lock);
}

static void api_set_waker(kw_call *call, void (*wake)(void *user_data), void *user_data)
{
    kwc_frame *frame = frame_of(call);
    engine_frame *engine = engine_of(frame);
    lock_shared(engine);
    if (!has_ended(frame) && !engine->is_completing) {
        frame->wake = wake;
        frame->wake_data = user_data;
        wait_for_wake(engine);
        if (wake != NULL && (engine->wake_missed || kw_cancelled(call)))
            kwc_run_waker(engine);
    }
    pthread_mutex_unlock(&engine->lock);
}

static void api_complete(kw_call *call, kw_status status)
{
    kwc_frame *frame = frame_of(call);
    engine_frame *engine = engine_of(frame);
    lock_shared(engine);
    if (has_ended(frame)) {
        /* Too late: there is no call that it could end. */
    } else if (engine->is_completing) {
        note_misuse(frame, KWC_DOUBLE_COMPLETE);
    } else {
        /* What the waker uses goes with the operation, which the plugin may take for ended as soon as this returns. */
        engine->is_completing = 1;
        frame->wake = NULL;
        wait_for_wake(engine);
        /* "Goes on" is no way to end. */
        frame->completion = status == KW_PENDING ? KW_INTERNAL : status;
        frame->is_complete = 1;
        pthread_cond_broadcast(&engine->changed);
    }
    pthread_mutex_unlock(&engine->lock);
}

static int32_t api_cancel_fd(kw_call *call)
{
    kwc_frame *frame = frame_of(call);
    engine_frame *engine = engine_of(frame);
    int32_t fd = -1;
    lock_shared(engine);
    if (!has_ended(frame)) {
        if (engine->cancel_fd < 0)
            engine->cancel_fd = eventfd(kw_cancelled(call) ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
        fd = engine->cancel_fd;
    }
    pthread_mutex_unlock(&engine->lock);
    return fd;
}

static const kw_error *api_last_error(kw_call *call)
{
    kwc_frame *frame = frame_of(call);
    return has_ended(frame) || !frame->failed ? NULL : &frame->error;
}

static void api_log(kw_call *call, uint32_t level, kw_str component, kw_str message, kw_str fields_json)
{
    kwc_frame *frame = frame_of(call);
    if (!has_ended(frame) && frame->log != NULL)
        frame->log(frame->log_context, call, level, component, message, fields_json);
}

const kw_call_api kwc_call_api = {
    .h = KW_HDR(kw_call_api),
    .alloc = api_alloc,
    .fail = api_fail,
    .emit = api_emit,
    .reply = api_reply,
    .adopt = api_adopt,
    .complete = api_complete,
    .set_waker = api_set_waker,
    .cancel_fd = api_cancel_fd,
    .last_error = api_last_error,
    .log = api_log,
};
