/* How long the messages of a call take, beside a copy of the same bytes. */
#include <CPluginMarshal.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 30, PASSES = 100000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Best of several rounds, in nanoseconds. */
static void measure(const char *name, const kwm_struct *type, const void *value)
{
    static _Alignas(16) unsigned char message[8192], copy[8192];
    uint64_t length = 0;
    double encode = 1e9, decode = 1e9, baseline = 1e9;
    void *read = NULL;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now();
        for (int i = 0; i < PASSES; i++) {
            kwm_encode(type, value, message, sizeof message, &length, NULL);
            __asm__ volatile("" ::: "memory");
        }
        double end = now();
        encode = end - start < encode ? end - start : encode;
        start = now();
        for (int i = 0; i < PASSES; i++) {
            memcpy(copy, message, length);
            __asm__ volatile("" ::: "memory");
        }
        end = now();
        baseline = end - start < baseline ? end - start : baseline;
        /* Decoding writes pointers over what was 0, which it does not read, so one message may be decoded again and again; not
         * one with vectors that may be absent. */
        start = now();
        for (int i = 0; i < PASSES; i++) {
            kwm_decode(type, copy, length, &read, NULL);
            __asm__ volatile("" ::: "memory");
        }
        end = now();
        decode = end - start < decode ? end - start : decode;
    }
    if (read == NULL)
        printf("%-40s failed\n", name);
    else
        printf("%-40s %5u bytes  encode %6.1f ns  decode %6.1f ns  together %6.1f ns  memcpy %5.1f ns\n", name,
               (unsigned)length, encode / PASSES, decode / PASSES, (encode + decode) / PASSES, baseline / PASSES);
}

int main(void)
{
    const kwm_operation *embed = &kwm_interface_by_id((kw_str){ KW_EMBEDDER_ID, sizeof KW_EMBEDDER_ID - 1 })->operations[1];
    static char letters[200];
    memset(letters, 'x', sizeof letters);
    kw_str text = { letters, sizeof letters };
    float rows[384];
    kw_embed_in in = { .h = KW_HDR(kw_embed_in), .texts = { &text, 1, sizeof text }, .rows = rows,
                       .capacity = sizeof rows, .row_stride = sizeof rows, .dims = 384, .element = KW_ELEMENT_F32 };
    uint32_t tokens = 50;
    kw_embed_out out = { .h = KW_HDR(kw_embed_out), .rows_written = 1, .total_tokens = 50,
                         .tokens = { &tokens, 1, sizeof tokens } };
    kw_call call = { .h = KW_HDR(kw_call), .id = 7, .deadline_ns = 1, .caller = { "example.caller", 14 } };
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_TEXT, .text = { "token", 5 } };
    measure("kw_call", &kwm_call, &call);
    measure("kw_embed_in, one text of 200 bytes", embed->in, &in);
    measure("kw_embed_out, one row", embed->out, &out);
    measure("kw_event, five bytes of text", &kwm_event, &event);
    return 0;
}
