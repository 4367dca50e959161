#include "characters.h"

#include <algorithm>
#include <iterator>

namespace text_statistics {
namespace {

struct range {
    char32_t first, last;
};

// Punctuation, symbols and spaces beyond ASCII.
constexpr range not_in_words[] = {
    { 0x80, 0xA9 }, { 0xAB, 0xB4 }, { 0xB6, 0xB9 }, { 0xBB, 0xBF }, { 0xD7, 0xD7 }, { 0xF7, 0xF7 },
    { 0x37E, 0x37E }, { 0x387, 0x387 }, { 0x589, 0x58A }, { 0x5BE, 0x5BE }, { 0x60C, 0x60C }, { 0x61B, 0x61F },
    { 0x6D4, 0x6D4 }, { 0x964, 0x965 }, { 0x1680, 0x1680 }, { 0x2000, 0x206F }, { 0x20A0, 0x20CF }, { 0x2190, 0x2BFF },
    { 0x2E00, 0x2E7F }, { 0x3000, 0x3004 }, { 0x3008, 0x3020 }, { 0x3030, 0x3030 }, { 0x303D, 0x303F },
    { 0x30FB, 0x30FB }, { 0xFE10, 0xFE1F }, { 0xFE30, 0xFE6F }, { 0xFEFF, 0xFEFF }, { 0xFF00, 0xFF0F },
    { 0xFF1A, 0xFF20 }, { 0xFF3B, 0xFF40 }, { 0xFF5B, 0xFF65 }, { 0xFFF0, 0xFFFF }, { 0x1F000, 0x1FAFF },
};

constexpr range ideographs[] = {
    { 0x3005, 0x3007 }, { 0x3041, 0x30FA }, { 0x30FC, 0x30FF }, { 0x3400, 0x4DBF }, { 0x4E00, 0x9FFF },
    { 0xF900, 0xFAFF }, { 0x20000, 0x3FFFF },
};

template <std::size_t N>
bool contains(const range (&ranges)[N], char32_t c) noexcept
{
    const range *found = std::upper_bound(std::begin(ranges), std::end(ranges), c,
                                          [](char32_t value, const range &r) { return value < r.first; });
    return found != std::begin(ranges) && c <= found[-1].last;
}

constexpr bool between(char32_t first, char32_t c, char32_t last) noexcept
{
    return first <= c && c <= last;
}

}

bool is_word_character(char32_t c) noexcept
{
    if (c < 0x80)
        return between('a', c, 'z') || between('A', c, 'Z') || between('0', c, '9');
    return !contains(not_in_words, c);
}

bool is_whole_word(char32_t c) noexcept
{
    return c >= 0x3005 && contains(ideographs, c);
}

bool is_space(char32_t c) noexcept
{
    return c == ' ' || between('\t', c, '\r') || c == 0x85 || c == 0xA0 || c == 0x1680 || between(0x2000, c, 0x200A)
        || between(0x2028, c, 0x2029) || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool ends_sentence(char32_t c) noexcept
{
    return c == '.' || c == '!' || c == '?' || c == 0x203D || c == 0x2026 || c == 0x3002 || c == 0xFF01 || c == 0xFF0E
        || c == 0xFF1F || c == 0x964 || c == 0x61F;
}

bool closes_quotation(char32_t c) noexcept
{
    return c == '"' || c == '\'' || c == ')' || c == ']' || c == 0xBB || c == 0x2019 || c == 0x201D || c == 0x300D
        || c == 0x300F;
}

char32_t lowercase(char32_t c) noexcept
{
    if (c < 0x80)
        return between('A', c, 'Z') ? c + 32 : c;
    if (between(0xC0, c, 0xDE))
        return c == 0xD7 ? c : c + 32;
    // Latin Extended-A: capitals and small letters take turns, with two irregular stretches.
    if (between(0x100, c, 0x137) || between(0x14A, c, 0x177))
        return c == 0x130 ? U'i' : c | 1u;
    if (between(0x139, c, 0x148) || between(0x179, c, 0x17E))
        return (c & 1u) != 0 ? c + 1 : c;
    if (c == 0x178)
        return 0xFF;
    if (between(0x391, c, 0x3A9))
        return c == 0x3A2 ? c : c + 32;
    if (between(0x400, c, 0x40F))
        return c + 80;
    if (between(0x410, c, 0x42F))
        return c + 32;
    return c;
}

}
