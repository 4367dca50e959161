/* The feature code on its own: words, stems, bags, rows. */
#include <math.h>
#include <string.h>

#include "feature_row.h"
#include "host.h"
#include "stemmer.h"
#include "stop_words.h"
#include "term_bag.h"
#include "thesaurus.h"
#include "word_reader.h"

#define DIMS 1024u

static term_bag bag; /* too large for a stack */
static thesaurus table;

/* The words of a text, parts in brackets, joined by blanks. */
static const char *words_of(const char *text, size_t length)
{
    static char joined[4096];
    word_reader reader;
    word w;
    joined[0] = '\0';
    word_reader_init(&reader, text, length);
    while (word_reader_next(&reader, &w)) {
        size_t used = strlen(joined);
        snprintf(joined + used, sizeof joined - used, w.is_part ? "%s[%s]" : "%s%s", used > 0 ? " " : "", w.bytes);
    }
    return joined;
}

static int words_are(const char *text, const char *expected)
{
    const char *found = words_of(text, strlen(text));
    if (strcmp(found, expected) != 0) {
        printf("words of \"%s\" are \"%s\", not \"%s\"\n", text, found, expected);
        return 0;
    }
    return 1;
}

static void test_words(void)
{
    CHECK(words_are("Stop the server, now!", "stop the server now"));
    CHECK(words_are("readFile HTTPServer UTF8", "readfile [read] [file] httpserver [http] [server] utf8 [utf]"));
    CHECK(words_are("Git utf8 KW_OK", "git utf8 kw ok"));
    CHECK(words_are("CAF\xC3\x89", "caf\xC3\xA9"));
    CHECK(words_are("", ""));
    CHECK(words_are("--- ... !!!", ""));
    CHECK(words_are("caf\xC3\x89 \xD0\x9F\xD0\xA0\xD0\x98 na\xC3\xAFve", "caf\xC3\xA9 \xD0\xBF\xD1\x80\xD0\xB8 na\xC3\xAFve"));
    CHECK(words_are("\xE2\x80\x9Cquoted\xE2\x80\x9D\xE2\x80\x94""dash", "quoted dash"));
    CHECK(words_are("\xE4\xB8\xAD\xE6\x96\x87 text", "\xE4\xB8\xAD \xE6\x96\x87 text"));
    /* Lone continuation, overlong, surrogate, beyond Unicode, cut off at the end. */
    CHECK(words_are("a\x80z \xC0\xAF b \xED\xA0\x80 c \xF4\x90\x80\x80 d\xE2\x82", "a z b c d"));
    CHECK(words_are("0123456789012345678901234567890123456789 short", "short"));
    CHECK(words_are("012345678901234567890123456789012345678 fits", "012345678901234567890123456789012345678 fits"));
    const char with_nul[] = "one\0two";
    CHECK(strcmp(words_of(with_nul, sizeof with_nul - 1), "one two") == 0);
}

static int same_stem(const char *a, const char *b)
{
    char left[WORD_LIMIT + 1], right[WORD_LIMIT + 1];
    strcpy(left, a);
    strcpy(right, b);
    size_t m = stem(left, strlen(a)), n = stem(right, strlen(b));
    if (m != n || memcmp(left, right, m) != 0) {
        printf("stems differ: %s -> %.*s, %s -> %.*s\n", a, (int)m, left, b, (int)n, right);
        return 0;
    }
    return 1;
}

static void test_stems(void)
{
    CHECK(same_stem("configured", "configuration"));
    CHECK(same_stem("configures", "configuring"));
    CHECK(same_stem("deleting", "deleted"));
    CHECK(same_stem("stopped", "stops"));
    CHECK(same_stem("directories", "directory"));
    CHECK(same_stem("branches", "branch"));
    CHECK(same_stem("installation", "installed"));
    CHECK(same_stem("compressed", "compression"));
    CHECK(same_stem("quickly", "quick"));
    char string[] = "string", strings[] = "w1000";
    CHECK(stem(string, 6) == 6 && stem(strings, 5) == 5);
    char number[] = "1234s", accented[] = "caf\xC3\xA9s", tiny[] = "is";
    CHECK(stem(number, 5) == 5);
    CHECK(stem(accented, 6) == 6);
    CHECK(stem(tiny, 2) == 2);
    /* No word of any letters may be stemmed to nothing. */
    static const char *const hard[] = { "ieing", "ssss", "eeee", "yyyy", "ness", "ment", "ingly", "ational", "ies", "seded" };
    for (size_t i = 0; i < sizeof hard / sizeof hard[0]; i++) {
        char text[WORD_LIMIT + 1];
        strcpy(text, hard[i]);
        size_t length = stem(text, strlen(text));
        CHECK(length > 0 && length <= strlen(hard[i]));
    }
}

static void test_stop_words(void)
{
    CHECK(is_stop_word("the", 3));
    CHECK(is_stop_word("a", 1));
    CHECK(is_stop_word("your", 4) && is_stop_word("yours", 5));
    CHECK(!is_stop_word("theme", 5));
    CHECK(!is_stop_word("th", 2));
    CHECK(!is_stop_word("zebra", 5));
    CHECK(!is_stop_word("", 0));
}

