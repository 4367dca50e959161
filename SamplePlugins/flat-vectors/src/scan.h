/* Scores of one query against many rows. All rows are padded with zeros to a multiple of SCAN_LANES floats and start at
 * multiples of 64 bytes, so that no kernel has a tail. */
#ifndef FLAT_VECTORS_SCAN_H
#define FLAT_VECTORS_SCAN_H

#include <stddef.h>
#include <stdint.h>

#define SCAN_LANES 16u
#define SCAN_ALIGNMENT 64u

typedef enum scan_level { SCAN_SCALAR = 0, SCAN_AVX2 = 1, SCAN_AVX512 = 2 } scan_level;

/* scores[i] for count rows that lie `width` floats apart. */
typedef void (*scan_function)(const float *query, const float *rows, size_t width, size_t count, float *scores);

typedef struct scan_kernels {
    scan_function dot;              /* sum of products */
    scan_function squared_distance; /* sum of squared differences */
    scan_level level;
    const char *name;
} scan_kernels;

/* The best level of this processor. */
scan_level scan_best_level(void);

/* Kernels of a level; of the best one that exists, if the processor does not have it. [any] */
const scan_kernels *scan_kernels_of(scan_level level);

/* The same sums in double precision, for the few rows that are handed out. */
double scan_dot_exact(const float *a, const float *b, size_t width);
double scan_squared_distance_exact(const float *a, const float *b, size_t width);

#endif
