/* How near a scan comes to reading the same bytes and doing nothing with them, and how long a repository of 7,500 rows
 * of 1,024 takes to open. Prints; decides nothing. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "../tests/fixture.h"
#include "scan.h"

#define DIMS 1024u
#define STORED 7500u

/* Reads every byte once, with the widest plain loads there are. */
#if defined(__x86_64__)
__attribute__((target("avx2"))) static float read_avx2(const float *rows, size_t floats)
{
    __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
    for (size_t i = 0; i + 32 <= floats; i += 32) {
        a = _mm256_or_si256(a, _mm256_load_si256((const __m256i *)(const void *)(rows + i)));
        b = _mm256_or_si256(b, _mm256_load_si256((const __m256i *)(const void *)(rows + i + 8)));
        c = _mm256_or_si256(c, _mm256_load_si256((const __m256i *)(const void *)(rows + i + 16)));
        d = _mm256_or_si256(d, _mm256_load_si256((const __m256i *)(const void *)(rows + i + 24)));
    }
    a = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
    return (float)_mm256_extract_epi32(a, 0);
}
#endif

static float read_plain(const float *rows, size_t floats)
{
    uint64_t sum[4] = { 0 }, word;
    for (size_t i = 0; i + 8 <= floats; i += 8)
        for (size_t lane = 0; lane < 4; lane++) {
            memcpy(&word, rows + i + lane * 2, sizeof word);
            sum[lane] |= word;
        }
    return (float)(sum[0] | sum[1] | sum[2] | sum[3]);
}

static float read_all(const float *rows, size_t floats)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        return read_avx2(rows, floats);
#endif
    return read_plain(rows, floats);
}

static void scan_against_read(size_t count)
{
    size_t floats = count * DIMS;
    float *rows = mmap(NULL, floats * sizeof *rows, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    float *query = aligned_alloc(64, DIMS * sizeof *query), *scores = malloc(count * sizeof *scores);
    volatile float sink = 0;
    madvise(rows, floats * sizeof *rows, MADV_HUGEPAGE);
    for (size_t i = 0; i < floats; i++)
        rows[i] = (float)(i % 1013) / 1013;
    for (size_t i = 0; i < DIMS; i++)
        query[i] = (float)(i % 97) / 97;
    double gigabytes = (double)floats * sizeof *rows / 1e9;
    printf("%zu rows x %u (%.0f MB)\n", count, DIMS, gigabytes * 1000);
    for (int level = SCAN_SCALAR; level <= (int)scan_best_level(); level++) {
        const scan_kernels *k = scan_kernels_of((scan_level)level);
        int64_t best_read = INT64_MAX, best_scan = INT64_MAX;
        for (int round = 0; round < 15; round++) { /* alternating, so that both meet the same neighbours */
            int64_t begin = test_now_ns();
            sink += read_all(rows, floats);
            int64_t middle = test_now_ns();
            k->dot(query, rows, DIMS, count, scores);
            int64_t end = test_now_ns();
            sink += scores[count - 1];
            best_read = middle - begin < best_read ? middle - begin : best_read;
            best_scan = end - middle < best_scan ? end - middle : best_scan;
        }
        printf("  %-7s read %5.1f GB/s, scan %5.1f GB/s, ratio %.2f\n", k->name, gigabytes * 1e9 / (double)best_read,
               gigabytes * 1e9 / (double)best_scan, (double)best_read / (double)best_scan);
    }
    munmap(rows, floats * sizeof *rows);
    free(query);
    free(scores);
}

static void open_and_query(void)
{
    char folder[512], (*names)[16] = calloc(STORED, sizeof *names);
    kw_str *ids = calloc(STORED, sizeof *ids), *metadata = calloc(STORED, sizeof *metadata);
    float *rows = malloc((size_t)STORED * DIMS * sizeof *rows);
    for (size_t i = 0; i < (size_t)STORED * DIMS; i++)
        rows[i] = random_float();
    for (uint32_t i = 0; i < STORED; i++) {
        snprintf(names[i], sizeof names[i], "passage-%u", i);
        ids[i] = kw_string(names[i]);
        metadata[i] = kw_string("{\"file\":\"guide/chapter.md\",\"line\":120,\"tags\":[\"guide\",\"text\"]}");
    }
    test_folder_make(folder, sizeof folder);
    kw_instance *instance = open_instance(folder, "");
    int64_t begin = test_now_ns();
    kw_status status = upsert(instance, "r", STORED, ids, rows, DIMS, metadata, NULL);
    printf("upsert of %u x %u: %.1f ms (status %d)\n", STORED, DIMS, (double)(test_now_ns() - begin) / 1e6, status);
    close_instance(instance);
    int64_t best = INT64_MAX, warm = INT64_MAX;
    for (int round = 0; round < 10; round++) {
        test_call call;
        kw_query q = query_of(rows, DIMS, 10);
        begin = test_now_ns();
        instance = open_instance(folder, "");
        search(instance, "r", &q, &call, &status);
        int64_t took = test_now_ns() - begin;
        best = took < best ? took : best;
        test_call_end(&call);
        begin = test_now_ns();
        search(instance, "r", &q, &call, &status);
        took = test_now_ns() - begin;
        warm = took < warm ? took : warm;
        test_call_end(&call);
        close_instance(instance);
    }
    printf("open and first query: %.1f ms; next query: %.2f ms (status %d)\n", (double)best / 1e6, (double)warm / 1e6,
           status);
    test_folder_remove(folder);
    free(names);
    free(ids);
    free(metadata);
    free(rows);
}

int main(void)
{
    start();
    scan_against_read(7500);
    scan_against_read(100000);
    open_and_query();
    return test_failed == 0 ? 0 : 1;
}
