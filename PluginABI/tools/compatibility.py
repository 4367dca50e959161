#!/usr/bin/env python3
"""May headers become these headers? The rules of docs/abi.md ("What may change, and when") that a machine can decide.

    compatibility.py OLD NEW [--candidate]

OLD and NEW are folders that hold keyway/. Prints one line a change; exits 1 if one of them breaks what was built
against OLD. --candidate: OLD is not final yet, so structs may grow within its SDK.
"""
import argparse
import pathlib
import sys
from dataclasses import dataclass, field

import abi_headers
from abi_headers import Field, Headers, Struct

RISING = ("KW_SDK", "KW_SDK_MINIMUM")
TRAVELS = ("of", "of-kind", "sized-by", "elements", "filled", "local")  # annotations that say what a pointer points to


@dataclass
class Difference:
    breaks: list[str] = field(default_factory=list)
    additions: list[str] = field(default_factory=list)


def _compare_annotations(struct: Struct, was: Field, now: Field, found: Difference) -> None:
    for name in TRAVELS:
        before, after = was.annotation(name), now.annotation(name)
        # A list may get longer: further kinds of events have a payload, further inputs make rows.
        if before is not None and after != before and not (after or "").startswith(before + ", "):
            found.breaks.append(
                f"{struct.name}.{was.name} was annotated with {name}:{before} and is with {name}:{after}")


def _compare_struct(old: Struct, new: Struct, sdk: int, may_grow: bool, found: Difference) -> None:
    for index, was in enumerate(old.fields):
        now = new.fields[index] if index < len(new.fields) else None
        if now == was:
            _compare_annotations(old, was, now, found)
            continue
        if now is None:
            found.breaks.append(f"{old.name}.{was.name} is gone")
        elif now.name != was.name:
            found.breaks.append(f"{old.name}.{was.name} is not field {index} any more; {now.name} is")
        elif now.type != was.type:
            found.breaks.append(f"{old.name}.{was.name} was `{was.type}` and is `{now.type}`")
        else:
            found.breaks.append(f"{old.name}.{was.name} moved from byte {was.offset} to byte {now.offset}")
        return
    added = new.fields[len(old.fields):]
    names = ", ".join(f.name for f in added)
    if not added:
        if new.size != old.size:
            found.breaks.append(f"{old.name} had {old.size} bytes and has {new.size}, with the same fields")
        elif new.tag != old.tag:
            found.breaks.append(f"{old.name} did not grow, but its tag went from {old.tag} to {new.tag}")
        return
    expected = f"{old.name}_{sdk}"
    if not old.is_growable:
        found.breaks.append(f"{old.name} is frozen and got {names}")
    elif added[0].offset < old.size:
        found.breaks.append(f"{old.name}.{added[0].name} lies in what was padding, where older readers see it")
    elif new.size % 8 != 0:
        found.breaks.append(f"{old.name} has {new.size} bytes, which is no multiple of 8: fill up with a `reserved`")
    elif new.tag != expected:
        found.breaks.append(f"{old.name} grew ({names}), so its tag must be {expected} and not {new.tag}")
    elif not may_grow:
        found.breaks.append(f"{old.name} grew ({names}) within SDK {sdk}, which is final: raise KW_SDK")
    else:
        found.additions.append(f"{old.name} grows from {old.size} to {new.size} bytes: {names}")


def compare(old: Headers, new: Headers, is_candidate: bool) -> Difference:
    """What differs from old to new. is_candidate: old is not final."""
    found = Difference()
    if new.sdk < old.sdk:
        found.breaks.append(f"KW_SDK fell from {old.sdk} to {new.sdk}")
    may_grow = new.sdk > old.sdk or is_candidate
    for name, struct in old.structs.items():
        if name in new.structs:
            _compare_struct(struct, new.structs[name], new.sdk, may_grow, found)
        else:
            found.breaks.append(f"struct {name} is gone")
    for name, struct in new.structs.items():
        if name in old.structs:
            continue
        if struct.is_growable and struct.grown_by != new.sdk:
            found.breaks.append(
                f"{name} is new in SDK {new.sdk}, so its tag must be {name}_{new.sdk} and not {struct.tag}")
        else:
            found.additions.append(f"struct {name}, {struct.size} bytes")
    for kind, before, after in (("constant", old.constants, new.constants), ("type", old.types, new.types)):
        for name, value in before.items():
            now = after.get(name)
            if now is None:
                found.breaks.append(f"{kind} {name} is gone")
            elif now != value and name not in RISING:
                found.breaks.append(f"{kind} {name} was {value} and is {now}")
        found.additions.extend(f"{kind} {name} {after[name]}" for name in after if name not in before)
    found.breaks.extend(f"macro {name} is gone" for name in sorted(old.macros - new.macros))
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("--candidate", action="store_true")
    arguments = parser.parse_args()
    found = compare(
        abi_headers.read_headers(arguments.old), abi_headers.read_headers(arguments.new), arguments.candidate)
    for line in found.additions:
        print(f"added: {line}")
    for line in found.breaks:
        print(f"BREAKS: {line}", file=sys.stderr)
    return 1 if found.breaks else 0


if __name__ == "__main__":
    abi_headers.main_guard(main)
