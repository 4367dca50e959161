/* Whatever bytes come as a description: it is refused, or its tables can be relied on by encoder and decoder, and are the
 * same when they are described again. */
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state;

/* Bytes of a stranger, half of them 0, so that some are messages. */
static void decode_strange(const kwm_struct *type)
{
    static volatile uint64_t sum;
    uint64_t length = type->size + 256;
    uint64_t *message = aligned_alloc(16, (length + 15) & ~(uint64_t)15);
    void *value;
    for (uint64_t i = 0; i < length / 8; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        message[i] = (state >> 40 & 1) != 0 ? 0 : state >> 60;
    }
    memcpy(message, &type->size, sizeof type->size);
    if (kwm_decode(type, message, length, &value, NULL) == KW_OK)
        sum += read_all(type, value);
    free(message);
}

static void exchange_nothing(const kwm_struct *type)
{
    uint64_t length;
    void *value, *empty = calloc(1, type->size);
    memcpy(empty, &type->size, sizeof type->size);
    void *message = message_of(type, empty, &length);
    if (kwm_decode(type, message, length, &value, NULL) != KW_OK || !is_same(type, empty, value, message, length))
        abort();
    free(message);
    free(empty);
}

static void use(const kwm_described *interfaces)
{
    for (uint32_t i = 0; i < interfaces->count; i++) {
        const kwm_interface *interface = &interfaces->interface[i];
        for (uint32_t j = 0; j < interface->count; j++) {
            const kwm_operation *operation = &interface->operations[j];
            kwm_matrix matrix;
            void *in = calloc(1, operation->in->size);
            memcpy(in, &operation->in->size, sizeof operation->in->size);
            kwm_matrix_read(operation, in, &matrix, NULL);
            free(in);
            exchange_nothing(operation->in);
            exchange_nothing(operation->out);
            decode_strange(operation->in);
            decode_strange(operation->out);
        }
    }
}

static void *describe(const kwm_described *interfaces, uint64_t *length)
{
    const kwm_interface *list[KWM_DESCRIBED_LIMIT];
    for (uint32_t i = 0; i < interfaces->count; i++)
        list[i] = &interfaces->interface[i];
    if (kwm_describe(list, interfaces->count, NULL, 0, length) != KW_BUFFER_TOO_SMALL)
        abort();
    void *bytes = malloc(*length);
    if (kwm_describe(list, interfaces->count, bytes, *length, length) != KW_OK)
        abort();
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kwm_described *first, *second;
    kwm_mistake mistake;
    if (size == 0)
        return 0;
    state = size;
    /* The first byte of a seed says of which type it is. */
    if (kwm_read_description(data + 1, size - 1, &first, &mistake) != KW_OK) {
        if (first != NULL || mistake.reason == NULL)
            abort();
        return 0;
    }
    use(first);
    uint64_t length, again;
    void *bytes = describe(first, &length);
    if (kwm_read_description(bytes, length, &second, &mistake) != KW_OK)
        abort();
    void *same = describe(second, &again);
    if (length != again || memcmp(bytes, same, length) != 0)
        abort();
    free(bytes);
    free(same);
    kwm_free_described(first);
    kwm_free_described(second);
    return 0;
}
