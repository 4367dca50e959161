/* Whatever is a message can be written again, as long as it was, and from then on nothing changes any more. */
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *encoded(const kwm_struct *type, const void *value, uint64_t length)
{
    uint64_t needed;
    kwm_fault fault;
    void *message = malloc(length);
    if (kwm_encode(type, value, message, length, &needed, &fault) != KW_OK || needed != length)
        abort();
    return message;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const kwm_struct *type = root_at(data[0] % root_count());
    uint64_t length = size - 1;
    void *message = malloc(length > 0 ? length : 1), *value;
    memcpy(message, data + 1, length);
    if (kwm_decode(type, message, length, &value, NULL) == KW_OK) {
        void *first = encoded(type, value, length), *copy = malloc(length);
        memcpy(copy, first, length);
        void *again;
        if (kwm_decode(type, copy, length, &again, NULL) != KW_OK || !is_same(type, value, again, copy, length))
            abort();
        void *second = encoded(type, again, length);
        if (memcmp(first, second, length) != 0)
            abort();
        free(first);
        free(copy);
        free(second);
    }
    free(message);
    return 0;
}
