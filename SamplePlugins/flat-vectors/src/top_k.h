/* The best `room` of many candidates, by a heap whose top is the worst one kept. */
#ifndef FLAT_VECTORS_TOP_K_H
#define FLAT_VECTORS_TOP_K_H

#include <stddef.h>
#include <stdint.h>

#include "repository.h"

typedef struct candidate {
    double score; /* higher is better */
    uint32_t position, reserved;
} candidate;

typedef struct top_k {
    const repository *repository; /* ids break ties */
    candidate *heap;
    size_t count, room;
} top_k;

/* Below 0 if a comes before b: higher score first, equal scores by the bytes of the id. */
int candidate_order(const repository *r, const candidate *a, const candidate *b);

void top_k_offer_slow(top_k *best, candidate c);
/* Best first. */
void top_k_sort(top_k *best);

static inline void top_k_offer(top_k *best, double score, uint32_t position)
{
    /* Nearly every candidate of a long scan ends here. */
    if (best->count == best->room && (best->room == 0 || score < best->heap[0].score))
        return;
    candidate c = { score, position, 0 };
    top_k_offer_slow(best, c);
}

#endif
