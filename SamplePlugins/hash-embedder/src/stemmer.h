/* English word forms to a common stem, so that "configured" and "configuration" meet. */
#ifndef HASH_EMBEDDER_STEMMER_H
#define HASH_EMBEDDER_STEMMER_H

#include <stddef.h>

/* Stems a lowercase word in place; it never grows. Value: the new length. Words that are short, begin with a digit or
 * hold anything but ASCII stay as they are. */
size_t stem(char *word, size_t length);

#endif
