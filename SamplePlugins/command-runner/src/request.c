#define _GNU_SOURCE
#include "request.h"

#include <stdlib.h>

#include <keyway/author.h>
#include "call_error.h"
#include "check.h"
#include "rules.h"
#include "shell_reader.h"
#include "stream.h"
#include "tool.h"

char *request_copy(kw_str text)
{
    char *copy = text.len > SIZE_MAX - 1 ? NULL : malloc((size_t)text.len + 1);
    if (copy != NULL) {
        if (text.len > 0)
            memcpy(copy, text.ptr, (size_t)text.len);
        copy[text.len] = '\0';
    }
    return copy;
}

static kw_status no_memory(kw_call *call)
{
    return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for the command line");
}

static kw_status read_argv(kw_call *call, request *r)
{
    static const kw_str shell[2] = { KW_STR("sh"), KW_STR("-c") };
    const kw_run_in *in = &r->in;
    kw_status status = in->kind == KW_RUN_SHELL ? check_text(call, in->command, CHECK_MAX_TEXT, "command")
                                                : check_texts(call, in->argv, CHECK_MAX_WORDS, "argv");
    if (status != KW_OK)
        return status;
    if (in->kind == KW_RUN_SHELL ? in->command.len == 0 : in->argv.count == 0 || kw_text_at(in->argv, 0).len == 0)
        return call_error(call, KW_INVALID_ARGUMENT, "%s must not be empty",
                          in->kind == KW_RUN_SHELL ? "command" : "argv, and its first word,");
    r->argc = in->kind == KW_RUN_SHELL ? 3 : in->argv.count;
    r->argv = calloc((size_t)r->argc + 1, sizeof *r->argv);
    for (uint32_t i = 0; r->argv != NULL && i < r->argc; i++) {
        kw_str word = in->kind == KW_RUN_ARGV ? kw_text_at(in->argv, i) : i < 2 ? shell[i] : in->command;
        r->argv[i] = request_copy(word);
        if (r->argv[i] == NULL)
            return no_memory(call);
    }
    return r->argv != NULL ? KW_OK : no_memory(call);
}

/* What rules judge: the words of argv, or the commands in the shell's text. */
static kw_status read_commands(kw_call *call, request *r)
{
    if (r->in.kind == KW_RUN_SHELL) {
        shell_result result = shell_read(r->argv[2], &r->commands, &r->unclear);
        if (result == SHELL_UNCLEAR)
            command_list_free(&r->commands); /* half of it is no ground for a decision */
        return result == SHELL_NO_MEMORY ? no_memory(call) : KW_OK;
    }
    bool ok = command_list_add(&r->commands);
    for (uint32_t i = 0; ok && i < r->argc; i++)
        ok = command_add_word(&r->commands.list[0], strdup(r->argv[i]), true);
    return ok ? KW_OK : no_memory(call);
}

static kw_status read_cwd(kw_call *call, request *r)
{
    if (r->cwd == NULL && r->in.cwd.len > 0) {
        kw_status status = check_text(call, r->in.cwd, CHECK_MAX_PATH, "cwd");
        if (status != KW_OK)
            return status;
        if ((r->cwd = request_copy(r->in.cwd)) == NULL)
            return no_memory(call);
    }
    if (r->cwd != NULL && r->cwd[0] != '/')
        return call_error(call, KW_INVALID_ARGUMENT, "cwd must be an absolute path, or empty for the host's");
    return KW_OK;
}

static kw_status read_session(kw_call *call, request *r)
{
    kw_status status = check_text(call, r->in.session, 256, "session");
    if (status == KW_OK && r->in.session.len > 0 && (r->session = request_copy(r->in.session)) == NULL)
        return no_memory(call);
    return status;
}

