/* A plugin of an interface that Keyway has never heard of: acme.parser/1. */
#include <keyway/author.h>
#include <keyway/plugin.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct acme_word {
    kw_hdr h;
    kw_str text;
    uint64_t process; /* who said it */
} acme_word;

typedef struct acme_parse_in {
    kw_hdr h;
    kw_span texts;   /* kw_str */
    kw_span limits;  /* double */
    float *rows;     /* dims for each text */
    uint64_t capacity, stride;
    uint32_t dims, element;
} acme_parse_in;

typedef struct acme_parse_out {
    kw_hdr h;
    kw_span words; /* acme_word */
    double sum;
    kw_lease page;
} acme_parse_out;

typedef struct acme_parser {
    kw_hdr h;
    KW_OP(parse, acme_parse_in, acme_parse_out);
    KW_OP(crash, kw_none, kw_none);
    KW_OP(missing, kw_none, kw_none);
} acme_parser;

struct kw_instance {
    int unused;
};

static void release_page(kw_lease *page) KW_NOEXCEPT
{
    page->release = NULL;
    free(page->owner);
}

static kw_status parse(kw_instance *self, kw_call *call, const acme_parse_in *input)
{
    acme_parse_in in;
    (void)self;
    if (!kw_read(&in, input) || in.texts.count > 16)
        return kw_fail(call, KW_INVALID_ARGUMENT, "it has more than 16 texts");
    acme_word *words = call->api->alloc(call, sizeof *words * 16, 16);
    acme_parse_out out = { .h = KW_HDR(acme_parse_out) };
    for (uint32_t i = 0; i < in.texts.count; i++) {
        kw_str text = kw_text_at(in.texts, i);
        kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_CUSTOM, .index = i, .text = text };
        kw_status status = call->api->emit(call, &event, 0);
        if (status != KW_OK)
            return status;
        words[i] = (acme_word){ KW_HDR(acme_word), kw_copy(call, text), (uint64_t)getpid() };
        float *row = (float *)(void *)((char *)in.rows + i * in.stride);
        for (uint32_t j = 0; j < in.dims; j++)
            row[j] = (float)text.len + (float)j / 4;
    }
    for (uint32_t i = 0; i < in.limits.count; i++)
        out.sum += *(const double *)kw_at(in.limits, i);
    char *page = malloc(4);
    memcpy(page, "page", 4);
    out.page = (kw_lease){ page, 4, release_page, page };
    out.words = kw_span_of(words, in.texts.count, sizeof *words);
    return KW_REPLY(call, &out);
}

static kw_status crash(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self, (void)call, (void)in;
    abort();
}

static kw_status create(kw_instance *self, kw_call *call, const kw_create_in *in)
{
    static kw_instance instance;
    kw_create_out out = { .h = KW_HDR(kw_create_out), .instance = &instance };
    (void)self, (void)in;
    return KW_REPLY(call, &out);
}

static kw_status destroy(kw_instance *self, kw_call *call, const kw_none *in)
{
    kw_none out = { .h = KW_HDR(kw_none) };
    (void)self, (void)in;
    return KW_REPLY(call, &out);
}

static const acme_parser parser = { .h = KW_HDR(acme_parser), .parse = parse, .crash = crash };

#define PARTS(INTERFACE, SET)                \
    INTERFACE("acme.parser/1", parser)       \
    SET(create, create)                      \
    SET(destroy, destroy)

KW_PLUGIN("acme-parser", "1.0.0", 1, 1, KW_CAP_CONCURRENT, "\"description\":\"Parses\"", PARTS);
