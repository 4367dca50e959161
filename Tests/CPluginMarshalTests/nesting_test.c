/* A struct within its own kind travels one level deep; payloads travel by their event's kind. */
#include "check.h"

static void check_parts(void)
{
    kw_part grandchild = { .h = KW_HDR(kw_part), .text = { "grandchild", 10 } };
    kw_part child = { .h = KW_HDR(kw_part), .text = { "child", 5 }, .parts = { &grandchild, 1, sizeof(kw_part) } };
    kw_part part = { .h = KW_HDR(kw_part), .text = { "part", 4 }, .parts = { &child, 1, sizeof(kw_part) } };
    grandchild.parts = (kw_span){ &part, 1, sizeof(kw_part) }; /* without an end */
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_PART, .payload = { &part, 1, sizeof(kw_part) } };
    uint64_t length;
    void *read, *message = message_of(&kwm_event, &event, &length);
    CHECK(kwm_decode(&kwm_event, message, length, &read, NULL) == KW_OK);
    const kw_part *one = ((kw_event *)read)->payload.ptr;
    const kw_part *two = one->parts.ptr;
    CHECK(one->parts.count == 1 && two->text.len == 5 && memcmp(two->text.ptr, "child", 5) == 0);
    CHECK(two->parts.count == 0 && two->parts.ptr == NULL);
    free(message);
}

/* How many elements of the payload arrive. */
static uint32_t arrived(uint32_t kind, const void *payload, uint32_t stride)
{
    kw_event event = { .h = KW_HDR(kw_event), .kind = kind, .payload = { payload, 2, stride } };
    uint64_t length;
    void *read, *message = message_of(&kwm_event, &event, &length);
    CHECK(kwm_decode(&kwm_event, message, length, &read, NULL) == KW_OK);
    uint32_t count = ((kw_event *)read)->payload.count;
    free(message);
    return count;
}

static void check_kinds(void)
{
    kw_usage usage[2] = { { .h = KW_HDR(kw_usage) }, { .h = KW_HDR(kw_usage) } };
    CHECK(arrived(KW_EVENT_USAGE, usage, sizeof *usage) == 2);
    CHECK(arrived(KW_EVENT_TEXT, usage, sizeof *usage) == 0);
    CHECK(arrived(KW_EVENT_CUSTOM, usage, sizeof *usage) == 0);
    CHECK(arrived(UINT32_MAX, usage, sizeof *usage) == 0);
    kw_item items[2] = { { .h = KW_HDR(kw_item) }, { .h = KW_HDR(kw_item) } };
    CHECK(arrived(KW_EVENT_ITEMS, items, sizeof *items) == 2);
}

/* What a kind without a payload claims to have is not even looked at. */
static void check_false_payload(void)
{
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_TEXT };
    uint64_t length;
    kw_event *message = message_of(&kwm_event, &event, &length);
    message->payload = (kw_span){ NULL, UINT32_MAX, UINT32_MAX };
    void *read;
    CHECK(kwm_decode(&kwm_event, message, length, &read, NULL) == KW_OK && ((kw_event *)read)->payload.count == 0);
    free(message);
}

void test_nesting(void)
{
    check_parts();
    check_kinds();
    check_false_payload();
}
