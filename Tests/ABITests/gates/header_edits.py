"""Edits of the headers: the ones that break plugins, with the words that a refusal must use, and the ones that are
allowed.

`{sdk}` is the number of the present SDK, `{next}` the one after it. Each edit is made to a copy of the present headers.
"""
from checks import Edit, raise_sdk, substitute

# Whole lines of core.h's kw_error, which has a field of every kind and no reader that could stop a copy from compiling.
HTTP = r"^    uint32_t http_status;.*\n"
LAST = r"^    kw_str backtrace;.*\n"

GROWN = [raise_sdk, substitute("core.h", r"kw_error_\d+", "kw_error_{next}")]
GROWN_NOW = substitute("core.h", r"kw_error_\d+", "kw_error_{sdk}")
RETYPED = substitute("core.h", r"^    uint32_t http_status;", "    int32_t http_status;")
PAIR_REMOVED = substitute("core.h", r"typedef struct kw_pair_\d+ \{\n(?:.*\n)*?\} kw_pair;\n", "")


def new_struct(tag: str) -> Edit:
    return substitute(
        "core.h", r"^(typedef struct kw_pair_\d+ )", rf"typedef struct {tag} {{\n    kw_hdr h;\n}} kw_fresh;\n\n\1")


def at_end(declaration: str) -> Edit:
    return substitute("core.h", f"({LAST})", rf"\g<1>    {declaration}\n")


# Name, edits, and what the refusal must say.
BREAKING: list[tuple[str, list[Edit], str]] = [
    ("a field inserted in the middle",
     [*GROWN, substitute("core.h", f"({HTTP})", r"    uint64_t slipped_in;\n\1")],
     r"kw_error\.http_status is not field 3 any more; slipped_in is"),
    ("a field removed", [substitute("core.h", HTTP, "")], r"kw_error\.http_status is not field 3 any more; retry is"),
    ("the last field removed", [substitute("core.h", LAST, "")], r"kw_error\.backtrace is gone"),
    ("a field of another type and the same size", [RETYPED],
     r"kw_error\.http_status was `uint32_t` and is `int32_t`"),
    ("a field of a larger type", [substitute("core.h", r"^    uint32_t http_status;", "    uint64_t http_status;")],
     r"kw_error\.http_status was `uint32_t` and is `uint64_t`"),
    ("a field renamed", [substitute("core.h", r"^    uint32_t http_status;", "    uint32_t hypertext_status;")],
     r"kw_error\.http_status is not field 3 any more; hypertext_status is"),
    ("two fields of one type in another order",
     [substitute("core.h", r"(^    kw_str details_json;.*\n)(    kw_str domain;.*\n)", r"\2\1")],
     r"kw_error\.details_json is not field 7 any more; domain is"),
    ("an array that grew", [substitute("notes.h", r"char owner\[4\];", "char owner[8];")],
     r"kw_note_header\.owner was `char\[4\]`"),
    ("an operation that takes something else",
     [substitute("embedder.h", r"KW_OP\(embed, kw_embed_in, kw_embed_out\)", "KW_OP(embed, kw_none, kw_embed_out)")],
     r"kw_embedder\.embed was "),
    ("an operation that replies something else",
     [substitute("embedder.h", r"KW_OP\(embed, kw_embed_in, kw_embed_out\)", "KW_OP(embed, kw_embed_in, kw_none)")],
     r"kw_embedder\.embed was .* replies kw_embed_out` and is .* replies kw_none`"),
    ("a service function that replies something else",
     [substitute("services.h", r"(KW_SERVICE\(remove, kw_path_in), kw_none\)", r"\1, kw_count)")],
     r"kw_host_fs\.remove was .* replies kw_none` and is .* replies kw_count`"),
    ("a function of the call with another parameter",
     [substitute("core.h", r"(\(\*alloc\)\(kw_call \*call,) uint64_t size,", r"\1 uint32_t size,")],
     r"kw_call_api\.alloc was "),
    ("a span of something else", [substitute("embedder.h", r"(kw_span prefixes) KW_OF\(kw_pair\)", r"\1 KW_OF(kw_str)")],
     r"kw_embedder_info\.prefixes was annotated with of:kw_pair and is with of:kw_str"),
    ("an annotation that is gone", [substitute("host.h", r"(const kw_host \*host) KW_LOCAL;", r"\1;")],
     r"kw_create_in\.host was annotated with local: and is with local:None"),
    ("a kind of event that lost its payload", [substitute("core.h", r"KW_EVENT_PART kw_part, ", "")],
     r"kw_event\.payload was annotated with of-kind:"),
    ("a value type that grew",
     [raise_sdk, substitute("core.h", r"(    const char \*ptr;\n    uint64_t len;\n)", r"\1    uint64_t capacity;\n")],
     r"kw_str is frozen and got capacity"),
    ("a struct removed", [PAIR_REMOVED],
     r"struct kw_pair is gone"),
    ("another type under an old name",
     [substitute("core.h", r"^typedef int32_t kw_status;", "typedef int64_t kw_status;")],
     r"type kw_status was int32_t and is int64_t"),
    ("a constant renumbered", [substitute("core.h", r"#define KW_EVENT_TEXT 2u", "#define KW_EVENT_TEXT 200u")],
     r"constant KW_EVENT_TEXT was 2u and is 200u"),
    ("a status renumbered", [substitute("core.h", r"KW_ABORTED \(\(kw_status\)10\)", "KW_ABORTED ((kw_status)11)")],
     r"constant KW_ABORTED was "),
    ("a constant removed", [substitute("core.h", r"#define KW_RETRY_NO 2u\n", "")], r"constant KW_RETRY_NO is gone"),
    ("an interface id renamed", [substitute("embedder.h", "keyway.embedder/1\"\n", "keyway.embeddings/1\"\n")],
     r'constant KW_EMBEDDER_ID was "keyway.embedder/1"'),
    ("another generation", [substitute("version.h", r"#define KW_GENERATION 1u", "#define KW_GENERATION 2u")],
     r"constant KW_GENERATION was 1u and is 2u"),
    ("a macro removed", [substitute("core.h", r"^#define KW_ACCEPT.*\n", "")], r"macro KW_ACCEPT is gone"),
    ("an SDK that falls", [substitute("version.h", r"#define KW_SDK \d+u", "#define KW_SDK 0u")], r"KW_SDK fell"),
    ("growth without the SDK in the tag", [raise_sdk, at_end("uint64_t added;")],
     r"kw_error grew \(added\), so its tag must be kw_error_{next}"),
    ("growth by half a word",
     [raise_sdk, substitute("core.h", r"(typedef struct kw_none)_\d+ \{\n(    kw_hdr h;\n)",
                            r"\1_{next} {\n\2    uint32_t added;\n")],
     r"kw_none has 12 bytes, which is no multiple of 8"),
    ("another tag without growth", [raise_sdk, substitute("core.h", r"kw_error_\d+", "kw_error_{next}")],
     r"kw_error did not grow, but its tag went from kw_error_\d+ to kw_error_{next}"),
    ("a new struct with an old tag",
     [raise_sdk, new_struct("kw_fresh_{sdk}")],
     r"kw_fresh is new in SDK {next}, so its tag must be kw_fresh_{next}"),
    ("growth within a final SDK", [GROWN_NOW, at_end("uint64_t added;")],
     r"kw_error grew \(added\) within SDK \d+, which is final"),
]

