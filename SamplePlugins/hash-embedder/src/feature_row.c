#include "feature_row.h"

#include <math.h>
#include <string.h>

/* Weights are in 1/256. An embedder sees one text at a time and knows no document frequencies; that long words are
 * rarer and mean more than short ones stands in for them. */
#define WEIGHT_BASE 102u
#define WEIGHT_PER_LETTER 56u
#define WEIGHT_MAXIMUM 512u
#define WEIGHT_NUMBER 128u
/* The letter sequences of a word weigh twice the word itself, as vectors: they are what lets typing errors, compounds
 * and forms that the stemmer does not know still meet. */
#define SEQUENCES_WEIGHT 2.0
/* A related word counts half a word of the text. */
#define RELATED_DIVISOR 2u

static uint64_t mix(uint64_t h)
{
    h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u;
    h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
    return h ^ (h >> 31);
}

/* The signs make what two texts share by accident of hashing cancel out, on average. */
static void add_feature(float *row, uint32_t dims, uint64_t hash, uint32_t weight)
{
    uint32_t index = (uint32_t)(((hash & 0xFFFFFFFFu) * dims) >> 32);
    row[index] += hash >> 63 ? (float)weight : -(float)weight;
}

static uint32_t term_weight(const term *t)
{
    int is_number = 1;
    for (uint32_t i = 0; i < t->length; i++) {
        is_number &= t->stem[i] >= '0' && t->stem[i] <= '9';
    }
    uint32_t weight = WEIGHT_BASE + WEIGHT_PER_LETTER * t->length;
    weight = is_number ? WEIGHT_NUMBER : weight > WEIGHT_MAXIMUM ? WEIGHT_MAXIMUM : weight;
    if (t->occurrences == 0) {
        return weight * t->related / (255u * RELATED_DIVISOR);
    }
    /* The tenth mention of a word says little more than the first. */
    return (uint32_t)(weight * sqrt((double)t->occurrences));
}

static void add_sequences(const term *t, uint32_t weight, float *row, uint32_t dims)
{
    unsigned char text[WORD_LIMIT + 2];
    uint32_t length = t->length + 2u;
    text[0] = '^';
    memcpy(text + 1, t->stem, t->length);
    text[length - 1] = '$';
    uint32_t count = (length - 2) + (length - 3);
    uint32_t each = (uint32_t)(weight * SEQUENCES_WEIGHT / sqrt((double)count));
    for (uint32_t i = 0; i + 3 <= length; i++) {
        uint64_t sequence = (uint64_t)text[i] | (uint64_t)text[i + 1] << 8 | (uint64_t)text[i + 2] << 16;
        add_feature(row, dims, mix(sequence | UINT64_C(3) << 32), each);
        if (i + 4 <= length) {
            add_feature(row, dims, mix(sequence | (uint64_t)text[i + 3] << 24 | UINT64_C(4) << 32), each);
        }
    }
}

static void normalize(float *row, uint32_t dims)
{
    double squares = 0;
    for (uint32_t i = 0; i < dims; i++) {
        squares += (double)row[i] * (double)row[i];
    }
    if (squares > 0) {
        double length = sqrt(squares);
        for (uint32_t i = 0; i < dims; i++) {
            row[i] = (float)((double)row[i] / length);
        }
    }
}

void feature_row_write(const term_bag *bag, float *row, uint32_t dims)
{
    memset(row, 0, (size_t)dims * sizeof *row);
    for (uint32_t i = 0; i < bag->count; i++) {
        const term *t = &bag->terms[i];
        uint32_t weight = term_weight(t);
        add_feature(row, dims, mix(t->hash), weight);
        if (t->length >= 3) {
            add_sequences(t, weight, row, dims);
        }
    }
    normalize(row, dims);
}
