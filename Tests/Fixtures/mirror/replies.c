/* What several interfaces reply: every field has a value of its own. */
#include "mirror.h"

const kw_usage mirror_usage = {
    .h = KW_HDR(kw_usage),
    .input = 101,
    .output = 102,
    .total = 203,
    .cache_read = 11,
    .cache_write = 12,
    .reasoning = 13,
    .audio_input = 14,
    .audio_output = 15, /* not known: its bit is clear */
    .tool_prompt = 0,
    .flags = KW_USAGE_COST | KW_USAGE_ESTIMATED | KW_USAGE_INPUT | KW_USAGE_OUTPUT | KW_USAGE_TOTAL |
             KW_USAGE_CACHE_READ | KW_USAGE_CACHE_WRITE | KW_USAGE_REASONING | KW_USAGE_AUDIO_INPUT |
             KW_USAGE_TOOL_PROMPT,
    .cost_usd = 0.125,
    .raw_json = KW_STR("{\"prompt\":101}"),
};

const kw_warning mirror_warnings[2] = {
    { KW_HDR(kw_warning), KW_STR("seed"), KW_STR("was ignored") },
    { KW_HDR(kw_warning), KW_STR("stop"), KW_STR("was cut to 4") },
};

static const kw_part inner[] = {
    { .h = KW_HDR(kw_part), .kind = KW_PART_TEXT, .text = KW_STR("inner") },
    { .h = KW_HDR(kw_part), .kind = KW_PART_DATA, .media_type = KW_STR("image/gif"), .data = { "\1\2", 2 } },
};

const kw_part mirror_parts[13] = {
    { .h = KW_HDR(kw_part), .kind = KW_PART_TEXT, .text = KW_STR("text \xC3\xA9") },
    { .h = KW_HDR(kw_part), .kind = KW_PART_REASONING, .text = KW_STR("why"), .data = { "\7", 1 } },
    { .h = KW_HDR(kw_part), .kind = KW_PART_REASONING, .flags = KW_PART_REDACTED, .data = { "\0\xFF", 2 } },
    { .h = KW_HDR(kw_part), .kind = KW_PART_TOOL_CALL, .flags = KW_PART_PROVIDER_EXECUTED, .id = KW_STR("call-1"),
      .name = KW_STR("look"), .text = KW_STR("{broken"), .data = { "\x9", 1 } },
    { .h = KW_HDR(kw_part), .kind = KW_PART_TOOL_RESULT, .flags = KW_PART_ERROR, .id = KW_STR("call-2"),
      .text = KW_STR("failed"), .parts = KW_SPAN(inner) },
    { .h = KW_HDR(kw_part), .kind = KW_PART_TOOL_RESULT, .flags = KW_PART_DENIED, .id = KW_STR("call-3") },
    { .h = KW_HDR(kw_part), .kind = KW_PART_DATA, .media_type = KW_STR("image/png"), .name = KW_STR("a.png"),
      .json = KW_STR("{\"detail\":\"high\"}"), .data = { "\x89PNG", 4 } },
    { .h = KW_HDR(kw_part), .kind = KW_PART_DATA, .media_type = KW_STR("audio"), .text = KW_STR("https://x/a") },
    { .h = KW_HDR(kw_part), .kind = KW_PART_REFUSAL, .text = KW_STR("no") },
    { .h = KW_HDR(kw_part), .kind = KW_PART_CITATION, .id = KW_STR("doc"), .text = KW_STR("quoted"),
      .json = KW_STR("{\"page\":3}") },
    { .h = KW_HDR(kw_part), .kind = KW_PART_APPROVAL, .flags = KW_PART_DENIED, .id = KW_STR("call-4"),
      .text = KW_STR("too risky") },
    { .h = KW_HDR(kw_part), .kind = KW_PART_APPROVAL, .flags = KW_PART_ASKS, .id = KW_STR("call-5"),
      .text = KW_STR("May it?") },
    { .h = KW_HDR(kw_part), .kind = KW_PART_CUSTOM + 5, .text = KW_STR("own"), .json = KW_STR("[1]") },
};

const kw_tool_spec mirror_tool_specs[2] = {
    {
        .h = KW_HDR(kw_tool_spec),
        .name = KW_STR("look"),
        .title = KW_STR("Look up"),
        .description = KW_STR("Looks something up"),
        .input_schema_json = KW_STR("{\"type\":\"object\",\"required\":[\"q\"]}"),
        .output_schema_json = KW_STR("{\"type\":\"array\"}"),
        .examples_json = KW_STR("[{\"q\":\"x\"}]"),
        .provider_json = KW_STR("{\"type\":\"web_search\"}"),
        .hints = KW_HINT_READ_ONLY | KW_HINT_OPEN_WORLD | KW_HINT_NOT_DESTRUCTIVE,
        .flags = KW_TOOL_STRICT,
    },
    { .h = KW_HDR(kw_tool_spec), .name = KW_STR("bare"), .hints = KW_HINT_DESTRUCTIVE | KW_HINT_IDEMPOTENT | KW_HINT_CLOSED_WORLD },
};
