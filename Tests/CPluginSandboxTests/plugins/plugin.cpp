// What a plugin in C++ does: threads, exceptions, streams, and too much memory when it is told to.
#include <fstream>
#include <future>
#include <numeric>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" int plugin_work(const char *folder)
{
    auto total = std::async(std::launch::async, [] {
        std::vector<int> numbers(1000);
        std::iota(numbers.begin(), numbers.end(), 1);
        return std::accumulate(numbers.begin(), numbers.end(), 0);
    });
    std::string path = std::string(folder) + "/of-cpp", word;
    std::ofstream(path) << "text";
    std::ifstream(path) >> word;
    try {
        throw std::runtime_error("caught");
    } catch (const std::exception &error) {
        if (!std::regex_match(error.what(), std::regex("ca.*t")))
            return -1;
    }
    return total.get() == 500500 && word == "text" ? 0 : -2;
}

extern "C" int plugin_exhaust()
{
    std::vector<std::vector<char>> memory;
    for (;;)
        memory.emplace_back(1 << 20, 'x');
}
