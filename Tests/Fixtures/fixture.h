/* What the parts of the fixture share. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <keyway/plugin.h>
#include <keyway/author.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* Counters that health reports. */
extern atomic_int fixture_emitted, fixture_inside, fixture_most_inside;
extern const kw_host *fixture_host;

extern const kw_embedder fixture_embedder;
/* One whose operation is data, not code. */
extern const kw_embedder fixture_foreign_embedder;
extern const kw_provider fixture_provider;
extern const kw_vector_backend fixture_vectors;
extern const kw_tool_executor fixture_executor;

/* Does text begin with word, and end there or go on with a colon? */
int fixture_is(kw_str text, const char *word);
/* The number behind colon number index, from 0. */
int fixture_number(kw_str text, int index);
/* "word:OUT:IN": tells the test that the plugin is here, and waits for its leave. */
void fixture_hold(kw_str text);
/* Writes one 32-bit number to a descriptor. */
void fixture_tell(int fd, uint32_t number);

/* JSON text in a fixed buffer; what does not fit is left out, and the test notices. */
typedef struct json {
    char text[60000];
    size_t length;
} json;

void json_raw(json *j, const char *text);
void json_key(json *j, const char *key);
void json_string(json *j, kw_str text);
void json_bytes(json *j, kw_bytes bytes);
void json_int(json *j, int64_t number);
void json_double(json *j, double number);
void json_strings(json *j, kw_span span);
void json_pairs(json *j, kw_span span);
void json_filter(json *j, kw_span program);
kw_str json_text(const json *j);

/* Fails with the JSON as its message. */
kw_status json_fail(kw_call *call, const json *j);

#endif
