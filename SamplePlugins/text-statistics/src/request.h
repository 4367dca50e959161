// What a caller asks for, whichever way it is said.
#pragma once

#include <keyway/plugin.h>

#include <cstddef>
#include <string>
#include <unordered_set>

namespace text_statistics {

struct settings {
    std::size_t top = 10;                   ///< frequent words that are listed
    std::unordered_set<std::string> ignore; ///< lowercase words that are not
};

struct request {
    std::string text;
    settings options;
};

/// The configuration of an instance.
/// - Throws: failure.
settings read_configuration(kw_str json);

/// application/json: {"text": ..., "top": ..., "ignore": [...]}; text/plain: the text itself, options in settings_json.
/// - Throws: failure.
request read_request(const kw_operate_in &in, const settings &defaults);

}
