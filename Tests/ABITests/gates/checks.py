"""What the gates written in Python share: counting, and copies of the headers with one edit."""
import pathlib
import re
import shutil
import sys
from collections.abc import Callable

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "PluginABI" / "tools"))

import abi_headers  # noqa: E402  found through the line above

INCLUDE = abi_headers.INCLUDE
TOOLS = ROOT / "PluginABI" / "tools"


class Checks:
    """Counts what held, and prints what did not."""

    def __init__(self, name: str, is_quiet: bool = False) -> None:
        self.name = name
        self.is_quiet = is_quiet
        self.passed = 0
        self.failed = 0

    def hold(self, claim: str, condition: bool, evidence: str = "") -> None:
        if condition:
            self.passed += 1
            return
        self.failed += 1
        if self.is_quiet:
            return
        print(f"FAILED {claim}", file=sys.stderr)
        for line in evidence.splitlines():
            print(f"    {line}", file=sys.stderr)

    def finish(self) -> int:
        print(f"{self.name}: {self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


Edit = Callable[[pathlib.Path], None]


def present_sdk() -> int:
    text = (INCLUDE / "keyway" / "version.h").read_text()
    return int(re.search(r"^#define KW_SDK (\d+)u$", text, re.MULTILINE)[1])


def substitute(header: str, pattern: str, replacement: str) -> Edit:
    """Replaces the one place that the pattern matches. More or none is an error of the test. {sdk} and {next} stand
    for the present SDK and the one after it."""

    sdk = present_sdk()
    replacement = replacement.replace("{sdk}", str(sdk)).replace("{next}", str(sdk + 1))

    def edit(include: pathlib.Path) -> None:
        file = include / "keyway" / header
        text, count = re.subn(pattern, replacement, file.read_text(), flags=re.MULTILINE)
        if count != 1:
            sys.exit(f"{header} has {count} places like {pattern!r}; this test needs exactly one")
        file.write_text(text)

    return edit


def raise_sdk(include: pathlib.Path) -> None:
    """The next SDK."""
    substitute("version.h", r"^#define KW_SDK \d+u$", "#define KW_SDK {next}u")(include)


def edited_copy(folder: pathlib.Path, *edits: Edit) -> pathlib.Path:
    """The present headers in a new folder, edited."""
    shutil.copytree(INCLUDE, folder)
    for edit in edits:
        edit(folder)
    return folder
