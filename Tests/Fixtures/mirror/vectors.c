/* The vector backend of the mirror. */
#include "mirror.h"

static kw_status info(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    static const kw_str kinds[] = { KW_STR("flat"), KW_STR("hnsw") };
    static const kw_str dialects[] = { KW_STR("sql") };
    kw_vector_info out = {
        .h = KW_HDR(kw_vector_info),
        .backend = KW_STR("mirror-vectors"),
        .location = KW_STR("/somewhere"),
        .features = KW_VECTOR_PERSISTENT | KW_VECTOR_APPROXIMATE,
        .filter_ops = UINT64_C(1) << KW_FILTER_EQ | UINT64_C(1) << KW_FILTER_NATIVE,
        .metrics = 1u << KW_METRIC_L2 | 1u << KW_METRIC_HAMMING,
        .elements = 1u << KW_ELEMENT_F32,
        .max_dims = 4096,
        .max_top_k = 1000,
        .max_batch = 100,
        .max_queries = 10,
        .index_kinds = KW_SPAN(kinds),
        .dialects = KW_SPAN(dialects),
    };
    return KW_REPLY(call, &out);
}

static const kw_vector_field fields[] = {
    { KW_HDR(kw_vector_field), KW_STR("title"), 16, KW_METRIC_DOT, KW_ELEMENT_F32, 0 },
    { KW_HDR(kw_vector_field), KW_STR("words"), 0, KW_METRIC_JACCARD, KW_ELEMENT_F32, 0 },
};
static const kw_repo_info repositories[] = {
    {
        .h = KW_HDR(kw_repo_info),
        .repo = KW_STR("a"),
        .dims = 8,
        .metric = KW_METRIC_L1,
        .element = KW_ELEMENT_F32,
        .items = 5000000000,
        .bytes = 6000000000,
        .embedder_id = KW_STR("space-1"),
        .index_json = KW_STR("{\"kind\":\"hnsw\",\"m\":16}"),
        .fields = KW_SPAN(fields),
        .version = 77,
    },
    { .h = KW_HDR(kw_repo_info), .repo = KW_STR("b"), .dims = 2, .metric = KW_METRIC_COSINE },
};

static kw_status repos(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self;
    (void)in;
    kw_repos_out out = { KW_HDR(kw_repos_out), KW_SPAN(repositories) };
    return KW_REPLY(call, &out);
}

static void field(json *j, const void *at)
{
    const kw_vector_field *x = at;
    OBJECT(TEXT(name) INT(dims) INT(metric) INT(element))
}

static kw_status ensure(kw_instance *self, kw_call *call, const kw_repo_spec *x)
{
    (void)self;
    TELL(TEXT(repo) INT(dims) INT(metric) INT(element) TEXT(embedder_id) TEXT(index_json) LIST(fields, field))
    return KW_REPLY(call, &repositories[0]);
}

static void field_rows(json *j, const void *at)
{
    const kw_field_rows *x = at;
    OBJECT(TEXT(name) INT(dims) INT(element) INT(rows_size) INT(row_stride) LIST(sparse, mirror_sparse))
}

static kw_status counted(kw_call *call, uint64_t count)
{
    kw_count_out out = { KW_HDR(kw_count_out), count, count + 1000 };
    return KW_REPLY(call, &out);
}

static kw_status upsert(kw_instance *self, kw_call *call, const kw_upsert_in *x)
{
    (void)self;
    if (mirror_does(call, "tell")) {
        json *j = mirror_buffer();
        json_raw(j, "{");
        TEXT(repo)
        TEXTS(ids)
        for (uint32_t row = 0; row < x->ids.count; row++) {
            char key[16];
            (void)snprintf(key, sizeof key, "row%u", row);
            mirror_floats(j, key, (const char *)x->rows + row * x->row_stride, x->dims);
        }
        INT(rows_size)
        INT(row_stride)
        INT(dims)
        INT(element)
        TEXTS(texts)
        TEXTS(metadata_json)
        TEXT(embedder_id)
        LIST(fields, field_rows)
        mirror_ints(j, "expires_unix_ns", x->expires_unix_ns);
        json_raw(j, "}");
        return json_fail(call, j);
    }
    return counted(call, x->ids.count);
}

static void query_members(json *j, const void *at)
{
    const kw_query *x = at;
    json_raw(j, "{");
    mirror_floats(j, "vector", x->vector, x->dims);
    INT(dims)
    INT(element)
    INT(top_k)
    INT(offset)
    INT(include)
    INT(exactness)
    INT(set)
    NUMBER(min_score)
    json_key(j, "filter");
    json_filter(j, x->filter);
    TEXT(embedder_id)
    TEXT(field)
    LIST(sparse, mirror_sparse)
    TEXT(query_text)
    TEXTS(like)
    TEXTS(unlike)
    INT(fusion)
    INT(effort)
    NUMBER(vector_weight)
    NUMBER(sparse_weight)
    NUMBER(text_weight)
    NUMBER(min_recall)
    NUMBER(mmr_lambda)
    INT(mmr_fetch)
    INT(group_size)
    TEXT(group_by)
    INT(consistency)
    json_raw(j, "}");
}

