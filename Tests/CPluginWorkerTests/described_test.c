/* Interfaces that were described at run time: called through closures, in workers that were told of them. */
#define _GNU_SOURCE
#include "check.h"

#include "plugins/acme.h"

#include <CPluginClosures.h>

#include <dlfcn.h>

/* ---- descriptions ---------------------------------------------------------------------------------------- */

#define AT(type, field) .name = #field, .offset = offsetof(type, field)

static const kwm_field rule_fields[] = {
    { AT(acme_rule, name), .kind = KWM_BYTES },
    { AT(acme_rule, limits), .kind = KWM_NUMBERS, .width = 8 },
};
static const kwm_struct rule_type = { "acme_rule", sizeof(acme_rule), 2, rule_fields };
static const kwm_field word_fields[] = {
    { AT(acme_word, text), .kind = KWM_BYTES },
    { AT(acme_word, rules), .kind = KWM_STRUCTS, .type = &rule_type },
};
static const kwm_struct word_type = { "acme_word", sizeof(acme_word), 2, word_fields };
static const kwm_case extras[] = { { ACME_RULES, 0, &rule_type }, { ACME_WORDS, 0, &word_type } };
static const kwm_field in_fields[] = {
    { AT(acme_parse_in, language), .kind = KWM_BYTES },
    { AT(acme_parse_in, texts), .kind = KWM_TEXTS },
    { AT(acme_parse_in, numbers), .kind = KWM_NUMBERS, .width = 4 },
    { AT(acme_parse_in, words), .kind = KWM_STRUCTS, .type = &word_type },
    { AT(acme_parse_in, extras), .kind = KWM_CASES, .length = offsetof(acme_parse_in, kind), .case_count = 2, .cases = extras },
    { AT(acme_parse_in, vector), .kind = KWM_ELEMENTS, .length = offsetof(acme_parse_in, dims),
      .element = offsetof(acme_parse_in, element) },
    { AT(acme_parse_in, rows), .kind = KWM_LOCAL },
    { AT(acme_parse_in, bytes), .kind = KWM_SIZED, .length = offsetof(acme_parse_in, bytes_size) },
};
static const kwm_struct in_type = { "acme_parse_in", sizeof(acme_parse_in), 8, in_fields };
static const kwm_field out_fields[] = {
    { AT(acme_parse_out, summary), .kind = KWM_BYTES },
    { AT(acme_parse_out, words), .kind = KWM_STRUCTS, .type = &word_type },
    { AT(acme_parse_out, sums), .kind = KWM_NUMBERS, .width = 8 },
    { AT(acme_parse_out, page), .kind = KWM_LEASE },
};
static const kwm_struct out_type = { "acme_parse_out", sizeof(acme_parse_out), 4, out_fields };
static const kwm_struct none_type = { "kw_none", sizeof(kw_none), 0, NULL };
static const uint32_t row_spans[] = { offsetof(acme_parse_in, texts) };
static const kwm_matrix_field row_matrix = {
    "rows", offsetof(acme_parse_in, rows), offsetof(acme_parse_in, capacity), offsetof(acme_parse_in, stride),
    offsetof(acme_parse_in, dims), offsetof(acme_parse_in, element), 1, row_spans,
};
static const kwm_operation parser_operations[] = {
    { "parse", 0, KWM_IDEMPOTENT | KWM_EMITS, &in_type, &out_type, &row_matrix },
    { "missing", 1, 0, &none_type, &none_type, NULL },
    { "refuse", 2, 0, &word_type, &none_type, NULL },
};
static const kwm_interface parser = { ACME_PARSER_ID, sizeof(acme_parser), 3, parser_operations };

/* The parser, and the shipped embedder by another id; as a host that was told of them has them. */
static kwm_described *described(void)
{
    static _Alignas(16) unsigned char bytes[KWM_DESCRIPTION_LIMIT];
    kwm_interface embedder = *kwm_interface_by_id((kw_str){ KW_EMBEDDER_ID, sizeof KW_EMBEDDER_ID - 1 });
    embedder.id = "acme.embedder/1";
    const kwm_interface *const list[] = { &embedder, &parser };
    kwm_described *made;
    kwm_mistake mistake;
    uint64_t length;
    NEED(kwm_describe(list, 2, bytes, sizeof bytes, &length) == KW_OK);
    NEED(kwm_read_description(bytes, length, &made, &mistake) == KW_OK && made->count == 2);
    return made;
}

