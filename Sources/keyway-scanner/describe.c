/* Results as JSON. */
#define _GNU_SOURCE
#include "scanner.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

typedef struct text {
    char *bytes;
    size_t length, room;
} text;

static void add(text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->bytes + text->length, text->room - text->length, format, arguments);
    va_end(arguments);
    if (length > 0 && (size_t)length < text->room - text->length)
        text->length += (size_t)length;
}

/* Bytes that are no UTF-8 go through; the host repairs them. */
static void add_string(text *text, const char *key, const char *value)
{
    add(text, ",\"%s\":\"", key);
    for (; *value != '\0'; value++) {
        unsigned char byte = (unsigned char)*value;
        if (byte == '"' || byte == '\\')
            add(text, "\\%c", byte);
        else if (byte < 0x20)
            add(text, "\\u%04x", byte);
        else
            add(text, "%c", byte);
    }
    add(text, "\"");
}

static void add_backtrace(text *text, report *report)
{
    uint32_t count = report->frames < FRAME_LIMIT ? report->frames : FRAME_LIMIT;
    add(text, ",\"backtrace\":[");
    for (uint32_t i = 0; i < count; i++) {
        stack_frame *frame = &report->frame[i];
        frame->module[sizeof frame->module - 1] = frame->symbol[sizeof frame->symbol - 1] = '\0';
        add(text, "%s{\"offset\":\"%" PRIx64 "\"", i > 0 ? "," : "", frame->offset);
        add_string(text, "module", frame->module);
        if (frame->symbol[0] != '\0') {
            add_string(text, "symbol", frame->symbol);
            add(text, ",\"symbolOffset\":\"%" PRIx64 "\"", frame->symbol_offset);
        }
        add(text, "}");
    }
    add(text, "]");
}

static void add_description(text *text, report *report)
{
    uint32_t count = report->interfaces < INTERFACE_LIMIT ? report->interfaces : INTERFACE_LIMIT;
    report->id[sizeof report->id - 1] = report->version[sizeof report->version - 1] = '\0';
    add_string(text, "id", report->id);
    add_string(text, "version", report->version);
    add(text, ",\"sdkBuilt\":%u,\"sdkMin\":%u,\"sdkMax\":%u,\"caps\":%u,\"interfaces\":[", report->sdk_built,
        report->sdk_min, report->sdk_max, report->caps);
    for (uint32_t i = 0; i < count; i++) {
        report->interface[i][sizeof report->interface[i] - 1] = '\0';
        add(text, "%s{\"n\":%u", i > 0 ? "," : "", i);
        add_string(text, "id", report->interface[i]);
        add(text, "}");
    }
    add(text, "]");
}

static const char *phase_name(uint32_t phase)
{
    static const char *const names[] = { "setup", "libraries", "load", "entry", "table", "end" };
    return phase < sizeof names / sizeof names[0] ? names[phase] : "end";
}

static void add_signal(text *text, report *report, int number)
{
    add(text, "\"outcome\":\"crashed\",\"signal\":%d", number);
    if (report->crashed == 1) {
        add(text, ",\"signalCode\":%d", report->code);
        if (report->has_address)
            add(text, ",\"address\":\"%" PRIx64 "\"", report->address);
        add_backtrace(text, report);
    }
}

size_t describe(report *report, const ending *ending, char *buffer, size_t room)
{
    text text = { buffer, 0, room };
    uint32_t verdict = report->verdict;
    int has_ended = WIFEXITED(ending->status) && WEXITSTATUS(ending->status) == 0;
    /* It may have ended by itself just then. */
    int was_killed = ending->was_killed && WIFSIGNALED(ending->status) && WTERMSIG(ending->status) == SIGKILL;
    report->message[sizeof report->message - 1] = '\0';
    add(&text, "{");
    if (was_killed && report->crashed == 1)
        add_signal(&text, report, report->signal); /* it broke, and then what was to say how hung */
    else if (was_killed)
        add(&text, "\"outcome\":\"hung\"");
    else if (WIFSIGNALED(ending->status))
        add_signal(&text, report, WTERMSIG(ending->status));
    else if (has_ended && verdict == VERDICT_PASSED)
        add(&text, "\"outcome\":\"passed\"");
    else if (has_ended && verdict == VERDICT_UNLOADABLE)
        add(&text, "\"outcome\":\"unloadable\"");
    else if (has_ended && verdict == VERDICT_REFUSED)
        add(&text, "\"outcome\":\"refused\"");
    else
        add(&text, "\"outcome\":\"exited\",\"status\":%d", WEXITSTATUS(ending->status));
    add_string(&text, "phase", phase_name(report->phase));
    add(&text, ",\"outputBytes\":%" PRIu64 ",\"durationNs\":%" PRId64, ending->output, ending->duration);
    if (has_ended && verdict != VERDICT_NOTHING && report->message[0] != '\0')
        add_string(&text, "message", report->message);
    if (has_ended && verdict == VERDICT_PASSED)
        add_description(&text, report);
    add(&text, "}");
    return text.length;
}

size_t describe_failure(const char *call, int number, char *buffer, size_t room)
{
    text text = { buffer, 0, room };
    add(&text, "{\"outcome\":\"failed\",\"errno\":%d", number);
    add_string(&text, "call", call);
    add(&text, "}");
    return text.length;
}
