/* What a user may call a thing and what its documentation may call it. */
#ifndef HASH_EMBEDDER_THESAURUS_H
#define HASH_EMBEDDER_THESAURUS_H

#include <stddef.h>
#include <stdint.h>

#define THESAURUS_RELATIONS 8192
#define THESAURUS_STEM 22

/* Lines of "head related related ..."; a related word with '_' stands for several words and is not used here. */
extern const char *const thesaurus_lines[];
extern const size_t thesaurus_line_count;

typedef struct thesaurus_relation {
    uint64_t key;            /* stem_hash of the word asked for */
    uint8_t weight;          /* how close the two are, in 1/256 */
    uint8_t length;
    char stem[THESAURUS_STEM];
} thesaurus_relation;

/* Sorted by key. Immutable after thesaurus_build: any number of threads may read it. */
typedef struct thesaurus {
    size_t count;
    thesaurus_relation relations[THESAURUS_RELATIONS];
} thesaurus;

uint64_t stem_hash(const char *stem, size_t length);

/* Fills the table from thesaurus_lines. Value: 0, if they do not fit in it. */
int thesaurus_build(thesaurus *table);

/* The one table of this plugin, built by the first call on any thread; NULL if it does not fit. */
const thesaurus *thesaurus_standard(void);

/* The relations of one stem: *count of them, from the value on. */
const thesaurus_relation *thesaurus_find(const thesaurus *table, uint64_t key, size_t *count);

#endif
