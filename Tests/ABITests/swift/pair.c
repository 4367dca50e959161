/* Two plugins in one process, in turns: does each keep its own sizes?
 *
 *     pair FIRST.so SECOND.so
 */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 1000u
#define TEXTS 5u

/* The size of kw_warning that the plugin was compiled with. Ends the program, before anything is written by a wrong
 * size, if the plugin's run-time library has another. */
static uint32_t check_size(const loaded *l, const kw_embedder *table, const char *file)
{
    kw_none in = { .h = KW_HDR(kw_none) };
    test_call c;
    call_run(&c, l, kwc_slot(table, SLOT(kw_embedder, info)), &in, sizeof(kw_embedder_info), NULL, NULL);
    const kw_embedder_info *out = (const kw_embedder_info *)(const void *)c.reply;
    uint32_t at_run_time = out->dims, compiled = out->max_batch;
    CHECK(c.status == KW_OK);
    call_end(&c);
    if (at_run_time != compiled) {
        fprintf(stderr, "%s: kw_warning was compiled with %u bytes and has %u at run time\n", file, compiled,
                at_run_time);
        exit(1);
    }
    return compiled;
}

static void use(const loaded *l, const kw_embedder *table, uint32_t size)
{
    kw_str texts[TEXTS];
    float rows[TEXTS] = { 0 };
    for (uint32_t i = 0; i < TEXTS; i++)
        texts[i] = kw_string(&"12345"[TEXTS - 1 - i]);
    kw_embed_in in = {
        .h = KW_HDR(kw_embed_in), .texts = kw_span_of(texts, TEXTS, sizeof texts[0]), .rows = rows,
        .capacity = sizeof rows, .row_stride = sizeof rows[0], .dims = 1, .element = KW_ELEMENT_F32,
    };
    test_call c;
    call_run(&c, l, kwc_slot(table, SLOT(kw_embedder, embed)), &in, sizeof(kw_embed_out), NULL, NULL);
    const kw_embed_out *out = (const kw_embed_out *)(const void *)c.reply;
    CHECK(c.status == KW_OK && out->rows_written == TEXTS);
    CHECK(out->warnings.count == TEXTS && out->warnings.stride == size);
    for (uint32_t i = 0; i < TEXTS && out->warnings.count == TEXTS; i++) {
        kw_warning warning;
        CHECK(rows[i] == (float)(i + 1));
        CHECK(kw_read_at(&warning, out->warnings, i) && kw_equal(warning.message, kw_string("was read")));
    }
    call_end(&c);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: pair FIRST.so SECOND.so\n");
        return 2;
    }
    static loaded plugins[2];
    static kw_embedder tables[2];
    uint32_t sizes[2] = { 0, 0 };
    for (int i = 0; i < 2; i++) {
        uint64_t present;
        host_load(&plugins[i], argv[i + 1]);
        const void *raw = host_interface(&plugins[i], KW_EMBEDDER_ID);
        CHECK(kwc_import_table(&tables[i], sizeof tables[i], raw, &present) == KW_OK);
        sizes[i] = check_size(&plugins[i], &tables[i], argv[i + 1]);
    }
    CHECK(sizes[0] != sizes[1]); /* else this would prove nothing */
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 2; i++)
            use(&plugins[i], &tables[i], check_size(&plugins[i], &tables[i], argv[i + 1]));
    }
    for (int i = 0; i < 2; i++)
        host_destroy(&plugins[i]);
    inputs_free();
    printf("kw_warning of %u and of %u bytes: %lu passed, %lu failed\n", sizes[0], sizes[1], checks_passed,
           checks_failed);
    return checks_failed == 0 ? 0 : 1;
}
