#include "fixture.h"

static void put(json *j, const char *bytes, size_t count)
{
    if (count < sizeof j->text - j->length) {
        memcpy(j->text + j->length, bytes, count);
        j->length += count;
    }
}

/* A comma, unless a value cannot precede. */
static void separate(json *j)
{
    if (j->length > 0 && strchr("[{,:", j->text[j->length - 1]) == NULL)
        put(j, ",", 1);
}

void json_raw(json *j, const char *text)
{
    if (text[0] == '[' || text[0] == '{')
        separate(j);
    put(j, text, strlen(text));
}

void json_key(json *j, const char *key)
{
    json_string(j, kw_string(key));
    put(j, ":", 1);
}

void json_string(json *j, kw_str text)
{
    separate(j);
    put(j, "\"", 1);
    for (uint64_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        char escape[8];
        if (byte < 0x20 || byte == '"' || byte == '\\')
            put(j, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", byte));
        else
            put(j, text.ptr + i, 1);
    }
    put(j, "\"", 1);
}

void json_int(json *j, int64_t number)
{
    char text[24];
    separate(j);
    put(j, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)number));
}

void json_double(json *j, double number)
{
    char text[40];
    separate(j);
    put(j, text, (size_t)snprintf(text, sizeof text, "%.17g", number));
}

void json_bytes(json *j, kw_bytes bytes)
{
    json_raw(j, "[");
    for (uint64_t i = 0; i < bytes.len; i++)
        json_int(j, ((const unsigned char *)bytes.ptr)[i]);
    json_raw(j, "]");
}

void json_strings(json *j, kw_span span)
{
    json_raw(j, "[");
    for (uint32_t i = 0; i < span.count; i++)
        json_string(j, *(const kw_str *)kw_at(span, i));
    json_raw(j, "]");
}

void json_pairs(json *j, kw_span span)
{
    json_raw(j, "[");
    for (uint32_t i = 0; i < span.count; i++) {
        const kw_pair *pair = kw_at(span, i);
        json_raw(j, "[");
        json_string(j, pair->key);
        json_string(j, pair->value);
        json_raw(j, "]");
    }
    json_raw(j, "]");
}

void json_filter(json *j, kw_span program)
{
    json_raw(j, "[");
    for (uint32_t i = 0; i < program.count; i++) {
        const kw_finst *step = kw_at(program, i);
        json_raw(j, "[");
        json_int(j, step->op);
        json_int(j, step->argc);
        json_string(j, step->field);
        for (uint32_t v = 0; v < step->values.count; v++) {
            const kw_value *value = kw_at(step->values, v);
            json_raw(j, "[");
            json_int(j, value->kind);
            if (value->kind == KW_VALUE_STRING)
                json_string(j, value->text);
            else if (value->kind == KW_VALUE_DOUBLE)
                json_double(j, value->number);
            else
                json_int(j, value->integer);
            json_raw(j, "]");
        }
        json_raw(j, "]");
    }
    json_raw(j, "]");
}

kw_str json_text(const json *j)
{
    kw_str text = { j->text, j->length };
    return text;
}

kw_status json_fail(kw_call *call, const json *j)
{
    kw_error error = { .h = KW_HDR(kw_error), .status = KW_ABORTED, .message = json_text(j) };
    return call->api->fail(call, &error);
}
