/* A made-up interface with a field of nearly every kind. */
#include "described.h"

#define NAME(literal) { literal, sizeof literal - 1 }
#define SPAN(array, count) { array, count, sizeof array[0] }

void make_up(made_up *made)
{
    memset(made, 0, sizeof *made);
    made->cases[0] = (kwm_case_description){ KW_HDR(kwm_case_description), 7, OPTION };
    made->cases[1] = (kwm_case_description){ KW_HDR(kwm_case_description), 8, OPTION };
    made->option[0] = (kwm_field_description){ .name = NAME("name"), .kind = KWM_BYTES, .offset = offsetof(acme_option, name) };
    made->option[1] = (kwm_field_description){ .name = NAME("values"), .kind = KWM_NUMBERS,
                                               .offset = offsetof(acme_option, values), .width = 8 };
    made->in[IN_TEXTS] = (kwm_field_description){ .name = NAME("texts"), .kind = KWM_TEXTS,
                                                  .offset = offsetof(acme_parse_in, texts) };
    made->in[IN_OPTIONS] = (kwm_field_description){ .name = NAME("options"), .kind = KWM_STRUCTS,
                                                    .offset = offsetof(acme_parse_in, options), .type = OPTION };
    made->in[IN_EXTRAS] = (kwm_field_description){
        .name = NAME("extras"), .kind = KWM_CASES, .offset = offsetof(acme_parse_in, extras),
        .length = offsetof(acme_parse_in, kind), .cases = SPAN(made->cases, 2),
    };
    made->in[IN_VECTOR] = (kwm_field_description){
        .name = NAME("vector"), .kind = KWM_ELEMENTS, .offset = offsetof(acme_parse_in, vector),
        .length = offsetof(acme_parse_in, dims), .element = offsetof(acme_parse_in, element),
    };
    made->in[IN_BYTES] = (kwm_field_description){ .name = NAME("bytes"), .kind = KWM_SIZED,
                                                  .offset = offsetof(acme_parse_in, bytes),
                                                  .length = offsetof(acme_parse_in, bytes_size) };
    made->in[IN_ROWS] = (kwm_field_description){ .name = NAME("rows"), .kind = KWM_LOCAL, .offset = offsetof(acme_parse_in, rows) };
    made->out[0] = (kwm_field_description){ .name = NAME("text"), .kind = KWM_BYTES, .offset = offsetof(acme_parse_out, text) };
    made->out[1] = (kwm_field_description){ .name = NAME("page"), .kind = KWM_LEASE, .offset = offsetof(acme_parse_out, page) };
    kwm_field_description *const fields[] = { made->option, made->in, made->out };
    static const uint32_t counts[] = { 2, 6, 2 };
    for (uint32_t i = 0; i < 3; i++) {
        for (uint32_t j = 0; j < counts[i]; j++)
            fields[i][j].h = (kw_hdr)KW_HDR(kwm_field_description);
    }
    made->structs[OPTION - 1] = (kwm_struct_description){
        KW_HDR(kwm_struct_description), NAME("acme_option"), sizeof(acme_option), 0, SPAN(made->option, 2) };
    made->structs[PARSE_IN - 1] = (kwm_struct_description){
        KW_HDR(kwm_struct_description), NAME("acme_parse_in"), sizeof(acme_parse_in), 0, SPAN(made->in, 6) };
    made->structs[PARSE_OUT - 1] = (kwm_struct_description){
        KW_HDR(kwm_struct_description), NAME("acme_parse_out"), sizeof(acme_parse_out), 0, SPAN(made->out, 2) };
    made->spans[0] = offsetof(acme_parse_in, texts);
    made->matrix = (kwm_matrix_description){
        KW_HDR(kwm_matrix_description), NAME("rows"), offsetof(acme_parse_in, rows), offsetof(acme_parse_in, capacity),
        offsetof(acme_parse_in, stride), offsetof(acme_parse_in, dims), offsetof(acme_parse_in, element), 0,
        SPAN(made->spans, 1) };
    made->operations[0] = (kwm_operation_description){
        .h = KW_HDR(kwm_operation_description), .name = NAME("parse"), .slot = 0, .flags = KWM_IDEMPOTENT | KWM_EMITS,
        .in = PARSE_IN, .out = PARSE_OUT, .matrix = { &made->matrix, 1, sizeof made->matrix } };
    made->operations[1] = (kwm_operation_description){
        .h = KW_HDR(kwm_operation_description), .name = NAME("check"), .slot = 2, .in = OPTION, .out = OPTION };
    made->interfaces[0] = (kwm_interface_description){
        KW_HDR(kwm_interface_description), NAME("acme.parser/1"), sizeof(kw_hdr) + 3 * sizeof(void *), 0,
        SPAN(made->structs, 3), SPAN(made->operations, 2) };
    made->interfaces[1] = made->interfaces[0];
    made->interfaces[1].id = (kw_str)NAME("acme.parser/2");
    made->all = (kwm_description){ KW_HDR(kwm_description), SPAN(made->interfaces, 2) };
}

void *bytes_of(const made_up *made, uint64_t *length)
{
    return message_of(&kwm_description_type, &made->all, length);
}