static void test_thesaurus(void)
{
    CHECK(thesaurus_build(&table));
    CHECK(table.count > 1000);
    const thesaurus *shared = thesaurus_standard();
    CHECK(shared != NULL && shared == thesaurus_standard() && shared->count == table.count);
    char from[] = "delete", to[] = "remove";
    size_t from_length = stem(from, 6), to_length = stem(to, 6), count = 0;
    const thesaurus_relation *r = thesaurus_find(&table, stem_hash(from, from_length), &count);
    int found = 0;
    for (size_t i = 0; i < count; i++) {
        found |= r[i].length == to_length && memcmp(r[i].stem, to, to_length) == 0;
    }
    CHECK(found);
    (void)thesaurus_find(&table, stem_hash("xylophon", 8), &count);
    CHECK(count == 0);
    for (size_t i = 1; i < table.count; i++) {
        if (table.relations[i - 1].key > table.relations[i].key) {
            CHECK(!"sorted by key");
            break;
        }
    }
}

static void embed(const char *text, int is_query, float *row)
{
    term_bag_read(&bag, text, strlen(text), CUT_END);
    if (is_query) {
        term_bag_expand(&bag, &table);
    }
    feature_row_write(&bag, row, DIMS);
}

static double cosine(const char *a, const char *b)
{
    static float left[DIMS], right[DIMS];
    embed(a, 1, left);
    embed(b, 0, right);
    double sum = 0;
    for (uint32_t i = 0; i < DIMS; i++) {
        sum += (double)left[i] * (double)right[i];
    }
    return sum;
}

static void test_rows(void)
{
    static float row[DIMS + 2], again[DIMS];
    row[DIMS] = 42.0f;
    embed("Cancel a running request", 0, row);
    double squares = 0;
    for (uint32_t i = 0; i < DIMS; i++) {
        squares += (double)row[i] * (double)row[i];
    }
    CHECK(fabs(squares - 1) < 1e-5);
    CHECK(row[DIMS] == 42.0f);
    embed("something else entirely", 0, again);
    embed("Cancel a running request", 0, again);
    CHECK(memcmp(row, again, sizeof again) == 0);

    embed("", 0, row);
    embed("of the and", 0, again);
    int all_zero = 1;
    for (uint32_t i = 0; i < DIMS; i++) {
        all_zero &= row[i] == 0.0f && again[i] == 0.0f;
    }
    CHECK(all_zero);

    /* Same meaning beats same subject beats nothing in common. */
    CHECK(cosine("cancel a running request", "Requests that are running can be cancelled") > 0.5);
    CHECK(cosine("throw out old files", "Deletes stale documents") > cosine("throw out old files", "Bananas are rich in potassium"));
    CHECK(cosine("erase a folder", "remove the directory") > 0.15);
    CHECK(cosine("kubernetes", "kubernets") > 0.4);
    CHECK(fabs(cosine("cats sleep most of the day", "server error status")) < 0.2);
}

static void test_long_texts(void)
{
    enum { WORDS = 5000 };
    static char text[WORDS * 8];
    size_t used = 0;
    for (int i = 0; i < WORDS; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "w%d ", i);
    }
    term_bag_read(&bag, text, used, CUT_END);
    CHECK(bag.truncated && bag.words == TEXT_WORD_LIMIT && bag.count == TEXT_WORD_LIMIT);
    CHECK(memcmp(bag.terms[0].stem, "w0", 2) == 0);
    term_bag_read(&bag, text, used, CUT_START);
    CHECK(bag.truncated && bag.words == TEXT_WORD_LIMIT);
    CHECK(bag.terms[0].length == 5 && memcmp(bag.terms[0].stem, "w2952", 5) == 0);
    term_bag_read(&bag, "short text", 10, CUT_START);
    CHECK(!bag.truncated && bag.words == 2 && bag.count == 2);

    /* Compounds that fall apart into more terms than a bag holds. */
    used = 0;
    for (int i = 0; i < 2000; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "Aa%cb%03dCc ", 'a' + i % 26, i);
    }
    term_bag_read(&bag, text, used, CUT_END);
    CHECK(bag.count <= TERM_LIMIT);
    static float row[DIMS];
    feature_row_write(&bag, row, DIMS);
    int finite = 1;
    for (uint32_t i = 0; i < DIMS; i++) {
        finite &= isfinite(row[i]) != 0;
    }
    CHECK(finite);
}

/* Any bytes at all: no crash, no NaN, length 1 or 0. */
static void test_noise(void)
{
    static float row[DIMS];
    char noise[512];
    uint32_t state = 12345;
    int held = 1;
    for (int round = 0; round < 2000; round++) {
        size_t length = (size_t)round % sizeof noise;
        for (size_t i = 0; i < length; i++) {
            state = state * 1664525u + 1013904223u;
            noise[i] = (char)(state >> 24);
        }
        term_bag_read(&bag, noise, length, round % 2 ? CUT_START : CUT_END);
        term_bag_expand(&bag, &table);
        feature_row_write(&bag, row, DIMS);
        double squares = 0;
        for (uint32_t i = 0; i < DIMS; i++) {
            squares += (double)row[i] * (double)row[i];
        }
        held &= fabs(squares - 1) < 1e-5 || squares == 0;
    }
    CHECK(held);
}

int main(void)
{
    test_words();
    test_stems();
    test_stop_words();
    test_thesaurus();
    test_rows();
    test_long_texts();
    test_noise();
    return test_finish();
}
