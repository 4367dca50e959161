/* A policy in a span of one, with rules with words; events with data; a reply with an array. */
#include "host.h"

#define WORDS 3u

static kw_run_in make_request(const loaded *l, const char *program)
{
    const char *words[WORDS] = { program, "-l", "here" };
    kw_span argv = make_input(WORDS, sizeof(kw_str), l->padding);
    for (uint32_t i = 0; i < WORDS; i++) {
        kw_str word = kw_string(words[i]);
        memcpy(input_at(argv, i), &word, sizeof word);
    }
    kw_span policy = make_input(1, sizeof(kw_policy), l->padding);
    kw_policy *p = input_at(policy, 0);
    p->flags = KW_POLICY_ENABLED;
    p->allow = make_input(2, sizeof(kw_rule), l->padding);
    SET_ADDED(p, 400);
    for (uint32_t i = 0; i < 2; i++) {
        kw_rule *rule = input_at(p->allow, i);
        kw_str word = kw_string(i == 0 ? "git" : "ls");
        rule->prefix = make_input(1, sizeof(kw_str), l->padding);
        memcpy(input_at(rule->prefix, 0), &word, sizeof word);
    }
    kw_run_in in = { .h = KW_HDR(kw_run_in), .kind = KW_RUN_ARGV, .argv = argv, .policy = policy };
    SET_ADDED(&in, 500);
    return in;
}

static void test_evaluate(const loaded *l, kw_any_op evaluate)
{
    static const struct {
        const char *program;
        uint32_t verdict;
    } cases[] = { { "ls", KW_DECISION_ALLOW }, { "rm", KW_DECISION_DENY } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        kw_run_in in = make_request(l, cases[i].program);
        test_call c;
        call_run(&c, l, evaluate, exact_copy(&in), sizeof(kw_decision), NULL, NULL);
        const kw_decision *out = (const kw_decision *)(const void *)c.reply;
        CHECK(c.status == KW_OK && out->verdict == cases[i].verdict);
        CHECK(ADDED_NUMBER(out) == FROM_PLUGIN(l, ADDED_BY_PLUGIN + 400));
        call_end(&c);
    }
    /* A policy that must be understood, by a plugin that cannot: never run under half of it. */
    kw_run_in in = make_request(l, "ls");
    kw_policy *policy = input_at(in.policy, 0);
    policy->h.flags = KW_MUST;
    test_call c;
    call_run(&c, l, evaluate, exact_copy(&in), sizeof(kw_decision), NULL, NULL);
    CHECK((c.status == KW_OK) == (KW_SDK <= l->sdk_built));
    call_end(&c);
}

typedef struct output {
    uint64_t bytes, added;
    uint32_t events;
} output;

static kw_status take(void *context, const kw_event *event, uint32_t flags)
{
    output *o = context;
    (void)flags;
    o->events++;
    o->bytes += event->data.len;
    o->added += ADDED_NUMBER(event);
    return event->kind == KW_EVENT_STDOUT ? KW_OK : KW_UNIMPLEMENTED;
}

void test_tool_executor(const loaded *l)
{
    kw_tool_executor table;
    uint64_t present;
    CHECK(kwc_import_table(&table, sizeof table, host_interface(l, KW_TOOL_EXECUTOR_ID), &present) == KW_OK);
    test_evaluate(l, kwc_slot(&table, SLOT(kw_tool_executor, evaluate)));

    output o = { 0, 0, 0 };
    kw_run_in in = make_request(l, "ls");
    test_call c;
    call_run(&c, l, kwc_slot(&table, SLOT(kw_tool_executor, execute)), exact_copy(&in), sizeof(kw_run_out), take, &o);
    const kw_run_out *out = (const kw_run_out *)(const void *)c.reply;
    CHECK(c.status == KW_OK && out->end == KW_END_EXITED && out->enforced.count == 2);
    CHECK(o.events == WORDS && o.bytes == 8);
    CHECK(o.added == FROM_PLUGIN(l, 3 * ADDED_BY_PLUGIN + 3));
    for (uint32_t i = 0; i < out->enforced.count; i++) {
        kw_enforcement enforcement;
        CHECK(kw_read_at(&enforcement, out->enforced, i) && enforcement.enforced == KW_ENFORCED_YES);
        CHECK(ADDED_NUMBER(&enforcement) == FROM_PLUGIN(l, ADDED_BY_PLUGIN + i));
    }
    call_end(&c);
}
