/* What the plugin of this process asks its host for. */
#define _GNU_SOURCE
#include "worker.h"

#include <stdlib.h>
#include <string.h>

/* ---- lanes of the plugin's own --------------------------------------------------------------------------- */

static pthread_mutex_t own_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t own_left = PTHREAD_COND_INITIALIZER;
static uint32_t own_taken; /* bit i: lane i of them is in use */

/* Of a thread that is in no call of the host: waits until one is free. */
static lane *take_own_lane(void)
{
    pthread_mutex_lock(&own_lock);
    while (own_taken == (1u << OWN_LANES) - 1)
        pthread_cond_wait(&own_left, &own_lock);
    uint32_t index = (uint32_t)__builtin_ctz(~own_taken);
    own_taken |= 1u << index;
    pthread_mutex_unlock(&own_lock);
    return &this_process.lane[this_process.host->lanes + index];
}

static void give_own_lane(const lane *lane)
{
    pthread_mutex_lock(&own_lock);
    own_taken &= ~(1u << (lane->index - this_process.host->lanes));
    pthread_cond_signal(&own_left);
    pthread_mutex_unlock(&own_lock);
}

static int is_own(const lane *lane)
{
    return lane->index >= this_process.host->lanes;
}

/* ---- asking --------------------------------------------------------------------------------------------- */

static kw_status fail(kw_call *call, kw_status status, const char *why)
{
    kw_error error = { .h = KW_HDR(kw_error), .status = status, .message = { why, strlen(why) } };
    return call->api->fail(call, &error);
}

static uint32_t number_of(const kwm_operation *operation)
{
    uint32_t i = 0;
    while (i < kwm_service_count()
           && !(operation >= kwm_service_at(i)->operations
                && operation < kwm_service_at(i)->operations + kwm_service_at(i)->count))
        i++;
    return i;
}

typedef struct question {
    lane *lane;
    uint32_t number;
} question;

static int is_answered(void *context)
{
    const question *question = context;
    return atomic_load_explicit(&question->lane->host->answered, memory_order_acquire) == question->number;
}

static void await_answer(question *question)
{
    lane *lane = question->lane;
    if (!kww_wait_awake(&lane->upcall_waiter, UINT32_MAX, is_answered, question)) {
        /* In one order with the number: either it is seen here, or the flag there. */
        atomic_store(&lane->worker->awaits_answer, 1);
        for (;;) {
            uint32_t seen = atomic_load(&lane->host->answered);
            if (seen == question->number)
                break;
            kww_futex_wait(&lane->host->answered, seen, NO_DEADLINE);
        }
        atomic_store(&lane->worker->awaits_answer, 0);
    }
    kww_step(STEP_ANSWER_SEEN);
}

static void wipe(kw_lease *lease)
{
    explicit_bzero((void *)(uintptr_t)lease->ptr, lease->len);
    free((void *)(uintptr_t)lease->ptr);
    lease->release = NULL;
}

/* A private copy that lives as long as the call and leaves nothing behind. NULL: no memory is left. */
static void *copy_answer(const lane *lane, kw_call *call, const upcall_answer *answer)
{
    void *copy = aligned_alloc(ALIGNMENT, aligned(answer->length > 0 ? answer->length : 1));
    if (copy == NULL)
        return NULL;
    memcpy(copy, lane->request + answer->at, answer->length);
    kww_step(STEP_ANSWER_COPIED);
    kw_lease lease = { .ptr = copy, .len = answer->length, .release = wipe };
    if (call->api->adopt(call, &lease) == KW_OK)
        return copy;
    wipe(&lease);
    return NULL;
}

static kw_status take_answer(const lane *lane, kw_call *call, const kwm_operation *operation, const void **out)
{
    upcall_answer answer = lane->host->answer;
    const kwm_struct *type = answer.status == KW_OK ? operation->out : &kwm_error;
    uint32_t flag = answer.status == KW_OK ? REPLY_HAS_OUTPUT : REPLY_HAS_ERROR;
    void *value = NULL;
    if (answer.status == KW_OK && out == NULL)
        return KW_OK;
    if ((answer.flags & flag) == 0)
        return answer.status;
    if (answer.at > AREA_SIZE || answer.length > AREA_SIZE - answer.at)
        return fail(call, KW_DATA_LOSS, "the service's answer is longer than its memory");
    void *copy = copy_answer(lane, call, &answer);
    if (copy == NULL)
        return fail(call, KW_RESOURCE_EXHAUSTED, "no memory is left for the service's answer");
    if (kwm_decode(type, copy, answer.length, &value, NULL) != KW_OK)
        return fail(call, KW_DATA_LOSS, "the service's answer is none");
    if (answer.status != KW_OK)
        return call->api->fail(call, value);
    *out = value;
    return KW_OK;
}

static kw_status ask(lane *lane, kw_call *call, const kwm_operation *operation, const void *in, const void **out)
{
    uint64_t at = is_own(lane) ? 0 : lane->rows;
    upcall_header asked = { .service = number_of(operation), .slot = operation->slot, .at = at,
                            .deadline_ns = call->deadline_ns };
    kwm_fault wrong = { "", "", "" };
    kw_status status = kwm_encode(operation->in, in, lane->reply + at, AREA_SIZE - at, &asked.length, &wrong);
    if (status == KW_BUFFER_TOO_SMALL)
        return fail(call, KW_RESOURCE_EXHAUSTED, "what is asked for is larger than a worker's lane");
    if (status != KW_OK)
        return fail(call, status, "what is asked for cannot be sent to the host");
    lane->worker->asked = asked;
    kww_step(STEP_UPCALL_WRITTEN);
    question question = { lane, atomic_load(&lane->worker->upcall) + 1 };
    atomic_store(&lane->worker->upcall, question.number);
    kww_step(STEP_UPCALL_MADE);
    if (is_own(lane))
        send_question(lane->index);
    else
        tell_host(lane);
    kww_step(STEP_UPCALL_TOLD);
    await_answer(&question);
    return take_answer(lane, call, operation, out);
}

kw_status kwm_upcall(const kw_host *host, kw_call *call, const kwm_operation *operation, const void *in, const void **out)
    KW_NOEXCEPT
{
    (void)host;
    if (call == NULL || in == NULL)
        return KW_INVALID_ARGUMENT;
    kwc_frame *frame = call->host_private;
    if (frame->ended)
        return KW_FAILED_PRECONDITION;
    lane *lane = frame->log_context;
    if (lane != NULL)
        return ask(lane, call, operation, in, out);
    lane = take_own_lane();
    kw_status status = ask(lane, call, operation, in, out);
    give_own_lane(lane);
    return status;
}

const void *find_service(const kw_host *host, kw_str id)
{
    (void)host;
    const kwm_interface *service = kwm_service_by_id(id);
    uint64_t offered = atomic_load(&((host_header *)(uintptr_t)this_process.host)->services);
    for (uint32_t i = 0; service != NULL && i < kwm_service_count() && i < KWW_SERVICE_LIMIT; i++) {
        if (kwm_service_at(i) == service)
            return (offered >> i & 1) != 0 ? kwm_service_stubs(service) : NULL;
    }
    return NULL;
}