static const float vector[] = { 0.5f, 1.5f };

static kw_status query(kw_instance *self, kw_call *call, const kw_query_in *x)
{
    (void)self;
    TELL(TEXT(repo) LIST(queries, query_members))
    static const kw_hit hits[] = {
        {
            .h = KW_HDR(kw_hit),
            .id = KW_STR("near"),
            .score = 0.75,
            .distance = 0.25,
            .metadata_json = KW_STR("{\"a\":1}"),
            .text = KW_STR("its text"),
            .vector = vector,
            .dims = 2,
            .element = KW_ELEMENT_F32,
            .group = KW_STR("\"g\""),
        },
        { .h = KW_HDR(kw_hit), .id = KW_STR("far"), .score = -3.5, .distance = 3.5 },
    };
    static const kw_query_result results[] = {
        { KW_HDR(kw_query_result), KW_SPAN(hits), KW_RESULT_EXACT | KW_RESULT_COMPLETE, 123, KW_STR("hnsw"), 456 },
        { .h = KW_HDR(kw_query_result) },
    };
    kw_query_out out = { KW_HDR(kw_query_out), { results, x->queries.count, sizeof *results } };
    return KW_REPLY(call, &out);
}

static void filter_members(json *j, const kw_filter_in *x)
{
    TEXT(repo)
    json_key(j, "filter");
    json_filter(j, x->filter);
}

static kw_status remove_items(kw_instance *self, kw_call *call, const kw_filter_in *in)
{
    (void)self;
    TELL(filter_members(j, in);)
    return counted(call, 21);
}

static kw_status count(kw_instance *self, kw_call *call, const kw_filter_in *in)
{
    (void)self;
    TELL(filter_members(j, in);)
    return counted(call, 22);
}

static kw_status wipe(kw_instance *self, kw_call *call, const kw_repo_in *x)
{
    (void)self;
    TELL(TEXT(repo))
    return kw_reply_none(call);
}

static const kw_item items[] = {
    {
        .h = KW_HDR(kw_item),
        .id = KW_STR("one"),
        .vector = vector,
        .dims = 2,
        .element = KW_ELEMENT_F32,
        .metadata_json = KW_STR("{\"b\":[2]}"),
        .text = KW_STR("t"),
        .expires_unix_ns = 1234567890123,
        .version = 9,
    },
    { .h = KW_HDR(kw_item), .id = KW_STR("two"), .flags = KW_ITEM_MISSING },
    { .h = KW_HDR(kw_item), .id = KW_STR("three") },
};

static kw_status get(kw_instance *self, kw_call *call, const kw_get_in *x)
{
    (void)self;
    TELL(TEXT(repo) TEXTS(ids) INT(include))
    kw_items_out out = { KW_HDR(kw_items_out), KW_SPAN(items) };
    return KW_REPLY(call, &out);
}

static kw_status scan(kw_instance *self, kw_call *call, const kw_scan_in *x)
{
    (void)self;
    TELL(TEXT(repo) json_key(j, "filter"); json_filter(j, x->filter); TEXT(after) INT(limit) INT(include))
    const kw_event first = { .h = KW_HDR(kw_event), .kind = KW_EVENT_ITEMS, .payload = { items, 1, sizeof *items } };
    const kw_event second = { .h = KW_HDR(kw_event), .kind = KW_EVENT_ITEMS, .payload = { &items[2], 1, sizeof *items } };
    kw_status status = call->api->emit(call, &first, 0);
    if (status == KW_OK)
        status = call->api->emit(call, &second, 0);
    if (status != KW_OK)
        return status;
    kw_scan_out out = { .h = KW_HDR(kw_scan_out), .count = 2 };
    return KW_REPLY(call, &out);
}

static kw_status update(kw_instance *self, kw_call *call, const kw_update_in *x)
{
    (void)self;
    TELL(TEXT(repo) json_key(j, "filter"); json_filter(j, x->filter); TEXT(set_json))
    return counted(call, 23);
}

static kw_status flush(kw_instance *self, kw_call *call, const kw_flush_in *x)
{
    (void)self;
    TELL(TEXT(repo) INT(flags))
    return kw_reply_none(call);
}

static kw_status snapshot(kw_instance *self, kw_call *call, const kw_snapshot_in *x)
{
    (void)self;
    TELL(TEXT(repo) TEXT(path) INT(flags))
    return kw_reply_none(call);
}

static kw_status restore(kw_instance *self, kw_call *call, const kw_snapshot_in *x)
{
    (void)self;
    TELL(TEXT(repo) TEXT(path) INT(flags))
    return KW_REPLY(call, &repositories[0]);
}

const kw_vector_backend mirror_vectors = {
    .h = KW_HDR(kw_vector_backend),
    .info = info,
    .repos = repos,
    .ensure = ensure,
    .upsert = upsert,
    .query = query,
    .remove = remove_items,
    .count = count,
    .wipe = wipe,
    .get = get,
    .scan = scan,
    .update = update,
    .flush = flush,
    .snapshot = snapshot,
    .restore = restore,
};
