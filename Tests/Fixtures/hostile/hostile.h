/* A plugin that breaks the contract of each call as the call's attribute "do" says; without one it is honest. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "../mirror/mirror.h"

extern const kw_provider hostile_provider;
extern const kw_embedder hostile_embedder;
extern const kw_vector_backend hostile_vectors;
extern const kw_tool_executor hostile_executor;
extern const kw_hooks hostile_hooks;
extern const kw_functions hostile_functions;
extern const kw_operations hostile_operations;
extern const kw_endpoints hostile_endpoints;

/* Leases that the host has let go of. */
extern atomic_int hostile_released;

/* Text that is not UTF-8, and numbers that are none. */
#define NOT_TEXT ((kw_str) { "a\xC3", 2 })
/* Text and a span that have a length and no memory. */
#define NO_TEXT ((kw_str) { NULL, 7 })
#define NO_MEMORY(T) ((kw_span) { NULL, 3, sizeof(T) })

/* Spoils a span in one of the ways that every span can be spoiled in; `what` begins the word. */
void hostile_span(const kw_call *call, const char *what, kw_span *span, kw_hdr *element);
/* Spoils text, likewise. */
void hostile_text(const kw_call *call, const char *what, kw_str *text);

/* Asynchronous ends of a call; KW_OK if the call asks for none. */
kw_status hostile_pending(kw_call *call, const void *out);

#define DOES(word) mirror_does(call, word)

#endif
