/* The plugin's configuration: {"dims": 1024}. */
#ifndef HASH_EMBEDDER_CONFIGURATION_H
#define HASH_EMBEDDER_CONFIGURATION_H

#include <stddef.h>
#include <stdint.h>

#define DIMS_DEFAULT 1024u
#define DIMS_MINIMUM 64u
#define DIMS_MAXIMUM 4096u

typedef struct configuration {
    uint32_t dims;
} configuration;

/* Defaults first, then what the text says; an empty text is {}. Value: NULL, or what is wrong with it and what to write
 * instead (static text). */
const char *configuration_parse(configuration *out, const char *json, size_t length);

#endif
