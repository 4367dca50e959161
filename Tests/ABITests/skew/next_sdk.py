#!/usr/bin/env python3
"""Writes the headers of an SDK after the present one, as a maintainer would grow them under the rules of docs/abi.md.

    next_sdk.py OUT [--keep-tags]

Everything that may grow grows: each struct of data by two or three fields, each table by an operation, the call's
functions and the host's by one each. There are a new event, a new struct for input and one for output, and KW_ADDED,
by which sources tell these headers from the present ones. OUT gets keyway/ with a layout.h of its own, and
module.modulemap. --keep-tags leaves out the rule that a struct's tag names the SDK that last grew it.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

TOOLS = pathlib.Path(__file__).resolve().parents[3] / "PluginABI" / "tools"
sys.path.insert(0, str(TOOLS))

import abi_headers  # noqa: E402  found through the line above

DATA = """    uint64_t added_number;
    kw_str added_text;
    kw_span added_list; /* kw_pair */
"""
NUMBERS = "    uint64_t added_number, added_other;\n"
POINTERS = ("*", "kw_str", "kw_bytes", "kw_span", "kw_lease")
OPERATION = "    KW_OP(added, kw_added_in, kw_added_out); /* [op] */\n"
SERVICE = "    KW_SERVICE(added, kw_added_in, kw_added_out);\n"
FUNCTIONS = {
    "kw_call_api": "    /* Notes a number. [emit] */\n"
                   "    kw_status (*added)(kw_call *call, uint64_t number) KW_NOEXCEPT KW_THREAD(emit);\n",
    "kw_host": "    /* A number of the host's. [any] */\n"
               "    uint64_t (*added)(const kw_host *host) KW_NOEXCEPT KW_THREAD(any);\n",
}
STRUCTS = """typedef struct kw_added_in_{sdk} {{
    kw_hdr h;
    uint64_t number;
}} kw_added_in;

typedef struct kw_added_out_{sdk} {{
    kw_hdr h;
    uint64_t number;
}} kw_added_out;

"""
MARK = "#define KW_ADDED 1u /* what the tests of the ABI add is there */"
EVENT = "#define KW_EVENT_ADDED 4095u /* data = anything */\n"


def addition(struct: abi_headers.Struct, body: str) -> str:
    if struct.name in FUNCTIONS:
        return FUNCTIONS[struct.name]
    if re.search(r"^\s*KW_OP\(", body, re.MULTILINE):
        return OPERATION
    if re.search(r"^\s*KW_SERVICE\(", body, re.MULTILINE):
        return SERVICE
    # To Swift a struct with a pointer in it is unsafe; one that was not would stop sources from compiling.
    has_pointer = any(pointer in field.type for field in struct.fields for pointer in POINTERS)
    return DATA if has_pointer else NUMBERS


def substitute_once(text: str, pattern: str, replacement) -> str:
    text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE | re.DOTALL)
    if count != 1:
        sys.exit(f"next_sdk.py: {count} places like {pattern!r}, and there must be one")
    return text


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--keep-tags", action="store_true")
    arguments = parser.parse_args()
    headers = abi_headers.read_headers(abi_headers.INCLUDE)
    sdk = headers.sdk + 1
    shutil.copytree(abi_headers.INCLUDE, arguments.out)
    folder = arguments.out / "keyway"
    texts = {file.name: file.read_text() for file in folder.glob("*.h")}

    for struct in headers.structs.values():
        if struct.is_growable:
            texts[struct.header] = substitute_once(
                texts[struct.header], rf"^((?:typedef )?struct {struct.tag} \{{\n)((?:(?!^\}}).)*)(^\}})",
                lambda m, struct=struct: m[1] + m[2] + addition(struct, m[2]) + m[3])
    if not arguments.keep_tags:
        for name in texts:
            for struct in headers.structs.values():
                if struct.is_growable:
                    texts[name] = re.sub(rf"\bstruct {struct.tag}\b", f"struct {struct.name}_{sdk}", texts[name])
    texts["core.h"] = substitute_once(
        texts["core.h"], r"^(typedef struct kw_pair_\d+ \{)", lambda m: STRUCTS.format(sdk=sdk) + m[1])
    texts["core.h"] = substitute_once(texts["core.h"], r"^(#define KW_EVENT_CUSTOM )", lambda m: EVENT + m[1])
    texts["version.h"] = substitute_once(texts["version.h"], r"^#define KW_SDK \d+u$", f"#define KW_SDK {sdk}u\n{MARK}")

    for name, text in texts.items():
        (folder / name).write_text(text)
    return subprocess.run([sys.executable, TOOLS / "generate_layout.py", arguments.out]).returncode


abi_headers.main_guard(main)
