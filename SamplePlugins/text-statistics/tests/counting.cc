// Reading of UTF-8 and JSON, and counting, without the plugin's table.
#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>

#include "characters.h"
#include "host.h"
#include "json.h"
#include "statistics.h"
#include "utf8.h"

using namespace text_statistics;
using namespace std::string_view_literals;

static statistics count(std::string_view text, std::size_t piece)
{
    counter reading(text);
    while (reading.advance(piece))
        ;
    return reading.take();
}

static void utf8()
{
    // Every scalar value there and back; nothing in between.
    unsigned long wrong = 0;
    for (char32_t c = 0; c <= 0x10FFFF; c++) {
        std::string text;
        utf8_write(text, c);
        const utf8_character read = utf8_read(text);
        const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        wrong += surrogate ? read.size != 0 : read.scalar != c || read.size != text.size();
        // Cut short, it is no character.
        wrong += text.size() > 1 && utf8_read(std::string_view(text).substr(0, text.size() - 1)).size != 0;
    }
    CHECK(wrong == 0);
    for (std::string_view bad : { ""sv, "\x80"sv, "\xC0\x80"sv, "\xC1\xBF"sv, "\xE0\x9F\xBF"sv, "\xF0\x8F\xBF\xBF"sv,
                                  "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv, "\xFF"sv, "\xC3("sv, "\xE2\x82("sv })
        CHECK(utf8_read(bad).size == 0);
}

static void json_good()
{
    const json_value document = json_read(
        " {\"a\" : [1, -2.5e+2, 0, true, false, null, {}, []], \"b\\u00e9\\n\\ud83d\\ude00\":\"\\\"\\\\\\/\\b\\f\\r\\t\"} ");
    const auto *members = document.as<json_value::object>();
    if (!CHECK(members != nullptr && members->size() == 2))
        return;
    const auto *list = (*members)[0].second.as<json_value::array>();
    if (!CHECK(list != nullptr && list->size() == 8))
        return;
    CHECK(*(*list)[0].as<double>() == 1 && *(*list)[1].as<double>() == -250 && *(*list)[2].as<double>() == 0);
    CHECK(*(*list)[3].as<bool>() && !*(*list)[4].as<bool>() && (*list)[5].as<std::nullptr_t>() != nullptr);
    CHECK((*list)[6].as<json_value::object>()->empty() && (*list)[7].as<json_value::array>()->empty());
    CHECK((*members)[1].first == "b\u00e9\n\U0001F600");
    CHECK(*(*members)[1].second.as<std::string>() == "\"\\/\b\f\r\t");
    CHECK(json_read(std::string(64, '[') + std::string(64, ']')).as<json_value::array>() != nullptr);

    // What is written reads back as it was, control characters included.
    std::string text, every;
    for (char c = 1; c < 127; c++)
        every.push_back(c);
    every.push_back('\0');
    every += "\u00e9\U0001F600";
    json_write(text, every);
    CHECK(*json_read(text).as<std::string>() == every);
}

static void json_bad()
{
    const std::string deep(66, '[');
    for (std::string_view bad : { ""sv, " "sv, "{"sv, "["sv, "[1"sv, "[1,"sv, "[1,]"sv, "{\"a\"}"sv, "{\"a\":}"sv, 
                                  "{\"a\":1,}"sv, "{a:1}"sv, "{\"a\":1,\"a\":2}"sv, "01"sv, "-"sv, "1."sv, "1e"sv, "+1"sv, ".5"sv, "1e999"sv,
                                  "tru"sv, "nullx"sv, "1 2"sv, "\"a"sv, "\"\\"sv, "\"\\x\""sv,
                                  "\"\\u12\""sv, "\"\\u12g4\""sv,
                                  "\"\\ud800\""sv, "\"\\ud800\\n\""sv, "\"\\udc00\""sv, "\"\\ud800\\ud800\""sv, "\"\n\""sv,
                                  "\"\xFF\""sv, "\"\xC3\""sv, "\0"sv, "NaN"sv, std::string_view(deep) }) {
        bool refused = false;
        try {
            json_read(bad);
        } catch (const json_error &) {
            refused = true;
        }
        if (!CHECK(refused))
            fprintf(stderr, "    accepted: %.*s\n", static_cast<int>(bad.size()), bad.data());
    }
}

static void counts()
{
    struct {
        std::string_view text;
        std::uint64_t characters, words, sentences, paragraphs;
    } const table[] = {
        { "", 0, 0, 0, 0 },
        { " \n\n \t", 5, 0, 0, 0 },
        { "...!?", 5, 0, 0, 0 },
        { "Hello", 5, 1, 1, 1 },
        { "Hello, world. Good-bye!", 23, 4, 2, 1 },
        { "Pi is 3.14 at example.org. Yes?", 31, 8, 2, 1 },
        { "Don't stop, it\u2019s the dogs' turn", 31, 6, 1, 1 },
        { "\"Stop.\" He said 'go.' (Really?) End", 35, 6, 4, 1 },
        { "Wait... what?!", 14, 2, 2, 1 },
        { "One\ntwo\n\nthree\n \n\n\nfour", 23, 4, 3, 3 },
        { "\u6211\u4eec\u3002\u4ed6\u4eec\u3002", 6, 4, 2, 1 },
        { "caf\u00e9 \u2014 na\u00efve \U0001F600 \u041c\u0438\u0440", 18, 3, 1, 1 },
    };
    for (const auto &row : table)
        for (std::size_t piece : { 1, 7, 1 << 20 }) {
            const statistics found = count(row.text, piece);
            const bool right = CHECK(found.bytes == row.text.size() && found.characters == row.characters
                                     && found.words == row.words && found.sentences == row.sentences
                                     && found.paragraphs == row.paragraphs);
            if (!right)
                fprintf(stderr, "    \"%.*s\": %lu characters, %lu words, %lu sentences, %lu paragraphs\n",
                        static_cast<int>(row.text.size()), row.text.data(), found.characters, found.words,
                        found.sentences, found.paragraphs);
        }

    const statistics found = count("The cat, the \u00c9tude; THE \u00e9tude. It\u2019s it's", 16);
    const auto words = found.by_frequency();
    CHECK(words.size() == 4 && words[0].word == "the" && words[0].count == 3 && words[1].word == "it's"
          && words[1].count == 2 && words[2].word == "\u00e9tude" && words[2].count == 2 && words[3].word == "cat");

    for (std::string_view bad : { "abc\xFF"sv, "\xC3"sv, "ok \xED\xA0\x80"sv }) {
        std::string said;
        try {
            count(bad, 1);
        } catch (const std::invalid_argument &error) {
            said = error.what();
        }
        CHECK(said.find("not valid UTF-8 at byte") != std::string::npos);
    }
}

static void formulas()
{
    struct {
        std::string_view word;
        unsigned syllables;
    } const table[] = { { "cat", 1 },    { "make", 1 },   { "table", 2 }, { "be", 1 },       { "the", 1 },
                        { "reading", 2 }, { "beautiful", 3 }, { "rhythm", 1 }, { "3", 1 }, { "university", 5 } };
    for (const auto &row : table)
        CHECK(syllables_of(row.word) == row.syllables);
    // 6 words, 1 sentence, 6 syllables: 206.835 - 1.015 * 6 - 84.6 * 1, and 0.39 * 6 + 11.8 - 15.59.
    const statistics found = count("The cat sat on the mat.", 4);
    CHECK(std::fabs(found.reading_ease() - 116.145) < 1e-9);
    CHECK(std::fabs(found.grade_level() - -1.45) < 1e-9);
}

static void lower_case()
{
    const std::u32string upper = U"AZ\u00c0\u00d6\u00de\u0100\u0141\u0178\u0179\u0391\u03a9\u0401\u0410\u042f";
    const std::u32string lower = U"az\u00e0\u00f6\u00fe\u0101\u0142\u00ff\u017a\u03b1\u03c9\u0451\u0430\u044f";
    for (std::size_t i = 0; i < upper.size(); i++)
        CHECK(lowercase(upper[i]) == lower[i] && lowercase(lower[i]) == lower[i]);
    CHECK(lowercase(U'\u00d7') == U'\u00d7' && lowercase(U'\u0138') == U'\u0138' && lowercase(U'\u6211') == U'\u6211');
}

int main()
{
    utf8();
    json_good();
    json_bad();
    counts();
    formulas();
    lower_case();
    return test_finish();
}
