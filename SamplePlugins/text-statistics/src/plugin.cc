// text-statistics: the plugin table and the operations of keyway.operations/1.
#include <keyway/plugin.h>
#include <keyway/author.h>

#include <charconv>
#include <memory>
#include <string>
#include <string_view>

#include "guard.h"
#include "json.h"
#include "request.h"
#include "statistics.h"

using namespace text_statistics;

// Immutable after create, so operations may run at the same time.
struct kw_instance {
    settings defaults;
};

namespace {

/// Bytes between two looks at the cancellation flag, and of one chunk of output: some tens of microseconds of work.
constexpr std::size_t piece = 16384;

statistics count(const kw_call *call, std::string_view text)
{
    counter reading(text);
    try {
        do
            check_cancelled(call);
        while (reading.advance(piece));
    } catch (const std::invalid_argument &error) {
        throw failure(KW_INVALID_ARGUMENT, error.what());
    }
    return reading.take();
}

kw_bytes bytes_of(std::string_view text)
{
    return { text.data(), text.size() };
}

// ---- text_statistics ----------------------------------------------------------------------------------------

/// "name":value with a comma in front of all but the first.
class object_writer {
public:
    explicit object_writer(std::string &out) : out_(out) { out_.push_back('{'); }

    void name(std::string_view name)
    {
        if (out_.back() != '{')
            out_.push_back(',');
        json_write(out_, name);
        out_.push_back(':');
    }

    void member(std::string_view of, std::uint64_t value)
    {
        name(of);
        out_.append(std::to_string(value));
    }

    /// Two digits behind the point, whatever the process's locale.
    void member(std::string_view of, double value)
    {
        name(of);
        char digits[64];
        const auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, 2);
        if (end.ec != std::errc())
            throw failure(KW_INTERNAL, "text-statistics has a fault, report it: a number does not fit");
        out_.append(digits, end.ptr);
    }

    void null(std::string_view of)
    {
        name(of);
        out_.append("null");
    }

    void close() { out_.push_back('}'); }

private:
    std::string &out_;
};

void write_word(std::string &out, const word_count &word)
{
    object_writer entry(out);
    entry.name("word");
    json_write(out, word.word);
    entry.member("count", word.count);
    entry.close();
}

std::string describe(const statistics &found, const settings &options)
{
    std::string out;
    object_writer object(out);
    object.member("bytes", found.bytes);
    object.member("characters", found.characters);
    object.member("words", found.words);
    object.member("distinctWords", std::uint64_t { found.occurrences.size() });
    object.member("sentences", found.sentences);
    object.member("paragraphs", found.paragraphs);
    if (found.words > 0) {
        const auto words = static_cast<double>(found.words);
        object.member("lettersPerWord", static_cast<double>(found.word_characters) / words);
        object.member("wordsPerSentence", words / static_cast<double>(found.sentences));
        object.member("readingEase", found.reading_ease());
        object.member("gradeLevel", found.grade_level());
    } else {
        for (const char *name : { "lettersPerWord", "wordsPerSentence", "readingEase", "gradeLevel" })
            object.null(name);
    }
    object.name("frequentWords");
    out.push_back('[');
    std::size_t listed = 0;
    for (const word_count &word : found.by_frequency()) {
        if (listed == options.top)
            break;
        if (options.ignore.count(std::string(word.word)) > 0)
            continue;
        if (listed++ > 0)
            out.push_back(',');
        write_word(out, word);
    }
    out.push_back(']');
    object.close();
    return out;
}

// ---- word_frequencies ---------------------------------------------------------------------------------------

/// Output that goes out in pieces; a caller that takes no events gets it whole.
class output_stream {
public:
    explicit output_stream(kw_call *call) : call_(call) {}

    std::string &text() { return text_; }

    void send_if_full()
    {
        if (text_.size() >= piece && takes_events_)
            send();
    }

    kw_status finish(const char *format)
    {
        if (takes_events_ && !text_.empty())
            send();
        return kw_reply_output(call_, bytes_of(text_), format);
    }

private:
    void send()
    {
        switch (kw_emit_chunk(call_, bytes_of(text_))) {
        case KW_OK:
            text_.clear();
            break;
        case KW_CANCELLED:
            throw cancelled();
        case KW_UNIMPLEMENTED:
            takes_events_ = false; // nothing was sent before either
            break;
        default:
            throw failure(KW_INTERNAL, "the host did not take a piece of output; report this");
        }
    }

    kw_call *call_;
    std::string text_;
    bool takes_events_ = true;
};

kw_status write_frequencies(kw_call *call, const statistics &found, const settings &options)
{
    output_stream output(call);
    for (const word_count &word : found.by_frequency()) {
        if (options.ignore.count(std::string(word.word)) > 0)
            continue;
        write_word(output.text(), word);
        output.text().push_back('\n');
        output.send_if_full();
    }
    return output.finish("application/x-ndjson");
}

// ---- keyway.operations/1 ------------------------------------------------------------------------------------

constexpr char input_schema[] =
    KW_JSON({"type": "object", "required": ["text"], "additionalProperties": false, "properties": {
        "text": {"type": "string"},
        "top": {"type": "integer", "minimum": 0, "maximum": 10000, "description": "frequent words to list"},
        "ignore": {"type": "array", "items": {"type": "string"}, "description": "words not to list"}}});
