/* What a worker wrote in the course of a call: events and the reply. Copied first, then looked at. */
#define _GNU_SOURCE
#include "conversation.h"

#include <string.h>

/* ---- events --------------------------------------------------------------------------------------------- */

static void free_ring(conversation *talk, uint64_t read)
{
    host_header *header = talk->place.worker->host;
    talk->place.record->events_read = read;
    atomic_store(&talk->place.host->events_read, read);
    if (atomic_load(&talk->place.lane->waits_for_room) != 0) {
        atomic_fetch_add(&header->control, 1);
        kww_futex_wake(&header->control, INT32_MAX);
    }
}

static kw_status pass_event(conversation *talk, uint64_t at, uint64_t length)
{
    void *event = NULL, *copy = kww_scratch(talk->place.record, length);
    if (copy == NULL) {
        /* The call goes on over there, and the lane is to serve another one. */
        kww_end_worker(talk, KWW_KILL_RETIRED);
        return kww_fail(KWW_FAULT_MEMORY, "no memory is left for an event of %llu bytes", (unsigned long long)length);
    }
    memcpy(copy, talk->place.ring + at, length);
    kww_step(STEP_EVENT_COPIED);
    if (kwm_decode(&kwm_event, copy, length, &event, NULL) != KW_OK)
        return kww_breach(talk, "it wrote an event that is none");
    talk->output += length;
    talk->events++;
    kww_remote *remote = talk->place.remote;
    uint64_t most = atomic_load_explicit(&remote->output_bytes, memory_order_relaxed);
    uint64_t count = atomic_load_explicit(&remote->events, memory_order_relaxed);
    if (most != 0 && talk->output > most && !talk->is_cancelled)
        kww_ask_to_end(talk, KWW_KILL_OUTPUT, most);
    else if (count != 0 && talk->events > count && !talk->is_cancelled)
        kww_ask_to_end(talk, KWW_KILL_EVENTS, count);
    if (talk->is_cancelled) {
        talk->is_cut = 1;
        return KW_OK;
    }
    /* Blocks while the consumer is behind, and the ring fills up meanwhile. */
    if (talk->call->api->emit(talk->call, event, 0) == KW_CANCELLED)
        kww_ask_to_end(talk, KWW_KILL_CANCELLED, 0);
    return KW_OK;
}

kw_status kww_take_events(conversation *talk)
{
    uint64_t read = talk->place.record->events_read;
    uint64_t written = atomic_load_explicit(&talk->place.lane->events_written, memory_order_acquire);
    if (written - read > RING_SIZE || written % ALIGNMENT != 0)
        return kww_breach(talk, "the end of its events is not where it can be");
    while (read != written) {
        ring_record record;
        uint64_t at = read % RING_SIZE, room = RING_SIZE - at;
        memcpy(&record, talk->place.ring + at, sizeof record);
        if (record.length == SKIP) {
            if (room > written - read)
                return kww_breach(talk, "it skips more of its events than there are");
            read += room;
        } else {
            uint64_t size = record.length > RING_SIZE ? UINT64_MAX : sizeof record + aligned(record.length);
            if (size > room || size > written - read)
                return kww_breach(talk, "it wrote an event that is longer than its events together");
            kw_status status = pass_event(talk, at + sizeof record, record.length);
            if (status != KW_OK)
                return status;
            read += size;
        }
        free_ring(talk, read);
        kww_step(STEP_EVENT_FREED);
    }
    return KW_OK;
}

/* ---- the reply ------------------------------------------------------------------------------------------ */

static kw_status read_error(conversation *talk, uint64_t length)
{
    void *error = NULL, *copy = kww_scratch(talk->place.record, length);
    if (copy == NULL)
        return kww_fail(KWW_FAULT_MEMORY, "no memory is left for an error of %llu bytes", (unsigned long long)length);
    memcpy(copy, talk->place.reply, length);
    if (kwm_decode(&kwm_error, copy, length, &error, NULL) != KW_OK)
        return kww_breach(talk, "it reported an error that is none");
    talk->call->api->fail(talk->call, error);
    return KW_OK;
}

static kw_status read_output(conversation *talk, const reply_header *header)
{
    const kwm_matrix *matrix = &talk->matrix;
    uint64_t wanted = kwm_matrix_length(matrix);
    if (header->rows_length != wanted)
        return kww_breach(talk, "it replied another number of rows than there are inputs");
    /* The reply's pointees stay until the caller has read them, so they live in the call's arena. */
    void *output = NULL, *copy = talk->call->api->alloc(talk->call, header->output_length, ALIGNMENT);
    if (copy == NULL)
        return kww_fail(KWW_FAULT_MEMORY, "no memory is left for a reply of %llu bytes",
                     (unsigned long long)header->output_length);
    memcpy(copy, talk->place.reply + aligned(wanted), header->output_length);
    kww_step(STEP_OUTPUT_COPIED);
    if (kwm_decode(talk->operation->out, copy, header->output_length, &output, NULL) != KW_OK)
        return kww_breach(talk, "it replied what is no reply");
    /* Numbers only: nothing that the worker could change under our hands. */
    kwm_matrix_copy(matrix, talk->place.reply);
    return talk->call->api->reply(talk->call, output);
}

kw_status kww_read_reply(conversation *talk)
{
    reply_header header;
    kww_step(STEP_REPLY_SEEN);
    memcpy(&header, &talk->place.lane->header, sizeof header);
    if (header.flags & REPLY_IS_TOO_LARGE)
        return kww_too_large("output", header.output_length);
    if (header.error_length > AREA_SIZE || header.output_length > AREA_SIZE || header.rows_length > AREA_SIZE
        || aligned(header.rows_length) + header.output_length > AREA_SIZE)
        return kww_breach(talk, "its reply is longer than its memory");
    uint64_t size = header.error_length + aligned(header.rows_length) + header.output_length;
    kww_note_use(&talk->place, size);
    /* An answer that came in spite of it counts, if it is whole. */
    if (talk->is_cancelled && talk->reason != KWW_KILL_CANCELLED && (header.status != KW_OK || talk->is_cut))
        return kww_limit_fault(talk);
    uint64_t most = atomic_load_explicit(&talk->place.remote->output_bytes, memory_order_relaxed);
    if (most != 0 && talk->output + size > most) {
        talk->reason = KWW_KILL_OUTPUT;
        talk->reason_value = most;
        return kww_limit_fault(talk);
    }
    talk->frame->misuse |= header.misuse;
    kw_status status = header.status;
    if (status == KWW_FAULT || status == KW_PENDING)
        status = KW_INTERNAL;
    if (status != KW_OK) {
        kw_status read = (header.flags & REPLY_HAS_ERROR) != 0 ? read_error(talk, header.error_length) : KW_OK;
        return read == KW_OK ? status : read;
    }
    if ((header.flags & REPLY_HAS_OUTPUT) == 0)
        return kww_breach(talk, "it says that all went well, and replied nothing");
    return read_output(talk, &header);
}
