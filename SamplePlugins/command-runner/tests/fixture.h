/* What the test programs of command-runner share: an instance made through the plugin's entry, and runs built from C
 * strings. The test program is also the program under test: `SELF mode ...` behaves as the mode says. */
#ifndef COMMAND_RUNNER_TESTS_FIXTURE_H
#define COMMAND_RUNNER_TESTS_FIXTURE_H

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "host.h"

kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out) KW_NOEXCEPT;

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif

#define MOST_WORDS 12
#define MOST_RULES 6

static test_host host;
static const kw_plugin *plugin;
static const kw_tool_executor *executor;
static kw_instance *instance;
static char self_path[PATH_MAX], data_dir[PATH_MAX];

/* A run under construction; everything it points to lies in it. */
typedef struct attempt {
    kw_run_in in;
    kw_policy policy;
    kw_limits limits;
    kw_str argv[MOST_WORDS];
    kw_rule allow[MOST_RULES], deny[MOST_RULES];
    kw_str allow_words[MOST_RULES][MOST_WORDS], deny_words[MOST_RULES][MOST_WORDS];
    kw_pair env[4], env_set[4];
    kw_str env_allow[4], env_deny[4];
    kw_path_rule paths[MOST_RULES];
    kw_net_rule net[MOST_RULES];
    test_call call;
    kw_status status;
    const kw_run_out *out;
} attempt;

static inline uint32_t split(const char *text, kw_str words[MOST_WORDS])
{
    uint32_t count = 0;
    while (*text != '\0' && count < MOST_WORDS) {
        size_t length = strcspn(text, " ");
        words[count++] = (kw_str) { text, length };
        text += length;
        text += strspn(text, " ");
    }
    return count;
}

static inline void allow(attempt *a, const char *rule)
{
    uint32_t i = a->policy.allow.count, words = split(rule, a->allow_words[i]);
    a->allow[i] = (kw_rule) { .h = KW_HDR(kw_rule), .prefix = kw_span_of(a->allow_words[i], words, sizeof(kw_str)) };
    a->policy.allow = kw_span_of(a->allow, i + 1, sizeof a->allow[0]);
}

static inline void deny(attempt *a, const char *rule)
{
    uint32_t i = a->policy.deny.count, words = split(rule, a->deny_words[i]);
    a->deny[i] = (kw_rule) { .h = KW_HDR(kw_rule), .prefix = kw_span_of(a->deny_words[i], words, sizeof(kw_str)) };
    a->policy.deny = kw_span_of(a->deny, i + 1, sizeof a->deny[0]);
}

static inline void path_rule(attempt *a, const char *path, uint32_t access, uint32_t execute)
{
    uint32_t i = a->policy.paths.count;
    a->paths[i] = (kw_path_rule) { .h = KW_HDR(kw_path_rule), .path = kw_string(path), .access = access, .execute = execute };
    a->policy.paths = kw_span_of(a->paths, i + 1, sizeof a->paths[0]);
}

static inline void net_rule(attempt *a, uint32_t kind, uint32_t is_denied, const char *name, uint32_t first, uint32_t last)
{
    uint32_t i = a->policy.net.count;
    a->net[i] = (kw_net_rule) { .h = KW_HDR(kw_net_rule), .kind = kind, .is_denied = is_denied, .name = kw_string(name),
                                .first_port = first, .last_port = last };
    a->policy.net = kw_span_of(a->net, i + 1, sizeof a->net[0]);
}

static inline void words(attempt *a, const char *line)
{
    a->in.argv = kw_span_of(a->argv, split(line, a->argv), sizeof(kw_str));
}

static inline void word(attempt *a, const char *text)
{
    a->argv[a->in.argv.count] = kw_string(text);
    a->in.argv = kw_span_of(a->argv, a->in.argv.count + 1, sizeof(kw_str));
}

/* An enabled policy with the core environment, and the command line split at spaces. Not admitted yet. */
static inline attempt *attempt_make(const char *line)
{
    attempt *a = calloc(1, sizeof *a);
    a->in.h = (kw_hdr)KW_HDR(kw_run_in);
    a->policy.h = (kw_hdr)KW_HDR(kw_policy);
    a->policy.flags = KW_POLICY_ENABLED;
    a->policy.env_inherit = KW_INHERIT_CORE;
    a->policy.approval = KW_APPROVAL_NEVER;
    a->limits = (kw_limits) { .h = KW_HDR(kw_limits), .grace_ns = 200000000 };
    a->policy.limits = kw_span_of(&a->limits, 1, sizeof a->limits);
    a->in.kind = KW_RUN_ARGV;
    a->in.policy = kw_span_of(&a->policy, 1, sizeof a->policy);
    words(a, line);
    test_call_begin(&a->call);
    return a;
}

