#include "json.h"

#include <charconv>

#include "utf8.h"

namespace text_statistics {
namespace {

constexpr unsigned depth_limit = 64;

class reader {
public:
    explicit reader(std::string_view text) : text_(text) {}

    json_value document()
    {
        json_value value = read_value(0);
        skip_space();
        if (position_ != text_.size())
            fail("more text after the JSON document");
        return value;
    }

private:
    [[noreturn]] void fail(const char *problem) const { throw json_error(problem, position_); }

    char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }

    bool take(char c)
    {
        if (position_ == text_.size() || text_[position_] != c)
            return false;
        position_++;
        return true;
    }

    void skip_space()
    {
        while (position_ < text_.size() && std::string_view(" \t\n\r").find(text_[position_]) != std::string_view::npos)
            position_++;
    }

    json_value read_value(unsigned depth)
    {
        if (depth > depth_limit)
            fail("JSON is nested deeper than 64 levels");
        skip_space();
        json_value value;
        if (take('{'))
            value.content = read_object(depth);
        else if (take('['))
            value.content = read_array(depth);
        else if (take('"'))
            value.content = read_string();
        else if (take_word("true"))
            value.content = true;
        else if (take_word("false"))
            value.content = false;
        else if (!take_word("null"))
            value.content = read_number();
        return value;
    }

    bool take_word(std::string_view word)
    {
        if (text_.substr(position_, word.size()) != word)
            return false;
        position_ += word.size();
        return true;
    }

    json_value::object read_object(unsigned depth)
    {
        json_value::object members;
        skip_space();
        if (take('}'))
            return members;
        do {
            skip_space();
            if (!take('"'))
                fail("a JSON name in quotation marks is missing");
            std::string name = read_string();
            for (const auto &member : members)
                if (member.first == name)
                    fail("a JSON name occurs twice");
            skip_space();
            if (!take(':'))
                fail("a colon is missing in JSON");
            json_value value = read_value(depth + 1);
            members.emplace_back(std::move(name), std::move(value));
            skip_space();
        } while (take(','));
        if (!take('}'))
            fail("a JSON object does not end");
        return members;
    }

    json_value::array read_array(unsigned depth)
    {
        json_value::array elements;
        skip_space();
        if (take(']'))
            return elements;
        do {
            elements.push_back(read_value(depth + 1));
            skip_space();
        } while (take(','));
        if (!take(']'))
            fail("a JSON array does not end");
        return elements;
    }

    std::string read_string()
    {
        std::string out;
        for (;;) {
            if (position_ == text_.size())
                fail("a JSON string does not end");
            const unsigned char c = static_cast<unsigned char>(text_[position_]);
            if (c == '"') {
                position_++;
                return out;
            }
            if (c < 0x20)
                fail("a control character in a JSON string is not escaped");
            if (c == '\\') {
                position_++;
                read_escape(out);
                continue;
            }
            const utf8_character character = utf8_read(text_.substr(position_));
            if (character.size == 0)
                fail("a JSON string is not valid UTF-8");
            out.append(text_.substr(position_, character.size));
            position_ += character.size;
        }
    }

    void read_escape(std::string &out)
    {
        static constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
        const std::size_t index = names.find(peek());
        if (peek() != '\0' && index != std::string_view::npos) {
            out.push_back(values[index]);
            position_++;
            return;
        }
        if (!take('u'))
            fail("an escape in a JSON string is unknown");
        char32_t scalar = read_hexadecimal();
        if (scalar >= 0xD800 && scalar <= 0xDBFF) {
            if (!take('\\') || !take('u'))
                fail("half a surrogate pair in a JSON string");
            const char32_t low = read_hexadecimal();
            if (low < 0xDC00 || low > 0xDFFF)
                fail("half a surrogate pair in a JSON string");
            scalar = 0x10000 + ((scalar - 0xD800) << 10) + (low - 0xDC00);
        } else if (scalar >= 0xDC00 && scalar <= 0xDFFF) {
            fail("half a surrogate pair in a JSON string");
        }
        utf8_write(out, scalar);
    }

    char32_t read_hexadecimal()
    {
        unsigned value = 0;
        const char *begin = text_.data() + position_;
        const std::size_t size = text_.size() - position_ < 4 ? text_.size() - position_ : 4;
        const auto result = std::from_chars(begin, begin + size, value, 16);
        if (size < 4 || result.ec != std::errc() || result.ptr != begin + 4)
            fail("four hexadecimal digits are missing in a JSON string");
        position_ += 4;
        return value;
    }

    std::size_t take_digits()
    {
        const std::size_t begin = position_;
        while (peek() >= '0' && peek() <= '9')
            position_++;
        return position_ - begin;
    }

    double read_number()
    {
        const std::size_t begin = position_;
        take('-');
        const bool leading_zero = peek() == '0';
        const std::size_t digits = take_digits();
        if (digits == 0)
            fail("a JSON value is missing");
        if (leading_zero && digits > 1)
            fail("a JSON number begins with a zero");
        if (take('.') && take_digits() == 0)
            fail("a JSON number ends with its point");
        if (take('e') || take('E')) {
            if (!take('+'))
                take('-');
            if (take_digits() == 0)
                fail("a JSON number has an empty exponent");
        }
        double number = 0;
        if (std::from_chars(text_.data() + begin, text_.data() + position_, number).ec != std::errc())
            fail("a JSON number is out of range");
        return number;
    }

    std::string_view text_;
    std::size_t position_ = 0;
};

}

json_value json_read(std::string_view text)
{
    return reader(text).document();
}

void json_write(std::string &out, std::string_view text)
{
    static constexpr char digits[] = "0123456789abcdef";
    out.push_back('"');
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out.append("\\u00");
            out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
            out.push_back(digits[static_cast<unsigned char>(c) & 15]);
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

}
