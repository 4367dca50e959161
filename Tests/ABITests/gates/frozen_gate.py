#!/usr/bin/env python3
"""Every frozen SDK is a prefix of the present headers; and this gate refuses what it has to refuse."""
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

from checks import INCLUDE, TOOLS, Checks, Edit, abi_headers, edited_copy
from compatibility import Difference, compare
from header_edits import ALLOWED, BREAKING

PRESENT = abi_headers.read_headers(INCLUDE)


def after(edits: list[Edit], is_candidate: bool) -> Difference:
    with tempfile.TemporaryDirectory() as folder:
        copy = edited_copy(pathlib.Path(folder) / "include", *edits)
        return compare(PRESENT, abi_headers.read_headers(copy), is_candidate)


def check_history(checks: Checks) -> None:
    generate = subprocess.run([sys.executable, TOOLS / "generate_layout.py", "--check"], capture_output=True, text=True)
    checks.hold("layout.h is current", generate.returncode == 0, generate.stderr)
    for sdk in range(1, PRESENT.sdk + 1):
        folder = abi_headers.FROZEN / f"sdk-{sdk}"
        if not folder.is_dir():
            checks.hold(f"SDK {sdk} is frozen", False, f"{folder} is missing: run PluginABI/tools/freeze")
            continue
        frozen = abi_headers.read_headers(folder)
        checks.hold(f"{folder.name} has the headers of that SDK", frozen.sdk == sdk, f"KW_SDK is {frozen.sdk}")
        layout = subprocess.run(
            [sys.executable, TOOLS / "generate_layout.py", "--check", folder], capture_output=True, text=True)
        checks.hold(f"the layout.h of {folder.name} is that of its headers", layout.returncode == 0, layout.stderr)
        found = compare(frozen, PRESENT, (folder / "CANDIDATE").exists())
        checks.hold(f"plugins built against SDK {sdk} still work", not found.breaks, "\n".join(found.breaks))
        if sdk == PRESENT.sdk and found.additions:
            print(f"note: the headers have grown since {folder.name} was frozen; run PluginABI/tools/freeze")


def check_refusals(checks: Checks) -> None:
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        broken = pool.map(lambda case: after(case[1], False), BREAKING)
        for (name, _, wanted), found in zip(BREAKING, broken):
            report = "\n".join(found.breaks)
            wanted = wanted.replace("{next}", str(PRESENT.sdk + 1))
            checks.hold(f"refused: {name}", re.search(wanted, report) is not None,
                        f"wanted {wanted}\ngot {report or 'nothing'}")
        fine = pool.map(lambda case: after(case[1], case[2]), ALLOWED)
        for (name, _, _, wanted), found in zip(ALLOWED, fine):
            report = "\n".join(found.additions)
            checks.hold(f"allowed: {name}", not found.breaks and re.search(wanted, report) is not None,
                        f"wanted {wanted}\ngot {report}\nbreaks {found.breaks}")


checks = Checks("frozen headers")
check_history(checks)
check_refusals(checks)
sys.exit(checks.finish())
