/* What a writer may not write. */
#include "check.h"

/* Is the value refused, at this place, whether it is written or only measured? */
static int is_refused(const kwm_struct *type, const void *value, const char *structure, const char *field)
{
    uint64_t length;
    kwm_fault fault = { NULL, NULL, NULL };
    void *buffer = malloc(1 << 16);
    int is_right = 1;
    for (uint64_t capacity = 0; capacity <= 1 << 16; capacity += 1 << 16) {
        is_right &= kwm_encode(type, value, buffer, capacity, &length, &fault) == KW_INVALID_ARGUMENT;
        is_right &= length == 0 && fault.reason != NULL;
        is_right &= fault.structure != NULL && strcmp(fault.structure, structure) == 0;
        is_right &= fault.field != NULL && strcmp(fault.field, field) == 0;
    }
    free(buffer);
    return is_right;
}

static const kwm_operation *operation(const char *id, const char *name)
{
    const kwm_interface *interface = kwm_interface_by_id((kw_str){ id, strlen(id) });
    for (uint32_t i = 0; i < interface->count; i++) {
        if (strcmp(interface->operations[i].name, name) == 0)
            return &interface->operations[i];
    }
    abort();
}

static void refuse_texts(void)
{
    const kwm_struct *type = operation(KW_EMBEDDER_ID, "embed")->in;
    kw_str texts[2] = { { "a", 1 }, { "b", 1 } };
    kw_embed_in in = { .h = KW_HDR(kw_embed_in), .texts = { texts, 2, sizeof(kw_str) } };
    uint64_t length;
    CHECK(kwm_encode(type, &in, NULL, 0, &length, NULL) == KW_BUFFER_TOO_SMALL);
    texts[1].ptr = NULL;
    CHECK(is_refused(type, &in, "kw_embed_in", "texts"));
    texts[1] = (kw_str){ "b", UINT64_MAX };
    CHECK(kwm_encode(type, &in, NULL, 0, &length, NULL) == KW_INVALID_ARGUMENT);
    texts[1].len = (uint64_t)1 << 63;
    CHECK(kwm_encode(type, &in, NULL, 0, &length, NULL) == KW_INVALID_ARGUMENT);
    texts[1].len = 1;
    for (uint32_t stride = 0; stride < sizeof(kw_str); stride++) {
        in.texts.stride = stride;
        CHECK(is_refused(type, &in, "kw_embed_in", "texts"));
    }
    in.texts.stride = sizeof(kw_str) + 4;
    CHECK(is_refused(type, &in, "kw_embed_in", "texts"));
    in.texts = (kw_span){ NULL, 1, sizeof(kw_str) };
    CHECK(is_refused(type, &in, "kw_embed_in", "texts"));
    in.texts.count = 0;
    in.instruction = (kw_str){ NULL, 1 };
    CHECK(is_refused(type, &in, "kw_embed_in", "instruction"));
    in.instruction.len = 0;
    in.h.size = sizeof(kw_hdr) - 1;
    CHECK(is_refused(type, &in, "kw_embed_in", "h"));
    CHECK(is_refused(type, NULL, "kw_embed_in", "h"));
    in.h.size = sizeof in;
    unsigned char *buffer = malloc(4096);
    CHECK(kwm_encode(type, &in, buffer + 8, 4000, &length, NULL) == KW_INVALID_ARGUMENT);
    free(buffer);
}

static void refuse_structs(void)
{
    kw_pair attributes[2] = { { .h = KW_HDR(kw_pair) }, { .h = KW_HDR(kw_pair) } };
    kw_call call = { .h = KW_HDR(kw_call), .attributes = { attributes, 2, sizeof(kw_pair) } };
    attributes[1].h.size = sizeof(kw_pair) + 8; /* would reach into the next one */
    CHECK(is_refused(&kwm_call, &call, "kw_pair", "h"));
    attributes[1].h.size = 4;
    CHECK(is_refused(&kwm_call, &call, "kw_pair", "h"));
    attributes[1].h.size = sizeof(kw_pair);
    call.attributes.stride = sizeof(kw_hdr) - 8;
    CHECK(is_refused(&kwm_call, &call, "kw_call", "attributes"));
    call.attributes.stride = sizeof(kw_pair) + 1;
    CHECK(is_refused(&kwm_call, &call, "kw_call", "attributes"));
}

/* Lengths that no memory has, and whose sum is no number; nobody reads so far. */
static void refuse_sums(void)
{
    kw_pair pair = { .h = KW_HDR(kw_pair) };
    kw_str endless = { "", (uint64_t)1 << 62 };
    kw_call call = { .h = KW_HDR(kw_call), .run_id = endless, .attributes = { &pair, 1, sizeof pair } };
    uint64_t length;
    kwm_fault fault;
    CHECK(kwm_encode(&kwm_call, &call, NULL, 0, &length, &fault) == KW_INVALID_ARGUMENT);
    CHECK(strcmp(fault.field, "attributes") == 0);
    call.traceparent = call.caller = endless;
    CHECK(kwm_encode(&kwm_call, &call, NULL, 0, &length, &fault) == KW_INVALID_ARGUMENT);
    CHECK(strcmp(fault.field, "traceparent") == 0);
    call.run_id.len++;
    CHECK(is_refused(&kwm_call, &call, "kw_call", "run_id"));
}

static void refuse_memory(void)
{
    const kwm_struct *type = operation(KW_VECTOR_BACKEND_ID, "upsert")->in;
    kw_upsert_in upsert = { .h = KW_HDR(kw_upsert_in), .rows = NULL, .rows_size = 16 };
    CHECK(is_refused(type, &upsert, "kw_upsert_in", "rows"));
    float vector[3] = { 1, 2, 3 };
    kw_query queries[1] = { { .h = KW_HDR(kw_query), .vector = vector, .dims = 3, .element = 7 } };
    kw_query_in query = { .h = KW_HDR(kw_query_in), .queries = { queries, 1, sizeof(kw_query) } };
    kwm_fault fault;
    uint64_t length;
    type = operation(KW_VECTOR_BACKEND_ID, "query")->in;
    CHECK(kwm_encode(type, &query, NULL, 0, &length, &fault) == KW_UNIMPLEMENTED && strcmp(fault.field, "vector") == 0);
    queries[0].element = 0;
    CHECK(kwm_encode(type, &query, NULL, 0, &length, &fault) == KW_UNIMPLEMENTED);
    queries[0].vector = NULL; /* then nobody asks what it is made of */
    CHECK(kwm_encode(type, &query, NULL, 0, &length, &fault) == KW_BUFFER_TOO_SMALL);
}

void test_refusals(void)
{
    refuse_texts();
    refuse_structs();
    refuse_sums();
    refuse_memory();
}
