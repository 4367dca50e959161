/* A bag of terms as a vector, by feature hashing. */
#ifndef HASH_EMBEDDER_FEATURE_ROW_H
#define HASH_EMBEDDER_FEATURE_ROW_H

#include <stdint.h>

#include "term_bag.h"

/* Writes exactly dims floats: Euclidean length 1, or all zero for a bag without terms. The same bits on every machine:
 * all sums are of whole numbers that a float holds exactly. */
void feature_row_write(const term_bag *bag, float *row, uint32_t dims);

#endif
