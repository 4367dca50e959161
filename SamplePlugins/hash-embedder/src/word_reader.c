#include "word_reader.h"

#include <string.h>

void word_reader_init(word_reader *reader, const char *text, size_t length)
{
    reader->text = (const unsigned char *)text;
    reader->length = length;
    reader->position = 0;
    reader->part = 0;
    reader->parts_end = 0;
}

/* ---- UTF-8 ---------------------------------------------------------------------------------------------- */

static int is_continuation(unsigned char byte)
{
    return (byte & 0xC0u) == 0x80u;
}

/* Decodes the sequence at p; value: its length, or 0 if it is not valid (overlong, surrogate, cut off). */
static size_t decode(const unsigned char *p, size_t left, uint32_t *scalar)
{
    if (left >= 2 && p[0] >= 0xC2 && p[0] <= 0xDF && is_continuation(p[1])) {
        *scalar = ((uint32_t)(p[0] & 0x1Fu) << 6) | (p[1] & 0x3Fu);
        return 2;
    }
    if (left >= 3 && (p[0] & 0xF0u) == 0xE0u && is_continuation(p[1]) && is_continuation(p[2])) {
        *scalar = ((uint32_t)(p[0] & 0x0Fu) << 12) | ((uint32_t)(p[1] & 0x3Fu) << 6) | (p[2] & 0x3Fu);
        return *scalar >= 0x800 && (*scalar < 0xD800 || *scalar > 0xDFFF) ? 3 : 0;
    }
    if (left >= 4 && p[0] >= 0xF0 && p[0] <= 0xF4 && is_continuation(p[1]) && is_continuation(p[2])
        && is_continuation(p[3])) {
        *scalar = ((uint32_t)(p[0] & 0x07u) << 18) | ((uint32_t)(p[1] & 0x3Fu) << 12)
            | ((uint32_t)(p[2] & 0x3Fu) << 6) | (p[3] & 0x3Fu);
        return *scalar >= 0x10000 && *scalar <= 0x10FFFF ? 4 : 0;
    }
    return 0;
}

/* Blocks of punctuation and symbols; whatever else lies beyond ASCII counts as a letter. */
static int is_separator(uint32_t c)
{
    return (c < 0xC0 && c != 0xAA && c != 0xB5 && c != 0xBA) || c == 0xD7 || c == 0xF7 || (c >= 0x2000 && c <= 0x2BFF)
        || (c >= 0x3000 && c <= 0x303F) || (c >= 0xFF00 && c <= 0xFF0F) || c == 0xFEFF || c >= 0x1F000;
}

/* Scripts written without spaces. */
static int is_ideograph(uint32_t c)
{
    return (c >= 0x3040 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7AF) || (c >= 0xF900 && c <= 0xFAFF);
}

typedef enum step_kind { STEP_SEPARATOR, STEP_LETTER, STEP_IDEOGRAPH } step_kind;

static step_kind classify(const unsigned char *p, size_t left, size_t *size)
{
    unsigned char c = p[0];
    *size = 1;
    if (c < 0x80) {
        int is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        return is_word ? STEP_LETTER : STEP_SEPARATOR;
    }
    uint32_t scalar = 0;
    size_t decoded = decode(p, left, &scalar);
    if (decoded == 0) {
        return STEP_SEPARATOR;
    }
    *size = decoded;
    if (is_separator(scalar)) {
        return STEP_SEPARATOR;
    }
    return is_ideograph(scalar) ? STEP_IDEOGRAPH : STEP_LETTER;
}

/* ---- words ---------------------------------------------------------------------------------------------- */

/* Lowercases ASCII, Latin-1, Greek and Cyrillic, where both cases have the same number of bytes. */
static void lowercase(char *text, size_t length)
{
    unsigned char *p = (unsigned char *)text;
    for (size_t i = 0; i < length; i++) {
        if (p[i] < 0x80) {
            if (p[i] >= 'A' && p[i] <= 'Z') {
                p[i] = (unsigned char)(p[i] + 32);
            }
            continue;
        }
        uint32_t scalar = 0;
        size_t size = decode(p + i, length - i, &scalar);
        if (size == 2) {
            if ((scalar >= 0xC0 && scalar <= 0xDE && scalar != 0xD7) || (scalar >= 0x391 && scalar <= 0x3A9)
                || (scalar >= 0x410 && scalar <= 0x42F)) {
                scalar += 32;
            } else if (scalar >= 0x400 && scalar <= 0x40F) {
                scalar += 80;
            }
            p[i] = (unsigned char)(0xC0u | (scalar >> 6));
            p[i + 1] = (unsigned char)(0x80u | (scalar & 0x3Fu));
        }
        i += size > 0 ? size - 1 : 0;
    }
}

static int take(const word_reader *reader, size_t start, size_t end, uint32_t is_part, word *out)
{
    size_t length = end - start;
    if (length == 0 || length > WORD_LIMIT) {
        return 0;
    }
    memcpy(out->bytes, reader->text + start, length);
    lowercase(out->bytes, length);
    out->bytes[length] = '\0';
    out->length = (uint32_t)length;
    out->is_part = is_part;
    return 1;
}

static int is_upper(unsigned char c) { return c >= 'A' && c <= 'Z'; }
static int is_digit(unsigned char c) { return c >= '0' && c <= '9'; }

/* Does a part of a compound word ("readFile", "HTTPServer", "UTF8") begin at i? */
static int begins_part(const unsigned char *text, size_t start, size_t end, size_t i)
{
    if (i == start || i >= end) {
        return 0;
    }
    unsigned char before = text[i - 1], here = text[i];
    if (is_digit(before) != is_digit(here)) {
        return 1;
    }
    if (!is_upper(here)) {
        return 0;
    }
    return !is_upper(before) || (i + 1 < end && text[i + 1] >= 'a' && text[i + 1] <= 'z');
}

static int next_part(word_reader *reader, word *out)
{
    while (reader->part < reader->parts_end) {
        size_t start = reader->part, end = start + 1;
        while (end < reader->parts_end && !begins_part(reader->text, start, reader->parts_end, end)) {
            end++;
        }
        reader->part = end;
        if (end - start > 1 && take(reader, start, end, 1, out)) {
            return 1;
        }
    }
    return 0;
}

static int is_compound(const unsigned char *text, size_t start, size_t end)
{
    int has_upper = 0, has_boundary = 0;
    for (size_t i = start; i < end; i++) {
        has_upper |= is_upper(text[i]);
        has_boundary |= begins_part(text, start, end, i);
    }
    return has_upper && has_boundary;
}

int word_reader_next(word_reader *reader, word *out)
{
    if (next_part(reader, out)) {
        return 1;
    }
    while (reader->position < reader->length) {
        size_t start = reader->position, end = start, size = 0;
        step_kind kind = classify(reader->text + start, reader->length - start, &size);
        end = start + size;
        if (kind == STEP_LETTER) {
            while (end < reader->length
                   && classify(reader->text + end, reader->length - end, &size) == STEP_LETTER) {
                end += size;
            }
        }
        reader->position = end;
        if (kind == STEP_SEPARATOR) {
            continue;
        }
        if (kind == STEP_LETTER && is_compound(reader->text, start, end)) {
            reader->part = start;
            reader->parts_end = end;
        }
        if (take(reader, start, end, 0, out) || next_part(reader, out)) {
            return 1;
        }
    }
    return 0;
}
