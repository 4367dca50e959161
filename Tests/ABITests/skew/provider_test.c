/* Messages with parts with parts; streams with events that the host does not know. */
#include "host.h"

#define MESSAGES 2u
#define PARTS 3u

/* Three parts a message, of which the last has two of its own: 10 in all. */
static kw_generate_in make_request(const loaded *l, const char *model)
{
    kw_span messages = make_input(MESSAGES, sizeof(kw_message), l->padding);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        kw_message *message = input_at(messages, i);
        message->role = KW_ROLE_USER;
        message->parts = make_input(PARTS, sizeof(kw_part), l->padding);
        SET_ADDED(message, 100);
        for (uint32_t j = 0; j < PARTS; j++) {
            kw_part *part = input_at(message->parts, j);
            part->kind = KW_PART_TEXT;
            part->text = kw_string(j == 0 ? "left" : j == 1 ? "middle" : "right");
            SET_ADDED(part, 10);
        }
        kw_part *last = input_at(message->parts, PARTS - 1);
        last->kind = KW_PART_TOOL_RESULT;
        last->parts = make_input(2, sizeof(kw_part), l->padding);
        for (uint32_t j = 0; j < 2; j++) {
            kw_part *inner = input_at(last->parts, j);
            inner->kind = KW_PART_TEXT;
            SET_ADDED(inner, 1);
        }
    }
    kw_generate_in in = { .h = KW_HDR(kw_generate_in), .model = kw_string(model), .messages = messages };
    SET_ADDED(&in, 1000);
    return in;
}

static void check_answer(const loaded *l, const kw_generate_out *out)
{
    CHECK(out->choices.count == MESSAGES);
    CHECK(ADDED_NUMBER(out) == FROM_PLUGIN(l, ADDED_BY_PLUGIN));
    for (uint32_t i = 0; i < out->choices.count; i++) {
        kw_choice choice;
        CHECK(kw_read_at(&choice, out->choices, i) && choice.index == i && choice.parts.count == PARTS);
        CHECK(ADDED_NUMBER(&choice) == FROM_PLUGIN(l, ADDED_BY_PLUGIN + i));
        for (uint32_t j = 0; j < choice.parts.count; j++) {
            kw_part part;
            CHECK(kw_read_at(&part, choice.parts, j));
            CHECK(kw_equal(part.text, kw_string(j == 0 ? "left" : j == 1 ? "middle" : "right")));
            CHECK(ADDED_NUMBER(&part) == FROM_PLUGIN(l, ADDED_BY_PLUGIN + j));
        }
    }
    kw_usage usage;
    CHECK(out->usage.count == 1 && kw_read_at(&usage, out->usage, 0));
    CHECK(usage.input == MESSAGES * (PARTS + 2));
    CHECK(usage.output == (l->both_know_added ? 1000u + MESSAGES * (100 + PARTS * 10 + 2) : 0u));
}

static void test_generate(const loaded *l, kw_any_op generate)
{
    kw_generate_in in = make_request(l, "");
    test_call c;
    call_run(&c, l, generate, exact_copy(&in), sizeof(kw_generate_out), NULL, NULL);
    CHECK(c.status == KW_OK);
    check_answer(l, (const kw_generate_out *)(const void *)c.reply);
    call_end(&c);

    /* An element inside an array of arrays that must be understood. */
    kw_generate_in must = make_request(l, "");
    kw_message *message = input_at(must.messages, 1);
    kw_part *part = input_at(message->parts, 1);
    part->h.flags = KW_MUST;
    call_run(&c, l, generate, exact_copy(&must), sizeof(kw_generate_out), NULL, NULL);
    CHECK((c.status == KW_OK) == (KW_SDK <= l->sdk_built));
    call_end(&c);
}

typedef struct seen {
    uint32_t texts, skipped;
    uint64_t added;
} seen;

/* As core.h says: an unknown kind is skipped, unless it must be understood. */
static kw_status take(void *context, const kw_event *event, uint32_t flags)
{
    seen *s = context;
    (void)flags;
    if (event->kind == KW_EVENT_TEXT) {
        s->texts++;
        s->added += ADDED_NUMBER(event);
        return KW_OK;
    }
    if ((event->h.flags & KW_MUST) != 0)
        return KW_UNIMPLEMENTED;
    s->skipped++;
    return KW_OK;
}

static void test_stream(const loaded *l, kw_any_op stream)
{
    static const struct {
        const char *model;
        uint32_t skipped;
        int refused_by_all, refused_by_older;
    } cases[] = {
        { "", 0, 0, 0 },
        { "custom", 1, 0, 0 },
        { "added", 1, 0, 0 },
        { "must-kind", 0, 1, 1 },
        { "must-size", 0, 0, 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        seen s = { 0, 0, 0 };
        kw_generate_in in = make_request(l, cases[i].model);
        test_call c;
        call_run(&c, l, stream, exact_copy(&in), sizeof(kw_generate_out), take, &s);
        if (cases[i].refused_by_all || (cases[i].refused_by_older && l->sdk_built > KW_SDK)) {
            CHECK(c.status != KW_OK && s.texts == 1); /* what came before it counts; nothing came after */
        } else {
            uint32_t texts = kw_equal(in.model, kw_string("must-size")) ? 3 : 2;
            int emitted = !kw_equal(in.model, kw_string("added")) || l->both_know_added || l->sdk_built > KW_SDK;
            CHECK(c.status == KW_OK && s.texts == texts && s.skipped == (emitted ? cases[i].skipped : 0));
            CHECK(s.added == FROM_PLUGIN(l, texts * ADDED_BY_PLUGIN));
            check_answer(l, (const kw_generate_out *)(const void *)c.reply);
        }
        call_end(&c);
    }
}

void test_provider(const loaded *l)
{
    kw_provider table;
    uint64_t present;
    CHECK(kwc_import_table(&table, sizeof table, host_interface(l, KW_PROVIDER_ID), &present) == KW_OK);
    test_generate(l, kwc_slot(&table, SLOT(kw_provider, generate)));
    test_stream(l, kwc_slot(&table, SLOT(kw_provider, stream)));
}
