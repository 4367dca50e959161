/* Whatever a worker's memory holds, its host answers, or says what is wrong with it. The first byte chooses how much of an
 * honest reply there is; the rest is laid over the reply's header, the ends of the ring, the reply's and the ring's bytes. */
#define _GNU_SOURCE
#include "puppet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int is_long;
_Atomic int check_passed, check_failed;

const char *built(const char *name, char path[4096])
{
    snprintf(path, 4096, "./%s", name);
    return path;
}

typedef struct letter {
    const uint8_t *data;
    size_t size;
} letter;

static size_t take(letter *letter, void *to, size_t room)
{
    size_t size = letter->size < room ? letter->size : room;
    memcpy(to, letter->data, size);
    letter->data += size;
    letter->size -= size;
    return size;
}

static void write_letter(puppet *puppet, uint32_t number)
{
    letter letter = *(struct letter *)puppet->context;
    uint8_t kind = 0;
    uint16_t lengths[2] = { 0, 0 };
    uint64_t written = puppet->written;
    take(&letter, &kind, 1);
    take(&letter, lengths, sizeof lengths);
    reply_header header = (kind & 1) != 0 ? honest_error(puppet, KW_INTERNAL, "an error") : honest_reply(puppet);
    if ((kind & 2) != 0)
        take(&letter, &header, sizeof header);
    if ((kind & 4) != 0)
        written = write_event(puppet, written, "an event");
    if ((kind & 8) != 0)
        take(&letter, &written, sizeof written);
    if ((kind & 16) != 0)
        take(&letter, puppet_ring(puppet) + lengths[0] % 4096 * 16, lengths[1] % 2048);
    unsigned char *at = puppet_reply(puppet) + ((kind & 1) != 0 ? 0 : DIMS * sizeof(float));
    take(&letter, at + lengths[1] % 512 * 8 % 4096 * ((kind & 32) != 0), letter.size);
    publish_events(puppet, written);
    publish_reply(puppet, (kind & 192) == 192 ? number + 1 : number, &header);
}

/* A worker lives until it breaks the protocol: making one takes far longer than reading a reply. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static puppet puppet;
    static kww_remote *remote;
    static letter letter;
    static const kww_limits limits = { .wall_ns = 10000000000, .queue = 8, .events = 100000, .output_bytes = 1 << 24 };
    letter = (struct letter){ data, size };
    if (remote == NULL) {
        remote = kww_remote_make(&limits, NULL);
        start_puppet(&puppet, write_letter, &letter);
        NEED(remote != NULL && kww_remote_attach(remote, puppet.worker) == 0);
    }
    event_log events = { 0 };
    question question = { .text = "hello", .events = &events };
    outcome outcome;
    ask(remote, &question, &outcome);
    NEED(outcome.status != KW_PENDING);
    NEED(outcome.status != KWW_FAULT || outcome.fault.kind == KWW_FAULT_PROTOCOL || outcome.fault.kind == KWW_FAULT_LIMIT
         || outcome.fault.kind == KWW_FAULT_TOO_LARGE);
    if (has_ended(puppet.worker)) {
        kww_remote_remove(remote, puppet.worker);
        end_puppet(&puppet);
        kww_remote_free(remote);
        remote = NULL;
    }
    return 0;
}
