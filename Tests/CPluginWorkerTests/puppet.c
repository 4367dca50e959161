#define _GNU_SOURCE
#include "puppet.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

unsigned char *puppet_ring(puppet *puppet)
{
    return (unsigned char *)puppet->memory + worker_ring_offset(0);
}

unsigned char *puppet_reply(puppet *puppet)
{
    return (unsigned char *)puppet->memory + worker_area_offset(1, 0);
}

void wake_host(puppet *puppet)
{
    worker_lane *lane = &puppet->memory->lane[0];
    atomic_fetch_add(&lane->signal, 1);
    kww_futex_wake(&lane->signal, INT32_MAX);
}

uint64_t write_event(puppet *puppet, uint64_t at, const char *text)
{
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_TEXT, .text = { text, strlen(text) } };
    ring_record record = { 0 };
    unsigned char *record_at = puppet_ring(puppet) + at % RING_SIZE;
    NEED(kwm_encode(&kwm_event, &event, record_at + sizeof record, RING_SIZE - at % RING_SIZE - sizeof record,
                    &record.length, NULL) == KW_OK);
    memcpy(record_at, &record, sizeof record);
    return at + sizeof record + aligned(record.length);
}

void publish_events(puppet *puppet, uint64_t written)
{
    puppet->written = written;
    atomic_store(&puppet->memory->lane[0].events_written, written);
    wake_host(puppet);
}

reply_header honest_reply(puppet *puppet)
{
    reply_header header = { .status = KW_OK, .flags = REPLY_HAS_OUTPUT, .rows_length = DIMS * sizeof(float) };
    kw_embed_out out = { .h = KW_HDR(kw_embed_out), .rows_written = 1 };
    const kwm_operation *embed = &kwm_interface_by_id((kw_str){ KW_EMBEDDER_ID, sizeof KW_EMBEDDER_ID - 1 })->operations[1];
    memset(puppet_reply(puppet), 0, header.rows_length);
    NEED(kwm_encode(embed->out, &out, puppet_reply(puppet) + aligned(header.rows_length), AREA_SIZE / 2,
                    &header.output_length, NULL) == KW_OK);
    return header;
}

reply_header honest_error(puppet *puppet, kw_status status, const char *text)
{
    reply_header header = { .status = status, .flags = REPLY_HAS_ERROR };
    kw_error error = { .h = KW_HDR(kw_error), .status = status, .message = { text, strlen(text) } };
    NEED(kwm_encode(&kwm_error, &error, puppet_reply(puppet), AREA_SIZE, &header.error_length, NULL) == KW_OK);
    return header;
}

void publish_reply(puppet *puppet, uint32_t number, const reply_header *header)
{
    puppet->memory->lane[0].header = *header;
    atomic_store(&puppet->memory->lane[0].reply, number);
    wake_host(puppet);
}

int is_over(const puppet *puppet)
{
    return atomic_load(&puppet->worker->killed) != KWW_KILL_NONE;
}

static void *play(void *context)
{
    puppet *puppet = context;
    host_lane *lane = (host_lane *)(uintptr_t)&puppet->host->lane[0];
    uint32_t seen = 0;
    while (!is_over(puppet)) {
        uint32_t number = atomic_load(&lane->request);
        if (number == seen) {
            /* A host that kills has no word to change: this looks again now and then. */
            kww_futex_wait(&lane->request, seen, kww_monotonic_ns() + 100000);
            continue;
        }
        puppet->script(puppet, number);
        seen = number;
        atomic_store(&puppet->played, number);
        kww_futex_wake(&puppet->played, INT32_MAX);
    }
    kww_worker_ended(puppet->worker, KWW_END_EXIT, SIGKILL);
    return NULL;
}

void await_play(puppet *puppet)
{
    uint32_t played;
    while ((played = atomic_load(&puppet->played)) != atomic_load(&puppet->host->lane[0].request) && !is_over(puppet))
        kww_futex_wait(&puppet->played, played, kww_monotonic_ns() + 1000000000);
}

void start_puppet(puppet *puppet, script script, void *context)
{
    int host_file, worker_file;
    memset(puppet, 0, sizeof *puppet);
    puppet->script = script;
    puppet->context = context;
    puppet->worker = kww_worker_make(1, KW_SDK, KW_SDK, KW_SDK, &host_file, &worker_file);
    NEED(puppet->worker != NULL);
    puppet->host = mmap(NULL, host_file_size(1), PROT_READ, MAP_SHARED, host_file, 0);
    puppet->memory = mmap(NULL, worker_file_size(1), PROT_READ | PROT_WRITE, MAP_SHARED, worker_file, 0);
    NEED(puppet->host != MAP_FAILED && puppet->memory != MAP_FAILED);
    close(host_file);
    close(worker_file);
    atomic_store(&puppet->memory->lane[0].is_parked, 1);
    NEED(pthread_create(&puppet->thread, NULL, play, puppet) == 0);
}

void end_puppet(puppet *puppet)
{
    kww_worker_kill(puppet->worker, KWW_KILL_RETIRED);
    pthread_join(puppet->thread, NULL);
    munmap((void *)(uintptr_t)puppet->host, host_file_size(1));
    munmap(puppet->memory, worker_file_size(1));
    kww_worker_free(puppet->worker);
}
