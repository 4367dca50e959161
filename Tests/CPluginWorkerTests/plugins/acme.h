/* An interface of a third party, as its header would be: nothing of Keyway has seen it. */
#ifndef ACME_H
#define ACME_H

#include <keyway/plugin.h>

#define ACME_PARSER_ID "acme.parser/1"

#define ACME_RULES 1u /* extras: acme_rule */
#define ACME_WORDS 2u /* extras: acme_word */

typedef struct acme_rule {
    kw_hdr h;
    kw_str name;
    kw_span limits; /* double */
} acme_rule;

typedef struct acme_word {
    kw_hdr h;
    kw_str text;
    uint32_t count;
    uint32_t reserved;
    kw_span rules; /* acme_rule */
} acme_word;

typedef struct acme_parse_in {
    kw_hdr h;
    kw_str language;
    kw_span texts; /* kw_str; one event, and one row, for each */
    kw_span numbers; /* uint32_t */
    kw_span words; /* acme_word */
    kw_span extras; /* by kind */
    uint32_t kind;
    uint32_t dims, element, flags;
    const float *vector; /* dims of element, or NULL */
    void *rows;
    uint64_t capacity, stride;
    const void *bytes;
    uint64_t bytes_size;
} acme_parse_in;

typedef struct acme_parse_out {
    kw_hdr h;
    kw_str summary;
    kw_span words; /* acme_word */
    kw_span sums; /* double */
    uint64_t pages; /* leases that were released before */
    kw_lease page;
} acme_parse_out;

typedef struct acme_parser {
    kw_hdr h;
    KW_OP(parse, acme_parse_in, acme_parse_out);
    KW_OP(missing, kw_none, kw_none);
    KW_OP(refuse, acme_word, kw_none);
} acme_parser;

#endif
