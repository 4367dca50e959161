#define _GNU_SOURCE
#include "approval.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <keyway/author.h>

static void ring(void *user_data) KW_NOEXCEPT
{
    uint64_t one = 1;
    const session *s = user_data;
    ssize_t n = write(s->bell, &one, sizeof one);
    (void)n; /* full means that it rings already */
}

static approval_state state_of(session_table *table, const session *s)
{
    pthread_mutex_lock(&table->lock);
    approval_state state = s->approval;
    pthread_mutex_unlock(&table->lock);
    return state;
}

static void open_question(session_table *table, session *s)
{
    pthread_mutex_lock(&table->lock);
    snprintf(s->approval_id, sizeof s->approval_id, "approval-%" PRIu64, ++table->approvals);
    s->approval = APPROVAL_WAITING;
    pthread_mutex_unlock(&table->lock);
}

/* An answer that comes now finds no question. Value: the answer, if it came just before. */
static approval_answer close_question(session_table *table, session *s, approval_answer otherwise)
{
    pthread_mutex_lock(&table->lock);
    approval_state state = s->approval;
    s->approval = APPROVAL_NONE;
    pthread_mutex_unlock(&table->lock);
    return state == APPROVAL_REFUSED ? APPROVAL_NO : otherwise;
}

static void wait_for_bell(kw_call *call, const session *s, int64_t left)
{
    struct timespec timeout = { .tv_sec = (time_t)(left / 1000000000), .tv_nsec = (long)(left % 1000000000) };
    struct pollfd list[2] = { { .fd = s->bell, .events = POLLIN },
                              { .fd = call->api->cancel_fd(call), .events = POLLIN } };
    if (ppoll(list, 2, left < 0 ? NULL : &timeout, NULL) > 0 && list[0].revents != 0) {
        uint64_t count;
        ssize_t n = read(s->bell, &count, sizeof count);
        (void)n;
    }
}

static approval_answer wait_for_answer(kw_call *call, const kw_host *host, session_table *table, const session *s,
                                       const kw_event *event)
{
    bool is_asked = false;
    for (;;) {
        int64_t left = call->deadline_ns == 0 ? -1 : call->deadline_ns - host->now_ns(host);
        if (kw_cancelled(call))
            return APPROVAL_CANCELLED;
        if (call->deadline_ns != 0 && left <= 0)
            return APPROVAL_DEADLINE;
        if (!is_asked) {
            kw_status status = call->api->emit(call, event, KW_EMIT_NOBLOCK);
            if (status == KW_CANCELLED)
                return APPROVAL_CANCELLED;
            if (status != KW_OK && status != KW_WOULD_BLOCK)
                return APPROVAL_UNHEARD;
            is_asked = status == KW_OK;
        }
        approval_state state = state_of(table, s);
        if (state != APPROVAL_WAITING)
            return state == APPROVAL_GIVEN ? APPROVAL_YES : APPROVAL_NO;
        wait_for_bell(call, s, left);
    }
}

approval_answer approval_ask(kw_call *call, const kw_host *host, session_table *table, session *s,
                             const kw_decision *question)
{
    open_question(table, s);
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_APPROVAL, .id = kw_string(s->approval_id),
                       .text = question->reason, .payload = kw_span_of(question, 1, sizeof *question) };
    call->api->set_waker(call, ring, s);
    approval_answer answer = wait_for_answer(call, host, table, s, &event);
    call->api->set_waker(call, NULL, NULL);
    return close_question(table, s, answer);
}
