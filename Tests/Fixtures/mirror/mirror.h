/* A plugin that tells every field it is given, and replies with every field set. */
#ifndef MIRROR_H
#define MIRROR_H

#include "../fixture.h"

extern const kw_provider mirror_provider;
extern const kw_embedder mirror_embedder;
extern const kw_vector_backend mirror_vectors;
extern const kw_tool_executor mirror_executor;
extern const kw_hooks mirror_hooks;
extern const kw_tools mirror_tools;
extern const kw_functions mirror_functions;
extern const kw_operations mirror_operations;
extern const kw_messages mirror_messages;
extern const kw_endpoints mirror_endpoints;

/* What several interfaces reply. */
extern const kw_usage mirror_usage;
extern const kw_warning mirror_warnings[2];
extern const kw_part mirror_parts[13];
extern const kw_tool_spec mirror_tool_specs[2];

/* Does the call's attribute "do" say this word? Most operations then fail with what they were told ("tell"). */
int mirror_does(const kw_call *call, const char *word);
/* An empty buffer of this thread. */
json *mirror_buffer(void);

/* Each writes one member of an object; what is zero or empty is left out. */
void mirror_int(json *j, const char *key, int64_t number);
void mirror_double(json *j, const char *key, double number);
void mirror_text(json *j, const char *key, kw_str text);
void mirror_bytes(json *j, const char *key, kw_bytes bytes);
void mirror_texts(json *j, const char *key, kw_span texts);
void mirror_pairs(json *j, const char *key, kw_span pairs);
void mirror_ints(json *j, const char *key, kw_span numbers); /* int64_t */
void mirror_ids(json *j, const char *key, kw_span numbers);  /* uint32_t */
void mirror_floats(json *j, const char *key, const void *numbers, uint64_t count);
void mirror_list(json *j, const char *key, kw_span span, void (*element)(json *j, const void *at));

void mirror_part(json *j, const void *at);
void mirror_sparse(json *j, const void *at);

/* Members of the struct x, in a function that has a buffer j. */
#define INT(field) mirror_int(j, #field, (int64_t)x->field);
#define NUMBER(field) mirror_double(j, #field, x->field);
#define TEXT(field) mirror_text(j, #field, x->field);
#define BYTES(field) mirror_bytes(j, #field, x->field);
#define TEXTS(field) mirror_texts(j, #field, x->field);
#define PAIRS(field) mirror_pairs(j, #field, x->field);
#define LIST(field, element) mirror_list(j, #field, x->field, element);
#define OBJECT(members) json_raw(j, "{"); members json_raw(j, "}");

/* If the call asks for it, fails with the object. */
#define TELL(members)                  \
    if (mirror_does(call, "tell")) {   \
        json *j = mirror_buffer();     \
        OBJECT(members)                \
        return json_fail(call, j);     \
    }

#define ONE(element) { &(element), 1, sizeof(element) }

#endif
