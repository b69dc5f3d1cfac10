"""Adds up what the parts of `./dev test` left behind and prints one row a part and, last, the sum.

Reads DIR/parts.tsv (part, exit status, seconds) and for each part DIR/PART.xml, as ctest or pytest write JUnit
results. Suspicious by nature: a part without results, with results that cannot be read, with no test in it, or
that ended badly although no test of it failed, counts as one failed test; so does every skipped test, unless
EXPECTED_SKIPS says why it may be.

Exit status: 0 when nothing failed, else 1.
"""

import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

# Test name -> the reason why it may be skipped. Each entry is a debt.
EXPECTED_SKIPS: dict[str, str] = {}


@dataclass
class Part:
    name: str
    seconds: int = 0
    passed: int = 0
    failures: list[str] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)


def test_name(case: ElementTree.Element) -> str:
    name = case.get("name", "?")
    group = case.get("classname", "")
    return name if group in ("", name) else f"{group}: {name}"


def count_cases(part: Part, root: ElementTree.Element) -> None:
    for case in root.iter("testcase"):
        name = test_name(case)
        if case.find("failure") is not None or case.find("error") is not None:
            part.failures.append(name)
        elif case.find("skipped") is not None or case.get("status", "run") not in ("run", "passed"):
            if case.get("name") in EXPECTED_SKIPS:
                part.skips.append(name)
            else:
                part.failures.append(f"{name} (skipped, or could not be run)")
        else:
            part.passed += 1


def read_part(directory: Path, name: str, status: int, seconds: int) -> Part:
    part = Part(name, seconds)
    file = directory / f"{name}.xml"
    try:
        count_cases(part, ElementTree.parse(file).getroot())
    except FileNotFoundError:
        part.failures.append(f"no results: it ended with status {status} before its tests did")
        return part
    except ElementTree.ParseError as error:
        part.failures.append(f"results that cannot be read: {error}")
        return part
    if part.passed == 0 and not part.failures:
        part.failures.append("no test ran")
    elif status != 0 and not part.failures:
        part.failures.append(f"ended with status {status} although no test failed")
    return part


def read_parts(directory: Path) -> list[Part]:
    rows = [line.split("\t") for line in (directory / "parts.tsv").read_text().splitlines()]
    return [read_part(directory, name, int(status), int(seconds)) for name, status, seconds in rows]


def report(parts: list[Part]) -> list[str]:
    lines = [""]
    for part in parts:
        lines += [f"FAILED {part.name}: {failure}" for failure in part.failures]
        lines += [f"skipped {part.name}: {skip}" for skip in part.skips]
    lines += ["", f"{'part':<14}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}"]
    for part in parts:
        row = f"{part.name:<14}{part.passed:>8}{len(part.failures):>8}{len(part.skips):>9}{part.seconds:>9}"
        lines.append(row)
    passed = sum(part.passed for part in parts)
    failed = sum(len(part.failures) for part in parts)
    if passed == 0 and failed == 0:
        failed = 1  # nothing ran at all
    lines.append(f"{passed} passed, {failed} failed")
    return lines


def main() -> int:
    parts = read_parts(Path(sys.argv[1]))
    print("\n".join(report(parts)))
    return 1 if not parts or any(part.failures for part in parts) else 0


if __name__ == "__main__":
    sys.exit(main())
