#include "request.h"

#include <string_view>

#include "characters.h"
#include "guard.h"
#include "json.h"
#include "utf8.h"

namespace text_statistics {
namespace {

std::string_view view(kw_str text)
{
    return text.len == 0 ? std::string_view() : std::string_view(text.ptr, static_cast<std::size_t>(text.len));
}

[[noreturn]] void refuse(std::string message)
{
    throw failure(KW_INVALID_ARGUMENT, std::move(message));
}

std::string lowercase_word(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        const utf8_character character = utf8_read(text.substr(i));
        utf8_write(out, lowercase(character.scalar == 0x2019 ? U'\'' : character.scalar));
        i += character.size;
    }
    return out;
}

/// Members of one object; `text` says whether it may have that one, and receives it.
void read_members(const json_value &document, settings &options, std::string *text)
{
    const auto *members = document.as<json_value::object>();
    if (members == nullptr)
        refuse("the input is not a JSON object; send {\"text\": \"...\"}");
    for (const auto &[name, value] : *members) {
        if (name == "text" && text != nullptr) {
            const auto *given = value.as<std::string>();
            if (given == nullptr)
                refuse("/text is not a string");
            *text = *given;
        } else if (name == "top") {
            const auto *number = value.as<double>();
            if (number == nullptr || !(*number >= 0 && *number <= 10000)
                || *number != static_cast<double>(static_cast<std::size_t>(*number)))
                refuse("/top is not a whole number from 0 to 10000");
            options.top = static_cast<std::size_t>(*number);
        } else if (name == "ignore") {
            const auto *words = value.as<json_value::array>();
            if (words == nullptr)
                refuse("/ignore is not an array of words");
            options.ignore.clear();
            for (const json_value &word : *words) {
                const auto *given = word.as<std::string>();
                if (given == nullptr)
                    refuse("/ignore has an element that is not a string");
                options.ignore.insert(lowercase_word(*given));
            }
        } else {
            refuse("/" + name + " is not known; there are " + (text != nullptr ? "text, " : "") + "top and ignore");
        }
    }
}

json_value parse(std::string_view text, const char *what)
{
    try {
        return json_read(text);
    } catch (const json_error &error) {
        refuse(std::string(what) + ": " + error.what());
    }
}

}

settings read_configuration(kw_str json)
{
    settings options;
    if (json.len > 0)
        read_members(parse(view(json), "the configuration"), options, nullptr);
    return options;
}

request read_request(const kw_operate_in &in, const settings &defaults)
{
    if (!(in.input.len == 0 || in.input.ptr != nullptr) || !kw_text_ok(in.input_format) || !kw_text_ok(in.settings_json))
        refuse("the input has a length but no bytes");
    const std::string_view input = in.input.len == 0
        ? std::string_view()
        : std::string_view(static_cast<const char *>(in.input.ptr), static_cast<std::size_t>(in.input.len));
    request asked { {}, defaults };
    if (in.settings_json.len > 0)
        read_members(parse(view(in.settings_json), "the settings"), asked.options, nullptr);
    const std::string_view format = view(in.input_format);
    if (format == "text/plain") {
        asked.text = input;
    } else if (format.empty() || format == "application/json") {
        const json_value document = parse(input, "the input");
        read_members(document, asked.options, &asked.text);
        bool has_text = false;
        for (const auto &member : *document.as<json_value::object>())
            has_text = has_text || member.first == "text";
        if (!has_text)
            refuse("/text is missing");
    } else {
        throw failure(KW_UNIMPLEMENTED,
                      "input of another format than application/json and text/plain; convert it first");
    }
    return asked;
}

}
