"""Holds the documentation to what is there: links lead somewhere, commands exist, no path of one machine."""

import re
from pathlib import Path

from tree import CODE_SUFFIXES, all_files

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^ {0,3}(```|~~~)")
TEXT_SUFFIXES = CODE_SUFFIXES | {".md", ".txt", ".cmake", ".py", ".sh", ".yaml", ".yml", ".json", ".service", ".cfg", ""}

# The top of the Filesystem Hierarchy Standard, and what Linux adds to it. Another folder at the top of this
# machine is this machine's own and means nothing elsewhere.
STANDARD_TOP = {"bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "lost+found", "media", "mnt", "opt",
                "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "var"}
PERSONAL_PATH = re.compile(r"(?<![\w./-])/(?:home|Users|root)/\w[\w.-]*/")

UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")


def texts(root: Path) -> list[Path]:
    return [file for file in all_files(root) if file.suffix in TEXT_SUFFIXES and file.name != "LICENSE"]


def read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def prose_lines(text: str) -> list[tuple[int, str]]:
    """Numbered lines outside fenced code."""
    lines, fenced = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            lines.append((number, line))
    return lines


def anchor(heading: str) -> str:
    """The fragment that common renderers give a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower().replace("`", "")
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(file: Path) -> set[str]:
    found: set[str] = set()
    for _, line in prose_lines(read(file)):
        if match := re.match(r"#{1,6}\s+(.*?)\s*#*$", line):
            base = anchor(match.group(1))
            name, times = base, 0
            while name in found:
                times += 1
                name = f"{base}-{times}"
            found.add(name)
    return found


def check_links(root: Path) -> list[str]:
    faults = []
    for file in all_files(root):
        if file.suffix != ".md":
            continue
        for number, line in prose_lines(read(file)):
            for match in LINK.finditer(re.sub(r"`[^`]*`", "", line)):
                if fault := link_fault(root, file, match.group(1) or match.group(2)):
                    faults.append(f"{file.relative_to(root)}:{number}: {fault}")
    return faults


def link_fault(root: Path, file: Path, link: str) -> str | None:
    if re.match(r"[a-z]+:", link):
        return None  # another site; nothing here reaches out to look
    path, _, fragment = link.partition("#")
    target = (file.parent / path).resolve() if path else file
    if not target.is_relative_to(root.resolve()):
        return f"{link} leads out of the project"
    if not target.exists():
        return f"{link} leads nowhere"
    if fragment and target.suffix == ".md" and fragment not in anchors(target):
        return f"{link}: no such heading"
    return None


def check_commands(root: Path) -> list[str]:
    """Every `./dev WORD` in a document is a command that ./dev knows."""
    known = re.search(r"^\s*([\w |-]+)\) \"command_\$command\"", read(root / "dev"), re.MULTILINE)
    if not known:
        return ["dev: its list of commands was not found"]
    commands = {word.strip() for word in known.group(1).split("|")} | {"help"}
    faults = []
    for file in all_files(root):
        if file.suffix != ".md":
            continue
        for number, line in enumerate(read(file).splitlines(), 1):
            for word in re.findall(r"\./dev +([a-z]+)", line):
                if word not in commands:
                    faults.append(f"{file.relative_to(root)}:{number}: ./dev has no command {word}")
    return faults


def check_machine_paths(root: Path, top: set[str] | None = None) -> list[str]:
    """No path that exists on one machine only. `top` is what lies at the top of this one."""
    if top is None:
        top = {entry.name for entry in Path("/").iterdir() if entry.is_dir()}
    odd = sorted(top - STANDARD_TOP)
    pattern = PERSONAL_PATH
    if odd:
        # Behind a word or a dot it is part of a relative path or an address.
        names = "|".join(map(re.escape, odd))
        pattern = re.compile(PERSONAL_PATH.pattern + r"|(?<![\w./)}-])/(?:" + names + r")(?![\w-])")
    faults = []
    for file in texts(root):
        for number, line in enumerate(read(file).splitlines(), 1):
            if match := pattern.search(line):
                faults.append(f"{file.relative_to(root)}:{number}: {match.group(0)} is a path of one machine")
    return faults


def check_unfinished(root: Path) -> list[str]:
    """Nothing is left for later in code."""
    faults = []
    for file in texts(root):
        if file.suffix == ".md":
            continue
        for number, line in enumerate(read(file).splitlines(), 1):
            if match := UNFINISHED.search(line):
                faults.append(f"{file.relative_to(root)}:{number}: {match.group(0)}")
    return faults
