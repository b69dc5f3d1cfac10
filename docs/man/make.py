"""Makes the manual pages: blipd(1) and one for each command from the Markdown beside this file, and blipd.yaml(5) from
docs/configuration.md, so that each thing is written once.

    make.py OUT

writes OUT/blipd.1, OUT/blipd-run.1, …, OUT/blipd.yaml.5. The translation is go-md2man's; what is done here is to
turn tables of keys into lists of keys, which fit any terminal, and to tidy what go-md2man writes. Version and date are
those of the package's changelog, so that the same source gives the same pages.
"""

import email.utils
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COMMANDS_FIRST = ("blipd", "blipd-run", "blipd-check", "blipd-probe", "blipd-status", "blipd-report", "blipd-replay",
                  "blipd-simulate")
LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
CODE = re.compile(r"^ {0,3}```")


def origin() -> tuple[str, str]:
    """Version and day of the last entry of the package's changelog."""
    text = (ROOT / "systemd/debian/changelog").read_text(encoding="utf-8")
    version = re.match(r"blipd \(([^)]+)\)", text)
    signed = re.search(r"^ -- .*>  (.+)$", text, re.MULTILINE)
    if not version or not signed:
        raise SystemExit("systemd/debian/changelog: no entry was found")
    return version.group(1), email.utils.parsedate_to_datetime(signed.group(1)).strftime("%Y-%m-%d")


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def definitions(rows: list[str]) -> list[str]:
    """A table of keys as a list: the key, what it takes, what it means."""
    titles, lines = cells(rows[0]), []
    for row in rows[2:]:
        values = dict(zip(titles, cells(row), strict=True))
        key, meaning = values.pop("key"), values.pop("meaning")
        facts = [f"default {value}" if title == "default" and value != "required" else value
                 for title, value in values.items() if value]
        lines += [f"**{key.strip('`')}** ({'; '.join(facts)})", f": {meaning or 'must be given'}", ""]
    return lines


def heading(line: str) -> str:
    """A section, or a subsection where it is the keys of one mapping within another."""
    marks, text = line.split(" ", 1)
    text = text.replace("`", "")
    return f"# {text.upper()}" if marks == "##" else f"## {text}"


def page_of_configuration(text: str) -> str:
    lines = [
        "# NAME", "", "blipd.yaml - configuration of blipd", "", "# SYNOPSIS", "", "`/etc/blipd/blipd.yaml`", "",
        "# DESCRIPTION",
    ]
    table: list[str] = []
    is_code = False
    for line in [*text.splitlines()[1:], ""]:
        if line.startswith("|") and not is_code:
            table.append(line)
            continue
        if table:
            lines += definitions(table)[:-1]
            table = []
        if CODE.match(line):
            is_code = not is_code
            if is_code and lines[-2].startswith(": "):
                lines += ["Example:", ""]  # or it would be part of the last key
            line = "```"
        elif not is_code and line.startswith("#"):
            line = heading(line)
        lines.append(line)
    if is_code:
        raise SystemExit("docs/configuration.md: a block of code does not end")
    return "\n".join(LINK.sub(r"\1", line) for line in lines)


def tidied(roff: str) -> str:
    """Without what mandoc and groff complain of: paragraphs that begin right behind a heading, a font that is not there."""
    roff = re.sub(r"^(\.S[HS] .*)\n\.PP\n", r"\1\n", roff, flags=re.MULTILINE)
    roff = roff.replace(r"\fB\fC", r"\fB").replace(r"\fC", r"\fB")
    # Macros need no empty lines around them, and outside of examples empty lines are not roff.
    lines: list[str] = []
    is_example = False
    for line in roff.strip().splitlines():
        if line == ".nf":
            is_example = True
        elif line == ".fi":
            is_example = False
        if line or is_example:
            lines.append(line)
    return "\n".join(lines) + "\n"


def make(name: str, section: int, text: str, out: Path) -> None:
    version, day = origin()
    others = [f"{other}(1)" for other in COMMANDS_FIRST if other != name] + ["blipd.yaml(5)"] * (section == 1)
    manual = "User commands" if section == 1 else "File formats"
    whole = (f'% {name.upper()} {section} "{day}" "blipd {version}" "{manual}"\n\n{text.strip()}\n\n'
             f"# SEE ALSO\n\n{', '.join(others)}\n")
    done = subprocess.run(["go-md2man"], input=whole, capture_output=True, text=True, check=True)
    (out / f"{name}.{section}").write_text(tidied(done.stdout), encoding="utf-8")


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    pages = {file.stem: file for file in HERE.glob("*.md")}
    if set(pages) != set(COMMANDS_FIRST):
        raise SystemExit(f"docs/man: the pages are {sorted(pages)}, those known to this program {sorted(COMMANDS_FIRST)}")
    for name, file in pages.items():
        make(name, 1, file.read_text(encoding="utf-8"), out)
    make("blipd.yaml", 5, page_of_configuration((ROOT / "docs/configuration.md").read_text(encoding="utf-8")), out)


if __name__ == "__main__":
    main()
