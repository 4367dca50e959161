#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

static int is_readable(int fd)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    return poll(&wait, 1, 0) == 1 && (wait.revents & POLLIN) != 0;
}

static void count_wake(void *data)
{
    __atomic_fetch_add((int *)data, 1, __ATOMIC_SEQ_CST);
}

static void flag_and_descriptor(void)
{
    kwc_frame *frame = kwc_begin(NULL, 0);
    kw_call *call = &frame->call;
    CHECK(!kw_cancelled(call));
    int fd = call->api->cancel_fd(call);
    CHECK(fd >= 0 && !is_readable(fd) && call->api->cancel_fd(call) == fd);
    kwc_cancel(frame);
    CHECK(kw_cancelled(call) && is_readable(fd));
    kwc_cancel(frame);
    CHECK(is_readable(fd));
    kwc_end(frame);
    CHECK(call->api->cancel_fd(call) == -1); /* late: no descriptor that nobody would close */

    frame = kwc_begin(NULL, 0);
    call = &frame->call;
    CHECK(!kw_cancelled(call)); /* the next call knows nothing of the one before */
    kwc_cancel(frame);
    fd = call->api->cancel_fd(call);
    CHECK(fd >= 0 && is_readable(fd)); /* asked for after the fact */
    kwc_end(frame);
}

static void wakers(void)
{
    int wakes = 0;
    kwc_frame *frame = kwc_begin(NULL, 0);
    kw_call *call = &frame->call;
    call->api->set_waker(call, count_wake, &wakes);
    CHECK(wakes == 0);
    kwc_cancel(frame);
    CHECK(wakes == 1);
    kwc_wake(frame);
    CHECK(wakes == 2);
    call->api->set_waker(call, NULL, NULL);
    kwc_wake(frame);
    CHECK(wakes == 2);
    kwc_end(frame);

    wakes = 0;
    frame = kwc_begin(NULL, 0);
    call = &frame->call;
    kwc_cancel(frame);
    call->api->set_waker(call, count_wake, &wakes);
    CHECK(wakes == 1); /* set after the cancel: told at once */
    kwc_end(frame);

    wakes = 0;
    frame = kwc_begin(NULL, 0);
    call = &frame->call;
    kwc_wake(frame); /* room came before the plugin had set its waker */
    call->api->set_waker(call, count_wake, &wakes);
    CHECK(wakes == 1);
    call->api->set_waker(call, count_wake, &wakes);
    CHECK(wakes == 1);
    kwc_end(frame);
    kwc_frame *next = kwc_begin(NULL, 0);
    next->call.api->set_waker(&next->call, count_wake, &wakes);
    CHECK(wakes == 1); /* a missed wake belongs to its own call */
    kwc_end(next);
    call->api->set_waker(call, count_wake, &wakes); /* late: dropped */
    CHECK(wakes == 1);
}

static void remove_self(void *data)
{
    kw_call *call = data;
    call->api->set_waker(call, NULL, NULL);
}

static void complete_in_wake(void *data)
{
    kw_call *call = data;
    call->api->complete(call, KW_CANCELLED);
}

/* What a waker uses may be freed as soon as complete returned. */
static void completion_removes(void)
{
    int wakes = 0;
    kwc_frame *frame = kwc_begin(NULL, 0);
    kw_call *call = &frame->call;
    call->api->set_waker(call, count_wake, &wakes);
    call->api->complete(call, KW_OK);
    kwc_cancel(frame);
    kwc_wake(frame);
    CHECK(wakes == 0 && frame->is_complete == 1 && frame->misuse == 0);
    call->api->set_waker(call, count_wake, &wakes); /* the call is over */
    kwc_cancel(frame);
    CHECK(wakes == 0);
    kwc_end(frame);

    frame = kwc_begin(NULL, 0);
    call = &frame->call;
    call->api->set_waker(call, complete_in_wake, call);
    kwc_cancel(frame); /* must not wait for itself */
    CHECK(frame->is_complete == 1 && frame->completion == KW_CANCELLED && frame->wake == NULL);
    kwc_end(frame);

    frame = kwc_begin(NULL, 0);
    frame->call.api->set_waker(&frame->call, count_wake, &wakes);
    kwc_cancel(frame);
    CHECK(wakes == 1); /* the next call has its own */
    kwc_end(frame);
}

typedef struct slow_wake {
    kwc_frame *frame;
    gate *entered, *leave;
    int has_left;
} slow_wake;

static void wake_slowly(void *data)
{
    slow_wake *w = data;
    gate_open(w->entered);
    gate_wait(w->leave);
    __atomic_store_n(&w->has_left, 1, __ATOMIC_SEQ_CST);
}

static void *cancel_it(void *data)
{
    kwc_cancel(((slow_wake *)data)->frame);
    return NULL;
}

static void *open_leave(void *data)
{
    gate_open(((slow_wake *)data)->leave);
    return NULL;
}

static void removal(void)
{
    kwc_frame *frame = kwc_begin(NULL, 0);
    frame->call.api->set_waker(&frame->call, remove_self, &frame->call);
    kwc_cancel(frame); /* must not wait for itself */
    CHECK(frame->wake == NULL);
    kwc_end(frame);

    int waited = 1;
    for (int round = 0; round < 150; round++) {
        slow_wake w = { .frame = kwc_begin(NULL, 0), .entered = gate_make(), .leave = gate_make() };
        kw_call *call = &w.frame->call;
        pthread_t canceller, opener;
        call->api->set_waker(call, wake_slowly, &w);
        if (pthread_create(&canceller, NULL, cancel_it, &w) != 0)
            abort();
        gate_wait(w.entered);
        if (pthread_create(&opener, NULL, open_leave, &w) != 0)
            abort();
        if (round % 3 == 0)
            call->api->set_waker(call, NULL, NULL);
        else if (round % 3 == 1)
            call->api->complete(call, KW_OK);
        else
            kwc_end(w.frame); /* the end waits, too */
        waited &= __atomic_load_n(&w.has_left, __ATOMIC_SEQ_CST);
        pthread_join(canceller, NULL);
        pthread_join(opener, NULL);
        if (round % 3 != 2)
            kwc_end(w.frame);
        gate_free(w.entered);
        gate_free(w.leave);
    }
    CHECK(waited);
}

void test_cancellation(void)
{
    flag_and_descriptor();
    wakers();
    completion_removes();
    removal();
}
