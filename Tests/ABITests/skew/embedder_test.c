/* Requests, replies, tables and host functions of other sizes than the reader's. */
#include "host.h"

#define DIMS 4u
#define TEXTS 3u

static float rows[TEXTS][DIMS];

static kw_embed_in make_request(const loaded *l)
{
    static const char *const words[TEXTS] = { "a", "bb", "ccc" };
    kw_span texts = make_input(TEXTS, sizeof(kw_str), l->padding);
    for (uint32_t i = 0; i < TEXTS; i++) {
        kw_str text = kw_string(words[i]);
        memcpy(input_at(texts, i), &text, sizeof text);
    }
    kw_embed_in in = {
        .h = KW_HDR(kw_embed_in), .texts = texts, .rows = rows, .capacity = sizeof rows, .row_stride = sizeof rows[0],
        .dims = DIMS, .element = KW_ELEMENT_F32,
    };
    SET_ADDED(&in, 17);
    return in;
}

static void test_rows(const loaded *l, kw_any_op embed)
{
    kw_embed_in in = make_request(l);
    test_call c;
    memset(rows, 0, sizeof rows);
    call_run(&c, l, embed, exact_copy(&in), sizeof(kw_embed_out), NULL, NULL);
    const kw_embed_out *out = (const kw_embed_out *)(const void *)c.reply;
    CHECK(c.status == KW_OK && out->rows_written == TEXTS);
    for (uint32_t i = 0; i < TEXTS; i++) {
        CHECK(rows[i][0] == (float)(i + 1) && rows[i][3] == (float)i);
        /* Neither a field nor a function is there unless both sides know it. */
        CHECK(rows[i][1] == (l->both_know_added ? 17.0f : 0.0f));
        CHECK(rows[i][2] == (l->both_know_added ? (float)HOST_NUMBER : 0.0f));
    }
    CHECK(c.noted == (l->both_know_added ? 7u : 0u));
    /* A reply that is larger was cut, one that is smaller filled with zero: the reply's memory was full of filler. */
    CHECK(ADDED_NUMBER(out) == FROM_PLUGIN(l, ADDED_BY_PLUGIN));
    CHECK(out->warnings.count == 2 && out->usage.count == 1);
    for (uint32_t i = 0; i < out->warnings.count; i++) {
        kw_warning warning;
        CHECK(kw_read_at(&warning, out->warnings, i));
        CHECK(kw_equal(warning.feature, kw_string(i == 0 ? "first" : "second")));
        CHECK(ADDED_NUMBER(&warning) == FROM_PLUGIN(l, ADDED_BY_PLUGIN + i));
    }
    kw_usage usage;
    CHECK(kw_read_at(&usage, out->usage, 0) && usage.cache_read == (l->both_know_added ? 1u : 0u));
    /* A service's present function, the added field of its reply, its added function. */
    CHECK(usage.input == STORE_VERSION);
    CHECK(usage.output == FROM_HOST(l, ADDED_BY_HOST) && usage.total == FROM_HOST(l, STORE_VERSION + 1));
    CHECK(ADDED_NUMBER(&usage) == FROM_PLUGIN(l, ADDED_BY_PLUGIN));
    call_end(&c);
}

/* KW_MUST on what the reader knows whole changes nothing; on what it does not, it is a refusal. */
static void test_must(const loaded *l, kw_any_op embed)
{
    kw_embed_in in = make_request(l);
    in.h.flags = KW_MUST;
    test_call c;
    call_run(&c, l, embed, exact_copy(&in), sizeof(kw_embed_out), NULL, NULL);
    CHECK(c.status == (KW_SDK > l->sdk_built ? KW_UNIMPLEMENTED : KW_OK));
    call_end(&c);

    kw_embed_in wants = make_request(l);
    wants.instruction = kw_string("must-reply");
    call_run(&c, l, embed, exact_copy(&wants), sizeof(kw_embed_out), NULL, NULL);
    if (l->sdk_built > KW_SDK) {
        CHECK(c.status != KW_OK && (c.frame->misuse & KWC_BAD_REPLY) != 0);
        for (uint32_t i = 0; i < c.size; i++)
            CHECK(c.reply[i] == 0); /* nothing of a reply that may not be used */
    } else {
        CHECK(c.status == KW_OK);
    }
    call_end(&c);
}

/* A writer so old that half of the request is missing. */
static void test_short_request(const loaded *l, kw_any_op embed)
{
    kw_embed_in in = make_request(l);
    in.texts.count = 0;
    in.h.size = offsetof(kw_embed_in, capacity);
    test_call c;
    call_run(&c, l, embed, exact_copy(&in), sizeof(kw_embed_out), NULL, NULL);
    CHECK(c.status == KW_BUFFER_TOO_SMALL); /* its row_stride reads as 0 */
    call_end(&c);
}

static void test_added_operation(const loaded *l, const void *table, uint64_t present)
{
#ifdef KW_ADDED
    uint32_t slot = SLOT(kw_embedder, added);
    kw_added_in in = { .h = KW_HDR(kw_added_in), .number = 5 };
    test_call c;
    call_run(&c, l, kwc_slot(table, slot), exact_copy(&in), sizeof(kw_added_out), NULL, NULL);
    const kw_added_out *out = (const kw_added_out *)(const void *)c.reply;
    CHECK((present >> slot & 1) == (uint64_t)l->both_know_added);
    if (l->both_know_added)
        CHECK(c.status == KW_OK && out->number == 6);
    else
        CHECK(c.status == KW_UNIMPLEMENTED); /* the stub that fills a hole */
    call_end(&c);
#else
    (void)l;
    (void)table;
    CHECK(present == 3); /* info and embed; nothing beyond the slots that this host knows */
#endif
}

void test_embedder(const loaded *l)
{
    union {
        kw_embedder table;
        unsigned char bytes[sizeof(kw_embedder) + 64];
    } imported;
    memset(&imported, 0xC5, sizeof imported);
    uint64_t present = 0;
    const void *raw = host_interface(l, KW_EMBEDDER_ID);
    CHECK(kwc_import_table(&imported.table, sizeof(kw_embedder), raw, &present) == KW_OK);
    for (size_t i = sizeof(kw_embedder); i < sizeof imported; i++)
        CHECK(imported.bytes[i] == 0xC5);
    kw_any_op embed = kwc_slot(&imported.table, SLOT(kw_embedder, embed));
    test_rows(l, embed);
    test_must(l, embed);
    test_short_request(l, embed);
    test_added_operation(l, &imported.table, present);

    /* A slot that the plugin left open. */
    kw_count_tokens_in count = { .h = KW_HDR(kw_count_tokens_in) };
    test_call c;
    call_run(&c, l, kwc_slot(&imported.table, SLOT(kw_embedder, count_tokens)), exact_copy(&count),
             sizeof(kw_count_tokens_out), NULL, NULL);
    CHECK(c.status == KW_UNIMPLEMENTED && (present >> SLOT(kw_embedder, count_tokens) & 1) == 0);
    call_end(&c);

    /* A table that must be known whole. */
    raw = host_interface(l, "test.must-embedder/1");
    CHECK(kwc_import_table(&imported.table, sizeof(kw_embedder), raw, &present) ==
          (l->sdk_built > KW_SDK ? KW_UNIMPLEMENTED : KW_OK));
}
