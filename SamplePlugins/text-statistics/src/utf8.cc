#include "utf8.h"

namespace text_statistics {

utf8_character utf8_read(std::string_view text) noexcept
{
    constexpr utf8_character invalid { 0, 0 };
    if (text.empty())
        return invalid;
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x80)
        return { first, 1 };
    const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < size)
        return invalid;
    char32_t scalar = first & (0x7Fu >> size);
    for (std::size_t i = 1; i < size; i++) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0u) != 0x80u)
            return invalid;
        scalar = scalar << 6 | (next & 0x3Fu);
    }
    if ((size == 3 && scalar < 0x800) || (size == 4 && scalar < 0x10000) || scalar > 0x10FFFF
        || (scalar >= 0xD800 && scalar <= 0xDFFF))
        return invalid;
    return { scalar, size };
}

void utf8_write(std::string &out, char32_t scalar)
{
    const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (scalar < 0x80) {
        put(scalar);
    } else if (scalar < 0x800) {
        put(0xC0 | scalar >> 6);
        put(0x80 | (scalar & 0x3F));
    } else if (scalar < 0x10000) {
        put(0xE0 | scalar >> 12);
        put(0x80 | (scalar >> 6 & 0x3F));
        put(0x80 | (scalar & 0x3F));
    } else {
        put(0xF0 | scalar >> 18);
        put(0x80 | (scalar >> 12 & 0x3F));
        put(0x80 | (scalar >> 6 & 0x3F));
        put(0x80 | (scalar & 0x3F));
    }
}

}
