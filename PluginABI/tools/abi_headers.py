"""What a tree of Keyway headers declares: structs with their layout, constants, function types. Read with clang.

The tools and the gates all look at headers through this module, so that they agree on what the ABI is.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

ABI = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ABI / "include"
FROZEN = ABI / "frozen"
NOT_ABI = ("author.h",)  # inlined conveniences: they may change at will
DERIVED = ("layout.h", "plugin.h")


class HeaderError(Exception):
    """The headers cannot be read; says why."""


@dataclass(frozen=True)
class Field:
    name: str
    type: str  # as written; of an operation with the type of its reply
    offset: int
    annotations: tuple[str, ...] = field(default=(), compare=False)  # "of:kw_str", "local"

    def annotation(self, name: str) -> str | None:
        """What the annotation of that name says, empty if it is a mere word; None without one."""
        said = [text.partition(":")[2] for text in self.annotations if text.partition(":")[0] == name]
        return said[0] if said else None


@dataclass(frozen=True)
class Struct:
    name: str  # the typedef's name, which never changes
    tag: str
    header: str
    size: int
    fields: tuple[Field, ...]

    @property
    def is_growable(self) -> bool:
        return bool(self.fields) and self.fields[0].type == "kw_hdr"

    @property
    def grown_by(self) -> int | None:
        """The SDK that last grew it, which its tag says. A frozen struct has none."""
        number = re.search(r"_(\d+)$", self.tag)
        return int(number[1]) if self.is_growable and number else None


@dataclass(frozen=True)
class Headers:
    include: pathlib.Path
    sdk: int
    structs: dict[str, Struct]  # in the order of the headers
    constants: dict[str, str]  # object-like macros; the text, because Swift takes a constant's type from it
    macros: frozenset[str]  # the names of function-like ones
    types: dict[str, str]  # typedefs that are not structs


def clang() -> str:
    """On PATH, or beside the Swift compiler, which brings one."""
    if found := shutil.which("clang"):
        return found
    if swift := shutil.which("swiftc"):
        beside = pathlib.Path(swift).resolve().with_name("clang")
        if beside.exists():
            return str(beside)
    raise HeaderError("clang is neither on PATH nor beside swiftc; a Swift toolchain has one in usr/bin")


def header_files(include: pathlib.Path) -> list[pathlib.Path]:
    """The headers that declare the ABI."""
    files = sorted(f for f in include.glob("keyway/*.h") if f.name not in NOT_ABI + DERIVED)
    if not files:
        raise HeaderError(f"{include} has no keyway/*.h")
    return files


def _run_clang(include: pathlib.Path, source: str, *options: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "headers.c"
        file.write_text(source)
        run = subprocess.run(
            [clang(), "-std=c11", f"-I{include}", *options, str(file)], cwd=folder, capture_output=True, text=True)
    if run.returncode != 0:
        raise HeaderError(f"the headers of {include} do not compile:\n{run.stderr}")
    return run.stdout


def _definitions(text: str) -> list[tuple[str, str]]:
    """Tag and body of every struct that a header defines."""
    return re.findall(r"^(?:typedef )?struct (kw_\w+) \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)


def _offsets(include: pathlib.Path, includes: str, tags: list[str]) -> dict[str, tuple[int, dict[str, int]]]:
    source = includes + "".join(f"struct {tag} use_{tag};\n" for tag in tags)
    dump = _run_clang(include, source, "-Xclang", "-fdump-record-layouts", "-emit-llvm", "-c", "-o", "headers.bc")
    layouts = {}
    for block in dump.split("*** Dumping AST Record Layout")[1:]:
        lines = block.strip("\n").split("\n")
        tag = re.match(r"\s*0 \| struct (kw_\w+)", lines[0])
        if tag is None:
            continue
        fields, size = {}, 0
        for line in lines[1:]:
            if field := re.match(r"\s*(\d+) \|   (\S.*?)(\w+)$", line):  # three spaces: a field of this struct itself
                fields[field[3]] = int(field[1])
            if total := re.search(r"\[sizeof=(\d+)", line):
                size = int(total[1])
        layouts[tag[1]] = (size, fields)
    return layouts


def _declarations(
    include: pathlib.Path, includes: str
) -> tuple[dict[str, list[tuple[str, str]]], dict[str, str], dict[str, str]]:
    """Fields of a tag, name of a tag, and the other typedefs."""
    tree = json.loads(_run_clang(include, includes, "-fsyntax-only", "-Xclang", "-ast-dump=json"))
    fields: dict[str, list[tuple[str, str]]] = {}
    names: dict[str, str] = {}
    types: dict[str, str] = {}
    for node in tree["inner"]:
        name = node.get("name", "")
        if node["kind"] == "RecordDecl" and name.startswith("kw_") and node.get("completeDefinition"):
            fields[name] = [
                (f["name"], f["type"]["qualType"]) for f in node.get("inner", []) if f["kind"] == "FieldDecl"]
        elif node["kind"] == "TypedefDecl" and name.startswith("kw_"):
            spelled = node["type"]["qualType"]
            if spelled.startswith("struct "):
                names[spelled.removeprefix("struct ")] = name
            else:
                types[name] = spelled
    return fields, names, types


def _annotations(include: pathlib.Path, includes: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """What is annotated to a field of a tag. Only the dump for people has the texts."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    tag = name = None
    for line in _run_clang(include, includes, "-fsyntax-only", "-Xclang", "-ast-dump").splitlines():
        if struct := re.match(r"\|-RecordDecl .* struct (kw_\w+) definition$", line):
            tag = struct[1]
        elif re.match(r"[|`]-", line):
            tag = None
        elif member := re.match(r"\| [|`]-FieldDecl .*? (?:referenced )?(\w+) '", line):
            name = member[1]
        elif tag and (said := re.search(r'-AnnotateAttr .* "keyway\.(.*)"$', line)):
            found[tag, name] = (*found.get((tag, name), ()), said[1])
    return found


