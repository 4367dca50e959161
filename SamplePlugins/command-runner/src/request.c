#define _GNU_SOURCE
#include "request.h"

#include <stdbool.h>
#include <stdlib.h>

#include <keyway/author.h>
#include "call_error.h"

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

/* A zero byte would cut a string short on its way to the kernel, after it was compared whole. */
static bool is_plain(kw_str text)
{
    return kw_text_ok(text) && (text.len == 0 || memchr(text.ptr, '\0', (size_t)text.len) == NULL);
}

static bool texts_ok(kw_span list)
{
    if (!kw_span_ok(list, sizeof(kw_str)))
        return false;
    for (uint32_t i = 0; i < list.count; i++)
        if (!is_plain(kw_text_at(list, i)))
            return false;
    return true;
}

static bool rules_ok(kw_span rules)
{
    if (!kw_span_ok(rules, sizeof(kw_hdr)))
        return false;
    for (uint32_t i = 0; i < rules.count; i++) {
        kw_rule rule;
        if (!kw_read_at(&rule, rules, i) || !texts_ok(rule.prefix))
            return false;
    }
    return true;
}

static bool variables_ok(kw_span pairs)
{
    if (!kw_span_ok(pairs, sizeof(kw_hdr)))
        return false;
    for (uint32_t i = 0; i < pairs.count; i++) {
        kw_pair pair;
        if (!kw_read_at(&pair, pairs, i) || !is_plain(pair.key) || !is_plain(pair.value) || pair.key.len == 0
            || memchr(pair.key.ptr, '=', (size_t)pair.key.len) != NULL)
            return false;
    }
    return true;
}

static kw_status read_policy(kw_call *call, request *r)
{
    kw_policy *p = &r->policy;
    if (r->in.policy.count != 1 || r->in.policy.ptr == NULL || !kw_read_at(p, r->in.policy, 0))
        return call_error(call, KW_INVALID_ARGUMENT, "a run needs exactly one policy, of an SDK this plugin knows");
    if (!rules_ok(p->allow) || !rules_ok(p->deny))
        return call_error(call, KW_INVALID_ARGUMENT, "a rule of the policy is malformed, or has a zero byte in a word");
    if (!texts_ok(p->env_allow) || !texts_ok(p->env_deny))
        return call_error(call, KW_INVALID_ARGUMENT, "env_allow and env_deny must be texts without zero bytes");
    if (!variables_ok(p->env_set) || !variables_ok(r->in.env))
        return call_error(call, KW_INVALID_ARGUMENT, "a variable needs a name without '=', and no zero bytes");
    if (p->overflow > KW_OVERFLOW_KILL || p->env_inherit > KW_INHERIT_ALL)
        return call_error(call, KW_INVALID_ARGUMENT, "the policy's overflow or env_inherit has an unknown value");
    if (p->wall_ns < 0 || p->cpu_ns < 0 || p->idle_ns < 0 || p->grace_ns < 0)
        return call_error(call, KW_INVALID_ARGUMENT, "the policy has a negative duration; 0 means not set");
    if (!kw_span_ok(p->paths, sizeof(kw_hdr)))
        return call_error(call, KW_INVALID_ARGUMENT, "the policy's paths have a count and no memory");
    return KW_OK;
}

static kw_status read_argv(kw_call *call, request *r)
{
    const kw_run_in *in = &r->in;
    static const kw_str shell[2] = { KW_STR("sh"), KW_STR("-c") };
    bool ok = true;
    if (in->kind == KW_RUN_SHELL) {
        if (!is_plain(in->command) || in->command.len == 0)
            return call_error(call, KW_INVALID_ARGUMENT, "a shell run needs a command without zero bytes");
        r->argc = 3;
    } else if (in->kind == KW_RUN_ARGV) {
        if (in->argv.count == 0 || in->argv.count > REQUEST_MAX_WORDS || !texts_ok(in->argv)
            || kw_text_at(in->argv, 0).len == 0)
            return call_error(call, KW_INVALID_ARGUMENT, "argv must be 1-%u words without zero bytes, the first "
                              "not empty", REQUEST_MAX_WORDS);
        r->argc = in->argv.count;
    } else {
        return call_error(call, KW_INVALID_ARGUMENT, "kind %u is unknown; 1 runs argv, 2 a shell command", in->kind);
    }
    r->argv = calloc((size_t)r->argc + 1, sizeof *r->argv);
    for (uint32_t i = 0; r->argv != NULL && ok && i < r->argc; i++) {
        kw_str word = in->kind == KW_RUN_ARGV ? kw_text_at(in->argv, i) : i < 2 ? shell[i] : in->command;
        r->argv[i] = request_copy(word);
        ok = r->argv[i] != NULL;
    }
    return r->argv != NULL && ok ? KW_OK : call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for the command line");
}

kw_status request_read(kw_call *call, const kw_run_in *in, request *r)
{
    memset(r, 0, sizeof *r);
    if (!kw_read(&r->in, in))
        return call_error(call, KW_INVALID_ARGUMENT, "the run is malformed, or of an SDK this plugin does not know");
    kw_status status = read_policy(call, r);
    if (status == KW_OK)
        status = read_argv(call, r);
    if (status == KW_OK && r->in.cwd.len > 0) {
        if (!is_plain(r->in.cwd) || r->in.cwd.ptr[0] != '/')
            status = call_error(call, KW_INVALID_ARGUMENT, "cwd must be an absolute path, or empty for the host's");
        else if ((r->cwd = request_copy(r->in.cwd)) == NULL)
            status = call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for the working folder's name");
    }
    if (status == KW_OK && r->in.input.len > 0 && (r->in.input.ptr == NULL || r->in.input.len > INT64_MAX))
        status = call_error(call, KW_INVALID_ARGUMENT, "input has a length and no memory");
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
    r->argv = NULL;
    r->cwd = NULL;
}
