// What the test programs that go through the plugin's table share: an instance, calls of `run`, allocations that fail.
#ifndef TEXT_STATISTICS_TESTS_FIXTURE_H
#define TEXT_STATISTICS_TESTS_FIXTURE_H

#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "host.h"

extern "C" kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out) noexcept;

// Allocations that still succeed; -1: all of them. Of this thread, because other tests count on several.
static thread_local long allocations_left = -1;

void *operator new(std::size_t size)
{
    if (allocations_left == 0)
        throw std::bad_alloc();
    if (allocations_left > 0)
        allocations_left--;
    void *memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr)
        throw std::bad_alloc();
    return memory;
}

void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }

static test_host host;
static const kw_plugin *plugin;
static const kw_operations *operations;
static kw_instance *instance;

static inline kw_str str(std::string_view text)
{
    return { text.empty() ? nullptr : text.data(), text.size() };
}

// One call of `run`, with its result as text.
struct result {
    kw_status status;
    std::string output, format, message, chunks;
};

struct options {
    const char *format = "", *wanted = "", *settings = "";
    uint64_t flags = 0;
    bool cancel_first = false, cancel_at_chunk = false, no_events = false;
    uint64_t quota = UINT64_MAX;
    long allocations = -1;
};

static inline void collect(test_call *call, const kw_event *event)
{
    auto *state = static_cast<std::pair<result *, const options *> *>(call->user);
    const long left = allocations_left;
    allocations_left = -1; // the test's own memory is not what is tested
    if (event->kind == KW_EVENT_CHUNK)
        state->first->chunks.append(static_cast<const char *>(event->data.ptr), static_cast<size_t>(event->data.len));
    if (state->second->cancel_at_chunk)
        test_call_cancel(call);
    allocations_left = left;
}

static inline kw_status no_events(kw_call *, const kw_event *, uint32_t) noexcept
{
    return KW_UNIMPLEMENTED;
}

static inline result run(std::string_view name, std::string_view input, const options &with = {})
{
    result r {};
    std::pair<result *, const options *> state { &r, &with };
    test_call t;
    test_call_begin(&t);
    t.on_event = collect;
    t.user = &state;
    kw_call_api api = *t.call.api;
    if (with.no_events) {
        api.emit = no_events;
        t.call.api = &api;
    }
    if (with.quota != UINT64_MAX)
        t.quota = with.quota;
    if (with.cancel_first)
        test_call_cancel(&t);
    kw_operate_in in {};
    in.h = KW_HDR(kw_operate_in);
    in.name = str(name);
    in.input = { input.data(), input.size() };
    in.input_format = kw_string(with.format);
    in.output_format = kw_string(with.wanted);
    in.settings_json = kw_string(with.settings);
    in.flags = with.flags;
    allocations_left = with.allocations;
    r.status = operations->run(instance, &t.call, &in);
    allocations_left = -1;
    r.message = t.message;
    CHECK((r.status == KW_OK) == (t.replies == 1));
    if (t.reply != nullptr) {
        const auto *out = static_cast<const kw_operate_out *>(t.reply);
        if (out->output.len > 0)
            r.output.assign(static_cast<const char *>(out->output.ptr), out->output.len);
        if (out->output_format.len > 0)
            r.format.assign(out->output_format.ptr, out->output_format.len);
    }
    test_call_end(&t);
    return r;
}

static inline bool says(const result &r, kw_status status, const char *part)
{
    const bool right = r.status == status && r.message.find(part) != std::string::npos;
    if (!right)
        fprintf(stderr, "    status %d, \"%s\"; expected %d, \"%s\"\n", r.status, r.message.c_str(), status, part);
    return right;
}

static inline kw_status create(const char *configuration, kw_instance **made, std::string *message, long allocations = -1)
{
    test_call t;
    test_call_begin(&t);
    kw_create_in in {};
    in.h = KW_HDR(kw_create_in);
    in.host = &host.host;
    in.config_json = kw_string(configuration);
    allocations_left = allocations;
    const kw_status status = plugin->create(nullptr, &t.call, &in);
    allocations_left = -1;
    *message = t.message;
    if (status == KW_OK && CHECK(t.reply != nullptr))
        *made = static_cast<const kw_create_out *>(t.reply)->instance;
    test_call_end(&t);
    return status;
}

static inline void destroy(kw_instance *gone)
{
    test_call t;
    test_call_begin(&t);
    kw_none none = { KW_HDR(kw_none) };
    kw_quiesce_in stop = { KW_HDR(kw_quiesce_in), KW_QUIESCE_STOP, 0 };
    CHECK(plugin->quiesce(gone, &t.call, &stop) == KW_OK && t.replies == 1);
    test_call_end(&t);
    test_call_begin(&t);
    CHECK(plugin->destroy(gone, &t.call, &none) == KW_OK && t.replies == 1);
    test_call_end(&t);
}

// Fetches the table and makes the instance. Value: whether there is one.
static inline bool start()
{
    test_host_init(&host);
    CHECK(kw_plugin_entry_1(&host.host, 1, &plugin) == KW_OK);
    operations = static_cast<const kw_operations *>(static_cast<const kw_iface *>(kw_at(plugin->ifaces, 0))->vtable);
    std::string message;
    return CHECK(create("{}", &instance, &message) == KW_OK);
}

static inline std::string long_text()
{
    std::string text;
    for (int i = 0; i < 5000; i++)
        text += "word" + std::to_string(i) + (i % 10 == 9 ? ". " : " ");
    return text;
}

#endif
