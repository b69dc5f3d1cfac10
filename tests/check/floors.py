"""Holds the includes to the floors: a floor includes only floors that it may use.

The table is read from the `blipd_floor(...)` lines of CMakeLists.txt, so there is one place that says who may use
whom. Two more rules ride along:
- Headers of heavy libraries stay out of headers that another floor sees: a file may reach them only through its
  own floor's headers.
- The floors that must give the same answer every time (PURE) read no clock, draw no random number, start no
  thread and open no socket.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tree import CODE_SUFFIXES, all_files

HEAVY = re.compile(r"^(boost|yaml-cpp|pcap|ldns|prometheus|CLI|nlohmann|spdlog|openssl|systemd|simdjson|curl|re2)[/.]|^(sqlite3|cap-ng|zlib|zstd)\.h")

PURE = {"wire", "probes", "measure", "detect", "pipeline"}
IMPURE_INCLUDES = {"sys/socket.h", "netinet/in.h", "unistd.h", "fcntl.h", "poll.h", "thread", "mutex", "random", "fstream"}
IMPURE_WORDS = re.compile(r"\b(steady_clock|system_clock|high_resolution_clock|clock_gettime|gettimeofday|time\(nullptr\)|"
                          r"SystemClock|random_device|getrandom|std::rand|SipKey::random)\b")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


@dataclass(frozen=True)
class Floor:
    name: str
    folder: str
    uses: frozenset[str]  # itself and, directly or not, what it may use


@dataclass
class Source:
    path: str  # relative to the root
    floor: Floor
    ours: list[tuple[int, str]]
    foreign: list[tuple[int, str]]
    text: str


def read_floors(cmake: str) -> dict[str, Floor]:
    """By folder."""
    direct: dict[str, tuple[str, set[str]]] = {}
    for name, folder, rest in re.findall(r"^blipd_floor\((\w+)\s+([\w/]+)([^)]*)\)", cmake, re.MULTILINE):
        uses = re.search(r"\bUSES\s+(.*?)(?=\bPRIVATE\b|\bPUBLIC\b|$)", rest, re.DOTALL)
        direct[name] = (folder, set(uses.group(1).split()) if uses else set())
    return {folder: Floor(name, folder, frozenset(closure(name, direct))) for name, (folder, _) in direct.items()}


def closure(name: str, direct: dict[str, tuple[str, set[str]]]) -> set[str]:
    reached, waiting = set(), [name]
    while waiting:
        current = waiting.pop()
        if current not in reached:
            reached.add(current)
            waiting += direct.get(current, ("", set()))[1]
    return reached


def read_sources(root: Path, floors: dict[str, Floor]) -> dict[str, Source]:
    sources = {}
    for folder, floor in floors.items():
        for file in sorted((root / folder).glob("*")):
            path = file.relative_to(root).as_posix()
            if file.suffix not in CODE_SUFFIXES or path.endswith("/main.cpp"):
                continue
            text = file.read_text(encoding="utf-8")
            ours, foreign = [], []
            for number, line in enumerate(text.splitlines(), 1):
                if match := INCLUDE.match(line):
                    (ours if match.group(1) else foreign).append((number, match.group(1) or match.group(2)))
            sources[path] = Source(path, floor, ours, foreign, text)
    return sources


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def check_layering(root: Path) -> list[str]:
    """Faults as `file:line: text`."""
    floors = read_floors((root / "CMakeLists.txt").read_text(encoding="utf-8"))
    if not floors:
        return ["CMakeLists.txt: no blipd_floor line found"]
    faults = []
    for source in read_sources(root, floors).values():
        for number, include in source.ours:
            floor = floors.get(folder_of(include))
            if floor is None:
                faults.append(f"{source.path}:{number}: {include} is on no floor; write the path from the top")
            elif floor.name not in source.floor.uses:
                faults.append(f"{source.path}:{number}: {source.floor.name} may not use {floor.name} ({include})")
            elif not (root / include).exists():
                faults.append(f"{source.path}:{number}: there is no {include}")
    for folder in ("config", "daemon", "probes"):
        for file in all_files(root / folder):
            path = file.relative_to(root).as_posix()
            if file.suffix in CODE_SUFFIXES and folder_of(path) not in floors and path != "daemon/main.cpp":
                faults.append(f"{path}:1: is on no floor; see the blipd_floor lines of CMakeLists.txt")
    return faults


def check_heavy_headers(root: Path) -> list[str]:
    floors = read_floors((root / "CMakeLists.txt").read_text(encoding="utf-8"))
    sources = read_sources(root, floors)

    def heavy_behind(path: str, floor: Floor, seen: set[str]) -> str | None:
        """The heavy library that including `path` brings to a file of `floor`, through another floor's header."""
        if path in seen or path not in sources:
            return None
        seen.add(path)
        source = sources[path]
        if source.floor != floor:
            for _, include in source.foreign:
                if HEAVY.match(include):
                    return f"{path} brings <{include}>"
        return next((found for _, include in source.ours if (found := heavy_behind(include, floor, seen))), None)

    faults = []
    for source in sources.values():
        for number, include in source.ours:
            if found := heavy_behind(include, source.floor, set()):
                faults.append(f"{source.path}:{number}: {found} to another floor; keep it in the .cpp")
    return faults


def check_purity(root: Path) -> list[str]:
    floors = read_floors((root / "CMakeLists.txt").read_text(encoding="utf-8"))
    faults = []
    for source in read_sources(root, floors).values():
        if source.floor.name not in PURE:
            continue
        for number, include in source.foreign:
            if include in IMPURE_INCLUDES:
                faults.append(f"{source.path}:{number}: <{include}> in {source.floor.name}, which must be pure")
        for number, line in enumerate(source.text.splitlines(), 1):
            code = line.split("//")[0]
            if match := IMPURE_WORDS.search(code):
                faults.append(f"{source.path}:{number}: {match.group(0)} in {source.floor.name}, which must be pure")
    return faults
