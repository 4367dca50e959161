// Where exceptions end. A plugin that lets one through the ABI takes its host down with it, so every operation is noexcept
// and runs its body in here.
#pragma once

#include <keyway/plugin.h>
#include <keyway/author.h>

#include <exception>
#include <new>
#include <string>
#include <utility>

namespace text_statistics {

/// What an operation throws to fail: becomes the call's error, with this status.
class failure : public std::exception {
public:
    failure(kw_status status, std::string message) : status_(status), message_(std::move(message)) {}
    kw_status status() const noexcept { return status_; }
    const char *what() const noexcept override { return message_.c_str(); }

private:
    kw_status status_;
    std::string message_;
};

/// The caller has gone: unwind and return KW_CANCELLED. Not a std::exception, so that nothing mistakes it for a fault.
struct cancelled {};

inline void check_cancelled(const kw_call *call)
{
    if (kw_cancelled(call))
        throw cancelled();
}

/// Runs the body of an operation; what it throws becomes the status of the call.
template <typename Body>
kw_status guard(kw_call *call, Body &&body) noexcept
{
    try {
        return std::forward<Body>(body)();
    } catch (const cancelled &) {
        return KW_CANCELLED;
    } catch (const failure &error) {
        return kw_fail(call, error.status(), error.what());
    } catch (const std::bad_alloc &) {
        return kw_reply_no_memory(call);
    } catch (const std::exception &error) {
        return kw_fail_format(call, KW_INTERNAL, "text-statistics has a fault, report it: %s", error.what());
    } catch (...) {
        return kw_fail(call, KW_INTERNAL, "text-statistics has a fault, report it: something unknown was thrown");
    }
}

}
