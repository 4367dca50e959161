#define _GNU_SOURCE
#include "tool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <keyway/author.h>
#include "call_error.h"
#include "check.h"
#include "json.h"

#define NAME "run_command"

static const kw_tool_spec tools[] = { {
    .h = KW_HDR(kw_tool_spec),
    .name = KW_STR(NAME),
    .title = KW_STR("Run a command"),
    .description = KW_STR("Runs one program with its arguments, without a shell, as far as the policy allows it; answers "
                          "with how it ended and the beginning of what it wrote."),
    .input_schema_json = KW_STR(
        "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"argv\"],\"properties\":{"
        "\"argv\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1,"
        "\"description\":\"the program and its arguments\"},"
        "\"cwd\":{\"type\":\"string\",\"description\":\"absolute path of the working folder\"},"
        "\"reason\":{\"type\":\"string\",\"description\":\"why, for whoever has to approve it\"}}}"),
    .output_schema_json = KW_STR(
        "{\"type\":\"object\",\"required\":[\"end\",\"exitCode\",\"signal\",\"stdout\",\"stderr\",\"truncated\"],"
        "\"properties\":{\"end\":{\"type\":\"string\"},\"exitCode\":{\"type\":[\"integer\",\"null\"]},"
        "\"signal\":{\"type\":[\"integer\",\"null\"]},\"stdout\":{\"type\":\"string\"},"
        "\"stderr\":{\"type\":\"string\"},\"truncated\":{\"type\":\"boolean\"},\"detail\":{\"type\":\"string\"}}}"),
    .examples_json = KW_STR("[{\"argv\":[\"git\",\"status\",\"-s\"]}]"),
    .hints = KW_HINT_DESTRUCTIVE,
} };

kw_status runner_tools(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
{
    (void)self;
    (void)in;
    kw_tools_out out = { .h = KW_HDR(kw_tools_out), .tools = KW_SPAN(tools) };
    return KW_REPLY(call, &out);
}

/* ---- arguments ------------------------------------------------------------------------------------------ */

static kw_status wrong(kw_call *call, const char *pointer, const char *expected)
{
    return call_error(call, KW_INVALID_ARGUMENT, "arguments_json of " NAME ": \"%s\" must be %s", pointer, expected);
}

static kw_status add_word(kw_call *call, request *r, char *word)
{
    char pointer[32];
    snprintf(pointer, sizeof pointer, "/argv/%u", r->argc);
    if (word == NULL)
        return wrong(call, pointer, "a string of valid Unicode without U+0000");
    if (r->argc >= CHECK_MAX_WORDS || (r->argc == 0 && word[0] == '\0')) {
        free(word);
        return wrong(call, pointer, r->argc == 0 ? "the name of a program" : "one of at most 65536 words");
    }
    char **larger = realloc(r->argv, ((size_t)r->argc + 2) * sizeof *larger);
    if (larger == NULL) {
        free(word);
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for the command line");
    }
    r->argv = larger;
    r->argv[r->argc++] = word;
    r->argv[r->argc] = NULL;
    return KW_OK;
}

static kw_status read_words(kw_call *call, json_reader *j, request *r)
{
    if (r->argc > 0 || !json_accept(j, '['))
        return wrong(call, "/argv", "one array of strings");
    do {
        kw_status status = add_word(call, r, json_string(j));
        if (status != KW_OK)
            return status;
    } while (json_accept(j, ','));
    return json_accept(j, ']') ? KW_OK : wrong(call, "/argv", "an array of strings");
}

static kw_status read_member(kw_call *call, json_reader *j, request *r, const char *key)
{
    if (strcmp(key, "argv") == 0)
        return read_words(call, j, r);
    bool is_cwd = strcmp(key, "cwd") == 0;
    if (!is_cwd && strcmp(key, "reason") != 0)
        return call_error(call, KW_INVALID_ARGUMENT, "arguments_json of " NAME " has a member that it does not know: "
                          "\"%.100s\"; it takes argv, cwd and reason", key);
    char *text = json_string(j);
    if (text == NULL || (is_cwd && (r->cwd != NULL || text[0] != '/'))) {
        free(text);
        return wrong(call, is_cwd ? "/cwd" : "/reason", is_cwd ? "an absolute path, once" : "a string");
    }
    if (is_cwd) {
        r->cwd = text;
        return KW_OK;
    }
    /* The model's reason is shown where the caller gives none of its own. */
    if (r->in.reason.len == 0)
        r->in.reason = kw_copy(call, kw_string(text));
    free(text);
    return KW_OK;
}

kw_status tool_read(kw_call *call, request *r)
{
    kw_str arguments = r->in.arguments_json;
    kw_status status = check_text(call, r->in.tool, 128, "tool");
    if (status == KW_OK)
        status = check_text(call, arguments, TOOL_MAX_ARGUMENTS, "arguments_json");
    if (status == KW_OK)
        status = check_text(call, r->in.call_id, 4096, "call_id");
    if (status != KW_OK)
        return status;
    if (!kw_equal(r->in.tool, kw_string(NAME)))
        return call_error(call, KW_NOT_FOUND, "tool \"%.*s\" is not offered; there is " NAME,
                          (int)r->in.tool.len, r->in.tool.len > 0 ? r->in.tool.ptr : "");
    json_reader j = { arguments.ptr, arguments.len > 0 ? arguments.ptr + arguments.len : arguments.ptr };
    if (arguments.len == 0 || !json_accept(&j, '{'))
        return wrong(call, "", "one JSON object with argv");
    do {
        char *key = json_string(&j);
        status = key != NULL && json_accept(&j, ':') ? read_member(call, &j, r, key)
                                                     : wrong(call, "", "one JSON object with argv");
        free(key);
    } while (status == KW_OK && json_accept(&j, ','));
    if (status == KW_OK && (!json_accept(&j, '}') || !json_at_end(&j)))
        return wrong(call, "", "one JSON object and nothing else");
    return status == KW_OK && r->argc == 0 ? wrong(call, "/argv", "there") : status;
}

/* ---- result --------------------------------------------------------------------------------------------- */

static const char *end_name(uint32_t end)
{
    static const char *const names[] = { "unknown", "exited",  "signalled", "timeout", "idle",          "cpu",
                                         "memory",  "output",  "cancelled", "denied",  "sandboxFailed", "spawnFailed" };
    return end < sizeof names / sizeof names[0] ? names[end] : names[0];
}

static void append(char *text, size_t *used, const char *part)
{
    size_t size = strlen(part);
    memcpy(text + *used, part, size);
    *used += size;
}

static void append_number(char *text, size_t *used, bool is_known, int number)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%d", number);
    append(text, used, is_known ? digits : "null");
}

