#define _GNU_SOURCE
#include "top_k.h"

#include <stdlib.h>

int candidate_order(const repository *r, const candidate *a, const candidate *b)
{
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return text_order(item_id(r, a->position), item_id(r, b->position));
}

static void sift_down(top_k *best, size_t at)
{
    for (;;) {
        size_t worst = at, left = 2 * at + 1;
        for (size_t child = left; child < left + 2 && child < best->count; child++)
            if (candidate_order(best->repository, &best->heap[child], &best->heap[worst]) > 0)
                worst = child;
        if (worst == at)
            return;
        candidate swap = best->heap[at];
        best->heap[at] = best->heap[worst];
        best->heap[worst] = swap;
        at = worst;
    }
}

void top_k_offer_slow(top_k *best, candidate c)
{
    if (best->count == best->room) {
        if (candidate_order(best->repository, &c, &best->heap[0]) > 0)
            return;
        best->heap[0] = c;
        sift_down(best, 0);
        return;
    }
    size_t at = best->count++;
    best->heap[at] = c;
    while (at > 0) {
        size_t parent = (at - 1) / 2;
        if (candidate_order(best->repository, &best->heap[at], &best->heap[parent]) <= 0)
            return;
        candidate swap = best->heap[at];
        best->heap[at] = best->heap[parent];
        best->heap[parent] = swap;
        at = parent;
    }
}

static int compare(const void *a, const void *b, void *context)
{
    return candidate_order(context, a, b);
}

void top_k_sort(top_k *best)
{
    if (best->count > 1)
        qsort_r(best->heap, best->count, sizeof *best->heap, compare, (void *)(uintptr_t)best->repository);
}
