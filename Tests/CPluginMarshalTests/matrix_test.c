#include "check.h"

static const kwm_operation *embed(void)
{
    return &kwm_interface_by_id((kw_str){ KW_EMBEDDER_ID, strlen(KW_EMBEDDER_ID) })->operations[1];
}

static kw_embed_in input(void *rows, uint64_t capacity, uint64_t stride, uint32_t dims, uint32_t element)
{
    static const kw_str texts[3] = { { "a", 1 }, { "b", 1 }, { "c", 1 } };
    return (kw_embed_in){ .h = KW_HDR(kw_embed_in), .texts = { texts, 3, sizeof *texts }, .rows = rows,
                          .capacity = capacity, .row_stride = stride, .dims = dims, .element = element };
}

static void check_sizes(void)
{
    static const struct {
        uint64_t capacity, stride;
        uint32_t dims, element;
        kw_status status;
        uint64_t row_size;
    } cases[] = {
        { 48, 16, 4, KW_ELEMENT_F32, KW_OK, 16 },
        { 47, 16, 4, KW_ELEMENT_F32, KW_BUFFER_TOO_SMALL, 0 },
        { 8, 16, 4, KW_ELEMENT_F32, KW_BUFFER_TOO_SMALL, 0 },
        { 56, 20, 4, KW_ELEMENT_F32, KW_OK, 16 }, /* the last row needs no gap */
        { 55, 20, 4, KW_ELEMENT_F32, KW_BUFFER_TOO_SMALL, 0 },
        { 6, 2, 16, KW_ELEMENT_BIT, KW_OK, 2 },
        { 6, 2, 9, KW_ELEMENT_BIT, KW_OK, 2 },
        { 6, 2, 17, KW_ELEMENT_BIT, KW_INVALID_ARGUMENT, 0 },
        { 24, 8, 4, KW_ELEMENT_F16, KW_OK, 8 },
        { 1000, 15, 4, KW_ELEMENT_F32, KW_INVALID_ARGUMENT, 0 },
        { 1000, 16, 4, 0, KW_UNIMPLEMENTED, 0 },
        { 1000, 16, 4, 7, KW_UNIMPLEMENTED, 0 },
        { 1000, 16, 4, UINT32_MAX, KW_UNIMPLEMENTED, 0 },
        { UINT64_MAX, UINT64_MAX, 4, KW_ELEMENT_F32, KW_BUFFER_TOO_SMALL, 0 },
        { UINT64_MAX, (uint64_t)1 << 63, 4, KW_ELEMENT_F32, KW_BUFFER_TOO_SMALL, 0 },
        { UINT64_MAX, 16, UINT32_MAX, KW_ELEMENT_F32, KW_INVALID_ARGUMENT, 0 },
        { 10, UINT64_MAX, UINT32_MAX, KW_ELEMENT_F32, KW_BUFFER_TOO_SMALL, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kw_embed_in in = input(NULL, cases[i].capacity, cases[i].stride, cases[i].dims, cases[i].element);
        kwm_matrix matrix;
        kwm_fault fault;
        CHECK(kwm_matrix_read(embed(), &in, &matrix, &fault) == cases[i].status);
        CHECK(matrix.count == (cases[i].status == KW_OK ? 3 : 0) && matrix.row_size == cases[i].row_size);
        CHECK((fault.reason == NULL) == (cases[i].status == KW_OK));
    }
}

static void check_counts(void)
{
    kw_embed_in in = input(NULL, 1000, 16, 4, KW_ELEMENT_F32);
    kwm_matrix matrix;
    in.token_lists.count = 4;
    in.media.count = 5;
    CHECK(kwm_matrix_read(embed(), &in, &matrix, NULL) == KW_OK && matrix.count == 12);
    in.texts.count = in.token_lists.count = in.media.count = UINT32_MAX;
    CHECK(kwm_matrix_read(embed(), &in, &matrix, NULL) == KW_BUFFER_TOO_SMALL);
    in.texts.count = in.token_lists.count = in.media.count = 0;
    in.element = 99; /* nothing to do: nobody asks */
    CHECK(kwm_matrix_read(embed(), &in, &matrix, NULL) == KW_OK && matrix.count == 0);
    in.texts.count = 1;
    in.h.size = offsetof(kw_embed_in, row_stride);
    CHECK(kwm_matrix_read(embed(), &in, &matrix, NULL) == KW_INVALID_ARGUMENT);
    const kwm_operation *without = &kwm_interface_at(0)->operations[0];
    CHECK(without->matrix == NULL && kwm_matrix_read(without, &in, &matrix, NULL) == KW_OK && matrix.count == 0);
}

/* The way of a call: the caller's rows have gaps, which stay as they are. */
static void check_call(void)
{
    float rows[3][3] = { { 0, 0, -1 }, { 0, 0, -2 }, { 0, 0, -3 } };
    kw_embed_in in = input(rows, sizeof rows, sizeof rows[0], 2, KW_ELEMENT_F32);
    kwm_matrix of_caller, of_worker;
    CHECK(kwm_matrix_read(embed(), &in, &of_caller, NULL) == KW_OK && of_caller.rows == (void *)rows);
    uint64_t length;
    void *read, *message = message_of(embed()->in, &in, &length);
    CHECK(kwm_decode(embed()->in, message, length, &read, NULL) == KW_OK && ((kw_embed_in *)read)->rows == NULL);

    CHECK(kwm_matrix_read(embed(), read, &of_worker, NULL) == KW_OK && of_worker.rows == NULL);
    float strided[9];
    for (int i = 0; i < 9; i++)
        strided[i] = (float)(i + 1);
    kwm_matrix_place(embed(), read, strided);
    CHECK(kwm_matrix_read(embed(), read, &of_worker, NULL) == KW_OK && of_worker.rows == (void *)strided);
    CHECK(of_worker.stride == of_caller.stride && kwm_matrix_length(&of_worker) == sizeof rows - sizeof(float));
    kwm_matrix_copy(&of_caller, of_worker.rows);
    CHECK(rows[0][0] == 1 && rows[1][1] == 5 && rows[2][0] == 7);
    CHECK(rows[0][2] == -1 && rows[1][2] == -2 && rows[2][2] == -3);
    free(message);
}

static void check_without_gaps(void)
{
    float rows[7] = { 0, 0, 0, 0, 0, 0, -1 };
    const float from[7] = { 1, 2, 3, 4, 5, 6, 7 };
    kw_embed_in in = input(rows, 6 * sizeof rows[0], 8, 2, KW_ELEMENT_F32);
    kwm_matrix matrix;
    CHECK(kwm_matrix_read(embed(), &in, &matrix, NULL) == KW_OK && kwm_matrix_length(&matrix) == 6 * sizeof rows[0]);
    kwm_matrix_copy(&matrix, from);
    CHECK(memcmp(rows, from, 6 * sizeof rows[0]) == 0 && rows[6] == -1);

    /* Where there is none, there is nothing to do. */
    const kwm_operation *without = &kwm_interface_at(0)->operations[0];
    kw_none none = { KW_HDR(kw_none) };
    CHECK(kwm_matrix_read(without, &none, &matrix, NULL) == KW_OK);
    kwm_matrix_place(without, &none, rows);
    kwm_matrix_copy(&matrix, NULL);
    CHECK(none.h.size == sizeof none && none.h.flags == 0 && matrix.count == 0 && kwm_matrix_length(&matrix) == 0);
}

void test_matrix(void)
{
    check_sizes();
    check_counts();
    check_call();
    check_without_gaps();
}
