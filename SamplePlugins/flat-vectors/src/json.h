/* A strict scanner for one JSON text (RFC 8259): no comments, no trailing commas, no lone surrogates, valid UTF-8. */
#ifndef FLAT_VECTORS_JSON_H
#define FLAT_VECTORS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_MAX_DEPTH 32u

typedef struct json_scanner {
    const char *begin, *at, *end;
    const char *error; /* the first fault, in words; NULL while there is none */
} json_scanner;

typedef struct json_number {
    bool is_integer; /* no fraction, no exponent, fits int64 */
    int64_t integer;
    double number;
} json_number;

/* Where the decoded bytes of a string go; false ends the scan ("out of memory"). NULL: nowhere. */
typedef bool (*json_sink)(void *context, const char *bytes, size_t size);

void json_begin(json_scanner *scanner, const char *text, size_t size);
void json_space(json_scanner *scanner);
/* Takes one punctuation character after white space; false, and no fault, if another one comes. */
bool json_take(json_scanner *scanner, char expected);
/* The next character after white space, 0 at the end. */
char json_peek(json_scanner *scanner);
bool json_string(json_scanner *scanner, json_sink sink, void *context);
bool json_number_value(json_scanner *scanner, json_number *value);
bool json_word(json_scanner *scanner, const char *word);
/* Checks and passes over any value. */
bool json_skip(json_scanner *scanner, unsigned depth);
/* Nothing but white space is left. */
bool json_end(json_scanner *scanner);
bool json_fault(json_scanner *scanner, const char *what);

/* Length of the valid UTF-8 sequence at bytes, 0 if there is none. */
size_t json_utf8_length(const char *bytes, size_t size);
bool json_is_utf8(const char *bytes, size_t size);

#endif
