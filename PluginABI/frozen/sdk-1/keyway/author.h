/* keyway/author.h - conveniences for plugins written in C or C++. Not part of the ABI: all of it is inlined.
 *
 *     #include <keyway/plugin.h>
 *     #include <keyway/author.h>
 */
#ifndef KEYWAY_AUTHOR_H
#define KEYWAY_AUTHOR_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plugin.h"

#if defined(__cplusplus)
extern "C" {
#endif

/* KW_STR("literal") */
#define KW_STR(literal) { (literal), sizeof(literal) - 1 }
/* KW_SPAN(array) of a true array. */
#define KW_SPAN(array) { (array), (uint32_t)(sizeof(array) / sizeof((array)[0])), (uint32_t)sizeof((array)[0]) }

static inline kw_str kw_string(const char *text)
{
    kw_str s = { NULL, 0 };
    if (text != NULL && text[0] != '\0') {
        s.ptr = text;
        s.len = (uint64_t)strlen(text);
    }
    return s;
}

static inline int kw_equal(kw_str a, kw_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, (size_t)a.len) == 0);
}

/* Element i of a span, by the writer's stride. i < span.count. */
static inline const void *kw_at(kw_span span, uint32_t i)
{
    return (const char *)span.ptr + (uint64_t)i * span.stride;
}

/* ---- reading what the host wrote ------------------------------------------------------------------------ */

/* Copies what both sides know of a growable struct and zeroes the rest, so that a plugin reads every field of its own
 * header whatever the host's was. 0: from is NULL, shorter than its own header, longer than the `available` bytes in
 * which it lies (answer KW_INVALID_ARGUMENT), or larger than this plugin knows and marked KW_MUST, which KW_ACCEPT
 * tells (answer KW_UNIMPLEMENTED). */
static inline int kw_read_bytes(void *into, size_t size, const void *from, uint64_t available)
{
    kw_hdr header;
    memset(into, 0, size);
    if (from == NULL || available < sizeof header)
        return 0;
    memcpy(&header, from, sizeof header);
    if (header.size < sizeof header || header.size > available || (header.size > size && (header.flags & KW_MUST)))
        return 0;
    memcpy(into, from, header.size < size ? header.size : size);
    return 1;
}

/* kw_embed_in request; if (!kw_read(&request, in)) ... */
#define kw_read(into, from) kw_read_bytes((into), sizeof *(into), (from), UINT64_MAX)
/* Element i of a span of growable structs. i < span.count. */
#define kw_read_at(into, span, i) kw_read_bytes((into), sizeof *(into), kw_at((span), (i)), (span).stride)

/* Has a span memory for its elements, of at least so many bytes each? */
static inline int kw_span_ok(kw_span span, size_t least)
{
    return span.count == 0 || (span.ptr != NULL && span.stride >= least);
}

static inline int kw_text_ok(kw_str text)
{
    return text.len == 0 || text.ptr != NULL;
}

/* Text i of a span of kw_str. i < span.count. */
static inline kw_str kw_text_at(kw_span span, uint32_t i)
{
    kw_str text;
    memcpy(&text, kw_at(span, i), sizeof text);
    return text;
}

/* ---- writing -------------------------------------------------------------------------------------------- */

static inline kw_span kw_span_of(const void *ptr, uint32_t count, uint32_t stride)
{
    kw_span s = { count == 0 ? NULL : ptr, count, stride };
    return s;
}

/* A copy of text in the call's arena; empty if the arena is full. */
static inline kw_str kw_copy(kw_call *call, kw_str text)
{
    kw_str s = { NULL, 0 };
    if (text.len > 0) {
        char *p = (char *)call->api->alloc(call, text.len, 1);
        if (p != NULL) {
            memcpy(p, text.ptr, (size_t)text.len);
            s.ptr = p;
            s.len = text.len;
        }
    }
    return s;
}

/* The same for bytes. */
static inline kw_bytes kw_copy_bytes(kw_call *call, kw_bytes bytes)
{
    kw_bytes b = { NULL, 0 };
    if (bytes.len > 0) {
        void *p = call->api->alloc(call, bytes.len, 1);
        if (p != NULL) {
            memcpy(p, bytes.ptr, (size_t)bytes.len);
            b.ptr = p;
            b.len = bytes.len;
        }
    }
    return b;
}

