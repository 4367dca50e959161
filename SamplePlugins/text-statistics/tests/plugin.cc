// The plugin's table, called as a host calls it.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "guard.h"
#include "host.h"
#include "json.h"
#include "utf8.h"

using namespace text_statistics;

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

static kw_str str(std::string_view text)
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

static void collect(test_call *call, const kw_event *event)
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

static kw_status no_events(kw_call *, const kw_event *, uint32_t) noexcept
{
    return KW_UNIMPLEMENTED;
}

static result run(std::string_view name, std::string_view input, const options &with = {})
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

static bool says(const result &r, kw_status status, const char *part)
{
    const bool right = r.status == status && r.message.find(part) != std::string::npos;
    if (!right)
        fprintf(stderr, "    status %d, \"%s\"; expected %d, \"%s\"\n", r.status, r.message.c_str(), status, part);
    return right;
}

static void table()
{
    CHECK(kw_plugin_entry_1(&host.host, 2, &plugin) == KW_SDK_MISMATCH);
    CHECK(kw_plugin_entry_1(&host.host, 0, &plugin) == KW_SDK_MISMATCH);
    CHECK(kw_plugin_entry_1(&host.host, 1, &plugin) == KW_OK);
    CHECK(plugin->magic == KW_MAGIC && plugin->caps == KW_CAP_CONCURRENT && plugin->sdk_min == 1 && plugin->sdk_max == 1);
    CHECK(kw_equal(plugin->id, kw_string("text-statistics")) && plugin->ifaces.count == 1);
    const auto *offered = static_cast<const kw_iface *>(kw_at(plugin->ifaces, 0));
    CHECK(kw_equal(offered->id, kw_string(KW_OPERATIONS_ID)));
    operations = static_cast<const kw_operations *>(offered->vtable);
}

static kw_status create(const char *configuration, kw_instance **made, std::string *message, long allocations = -1)
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

static void destroy(kw_instance *gone)
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

static void configurations()
{
    std::string message;
    kw_instance *made = nullptr;
    struct {
        const char *json, *problem;
    } const bad[] = { { "[]", "not a JSON object" },           { "{", "the configuration: " },
                      { "{\"top\":-1}", "/top" },              { "{\"top\":1.5}", "/top" },
                      { "{\"top\":10001}", "/top" },           { "{\"top\":\"3\"}", "/top" },
                      { "{\"ignore\":\"the\"}", "/ignore" },   { "{\"ignore\":[1]}", "/ignore" },
                      { "{\"text\":\"x\"}", "/text is not known" } };
    for (const auto &row : bad) {
        CHECK(create(row.json, &made, &message) == KW_INVALID_ARGUMENT);
        CHECK(message.find(row.problem) != std::string::npos);
    }
    for (const char *good : { "", "{}", "{\"top\":0}", "{\"top\":10000,\"ignore\":[\"The\"]}" }) {
        CHECK(create(good, &made, &message) == KW_OK);
        destroy(made);
    }
    // Every allocation of create fails once.
    for (long n = 0;; n++) {
        const kw_status status = create("{\"ignore\":[\"a word that is longer than a small string\"]}", &made, &message, n);
        if (status == KW_OK) {
            CHECK(n > 0);
            destroy(made);
            break;
        }
        CHECK(status == KW_RESOURCE_EXHAUSTED);
    }
}

static void listing()
{
    test_call t;
    test_call_begin(&t);
    kw_none none = { KW_HDR(kw_none) };
    CHECK(operations->list(instance, &t.call, &none) == KW_OK && t.replies == 1);
    const auto *out = static_cast<const kw_operations_out *>(t.reply);
    if (CHECK(out != nullptr && out->operations.count == 2))
        for (uint32_t i = 0; i < 2; i++) {
            const auto *offered = static_cast<const kw_operation *>(kw_at(out->operations, i));
            for (kw_str schema : { offered->input_schema_json, offered->output_schema_json })
                if (schema.len > 0)
                    CHECK(json_read({ schema.ptr, schema.len }).as<json_value::object>() != nullptr);
        }
    test_call_end(&t);
}

