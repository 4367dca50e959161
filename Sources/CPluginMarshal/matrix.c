/* The caller's memory that an operation fills. */
#include "engine.h"

static kw_status refused(const kwm_operation *operation, kwm_fault *fault, kw_status status, const char *reason)
{
    return fail(fault, status, operation->in, operation->matrix->name, reason);
}

kw_status kwm_matrix_read(const kwm_operation *operation, const void *in, kwm_matrix *matrix, kwm_fault *fault)
{
    const kwm_matrix_field *field = operation->matrix;
    const unsigned char *value = in;
    memset(matrix, 0, sizeof *matrix);
    if (fault != NULL)
        *fault = (kwm_fault){ NULL, NULL, NULL };
    if (field == NULL)
        return KW_OK;
    uint32_t known = load32(value);
    kwm_matrix found = { NULL, 0, 0, 0, 0 };
    for (uint32_t i = 0; i < field->span_count; i++) {
        if (field->spans[i] + sizeof(kw_span) <= known)
            found.count += load32(value + field->spans[i] + offsetof(kw_span, count));
    }
    if (found.count == 0)
        return KW_OK;
    if (field->rows + sizeof(void *) > known || field->capacity + sizeof(uint64_t) > known ||
        field->stride + sizeof(uint64_t) > known || field->dims + sizeof(uint32_t) > known ||
        field->element + sizeof(uint32_t) > known)
        return refused(operation, fault, KW_INVALID_ARGUMENT, "is missing");
    memcpy(&found.rows, value + field->rows, sizeof found.rows);
    found.capacity = load64(value + field->capacity);
    found.stride = load64(value + field->stride);
    if (!vector_size(load32(value + field->dims), load32(value + field->element), &found.row_size))
        return refused(operation, fault, KW_UNIMPLEMENTED, "has an unknown element");
    if (found.stride < found.row_size)
        return refused(operation, fault, KW_INVALID_ARGUMENT, "has a stride shorter than a row");
    if (found.row_size > found.capacity ||
        (found.stride > 0 && found.count - 1 > (found.capacity - found.row_size) / found.stride))
        return refused(operation, fault, KW_BUFFER_TOO_SMALL, "does not fit into its capacity");
    *matrix = found;
    return KW_OK;
}

void kwm_matrix_place(const kwm_operation *operation, void *in, void *rows)
{
    if (operation->matrix != NULL)
        memcpy((unsigned char *)in + operation->matrix->rows, &rows, sizeof rows);
}

uint64_t kwm_matrix_length(const kwm_matrix *matrix)
{
    /* No overflow: the capacity holds it. */
    return matrix->count == 0 ? 0 : (matrix->count - 1) * matrix->stride + matrix->row_size;
}

void kwm_matrix_copy(const kwm_matrix *matrix, const void *from)
{
    if (matrix->row_size == 0)
        return;
    for (uint64_t i = 0; i < matrix->count; i++)
        memcpy((unsigned char *)matrix->rows + i * matrix->stride, (const unsigned char *)from + i * matrix->stride,
               matrix->row_size);
}
