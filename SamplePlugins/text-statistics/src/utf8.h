// UTF-8, one character at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace text_statistics {

struct utf8_character {
    char32_t scalar;
    std::size_t size; ///< bytes; 0: the text is empty or does not begin with a character
};

/// The first character. Refuses overlong forms, surrogates and what lies beyond U+10FFFF.
utf8_character utf8_read(std::string_view text) noexcept;
/// Appends a scalar value.
void utf8_write(std::string &out, char32_t scalar);

}
