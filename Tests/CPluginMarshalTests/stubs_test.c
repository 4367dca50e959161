/* Every slot of every stub hands on its own operation and what it was given. */
#include "check.h"

static const kwm_operation *handed_on;
static const void *context, *handed_call, *handed_in;

kw_status kwm_forward(kw_instance *self, kw_call *call, const kwm_operation *operation, const void *in)
{
    context = self;
    handed_call = call;
    handed_on = operation;
    handed_in = in;
    return KW_ABORTED;
}

kw_status kwm_upcall(const kw_host *host, kw_call *call, const kwm_operation *operation, const void *in, const void **out)
{
    context = host;
    handed_call = call;
    handed_on = operation;
    handed_in = in;
    *out = in;
    return KW_OUT_OF_RANGE;
}

static void check_header(const kwm_interface *interface, const void *table)
{
    kw_hdr header;
    memcpy(&header, table, sizeof header);
    CHECK(header.size == interface->table_size && header.flags == 0);
}

static void check_interface(const kwm_interface *interface)
{
    const unsigned char *table = kwm_interface_stubs(interface);
    int self = 0, in = 0;
    CHECK(table != NULL);
    check_header(interface, table);
    for (uint32_t i = 0; i < interface->count; i++) {
        kw_any_op op;
        memcpy(&op, table + sizeof(kw_hdr) + interface->operations[i].slot * sizeof op, sizeof op);
        kw_call call = { .h = KW_HDR(kw_call) };
        CHECK(op((kw_instance *)(void *)&self, &call, &in) == KW_ABORTED);
        CHECK(handed_on == &interface->operations[i] && context == &self && handed_call == &call && handed_in == &in);
    }
}

static void check_service(const kwm_interface *service)
{
    const unsigned char *table = kwm_service_stubs(service);
    CHECK(table != NULL);
    check_header(service, table);
    for (uint32_t i = 0; i < service->count; i++) {
        kw_any_service function;
        memcpy(&function, table + sizeof(kw_hdr) + service->operations[i].slot * sizeof function, sizeof function);
        kw_host host = { .h = KW_HDR(kw_host) };
        kw_call call = { .h = KW_HDR(kw_call) };
        int in = 0;
        const void *out = NULL;
        CHECK(function(&host, &call, &in, &out) == KW_OUT_OF_RANGE && out == &in);
        CHECK(handed_on == &service->operations[i] && context == &host && handed_call == &call && handed_in == &in);
    }
}

void test_stubs(void)
{
    check_interface(&kwm_plugin_operations);
    for (uint32_t i = 0; i < kwm_interface_count(); i++)
        check_interface(kwm_interface_at(i));
    for (uint32_t i = 0; i < kwm_service_count(); i++)
        check_service(kwm_service_at(i));
    CHECK(kwm_interface_stubs(kwm_service_at(0)) == NULL && kwm_service_stubs(kwm_interface_at(0)) == NULL);
    CHECK(kwm_interface_stubs(NULL) == NULL && kwm_service_stubs(&kwm_plugin_operations) == NULL);
}
