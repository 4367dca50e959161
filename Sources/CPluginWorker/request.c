/* The request of a call: the input, as bytes in the lane's memory. */
#define _GNU_SOURCE
#include "conversation.h"

#include <stdio.h>

void kww_note_use(place *place, uint64_t size)
{
    if (size > place->record->used)
        place->record->used = size;
}

/* One that no table has is none of the worker's either. */
#define NO_TABLE UINT32_MAX

static int has_operation(const kwm_interface *interface, const kwm_operation *operation)
{
    return operation >= interface->operations && operation < interface->operations + interface->count;
}

static uint32_t interface_number(const kww_remote *remote, const kwm_operation *operation)
{
    const kwm_interface *interface;
    if (has_operation(&kwm_plugin_operations, operation))
        return PLUGIN_TABLE;
    for (uint32_t i = 0; (interface = kwm_interface_numbered(i, remote->watch.interfaces)) != NULL; i++) {
        if (has_operation(interface, operation))
            return i;
    }
    return NO_TABLE;
}

static int says_more(const kw_call *call)
{
    return call->run_id.len != 0 || call->traceparent.len != 0 || call->caller.len != 0 || call->attributes.count != 0;
}

kw_status kww_too_large(const char *what, uint64_t needed)
{
    kww_fault *fault = kww_new_fault(KWW_FAULT_TOO_LARGE);
    fault->value = AREA_SIZE;
    snprintf(fault->text, sizeof fault->text, "the %s takes %llu bytes, and a worker's lane has %u", what,
             (unsigned long long)needed, AREA_SIZE);
    return KWW_FAULT;
}

static kw_status refuse_input(kw_status status, const kwm_fault *wrong, uint64_t needed)
{
    if (status == KW_BUFFER_TOO_SMALL)
        return kww_too_large("input", needed);
    return kww_fail(KWW_FAULT_INPUT, "the input cannot be sent to a worker: %s.%s %s", wrong->structure, wrong->field,
                 wrong->reason);
}

kw_status kww_write_request(conversation *talk, const void *in, uint64_t *length)
{
    const kw_call *call = talk->call;
    kwm_fault wrong = { "", "", "" };
    uint64_t call_length = 0, input_length = 0;
    if (says_more(call)) {
        kw_status status = kwm_encode(&kwm_call, call, talk->place.request, AREA_SIZE, &call_length, &wrong);
        if (status != KW_OK)
            return refuse_input(status, &wrong, call_length);
    }
    uint64_t at = aligned(call_length);
    kw_status status = kwm_encode(talk->operation->in, in, talk->place.request + at, AREA_SIZE - at, &input_length,
                                  &wrong);
    if (status != KW_OK)
        return refuse_input(status, &wrong, at + input_length);
    status = kwm_matrix_read(talk->operation, in, &talk->matrix, &wrong);
    if (status == KW_BUFFER_TOO_SMALL)
        return status; /* as the plugin itself would say */
    if (status == KW_OK && talk->matrix.count != 0 && talk->matrix.rows == NULL) {
        wrong = (kwm_fault){ talk->operation->in->name, talk->operation->matrix->name, "is NULL" };
        status = KW_INVALID_ARGUMENT;
    }
    if (status != KW_OK)
        return refuse_input(status, &wrong, 0);
    talk->place.host->header = (request_header){
        .interface = interface_number(talk->place.remote, talk->operation),
        .slot = talk->operation->slot,
        .flags = talk->frame->sink != NULL ? REQUEST_TAKES_EVENTS : 0,
        .call_length = call_length,
        .input_length = input_length,
        .call_id = call->id,
        .deadline_ns = call->deadline_ns,
        .connect_deadline_ns = call->connect_deadline_ns,
        .headers_deadline_ns = call->headers_deadline_ns,
        .first_content_deadline_ns = call->first_content_deadline_ns,
        .between_chunks_ns = call->between_chunks_ns,
    };
    *length = at + input_length;
    kww_note_use(&talk->place, *length);
    return KW_OK;
}