static kw_str structured(kw_call *call, const supervision *s, const kw_run_out *out)
{
    const stream *o = &s->streams[0], *e = &s->streams[1];
    size_t room = 256 + json_write_string(NULL, o->kept, o->kept_size) + json_write_string(NULL, e->kept, e->kept_size)
        + json_write_string(NULL, out->detail.ptr, (size_t)out->detail.len);
    char *text = call->api->alloc(call, room, 1);
    size_t used = 0;
    if (text == NULL)
        return kw_string(NULL);
    append(text, &used, "{\"end\":\"");
    append(text, &used, end_name(out->end));
    append(text, &used, "\",\"exitCode\":");
    append_number(text, &used, out->end == KW_END_EXITED, out->exit_code);
    append(text, &used, ",\"signal\":");
    append_number(text, &used, out->signal != 0, out->signal);
    append(text, &used, ",\"stdout\":");
    used += json_write_string(text + used, o->kept, o->kept_size);
    append(text, &used, ",\"stderr\":");
    used += json_write_string(text + used, e->kept, e->kept_size);
    append(text, &used, out->truncated || o->passed > o->kept_size || e->passed > e->kept_size
               ? ",\"truncated\":true" : ",\"truncated\":false");
    if (out->detail.len > 0) {
        append(text, &used, ",\"detail\":");
        used += json_write_string(text + used, out->detail.ptr, (size_t)out->detail.len);
    }
    append(text, &used, "}");
    return (kw_str) { text, used };
}

/* Output as text: what is not UTF-8 becomes U+FFFD, three bytes for one. */
static kw_str as_text(kw_call *call, const char *bytes, size_t size)
{
    char *text = call->api->alloc(call, (uint64_t)size * 3 + 1, 1);
    size_t used = 0;
    for (size_t i = 0; text != NULL && i < size;) {
        size_t sequence = json_sequence((const unsigned char *)bytes + i, size - i);
        memcpy(text + used, sequence > 0 ? bytes + i : "\xEF\xBF\xBD", sequence > 0 ? sequence : 3);
        used += sequence > 0 ? sequence : 3;
        i += sequence > 0 ? sequence : 1;
    }
    return (kw_str) { used > 0 ? text : NULL, text != NULL ? used : 0 };
}

static kw_str sentence(kw_call *call, const kw_run_out *out)
{
    if (out->end == KW_END_EXITED)
        return call_text(call, "exit code %d", out->exit_code);
    if (out->detail.len > 0)
        return call_text(call, "%s: %.*s", end_name(out->end), (int)(out->detail.len < 900 ? out->detail.len : 900),
                         out->detail.ptr);
    return out->signal != 0 ? call_text(call, "%s: ended by signal %d", end_name(out->end), out->signal)
                            : call_text(call, "%s", end_name(out->end));
}

void tool_finish(kw_call *call, const supervision *s, kw_run_out *out)
{
    kw_part *parts = call->api->alloc(call, 3 * sizeof *parts, _Alignof(kw_part));
    uint32_t count = 0;
    if (parts == NULL)
        return;
    bool failed = out->end != KW_END_EXITED || out->exit_code != 0;
    parts[count++] = (kw_part) { .h = KW_HDR(kw_part), .kind = KW_PART_TEXT, .text = sentence(call, out),
                                 .flags = out->end == KW_END_DENIED ? KW_PART_DENIED : failed ? KW_PART_ERROR : 0 };
    for (int i = 0; i < 2; i++)
        if (s->streams[i].kept_size > 0)
            parts[count++] = (kw_part) { .h = KW_HDR(kw_part), .kind = KW_PART_TEXT,
                                         .name = kw_string(i == 0 ? "stdout" : "stderr"),
                                         .text = as_text(call, s->streams[i].kept, s->streams[i].kept_size) };
    out->content = kw_span_of(parts, count, sizeof *parts);
    out->structured_json = structured(call, s, out);
}
