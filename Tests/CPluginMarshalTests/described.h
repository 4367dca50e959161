/* A description of a made-up interface, as a test can spoil it. */
#ifndef DESCRIBED_H
#define DESCRIBED_H

#include "check.h"

typedef struct acme_option {
    kw_hdr h;
    kw_str name;
    kw_span values; /* of double */
} acme_option;

typedef struct acme_parse_in {
    kw_hdr h;
    kw_span texts;   /* of kw_str */
    kw_span options; /* of acme_option */
    uint32_t kind;   /* 7: extras is acme_option */
    uint32_t dims, element, reserved;
    kw_span extras;
    const void *vector;
    const void *bytes;
    uint64_t bytes_size;
    void *rows;
    uint64_t capacity, stride;
} acme_parse_in;

typedef struct acme_parse_out {
    kw_hdr h;
    kw_str text;
    kw_lease page;
} acme_parse_out;

/* The whole, in one place. `all` is what is written. */
typedef struct made_up {
    kwm_case_description cases[2];
    kwm_field_description option[2], in[6], out[2];
    kwm_struct_description structs[3];
    uint32_t spans[1];
    kwm_matrix_description matrix;
    kwm_operation_description operations[2];
    kwm_interface_description interfaces[2];
    kwm_description all;
} made_up;

enum { OPTION = 1, PARSE_IN, PARSE_OUT };
enum { IN_TEXTS, IN_OPTIONS, IN_EXTRAS, IN_VECTOR, IN_BYTES, IN_ROWS };

/* As roots.c counts. */
#define DESCRIPTION_ROOT 3u

void make_up(made_up *made);
/* Its bytes; on the heap. */
void *bytes_of(const made_up *made, uint64_t *length);

#endif
