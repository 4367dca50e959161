#define _GNU_SOURCE
#include "json.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void json_begin(json_scanner *scanner, const char *text, size_t size)
{
    scanner->begin = scanner->at = text;
    scanner->end = text + size;
    scanner->error = NULL;
}

bool json_fault(json_scanner *scanner, const char *what)
{
    if (scanner->error == NULL)
        scanner->error = what;
    return false;
}

void json_space(json_scanner *scanner)
{
    while (scanner->at < scanner->end
           && (*scanner->at == ' ' || *scanner->at == '\n' || *scanner->at == '\t' || *scanner->at == '\r'))
        scanner->at++;
}

char json_peek(json_scanner *scanner)
{
    json_space(scanner);
    return scanner->at < scanner->end ? *scanner->at : '\0';
}

bool json_take(json_scanner *scanner, char expected)
{
    if (scanner->error != NULL || json_peek(scanner) != expected || scanner->at == scanner->end)
        return false;
    scanner->at++;
    return true;
}

bool json_word(json_scanner *scanner, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(scanner->end - scanner->at) < size || memcmp(scanner->at, word, size) != 0)
        return json_fault(scanner, "unknown word");
    scanner->at += size;
    return true;
}

bool json_end(json_scanner *scanner)
{
    json_space(scanner);
    return scanner->at == scanner->end || json_fault(scanner, "text after the value");
}

size_t json_utf8_length(const char *bytes, size_t size)
{
    const unsigned char *at = (const unsigned char *)bytes;
    if (size == 0)
        return 0;
    if (at[0] < 0x80)
        return 1;
    size_t length = 0;
    if (at[0] >= 0xC2 && at[0] <= 0xDF)
        length = 2;
    else if (at[0] >= 0xE0 && at[0] <= 0xEF)
        length = 3;
    else if (at[0] >= 0xF0 && at[0] <= 0xF4)
        length = 4;
    if (length == 0 || size < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    /* Overlong forms, surrogates, and what lies beyond U+10FFFF. */
    if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F) || (at[0] == 0xF0 && at[1] < 0x90)
        || (at[0] == 0xF4 && at[1] > 0x8F))
        return 0;
    return length;
}

