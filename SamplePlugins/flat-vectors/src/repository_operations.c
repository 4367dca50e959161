#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include <keyway/author.h>
#include "call_error.h"
#include "filter.h"
#include "instance.h"
#include "json.h"
#include "log_file.h"
#include "operations.h"

kw_status flat_info(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
{
    static const kw_str kinds[] = { KW_STR("flat") };
    (void)in;
    kw_vector_info out = {
        .h = KW_HDR(kw_vector_info),
        .backend = KW_STR("flat-vectors"),
        .features = KW_VECTOR_EXACT | KW_VECTOR_TEXT | KW_VECTOR_VERSIONS
            | (self->store.folder >= 0 ? KW_VECTOR_PERSISTENT : 0),
        .filter_ops = FILTER_OPS,
        .metrics = 1u << KW_METRIC_COSINE | 1u << KW_METRIC_DOT | 1u << KW_METRIC_L2,
        .elements = 1u << KW_ELEMENT_F32,
        .max_dims = REPOSITORY_MAX_DIMS,
        .index_kinds = KW_SPAN(kinds),
    };
    out.location = kw_copy(call, kw_string(self->store.folder >= 0 ? self->store.path : "memory"));
    return KW_REPLY(call, &out);
}

kw_status describe_repository(kw_call *call, const repository *r, kw_repo_info *out)
{
    *out = (kw_repo_info) {
        .h = KW_HDR(kw_repo_info), .repo = kw_copy(call, repository_name(r)), .dims = r->dims, .metric = r->metric,
        .element = KW_ELEMENT_F32, .items = r->count, .bytes = r->log.length,
        .embedder_id = kw_copy(call, repository_embedder(r)), .index_json = KW_STR("{\"kind\":\"flat\"}"),
        .version = r->version,
    };
    if (out->repo.len != r->name_length || out->embedder_id.len != r->embedder_length)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "the call's memory does not hold the reply");
    return KW_OK;
}

kw_status no_repository(kw_call *call, kw_str name)
{
    return call_error(call, KW_NOT_FOUND, "there is no repository %.*s", CALL_TEXT(name));
}

kw_status not_offered(kw_call *call, const char *field, const char *why)
{
    return call_error(call, KW_UNIMPLEMENTED, "%s is not offered by flat-vectors: %s", field, why);
}

static int by_name(const void *a, const void *b)
{
    return text_order(((const kw_repo_info *)a)->repo, ((const kw_repo_info *)b)->repo);
}

