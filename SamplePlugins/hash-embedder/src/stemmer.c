#include "stemmer.h"

#include <string.h>

/* The rules over-stem rather than under-stem: for retrieval a missed match costs more than a stray one, which the other
 * words of the question outvote. */

typedef struct suffix_rule {
    const char *suffix, *replacement;
} suffix_rule;

/* The first rule whose suffix fits and leaves three letters with a vowel among them is applied. */
static const suffix_rule derivations[] = {
    { "ization", "ize" }, { "isation", "ize" }, { "ation", "ate" }, { "fulness", "ful" }, { "iveness", "ive" },
    { "ically", "ic" }, { "ement", "e" }, { "ibility", "ible" }, { "ability", "able" }, { "ably", "able" },
    { "ibly", "ible" }, { "ness", "" }, { "ment", "" }, { "ally", "al" }, { "edly", "" }, { "ingly", "" },
    { "ily", "y" }, { "ly", "" }, { "tion", "t" }, { "sion", "s" }, { "ance", "" }, { "ence", "" }, { "able", "" },
    { "ible", "" }, { "iser", "ize" }, { "ise", "ize" },
};

/* Then the first of these that leaves four letters; a final e only needs three. */
static const char *const endings[] = { "ator", "ate", "ize", "er", "or", "ive", "al", "ful", "ic", "e" };

static int ends_with(const char *word, size_t length, const char *suffix, size_t suffix_length)
{
    return length >= suffix_length && memcmp(word + length - suffix_length, suffix, suffix_length) == 0;
}

#define ENDS_WITH(literal) ends_with(word, length, literal, sizeof(literal) - 1)

static int has_vowel(const char *word, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (memchr("aeiouy", word[i], 6) != NULL) {
            return 1;
        }
    }
    return 0;
}

static int can_lose(const char *word, size_t length, size_t suffix_length)
{
    return length >= suffix_length + 3 && has_vowel(word, length - suffix_length);
}

static size_t strip_plural(char *word, size_t length)
{
    if (ENDS_WITH("ies") && length > 4) {
        word[length - 3] = 'y';
        return length - 2;
    }
    if (ENDS_WITH("sses") || ENDS_WITH("shes") || ENDS_WITH("ches") || ENDS_WITH("xes") || ENDS_WITH("zes")) {
        return length - 2;
    }
    if (ENDS_WITH("s") && !ENDS_WITH("ss") && !ENDS_WITH("us") && !ENDS_WITH("is")) {
        return length - 1;
    }
    return length;
}

static size_t strip_tense(const char *word, size_t length)
{
    size_t cut = 0;
    if (ENDS_WITH("ing") && can_lose(word, length, 3)) {
        cut = 3;
    } else if (ENDS_WITH("ed") && can_lose(word, length, 2)) {
        cut = 2;
    }
    if (cut == 0) {
        return length;
    }
    length -= cut;
    char last = word[length - 1];
    if (last == word[length - 2] && last != 'l' && last != 's' && last != 'z') {
        length--;
    }
    return length;
}

static size_t replace_derivation(char *word, size_t length)
{
    for (size_t i = 0; i < sizeof derivations / sizeof derivations[0]; i++) {
        size_t suffix = strlen(derivations[i].suffix), replacement = strlen(derivations[i].replacement);
        if (ends_with(word, length, derivations[i].suffix, suffix) && can_lose(word, length, suffix)) {
            memcpy(word + length - suffix, derivations[i].replacement, replacement);
            return length - suffix + replacement;
        }
    }
    return length;
}

static size_t strip_ending(const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t suffix = strlen(endings[i]);
        if (ends_with(word, length, endings[i], suffix) && length >= suffix + (suffix == 1 ? 3 : 4)) {
            return length - suffix;
        }
    }
    return length;
}

size_t stem(char *word, size_t length)
{
    if (length < 4 || (word[0] >= '0' && word[0] <= '9')) {
        return length;
    }
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)word[i] >= 0x80) {
            return length;
        }
    }
    length = strip_plural(word, length);
    length = strip_tense(word, length);
    length = replace_derivation(word, length);
    length = strip_ending(word, length);
    if (length > 3 && word[length - 1] == 'y') {
        word[length - 1] = 'i';
    }
    char last = word[length - 1];
    if (length > 4 && last == word[length - 2] && last >= 'a') { /* "w100" is not "w1000" */
        length--;
    }
    return length;
}
