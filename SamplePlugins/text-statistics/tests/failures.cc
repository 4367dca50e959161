// What becomes of failures within a call: allocations that fail, exceptions, long messages.
#include <cstring>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

#include "fixture.h"
#include "guard.h"
#include "utf8.h"

using namespace text_statistics;

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

int main()
{
    if (!start())
        return test_finish();
    without_memory();
    what_is_thrown();
    long_messages();
    destroy(instance);
    return test_finish();
}
