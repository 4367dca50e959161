#define _GNU_SOURCE
#include <stdlib.h>

#include <keyway/author.h>

#include "call_error.h"
#include "filter.h"
#include "item_data.h"

static bool id_is_listed(const filter_step *step, kw_str id)
{
    uint32_t low = 0, high = step->value_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = text_order(step->values[middle].text, id);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static bool run(const filter *f, const metadata *fields, kw_str id)
{
    bool stack[KW_FILTER_MAX_DEPTH + 1];
    uint32_t top = 0;
    for (uint32_t at = 0; at < f->count; at++) {
        const filter_step *step = &f->steps[at];
        bool value;
        switch (step->op) {
        case KW_FILTER_AND:
        case KW_FILTER_OR:
            value = step->op == KW_FILTER_AND;
            for (uint32_t n = 0; n < step->argc; n++) {
                bool operand = stack[--top];
                value = step->op == KW_FILTER_AND ? value && operand : value || operand;
            }
            break;
        case KW_FILTER_NOT:
            value = !stack[--top];
            break;
        case KW_FILTER_TRUE:
        case KW_FILTER_FALSE:
            value = step->op == KW_FILTER_TRUE;
            break;
        case KW_FILTER_IDS:
            value = id_is_listed(step, id);
            break;
        default:
            value = filter_predicate(step, fields);
        }
        stack[top++] = value;
    }
    return stack[0];
}

kw_status filter_admits(kw_call *call, const filter *f, const repository *r, uint32_t position, bool *admitted)
{
    const metadata *fields = NULL;
    kw_status status = f->needs_metadata ? item_fields(call, r, position, &fields) : KW_OK;
    if (status == KW_OK)
        *admitted = f->count == 0 || run(f, fields, item_id(r, position));
    return status;
}

static int by_position(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Items by id are most of what hosts remove, so they are looked up and not searched for. */
static uint32_t select_ids(const filter_step *step, const repository *r, uint32_t *positions)
{
    uint32_t count = 0;
    for (uint32_t v = 0; v < step->value_count; v++) {
        if (v > 0 && kw_equal(step->values[v].text, step->values[v - 1].text))
            continue; /* they are sorted */
        int64_t position = repository_find(r, step->values[v].text);
        if (position >= 0)
            positions[count++] = (uint32_t)position;
    }
    if (count > 1)
        qsort(positions, count, sizeof *positions, by_position);
    return count;
}

kw_status filter_select(kw_call *call, const filter *f, const repository *r, uint32_t **positions, uint32_t *count)
{
    kw_status status = KW_OK;
    *count = 0;
    *positions = malloc(((size_t)r->count + 1) * sizeof **positions);
    if (*positions == NULL)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory to choose among %u items", r->count);
    if (f->count == 1 && f->steps[0].op == KW_FILTER_IDS) {
        *count = select_ids(&f->steps[0], r, *positions);
        return KW_OK;
    }
    for (uint32_t i = 0; status == KW_OK && i < r->count; i++) {
        bool admitted = false;
        if (i % 1024 == 0 && kw_cancelled(call))
            status = call_error(call, KW_CANCELLED, "cancelled; nothing was changed");
        else
            status = filter_admits(call, f, r, i, &admitted);
        if (status == KW_OK && admitted)
            (*positions)[(*count)++] = i;
    }
    if (status != KW_OK) {
        free(*positions);
        *positions = NULL;
    }
    return status;
}