/* ---- errors --------------------------------------------------------------------------------------------- */

/* return kw_fail(call, KW_INVALID_ARGUMENT, "dims must be 64-4096"); message says what went wrong and what to do. */
static inline kw_status kw_fail(kw_call *call, kw_status status, const char *message)
{
    kw_error e;
    memset(&e, 0, sizeof e);
    e.h.size = (uint32_t)sizeof e;
    e.status = status;
    e.message = kw_string(message);
    return call->api->fail(call, &e);
}

/* The longest beginning of UTF-8 text that has at most `limit` bytes and ends between two characters. */
static inline uint64_t kw_cut(kw_str text, uint64_t limit)
{
    uint64_t length = text.len;
    if (length > limit)
        for (length = limit; length > 0 && ((unsigned char)text.ptr[length] & 0xC0u) == 0x80u;)
            length--;
    return length;
}

/* Text as the two arguments of "%.*s"; what is longer than 256 bytes is cut. */
#define KW_PRINT(text) (int)kw_cut((text), 256), ((text).len > 0 ? (text).ptr : "")

/* return kw_fail_format(call, KW_NOT_FOUND, "there is no tool \"%.*s\"; see list", KW_PRINT(in->name));
 * What is longer than a kilobyte is cut, between two characters. */
__attribute__((format(printf, 3, 4)))
static inline kw_status kw_fail_format(kw_call *call, kw_status status, const char *format, ...)
{
    char message[1024];
    kw_str whole;
    va_list values;
    va_start(values, format);
    int length = vsnprintf(message, sizeof message, format, values);
    va_end(values);
    if (length < 0)
        return kw_fail(call, status, format);
    whole.ptr = message;
    whole.len = (uint64_t)length;
    if (whole.len >= sizeof message) /* at the last byte that is there: the next one tells whether a character ends */
        message[kw_cut(whole, sizeof message - 2)] = '\0';
    return kw_fail(call, status, message);
}

/* ---- events: each returns what emit returned; on KW_CANCELLED, stop and return it -------------------------- */

static inline kw_status kw_emit(kw_call *call, uint32_t kind, kw_str text, kw_bytes data)
{
    kw_event event;
    memset(&event, 0, sizeof event);
    event.h.size = (uint32_t)sizeof event;
    event.kind = kind;
    event.text = text;
    event.data = data;
    return call->api->emit(call, &event, 0);
}

/* A provider's next text, of block 0. */
static inline kw_status kw_emit_text(kw_call *call, kw_str text)
{
    kw_bytes none = { NULL, 0 };
    return kw_emit(call, KW_EVENT_TEXT, text, none);
}

/* The next bytes of an operation's or endpoint's output. */
static inline kw_status kw_emit_chunk(kw_call *call, kw_bytes chunk)
{
    kw_str none = { NULL, 0 };
    return kw_emit(call, KW_EVENT_CHUNK, none, chunk);
}

/* fraction is 0...1. */
static inline kw_status kw_emit_progress(kw_call *call, const char *what, double fraction)
{
    kw_bytes data = { &fraction, sizeof fraction };
    return kw_emit(call, KW_EVENT_PROGRESS, kw_string(what), data);
}

/* ---- replies -------------------------------------------------------------------------------------------- */

/* return kw_reply_none(call); for operations whose reply is a kw_none. */
static inline kw_status kw_reply_none(kw_call *call)
{
    kw_none out;
    memset(&out, 0, sizeof out);
    out.h.size = (uint32_t)sizeof out;
    return KW_REPLY(call, &out);
}

/* For create. */
static inline kw_status kw_reply_instance(kw_call *call, kw_instance *instance)
{
    kw_create_out out;
    memset(&out, 0, sizeof out);
    out.h.size = (uint32_t)sizeof out;
    out.instance = instance;
    return KW_REPLY(call, &out);
}

