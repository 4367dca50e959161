#!/usr/bin/env python3
"""How structs travel to another process is written down for every field: the tables are those of the present headers, and a
field that nobody described is refused by its name."""
import pathlib
import re
import subprocess
import sys
import tempfile

from checks import INCLUDE, TOOLS, Checks, Edit, edited_copy, substitute

GENERATE = TOOLS / "generate_marshalling.py"


def added(declaration: str) -> Edit:
    """A field at the end of kw_embed_out."""
    return substitute("embedder.h", r"^(\} kw_embed_out;)", rf"    {declaration}\n\1")


# Name, edit, and what the refusal must say.
REFUSED: list[tuple[str, Edit, str]] = [
    ("a span that does not say of what", added("kw_span added;"), r"embedder\.h: kw_embed_out\.added is a span"),
    ("a pointer that does not say to how much", added("const void *added;"),
     r"embedder\.h: kw_embed_out\.added is a pointer"),
    ("a function", added("void (*added)(void) KW_NOEXCEPT;"), r"embedder\.h: kw_embed_out\.added is a pointer"),
    ("a pointer of a struct that no operation takes",
     substitute("host.h", r"^(    const void \*vtable) KW_LOCAL;", r"\1;"), r"host\.h: kw_iface\.vtable is a pointer"),
    ("elements of an unknown type", added("kw_span added KW_OF(kw_nothing);"), r"kw_embed_out\.added .* kw_nothing"),
    ("elements that have no size", added("kw_span added KW_OF(kw_span);"), r"kw_embed_out\.added .* kw_span"),
    ("a size in another struct", added("const void *added KW_SIZED_BY(capacity);"), r"kw_embed_out\.added .*'capacity'"),
    ("a size of half a word", added("const void *added KW_SIZED_BY(reserved);"), r"kw_embed_out\.added .*'reserved'"),
    ("memory of the caller in a reply", added("void *added KW_FILLED(total_tokens, total_tokens, reserved, reserved, sparse);"),
     r"kw_embed_out\.added has KW_FILLED"),
    ("memory of the caller deep in an input",
     substitute("embedder.h", r"^(\} kw_token_list;)",
                r"    void *added KW_FILLED(capacity, row_stride, dims, element, ids);\n\1"),
     r"kw_token_list\.added has KW_FILLED"),
    ("a struct of unknown layout", added("char added[8];"), r"kw_embed_out\.added has the type char\[8\]"),
    ("a way back by another struct",
     substitute("embedder.h", r"(kw_span indices) KW_OF\(uint32_t\)", r"\1 KW_OF(kw_embed_out)"),
     r"kw_sparse\.indices leads back to kw_embed_out"),
    ("a payload that only a comment names",
     substitute("core.h", r"^(#define KW_EVENT_RAW 17u +/\*)", r"\1 payload = kw_pair;"),
     r"core\.h: kw_event\.payload has for KW_EVENT_RAW nothing, and its comment says kw_pair"),
    ("a payload of another type than the comment's",
     substitute("core.h", r"KW_EVENT_USAGE kw_usage", "KW_EVENT_USAGE kw_pair"), r"kw_event\.payload has for KW_EVENT_USAGE"),
    ("an element of unknown size", substitute("embedder.h", r"^(#define KW_ELEMENT_BIT 6u)", r"#define KW_ELEMENT_F8 7u\n\1"),
     r"KW_ELEMENT_F8"),
    ("a slot that is no operation", substitute("embedder.h", r"^(\} kw_embedder;)", r"    uint64_t added;\n\1"),
     r"kw_embedder\.added is no operation"),
    ("an interface without an id", substitute("embedder.h", r"^#define KW_EMBEDDER_ID .*\n", ""), r"no KW_EMBEDDER_ID"),
]


def run(include: pathlib.Path) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, GENERATE, "--check", include], capture_output=True, text=True)


def after(edit: Edit) -> subprocess.CompletedProcess:
    with tempfile.TemporaryDirectory() as folder:
        return run(edited_copy(pathlib.Path(folder) / "include", edit))


def main() -> int:
    checks = Checks("marshalling")
    present = run(INCLUDE)
    checks.hold("the tables are those of the headers", present.returncode == 0, present.stderr)
    for name, edit, wanted in REFUSED:
        refused = after(edit)
        checks.hold(f"refused: {name}", refused.returncode == 1 and re.search(wanted, refused.stderr) is not None,
                    f"wanted {wanted}\ngot {refused.stderr}")
    grown = after(added("kw_span added KW_OF(kw_str);"))
    checks.hold("tables of other headers are not current", "tables.c is not current" in grown.stderr, grown.stderr)
    return checks.finish()


sys.exit(main())
