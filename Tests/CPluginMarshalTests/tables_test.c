#include "check.h"

static kw_str string(const char *text)
{
    return (kw_str){ text, strlen(text) };
}

/* Tables that the decoder can rely on: fields in order, within the struct, and no way back. */
static void check_struct(const kwm_struct *type, int depth)
{
    CHECK(depth < 8 && type->size % 8 == 0 && type->size >= sizeof(kw_hdr) && type->size <= 4096);
    uint32_t end = sizeof(kw_hdr);
    for (uint32_t i = 0; i < type->field_count; i++) {
        const kwm_field *field = &type->fields[i];
        CHECK(field->offset >= end && field->offset % 8 == 0);
        end = field->offset + sizeof(void *);
        CHECK(end <= type->size && field->length < type->size && field->element < type->size);
        CHECK((field->kind == KWM_NUMBERS) == (field->width != 0));
        CHECK((field->kind == KWM_STRUCTS) == (field->type != NULL));
        if (field->type != NULL)
            check_struct(field->type, depth + 1);
        for (uint32_t c = 0; c < field->case_count; c++)
            check_struct(field->cases[c].type, depth + 1);
    }
}

static void check_interface(const kwm_interface *interface)
{
    for (uint32_t i = 0; i < interface->count; i++) {
        const kwm_operation *operation = &interface->operations[i];
        CHECK(i == 0 || operation->slot > operation[-1].slot);
        CHECK(sizeof(kw_hdr) + (operation->slot + 1) * sizeof(void *) <= interface->table_size);
        check_struct(operation->in, 0);
        check_struct(operation->out, 0);
    }
}

static void check_ids(void)
{
    CHECK(kwm_interface_count() == 10 && kwm_service_count() == 9);
    for (uint32_t i = 0; i < kwm_interface_count(); i++) {
        const kwm_interface *interface = kwm_interface_at(i);
        CHECK(kwm_interface_by_id(string(interface->id)) == interface);
        CHECK(kwm_service_by_id(string(interface->id)) == NULL);
        check_interface(interface);
    }
    for (uint32_t i = 0; i < kwm_service_count(); i++) {
        const kwm_interface *service = kwm_service_at(i);
        CHECK(kwm_service_by_id(string(service->id)) == service);
        check_interface(service);
    }
    CHECK(kwm_interface_at(kwm_interface_count()) == NULL && kwm_service_at(kwm_service_count()) == NULL);
    CHECK(kwm_interface_by_id(string("keyway.embedder/2")) == NULL);
    CHECK(kwm_interface_by_id(string("keyway.embedder/")) == NULL);
    CHECK(kwm_interface_by_id((kw_str){ NULL, 0 }) == NULL);
}

static const kwm_operation *find(const kwm_interface *interface, const char *name)
{
    for (uint32_t i = 0; i < interface->count; i++) {
        if (strcmp(interface->operations[i].name, name) == 0)
            return &interface->operations[i];
    }
    abort();
}

static void check_flags(void)
{
    const kwm_interface *provider = kwm_interface_by_id(string(KW_PROVIDER_ID));
    CHECK(find(provider, "models")->flags == KWM_IDEMPOTENT);
    CHECK(find(provider, "stream")->flags == KWM_EMITS && find(provider, "prewarm")->flags == 0);
    const kwm_interface *vectors = kwm_interface_by_id(string(KW_VECTOR_BACKEND_ID));
    CHECK(find(vectors, "scan")->flags == (KWM_IDEMPOTENT | KWM_EMITS) && find(vectors, "upsert")->flags == 0);
    CHECK(find(&kwm_plugin_operations, "health")->flags == KWM_IDEMPOTENT);
    CHECK(find(&kwm_plugin_operations, "create")->slot == (offsetof(kw_plugin, create) - sizeof(kw_hdr)) / 8);
    CHECK(find(vectors, "restore")->slot == 13 && strcmp(find(vectors, "restore")->out->name, "kw_repo_info") == 0);
    CHECK(find(kwm_interface_by_id(string(KW_EMBEDDER_ID)), "embed")->matrix != NULL);
}

void test_tables(void)
{
    check_ids();
    check_interface(&kwm_plugin_operations);
    check_flags();
    check_struct(&kwm_error, 0);
    check_struct(&kwm_event, 0);
    check_struct(&kwm_call, 0);
}