kw_status flat_repos(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
{
    (void)in;
    repository_access a;
    kw_str none = { NULL, 0 };
    kw_status status = access_write(self, call, none, &a);
    if (status != KW_OK)
        return status;
    kw_repo_info *list = NULL;
    status = instance_load_all(self, call);
    if (status == KW_OK && self->count > 0) {
        list = call->api->alloc(call, (uint64_t)self->count * sizeof *list, _Alignof(kw_repo_info));
        if (list == NULL)
            status = call_error(call, KW_RESOURCE_EXHAUSTED, "the call's memory does not hold the reply");
    }
    for (uint32_t i = 0; status == KW_OK && i < self->count; i++)
        status = describe_repository(call, self->repositories[i], &list[i]);
    if (status == KW_OK) {
        if (self->count > 1)
            qsort(list, self->count, sizeof *list, by_name);
        kw_repos_out out = { .h = KW_HDR(kw_repos_out), .repos = kw_span_of(list, self->count, sizeof *list) };
        status = KW_REPLY(call, &out);
    }
    access_end(&a);
    return status;
}

static kw_status check_index(kw_call *call, kw_str json)
{
    static const kw_str kind = KW_STR("kind"), flat = KW_STR("flat");
    metadata *parsed = NULL;
    const char *error = NULL;
    size_t offset = 0;
    if (!kw_text_ok(json) || !metadata_parse(json, &parsed, &error, &offset))
        return call_error(call, KW_INVALID_ARGUMENT, "index_json is not a JSON object: byte %zu: %s", offset,
                          error != NULL ? error : "no text");
    bool offered = true;
    for (uint32_t i = 0; parsed != NULL && i < parsed->root.count; i++) {
        const metadata_node *member = &parsed->nodes[parsed->root.as.first + i];
        offered = offered && kw_equal(metadata_name(parsed, member), kind) && member->kind == KW_VALUE_STRING
            && kw_equal(metadata_text(parsed, member), flat);
    }
    free(parsed);
    return offered ? KW_OK : not_offered(call, "index_json", "the one index is {\"kind\":\"flat\"}, without options");
}

static kw_status check_spec(kw_call *call, const kw_repo_spec *spec)
{
    if (spec->dims == 0 || spec->dims > REPOSITORY_MAX_DIMS)
        return call_error(call, KW_INVALID_ARGUMENT, "dims must be 1-%u, and is %u", REPOSITORY_MAX_DIMS, spec->dims);
    if (spec->metric < KW_METRIC_COSINE || spec->metric > KW_METRIC_L2)
        return call_error(call, KW_UNIMPLEMENTED, "metric %u is not offered; cosine (1), dot (2) and l2 (3) are",
                          spec->metric);
    if (spec->element != KW_ELEMENT_F32)
        return call_error(call, KW_UNIMPLEMENTED, "element %u is not stored; f32 (1) is", spec->element);
    if (!kw_text_ok(spec->embedder_id) || spec->embedder_id.len > REPOSITORY_MAX_EMBEDDER
        || !json_is_utf8(spec->embedder_id.ptr, (size_t)spec->embedder_id.len))
        return call_error(call, KW_INVALID_ARGUMENT, "embedder_id must be UTF-8 of at most %u bytes",
                          REPOSITORY_MAX_EMBEDDER);
    if (spec->fields.count != 0)
        return not_offered(call, "fields", "an item has one vector");
    return check_index(call, spec->index_json);
}

kw_status flat_ensure(kw_instance *self, kw_call *call, const kw_repo_spec *in) KW_NOEXCEPT
{
    kw_repo_spec spec;
    repository_access a;
    if (!kw_read(&spec, in))
        return call_error(call, KW_INVALID_ARGUMENT, "the repository's description is malformed");
    kw_status status = check_spec(call, &spec);
    if (status != KW_OK || (status = access_write(self, call, spec.repo, &a)) != KW_OK)
        return status;
    repository *r = a.repository;
    if (spec.repo.len == 0) {
        status = call_error(call, KW_INVALID_ARGUMENT, "repo must be 1-200 bytes of UTF-8, and is empty");
    } else if (r == NULL) {
        r = repository_make(spec.repo, spec.dims, spec.metric, spec.embedder_id, self->seed);
        if (r == NULL)
            status = call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for one more repository");
        else if ((status = log_create(&self->store, call, r, NULL, 0)) != KW_OK)
            repository_free(r);
        else
            status = instance_add(self, call, r);
    } else if (r->dims != spec.dims) {
        status = call_error(call, KW_DIMENSION_MISMATCH, "repository %.*s holds vectors of %u dimensions, not %u",
                            CALL_TEXT(spec.repo), r->dims, spec.dims);
    } else if (r->metric != spec.metric) {
        status = call_error(call, KW_FAILED_PRECONDITION, "repository %.*s was made with metric %u, not %u; wipe it "
                            "to change that", CALL_TEXT(spec.repo), r->metric, spec.metric);
    } else if (spec.embedder_id.len > 0 && r->embedder_length > 0
               && !kw_equal(spec.embedder_id, repository_embedder(r))) {
        status = call_error(call, KW_FAILED_PRECONDITION, "repository %.*s holds vectors of embedder %.*s, not %.*s",
                            CALL_TEXT(spec.repo), CALL_TEXT(repository_embedder(r)), CALL_TEXT(spec.embedder_id));
    }
    kw_repo_info out;
    if (status == KW_OK && (status = describe_repository(call, r, &out)) == KW_OK)
        status = KW_REPLY(call, &out);
    access_end(&a);
    return status;
}

kw_status flat_wipe(kw_instance *self, kw_call *call, const kw_repo_in *in) KW_NOEXCEPT
{
    kw_repo_in wanted;
    repository_access a;
    if (!kw_read(&wanted, in) || wanted.repo.len == 0)
        return call_error(call, KW_INVALID_ARGUMENT, "wipe needs the name of a repository");
    /* Wiping is the way out of damage, so it must not need a file that can be read. */
    kw_status status = access_unread(self, call, wanted.repo, &a);
    if (status != KW_OK)
        return status;
    if (self->store.folder >= 0)
        status = log_delete(&self->store, call, wanted.repo);
    else if (a.repository == NULL)
        status = no_repository(call, wanted.repo);
    if (status == KW_OK) {
        kw_none out = { .h = KW_HDR(kw_none) };
        instance_drop(self, a.repository);
        status = KW_REPLY(call, &out);
    }
    access_end(&a);
    return status;
}
