/* Functions that are made at run time, by libffi: one for each operation, which is its user data. */
#include "CPluginClosures.h"

#include <ffi.h>
#include <stdlib.h>
#include <string.h>

struct kwf_table {
    ffi_cif signature; /* of kw_any_op */
    ffi_type *arguments[3];
    uint32_t count;
    ffi_closure **closures;
    unsigned char *table;
};

/* What every closure does. A result that is narrower than a register is written as wide as one. */
static void forward(ffi_cif *signature, void *result, void **arguments, void *operation)
{
    (void)signature;
    kw_status status = kwm_forward(*(kw_instance **)arguments[0], *(kw_call **)arguments[1], operation,
                                   *(const void **)arguments[2]);
    *(ffi_sarg *)result = status;
}

static kw_status fill_slot(kwf_table *made, const kwm_operation *operation)
{
    void *code = NULL;
    ffi_closure *closure = ffi_closure_alloc(sizeof *closure, &code);
    if (closure == NULL)
        return KW_UNAVAILABLE;
    made->closures[made->count++] = closure;
    if (ffi_prep_closure_loc(closure, &made->signature, forward, (void *)(uintptr_t)operation, code) != FFI_OK)
        return KW_UNAVAILABLE;
    memcpy(made->table + sizeof(kw_hdr) + operation->slot * sizeof code, &code, sizeof code);
    return KW_OK;
}

static kw_status fill(kwf_table *made, const kwm_interface *interface, uint64_t present)
{
    for (uint32_t i = 0; i < 3; i++)
        made->arguments[i] = &ffi_type_pointer;
    if (ffi_prep_cif(&made->signature, FFI_DEFAULT_ABI, 3, &ffi_type_sint32, made->arguments) != FFI_OK)
        return KW_UNAVAILABLE;
    kw_hdr header = { interface->table_size, 0 };
    memcpy(made->table, &header, sizeof header);
    for (uint32_t i = 0; i < interface->count; i++) {
        const kwm_operation *operation = &interface->operations[i];
        if (operation->slot >= 64 || (present >> operation->slot & 1) == 0)
            continue;
        kw_status status = fill_slot(made, operation);
        if (status != KW_OK)
            return status;
    }
    return KW_OK;
}

kw_status kwf_make(const kwm_interface *interface, uint64_t present, kwf_table **table)
{
    *table = NULL;
    kwf_table *made = calloc(1, sizeof *made);
    if (made == NULL)
        return KW_RESOURCE_EXHAUSTED;
    made->closures = calloc(interface->count + 1, sizeof *made->closures);
    made->table = calloc(1, interface->table_size);
    kw_status status = made->closures == NULL || made->table == NULL ? KW_RESOURCE_EXHAUSTED
                                                                      : fill(made, interface, present);
    if (status == KW_OK)
        *table = made;
    else
        kwf_free(made);
    return status;
}

void kwf_free(kwf_table *table)
{
    if (table == NULL)
        return;
    for (uint32_t i = 0; i < table->count; i++)
        ffi_closure_free(table->closures[i]);
    free(table->closures);
    free(table->table);
    free(table);
}

const void *kwf_pointer(const kwf_table *table)
{
    return table->table;
}
