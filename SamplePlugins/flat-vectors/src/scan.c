#include "scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

double scan_dot_exact(const float *a, const float *b, size_t width)
{
    double sum = 0;
    for (size_t i = 0; i < width; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

double scan_squared_distance_exact(const float *a, const float *b, size_t width)
{
    double sum = 0;
    for (size_t i = 0; i < width; i++) {
        double difference = (double)a[i] - (double)b[i];
        sum += difference * difference;
    }
    return sum;
}

/* ---- portable: a sum a lane, so that a compiler may vectorise without reordering additions ---------------- */

static float lanes_sum(const float *lanes)
{
    float sum = 0;
    for (size_t lane = 0; lane < SCAN_LANES; lane++)
        sum += lanes[lane];
    return sum;
}

static void dot_scalar(const float *query, const float *rows, size_t width, size_t count, float *scores)
{
    for (size_t r = 0; r < count; r++, rows += width) {
        float lanes[SCAN_LANES] = { 0 };
        for (size_t i = 0; i < width; i += SCAN_LANES)
            for (size_t lane = 0; lane < SCAN_LANES; lane++)
                lanes[lane] += query[i + lane] * rows[i + lane];
        scores[r] = lanes_sum(lanes);
    }
}

static void squared_distance_scalar(const float *query, const float *rows, size_t width, size_t count, float *scores)
{
    for (size_t r = 0; r < count; r++, rows += width) {
        float lanes[SCAN_LANES] = { 0 };
        for (size_t i = 0; i < width; i += SCAN_LANES)
            for (size_t lane = 0; lane < SCAN_LANES; lane++) {
                float difference = query[i + lane] - rows[i + lane];
                lanes[lane] += difference * difference;
            }
        scores[r] = lanes_sum(lanes);
    }
}

static const scan_kernels scalar = { dot_scalar, squared_distance_scalar, SCAN_SCALAR, "scalar" };

#if defined(__x86_64__)

/* ---- AVX2 + FMA: two 8-lane sums a round of 16 floats, unrolled once to cover the latency of an FMA -------- */

__attribute__((target("avx2,fma"))) static inline float sum_avx2(__m256 a, __m256 b, __m256 c, __m256 d)
{
    __m256 all = _mm256_add_ps(_mm256_add_ps(a, b), _mm256_add_ps(c, d));
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    half = _mm_add_ss(half, _mm_shuffle_ps(half, half, 1));
    return _mm_cvtss_f32(half);
}

__attribute__((target("avx2,fma"))) static void dot_avx2(const float *query, const float *rows, size_t width,
                                                         size_t count, float *scores)
{
    for (size_t r = 0; r < count; r++, rows += width) {
        __m256 a = _mm256_setzero_ps(), b = a, c = a, d = a;
        size_t i = 0;
        for (; i + 32 <= width; i += 32) {
            a = _mm256_fmadd_ps(_mm256_load_ps(query + i), _mm256_load_ps(rows + i), a);
            b = _mm256_fmadd_ps(_mm256_load_ps(query + i + 8), _mm256_load_ps(rows + i + 8), b);
            c = _mm256_fmadd_ps(_mm256_load_ps(query + i + 16), _mm256_load_ps(rows + i + 16), c);
            d = _mm256_fmadd_ps(_mm256_load_ps(query + i + 24), _mm256_load_ps(rows + i + 24), d);
        }
        if (i < width) {
            a = _mm256_fmadd_ps(_mm256_load_ps(query + i), _mm256_load_ps(rows + i), a);
            b = _mm256_fmadd_ps(_mm256_load_ps(query + i + 8), _mm256_load_ps(rows + i + 8), b);
        }
        scores[r] = sum_avx2(a, b, c, d);
    }
}

__attribute__((target("avx2,fma"))) static inline __m256 squared_avx2(const float *a, const float *b, __m256 sum)
{
    __m256 difference = _mm256_sub_ps(_mm256_load_ps(a), _mm256_load_ps(b));
    return _mm256_fmadd_ps(difference, difference, sum);
}

__attribute__((target("avx2,fma"))) static void squared_distance_avx2(const float *query, const float *rows,
                                                                      size_t width, size_t count, float *scores)
{
    for (size_t r = 0; r < count; r++, rows += width) {
        __m256 a = _mm256_setzero_ps(), b = a, c = a, d = a;
        size_t i = 0;
        for (; i + 32 <= width; i += 32) {
            a = squared_avx2(query + i, rows + i, a);
            b = squared_avx2(query + i + 8, rows + i + 8, b);
            c = squared_avx2(query + i + 16, rows + i + 16, c);
            d = squared_avx2(query + i + 24, rows + i + 24, d);
        }
        if (i < width) {
            a = squared_avx2(query + i, rows + i, a);
            b = squared_avx2(query + i + 8, rows + i + 8, b);
        }
        scores[r] = sum_avx2(a, b, c, d);
    }
}

static const scan_kernels avx2 = { dot_avx2, squared_distance_avx2, SCAN_AVX2, "avx2" };

/* ---- AVX-512F: one register is SCAN_LANES floats --------------------------------------------------------- */

__attribute__((target("avx512f"))) static void dot_avx512(const float *query, const float *rows, size_t width,
                                                          size_t count, float *scores)
{
    for (size_t r = 0; r < count; r++, rows += width) {
        __m512 a = _mm512_setzero_ps(), b = a, c = a, d = a;
        size_t i = 0;
        for (; i + 64 <= width; i += 64) {
            a = _mm512_fmadd_ps(_mm512_load_ps(query + i), _mm512_load_ps(rows + i), a);
            b = _mm512_fmadd_ps(_mm512_load_ps(query + i + 16), _mm512_load_ps(rows + i + 16), b);
            c = _mm512_fmadd_ps(_mm512_load_ps(query + i + 32), _mm512_load_ps(rows + i + 32), c);
            d = _mm512_fmadd_ps(_mm512_load_ps(query + i + 48), _mm512_load_ps(rows + i + 48), d);
        }
        for (; i < width; i += 16)
            a = _mm512_fmadd_ps(_mm512_load_ps(query + i), _mm512_load_ps(rows + i), a);
        scores[r] = _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d)));
    }
}

