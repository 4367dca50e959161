#include "decision.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <keyway/author.h>
#include "classification.h"
#include "enforcement.h"

__attribute__((format(printf, 3, 4))) static bool because(decision *out, uint32_t verdict, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out->reason, sizeof out->reason, format, arguments);
    va_end(arguments);
    out->verdict = verdict;
    return true;
}

#define DENIED(...) because(out, KW_DECISION_DENY, __VA_ARGS__)

static bool denied_before_rules(const request *r, decision *out)
{
    if (!(r->policy.flags & KW_POLICY_ENABLED))
        return DENIED("the policy is not enabled; enable it to run anything");
    if (r->in.kind == KW_RUN_SHELL && !(r->policy.flags & KW_POLICY_ALLOW_SHELL))
        return DENIED("the policy does not allow shell commands; pass the words as argv, or allow the shell");
    if (r->in.kind == KW_RUN_SHELL && r->unclear != NULL)
        return DENIED("the shell command cannot be judged by rules: it has %s; say it more simply, or pass argv",
                      r->unclear);
    return false;
}

static bool denied_by_rule(const request *r, decision *out)
{
    for (uint32_t i = 0; i < r->commands.count; i++)
        if (rules_find(r->policy.deny, rules_forbid, &r->commands.list[i], out->rule))
            return DENIED("a deny rule matches, or may match, %.200s; deny rules win",
                          r->commands.list[i].words[0].text);
    for (uint32_t i = 0; i < r->commands.count; i++)
        if (rules_find(r->policy.deny_patterns, rules_find_anywhere, &r->commands.list[i], out->rule))
            return DENIED("a deny pattern is, or may be, among the words of %.200s; deny patterns win",
                          r->commands.list[i].words[0].text);
    for (uint32_t i = 0; i < r->commands.file_count; i++)
        if (!rules_open(r, &r->commands.files[i]))
            return DENIED("the shell would %s %.200s, and no path rule admits that; redirections reach /dev/null and "
                          "absolute paths under a rule of `paths`",
                          r->commands.files[i].writes ? "write" : "read", r->commands.files[i].path);
    return false;
}

/* The first command that no allow rule admits, or NULL; the rule of the first one is spelled into out. */
static const command *not_admitted(const request *r, decision *out)
{
    char ignored[RULES_SPELLED];
    for (uint32_t i = 0; i < r->commands.count; i++)
        if (!rules_find(r->policy.allow, rules_admit, &r->commands.list[i], i == 0 ? out->rule : ignored)) {
            out->rule[0] = '\0';
            return &r->commands.list[i];
        }
    return NULL;
}

static const char *approval_reason(const request *r, const command *unnamed, uint32_t classification)
{
    if (r->policy.approval == KW_APPROVAL_NEVER)
        return NULL;
    if (classification == KW_CLASS_DESTRUCTIVE)
        return "it may destroy data";
    if (unnamed != NULL)
        return "no allow rule names it";
    if (r->policy.approval == KW_APPROVAL_ALWAYS)
        return "the policy wants every run approved";
    if (r->in.flags & KW_RUN_ASK)
        return "the request asks for approval";
    return NULL;
}

/* The question shows what would run, so that whoever answers need not guess. */
static void spell_command(const request *r, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = r->in.kind == KW_RUN_SHELL ? 2 : 0; i < r->argc && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%.200s", used > 0 ? " " : "", r->argv[i]);
}

static void decide_approval(const request *r, const char *why, decision *out)
{
    char line[400];
    if (why == NULL || (r->policy.flags & KW_POLICY_AUTO_APPROVE)) {
        (void)because(out, KW_DECISION_ALLOW, "%s", why == NULL ? "an allow rule matches and no deny rule does"
                                                               : "the policy approves by itself what needs approval");
        return;
    }
    if (!(r->policy.flags & KW_POLICY_INTERACTIVE)) {
        (void)DENIED("it needs approval (%s), and the policy is not interactive; name it in an allow rule, or set "
                     "interactive or auto-approve", why);
        return;
    }
    spell_command(r, line, sizeof line);
    (void)because(out, KW_DECISION_CONFIRM, "Run `%s`? It needs approval: %s.%s%.*s", line, why,
                  r->in.reason.len > 0 ? " Reason given: " : "", (int)(r->in.reason.len < 300 ? r->in.reason.len : 300),
                  r->in.reason.len > 0 ? r->in.reason.ptr : "");
}

void decide(const request *r, decision *out)
{
    char missing[512];
    memset(out, 0, sizeof *out);
    if (denied_before_rules(r, out) || denied_by_rule(r, out))
        return;
    const command *unnamed = not_admitted(r, out);
    uint32_t classification =
        r->in.classification != KW_CLASS_UNKNOWN ? r->in.classification : classification_of(&r->commands);
    if (unnamed != NULL && classification == KW_CLASS_NETWORK && !(r->policy.flags & KW_POLICY_ALLOW_NETWORK))
        (void)DENIED("it needs the network, which the policy does not allow, and no allow rule matches %.200s",
                     unnamed->words[0].text);
    else if (unnamed != NULL && r->policy.approval != KW_APPROVAL_UNTRUSTED)
        (void)DENIED("no allow rule matches %.200s; add a rule that begins with that word", unnamed->words[0].text);
    else if ((r->policy.flags & KW_POLICY_REQUIRE_ENFORCED) && enforcement_missing(r, missing, sizeof missing))
        (void)DENIED("the policy requires every field it sets to be enforced, and here these are not: %s", missing);
    else
        decide_approval(r, approval_reason(r, unnamed, classification), out);
}
