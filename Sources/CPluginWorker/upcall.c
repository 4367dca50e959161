/* What a plugin in a worker asks its host for: services, run on the host's side on behalf of a call or of none. */
#define _GNU_SOURCE
#include "conversation.h"

#include <stdlib.h>
#include <string.h>

/* Services that call plugins, which ask for services ... */
#define DEPTH_LIMIT 8u

void *kww_scratch(lane_record *record, uint64_t size)
{
    if (size > record->scratch_size || record->scratch == NULL) {
        uint64_t room = size < 4096 ? 4096 : page_rounded(size);
        void *memory = aligned_alloc(ALIGNMENT, room);
        if (memory == NULL)
            return NULL;
        free(record->scratch);
        record->scratch = memory;
        record->scratch_size = room;
    }
    return record->scratch;
}

uint64_t kww_services_of(const kww_remote *remote)
{
    uint64_t services = 0;
    for (uint32_t i = 0; i < KWW_SERVICE_LIMIT; i++)
        services |= (uint64_t)(remote->service[i] != NULL) << i;
    return services;
}

/* One thing that was asked for. */
typedef struct request {
    const kww_remote *remote;
    kww_worker *worker;
    uint32_t lane;
    uint64_t answer_at; /* where there is room for the answer */
    uint32_t service;
    int64_t deadline_ns; /* as the worker says, of one outside of calls */
    const kwm_operation *operation;
    kw_any_service function;
    void *input;
} request;

/* Copies and checks it. NULL, or what an honest worker would not do. */
static const char *read_request(request *request)
{
    upcall_header asked;
    const kww_worker *worker = request->worker;
    lane_record *record = &request->worker->lane[request->lane];
    memcpy(&asked, &worker->worker->lane[request->lane].asked, sizeof asked);
    if (asked.service >= kwm_service_count() || asked.service >= KWW_SERVICE_LIMIT
        || request->remote->service[asked.service] == NULL)
        return "it asked for a service that it may not have";
    const kwm_interface *service = kwm_service_at(asked.service);
    for (uint32_t i = 0; i < service->count; i++) {
        if (service->operations[i].slot == asked.slot)
            request->operation = &service->operations[i];
    }
    if (request->operation == NULL)
        return "it asked for what its service does not do";
    if (asked.at % ALIGNMENT != 0 || asked.at > AREA_SIZE || asked.length > AREA_SIZE - asked.at)
        return "what it asked for is longer than its memory";
    request->service = asked.service;
    request->deadline_ns = asked.deadline_ns;
    request->function = (kw_any_service)(void (*)(void))kwc_slot(request->remote->service[asked.service], asked.slot);
    void *copy = kww_scratch(record, asked.length);
    if (copy == NULL)
        return NULL;
    memcpy(copy, (const unsigned char *)worker->worker + worker_area_offset(worker->lanes, request->lane) + asked.at,
           asked.length);
    kww_step(STEP_UPCALL_COPIED);
    if (kwm_decode(request->operation->in, copy, asked.length, &request->input, NULL) != KW_OK)
        return "what it asked for is no request";
    return NULL;
}

static kw_status refuse(kw_call *call, kw_status status, const char *why)
{
    kw_error error = { .h = KW_HDR(kw_error), .status = status, .message = { why, strlen(why) } };
    return call->api->fail(call, &error);
}

/* Has the service do it, as in process. */
static kw_status perform(const request *request, kw_call *call, const void **output)
{
    static _Thread_local uint32_t depth;
    if (request->input == NULL)
        return refuse(call, KW_RESOURCE_EXHAUSTED, "no memory is left for what was asked for");
    if (depth >= DEPTH_LIMIT)
        return refuse(call, KW_RESOURCE_EXHAUSTED, "services and plugins call each other more than 8 deep");
    /* What the service calls in turn goes to any worker. */
    kww_worker *preferred = kww_swap_preferred(NULL);
    depth++;
    kw_status status = request->function(request->remote->watch.host, call, request->input, output);
    depth--;
    kww_swap_preferred(preferred);
    kww_step(STEP_UPCALL_SERVED);
    if (status == KW_OK && *output == NULL)
        return refuse(call, KW_INTERNAL, "the host's service replied nothing");
    return status == KWW_FAULT || status == KW_PENDING ? KW_INTERNAL : status;
}