def _macros(include: pathlib.Path, includes: str) -> tuple[dict[str, str], frozenset[str]]:
    constants, functions = {}, set()
    for line in _run_clang(include, includes, "-E", "-dM").splitlines():
        macro = re.match(r"#define (KW_\w+)(\(?)(.*)$", line)
        if macro is None:
            continue
        if macro[2]:
            functions.add(macro[1])
        elif macro[3].strip():
            constants[macro[1]] = macro[3].strip()
    return constants, frozenset(functions)


def read_headers(include: pathlib.Path) -> Headers:
    """Everything the tree declares. Raises HeaderError."""
    include = include.resolve()
    files = header_files(include)
    includes = "".join(f'#include "keyway/{f.name}"\n' for f in files)
    bodies = [(f.name, tag, body) for f in files for tag, body in _definitions(f.read_text())]
    layouts = _offsets(include, includes, [tag for _, tag, _ in bodies])
    declared, names, types = _declarations(include, includes)
    annotations = _annotations(include, includes)
    structs: dict[str, Struct] = {}
    for header, tag, body in bodies:
        if tag not in layouts or tag not in declared or tag not in names:
            raise HeaderError(f"{header}: struct {tag} has no layout or no typedef; write it as the others are")
        size, offsets = layouts[tag]
        # The C type of an operation does not say what it replies.
        replies = dict(re.findall(r"^\s*KW_(?:OP|SERVICE)\((\w+), \w+, (\w+)\)", body, re.MULTILINE))
        fields = tuple(
            Field(
                name, kind + (f" replies {replies[name]}" if name in replies else ""), offsets[name],
                annotations.get((tag, name), ()))
            for name, kind in declared[tag])
        structs[names[tag]] = Struct(names[tag], tag, header, size, fields)
    constants, macros = _macros(include, includes)
    sdk = re.match(r"(\d+)u$", constants.get("KW_SDK", ""))
    if sdk is None:
        raise HeaderError(f"{include}/keyway/version.h does not define KW_SDK as a number")
    return Headers(include, int(sdk[1]), structs, constants, macros, types)


def main_guard(main) -> None:
    """Runs a tool; an error of the headers is one line, not a trace."""
    try:
        sys.exit(main())
    except HeaderError as error:
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {error}")
