"""What docs/metrics.md and docs/logs.md promise, as data: the documents are held to the running program by it."""

import functools
import re

from . import settings

_ROW = re.compile(r"\| (`[^|]+`(?:, `[^|]+`)*) \| ([^|]+) \| .* \|$")
_METRIC = re.compile(r"`(blipd_\w+)(?:\{([\w,]+)\})?`")
_EVENT = re.compile(r"`(\w+)`")
_LINE = re.compile(r"^(?:time=\S+ )?level=(\w+) event=(\S+)")
PLACE = {"country", "network", "target", "probe"}


@functools.cache
def metrics() -> dict[str, tuple[str, frozenset[str]]]:
    """name → (type, labels beside those of its place)."""
    found = {}
    for line in (settings.ROOT / "docs/metrics.md").read_text().splitlines():
        row = _ROW.match(line)
        if row is None:
            continue
        for name, labels in _METRIC.findall(row[1]):
            assert name not in found, f"{name} is documented twice"
            found[name] = (row[2].strip(), frozenset(filter(None, labels.split(","))))
    return found


@functools.cache
def events() -> dict[str, set[str]]:
    """name → the levels that it may have."""
    found = {}
    for line in (settings.ROOT / "docs/logs.md").read_text().splitlines():
        row = _ROW.match(line)
        if row is None:
            continue
        for name in _EVENT.findall(row[1]):
            assert name not in found, f"{name} is documented twice"
            found[name] = set(re.findall(r"\b(info|warning|error)\b", row[2]))
    return found


def undocumented(log: str) -> set[str]:
    """Lines of a log that are not as docs/logs.md says."""
    strange = set()
    whole = log[: log.rfind("\n") + 1]  # whoever is killed may not end his last line
    for line in whole.splitlines():
        match = _LINE.match(line)
        if match is None or match[1] not in events().get(match[2], ()):
            strange.add(line)
    return strange