static inline kw_status kw_reply_no_memory(kw_call *call)
{
    return kw_fail(call, KW_RESOURCE_EXHAUSTED, "no memory is left for this call; ask for less, or give the host more");
}

/* A tool's result: one part of text, which is copied. structured_json is the same for programs, or empty. */
static inline kw_status kw_reply_tool(kw_call *call, kw_str text, kw_str structured_json, int is_error)
{
    kw_tool_out out;
    kw_part *part = (kw_part *)call->api->alloc(call, sizeof *part, sizeof(void *));
    if (part == NULL)
        return kw_reply_no_memory(call);
    part->h.size = (uint32_t)sizeof *part;
    part->kind = KW_PART_TEXT;
    part->text = kw_copy(call, text);
    memset(&out, 0, sizeof out);
    out.h.size = (uint32_t)sizeof out;
    out.parts = kw_span_of(part, 1, (uint32_t)sizeof *part);
    out.structured_json = kw_copy(call, structured_json);
    out.is_error = is_error ? 1 : 0;
    if (part->text.len != text.len || out.structured_json.len != structured_json.len)
        return kw_reply_no_memory(call);
    return KW_REPLY(call, &out);
}

/* An operation's output of a media type, which is copied; format NULL = application/json. */
static inline kw_status kw_reply_output(kw_call *call, kw_bytes output, const char *format)
{
    kw_operate_out out;
    memset(&out, 0, sizeof out);
    out.h.size = (uint32_t)sizeof out;
    out.output = kw_copy_bytes(call, output);
    out.output_format = kw_copy(call, kw_string(format));
    if (out.output.len != output.len || out.output_format.len != kw_string(format).len)
        return kw_reply_no_memory(call);
    return KW_REPLY(call, &out);
}

/* ---- host services -------------------------------------------------------------------------------------- */

static inline const void *kw_find_service(const kw_host *host, const char *id, size_t least)
{
    const kw_hdr *table = (const kw_hdr *)host->get(host, kw_string(id));
    return table != NULL && table->size >= least ? table : NULL;
}

/* A host service that has every function up to `last`, or NULL: the host has none, or an older one, or the plugin was not
 * granted it.   const kw_host_kv *kv = kw_get_service(host, KW_HOST_KV_ID, kw_host_kv, set); */
#define kw_get_service(host, id, T, last) \
    ((const T *)kw_find_service((host), (id), offsetof(T, last) + sizeof(((const T *)0)->last)))

/* ---- a plugin without state ----------------------------------------------------------------------------- */

/* create and destroy of a plugin whose operations never look at self. */
static inline kw_status kw_create_stateless(kw_instance *self, kw_call *call, const kw_create_in *in) KW_NOEXCEPT
{
    static char nobody;
    (void)self;
    (void)in;
    return kw_reply_instance(call, (kw_instance *)(void *)&nobody);
}

