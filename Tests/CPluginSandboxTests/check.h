/* What the tests of the sandbox share: checks that count. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

extern int check_passed, check_failed;

#define CHECK(condition)                                                                          \
    do {                                                                                          \
        if (condition) {                                                                          \
            check_passed++;                                                                       \
        } else {                                                                                  \
            check_failed++;                                                                       \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);               \
        }                                                                                         \
    } while (0)

#define CHECK_EQUAL(left, right)                                                                  \
    do {                                                                                          \
        long long left_ = (long long)(left), right_ = (long long)(right);                         \
        if (left_ == right_) {                                                                    \
            check_passed++;                                                                       \
        } else {                                                                                  \
            check_failed++;                                                                       \
            fprintf(stderr, "%s:%d: failed: %s is %lld, not %lld\n", __FILE__, __LINE__, #left, left_, right_); \
        }                                                                                         \
    } while (0)

/* What the setting up of a test needs and does not get ends the program: nothing after it would mean anything. */
#define NEED(condition)                                                                           \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            fprintf(stderr, "%s:%d: cannot go on without: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                              \
        }                                                                                         \
    } while (0)

void test_filter(void);
void test_attacks(void);
void test_mechanisms(void);
void test_permissions(void);
void test_plugins(void);

/* Where the plugins of the tests are. */
extern const char *plugin_folder;

#endif
