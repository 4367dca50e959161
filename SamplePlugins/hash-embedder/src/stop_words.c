#include "stop_words.h"

#include <string.h>

/* Function words, and what people put around a question ("how do I get ..."). Sorted by strcmp for the search below. */
static const char *const stop_words[] = {
    "a", "about", "after", "again", "all", "also", "am", "an", "and", "another", "any", "anything", "are",
    "aren", "as", "at", "be", "because", "been", "before", "being", "both", "but", "by", "can", "cannot",
    "could", "did", "didn", "do", "does", "doesn", "doing", "don", "done", "dont", "during", "e", "each", "eg",
    "etc", "every", "few", "for", "from", "g", "get", "gets", "getting", "got", "had", "has", "have", "having",
    "he", "her", "here", "his", "how", "i", "ie", "if", "in", "into", "is", "isn", "isnt", "it", "its", "just",
    "let", "lets", "like", "may", "me", "might", "mine", "more", "most", "must", "my", "need", "needed",
    "needs", "no", "nor", "not", "of", "on", "one", "onto", "or", "other", "our", "own", "please", "s", "same",
    "shall", "she", "should", "so", "some", "somebody", "somehow", "someone", "something", "such", "t", "than",
    "that", "the", "their", "theirs", "them", "then", "there", "these", "they", "thing", "things", "this",
    "those", "to", "too", "until", "us", "very", "want", "wanted", "wants", "was", "wasn", "way", "ways", "we",
    "were", "what", "when", "where", "which", "while", "who", "whom", "whose", "why", "will", "with", "within",
    "without", "won", "would", "yes", "you", "your", "yours",
};

int is_stop_word(const char *word, size_t length)
{
    size_t low = 0, high = sizeof stop_words / sizeof stop_words[0];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *candidate = stop_words[middle];
        size_t candidate_length = strlen(candidate);
        size_t common = candidate_length < length ? candidate_length : length;
        int order = memcmp(candidate, word, common);
        if (order == 0 && candidate_length == length) {
            return 1;
        }
        if (order < 0 || (order == 0 && candidate_length < length)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return 0;
}
