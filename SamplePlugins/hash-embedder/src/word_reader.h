/* The words of a text, in order, lowercased. No allocation; any bytes are accepted. */
#ifndef HASH_EMBEDDER_WORD_READER_H
#define HASH_EMBEDDER_WORD_READER_H

#include <stddef.h>
#include <stdint.h>

/* Longer runs are digests, keys and encoded data: they say nothing about meaning and are left out. */
#define WORD_LIMIT 39

typedef struct word {
    uint32_t length;
    uint32_t is_part; /* a part of the compound word that came just before: "HTTPServer", then "http", "server" */
    char bytes[WORD_LIMIT + 1];
} word;

typedef struct word_reader {
    const unsigned char *text;
    size_t length, position;
    size_t part, parts_end; /* compound being taken apart; part == parts_end: none */
} word_reader;

/* Borrows text until the last call of word_reader_next. */
void word_reader_init(word_reader *reader, const char *text, size_t length);

/* Value: whether there was a further word. A word is a run of letters and digits of any script; each Chinese, Japanese
 * or Korean character is a word of its own. Bytes that are not UTF-8 separate words. */
int word_reader_next(word_reader *reader, word *out);

#endif