# Name, edits, whether the old headers are a candidate, and what the report must name.
ALLOWED: list[tuple[str, list[Edit], bool, str]] = [
    ("nothing", [], False, r"\A\Z"),
    ("a comment", [substitute("core.h", r"0 if none \*/\n(    uint32_t http_status)", r"or 0 */\n\1")], False, r"\A\Z"),
    ("a field at the end, in the next SDK", [*GROWN, at_end("uint64_t added;")], False,
     r"kw_error grows from \d+ to \d+ bytes: added"),
    ("a field at the end of a candidate", [GROWN_NOW, at_end("uint64_t added;")], True,
     r"kw_error grows from \d+ to \d+ bytes: added"),
    ("an operation at the end of a table",
     [raise_sdk, substitute("embedder.h", r"kw_embedder_\d+", "kw_embedder_{next}"),
      substitute("embedder.h", r"^(\} kw_embedder;)", r"    KW_OP(added, kw_none, kw_none);\n\1")], False,
     r"kw_embedder grows from \d+ to \d+ bytes: added"),
    ("a new constant", [substitute("core.h", r"^(#define KW_EVENT_CUSTOM )", r"#define KW_EVENT_ADDED 99u\n\1")], False,
     r"constant KW_EVENT_ADDED 99u"),
    ("a kind of event that gets a payload",
     [substitute("core.h", r"(KW_EVENT_RESPONSE kw_response_out)\)", r"\1, KW_EVENT_RAW kw_pair)")], False, r"\A\Z"),
    ("a new struct", [raise_sdk, new_struct("kw_fresh_{next}")], False, r"struct kw_fresh, 8 bytes"),
]
