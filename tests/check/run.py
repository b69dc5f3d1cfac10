"""Runs the checks of the house: floors, docs, format, shell, and the tests of the checks themselves.

    run.py [--junit FILE]

Prints each fault as `file:line: text`. Exit status: 0 when there is none, else 1.
"""

import argparse
import io
import re
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import definitions
import docs
import floors
from tree import code_files

ROOT = Path(__file__).resolve().parents[2]


def run_tool(command: list[str]) -> list[str]:
    """The lines that a tool complains with; empty when it is content."""
    if shutil.which(command[0]) is None:
        return [f"{command[0]} is not installed"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    return (done.stdout + done.stderr).splitlines() or [f"{command[0]} ended with {done.returncode}"]


def check_format() -> list[str]:
    sources = [str(file.relative_to(ROOT)) for file in code_files(ROOT)]
    complaints = run_tool(["clang-format", "--dry-run", "-Werror", *sources])
    places = [match.group(1) for line in complaints if (match := re.match(r"(.+?):\d+:\d+: error: ", line))]
    faults = [f"{file}: differs in {count} places; ./dev check --fix formats" for file, count in Counter(places).items()]
    return faults or complaints


def check_shell() -> list[str]:
    others = [*ROOT.glob("tests/**/*.sh"), *ROOT.glob("daemon/**/*.bash"), *ROOT.glob("systemd/debian/blipd.p*")]
    return run_tool(["shellcheck", "dev", ".ci/run", *map(str, sorted(others))])


def check_checks() -> list[str]:
    suite = unittest.defaultTestLoader.discover(str(Path(__file__).parent), pattern="*_test.py")
    if suite.countTestCases() == 0:
        return ["no test of the checks was found"]
    result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
    return [f"{test.id()}:\n{trace}" for test, trace in result.failures + result.errors]


CHECKS: dict[str, Callable[[], list[str]]] = {
    "the checks themselves work": check_checks,
    "a floor includes only floors that it may use": lambda: floors.check_layering(ROOT),
    "heavy headers stay behind their floor": lambda: floors.check_heavy_headers(ROOT),
    "pure floors read no clock and open no socket": lambda: floors.check_purity(ROOT),
    "a name of a type means one type": lambda: definitions.check_single(ROOT),
    "links in documents lead somewhere": lambda: docs.check_links(ROOT),
    "commands in documents exist": lambda: docs.check_commands(ROOT),
    "no path of one machine is written down": lambda: docs.check_machine_paths(ROOT),
    "nothing is left for later in code": lambda: docs.check_unfinished(ROOT),
    "code is formatted": check_format,
    "shell scripts are clean": check_shell,
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--junit", type=Path)
    options = parser.parse_args()

    found = {name: check() for name, check in CHECKS.items()}
    for name, faults in found.items():
        print(f"{'FAILED' if faults else 'ok'}  {name}")
        for fault in faults:
            print(f"    {fault}")
    if options.junit:
        write_junit(options.junit, found)
    return 1 if any(found.values()) else 0


def write_junit(file: Path, found: dict[str, list[str]]) -> None:
    suite = ElementTree.Element("testsuite", name="house", tests=str(len(found)))
    for name, faults in found.items():
        case = ElementTree.SubElement(suite, "testcase", name=name)
        if faults:
            ElementTree.SubElement(case, "failure", message=f"{len(faults)} faults").text = "\n".join(faults)
    ElementTree.ElementTree(suite).write(file, encoding="utf-8", xml_declaration=True)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main())
