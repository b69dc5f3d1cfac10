"""Holds types to one definition: two that share a name and a namespace but no file are undefined behaviour as soon as one
program has both (the One Definition Rule, ISO C++ [basic.def.odr]), and neither compiler nor linker has to say so.

Looks at what stands at the beginning of a line, as our format has it; what is in an unnamed namespace is the file's own.
"""

import re
from pathlib import Path

from tree import CODE_SUFFIXES, all_files

NAMESPACE = re.compile(r"^namespace (\w+(?:::\w+)*)? ?\{$")
END = re.compile(r"^\}  // namespace( \w+(?:::\w+)*)?$")
TYPE = re.compile(r"^(?:class|struct|union|enum(?: class)?) (?:\[\[\w+\]\] |alignas\([^)]*\) )*([\w:]+(?:<[^{]*>)?)[^;]*$")


def types_of(text: str) -> list[tuple[int, str]]:
    """Line and full name of each type that a namespace with a name defines."""
    found, within = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if match := NAMESPACE.match(line):
            within.append(match.group(1))
        elif END.match(line) and within:
            within.pop()
        elif None not in within and (match := TYPE.match(line)) and "{" in line:
            found.append((number, "::".join([*within, match.group(1)])))
    return found


def check_single(root: Path) -> list[str]:
    """Faults as `file:line: text`. Of what makes the programs; each test is a program of its own kind."""
    first: dict[str, str] = {}
    faults = []
    for folder in ("config", "daemon", "probes"):
        for file in all_files(root / folder):
            if file.suffix not in CODE_SUFFIXES:
                continue
            path = file.relative_to(root).as_posix()
            for number, name in types_of(file.read_text(encoding="utf-8")):
                if name in first:
                    faults.append(f"{path}:{number}: {name} is defined in {first[name]}, too; rename one")
                else:
                    first[name] = path
    return faults
