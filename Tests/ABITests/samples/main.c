/* A sample plugin on a host of another SDK: what it is for works, and the results do not depend on the SDKs.
 *
 *     samples hash-embedder|flat-vectors|command-runner PLUGIN.so
 *
 * Prints the results, for a comparison over all pairs of SDKs.
 */
#include "host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DIMS 64u

static kw_span two_texts(const char *first, const char *second)
{
    kw_span texts = make_input(2, sizeof(kw_str), 8);
    kw_str text = kw_string(first);
    memcpy(input_at(texts, 0), &text, sizeof text);
    text = kw_string(second);
    memcpy(input_at(texts, 1), &text, sizeof text);
    return texts;
}

static int finish_call(test_call *c)
{
    int well = c->status == KW_OK;
    if (!well && c->frame->failed)
        fprintf(stderr, "%.*s\n", (int)c->frame->error.message.len, c->frame->error.message.ptr);
    call_end(c);
    return well;
}

static void use_embedder(const loaded *l)
{
    static float rows[2][DIMS];
    kw_embedder table;
    uint64_t present;
    CHECK(kwc_import_table(&table, sizeof table, host_interface(l, KW_EMBEDDER_ID), &present) == KW_OK);
    kw_embed_in in = {
        .h = KW_HDR(kw_embed_in), .texts = two_texts("how plugins are loaded", "a recipe for bread"), .rows = rows,
        .capacity = sizeof rows, .row_stride = sizeof rows[0], .dims = DIMS, .element = KW_ELEMENT_F32,
        .task = KW_TASK_DOCUMENT,
    };
    test_call c;
    call_run(&c, l, kwc_slot(&table, SLOT(kw_embedder, embed)), exact_copy(&in), sizeof(kw_embed_out), NULL, NULL);
    CHECK(((const kw_embed_out *)(const void *)c.reply)->rows_written == 2);
    CHECK(finish_call(&c));
    for (int i = 0; i < 2; i++) {
        double square = 0;
        for (uint32_t j = 0; j < DIMS; j++) {
            square += (double)rows[i][j] * (double)rows[i][j];
            printf("%a\n", (double)rows[i][j]);
        }
        CHECK(fabs(square - 1) < 1e-4);
    }
    CHECK(memcmp(rows[0], rows[1], sizeof rows[0]) != 0);
}

static void use_vector_backend(const loaded *l)
{
    static const float rows[2][2] = { { 1, 0 }, { 0, 1 } };
    static const float wanted[2] = { 0.1f, 1 };
    kw_vector_backend table;
    uint64_t present;
    CHECK(kwc_import_table(&table, sizeof table, host_interface(l, KW_VECTOR_BACKEND_ID), &present) == KW_OK);
    kw_upsert_in items = {
        .h = KW_HDR(kw_upsert_in), .repo = KW_STR("r"), .ids = two_texts("east", "north"), .rows = rows,
        .rows_size = sizeof rows, .row_stride = sizeof rows[0], .dims = 2, .element = KW_ELEMENT_F32,
        .metadata_json = two_texts("{\"degrees\":90}", "{\"degrees\":0}"),
    };
    test_call c;
    call_run(&c, l, kwc_slot(&table, SLOT(kw_vector_backend, upsert)), exact_copy(&items), sizeof(kw_count_out), NULL,
             NULL);
    CHECK(((const kw_count_out *)(const void *)c.reply)->count == 2);
    CHECK(finish_call(&c));

    /* The second query has a filter: a program in a span, with a value in a span. */
    kw_span queries = make_input(2, sizeof(kw_query), 16);
    for (uint32_t i = 0; i < 2; i++) {
        kw_query *query = input_at(queries, i);
        query->vector = wanted;
        query->dims = 2;
        query->element = KW_ELEMENT_F32;
        query->top_k = 5;
        query->include = KW_INCLUDE_METADATA;
        if (i == 1) {
            query->filter = make_input(1, sizeof(kw_finst), 16);
            kw_finst *step = input_at(query->filter, 0);
            step->op = KW_FILTER_GT;
            step->field = kw_string("degrees");
            step->values = make_input(1, sizeof(kw_value), 16);
            kw_value *value = input_at(step->values, 0);
            value->kind = KW_VALUE_INT;
            value->integer = 45;
        }
    }
    kw_query_in in = { .h = KW_HDR(kw_query_in), .repo = KW_STR("r"), .queries = queries };
    call_run(&c, l, kwc_slot(&table, SLOT(kw_vector_backend, query)), exact_copy(&in), sizeof(kw_query_out), NULL,
             NULL);
    const kw_query_out *out = (const kw_query_out *)(const void *)c.reply;
    CHECK(out->results.count == 2);
    for (uint32_t i = 0; i < out->results.count; i++) {
        kw_query_result result;
        kw_hit hit;
        CHECK(kw_read_at(&result, out->results, i) && result.hits.count == (i == 0 ? 2u : 1u));
        CHECK(result.hits.count > 0 && kw_read_at(&hit, result.hits, 0));
        CHECK(kw_equal(hit.id, kw_string(i == 0 ? "north" : "east")));
        printf("%.*s %a\n", (int)hit.id.len, hit.id.ptr, hit.score);
    }
    CHECK(finish_call(&c));
}