static void answers()
{
    const result r = run("text_statistics", R"({"text":"The cat sat. The \"cat\"\nslept!","top":2,"ignore":["SAT"]})");
    CHECK(r.status == KW_OK && r.format == "application/json");
    CHECK(r.output == R"({"bytes":29,"characters":29,"words":6,"distinctWords":4,"sentences":2,"paragraphs":1,)"
                      R"("lettersPerWord":3.33,"wordsPerSentence":3.00,"readingEase":119.19,"gradeLevel":-2.62,)"
                      R"("frequentWords":[{"word":"cat","count":2},{"word":"the","count":2}]})");
    // Whichever way the text is given.
    options plain;
    plain.format = "text/plain";
    plain.settings = R"({"top":2,"ignore":["sat"]})";
    CHECK(run("text_statistics", "The cat sat. The \"cat\"\nslept!", plain).output == r.output);
    const result empty = run("text_statistics", R"({"text":""})");
    CHECK(empty.output.find(R"("words":0,)") != std::string::npos
          && empty.output.find(R"("readingEase":null,"gradeLevel":null,"frequentWords":[])") != std::string::npos);
    CHECK(json_read(empty.output).as<json_value::object>() != nullptr);
}

static std::string long_text()
{
    std::string text;
    for (int i = 0; i < 5000; i++)
        text += "word" + std::to_string(i) + (i % 10 == 9 ? ". " : " ");
    return text;
}

static void streams()
{
    const std::string text = long_text();
    options plain;
    plain.format = "text/plain";
    const result streamed = run("word_frequencies", text, plain);
    CHECK(streamed.status == KW_OK && streamed.output.empty() && streamed.format == "application/x-ndjson");
    CHECK(std::count(streamed.chunks.begin(), streamed.chunks.end(), '\n') == 5000);
    CHECK(streamed.chunks.rfind("{\"word\":\"word0\",\"count\":1}\n", 0) == 0);
    plain.no_events = true;
    const result whole = run("word_frequencies", text, plain);
    CHECK(whole.status == KW_OK && whole.chunks.empty() && whole.output == streamed.chunks);
    plain.no_events = false;
    plain.cancel_at_chunk = true;
    const result stopped = run("word_frequencies", text, plain);
    CHECK(stopped.status == KW_CANCELLED && stopped.chunks.size() < streamed.chunks.size() / 2);
    plain.cancel_first = true;
    CHECK(run("text_statistics", text, plain).status == KW_CANCELLED);
}

static void refusals()
{
    CHECK(says(run("words", "{}"), KW_NOT_FOUND, "no operation \"words\""));
    CHECK(says(run(std::string(2000, 'x'), "{}"), KW_NOT_FOUND, "xxx\"; there are"));
    CHECK(says(run("text_statistics", ""), KW_INVALID_ARGUMENT, "the input: a JSON value is missing at byte 0"));
    CHECK(says(run("text_statistics", "{}"), KW_INVALID_ARGUMENT, "/text is missing"));
    CHECK(says(run("text_statistics", "[]"), KW_INVALID_ARGUMENT, "not a JSON object"));
    CHECK(says(run("text_statistics", R"({"text":1})"), KW_INVALID_ARGUMENT, "/text is not a string"));
    CHECK(says(run("text_statistics", R"({"text":"a","limit":1})"), KW_INVALID_ARGUMENT, "/limit is not known"));
    CHECK(says(run("text_statistics", "{\"text\":\"\xFF\"}"), KW_INVALID_ARGUMENT, "not valid UTF-8"));
    options with;
    with.format = "text/plain";
    CHECK(says(run("text_statistics", "abc\xFF", with), KW_INVALID_ARGUMENT, "not valid UTF-8 at byte 3"));
    with.settings = "{\"top\":true}";
    CHECK(says(run("text_statistics", "abc", with), KW_INVALID_ARGUMENT, "/top"));
    with = {};
    with.format = "application/pdf";
    CHECK(says(run("text_statistics", "x", with), KW_UNIMPLEMENTED, "another format"));
    with = {};
    with.wanted = "text/html";
    CHECK(says(run("text_statistics", R"({"text":"a"})", with), KW_UNIMPLEMENTED, "application/json"));
    with = {};
    with.flags = KW_OPERATE_DRY_RUN;
    CHECK(says(run("text_statistics", R"({"text":"a"})", with), KW_UNIMPLEMENTED, "nothing to try"));
    with = {};
    with.quota = 8;
    CHECK(says(run("text_statistics", R"({"text":"a"})", with), KW_RESOURCE_EXHAUSTED, "no memory"));
}