static kw_status check_run(kw_call *call, const kw_run_in *in)
{
    kw_status status = check_variables(call, in->env, "env");
    if (status == KW_OK)
        status = check_path_rules(call, in->extra_paths, "extra_paths");
    if (status == KW_OK)
        status = check_net(call, in->extra_net, "extra_net");
    if (status == KW_OK)
        status = check_text(call, in->reason, REQUEST_MAX_REASON, "reason");
    if (status != KW_OK)
        return status;
    if (in->kind < KW_RUN_ARGV || in->kind > KW_RUN_TOOL)
        return call_error(call, KW_UNIMPLEMENTED, "kind %u is unknown; 1 runs argv, 2 a shell command, 3 a tool",
                          in->kind);
    if (in->classification > KW_CLASS_DESTRUCTIVE)
        return call_error(call, KW_UNIMPLEMENTED, "classification %u is unknown", in->classification);
    if (in->flags & ~(uint64_t)(KW_RUN_ASK | KW_RUN_KEEP_STDIN))
        return call_error(call, KW_UNIMPLEMENTED, "flags has a bit that this plugin does not know: %llu",
                          (unsigned long long)in->flags);
    if ((in->flags & KW_RUN_KEEP_STDIN) && in->session.len == 0)
        return call_error(call, KW_INVALID_ARGUMENT, "KW_RUN_KEEP_STDIN needs a session, by which send() reaches the run");
    if (in->rows > 65535 || in->columns > 65535)
        return call_error(call, KW_INVALID_ARGUMENT, "rows and columns are at most 65535");
    if (in->input.len > REQUEST_MAX_INPUT || (in->input.len > 0 && in->input.ptr == NULL))
        return call_error(call, KW_INVALID_ARGUMENT, "input has a length and no memory, or more than 4 GiB");
    return KW_OK;
}

static kw_status read_policy(kw_call *call, request *r)
{
    if (r->in.policy.count != 1 || r->in.policy.ptr == NULL || !kw_read_at(&r->policy, r->in.policy, 0))
        return call_error(call, KW_INVALID_ARGUMENT, "policy must be exactly one, of an SDK this plugin knows");
    return check_policy(call, &r->policy);
}

/* With the limits that count for these commands. */
static kw_status check_overflow(kw_call *call, const request *r)
{
    const kw_policy *p = &r->policy;
    const struct {
        const char *field;
        uint64_t limit;
    } list[] = { { "stdout_bytes", r->limits.stdout_bytes }, { "stderr_bytes", r->limits.stderr_bytes } };
    if (p->overflow == KW_OVERFLOW_KILL || (p->head_bytes == 0 && p->tail_bytes == 0))
        return KW_OK;
    for (size_t i = 0; i < 2; i++) {
        if (list[i].limit == 0)
            continue;
        if (p->head_bytes > list[i].limit || p->tail_bytes > list[i].limit - p->head_bytes)
            return call_error(call, KW_INVALID_ARGUMENT, "policy.head_bytes and policy.tail_bytes are together more than "
                              "limits.%s, %llu", list[i].field, (unsigned long long)list[i].limit);
        if (list[i].limit - p->head_bytes > STREAM_MOST_HELD)
            return call_error(call, KW_INVALID_ARGUMENT, "policy.head_bytes leaves more than 64 MiB of limits.%s to be "
                              "held in memory; raise head_bytes or lower the limit", list[i].field);
    }
    return KW_OK;
}

kw_status request_read(kw_call *call, const kw_run_in *in, request *r)
{
    memset(r, 0, sizeof *r);
    if (!kw_read(&r->in, in))
        return call_error(call, KW_INVALID_ARGUMENT, "the run is malformed, or of an SDK this plugin does not know");
    kw_status status = read_policy(call, r);
    if (status == KW_OK)
        status = check_run(call, &r->in);
    if (status == KW_OK)
        status = r->in.kind == KW_RUN_TOOL ? tool_read(call, r) : read_argv(call, r);
    if (status == KW_OK)
        status = read_cwd(call, r);
    if (status == KW_OK)
        status = read_session(call, r);
    if (status == KW_OK)
        status = read_commands(call, r);
    if (status == KW_OK) {
        rules_limits(&r->policy, &r->commands, &r->limits);
        status = check_overflow(call, r);
    }
    if (status != KW_OK)
        request_free(r);
    return status;
}

void request_free(request *r)
{
    for (uint32_t i = 0; r->argv != NULL && i < r->argc; i++)
        free(r->argv[i]);
    free(r->argv);
    free(r->cwd);
    free(r->session);
    command_list_free(&r->commands);
    r->argv = NULL;
    r->cwd = r->session = NULL;
}
