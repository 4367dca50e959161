// What a character is to a reader of running text. Ranges of Unicode, not its full tables: good for counting.
#pragma once

namespace text_statistics {

/// Belongs to a word: a letter, a digit, a mark.
bool is_word_character(char32_t c) noexcept;
/// A word by itself, in scripts that do not put spaces between words: Chinese and Japanese.
bool is_whole_word(char32_t c) noexcept;
bool is_space(char32_t c) noexcept;
/// May end a sentence.
bool ends_sentence(char32_t c) noexcept;
/// May stand between the end of a sentence and the space behind it.
bool closes_quotation(char32_t c) noexcept;
/// Latin, Greek and Cyrillic; others are left as they are.
char32_t lowercase(char32_t c) noexcept;

}