// Whatever allocation fails, the call fails cleanly and the next one works.
static void without_memory()
{
    const std::string text = long_text().substr(0, 1200);
    for (const char *name : { "text_statistics", "word_frequencies" }) {
        options with;
        with.format = "text/plain";
        with.settings = "{\"ignore\":[\"a word that is longer than a small string\"]}";
        const result good = run(name, text, with);
        long failures = 0;
        for (with.allocations = 0;; with.allocations++) {
            const result r = run(name, text, with);
            if (r.status == KW_OK) {
                CHECK(r.output == good.output && r.chunks == good.chunks);
                break;
            }
            if (!CHECK(says(r, KW_RESOURCE_EXHAUSTED, "no memory")))
                break;
            failures++;
        }
        CHECK(failures > 100);
    }
}

static void what_is_thrown()
{
    struct {
        std::function<kw_status()> body;
        kw_status status;
        const char *message;
    } const table[] = {
        { [] { return KW_OK; }, KW_OK, "" },
        { []() -> kw_status { throw failure(KW_NOT_FOUND, "there is none"); }, KW_NOT_FOUND, "there is none" },
        { []() -> kw_status { throw cancelled(); }, KW_CANCELLED, "" },
        { []() -> kw_status { throw std::bad_alloc(); }, KW_RESOURCE_EXHAUSTED, "no memory" },
        { []() -> kw_status { throw std::out_of_range("vector::at"); }, KW_INTERNAL, "vector::at" },
        { []() -> kw_status { throw 42; }, KW_INTERNAL, "something unknown" },
    };
    for (const auto &row : table) {
        test_call t;
        test_call_begin(&t);
        CHECK(guard(&t.call, row.body) == row.status && std::strstr(t.message, row.message) != nullptr);
        test_call_end(&t);
    }
}

// A long message is cut, but not within a character, wherever the limit falls.
static void long_messages()
{
    for (std::size_t before = 0; before < 4; before++) {
        std::string text(before, 'x');
        for (int i = 0; i < 600; i++)
            text += "\u20ac";
        test_call t;
        test_call_begin(&t);
        CHECK(guard(&t.call, [&]() -> kw_status { throw std::runtime_error(text); }) == KW_INTERNAL);
        const std::size_t cut = std::strlen(t.message);
        CHECK(cut > 1000 && cut < 1024);
        std::string_view rest = t.message;
        while (const std::size_t size = utf8_read(rest).size)
            rest.remove_prefix(size);
        CHECK(rest.empty());
        test_call_end(&t);
        const std::string said = run(text, "{}").message;
        rest = said;
        while (const std::size_t size = utf8_read(rest).size)
            rest.remove_prefix(size);
        CHECK(rest.empty() && said.size() < 400);
    }
}

static void at_the_same_time()
{
    const std::string text = long_text();
    options plain;
    plain.format = "text/plain";
    const std::string expected = run("text_statistics", text, plain).output;
    std::vector<std::thread> threads;
    std::vector<std::string> outputs(4);
    for (std::string &output : outputs)
        threads.emplace_back([&] { output = run("text_statistics", text, plain).output; });
    for (std::thread &thread : threads)
        thread.join();
    for (const std::string &output : outputs)
        CHECK(!output.empty() && output == expected);
}

int main()
{
    test_host_init(&host);
    table();
    configurations();
    std::string message;
    if (!CHECK(create("{}", &instance, &message) == KW_OK))
        return test_finish();
    listing();
    answers();
    streams();
    refusals();
    without_memory();
    what_is_thrown();
    long_messages();
    at_the_same_time();
    destroy(instance);
    return test_finish();
}
