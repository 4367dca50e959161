#include "check.h"

static kw_status answer(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    (void)call;
    (void)in;
    return KW_ABORTED;
}

typedef struct table {
    kw_hdr h;
    kw_any_op slots[3];
} table;

typedef struct later_table {
    kw_hdr h;
    kw_any_op slots[5];
} later_table;

void test_import(void)
{
    struct {
        table table;
        uint64_t canary;
    } host = { .canary = 0x1234 };
    uint64_t present = 99;
    table full = { KW_HDR(table), { answer, NULL, answer } };
    CHECK(kwc_import_table(&host.table, sizeof host.table, &full, &present) == KW_OK && present == 5);
    CHECK(kwc_slot(&host.table, 0)(NULL, NULL, NULL) == KW_ABORTED);
    CHECK(kwc_slot(&host.table, 1)(NULL, NULL, NULL) == KW_UNIMPLEMENTED);
    CHECK(kwc_slot(&host.table, 2)(NULL, NULL, NULL) == KW_ABORTED);

    /* An older plugin's table: what it does not know is not there, whatever lies behind it. */
    full.h.size = sizeof(kw_hdr) + sizeof(kw_any_op);
    CHECK(kwc_import_table(&host.table, sizeof host.table, &full, &present) == KW_OK && present == 1);
    CHECK(kwc_slot(&host.table, 2)(NULL, NULL, NULL) == KW_UNIMPLEMENTED);

    later_table later = { KW_HDR(later_table), { answer, answer, answer, answer, answer } };
    CHECK(kwc_import_table(&host.table, sizeof host.table, &later, &present) == KW_OK && present == 7);
    CHECK(host.canary == 0x1234);
    later.h.flags = KW_MUST;
    CHECK(kwc_import_table(&host.table, sizeof host.table, &later, &present) == KW_UNIMPLEMENTED && present == 0);
    CHECK(kwc_import_table(&host.table, sizeof host.table, NULL, &present) == KW_INVALID_ARGUMENT);
    later.h.size = 4;
    CHECK(kwc_import_table(&host.table, sizeof host.table, &later, &present) == KW_INVALID_ARGUMENT);

    unsigned char huge[8 + 65 * 8];
    memset(&later, 0, sizeof later);
    later.h.size = sizeof later;
    CHECK(kwc_import_table(huge, sizeof huge, &later, &present) == KW_INTERNAL);

    kw_count out, source = { { UINT32_MAX, 0 }, 3 };
    CHECK(kwc_import(&out, sizeof out, &source) == KW_OK && out.count == 3);
    source.h.flags = KW_MUST;
    CHECK(kwc_import(&out, sizeof out, &source) == KW_UNIMPLEMENTED && out.count == 0);
    source.h = (kw_hdr){ 7, 0 };
    CHECK(kwc_import(&out, sizeof out, &source) == KW_INVALID_ARGUMENT);
}
