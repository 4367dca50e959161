// JSON as the operations need it: strict reading (RFC 8259) of small documents, writing of text.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace text_statistics {

/// What is wrong with a document, and at which byte.
class json_error : public std::runtime_error {
public:
    json_error(const char *problem, std::size_t offset)
        : std::runtime_error(std::string(problem) + " at byte " + std::to_string(offset)) {}
};

class json_value {
public:
    using array = std::vector<json_value>;
    using object = std::vector<std::pair<std::string, json_value>>;
    std::variant<std::nullptr_t, bool, double, std::string, array, object> content = nullptr;

    /// As that type, or nullptr.
    template <typename T>
    const T *as() const noexcept { return std::get_if<T>(&content); }
};

/// One document, of at most 64 levels. Names of an object are unique.
/// - Throws: json_error.
json_value json_read(std::string_view text);

/// Appends text in quotation marks. It must be UTF-8.
void json_write(std::string &out, std::string_view text);

}