constexpr char output_schema[] =
    KW_JSON({"type": "object", "required": ["words", "readingEase", "frequentWords"], "properties": {
        "bytes": {"type": "integer"}, "characters": {"type": "integer"}, "words": {"type": "integer"},
        "distinctWords": {"type": "integer"}, "sentences": {"type": "integer"}, "paragraphs": {"type": "integer"},
        "lettersPerWord": {"type": ["number", "null"]}, "wordsPerSentence": {"type": ["number", "null"]},
        "readingEase": {"type": ["number", "null"]}, "gradeLevel": {"type": ["number", "null"]},
        "frequentWords": {"type": "array", "items": {"type": "object", "properties": {
            "word": {"type": "string"}, "count": {"type": "integer"}}}}}});

constexpr kw_str input_formats[] = { KW_STR("application/json"), KW_STR("text/plain") };
constexpr kw_str json_lines[] = { KW_STR("application/x-ndjson") };
constexpr kw_str capabilities[] = { KW_STR("text-analysis"), KW_STR("readability") };

constexpr kw_operation offered[] = {
    { KW_HDR(kw_operation), KW_STR("text_statistics"), KW_STR("Counts a text: words, sentences, reading ease"),
      KW_STR(input_schema), KW_STR(output_schema), KW_SPAN(input_formats), {}, KW_SPAN(capabilities),
      KW_OPERATION_IDEMPOTENT | KW_OPERATION_READ_ONLY | KW_OPERATION_CACHEABLE, {}, {} },
    { KW_HDR(kw_operation), KW_STR("word_frequencies"), KW_STR("Every word of a text and how often it occurs"),
      KW_STR(input_schema), {}, KW_SPAN(input_formats), KW_SPAN(json_lines), KW_SPAN(capabilities),
      KW_OPERATION_IDEMPOTENT | KW_OPERATION_READ_ONLY | KW_OPERATION_CACHEABLE | KW_OPERATION_STREAMS, {}, {} },
};

kw_status list(kw_instance *, kw_call *call, const kw_none *) KW_NOEXCEPT
{
    kw_operations_out out = { KW_HDR(kw_operations_out), KW_SPAN(offered) };
    return KW_REPLY(call, &out);
}

kw_status run(kw_instance *self, kw_call *call, const kw_operate_in *given) KW_NOEXCEPT
{
    return guard(call, [&]() -> kw_status {
        kw_operate_in in;
        if (!kw_read(&in, given) || !kw_text_ok(in.name) || !kw_text_ok(in.output_format))
            throw failure(KW_INVALID_ARGUMENT, "the request is not one of SDK 1");
        const bool frequencies = kw_equal(in.name, kw_string("word_frequencies"));
        if (!frequencies && !kw_equal(in.name, kw_string("text_statistics")))
            return kw_fail_format(call, KW_NOT_FOUND,
                                  "there is no operation \"%.*s\"; there are text_statistics and word_frequencies",
                                  KW_PRINT(in.name));
        const char *format = frequencies ? "application/x-ndjson" : "application/json";
        if (in.output_format.len > 0 && !kw_equal(in.output_format, kw_string(format)))
            return kw_fail_format(call, KW_UNIMPLEMENTED, "the output is %s; ask for that, or for none", format);
        if ((in.flags & KW_OPERATE_DRY_RUN) != 0)
            throw failure(KW_UNIMPLEMENTED, "there is nothing to try: the operations change nothing; run them");
        const request asked = read_request(in, self->defaults);
        const statistics found = count(call, asked.text);
        if (frequencies)
            return write_frequencies(call, found, asked.options);
        return kw_reply_output(call, bytes_of(describe(found, asked.options)), format);
    });
}

constexpr kw_operations operations = { KW_HDR(kw_operations), list, run };

// ---- lifecycle ----------------------------------------------------------------------------------------------

kw_status create(kw_instance *, kw_call *call, const kw_create_in *given) KW_NOEXCEPT
{
    return guard(call, [&]() -> kw_status {
        kw_create_in in;
        if (!kw_read(&in, given) || !kw_text_ok(in.config_json))
            throw failure(KW_INVALID_ARGUMENT, "the request is not one of SDK 1");
        auto instance = std::make_unique<kw_instance>(kw_instance { read_configuration(in.config_json) });
        const kw_status status = kw_reply_instance(call, instance.get());
        if (status == KW_OK)
            instance.release(); // the host's, until destroy
        return status;
    });
}

kw_status quiesce(kw_instance *, kw_call *call, const kw_quiesce_in *) KW_NOEXCEPT
{
    kw_quiesce_out out = {};
    out.h = KW_HDR(kw_quiesce_out); // no threads, no state
    return KW_REPLY(call, &out);
}

kw_status destroy(kw_instance *self, kw_call *call, const kw_none *) KW_NOEXCEPT
{
    delete self;
    return kw_reply_none(call);
}

}

#define TEXT_STATISTICS(OFFER, SET)         \
    OFFER(KW_OPERATIONS_ID, operations)     \
    SET(create, create)                     \
    SET(quiesce, quiesce)                   \
    SET(destroy, destroy)

KW_PLUGIN("text-statistics", "0.1.0", 1, 1, KW_CAP_CONCURRENT,
          KW_JSON("description": "Counts words and sentences of a text, its reading ease and its most frequent words",
                  "license": "Apache-2.0", "interfaces": ["keyway.operations/1"],
                  "configSchema": {"type": "object", "additionalProperties": false, "properties": {
                      "top": {"type": "integer", "minimum": 0, "maximum": 10000, "default": 10},
                      "ignore": {"type": "array", "items": {"type": "string"}}}}),
          TEXT_STATISTICS);
