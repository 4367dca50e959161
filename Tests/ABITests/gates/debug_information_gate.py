#!/usr/bin/env python3
"""A second opinion on the frozen SDKs: what libabigail reads from a compiler's debug information, not from the source.

abidiff answers 4 for every change, legal growth too, so its report is read: each line has to be one that growth at the
end explains. An unknown line is refused.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from checks import INCLUDE, TOOLS, Checks, abi_headers, edited_copy, substitute
from header_edits import GROWN, HTTP, PAIR_REMOVED, RETYPED, at_end

EXPLAINED = [re.compile(pattern) for pattern in (
    r"Leaf changes summary: ",
    r"Changed leaf types summary: ",
    r"Removed/Changed/Added functions summary: 0 Removed, 0 Changed, 0 Added function",
    r"Removed/Changed/Added variables summary: 0 Removed, ",
    r"\d+ (Changed|Added) variables?:",
    r"\[C\] 'kw_\w+ witness_of_kw_\w+' was changed:",
    r"\[A\] 'kw_\w+ witness_of_kw_\w+'",
    r"type of variable changed:",
    r"underlying type 'struct kw_\w+' changed:",
    r"'struct kw_\w+' changed:",
    r"details were reported earlier",
    r"\d+ data member insertions?:",
)]
GREW = re.compile(r"(?:size of symbol|type size) changed from (\d+) to (\d+)(?: \(in bits\))?$")
INSERTED = re.compile(r"'.* (\w+)', at offset (\d+) \(in bits\)$")


def unexplained(report: str) -> list[str]:
    """Lines that growth at the end does not explain."""
    bad, old_bits = [], 0
    for line in (line.strip() for line in report.splitlines()):
        if grew := GREW.match(line):
            if int(grew[2]) < int(grew[1]):
                bad.append(line)
            old_bits = int(grew[1])
        elif inserted := INSERTED.match(line):
            if int(inserted[2]) < old_bits:
                bad.append(line)
        elif line and not any(pattern.match(line) for pattern in EXPLAINED):
            bad.append(line)
    return bad


def witness(folder: pathlib.Path, name: str, include: pathlib.Path) -> pathlib.Path:
    """A shared object with an exported object per struct. Tags are without their SDK number, which is no part of the
    layout and would make every mention of a struct that grew a change."""
    copy = folder / f"{name}-include"
    shutil.copytree(include, copy)
    for header in copy.glob("keyway/*.h"):
        header.write_text(re.sub(r"\bstruct (kw_\w+?)_\d+\b", r"struct \1", header.read_text()))
    source, library = folder / f"{name}.c", folder / f"{name}.so"
    source.write_text(subprocess.run(
        [sys.executable, TOOLS / "generate_witness.py", copy], check=True, capture_output=True, text=True).stdout)
    subprocess.run(["gcc", "-std=c11", "-g", "-fPIC", "-shared", f"-I{copy}", "-o", library, source], check=True)
    return library


def compare(old: pathlib.Path, new: pathlib.Path) -> tuple[int, str]:
    run = subprocess.run(
        ["abidiff", "--leaf-changes-only", "--no-show-locs", old, new], capture_output=True, text=True)
    return run.returncode, run.stdout + run.stderr


def main() -> int:
    for program in ("abidiff", "gcc"):
        if shutil.which(program) is None:
            print(f"SKIP the ABI in debug information: {program} is not installed (apt-get install abigail-tools gcc)")
            return 0
    checks = Checks("debug information")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        present = witness(folder, "present", INCLUDE)
        for sdk in sorted(abi_headers.FROZEN.glob("sdk-*")):
            code, report = compare(witness(folder, sdk.name, sdk), present)
            # 1 and 2 are errors of the tool and of its use.
            checks.hold(f"{sdk.name} is a prefix", code in (0, 4) and not unexplained(report), report)

        def edited(case: str, *edits):
            return compare(present, witness(folder, case, edited_copy(folder / f"{case}-edited", *edits)))

        code, report = edited("grown", *GROWN, at_end("uint64_t added;"))
        checks.hold("growth at the end is reported and explained",
                    code == 4 and "'uint64_t added', at offset" in report and not unexplained(report), report)
        for case, edits, wanted in (
            ("inserted", [*GROWN, substitute("core.h", f"({HTTP})", r"    uint64_t slipped_in;\n\1")], "slipped_in"),
            ("removed", [substitute("core.h", HTTP, "")], "1 data member deletion"),
            ("retyped", [RETYPED], "uint32_t to int32_t"),
            ("struct-removed", [PAIR_REMOVED], "1 Removed"),
            ("operation-swapped", [substitute("embedder.h", r"KW_OP\(info, kw_none,", "KW_OP(info, kw_embed_in,")],
             "kw_embed_in"),
        ):
            code, report = edited(case, *edits)
            checks.hold(f"refused: {case}", any(wanted in line for line in unexplained(report)), f"rc {code}\n{report}")
    return checks.finish()


sys.exit(main())
