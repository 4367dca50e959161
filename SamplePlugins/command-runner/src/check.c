#include "check.h"

#include <stdio.h>

#include <keyway/author.h>
#include "call_error.h"

#define INVALID KW_INVALID_ARGUMENT
#define FIELD_SIZE 96

kw_status check_span(kw_call *call, kw_span span, size_t least, uint32_t most, const char *field)
{
    if (!kw_span_ok(span, least))
        return call_error(call, INVALID, "%s has a count and no memory, or elements that are too short", field);
    if (span.count > most)
        return call_error(call, INVALID, "%s has %u elements; at most %u are taken", field, span.count, most);
    return KW_OK;
}

kw_status check_text(kw_call *call, kw_str text, uint64_t most, const char *field)
{
    if (!kw_text_ok(text))
        return call_error(call, INVALID, "%s has a length and no memory", field);
    if (text.len > most)
        return call_error(call, INVALID, "%s has %llu bytes; at most %llu are taken", field,
                          (unsigned long long)text.len, (unsigned long long)most);
    if (text.len > 0 && memchr(text.ptr, '\0', (size_t)text.len) != NULL)
        return call_error(call, INVALID, "%s has a zero byte in it", field);
    return KW_OK;
}

kw_status check_texts(kw_call *call, kw_span texts, uint32_t most, const char *field)
{
    kw_status status = check_span(call, texts, sizeof(kw_str), most, field);
    for (uint32_t i = 0; status == KW_OK && i < texts.count; i++) {
        char name[FIELD_SIZE];
        snprintf(name, sizeof name, "%s[%u]", field, i);
        status = check_text(call, kw_text_at(texts, i), CHECK_MAX_TEXT, name);
    }
    return status;
}

kw_status check_variables(kw_call *call, kw_span pairs, const char *field)
{
    kw_status status = check_span(call, pairs, sizeof(kw_hdr), CHECK_MAX_VARIABLES, field);
    for (uint32_t i = 0; status == KW_OK && i < pairs.count; i++) {
        char name[FIELD_SIZE];
        kw_pair pair;
        snprintf(name, sizeof name, "%s[%u]", field, i);
        if (!kw_read_at(&pair, pairs, i))
            return call_error(call, INVALID, "%s is malformed, or of an SDK this plugin does not know", name);
        status = check_text(call, pair.key, CHECK_MAX_TEXT, name);
        if (status == KW_OK)
            status = check_text(call, pair.value, CHECK_MAX_TEXT, name);
        if (status == KW_OK && (pair.key.len == 0 || memchr(pair.key.ptr, '=', (size_t)pair.key.len) != NULL))
            return call_error(call, INVALID, "%s: a variable needs a name, without '='", name);
    }
    return status;
}

static kw_status check_absolute(kw_call *call, kw_str path, const char *field)
{
    kw_status status = check_text(call, path, CHECK_MAX_PATH, field);
    if (status == KW_OK && (path.len == 0 || path.ptr[0] != '/'))
        return call_error(call, INVALID, "%s must be an absolute path", field);
    return status;
}

kw_status check_path_rules(kw_call *call, kw_span rules, const char *field)
{
    kw_status status = check_span(call, rules, sizeof(kw_hdr), CHECK_MAX_RULES, field);
    for (uint32_t i = 0; status == KW_OK && i < rules.count; i++) {
        char name[FIELD_SIZE];
        kw_path_rule rule;
        snprintf(name, sizeof name, "%s[%u]", field, i);
        if (!kw_read_at(&rule, rules, i))
            return call_error(call, INVALID, "%s is malformed, or of an SDK this plugin does not know", name);
        if (rule.access > KW_ACCESS_WRITE || rule.execute > 1)
            return call_error(call, KW_UNIMPLEMENTED, "%s has an unknown access or execute", name);
        snprintf(name, sizeof name, "%s[%u].path", field, i);
        status = check_absolute(call, rule.path, name);
    }
    return status;
}

static kw_status check_rules(kw_call *call, kw_span rules, const char *field)
{
    kw_status status = check_span(call, rules, sizeof(kw_hdr), CHECK_MAX_RULES, field);
    for (uint32_t i = 0; status == KW_OK && i < rules.count; i++) {
        char name[FIELD_SIZE];
        kw_rule rule;
        snprintf(name, sizeof name, "%s[%u].prefix", field, i);
        if (!kw_read_at(&rule, rules, i))
            return call_error(call, INVALID, "%s[%u] is malformed, or of an SDK this plugin does not know", field, i);
        status = check_texts(call, rule.prefix, CHECK_MAX_RULE_WORDS, name);
    }
    return status;
}

