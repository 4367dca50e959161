/* keyway/endpoints.h - "keyway.endpoints/1": HTTP endpoints that a server offers on a plugin's behalf. */
#ifndef KEYWAY_ENDPOINTS_H
#define KEYWAY_ENDPOINTS_H

#include "core.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define KW_ENDPOINTS_ID "keyway.endpoints/1"

#define KW_ENDPOINT_PUBLIC 1u    /* asks for no authentication; the host's policy decides */
#define KW_ENDPOINT_STREAMS 2u   /* replies with CHUNK events */

typedef struct kw_endpoint_1 {
    kw_hdr h;
    kw_str method;        /* "GET" */
    kw_str path;          /* below the plugin's own prefix: "/items/{id}"; {name...} takes the rest */
    kw_str summary;
    kw_str body_schema_json, query_schema_json, parameters_schema_json, response_schema_json; /* or empty */
    kw_span middleware KW_OF(kw_str); /* names of the host's */
    uint64_t rate_requests; /* at most so many requests ... */
    int64_t rate_window_ns; /* ... within so long; 0, 0 = no limit */
    uint64_t max_body;    /* bytes, 0 = the host's */
    uint64_t flags;       /* KW_ENDPOINT_* */
    kw_span roles KW_OF(kw_str); /* of whom the host admits; one is enough, none = everybody */
    kw_span permissions KW_OF(kw_str); /* what the principal needs, all of them */
} kw_endpoint;

typedef struct kw_endpoints_out_1 {
    kw_hdr h;
    kw_span endpoints KW_OF(kw_endpoint);
} kw_endpoints_out;

typedef struct kw_request_in_1 {
    kw_hdr h;
    uint32_t endpoint;    /* position in what list replied */
    uint32_t reserved;    /* 0 */
    kw_str method, path;  /* as requested, percent-decoded, below the plugin's prefix */
    kw_span parameters KW_OF(kw_pair); /* of {name} in the path */
    kw_span query KW_OF(kw_pair); /* in order, decoded; names may repeat */
    kw_span headers KW_OF(kw_pair); /* names in lower case */
    kw_bytes body;        /* raw */
    kw_str remote_address;
    kw_str principal;     /* who is authenticated, or empty */
    kw_str request_id;
} kw_request_in;

typedef struct kw_response_out_1 {
    kw_hdr h;
    uint32_t status;      /* 100-599 */
    uint32_t reserved;    /* 0 */
    kw_span headers KW_OF(kw_pair);
    kw_bytes body;        /* empty if it went out as CHUNK events */
} kw_response_out;

typedef struct kw_endpoints_1 {
    kw_hdr h;
    /* What is offered; constant between two configurations. [op] */
    KW_OP(list, kw_none, kw_endpoints_out) KW_IDEMPOTENT;
    /* Answers one request: by its reply; or by a RESPONSE event, CHUNK events, and a reply without body, whose status
     * and headers then say nothing. An error before RESPONSE becomes a response of the host's; after it the host cuts
     * the connection. [op] */
    KW_OP(handle, kw_request_in, kw_response_out) KW_EMITS;
} kw_endpoints;

#if defined(__cplusplus)
}
#endif
#endif
