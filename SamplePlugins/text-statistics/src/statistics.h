// Counting a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace text_statistics {

struct word_count {
    std::string_view word; ///< lowercase; lives as long as the statistics
    std::uint64_t count;
};

struct statistics {
    std::uint64_t bytes = 0, characters = 0; ///< characters are Unicode scalars
    std::uint64_t words = 0, sentences = 0, paragraphs = 0, syllables = 0;
    std::uint64_t word_characters = 0;
    std::unordered_map<std::string, std::uint64_t> occurrences; ///< by lowercase word

    /// Flesch's formula for English: about 100 is very easy, 0 very hard. The text must have words.
    double reading_ease() const noexcept;
    /// Flesch-Kincaid: years of school in the United States. The text must have words.
    double grade_level() const noexcept;
    /// All words, the most frequent first, equal ones by the alphabet.
    std::vector<word_count> by_frequency() const;
};

/// Reads a text piece by piece, so that the caller can look up between two pieces.
class counter {
public:
    explicit counter(std::string_view text) : text_(text) { result_.bytes = text.size(); }

    /// Reads about so many bytes more. False: that was the end, and take() has the result.
    /// - Throws: std::invalid_argument with the offset of bytes that are not UTF-8.
    bool advance(std::size_t bytes);
    statistics take() { return std::move(result_); }

private:
    void read_character(char32_t c, std::size_t size);
    void end_word();
    void end_sentence();

    std::string_view text_;
    std::size_t position_ = 0;
    std::string word_;            ///< lowercase, as far as read
    std::uint64_t word_size_ = 0; ///< characters of it
    bool apostrophe_ = false;     ///< behind word_; counts if the word goes on
    bool sentence_has_words_ = false, paragraph_has_words_ = false, may_end_sentence_ = false;
    bool line_is_empty_ = true;
    statistics result_;
};

/// Vowel groups of an English word without a silent e; at least 1.
unsigned syllables_of(std::string_view lowercase_word) noexcept;

}
