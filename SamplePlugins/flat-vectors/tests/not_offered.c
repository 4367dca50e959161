/* What a request may ask for and this backend does not offer: refused by name. */
#include "batches.h"

static void fields_that_are_not_offered_are_refused_by_name(void)
{
    kw_instance *instance = open_instance(NULL, "");
    float vector[3] = { 1, 0, 0 };
    kw_str text = KW_STR("k00000");
    kw_sparse sparse = { .h = KW_HDR(kw_sparse) };
    put_many(instance, "r", 0, 4);
    for (int field = 0; field < 9; field++) {
        static const char *const names[] = { "field", "sparse", "query_text", "like", "unlike", "fusion", "mmr_fetch",
                                             "group_by", "consistency" };
        kw_query q = query_of(vector, 3, 1);
        CHECK(query_status(instance, "r", &q) == KW_OK);
        switch (field) {
        case 0:
            q.field = text;
            break;
        case 1:
            q.sparse = kw_span_of(&sparse, 1, sizeof sparse);
            break;
        case 2:
            q.query_text = text;
            break;
        case 3:
            q.like = kw_span_of(&text, 1, sizeof text);
            break;
        case 4:
            q.unlike = kw_span_of(&text, 1, sizeof text);
            break;
        case 5:
            q.fusion = KW_FUSION_SERVER;
            break;
        case 6:
            q.mmr_fetch = 3;
            break;
        case 7:
            q.group_by = text;
            break;
        default:
            q.consistency = 1000;
        }
        CHECK(query_status(instance, "r", &q) == KW_UNIMPLEMENTED && strstr(last_message, names[field]) != NULL);
    }
    kw_query q = query_of(vector, 3, 2);
    for (q.exactness = 0; q.exactness <= KW_EXACTNESS_MIN_RECALL; q.exactness++) {
        test_call call;
        kw_status status;
        const kw_query_result *r = search(instance, "r", &q, &call, &status);
        CHECK(status == KW_OK && r->flags == (KW_RESULT_EXACT | KW_RESULT_COMPLETE) && r->hits.count == 2);
        CHECK(kw_equal(r->index, kw_string("flat")) && r->took_ns >= 0 && r->scanned == 4);
        test_call_end(&call);
    }
    CHECK(query_status(instance, "r", &q) == KW_UNIMPLEMENTED && strstr(last_message, "exactness") != NULL);

    int64_t expires[1] = { 0 };
    kw_field_rows rows = { .h = KW_HDR(kw_field_rows) };
    for (int i = 0; i < 3; i++) {
        kw_upsert_in in = { .h = KW_HDR(kw_upsert_in), .repo = KW_STR("r"), .ids = kw_span_of(&text, 1, sizeof text),
                            .rows = vector, .rows_size = 12, .row_stride = 12, .dims = 3, .element = KW_ELEMENT_F32,
                            .expires_unix_ns = kw_span_of(expires, 1, sizeof expires[0]) };
        if (i == 1)
            in.fields = kw_span_of(&rows, 1, sizeof rows);
        expires[0] = i == 2;
        test_call call;
        test_call_begin(&call);
        kw_status status = done(&call, backend->upsert(instance, &call.call, &in));
        CHECK(status == (i == 0 ? KW_OK : KW_UNIMPLEMENTED));
        CHECK(i == 0 || strstr(last_message, i == 1 ? "fields" : "expires_unix_ns") != NULL);
    }
    static const struct {
        const char *json;
        kw_status status;
    } kinds[] = { { "{\"kind\":\"flat\"}", KW_OK }, { "{}", KW_OK }, { "{\"kind\":\"hnsw\"}", KW_UNIMPLEMENTED },
                  { "{\"kind\":\"flat\",\"m\":16}", KW_UNIMPLEMENTED }, { "flat", KW_INVALID_ARGUMENT } };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        kw_repo_spec in = { .h = KW_HDR(kw_repo_spec), .repo = KW_STR("r"), .dims = 3, .metric = KW_METRIC_COSINE,
                            .element = KW_ELEMENT_F32, .index_json = kw_string(kinds[i].json) };
        test_call call;
        test_call_begin(&call);
        CHECK(done(&call, backend->ensure(instance, &call.call, &in)) == kinds[i].status);
    }
    close_instance(instance);
}

int main(void)
{
    start();
    fields_that_are_not_offered_are_refused_by_name();
    return test_finish();
}