bool json_is_utf8(const char *bytes, size_t size)
{
    while (size > 0) {
        size_t length = json_utf8_length(bytes, size);
        if (length == 0)
            return false;
        bytes += length;
        size -= length;
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool hex_unit(json_scanner *scanner, uint32_t *unit)
{
    *unit = 0;
    if (scanner->end - scanner->at < 4)
        return json_fault(scanner, "\\u needs four hexadecimal digits");
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(*scanner->at++);
        if (digit < 0)
            return json_fault(scanner, "\\u needs four hexadecimal digits");
        *unit = *unit << 4 | (uint32_t)digit;
    }
    return true;
}

static bool give(json_scanner *scanner, json_sink sink, void *context, const char *bytes, size_t size)
{
    return sink == NULL || size == 0 || sink(context, bytes, size) || json_fault(scanner, "out of memory");
}

static bool escape(json_scanner *scanner, json_sink sink, void *context)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (scanner->at == scanner->end)
        return json_fault(scanner, "text ends inside a string");
    char c = *scanner->at++;
    const char *known = c == '\0' ? NULL : strchr(from, c);
    if (known != NULL)
        return give(scanner, sink, context, to + (known - from), 1);
    if (c != 'u')
        return json_fault(scanner, "unknown escape in a string");
    uint32_t point, low;
    if (!hex_unit(scanner, &point))
        return false;
    if (point >= 0xDC00 && point <= 0xDFFF)
        return json_fault(scanner, "lone surrogate in a string");
    if (point >= 0xD800 && point <= 0xDBFF) {
        if (scanner->end - scanner->at < 2 || scanner->at[0] != '\\' || scanner->at[1] != 'u')
            return json_fault(scanner, "lone surrogate in a string");
        scanner->at += 2;
        if (!hex_unit(scanner, &low))
            return false;
        if (low < 0xDC00 || low > 0xDFFF)
            return json_fault(scanner, "lone surrogate in a string");
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    char bytes[4];
    size_t size;
    if (point < 0x80) {
        bytes[0] = (char)point;
        size = 1;
    } else if (point < 0x800) {
        bytes[0] = (char)(0xC0 | point >> 6);
        bytes[1] = (char)(0x80 | (point & 0x3F));
        size = 2;
    } else if (point < 0x10000) {
        bytes[0] = (char)(0xE0 | point >> 12);
        bytes[1] = (char)(0x80 | ((point >> 6) & 0x3F));
        bytes[2] = (char)(0x80 | (point & 0x3F));
        size = 3;
    } else {
        bytes[0] = (char)(0xF0 | point >> 18);
        bytes[1] = (char)(0x80 | ((point >> 12) & 0x3F));
        bytes[2] = (char)(0x80 | ((point >> 6) & 0x3F));
        bytes[3] = (char)(0x80 | (point & 0x3F));
        size = 4;
    }
    return give(scanner, sink, context, bytes, size);
}

bool json_string(json_scanner *scanner, json_sink sink, void *context)
{
    if (!json_take(scanner, '"'))
        return json_fault(scanner, "a string was expected");
    const char *plain = scanner->at;
    while (scanner->at < scanner->end) {
        unsigned char c = (unsigned char)*scanner->at;
        if (c == '"' || c == '\\') {
            if (!give(scanner, sink, context, plain, (size_t)(scanner->at - plain)))
                return false;
            scanner->at++;
            if (c == '"')
                return true;
            if (!escape(scanner, sink, context))
                return false;
            plain = scanner->at;
        } else if (c < 0x20) {
            return json_fault(scanner, "control character in a string");
        } else {
            size_t length = json_utf8_length(scanner->at, (size_t)(scanner->end - scanner->at));
            if (length == 0)
                return json_fault(scanner, "bytes that are not UTF-8");
            scanner->at += length;
        }
    }
    return json_fault(scanner, "text ends inside a string");
}

static bool digits(json_scanner *scanner)
{
    const char *first = scanner->at;
    while (scanner->at < scanner->end && *scanner->at >= '0' && *scanner->at <= '9')
        scanner->at++;
    return scanner->at > first || json_fault(scanner, "a digit was expected");
}

bool json_number_value(json_scanner *scanner, json_number *value)
{
    json_space(scanner);
    const char *first = scanner->at;
    bool integer = true;
    if (scanner->at < scanner->end && *scanner->at == '-')
        scanner->at++;
    if (scanner->at < scanner->end && *scanner->at == '0')
        scanner->at++;
    else if (!digits(scanner))
        return false;
    if (scanner->at < scanner->end && *scanner->at == '.') {
        integer = false;
        scanner->at++;
        if (!digits(scanner))
            return false;
    }
    if (scanner->at < scanner->end && (*scanner->at == 'e' || *scanner->at == 'E')) {
        integer = false;
        scanner->at++;
        if (scanner->at < scanner->end && (*scanner->at == '+' || *scanner->at == '-'))
            scanner->at++;
        if (!digits(scanner))
            return false;
    }
    char copy[512];
    size_t size = (size_t)(scanner->at - first);
    if (size >= sizeof copy)
        return json_fault(scanner, "a number of more than 511 characters");
    memcpy(copy, first, size);
    copy[size] = '\0';
    value->is_integer = false;
    value->integer = 0;
    if (integer) {
        errno = 0;
        value->integer = strtoll(copy, NULL, 10);
        value->is_integer = errno == 0;
    }
    /* The host may have set a locale whose decimal point is a comma. newlocale("C") gives libc's static object. */
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0)
        return json_fault(scanner, "out of memory");
    value->number = strtod_l(copy, NULL, plain);
    freelocale(plain);
    return isfinite(value->number) || json_fault(scanner, "a number beyond the range of a double");
}

bool json_skip(json_scanner *scanner, unsigned depth)
{
    json_number number;
    if (depth > JSON_MAX_DEPTH)
        return json_fault(scanner, "nested more than 32 deep");
    switch (json_peek(scanner)) {
    case '"':
        return json_string(scanner, NULL, NULL);
    case 't':
        return json_word(scanner, "true");
    case 'f':
        return json_word(scanner, "false");
    case 'n':
        return json_word(scanner, "null");
    case '[':
        scanner->at++;
        if (json_take(scanner, ']'))
            return true;
        do {
            if (!json_skip(scanner, depth + 1))
                return false;
        } while (json_take(scanner, ','));
        return json_take(scanner, ']') || json_fault(scanner, "',' or ']' was expected");
    case '{':
        scanner->at++;
        if (json_take(scanner, '}'))
            return true;
        do {
            if (!json_string(scanner, NULL, NULL))
                return false;
            if (!json_take(scanner, ':'))
                return json_fault(scanner, "':' was expected");
            if (!json_skip(scanner, depth + 1))
                return false;
        } while (json_take(scanner, ','));
        return json_take(scanner, '}') || json_fault(scanner, "',' or '}' was expected");
    default:
        return json_number_value(scanner, &number);
    }
}
