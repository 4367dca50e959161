/* How the mirror tells what it is given. */
#include "mirror.h"

int mirror_does(const kw_call *call, const char *word)
{
    for (uint32_t i = 0; i < call->attributes.count; i++) {
        const kw_pair *pair = kw_at(call->attributes, i);
        if (kw_equal(pair->key, kw_string("do")) && kw_equal(pair->value, kw_string(word)))
            return 1;
    }
    return 0;
}

json *mirror_buffer(void)
{
    static _Thread_local json buffer;
    buffer.length = 0;
    return &buffer;
}

void mirror_int(json *j, const char *key, int64_t number)
{
    if (number != 0) {
        json_key(j, key);
        json_int(j, number);
    }
}

void mirror_double(json *j, const char *key, double number)
{
    if (number < 0 || number > 0) {
        json_key(j, key);
        json_double(j, number);
    }
}

void mirror_text(json *j, const char *key, kw_str text)
{
    if (text.len > 0) {
        json_key(j, key);
        json_string(j, text);
    }
}

void mirror_bytes(json *j, const char *key, kw_bytes bytes)
{
    if (bytes.len > 0) {
        json_key(j, key);
        json_bytes(j, bytes);
    }
}

void mirror_texts(json *j, const char *key, kw_span texts)
{
    if (texts.count > 0) {
        json_key(j, key);
        json_strings(j, texts);
    }
}

void mirror_pairs(json *j, const char *key, kw_span pairs)
{
    if (pairs.count > 0) {
        json_key(j, key);
        json_pairs(j, pairs);
    }
}

void mirror_ints(json *j, const char *key, kw_span numbers)
{
    if (numbers.count == 0)
        return;
    json_key(j, key);
    json_raw(j, "[");
    for (uint32_t i = 0; i < numbers.count; i++)
        json_int(j, *(const int64_t *)kw_at(numbers, i));
    json_raw(j, "]");
}

void mirror_ids(json *j, const char *key, kw_span numbers)
{
    if (numbers.count == 0)
        return;
    json_key(j, key);
    json_raw(j, "[");
    for (uint32_t i = 0; i < numbers.count; i++)
        json_int(j, *(const uint32_t *)kw_at(numbers, i));
    json_raw(j, "]");
}

void mirror_floats(json *j, const char *key, const void *numbers, uint64_t count)
{
    if (numbers == NULL || count == 0)
        return;
    json_key(j, key);
    json_raw(j, "[");
    for (uint64_t i = 0; i < count; i++)
        json_double(j, (double)((const float *)numbers)[i]);
    json_raw(j, "]");
}

void mirror_list(json *j, const char *key, kw_span span, void (*element)(json *j, const void *at))
{
    if (span.count == 0)
        return;
    json_key(j, key);
    json_raw(j, "[");
    for (uint32_t i = 0; i < span.count; i++)
        element(j, kw_at(span, i));
    json_raw(j, "]");
}

void mirror_part(json *j, const void *at)
{
    const kw_part *x = at;
    OBJECT(INT(kind) INT(flags) TEXT(text) TEXT(id) TEXT(name) TEXT(media_type) TEXT(json) BYTES(data)
           LIST(parts, mirror_part))
}

void mirror_sparse(json *j, const void *at)
{
    const kw_sparse *x = at;
    json_raw(j, "{");
    mirror_ids(j, "indices", x->indices);
    mirror_floats(j, "values", x->values.ptr, x->values.count);
    json_raw(j, "}");
}