static uint64_t presence(const served *served, const char *id)
{
    for (uint32_t i = 0; i < served->description.interfaces; i++) {
        if (strcmp(served->description.interface[i].id, id) == 0)
            return served->description.interface[i].present;
    }
    return 0;
}

/* ---- the same operation by stubs and by closures ----------------------------------------------------------- */

/* What a call says, but for what differs from call to call. */
static int is_same_outcome(const outcome *left, const outcome *right)
{
    return left->status == right->status && left->fault.kind == right->fault.kind && left->fault.limit == right->fault.limit
        && left->fault.signal == right->fault.signal && left->misuse == right->misuse
        && strcmp(left->error, right->error) == 0 && left->digest == right->digest && left->tokens == right->tokens;
}

static void compare(zygote *zygote, kwm_described *interfaces, const char *text, const kww_limits *limits)
{
    outcome outcomes[2];
    event_log events[2] = { { 0 }, { 0 } };
    for (int i = 0; i < 2; i++) {
        recipe recipe = { .interfaces = interfaces };
        served *served = start_instance(zygote, &recipe);
        NEED(served != NULL);
        CHECK_EQUAL(presence(served, "acme.embedder/1"), presence(served, KW_EMBEDDER_ID));
        kwf_table *table;
        NEED(kwf_make(&interfaces->interface[0], presence(served, "acme.embedder/1"), &table) == KW_OK);
        kww_remote *remote = remote_of(served, limits);
        question question = { .text = text, .events = &events[i], .embedder = i == 0 ? NULL : kwf_pointer(table) };
        ask(remote, &question, &outcomes[i]);
        free_remote(remote, served);
        kwf_free(table);
        end_worker_of(served);
    }
    CHECK(is_same_outcome(&outcomes[0], &outcomes[1]));
    if (!is_same_outcome(&outcomes[0], &outcomes[1]))
        fprintf(stderr, "%s: status %d and %d, fault %u and %u\n", text, outcomes[0].status, outcomes[1].status,
                outcomes[0].fault.kind, outcomes[1].fault.kind);
    CHECK(events[0].count == events[1].count && strcmp(events[0].last, events[1].last) == 0);
}

