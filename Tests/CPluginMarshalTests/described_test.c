/* Tables that were made at run time, as for an interface that no header of this build has. */
#include "check.h"

typedef struct kw_order {
    kw_hdr h;
    kw_str name;
    kw_span amounts; /* of double */
    uint64_t number;
} kw_order;

typedef struct kw_orders {
    kw_hdr h;
    kw_span orders; /* kw_order */
} kw_orders;

void test_described(void)
{
    kwm_field order_fields[] = {
        { .name = "name", .kind = KWM_BYTES, .offset = offsetof(kw_order, name) },
        { .name = "amounts", .kind = KWM_NUMBERS, .offset = offsetof(kw_order, amounts), .width = sizeof(double) },
    };
    kwm_struct order_type = { "kw_order", sizeof(kw_order), 2, order_fields };
    kwm_field orders_field = { .name = "orders", .kind = KWM_STRUCTS, .offset = offsetof(kw_orders, orders),
                               .type = &order_type };
    kwm_struct type = { "kw_orders", sizeof(kw_orders), 1, &orders_field };

    double amounts[2] = { 1.5, -2 };
    kw_order order = { KW_HDR(kw_order), { "tea", 3 }, { amounts, 2, sizeof(double) }, 42 };
    kw_orders orders = { KW_HDR(kw_orders), { &order, 1, sizeof order } };
    uint64_t length;
    void *read, *message = message_of(&type, &orders, &length);
    CHECK(kwm_decode(&type, message, length, &read, NULL) == KW_OK && is_same(&type, &orders, read, message, length));
    const kw_order *arrived = ((const kw_orders *)read)->orders.ptr;
    CHECK(arrived->number == 42 && ((const double *)arrived->amounts.ptr)[1] == -2);

    /* Of a kind that came later nobody knows what it points to. */
    order_fields[1].kind = KWM_DROPPED + 1;
    kwm_fault fault;
    CHECK(kwm_encode(&type, &orders, NULL, 0, &length, &fault) == KW_INVALID_ARGUMENT);
    CHECK(strcmp(fault.structure, "kw_order") == 0 && strcmp(fault.field, "amounts") == 0);
    free(message);
    order_fields[1].kind = KWM_NUMBERS;
    message = message_of(&type, &orders, &length);
    order_fields[1].kind = 0;
    CHECK(kwm_decode(&type, message, length, &read, &fault) == KW_DATA_LOSS && strcmp(fault.field, "amounts") == 0);
    free(message);
}
