/* Filters: every operation, and random programs, on random items against a second evaluator. */
#include "filter_reference.h"

#define MOST_STEPS 48
#define MOST_VALUES 3

static kw_instance *instance;

static void make_items(void)
{
    static char json[65536];
    float row[2] = { 1, 0 };
    for (int i = 0; i < ITEMS; i++) {
        for (items[i] = make_value(4); items[i]->kind != OF_OBJECT; items[i] = make_value(4))
            free_value(items[i]);
        CHECK(write_value(items[i], json, sizeof json) < sizeof json);
        snprintf(item_names[i], sizeof item_names[i], "i%d", i);
        CHECK(put(instance, "r", item_names[i], row, 2, json) == KW_OK);
    }
}

/* ---- random programs ------------------------------------------------------------------------------------ */

typedef struct tree {
    kw_finst step;
    kw_value values[MOST_VALUES];
    char field[32];
    struct tree *child[3];
} tree;

static kw_value random_operand(void)
{
    kw_value v = { .h = KW_HDR(kw_value), .kind = random_below(5) };
    if (v.kind == KW_VALUE_BOOL)
        v.integer = random_below(2);
    else if (v.kind == KW_VALUE_INT)
        v.integer = PICK(integers);
    else if (v.kind == KW_VALUE_DOUBLE)
        v.number = PICK(numbers);
    else if (v.kind == KW_VALUE_STRING)
        v.text = kw_string(PICK(texts));
    return v;
}

static void fill_values(tree *t)
{
    static const double radii[] = { 1e5, 3e6, 9e6, 1.5e7, 2.1e7 };
    uint32_t op = t->step.op, count = 1;
    for (int i = 0; i < MOST_VALUES; i++)
        t->values[i] = random_operand();
    if (op == KW_FILTER_IN || op == KW_FILTER_NOT_IN || op == KW_FILTER_IDS || op == KW_FILTER_ALL_OF)
        count = random_below(MOST_VALUES + 1);
    else if (op == KW_FILTER_EXISTS || op == KW_FILTER_IS_NULL || op == KW_FILTER_IS_EMPTY || op < KW_FILTER_EQ)
        count = 0;
    else if (op == KW_FILTER_BETWEEN || op == KW_FILTER_SIZE)
        count = 2;
    else if (op == KW_FILTER_MATCH)
        count = 1 + random_below(2);
    else if (op == KW_FILTER_GEO_RADIUS)
        count = 3;
    for (uint32_t i = 0; i < count; i++) {
        kw_value *v = &t->values[i];
        if (op == KW_FILTER_IDS || op == KW_FILTER_PREFIX || (op == KW_FILTER_MATCH && i == 0)) {
            v->kind = KW_VALUE_STRING;
            v->text = kw_string(op == KW_FILTER_IDS ? item_names[random_below(ITEMS)] : PICK(texts));
        } else if (op == KW_FILTER_MATCH) {
            v->kind = KW_VALUE_BOOL;
            v->integer = random_below(2);
        } else if (op == KW_FILTER_SIZE) {
            v->kind = KW_VALUE_INT;
            v->integer = i == 0 ? random_below(4) : 1 + random_below(4);
        } else if (op == KW_FILTER_GEO_RADIUS) {
            v->kind = KW_VALUE_DOUBLE;
            v->number = i == 0 ? (double)random_below(180) - 90 : i == 1 ? (double)random_below(360) - 180 : PICK(radii);
        }
    }
    t->step.values = kw_span_of(t->values, count, sizeof t->values[0]);
}

static tree *grow_tree(unsigned depth, uint32_t op)
{
    tree *t = calloc(1, sizeof *t);
    t->step = (kw_finst) { .h = KW_HDR(kw_finst), .op = op };
    if (op <= KW_FILTER_NOT) {
        t->step.argc = op == KW_FILTER_NOT ? 1 : 1 + random_below(3);
        for (uint32_t i = 0; i < t->step.argc; i++)
            t->child[i] = grow_tree(depth - 1, depth > 1 && random_below(3) != 0 ? 1 + random_below(3)
                                                                                 : 4 + random_below(21));
        return t;
    }
    const char *first = PICK(names), *second = PICK(names);
    if (random_below(2))
        snprintf(t->field, sizeof t->field, "%s", first);
    else
        snprintf(t->field, sizeof t->field, "%s/%s", first, second);
    if (op != KW_FILTER_IDS && op != KW_FILTER_TRUE && op != KW_FILTER_FALSE)
        t->step.field = kw_string(t->field);
    fill_values(t);
    return t;
}