/* Writes the answer into H. Returns its bytes. */
static uint64_t write_answer(const request *request, kw_status status, kw_call *call, const void *output)
{
    kww_worker *worker = request->worker;
    host_lane *host = &worker->host->lane[request->lane];
    unsigned char *to = (unsigned char *)worker->host + host_area_offset(request->lane) + request->answer_at;
    uint64_t room = AREA_SIZE - request->answer_at, length = 0;
    upcall_answer said = { .status = status, .at = request->answer_at };
    if (status == KW_OK) {
        kw_status encoded = kwm_encode(request->operation->out, output, to, room, &length, NULL);
        if (encoded == KW_BUFFER_TOO_SMALL)
            said.status = refuse(call, KW_RESOURCE_EXHAUSTED, "the service's reply is larger than a worker's lane");
        else if (encoded != KW_OK)
            said.status = refuse(call, KW_INTERNAL, "the service's reply cannot be sent to a worker");
        else
            said.flags = REPLY_HAS_OUTPUT;
    }
    if (said.status != KW_OK) {
        const kw_error *error = call->api->last_error(call);
        length = 0;
        if (error != NULL && kwm_encode(&kwm_error, error, to, room, &length, NULL) == KW_OK)
            said.flags = REPLY_HAS_ERROR;
        else
            length = 0;
    }
    said.length = length;
    host->answer = said;
    return length;
}

static void publish_answer(const request *request, uint32_t number)
{
    host_lane *host = &request->worker->host->lane[request->lane];
    atomic_store(&host->answered, number);
    kww_step(STEP_ANSWER_NUMBERED);
    if (atomic_load(&request->worker->worker->lane[request->lane].awaits_answer) != 0)
        kww_futex_wake(&host->answered, 1);
}

static int is_confidential(const request *request)
{
    return strcmp(kwm_service_at(request->service)->id, KW_HOST_SECRETS_ID) == 0;
}

kw_status kww_serve_upcall(conversation *talk, uint32_t number)
{
    lane_record *record = talk->place.record;
    kw_call *call = talk->call;
    request request = {
        .remote = talk->place.remote, .worker = talk->place.worker, .lane = talk->place.index,
        .answer_at = talk->request_size,
    };
    const void *output = NULL;
    kww_step(STEP_UPCALL_SEEN);
    if (number != record->upcalls + 1)
        return kww_breach(talk, "it asked for several services at once");
    const char *wrong = read_request(&request);
    if (wrong != NULL)
        return kww_breach(talk, wrong);
    record->upcalls = number;
    /* The service sees the nearest deadline, and may set a waker of its own. */
    int64_t deadline = call->deadline_ns;
    if (talk->deadline_ns != NO_DEADLINE)
        call->deadline_ns = talk->deadline_ns;
    kw_status status = talk->is_cancelled ? refuse(call, KW_CANCELLED, "the call is to end")
                                          : perform(&request, call, &output);
    call->deadline_ns = deadline;
    talk->has_waker = 0;
    uint64_t size = write_answer(&request, status, call, output);
    publish_answer(&request, number);
    kww_note_use(&talk->place, request.answer_at + size);
    if (is_confidential(&request) && size > talk->secret_size)
        talk->secret_size = size;
    return KW_OK;
}

static void wipe(kww_worker *worker, uint32_t lane, uint64_t at, uint64_t size)
{
    if (size != 0)
        explicit_bzero((unsigned char *)worker->host + host_area_offset(lane) + at, size);
}

void kww_wipe_answers(conversation *talk)
{
    wipe(talk->place.worker, talk->place.index, talk->request_size, talk->secret_size);
    talk->secret_size = 0;
}

int kww_serve(kww_remote *remote, kww_worker *worker, uint32_t lane)
{
    if (lane < worker->lanes || lane >= worker->lanes + OWN_LANES)
        return -1;
    lane_record *record = &worker->lane[lane];
    uint32_t number = atomic_load(&worker->worker->lane[lane].upcall);
    request request = { .remote = remote, .worker = worker, .lane = lane };
    const void *output = NULL;
    /* One answer for one note; a worker that sends more is not honest. */
    if (atomic_exchange(&record->is_serving, 1) != 0)
        return -1;
    kww_step(STEP_UPCALL_SEEN);
    wipe(worker, lane, 0, record->secret_size);
    record->secret_size = 0;
    const char *wrong = number == record->upcalls + 1 ? read_request(&request) : "";
    kwc_frame *frame = wrong == NULL ? kwc_open() : NULL;
    if (frame != NULL) {
        record->upcalls = number;
        frame->call.deadline_ns = request.deadline_ns;
        kw_status status = perform(&request, &frame->call, &output);
        uint64_t size = write_answer(&request, status, &frame->call, output);
        kwc_end(frame);
        /* Nobody says when the worker has its copy: what was told in confidence goes with the next answer of the lane. */
        record->secret_size = is_confidential(&request) ? size : 0;
        /* Once it is published the next note may come. */
        atomic_store(&record->is_serving, 0);
        publish_answer(&request, number);
    } else {
        atomic_store(&record->is_serving, 0);
    }
    return frame != NULL ? 0 : -1;
}
