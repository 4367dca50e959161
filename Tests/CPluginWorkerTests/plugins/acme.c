/* A plugin of an interface that only its author and its host know. Its reply says all that it was given. */
#include "acme.h"

#include <keyway/author.h>

#include <stdatomic.h>
#include <stdlib.h>

#define MOST_WORDS 16u
#define PAGE_SIZE 5000u

static _Atomic uint64_t released;

static void release_page(kw_lease *page) KW_NOEXCEPT
{
    page->release = NULL;
    free(page->owner);
    released++;
}

static double sum_of(kw_span limits)
{
    double sum = 0;
    for (uint32_t i = 0; i < limits.count; i++)
        sum += *(const double *)kw_at(limits, i);
    return sum;
}

static double sum_of_rules(kw_span rules)
{
    double sum = 0;
    for (uint32_t i = 0; i < rules.count; i++) {
        acme_rule rule;
        if (kw_read_at(&rule, rules, i))
            sum += sum_of(rule.limits) + (double)rule.name.len;
    }
    return sum;
}

static double sum_of_extras(const acme_parse_in *in)
{
    double sum = 0;
    if (in->kind == ACME_RULES)
        return sum_of_rules(in->extras);
    for (uint32_t i = 0; i < in->extras.count; i++) {
        acme_word word;
        if (kw_read_at(&word, in->extras, i))
            sum += word.count;
    }
    return sum;
}

static double sum_of_vectors(const acme_parse_in *in)
{
    double sum = 0;
    for (uint32_t i = 0; in->vector != NULL && i < in->dims; i++)
        sum += (double)in->vector[i];
    for (uint64_t i = 0; i < in->bytes_size; i++)
        sum += ((const unsigned char *)in->bytes)[i];
    return sum;
}

/* The numbers themselves, which are the caller's too: a row for each text. */
static kw_status fill_rows(kw_call *call, const acme_parse_in *in)
{
    for (uint32_t i = 0; i < in->texts.count; i++) {
        kw_str text = kw_text_at(in->texts, i);
        float *row = (float *)(void *)((char *)in->rows + i * in->stride);
        for (uint32_t j = 0; j < in->dims; j++)
            row[j] = (float)(i * 100 + j) + (float)text.len / 4;
        kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_CUSTOM + 7, .index = i, .text = text };
        kw_status status = call->api->emit(call, &event, 0);
        if (status != KW_OK)
            return status;
    }
    return KW_OK;
}

static kw_status parse(kw_instance *self, kw_call *call, const acme_parse_in *input)
{
    acme_parse_in in;
    acme_word words[MOST_WORDS];
    double sums[4] = { 0 };
    (void)self;
    if (!kw_read(&in, input) || in.words.count > MOST_WORDS)
        return kw_fail(call, KW_INVALID_ARGUMENT, "it has more words than the parser takes");
    kw_status status = fill_rows(call, &in);
    if (status != KW_OK)
        return status;
    for (uint32_t i = 0; i < in.numbers.count; i++)
        sums[0] += *(const uint32_t *)kw_at(in.numbers, i);
    for (uint32_t i = 0; i < in.words.count; i++) {
        if (!kw_read_at(&words[i], in.words, i))
            return KW_INVALID_ARGUMENT;
        sums[1] += sum_of_rules(words[i].rules);
        words[i].count += 1000;
    }
    sums[2] = sum_of_extras(&in);
    sums[3] = sum_of_vectors(&in);
    unsigned char *page = malloc(PAGE_SIZE);
    if (page == NULL)
        return KW_RESOURCE_EXHAUSTED;
    for (uint32_t i = 0; i < PAGE_SIZE; i++)
        page[i] = (unsigned char)(i + in.flags);
    void *kept = call->api->alloc(call, sizeof words + sizeof sums, 16);
    memcpy(kept, words, sizeof words);
    memcpy((char *)kept + sizeof words, sums, sizeof sums);
    acme_parse_out out = {
        .h = KW_HDR(acme_parse_out),
        .summary = kw_copy(call, in.language),
        .words = kw_span_of(kept, in.words.count, sizeof words[0]),
        .sums = kw_span_of((char *)kept + sizeof words, 4, sizeof sums[0]),
        .pages = released,
        .page = { page, PAGE_SIZE, release_page, page },
    };
    return KW_REPLY(call, &out);
}

static kw_status refuse(kw_instance *self, kw_call *call, const acme_word *in)
{
    char text[128];
    (void)self;
    snprintf(text, sizeof text, "%.*s is no word", KW_PRINT(in->text));
    return kw_fail(call, KW_NOT_FOUND, text);
}

static kw_status start(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self, (void)in;
    return kw_reply_none(call);
}

static const acme_parser parser = { .h = KW_HDR(acme_parser), .parse = parse, .refuse = refuse };

#define PARTS(OFFER, SET)              \
    OFFER(ACME_PARSER_ID, parser)      \
    SET(create, kw_create_stateless)   \
    SET(start, start)                  \
    SET(destroy, kw_destroy_stateless)

KW_PLUGIN("acme.plugin", "1.0.0", KW_SDK, KW_SDK, KW_CAP_CONCURRENT, KW_JSON("description": "Parses words"), PARTS);