static int tree_holds(const tree *t, int item)
{
    int every = 1, any = 0;
    for (uint32_t i = 0; i < t->step.argc; i++) {
        int holds = tree_holds(t->child[i], item);
        every = every && holds;
        any = any || holds;
    }
    switch (t->step.op) {
    case KW_FILTER_AND:
        return every;
    case KW_FILTER_OR:
        return any;
    case KW_FILTER_NOT:
        return !any;
    case KW_FILTER_TRUE:
        return 1;
    case KW_FILTER_FALSE:
        return 0;
    default:
        return predicate_holds(&t->step, item);
    }
}

static void free_tree(tree *t)
{
    for (uint32_t i = 0; i < t->step.argc; i++)
        free_tree(t->child[i]);
    free(t);
}

static kw_finst steps[MOST_STEPS];

static uint32_t write_program(const tree *t, uint32_t at)
{
    for (uint32_t i = 0; i < t->step.argc; i++)
        at = write_program(t->child[i], at);
    if (at >= MOST_STEPS)
        return MOST_STEPS + 1;
    steps[at] = t->step;
    return at + 1;
}

/* How many items the plugin admits to count, and to a query, and which. Returns how many. */
static uint64_t compare_with_reference(const tree *t, uint32_t length)
{
    float vector[2] = { 1, 0 };
    uint64_t expected = 0, count = 0;
    kw_span program = kw_span_of(steps, length, sizeof steps[0]);
    for (int i = 0; i < ITEMS; i++)
        expected += (uint64_t)tree_holds(t, i);
    CHECK(counted(instance, "r", program, &count) == KW_OK);
    if (!CHECK(count == expected) && test_failed < 20)
        fprintf(stderr, "operation %u over %s: %llu, expected %llu\n", t->step.op, t->field, (unsigned long long)count,
                (unsigned long long)expected);
    kw_query q = query_of(vector, 2, ITEMS);
    test_call call;
    kw_status status;
    q.filter = program;
    const kw_query_result *r = search(instance, "r", &q, &call, &status);
    CHECK(status == KW_OK && r->hits.count == expected);
    for (uint32_t i = 0; status == KW_OK && i < r->hits.count; i++)
        CHECK(tree_holds(t, atoi(((const kw_hit *)kw_at(r->hits, i))->id.ptr + 1)));
    test_call_end(&call);
    return expected;
}

static void each_operation_agrees_with_the_reference(void)
{
    for (uint32_t op = KW_FILTER_EQ; op <= KW_FILTER_GEO_RADIUS; op++) {
        uint64_t admitted = 0, refused = 0;
        for (int round = 0; round < 300; round++) {
            tree *t = grow_tree(0, op);
            uint64_t count = compare_with_reference(t, write_program(t, 0));
            admitted += count;
            refused += ITEMS - count;
            free_tree(t);
        }
        CHECK(admitted > 0 && refused > 0); /* or nothing was compared */
    }
}

static void random_trees_agree_with_the_reference(void)
{
    int compared = 0;
    for (int round = 0; round < 1500; round++) {
        tree *t = grow_tree(4, 1 + random_below(3));
        uint32_t length = write_program(t, 0);
        if (length <= MOST_STEPS) {
            compare_with_reference(t, length);
            compared++;
        }
        free_tree(t);
    }
    CHECK(compared > 1000);
}

static void removing_takes_what_the_filter_admits(void)
{
    tree *t = grow_tree(0, KW_FILTER_EXISTS);
    memcpy(t->field, "a", 2);
    t->step.field = kw_string(t->field);
    kw_span program = kw_span_of(&t->step, 1, sizeof t->step);
    uint64_t before, matching, gone, after;
    CHECK(counted(instance, "r", (kw_span) { NULL, 0, 0 }, &before) == KW_OK && before == ITEMS);
    CHECK(counted(instance, "r", program, &matching) == KW_OK && matching > 0 && matching < ITEMS);
    CHECK(removed(instance, "r", program, &gone) == KW_OK && gone == matching);
    CHECK(counted(instance, "r", program, &after) == KW_OK && after == 0);
    CHECK(items_of(instance, "r") == ITEMS - gone);
    for (int i = 0; i < ITEMS; i++) {
        kw_value id = { .h = KW_HDR(kw_value), .kind = KW_VALUE_STRING, .text = kw_string(item_names[i]) };
        kw_finst step = { .h = KW_HDR(kw_finst), .op = KW_FILTER_IDS, .values = kw_span_of(&id, 1, sizeof id) };
        uint64_t found;
        CHECK(counted(instance, "r", kw_span_of(&step, 1, sizeof step), &found) == KW_OK);
        CHECK(found == !predicate_holds(&t->step, i));
    }
    free_tree(t);
}

int main(void)
{
    start();
    instance = open_instance(NULL, "");
    make_items();
    each_operation_agrees_with_the_reference();
    random_trees_agree_with_the_reference();
    removing_takes_what_the_filter_admits();
    close_instance(instance);
    for (int i = 0; i < ITEMS; i++)
        free_value(items[i]);
    return test_finish();
}
