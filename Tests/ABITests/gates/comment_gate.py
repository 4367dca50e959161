#!/usr/bin/env python3
"""Every function of the ABI says from which threads it may be called: [op], [life], [any] or [emit]. It says so in the
comment before it or behind it, or by KW_THREAD, which is part of KW_SERVICE; where both are there, they agree."""
import re
import sys

from checks import INCLUDE, Checks, abi_headers

TAGS = re.compile(r"\[(op|life|any|emit)\]")
SLOT = re.compile(r"KW_(?:OP|SERVICE)\((\w+),|\(\*(\w+)\)\(")
# A comment, if any; a declaration up to its semicolon; a comment on the same line, if any.
COMMENT = r"/\*(?:(?!\*/).)*\*/"
STATEMENT = re.compile(rf"(?P<before>{COMMENT})?\s*(?P<code>[^;{{}}/]*;)(?P<behind>[ \t]*{COMMENT})?", re.DOTALL)

# What has no thread of its own: types that stand for any slot, and a function whose flags say it.
WITHOUT = ("kw_any_op", "kw_any_service", "address")


def functions(text: str):
    """Name, declaration and comments of every function pointer that a header declares."""
    text = re.sub(r"^[ \t]*#(?:.*\\\n)*.*$", "", text, flags=re.MULTILINE)  # macros; their use is what counts
    for statement in STATEMENT.finditer(text):
        slot = SLOT.search(statement["code"])
        if slot is not None:
            yield slot[1] or slot[2], statement["code"], (statement["before"] or "") + (statement["behind"] or "")


def check(checks: Checks, header: str, text: str) -> int:
    count = 0
    for name, code, comment in functions(text):
        count += 1
        said = set(TAGS.findall(comment))
        annotated = {"any"} if "KW_SERVICE(" in code else set(re.findall(r"KW_THREAD\((\w+)\)", code))
        if name in WITHOUT:
            continue
        checks.hold(f"{header}: {name} says from which threads", len(said | annotated) == 1,
                    f"its comment says {sorted(said) or 'nothing'}, KW_THREAD {sorted(annotated) or 'nothing'}")
    return count


def main() -> int:
    checks = Checks("thread tags")
    found = sum(check(checks, file.name, file.read_text()) for file in abi_headers.header_files(INCLUDE))
    headers = abi_headers.read_headers(INCLUDE)
    # That none was overlooked is known from the compiler. kw_lease.release and the types of functions count, too.
    declared = sum("(*" in f.type for s in headers.structs.values() for f in s.fields)
    declared += sum("(*" in kind for kind in headers.types.values())
    checks.hold("every function was found", found == declared, f"found {found}, the compiler {declared}")
    for name, text in (
        ("an operation without a comment", "KW_OP(run, kw_none, kw_none);"),
        ("a comment without a tag", "/* Runs. */\nKW_OP(run, kw_none, kw_none);"),
        ("the tag of the function before", "KW_OP(a, kw_none, kw_none); /* [op] */\nKW_OP(b, kw_none, kw_none);"),
        ("two tags that differ", "/* [op] */\nint (*f)(int) KW_NOEXCEPT KW_THREAD(any);"),
    ):
        probe = Checks(name, is_quiet=True)
        check(probe, "probe.h", text)
        checks.hold(f"refused: {name}", probe.failed == 1)
    return checks.finish()


sys.exit(main())
