/* Whatever bytes come: kwm_decode says that they are no message, or all that it points to is there. */
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const kwm_struct *type = root_at(data[0] % root_count());
    uint64_t length = size - 1;
    void *message = malloc(length > 0 ? length : 1), *value;
    kwm_fault fault;
    memcpy(message, data + 1, length);
    kw_status status = kwm_decode(type, message, length, &value, &fault);
    if (status == KW_OK) {
        static volatile uint64_t sum;
        sum += read_all(type, value);
        if (!is_same(type, value, value, message, length)) /* every pointer is NULL or leads into the message */
            abort();
    } else if (status != KW_DATA_LOSS || value != NULL || fault.reason == NULL) {
        abort();
    }
    free(message);
    return 0;
}