typedef struct output {
    char text[64];
    size_t used;
} output;

static kw_status take(void *context, const kw_event *event, uint32_t flags)
{
    output *o = context;
    (void)flags;
    if (event->kind == KW_EVENT_STDOUT && event->data.len <= sizeof o->text - o->used) {
        memcpy(o->text + o->used, event->data.ptr, event->data.len);
        o->used += event->data.len;
    }
    return KW_OK;
}

static void use_tool_executor(const loaded *l)
{
    kw_tool_executor table;
    uint64_t present;
    CHECK(kwc_import_table(&table, sizeof table, host_interface(l, KW_TOOL_EXECUTOR_ID), &present) == KW_OK);
    for (uint32_t i = 0; i < 2; i++) {
        kw_span policy = make_input(1, sizeof(kw_policy), 16);
        kw_policy *p = input_at(policy, 0);
        p->flags = KW_POLICY_ENABLED;
        p->env_inherit = KW_INHERIT_CORE;
        p->allow = make_input(1, sizeof(kw_rule), 16);
        kw_rule *rule = input_at(p->allow, 0);
        rule->prefix = two_texts("echo", "hello");
        kw_run_in in = {
            .h = KW_HDR(kw_run_in), .kind = KW_RUN_ARGV, .argv = two_texts("echo", i == 0 ? "hello" : "goodbye"),
            .policy = policy,
        };
        output o = { "", 0 };
        test_call c;
        call_run(&c, l, kwc_slot(&table, SLOT(kw_tool_executor, execute)), exact_copy(&in), sizeof(kw_run_out), take,
                 &o);
        const kw_run_out *out = (const kw_run_out *)(const void *)c.reply;
        CHECK(out->end == (i == 0 ? KW_END_EXITED : KW_END_DENIED));
        CHECK(i == 0 ? o.used == 6 && memcmp(o.text, "hello\n", 6) == 0 : o.used == 0);
        printf("%u %d %.*s\n", out->end, out->exit_code, (int)o.used, o.text);
        CHECK(finish_call(&c));
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*use)(const loaded *);
    } samples[] = {
        { "hash-embedder", use_embedder },
        { "flat-vectors", use_vector_backend },
        { "command-runner", use_tool_executor },
    };
    for (size_t i = 0; argc == 3 && i < sizeof samples / sizeof samples[0]; i++) {
        if (!kw_equal(kw_string(argv[1]), kw_string(samples[i].name)))
            continue;
        loaded l = { .padding = 0 };
        host_load(&l, argv[2]);
        samples[i].use(&l);
        host_destroy(&l);
        inputs_free();
        return checks_failed == 0 ? 0 : 1;
    }
    fprintf(stderr, "usage: samples hash-embedder|flat-vectors|command-runner PLUGIN.so\n");
    return 2;
}
