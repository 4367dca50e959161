#include "term_bag.h"

#include <string.h>

#include "stemmer.h"
#include "stop_words.h"

static void clear(term_bag *bag)
{
    for (uint32_t i = 0; i < bag->count; i++) {
        bag->slots[bag->terms[i].slot] = 0;
    }
    bag->count = 0;
    bag->words = 0;
    bag->truncated = 0;
}

/* The term of that stem, new ones with no occurrence; NULL if the bag is full. */
static term *find_or_add(term_bag *bag, const char *stem_bytes, size_t length)
{
    uint64_t hash = stem_hash(stem_bytes, length);
    uint32_t slot = (uint32_t)hash & (TERM_SLOTS - 1);
    while (bag->slots[slot] != 0) {
        term *known = &bag->terms[bag->slots[slot] - 1];
        if (known->hash == hash && known->length == length && memcmp(known->stem, stem_bytes, length) == 0) {
            return known;
        }
        slot = (slot + 1) & (TERM_SLOTS - 1);
    }
    if (bag->count == TERM_LIMIT) {
        bag->truncated = 1;
        return NULL;
    }
    term *added = &bag->terms[bag->count++];
    bag->slots[slot] = (uint16_t)bag->count;
    added->hash = hash;
    added->occurrences = 0;
    added->slot = (uint16_t)slot;
    added->related = 0;
    added->length = (uint8_t)length;
    memcpy(added->stem, stem_bytes, length);
    return added;
}

size_t term_bag_count_words(const char *text, size_t length)
{
    word_reader reader;
    word w;
    size_t count = 0;
    word_reader_init(&reader, text, length);
    while (word_reader_next(&reader, &w)) {
        count += w.is_part ? 0 : 1;
    }
    return count;
}

void term_bag_read(term_bag *bag, const char *text, size_t length, cut where)
{
    clear(bag);
    size_t skip = 0, seen = 0;
    /* A word takes two bytes at least, its separator included (ideographs: three), so most texts need no counting. */
    if (where == CUT_START && length > TEXT_WORD_LIMIT) {
        size_t total = term_bag_count_words(text, length);
        skip = total > TEXT_WORD_LIMIT ? total - TEXT_WORD_LIMIT : 0;
        bag->truncated = skip > 0;
    }
    word_reader reader;
    word w;
    word_reader_init(&reader, text, length);
    while (word_reader_next(&reader, &w)) {
        if (!w.is_part) {
            if (seen - (seen < skip ? seen : skip) == TEXT_WORD_LIMIT) {
                bag->truncated = 1;
                break;
            }
            seen++;
        }
        if (seen <= skip) {
            continue;
        }
        if (!w.is_part) {
            bag->words++;
        }
        if (is_stop_word(w.bytes, w.length)) {
            continue;
        }
        term *t = find_or_add(bag, w.bytes, stem(w.bytes, w.length));
        if (t != NULL) {
            t->occurrences++;
        }
    }
}

void term_bag_expand(term_bag *bag, const thesaurus *table)
{
    uint32_t read = bag->count;
    for (uint32_t i = 0; i < read; i++) {
        size_t count = 0;
        const thesaurus_relation *relations = thesaurus_find(table, bag->terms[i].hash, &count);
        for (size_t k = 0; k < count; k++) {
            term *t = find_or_add(bag, relations[k].stem, relations[k].length);
            if (t != NULL && t->occurrences == 0 && relations[k].weight > t->related) {
                t->related = relations[k].weight;
            }
        }
    }
}
