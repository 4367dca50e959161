import Foundation
import TestPrograms
import Testing

/// A plugin in C that takes two texts or two items a call, knows no filter, and fails when it is told to.
///
/// Its embedder answers the text "later" with KW_UNAVAILABLE the first time. Its vector backend holds a hundred items with
/// the metadata `{"n": 0}`, `{"n": 1}`, ...; compiled with `-DDAMAGED=ensure` or `query`, that operation answers
/// KW_DATA_LOSS until the repository is wiped. Its provider lists no models.
struct LimitedPlugin {
    private static let source = #"""
        #include <keyway/plugin.h>
        #include <keyway/author.h>

        static kw_status embedder_info(kw_instance *self, kw_call *call, const kw_none *in)
        {
            (void)self, (void)in;
            kw_embedder_info out = { .h = KW_HDR(kw_embedder_info), .id = KW_STR("limited"), .model = KW_STR("limited"),
                                     .dims = 1, .max_batch = 2 };
            return KW_REPLY(call, &out);
        }

        static kw_status embed(kw_instance *self, kw_call *call, const kw_embed_in *in)
        {
            (void)self;
            static int asked;
            if (in->texts.count > 2)
                return kw_fail(call, KW_INVALID_ARGUMENT, "more than two texts");
            for (uint32_t i = 0; i < in->texts.count; i++) {
                kw_str text = kw_text_at(in->texts, i);
                kw_str later = KW_STR("later");
                if (kw_equal(text, later) && asked++ == 0)
                    return kw_fail(call, KW_UNAVAILABLE, "not yet");
                *(float *)((char *)in->rows + i * in->row_stride) = (float)text.len;
            }
            kw_embed_out out = { .h = KW_HDR(kw_embed_out), .rows_written = in->texts.count };
            return KW_REPLY(call, &out);
        }

        static int damaged = 1;
        static uint64_t stored;
        enum { ensure = 1, query = 2 };
        #ifndef DAMAGED
        #define DAMAGED 0
        #endif

        static kw_status backend_info(kw_instance *self, kw_call *call, const kw_none *in)
        {
            (void)self, (void)in;
            kw_vector_info out = { .h = KW_HDR(kw_vector_info), .backend = KW_STR("limited"), .metrics = 1u << KW_METRIC_COSINE,
                                   .elements = 1u << KW_ELEMENT_F32, .max_batch = 2 };
            return KW_REPLY(call, &out);
        }

        static kw_status make(kw_instance *self, kw_call *call, const kw_repo_spec *in)
        {
            (void)self;
            if (damaged && DAMAGED == ensure)
                return kw_fail(call, KW_DATA_LOSS, "the repository is damaged");
            kw_repo_info out = { .h = KW_HDR(kw_repo_info), .repo = in->repo, .dims = in->dims, .metric = in->metric,
                                 .element = in->element };
            return KW_REPLY(call, &out);
        }

        static kw_status upsert(kw_instance *self, kw_call *call, const kw_upsert_in *in)
        {
            (void)self;
            if (in->ids.count > 2)
                return kw_fail(call, KW_INVALID_ARGUMENT, "more than two items");
            stored += in->ids.count;
            kw_count_out out = { .h = KW_HDR(kw_count_out), .count = in->ids.count };
            return KW_REPLY(call, &out);
        }

        static kw_status search(kw_instance *self, kw_call *call, const kw_query_in *in)
        {
            (void)self;
            enum { items = 100 };
            if (damaged && DAMAGED == query)
                return kw_fail(call, KW_DATA_LOSS, "the repository is damaged");
            const kw_query *wish = kw_at(in->queries, 0);
            if (wish->filter.count != 0)
                return kw_fail(call, KW_UNIMPLEMENTED, "no filters");
            uint32_t count = wish->top_k < items ? wish->top_k : items;
            kw_hit *hits = call->api->alloc(call, items * sizeof *hits, sizeof(void *));
            char(*ids)[16] = call->api->alloc(call, items * sizeof *ids, 1);
            char(*metadata)[16] = call->api->alloc(call, items * sizeof *metadata, 1);
            for (uint32_t i = 0; i < count; i++) {
                (void)snprintf(ids[i], sizeof *ids, "%08u", i);
                (void)snprintf(metadata[i], sizeof *metadata, "{\"n\":%u}", i % 1000u);
                hits[i] = (kw_hit){ .h = KW_HDR(kw_hit), .id = { ids[i], 8 }, .score = 1.0 / (i + 1),
                                    .metadata_json = kw_string(metadata[i]) };
            }
            kw_query_result *result = call->api->alloc(call, sizeof *result, sizeof(void *));
            *result = (kw_query_result){ .h = KW_HDR(kw_query_result), .hits = { hits, count, sizeof *hits },
                                         .flags = KW_RESULT_EXACT | KW_RESULT_COMPLETE, .scanned = items };
            kw_query_out out = { .h = KW_HDR(kw_query_out), .results = { result, 1, sizeof *result } };
            return KW_REPLY(call, &out);
        }

        static kw_status count(kw_instance *self, kw_call *call, const kw_filter_in *in)
        {
            (void)self, (void)in;
            if (stored == 0)
                return kw_fail(call, KW_NOT_FOUND, "no such repository");
            kw_count_out out = { .h = KW_HDR(kw_count_out), .count = stored };
            return KW_REPLY(call, &out);
        }

        static kw_status wipe(kw_instance *self, kw_call *call, const kw_repo_in *in)
        {
            (void)self, (void)in;
            damaged = 0;
            stored = 0;
            return kw_reply_none(call);
        }

        static kw_status generate(kw_instance *self, kw_call *call, const kw_generate_in *in)
        {
            (void)self, (void)in;
            static const kw_part part = { .h = KW_HDR(kw_part), .kind = KW_PART_TEXT, .text = KW_STR("Not much.") };
            static const kw_choice choice = { .h = KW_HDR(kw_choice), .stop = KW_STOP_END, .parts = { &part, 1, sizeof part } };
            kw_generate_out out = { .h = KW_HDR(kw_generate_out), .choices = { &choice, 1, sizeof choice } };
            return KW_REPLY(call, &out);
        }

        static const kw_provider provider = { .h = KW_HDR(kw_provider), .generate = generate };
        static const kw_embedder texts = { .h = KW_HDR(kw_embedder), .info = embedder_info, .embed = embed };
        static const kw_vector_backend vectors = { .h = KW_HDR(kw_vector_backend), .info = backend_info, .ensure = make,
                                                   .upsert = upsert, .query = search, .count = count, .wipe = wipe };
        #define LIMITED(OFFER, SET)                 \
            OFFER(KW_PROVIDER_ID, provider)         \
            OFFER(KW_EMBEDDER_ID, texts)            \
            OFFER(KW_VECTOR_BACKEND_ID, vectors)    \
            SET(create, kw_create_stateless)        \
            SET(destroy, kw_destroy_stateless)
        KW_PLUGIN("limited", "1.0.0", 1, 1, 0, KW_JSON("description": "Does little at a time"), LIMITED);
        """#

    /// Builds it into a folder and returns the path of its file.
    static func build(in folder: TemporaryFolder, damaged: String? = nil) throws -> String {
        let plugin = folder.url.appendingPathComponent("limited.so").path
        try Programs.succeed(
            "cc",
            ["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden"]
                + ["-I", Command.root.appendingPathComponent("PluginABI/include").path]
                + (damaged.map { ["-DDAMAGED=\($0)"] } ?? [])
                + ["-o", plugin, folder.write(source, to: "limited.c").path])
        return plugin
    }
}
