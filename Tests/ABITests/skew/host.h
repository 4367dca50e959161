/* A host on the call engine, compiled against the present headers or the next SDK's, and what the tests of it share.
 * Memory that a plugin reads is exactly as long as it says, so that the address sanitizer sees a read past its end;
 * behind what the host receives lies a canary. */
#ifndef SKEW_HOST_H
#define SKEW_HOST_H

#include <CPluginCall.h>
#include <keyway/author.h>

#include <stddef.h>
#include <stdint.h>

/* The two headers differ in these; see next_sdk.py. */
#ifdef KW_ADDED
#define SET_ADDED(p, number) ((p)->added_number = (number))
#define ADDED_NUMBER(p) ((p)->added_number)
#else
#define SET_ADDED(p, number) ((void)(p))
#define ADDED_NUMBER(p) ((uint64_t)0)
#endif

#define ADDED_BY_PLUGIN 41u
#define HOST_NUMBER 1000u
#define ADDED_BY_HOST 43u
#define STORE_VERSION 3u /* of every key of the host's store */

extern unsigned long checks_passed, checks_failed;
void check_that(int condition, const char *text, const char *file, int line);
#define CHECK(condition) check_that((condition) ? 1 : 0, #condition, __FILE__, __LINE__)

typedef struct loaded {
    uint32_t sdk_built;
    uint32_t negotiated;
    int both_know_added; /* host and plugin were built against the next SDK */
    uint32_t padding;    /* bytes behind each element of an array that the host passes */
    kw_plugin plugin;
    kw_instance *self;
    uint64_t added_by_create; /* the reply's added field */
} loaded;

/* What a plugin's own structs say in the added field, as this host sees it: 0 unless both know it. */
#define FROM_PLUGIN(l, number) ((l)->both_know_added ? (uint64_t)(number) : (uint64_t)0)
/* The same of the host's, as the plugin sees it. */
#define FROM_HOST(l, number) FROM_PLUGIN(l, number)

/* Loads, negotiates, creates, with the configuration {}. Ends the program if that fails. */
void host_load(loaded *l, const char *file);
void host_destroy(loaded *l);

/* The plugin's table of an interface, as it lies there; NULL: not offered. */
const void *host_interface(const loaded *l, const char *id);

/* One call with a reply of `size` bytes. */
typedef struct test_call {
    kwc_frame *frame;
    kw_call_api api;   /* the engine's, with the function that the next SDK adds */
    uint64_t noted;    /* what that function was told */
    unsigned char *reply;
    uint32_t size;
    kw_status status;
} test_call;

/* Runs it; the reply and what it points to stay until call_end, which checks the canary. */
void call_run(test_call *c, const loaded *l, kw_any_op op, const void *in, uint32_t size, kwc_sink sink, void *context);
void call_end(test_call *c);

/* An array for a plugin, each element with its header and `padding` bytes of filler behind it. Never freed before
 * inputs_free. */
kw_span make_input(uint32_t count, uint32_t size, uint32_t padding);
void *input_at(kw_span array, uint32_t i);
void inputs_free(void);

/* A copy of a struct on the heap, exactly h.size bytes. */
void *exact_copy(const void *growable);

#define SLOT(T, field) ((uint32_t)(offsetof(T, field) / sizeof(void *) - 1))

void test_embedder(const loaded *l);
void test_provider(const loaded *l);
void test_vector_backend(const loaded *l);
void test_tool_executor(const loaded *l);

#endif
