/* What all tests in C share: checks that count and say where they failed. Any thread. The program defines the counters and ends
 * with 1 if any check failed. */
#ifndef CHECKS_H
#define CHECKS_H

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

extern _Atomic int check_passed, check_failed;

#define CHECK(condition)                                                                          \
    do {                                                                                          \
        if (condition) {                                                                          \
            atomic_fetch_add(&check_passed, 1);                                                   \
        } else {                                                                                  \
            atomic_fetch_add(&check_failed, 1);                                                   \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);               \
        }                                                                                         \
    } while (0)

/* The same, with two numbers to look at. */
#define CHECK_EQUAL(left, right)                                                                  \
    do {                                                                                          \
        long long left_ = (long long)(left), right_ = (long long)(right);                         \
        atomic_fetch_add(left_ == right_ ? &check_passed : &check_failed, 1);                     \
        if (left_ != right_)                                                                      \
            fprintf(stderr, "%s:%d: failed: %s is %lld, not %lld\n", __FILE__, __LINE__, #left, left_, right_); \
    } while (0)

/* What the setting up of a test needs and does not get ends the program: nothing after it would mean anything. */
#define NEED(condition)                                                                           \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            fprintf(stderr, "%s:%d: cannot go on without: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                              \
        }                                                                                         \
    } while (0)

#endif