kw_status check_net(kw_call *call, kw_span rules, const char *field)
{
    kw_status status = check_span(call, rules, sizeof(kw_hdr), CHECK_MAX_RULES, field);
    for (uint32_t i = 0; status == KW_OK && i < rules.count; i++) {
        char name[FIELD_SIZE];
        kw_net_rule rule;
        snprintf(name, sizeof name, "%s[%u]", field, i);
        if (!kw_read_at(&rule, rules, i))
            return call_error(call, INVALID, "%s is malformed, or of an SDK this plugin does not know", name);
        if (rule.kind < KW_NET_PORTS || rule.kind > KW_NET_BIND || rule.is_denied > 1)
            return call_error(call, KW_UNIMPLEMENTED, "%s has an unknown kind or is_denied", name);
        if (rule.first_port > rule.last_port || rule.last_port > 65535)
            return call_error(call, INVALID, "%s: first_port...last_port must be a range up to 65535", name);
        status = check_text(call, rule.name, CHECK_MAX_PATH, name);
        if (status == KW_OK && (rule.kind == KW_NET_DOMAIN || rule.kind == KW_NET_UNIX) && rule.name.len == 0)
            return call_error(call, INVALID, "%s needs a name", name);
    }
    return status;
}

static kw_status check_limits(kw_call *call, kw_span limits, uint32_t least, const char *field)
{
    kw_limits l;
    kw_status status = check_span(call, limits, sizeof(kw_hdr), 1, field);
    if (status != KW_OK || (limits.count == 0 && least == 0))
        return status;
    if (limits.count == 0)
        return call_error(call, INVALID, "%s must have exactly one element", field);
    if (!kw_read_at(&l, limits, 0))
        return call_error(call, INVALID, "%s is malformed, or of an SDK this plugin does not know", field);
    if (l.wall_ns < 0 || l.cpu_ns < 0 || l.idle_ns < 0 || l.grace_ns < 0)
        return call_error(call, INVALID, "%s has a negative duration (%s); 0 means not set", field,
                          l.wall_ns < 0 ? "wall_ns" : l.cpu_ns < 0 ? "cpu_ns" : l.idle_ns < 0 ? "idle_ns" : "grace_ns");
    return KW_OK;
}

static kw_status check_tool_limits(kw_call *call, kw_span list)
{
    kw_status status = check_span(call, list, sizeof(kw_hdr), CHECK_MAX_RULES, "policy.tool_limits");
    for (uint32_t i = 0; status == KW_OK && i < list.count; i++) {
        char name[FIELD_SIZE];
        kw_tool_limits one;
        if (!kw_read_at(&one, list, i))
            return call_error(call, INVALID, "policy.tool_limits[%u] is malformed, or of an SDK this plugin does not know",
                              i);
        snprintf(name, sizeof name, "policy.tool_limits[%u].prefix", i);
        status = check_texts(call, one.prefix, CHECK_MAX_RULE_WORDS, name);
        if (status == KW_OK && one.prefix.count == 0)
            return call_error(call, INVALID, "%s must have at least one word", name);
        snprintf(name, sizeof name, "policy.tool_limits[%u].limits", i);
        if (status == KW_OK)
            status = check_limits(call, one.limits, 1, name);
    }
    return status;
}

static kw_status check_numbers(kw_call *call, const kw_policy *p)
{
    const struct {
        const char *field;
        uint64_t value, most;
    } list[] = {
        { "policy.flags", p->flags, 2 * KW_POLICY_USER_SET - 1 },
        { "policy.overflow", p->overflow, KW_OVERFLOW_SPOOL },
        { "policy.env_inherit", p->env_inherit, KW_INHERIT_ALL },
        { "policy.approval", p->approval, KW_APPROVAL_ALWAYS },
        { "policy.background", p->background, KW_BACKGROUND_DENY },
        { "policy.isolate", p->isolate, 2 * KW_ISOLATE_USER - 1 },
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        if (list[i].value > list[i].most)
            return call_error(call, KW_UNIMPLEMENTED, "%s has a value that this plugin does not know: %llu",
                              list[i].field, (unsigned long long)list[i].value);
    if (!(p->flags & KW_POLICY_USER_SET) && p->user != 0)
        return call_error(call, INVALID, "policy.user is %u, and KW_POLICY_USER_SET is not set", p->user);
    kw_str plain = KW_STR("none"), standard = KW_STR("default");
    if (p->seccomp.len > 0 && (!kw_text_ok(p->seccomp) || (!kw_equal(p->seccomp, plain) && !kw_equal(p->seccomp, standard))))
        return call_error(call, INVALID, "policy.seccomp must be \"default\", \"none\" or empty");
    return KW_OK;
}

kw_status check_policy(kw_call *call, const kw_policy *p)
{
    kw_status status = check_numbers(call, p);
    if (status == KW_OK)
        status = check_rules(call, p->allow, "policy.allow");
    if (status == KW_OK)
        status = check_rules(call, p->deny, "policy.deny");
    if (status == KW_OK)
        status = check_rules(call, p->deny_patterns, "policy.deny_patterns");
    if (status == KW_OK)
        status = check_texts(call, p->env_allow, CHECK_MAX_VARIABLES, "policy.env_allow");
    if (status == KW_OK)
        status = check_texts(call, p->env_deny, CHECK_MAX_VARIABLES, "policy.env_deny");
    if (status == KW_OK)
        status = check_variables(call, p->env_set, "policy.env_set");
    if (status == KW_OK)
        status = check_path_rules(call, p->paths, "policy.paths");
    if (status == KW_OK)
        status = check_net(call, p->net, "policy.net");
    if (status == KW_OK)
        status = check_limits(call, p->limits, 0, "policy.limits");
    if (status == KW_OK)
        status = check_tool_limits(call, p->tool_limits);
    return status;
}
