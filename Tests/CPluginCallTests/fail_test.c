#include "check.h"

#include <stdlib.h>

static kw_status told(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    kw_error error = *(const kw_error *)((const kw_count_in *)in)->data;
    char text[64] = "", details[64] = "", domain[64] = "", request[64] = "";
    if (error.message.ptr != NULL && error.message.len < sizeof text) {
        memcpy(text, error.message.ptr, (size_t)error.message.len);
        error.message.ptr = text;
    }
    if (error.details_json.ptr != NULL && error.details_json.len < sizeof details) {
        memcpy(details, error.details_json.ptr, (size_t)error.details_json.len);
        error.details_json.ptr = details;
    }
    if (error.domain.ptr != NULL && error.domain.len < sizeof domain) {
        memcpy(domain, error.domain.ptr, (size_t)error.domain.len);
        error.domain.ptr = domain;
    }
    if (error.request_id.ptr != NULL && error.request_id.len < sizeof request) {
        memcpy(request, error.request_id.ptr, (size_t)error.request_id.len);
        error.request_id.ptr = request;
    }
    kw_status status = call->api->fail(call, &error);
    /* The plugin's memory is gone when the host reads. */
    memset(text, '#', sizeof text);
    memset(details, '#', sizeof details);
    memset(domain, '#', sizeof domain);
    memset(request, '#', sizeof request);
    return status;
}

static int equals(kw_str text, const char *wanted)
{
    return text.len == strlen(wanted) && (text.len == 0 || memcmp(text.ptr, wanted, (size_t)text.len) == 0);
}

static kw_status nothing_told(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    (void)in;
    return call->api->fail(call, NULL);
}

static kw_status told_twice(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    (void)in;
    kw_error first = { .h = KW_HDR(kw_error), .status = KW_NOT_FOUND, .message = { "first", 5 } };
    kw_error last = { .h = KW_HDR(kw_error), .status = KW_UNAVAILABLE, .message = { "last", 4 } };
    (void)call->api->fail(call, &first);
    return call->api->fail(call, &last);
}

void test_fail(void)
{
    kw_status status;
    kw_error error = { .h = KW_HDR(kw_error),
                       .status = KW_RATE_LIMITED,
                       .vendor_code = -7,
                       .http_status = 429,
                       .retry = KW_RETRY_YES,
                       .retry_after_ns = 5,
                       .message = { "too many", 8 },
                       .details_json = { "{}", 2 },
                       .domain = { "openai", 6 },
                       .request_id = { "req-1", 5 }, .backtrace = { "at 0x1", 6 } };
    kwc_frame *frame = run(told, NULL, 0, &error, &status);
    CHECK(status == KW_RATE_LIMITED && frame->failed && frame->error.status == KW_RATE_LIMITED);
    CHECK(frame->error.vendor_code == -7 && frame->error.http_status == 429 && frame->error.retry_after_ns == 5);
    CHECK(equals(frame->error.message, "too many") && equals(frame->error.details_json, "{}"));
    CHECK(equals(frame->error.domain, "openai") && equals(frame->error.request_id, "req-1")
          && equals(frame->error.backtrace, "at 0x1"));
    CHECK(frame->error.retry == KW_RETRY_YES && frame->call.api->last_error(&frame->call) == &frame->error);
    kwc_end(frame);

    frame = run(told_twice, NULL, 0, NULL, &status);
    CHECK(status == KW_UNAVAILABLE && equals(frame->error.message, "last"));
    kwc_end(frame);

    static const kw_status bad[] = { KW_OK, KW_PENDING };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        error.status = bad[i];
        frame = run(told, NULL, 0, &error, &status);
        CHECK(status == KW_INTERNAL && frame->error.status == KW_INTERNAL);
        kwc_end(frame);
    }
    error.status = KW_ABORTED;

    /* An error of an earlier SDK that ends before its message. */
    error.h.size = offsetof(kw_error, message);
    frame = run(told, NULL, 0, &error, &status);
    CHECK(status == KW_ABORTED && frame->error.message.len == 0);
    kwc_end(frame);

    for (uint32_t size = 0; size < sizeof(kw_hdr); size++) {
        error.h.size = size;
        frame = run(told, NULL, 0, &error, &status);
        CHECK(status == KW_INTERNAL && frame->misuse == KWC_BAD_ERROR && !frame->failed);
        kwc_end(frame);
    }
    error.h.size = offsetof(kw_error, domain);
    frame = run(told, NULL, 0, &error, &status);
    CHECK(status == KW_ABORTED && equals(frame->error.message, "too many") && frame->error.domain.len == 0);
    CHECK(frame->error.request_id.len == 0);
    kwc_end(frame);
    error.h.size = sizeof error;

    frame = run(nothing_told, NULL, 0, NULL, &status);
    CHECK(status == KW_INTERNAL && frame->misuse == KWC_BAD_ERROR);
    kwc_end(frame);

    size_t length = 1 << 20;
    char *text = malloc(length);
    if (text == NULL)
        abort();
    memset(text, 'x', length);
    error.message = (kw_str){ text, length };
    frame = run(told, NULL, 0, &error, &status);
    CHECK(status == KW_ABORTED && frame->error.message.len == 65536 && frame->error.message.ptr != text);
    kwc_end(frame);
    free(text);

    error.message = (kw_str){ NULL, 12 };
    frame = run(told, NULL, 0, &error, &status);
    CHECK(status == KW_ABORTED && frame->error.message.len == 0);
    kw_call *late = &frame->call;
    kwc_end(frame);
    CHECK(late->api->fail(late, &error) == KW_FAILED_PRECONDITION);
}
