#include "json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void skip_space(json_reader *r)
{
    while (r->next < r->end && memchr(" \t\r\n", *r->next, 4) != NULL)
        r->next++;
}

bool json_accept(json_reader *r, char c)
{
    skip_space(r);
    if (r->next == r->end || *r->next != c)
        return false;
    r->next++;
    return true;
}

bool json_at_end(json_reader *r)
{
    skip_space(r);
    return r->next == r->end;
}

size_t json_sequence(const unsigned char *p, size_t size)
{
    static const struct {
        unsigned char low, high, second_low, second_high;
        size_t size;
    } forms[] = {
        { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 },
        { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 }, { 0xF0, 0xF0, 0x90, 0xBF, 4 },
        { 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
    };
    if (p[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (p[0] < forms[i].low || p[0] > forms[i].high)
            continue;
        if (size < forms[i].size || p[1] < forms[i].second_low || p[1] > forms[i].second_high)
            return 0;
        for (size_t k = 2; k < forms[i].size; k++)
            if ((p[k] & 0xC0) != 0x80)
                return 0;
        return forms[i].size;
    }
    return 0;
}

/* ---- reading -------------------------------------------------------------------------------------------- */

static bool read_hex(json_reader *r, uint32_t *value)
{
    *value = 0;
    if (r->end - r->next < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = *r->next++;
        uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0')
            : c >= 'a' && c <= 'f'            ? (uint32_t)(c - 'a' + 10)
            : c >= 'A' && c <= 'F'            ? (uint32_t)(c - 'A' + 10)
                                              : 16;
        if (digit > 15)
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

static size_t encode(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)((size == 2 ? 0xC0 : size == 3 ? 0xE0 : 0xF0) | c);
    return size;
}

/* next is behind "\u". Writes at most four bytes where six or twelve were read. */
static size_t read_unicode(json_reader *r, char *out)
{
    uint32_t c = 0, low = 0;
    if (!read_hex(r, &c) || c == 0 || (c >= 0xDC00 && c <= 0xDFFF))
        return 0;
    if (c >= 0xD800 && c <= 0xDBFF) {
        if (r->end - r->next < 6 || r->next[0] != '\\' || r->next[1] != 'u')
            return 0;
        r->next += 2;
        if (!read_hex(r, &low) || low < 0xDC00 || low > 0xDFFF)
            return 0;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    return encode(out, c);
}

static size_t read_escape(json_reader *r, char *out)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (r->next == r->end)
        return 0;
    char c = *r->next++;
    if (c == 'u')
        return read_unicode(r, out);
    const char *at = memchr(names, c, sizeof names - 1);
    if (at == NULL)
        return 0;
    out[0] = values[at - names];
    return 1;
}

char *json_string(json_reader *r)
{
    if (!json_accept(r, '"'))
        return NULL;
    char *text = malloc((size_t)(r->end - r->next) + 1);
    for (size_t used = 0; text != NULL && r->next < r->end;) {
        unsigned char c = (unsigned char)*r->next;
        size_t size;
        if (c == '"') {
            r->next++;
            text[used] = '\0';
            return text;
        }
        if (c == '\\') {
            r->next++;
            size = read_escape(r, text + used);
        } else {
            size = c < 0x20 ? 0 : json_sequence((const unsigned char *)r->next, (size_t)(r->end - r->next));
            memcpy(text + used, r->next, size);
            r->next += size;
        }
        if (size == 0)
            break;
        used += size;
    }
    free(text);
    return NULL;
}

/* ---- writing -------------------------------------------------------------------------------------------- */

static size_t put(char *out, size_t at, const char *bytes, size_t size)
{
    if (out != NULL)
        memcpy(out + at, bytes, size);
    return at + size;
}

size_t json_write_string(char *out, const char *text, size_t size)
{
    size_t used = put(out, 0, "\"", 1);
    for (size_t i = 0; i < size;) {
        unsigned char c = (unsigned char)text[i];
        size_t sequence = json_sequence((const unsigned char *)text + i, size - i);
        if (c < 0x20) {
            char escape[8];
            used = put(out, used, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", c));
        } else if (c == '"' || c == '\\') {
            used = put(out, used, "\\", 1);
            used = put(out, used, text + i, 1);
        } else if (sequence == 0) {
            used = put(out, used, "\xEF\xBF\xBD", 3);
        } else {
            used = put(out, used, text + i, sequence);
        }
        i += sequence == 0 ? 1 : sequence;
    }
    return put(out, used, "\"", 1);
}
