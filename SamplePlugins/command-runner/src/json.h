/* As much JSON as a tool's arguments and results need. */
#ifndef COMMAND_RUNNER_JSON_H
#define COMMAND_RUNNER_JSON_H

#include <stdbool.h>
#include <stddef.h>

typedef struct json_reader {
    const char *next, *end;
} json_reader;

/* Passes over white space and the character, if it is there. */
bool json_accept(json_reader *r, char c);
bool json_at_end(json_reader *r);
/* A string, unescaped, NUL-terminated, to be freed; NULL: it is none, is not valid UTF-8, has a zero character, or memory
 * is out. */
char *json_string(json_reader *r);

/* Appends text as a JSON string, quotes included; bytes that are not UTF-8 become U+FFFD. Returns the bytes written; with
 * out NULL, the bytes it would take. */
size_t json_write_string(char *out, const char *text, size_t size);

/* Length of the valid UTF-8 sequence at text, or 0. size > 0. */
size_t json_sequence(const unsigned char *text, size_t size);

#endif
