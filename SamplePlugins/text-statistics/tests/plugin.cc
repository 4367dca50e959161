// The plugin's table, called as a host calls it.
#include <algorithm>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fixture.h"
#include "json.h"

using namespace text_statistics;

static void table()
{
    const kw_plugin *other = nullptr;
    CHECK(kw_plugin_entry_1(&host.host, 2, &other) == KW_SDK_MISMATCH);
    CHECK(kw_plugin_entry_1(&host.host, 0, &other) == KW_SDK_MISMATCH);
    CHECK(plugin->magic == KW_MAGIC && plugin->caps == KW_CAP_CONCURRENT && plugin->sdk_min == 1 && plugin->sdk_max == 1);
    CHECK(kw_equal(plugin->id, kw_string("text-statistics")) && plugin->ifaces.count == 1);
    const auto *offered = static_cast<const kw_iface *>(kw_at(plugin->ifaces, 0));
    CHECK(kw_equal(offered->id, kw_string(KW_OPERATIONS_ID)));
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
    if (!start())
        return test_finish();
    table();
    configurations();
    listing();
    answers();
    streams();
    refusals();
    at_the_same_time();
    destroy(instance);
    return test_finish();
}
