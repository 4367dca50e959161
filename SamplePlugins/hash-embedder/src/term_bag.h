/* The distinct stems of one text, with how often they occur. */
#ifndef HASH_EMBEDDER_TERM_BAG_H
#define HASH_EMBEDDER_TERM_BAG_H

#include <stddef.h>
#include <stdint.h>

#include "thesaurus.h"
#include "word_reader.h"

/* Words read of one text; the rest is cut off, and the row is reported as truncated. */
#define TEXT_WORD_LIMIT 2048
/* Distinct stems kept, parts of compound words included. */
#define TERM_LIMIT 3072
#define TERM_SLOTS 8192 /* a power of two, so that the table is never more than three eighths full */

typedef struct term {
    uint64_t hash;
    uint32_t occurrences; /* 0: not in the text, brought in by the thesaurus */
    uint16_t slot;
    uint8_t related;      /* weight of a related term, in 1/256 */
    uint8_t length;
    char stem[WORD_LIMIT + 1];
} term;

/* Large: keep it in memory that lives as long as a call, not on a stack. All zero is an empty bag. */
typedef struct term_bag {
    uint32_t count;
    uint32_t words;          /* of the text that was read, stop words included */
    uint32_t truncated;      /* 0 or 1 */
    uint32_t reserved;
    uint16_t slots[TERM_SLOTS]; /* index of a term + 1, or 0 */
    term terms[TERM_LIMIT];
} term_bag;

typedef enum cut { CUT_END, CUT_START } cut;

/* Empties the bag, then reads the text; a longer one loses words at that end. */
void term_bag_read(term_bag *bag, const char *text, size_t length, cut where);

/* How many words term_bag_read would read, were there no limit. */
size_t term_bag_count_words(const char *text, size_t length);

/* Adds the related terms of every term read. */
void term_bag_expand(term_bag *bag, const thesaurus *table);

#endif