/* `SELF mode`, admitted. */
static inline attempt *attempt_self(const char *mode)
{
    attempt *a = attempt_make(self_path);
    word(a, mode);
    allow(a, self_path);
    return a;
}

/* `sh -c script`, admitted. */
static inline attempt *attempt_shell(const char *script)
{
    attempt *a = attempt_make("sh -c");
    word(a, script);
    allow(a, "sh");
    return a;
}

/* A shell command that rules judge, with the shell allowed and no rule yet. */
static inline attempt *attempt_text(const char *text)
{
    attempt *a = attempt_make("");
    a->in.kind = KW_RUN_SHELL;
    a->in.command = kw_string(text);
    a->policy.flags |= KW_POLICY_ALLOW_SHELL;
    return a;
}

static inline const kw_run_out *execute(attempt *a)
{
    static const kw_run_out nothing = { .h = KW_HDR(kw_run_out) };
    a->status = executor->execute(instance, &a->call.call, &a->in);
    a->out = a->status == KW_OK && a->call.reply != NULL ? a->call.reply : &nothing;
    return a->out;
}

static inline const kw_decision *evaluate(attempt *a)
{
    static const kw_decision nothing = { .verdict = 99 };
    a->status = executor->evaluate(instance, &a->call.call, &a->in);
    return a->status == KW_OK && a->call.reply != NULL ? a->call.reply : &nothing;
}

static inline void attempt_end(attempt *a)
{
    test_call_end(&a->call);
    free(a);
}

static inline int text_is(kw_str text, const char *expected)
{
    return kw_equal(text, kw_string(expected));
}

static inline int text_has(kw_str text, const char *part)
{
    size_t size = strlen(part);
    if (size == 0)
        return 1;
    for (uint64_t i = 0; i + size <= text.len; i++)
        if (memcmp(text.ptr + i, part, size) == 0)
            return 1;
    return 0;
}

static inline int stdout_has(const attempt *a, const char *part)
{
    kw_str text = { a->call.out.kept, a->call.out.kept_size };
    return text_has(text, part);
}

/* KW_ENFORCED_* of a field the run had set; -1 if it is not in the list. */
static inline int enforced(const kw_run_out *out, const char *name)
{
    for (uint32_t i = 0; i < out->enforced.count; i++) {
        const kw_enforcement *e = kw_at(out->enforced, i);
        if (text_is(e->field, name))
            return (int)e->enforced;
    }
    return -1;
}

static inline int violated(const kw_run_out *out, const char *kind)
{
    for (uint32_t i = 0; i < out->violations.count; i++)
        if (text_is(((const kw_violation *)kw_at(out->violations, i))->kind, kind))
            return 1;
    return 0;
}

/* The number that an attack printed, or less than 0: how else the run ended. */
static inline int answer_of(attempt *a)
{
    const kw_run_out *out = execute(a);
    int answer = out->end == KW_END_EXITED && out->exit_code == 0 && a->call.out.kept_size > 0 ? atoi(a->call.out.kept)
                                                                                          : -(int)out->end;
    if (answer < 0)
        fprintf(stderr, "%.*s %.*s: ended %u: %.*s\n", (int)a->argv[1].len, a->argv[1].ptr, (int)a->argv[2].len,
                a->argv[2].ptr, out->end, (int)out->detail.len, out->detail.ptr);
    return answer;
}

static inline void start(void)
{
    test_call call;
    ssize_t n = readlink("/proc/self/exe", self_path, sizeof self_path - 1);
    self_path[n > 0 ? n : 0] = '\0';
    test_host_init(&host);
    CHECK(kw_plugin_entry_1(&host.host, 1, &plugin) == KW_OK);
    CHECK(plugin->magic == KW_MAGIC && plugin->ifaces.count == 1);
    const kw_iface *iface = plugin->ifaces.ptr;
    CHECK(text_is(iface->id, KW_TOOL_EXECUTOR_ID));
    executor = iface->vtable;
    test_folder_make(data_dir, sizeof data_dir);
    kw_create_in in = { .h = KW_HDR(kw_create_in), .host = &host.host, .data_dir = kw_string(data_dir) };
    test_call_begin(&call);
    CHECK(plugin->create(NULL, &call.call, &in) == KW_OK);
    instance = ((const kw_create_out *)call.reply)->instance;
    test_call_end(&call);
}

static inline int finish(void)
{
    test_call call;
    kw_none none = { .h = KW_HDR(kw_none) };
    test_call_begin(&call);
    CHECK(plugin->destroy(instance, &call.call, &none) == KW_OK);
    test_call_end(&call);
    test_folder_remove(data_dir);
    return test_finish();
}

#endif