/* Replies, events, errors, services, crashes and limits: one path, so one result. */
static void compare_all(zygote *zygote, kwm_described *interfaces)
{
    /* One limit each: which of two is reached first is a matter of time. */
    static const kww_limits wall = { .wall_ns = 100000000, .grace_ns = 20000000 };
    static const kww_limits count = { .events = 1000, .grace_ns = 20000000 };
    static const char *const texts[] = {
        "answer", "count 1000", "large-reply 100000", "status 5", "twice", "nothing", "ask key", "say-secret", "null", "exit",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        compare(zygote, interfaces, texts[i], NULL);
    compare(zygote, interfaces, "spin", &wall);
    compare(zygote, interfaces, "obey", &wall);
    compare(zygote, interfaces, "flood-for-ever", &count);
}

/* ---- the made-up interface --------------------------------------------------------------------------------- */

enum { TEXTS = 3, ROW = 5 };

typedef struct parsed {
    kw_status status;
    unsigned char message[65536]; /* the reply */
    uint64_t length;
    float rows[TEXTS][ROW + 1];
    char events[256];
    uint64_t released;
    int has_release;
} parsed;

static kw_status keep_event(void *context, const kw_event *event, uint32_t flags)
{
    char *text = ((parsed *)context)->events;
    size_t used = strlen(text);
    (void)flags;
    snprintf(text + used, 256 - used, "%u %u %.*s;", event->kind, event->index, (int)event->text.len, event->text.ptr);
    return KW_OK;
}

static void parse(const acme_parser *table, kw_instance *self, parsed *parsed)
{
    static const kw_str texts[TEXTS] = { { "one", 3 }, { "", 0 }, { "three words long", 16 } };
    static const uint32_t numbers[] = { 1, 20, 300 };
    static const double limits[] = { 0.5, -3, 1e9 };
    const acme_rule rules[] = {
        { KW_HDR(acme_rule), { "first", 5 }, { limits, 3, sizeof *limits } },
        { KW_HDR(acme_rule), { NULL, 0 }, { NULL, 0, 0 } },
    };
    const acme_word words[] = {
        { KW_HDR(acme_word), { "alpha", 5 }, 7, 0, { rules, 2, sizeof *rules } },
        { KW_HDR(acme_word), { "beta", 4 }, 8, 0, { rules, 1, sizeof *rules } },
    };
    static const float vector[ROW] = { 1, 2, 3, 4, 5.5f };
    memset(parsed, 0, sizeof *parsed);
    acme_parse_in in = {
        .h = KW_HDR(acme_parse_in), .language = { "tlh", 3 }, .texts = { texts, TEXTS, sizeof *texts },
        .numbers = { numbers, 3, sizeof *numbers }, .words = { words, 2, sizeof *words },
        .extras = { rules, 2, sizeof *rules }, .kind = ACME_RULES, .dims = ROW, .element = KW_ELEMENT_F32, .flags = 3,
        .vector = vector, .rows = parsed->rows, .capacity = sizeof parsed->rows, .stride = sizeof parsed->rows[0],
        .bytes = "\1\2\3", .bytes_size = 3,
    };
    acme_parse_out out = { 0 };
    kwc_frame *frame = kwc_begin(&out, sizeof out);
    NEED(frame != NULL);
    frame->sink = keep_event;
    frame->sink_context = parsed;
    parsed->status = kwc_invoke(frame, (kw_any_op)table->parse, self, &in);
    if (parsed->status == KW_OK) {
        _Alignas(16) static unsigned char message[sizeof parsed->message];
        parsed->released = out.pages;
        out.pages = 0;
        NEED(kwm_encode(&out_type, &out, message, sizeof message, &parsed->length, NULL) == KW_OK);
        memcpy(parsed->message, message, parsed->length);
        parsed->has_release = out.page.release != NULL;
        if (parsed->has_release)
            out.page.release(&out.page);
    }
    kwc_end(frame);
}

static int is_same_parsed(const parsed *left, const parsed *right)
{
    return left->status == right->status && left->length == right->length
        && memcmp(left->message, right->message, left->length) == 0
        && memcmp(left->rows, right->rows, sizeof left->rows) == 0 && strcmp(left->events, right->events) == 0;
}

static const kw_plugin *load_here(void **library)
{
    char path[4096];
    const kw_plugin *plugin = NULL;
    *library = dlopen(built("acme.so", path), RTLD_NOW | RTLD_LOCAL);
    NEED(*library != NULL);
    kw_entry_fn entry;
    *(void **)&entry = dlsym(*library, KW_ENTRY_SYMBOL);
    NEED(entry != NULL && entry(host_with_services(), KW_SDK, &plugin) == KW_OK);
    return plugin;
}

/* In this process and in a worker: not one byte is another. */
static void compare_parsers(zygote *zygote, kwm_described *interfaces)
{
    static parsed here, there, again;
    void *library;
    const kw_plugin *plugin = load_here(&library);
    parse(((const kw_iface *)plugin->ifaces.ptr)->vtable, NULL, &here);
    CHECK(here.status == KW_OK && here.has_release && here.length > 5000);
    CHECK(strcmp(here.events, "65543 0 one;65543 1 ;65543 2 three words long;") == 0);
    dlclose(library);
    recipe recipe = { .plugin = "acme.so", .interfaces = interfaces };
    served *served = start_instance(zygote, &recipe);
    NEED(served != NULL);
    CHECK_EQUAL(presence(served, ACME_PARSER_ID), 5);
    kwf_table *table;
    NEED(kwf_make(&interfaces->interface[1], presence(served, ACME_PARSER_ID), &table) == KW_OK);
    const acme_parser *closures = kwf_pointer(table);
    CHECK(closures->h.size == sizeof *closures && closures->missing == NULL);
    kww_remote *remote = remote_of(served, NULL);
    parse(closures, kww_remote_instance(remote), &there);
    CHECK(is_same_parsed(&here, &there));
    CHECK(!there.has_release && there.released == 0);
    /* The worker gave the plugin its page back when it was sent. */
    parse(closures, kww_remote_instance(remote), &again);
    CHECK(is_same_parsed(&here, &again) && again.released == 1);

    acme_word word = { .h = KW_HDR(acme_word), .text = { "gamma", 5 } };
    kw_none none;
    kwc_frame *frame = kwc_begin(&none, sizeof none);
    NEED(frame != NULL);
    CHECK_EQUAL(kwc_invoke(frame, (kw_any_op)closures->refuse, kww_remote_instance(remote), &word), KW_NOT_FOUND);
    CHECK(frame->failed && frame->error.message.len == 16 && memcmp(frame->error.message.ptr, "gamma is no word", 16) == 0);
    kwc_end(frame);
    /* What cannot be sent is said by the names of the description. */
    word.rules = (kw_span){ NULL, 1, sizeof(acme_rule) };
    kww_fault fault;
    frame = kwc_begin(&none, sizeof none);
    CHECK_EQUAL(kwc_invoke(frame, (kw_any_op)closures->refuse, kww_remote_instance(remote), &word), KWW_FAULT);
    kww_take_fault(&fault);
    CHECK(fault.kind == KWW_FAULT_INPUT && strstr(fault.text, "acme_word.rules") != NULL);
    kwc_end(frame);
    free_remote(remote, served);
    kwf_free(table);
    end_worker_of(served);
}

/* ---- what one side knows and the other does not ------------------------------------------------------------- */

/* Neither host nor worker takes an operation for another one. */
static void call_unknown(zygote *zygote, kwm_described *interfaces)
{
    static parsed parsed;
    for (int worker_knows = 0; worker_knows < 2; worker_knows++) {
        recipe recipe = { .plugin = "acme.so", .interfaces = worker_knows ? interfaces : NULL };
        served *served = start_instance(zygote, &recipe);
        NEED(served != NULL);
        kwf_table *table;
        NEED(kwf_make(&interfaces->interface[1], UINT64_MAX, &table) == KW_OK);
        served->interfaces = worker_knows ? NULL : interfaces;
        kww_remote *remote = remote_of(served, NULL);
        parse(kwf_pointer(table), kww_remote_instance(remote), &parsed);
        CHECK_EQUAL(parsed.status, KW_UNIMPLEMENTED);
        free_remote(remote, served);
        kwf_free(table);
        end_worker_of(served);
    }
}

/* A worker looks at it, too, and says what is wrong. */
static void tell_worker(zygote *zygote, const void *bytes, uint32_t length, const char *expected)
{
    recipe recipe = { .plugin = "acme.so", .told = bytes, .told_size = length };
    served *served = start_worker(zygote, &recipe);
    CHECK_EQUAL(served->state, KWW_STATE_FAILED);
    CHECK(strstr(served->message, expected) != NULL);
    if (strstr(served->message, expected) == NULL)
        fprintf(stderr, "it says: %s\n", served->message);
    end_worker_of(served);
}

static void tell_nonsense(zygote *zygote)
{
    static _Alignas(16) unsigned char bytes[KWM_DESCRIPTION_LIMIT];
    kwm_field fields[8];
    memcpy(fields, in_fields, sizeof fields);
    fields[3].offset += 8;
    kwm_struct in = { "acme_parse_in", sizeof(acme_parse_in), 8, fields };
    kwm_operation operation = parser_operations[0];
    operation.in = &in;
    kwm_interface spoiled = { ACME_PARSER_ID, sizeof(acme_parser), 1, &operation };
    const kwm_interface *const list[] = { &spoiled };
    uint64_t length;
    NEED(kwm_describe(list, 1, bytes, sizeof bytes, &length) == KW_OK);
    tell_worker(zygote, bytes, (uint32_t)length, "acme.parser/1 acme_parse_in.extras overlaps");
    tell_worker(zygote, bytes, (uint32_t)length - 8, "goes on behind the end");
    tell_worker(zygote, "nonsense", 8, "described an interface wrongly");
}

void test_described(void)
{
    zygote zygote;
    kwm_described *interfaces = described();
    start_zygote(&zygote, NULL, NULL);
    possessions before = count_possessions(&zygote);
    compare_all(&zygote, interfaces);
    compare_parsers(&zygote, interfaces);
    call_unknown(&zygote, interfaces);
    tell_nonsense(&zygote);
    CHECK(is_settled(&zygote, before));
    end_zygote(&zygote);
    kwm_free_described(interfaces);
}