__attribute__((target("avx512f"))) static inline __m512 squared_avx512(const float *a, const float *b, __m512 sum)
{
    __m512 difference = _mm512_sub_ps(_mm512_load_ps(a), _mm512_load_ps(b));
    return _mm512_fmadd_ps(difference, difference, sum);
}

__attribute__((target("avx512f"))) static void squared_distance_avx512(const float *query, const float *rows,
                                                                       size_t width, size_t count, float *scores)
{
    for (size_t r = 0; r < count; r++, rows += width) {
        __m512 a = _mm512_setzero_ps(), b = a, c = a, d = a;
        size_t i = 0;
        for (; i + 64 <= width; i += 64) {
            a = squared_avx512(query + i, rows + i, a);
            b = squared_avx512(query + i + 16, rows + i + 16, b);
            c = squared_avx512(query + i + 32, rows + i + 32, c);
            d = squared_avx512(query + i + 48, rows + i + 48, d);
        }
        for (; i < width; i += 16)
            a = squared_avx512(query + i, rows + i, a);
        scores[r] = _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d)));
    }
}

static const scan_kernels avx512 = { dot_avx512, squared_distance_avx512, SCAN_AVX512, "avx512" };

scan_level scan_best_level(void)
{
    if (__builtin_cpu_supports("avx512f"))
        return SCAN_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return SCAN_AVX2;
    return SCAN_SCALAR;
}

const scan_kernels *scan_kernels_of(scan_level level)
{
    scan_level best = scan_best_level();
    if (level > best)
        level = best;
    return level == SCAN_AVX512 ? &avx512 : level == SCAN_AVX2 ? &avx2 : &scalar;
}

#else

scan_level scan_best_level(void)
{
    return SCAN_SCALAR;
}

const scan_kernels *scan_kernels_of(scan_level level)
{
    (void)level;
    return &scalar;
}

#endif
