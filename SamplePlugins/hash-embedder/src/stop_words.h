/* Words that carry no topic. */
#ifndef HASH_EMBEDDER_STOP_WORDS_H
#define HASH_EMBEDDER_STOP_WORDS_H

#include <stddef.h>

/* word is lowercase and not stemmed. */
int is_stop_word(const char *word, size_t length);

#endif
