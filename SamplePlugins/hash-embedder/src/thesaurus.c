#include "thesaurus.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "stemmer.h"
#include "word_reader.h"

/* A head stands for its related words, and they for it, but less so: the lines were written in that direction. */
#define FORWARD_WEIGHT 255
#define BACKWARD_WEIGHT 179

uint64_t stem_hash(const char *stem_bytes, size_t length)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < length; i++) {
        h = (h ^ (unsigned char)stem_bytes[i]) * 1099511628211u;
    }
    h = (h ^ (h >> 32)) * 0x9E3779B97F4A7C15u;
    return h ^ (h >> 29);
}

static int add(thesaurus *table, const char *from, size_t from_length, const char *to, size_t to_length, uint8_t weight)
{
    if (from_length == to_length && memcmp(from, to, to_length) == 0) {
        return 1;
    }
    if (table->count == THESAURUS_RELATIONS || to_length > THESAURUS_STEM) {
        return 0;
    }
    thesaurus_relation *r = &table->relations[table->count++];
    r->key = stem_hash(from, from_length);
    r->weight = weight;
    r->length = (uint8_t)to_length;
    memcpy(r->stem, to, to_length);
    return 1;
}

static int add_line(thesaurus *table, const char *line)
{
    char head[WORD_LIMIT + 1], related[WORD_LIMIT + 1];
    size_t head_length = 0;
    int fits = 1;
    while (*line != '\0') {
        size_t length = strcspn(line, " ");
        if (length > WORD_LIMIT) {
            return 0;
        }
        if (memchr(line, '_', length) == NULL) {
            memcpy(related, line, length);
            size_t stemmed = stem(related, length);
            if (head_length == 0) {
                memcpy(head, related, stemmed);
                head_length = stemmed;
            } else {
                fits &= add(table, head, head_length, related, stemmed, FORWARD_WEIGHT);
                fits &= add(table, related, stemmed, head, head_length, BACKWARD_WEIGHT);
            }
        }
        line += length;
        line += *line == ' ' ? 1 : 0;
    }
    return fits;
}

/* By key, then by stem, the heavier of two equal relations first. */
static int compare(const void *left, const void *right)
{
    const thesaurus_relation *a = left, *b = right;
    if (a->key != b->key) {
        return a->key < b->key ? -1 : 1;
    }
    if (a->length != b->length) {
        return a->length < b->length ? -1 : 1;
    }
    int order = memcmp(a->stem, b->stem, a->length);
    return order != 0 ? order : (int)b->weight - (int)a->weight;
}

int thesaurus_build(thesaurus *table)
{
    memset(table, 0, sizeof *table);
    for (size_t i = 0; i < thesaurus_line_count; i++) {
        if (!add_line(table, thesaurus_lines[i])) {
            return 0;
        }
    }
    qsort(table->relations, table->count, sizeof table->relations[0], compare);
    size_t kept = 0;
    for (size_t i = 0; i < table->count; i++) {
        const thesaurus_relation *r = &table->relations[i];
        const thesaurus_relation *last = kept > 0 ? &table->relations[kept - 1] : NULL;
        if (last == NULL || last->key != r->key || last->length != r->length
            || memcmp(last->stem, r->stem, r->length) != 0) {
            table->relations[kept++] = *r;
        }
    }
    table->count = kept;
    return 1;
}

/* Built with the first query and not with the instance: it takes a millisecond, and most hosts only embed documents. */
static thesaurus standard;
static int standard_fits;
static pthread_once_t standard_built = PTHREAD_ONCE_INIT;

static void build_standard(void)
{
    standard_fits = thesaurus_build(&standard);
}

const thesaurus *thesaurus_standard(void)
{
    if (pthread_once(&standard_built, build_standard) != 0) {
        return NULL;
    }
    return standard_fits ? &standard : NULL;
}

const thesaurus_relation *thesaurus_find(const thesaurus *table, uint64_t key, size_t *count)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table->relations[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    size_t end = low;
    while (end < table->count && table->relations[end].key == key) {
        end++;
    }
    *count = end - low;
    return &table->relations[low];
}
