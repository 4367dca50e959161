#include "configuration.h"

#include <string.h>

/* One object with one known member needs no general JSON parser, only a strict one. */

#define EXPECTED "configuration must be one JSON object such as {\"dims\": 1024}"

typedef struct scanner {
    const char *next, *end;
} scanner;

static void skip_space(scanner *s)
{
    while (s->next < s->end && memchr(" \t\r\n", *s->next, 4) != NULL) {
        s->next++;
    }
}

static int accept(scanner *s, char c)
{
    skip_space(s);
    if (s->next < s->end && *s->next == c) {
        s->next++;
        return 1;
    }
    return 0;
}

static int accept_text(scanner *s, const char *text)
{
    size_t length = strlen(text);
    skip_space(s);
    if ((size_t)(s->end - s->next) >= length && memcmp(s->next, text, length) == 0) {
        s->next += length;
        return 1;
    }
    return 0;
}

static const char *parse_dims(scanner *s, uint32_t *dims)
{
    uint32_t value = 0;
    size_t digits = 0;
    skip_space(s);
    for (; s->next < s->end && *s->next >= '0' && *s->next <= '9'; s->next++, digits++) {
        value = value > DIMS_MAXIMUM ? value : value * 10 + (uint32_t)(*s->next - '0');
    }
    int is_whole = s->next == s->end || memchr(".eE", *s->next, 3) == NULL;
    if (digits == 0 || !is_whole || value < DIMS_MINIMUM || value > DIMS_MAXIMUM) {
        return "configuration /dims must be a whole number from 64 to 4096";
    }
    *dims = value;
    return NULL;
}

const char *configuration_parse(configuration *out, const char *json, size_t length)
{
    out->dims = DIMS_DEFAULT;
    if (length == 0) {
        return NULL;
    }
    scanner s = { json, json + length };
    if (!accept(&s, '{')) {
        return EXPECTED;
    }
    if (!accept(&s, '}')) {
        if (!accept_text(&s, "\"dims\"")) {
            return "configuration has a member that hash-embedder does not know: the only one is \"dims\"";
        }
        if (!accept(&s, ':')) {
            return EXPECTED;
        }
        const char *problem = parse_dims(&s, &out->dims);
        if (problem != NULL) {
            return problem;
        }
        if (!accept(&s, '}')) {
            return accept(&s, ',') ? "configuration has more than one member: the only one is \"dims\", once" : EXPECTED;
        }
    }
    skip_space(&s);
    return s.next == s.end ? NULL : EXPECTED;
}
