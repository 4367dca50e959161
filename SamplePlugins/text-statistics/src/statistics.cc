#include "statistics.h"

#include <algorithm>
#include <stdexcept>

#include "characters.h"
#include "utf8.h"

namespace text_statistics {
namespace {

bool is_apostrophe(char32_t c) noexcept
{
    return c == '\'' || c == 0x2019;
}

double ratio(std::uint64_t a, std::uint64_t b) noexcept
{
    return static_cast<double>(a) / static_cast<double>(b);
}

}

double statistics::reading_ease() const noexcept
{
    return 206.835 - 1.015 * ratio(words, sentences) - 84.6 * ratio(syllables, words);
}

double statistics::grade_level() const noexcept
{
    return 0.39 * ratio(words, sentences) + 11.8 * ratio(syllables, words) - 15.59;
}

std::vector<word_count> statistics::by_frequency() const
{
    std::vector<word_count> list;
    list.reserve(occurrences.size());
    for (const auto &[word, count] : occurrences)
        list.push_back({ word, count });
    std::sort(list.begin(), list.end(), [](const word_count &a, const word_count &b) {
        return a.count != b.count ? a.count > b.count : a.word < b.word;
    });
    return list;
}

unsigned syllables_of(std::string_view word) noexcept
{
    const auto is_vowel = [word](std::size_t i) {
        return std::string_view("aeiouy").find(word[i]) != std::string_view::npos;
    };
    unsigned groups = 0;
    for (std::size_t i = 0; i < word.size(); i++)
        if (is_vowel(i) && (i == 0 || !is_vowel(i - 1)))
            groups++;
    // "make" has one, "table" two, "be" one.
    const std::size_t n = word.size();
    if (n > 2 && word[n - 1] == 'e' && !is_vowel(n - 2) && !(word[n - 2] == 'l' && !is_vowel(n - 3)) && groups > 1)
        groups--;
    return groups == 0 ? 1 : groups;
}

void counter::end_word()
{
    apostrophe_ = false;
    if (word_size_ == 0)
        return;
    result_.words++;
    result_.word_characters += word_size_;
    result_.syllables += syllables_of(word_);
    result_.occurrences[word_]++;
    word_.clear();
    word_size_ = 0;
    sentence_has_words_ = true;
    if (!paragraph_has_words_)
        result_.paragraphs++;
    paragraph_has_words_ = true;
}

void counter::end_sentence()
{
    may_end_sentence_ = false;
    if (sentence_has_words_)
        result_.sentences++;
    sentence_has_words_ = false;
}

void counter::read_character(char32_t c, std::size_t size)
{
    result_.characters++;
    if (is_word_character(c)) {
        if (apostrophe_) { // it was inside: "don't"
            word_.push_back('\'');
            word_size_++;
            apostrophe_ = false;
        }
        // The full stop of "3.14" or "example.org", or of a sentence in a script without spaces.
        if (may_end_sentence_ && is_whole_word(c))
            end_sentence();
        may_end_sentence_ = false;
        line_is_empty_ = false;
        if (is_whole_word(c))
            end_word();
        if (const char32_t lower = lowercase(c); lower == c)
            word_.append(text_.substr(position_, size));
        else
            utf8_write(word_, lower);
        word_size_++;
        if (is_whole_word(c))
            end_word();
        return;
    }
    if (is_apostrophe(c) && word_size_ > 0 && !apostrophe_) {
        apostrophe_ = true;
        return;
    }
    end_word();
    if (is_space(c)) {
        if (may_end_sentence_)
            end_sentence();
        if (c == '\n') {
            if (line_is_empty_) { // a blank line
                end_sentence();
                paragraph_has_words_ = false;
            }
            line_is_empty_ = true;
        }
        return;
    }
    line_is_empty_ = false;
    if (ends_sentence(c))
        may_end_sentence_ = true;
    else if (!closes_quotation(c))
        may_end_sentence_ = false;
}

bool counter::advance(std::size_t bytes)
{
    const std::size_t end = bytes < text_.size() - position_ ? position_ + bytes : text_.size();
    while (position_ < end) {
        const utf8_character character = utf8_read(text_.substr(position_));
        if (character.size == 0)
            throw std::invalid_argument("the text is not valid UTF-8 at byte " + std::to_string(position_));
        read_character(character.scalar, character.size);
        position_ += character.size;
    }
    if (position_ < text_.size())
        return true;
    end_word();
    end_sentence();
    return false;
}

}
