#define _GNU_SOURCE
#include "rules.h"

#include <stdarg.h>
#include <stdio.h>

#include <keyway/author.h>
#include "enforcement.h"

/* Words are compared as written: "git" is not "/usr/bin/git", so a rule without a slash never admits a path. */
bool rules_match(const kw_rule *rule, char *const *argv, uint32_t argc)
{
    if (rule->prefix.count == 0 || rule->prefix.count > argc)
        return false;
    for (uint32_t i = 0; i < rule->prefix.count; i++) {
        kw_str word = kw_text_at(rule->prefix, i);
        if (word.len != strlen(argv[i]) || (word.len > 0 && memcmp(word.ptr, argv[i], (size_t)word.len) != 0))
            return false;
    }
    return true;
}

static void spell(const kw_rule *rule, char *text, size_t size)
{
    size_t used = 0;
    for (uint32_t i = 0; i < rule->prefix.count && used < size; i++) {
        kw_str word = kw_text_at(rule->prefix, i);
        int shown = word.len > 200 ? 200 : (int)word.len;
        used += (size_t)snprintf(text + used, size - used, "%s%.*s", i > 0 ? " " : "", shown,
                                 shown > 0 ? word.ptr : "");
    }
}

static bool find(const request *r, kw_span rules, decision *out)
{
    for (uint32_t i = 0; i < rules.count; i++) {
        kw_rule rule;
        if (kw_read_at(&rule, rules, i) && rules_match(&rule, r->argv, r->argc)) {
            spell(&rule, out->rule, sizeof out->rule);
            return true;
        }
    }
    return false;
}

__attribute__((format(printf, 2, 3))) static void because(decision *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out->reason, sizeof out->reason, format, arguments);
    va_end(arguments);
}

void rules_decide(const request *r, decision *out)
{
    char missing[256];
    memset(out, 0, sizeof *out);
    if (!(r->policy.flags & KW_POLICY_ENABLED)) {
        because(out, "the policy is not enabled; enable it to run anything");
    } else if (r->in.kind == KW_RUN_SHELL && !(r->policy.flags & KW_POLICY_ALLOW_SHELL)) {
        because(out, "the policy does not allow shell commands; pass the words as argv, or allow the shell");
    } else if (find(r, r->policy.deny, out)) {
        because(out, "a deny rule matches; deny rules win");
    } else if (!find(r, r->policy.allow, out)) {
        because(out, "no allow rule matches %.200s; add a rule that begins with that word", r->argv[0]);
    } else if ((r->policy.flags & KW_POLICY_REQUIRE_ENFORCED)
               && enforcement_missing(&r->policy, missing, sizeof missing)) {
        because(out, "the policy requires every field it sets to be enforced, and here these are not: %s", missing);
    } else {
        out->allowed = true;
        because(out, "an allow rule matches and no deny rule does");
    }
}
