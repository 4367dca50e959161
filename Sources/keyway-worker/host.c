/* The host as the plugin of this process sees it. */
#define _GNU_SOURCE
#include "worker.h"
#include "descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static _Atomic uint64_t dropped;

/* Whoever logs does not wait for the host: what does not fit into the socket is counted, and lost. */
static void send_note_with(kww_note *note, const kw_str *texts, const int *descriptors, size_t count)
{
    struct iovec parts[5] = { { note, sizeof *note } };
    uint64_t room = KWW_NOTE_LIMIT - sizeof *note;
    for (int i = 0; i < 4; i++) {
        uint64_t length = texts[i].len < room ? texts[i].len : room;
        note->length[i] = (uint32_t)length;
        parts[i + 1] = (struct iovec){ (void *)(uintptr_t)texts[i].ptr, length };
        room -= length;
    }
    note->dropped = atomic_exchange_explicit(&dropped, 0, memory_order_relaxed);
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 5 };
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(KWW_NOTE_FILES * sizeof(int))] = { 0 };
    if (count > 0)
        attach_descriptors(&message, control, descriptors, count);
    if (sendmsg(LOG_SOCKET, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        atomic_fetch_add_explicit(&dropped, note->dropped + 1, memory_order_relaxed);
}

static void send_note(kww_note *note, const kw_str *texts)
{
    send_note_with(note, texts, NULL, 0);
}

void send_report(const kws_report *report)
{
    const int files[KWW_NOTE_FILES] = { report->listener, report->memory };
    kww_note note = { .kind = KWW_NOTE_SANDBOX };
    kw_str texts[4] = { { (const char *)(const void *)report, sizeof *report } };
    send_note_with(&note, texts, files, files[0] < 0 ? 0 : files[1] < 0 ? 1 : 2);
}

void send_log(const kw_call *call, uint32_t level, kw_str component, kw_str message, kw_str fields)
{
    kww_note note = { .kind = KWW_NOTE_LOG, .level = level, .call = call != NULL ? call->id : 0 };
    kw_str texts[4] = { component, message, fields, call != NULL ? call->run_id : (kw_str){ NULL, 0 } };
    send_note(&note, texts);
}

void send_question(uint32_t lane)
{
    kww_note note = { .kind = KWW_NOTE_UPCALL, .level = lane };
    struct iovec part = { &note, sizeof note };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    ssize_t sent;
    do
        sent = sendmsg(LOG_SOCKET, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    /* Without a host there is nobody to wait for. */
    if (sent < 0)
        _exit(1);
}

static void take_log(const kw_host *host, uint32_t level, kw_str component, kw_str message, kw_str fields)
{
    (void)host;
    send_log(NULL, level, component, message, fields);
}

static void take_metric(const kw_host *host, kw_str name, uint32_t kind, double value, kw_str labels)
{
    (void)host;
    kww_note note = { .kind = KWW_NOTE_METRIC, .level = kind, .value = value };
    kw_str texts[4] = { name, labels, { NULL, 0 }, { NULL, 0 } };
    send_note(&note, texts);
}

static int64_t now_ns(const kw_host *host)
{
    (void)host;
    return kww_monotonic_ns();
}

static void log_of_call(void *context, const kw_call *call, uint32_t level, kw_str component, kw_str message,
                        kw_str fields)
{
    (void)context;
    send_log(call, level, component, message, fields);
}

static kw_call *open_call(const kw_host *host, int64_t deadline)
{
    (void)host;
    kwc_frame *frame = kwc_open();
    if (frame == NULL)
        return NULL;
    frame->log = log_of_call;
    frame->log_context = NULL;
    frame->call.deadline_ns = deadline;
    return &frame->call;
}

static void close_call(const kw_host *host, kw_call *call)
{
    (void)host;
    if (call != NULL)
        kwc_end(call->host_private);
}

void make_host_table(kw_host *table, const host_header *host)
{
    *table = (kw_host){
        .h = KW_HDR(kw_host),
        .sdk = host->sdk,
        .sdk_min = host->sdk_min,
        .sdk_max = host->sdk_max,
        .name = { "keyway", 6 },
        .version = { "0.1.0", 5 },
        .get = find_service,
        .log = take_log,
        .metric = take_metric,
        .now_ns = now_ns,
        .open_call = open_call,
        .close_call = close_call,
    };
}