static inline kw_status kw_destroy_stateless(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
{
    (void)self;
    (void)in;
    return kw_reply_none(call);
}

/* ---- notes, table and entry from one place -------------------------------------------------------------- */

#if defined(__cplusplus)
#define KW_LANGUAGE KW_LANG_CXX
#else
#define KW_LANGUAGE KW_LANG_C
#endif

/* JSON as one writes it, as a string literal: KW_JSON({"type": "object"}). */
#define KW_JSON(...) #__VA_ARGS__

/* At file scope of one file, once. `parts` is the name of a macro of two parameters that lists the interfaces with their
 * tables, and the fields of kw_plugin that are set:
 *
 *     #define HELLO(OFFER, SET)              \
 *         OFFER(KW_PROVIDER_ID, provider)    \
 *         SET(create, kw_create_stateless)   \
 *         SET(destroy, kw_destroy_stateless)
 *
 *     KW_PLUGIN("hello", "0.1.0", 1, 1, KW_CAP_CONCURRENT, KW_JSON("description": "Says hello"), HELLO);
 *
 * id and version are string literals. sdk_min and sdk_max are the SDKs that the plugin works with; sdk_max 0 = every later
 * one, too. manifest is a literal with at least one further member of the manifest, as JSON without the outer braces. Each
 * interface table is a variable of its own name. Makes the ABI, manifest and interface notes, the plugin table, and
 * the entry, which takes every SDK of that range. */
#define KW_PLUGIN(id_, version_, sdk_min_, sdk_max_, caps_, manifest_, parts)                                     \
    KW_NOTE_ABI(sdk_min_, sdk_max_, caps_, KW_LANGUAGE);                                                          \
    KW_NOTE_MANIFEST("{\"id\":\"" id_ "\",\"version\":\"" version_ "\"," manifest_ "}");                             \
    parts(KW_OFFER_NOTE_, KW_OMIT_)                                                                               \
    static const kw_iface kw_interfaces_[] = { parts(KW_OFFER_TABLE_, KW_OMIT_) };                                \
    KW_PLUGIN_TABLE_(id_, version_, sdk_min_, sdk_max_, caps_, parts)                                             \
    KW_ENTRY_LINKAGE_ KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk,                    \
                                                            const kw_plugin **out) KW_NOEXCEPT;                   \
    KW_ENTRY_LINKAGE_ KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk,                    \
                                                            const kw_plugin **out) KW_NOEXCEPT                    \
    {                                                                                                             \
        (void)host;                                                                                               \
        if (sdk < (sdk_min_) || ((sdk_max_) != 0 && sdk > (sdk_max_)))                                            \
            return KW_SDK_MISMATCH;                                                                               \
        *out = &kw_plugin_;                                                                                       \
        return KW_OK;                                                                                             \
    }                                                                                                             \
    KW_ASSERT((sdk_min_) >= 1 && (sdk_min_) <= KW_SDK && ((sdk_max_) == 0 || (sdk_max_) >= (sdk_min_)),           \
              "KW_PLUGIN: sdk_min is from 1 to KW_SDK, and sdk_max is 0 or not below sdk_min")

#define KW_OMIT_(a, b)
#define KW_OFFER_NOTE_(id, table) KW_NOTE_IFACE(table, id);
#define KW_OFFER_TABLE_(id, table) { KW_HDR(kw_iface), KW_STR(id), &table },

#if defined(__cplusplus)
#define KW_ENTRY_LINKAGE_ extern "C"
#define KW_SET_FIELD_(field, value) plugin.field = (value);
/* C++17 has no designated initializers. constexpr, so that the table is complete before any code runs. */
#define KW_PLUGIN_TABLE_(id_, version_, sdk_min_, sdk_max_, caps_, parts)                                         \
    static constexpr kw_plugin kw_plugin_ = []() constexpr {                                                      \
        kw_plugin plugin {};                                                                                      \
        plugin.h = KW_HDR(kw_plugin);                                                                             \
        plugin.magic = KW_MAGIC;                                                                                  \
        plugin.caps = (caps_);                                                                                    \
        plugin.sdk_built = KW_SDK;                                                                                \
        plugin.sdk_min = (sdk_min_);                                                                              \
        plugin.sdk_max = (sdk_max_);                                                                              \
        plugin.id = KW_STR(id_);                                                                                  \
        plugin.version = KW_STR(version_);                                                                        \
        plugin.ifaces = KW_SPAN(kw_interfaces_);                                                                  \
        parts(KW_OMIT_, KW_SET_FIELD_)                                                                            \
        return plugin;                                                                                            \
    }();
#else
#define KW_ENTRY_LINKAGE_
#define KW_SET_FIELD_(field, value) .field = (value),
#define KW_PLUGIN_TABLE_(id_, version_, sdk_min_, sdk_max_, caps_, parts)                                         \
    static const kw_plugin kw_plugin_ = {                                                                         \
        .h = KW_HDR(kw_plugin), .magic = KW_MAGIC, .caps = (caps_), .sdk_built = KW_SDK,                          \
        .sdk_min = (sdk_min_), .sdk_max = (sdk_max_), .id = KW_STR(id_), .version = KW_STR(version_),             \
        .ifaces = KW_SPAN(kw_interfaces_), parts(KW_OMIT_, KW_SET_FIELD_)                                         \
    };
#endif

#if defined(__cplusplus)
}
#endif
#endif
