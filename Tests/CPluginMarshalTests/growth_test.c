/* Structs of writers that know less or more than this build. That shorter and longer ones arrive is part of every round trip. */
#include "check.h"

typedef struct later_pair {
    kw_pair pair;
    uint64_t added;
} later_pair;

static const kwm_struct *pair_type(void)
{
    for (uint32_t i = 0; i < kwm_call.field_count; i++) {
        if (strcmp(kwm_call.fields[i].name, "attributes") == 0)
            return kwm_call.fields[i].type;
    }
    abort();
}

void test_growth(void)
{
    const kwm_struct *type = pair_type();
    later_pair later = { { { sizeof later, 0 }, { "key", 3 }, { "value", 5 } }, 7 };
    uint64_t length;
    kwm_fault fault;
    void *read, *message = message_of(type, &later, &length);
    CHECK(kwm_decode(type, message, length, &read, NULL) == KW_OK && ((kw_pair *)read)->h.size == sizeof(kw_pair));
    CHECK(memcmp(((kw_pair *)read)->value.ptr, "value", 5) == 0);
    free(message);

    later.pair.h.flags = KW_MUST;
    CHECK(kwm_encode(type, &later, NULL, 0, &length, &fault) == KW_UNIMPLEMENTED && strcmp(fault.field, "h") == 0);
    /* One that is understood whole may insist on it, and goes on doing so. */
    later.pair.h.size = sizeof(kw_pair);
    message = message_of(type, &later, &length);
    CHECK(kwm_decode(type, message, length, &read, NULL) == KW_OK && ((kw_pair *)read)->h.flags == KW_MUST);
    free(message);

    /* Within a span it counts for the element. */
    later_pair attributes[2] = { later, later };
    attributes[0].pair.h.flags = 0;
    attributes[1].pair.h.size = sizeof later;
    kw_call call = { .h = KW_HDR(kw_call), .attributes = { attributes, 2, sizeof later } };
    CHECK(kwm_encode(&kwm_call, &call, NULL, 0, &length, &fault) == KW_UNIMPLEMENTED);
    CHECK(strcmp(fault.structure, "kw_pair") == 0);
    attributes[1].pair.h.flags = 0;
    CHECK(kwm_encode(&kwm_call, &call, NULL, 0, &length, &fault) == KW_BUFFER_TOO_SMALL && fault.reason == NULL);

    /* Half a number is none. */
    kw_count_tokens_out odd = { .h = { sizeof odd - 4, 0 }, .flags = UINT64_MAX };
    const kwm_struct *out = kwm_interface_by_id((kw_str){ KW_EMBEDDER_ID, strlen(KW_EMBEDDER_ID) })->operations[2].out;
    message = message_of(out, &odd, &length);
    CHECK(((kw_count_tokens_out *)message)->flags == 0);
    free(message);
}
