// Ways in which C++ finds no memory, and one that it catches.
#include "exhaust.h"

#include <new>
#include <stdexcept>
#include <string>
#include <vector>

int exhaust(const char *way)
{
    const std::string wanted = way;
    const std::size_t large = std::size_t(1) << 30;
    if (wanted == "little by little") {
        std::vector<std::vector<char>> memory;
        for (;;)
            memory.emplace_back(1 << 20, 'x');
    }
    if (wanted == "at once")
        return std::vector<char>(large).at(large - 1);
    if (wanted == "nothrow")
        (new (std::nothrow) char[large])[4096] = 1;
    if (wanted == "checked") {
        try {
            return std::vector<char>(large, 'x')[0] == 'y';
        } catch (const std::bad_alloc &) {
            return 1;
        }
    }
    // Not of memory.
    if (wanted == "thrown")
        throw std::runtime_error("nobody catches it");
    return 0;
}
