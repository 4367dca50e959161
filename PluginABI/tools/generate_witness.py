#!/usr/bin/env python3
"""Prints a C file with one exported object per ABI struct and per function type, for tools that compare shared objects.

    generate_witness.py [INCLUDE]

A plugin exports one function whose tables hide behind `const void *`, so such tools see nothing of the ABI in it.
INCLUDE is the folder that holds keyway/, by default PluginABI/include.
"""
import pathlib
import sys

import abi_headers


def main() -> int:
    include = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else abi_headers.INCLUDE
    headers = abi_headers.read_headers(include)
    for file in abi_headers.header_files(include):
        print(f"#include <keyway/{file.name}>")
    for name in (*headers.structs, *headers.types):
        print(f"KW_EXPORT {name} witness_of_{name};")
    return 0


abi_headers.main_guard(main)
