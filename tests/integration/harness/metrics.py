"""A strict reader of the Prometheus text format, version 0.0.4: what it does not understand is an error.

Also holds the rules that every exposition keeps: a family is in one piece, has HELP and TYPE, no series twice,
counters end in _total, histograms are cumulative and complete.
"""

import functools
import math
import re

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*"
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? (\S+)$")
_PAIR = re.compile(rf'({_LABEL})="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)')
_TYPES = ("counter", "gauge", "histogram", "summary", "untyped")


class MalformedMetrics(AssertionError):
    pass


# The same label sets come again in family after family and scrape after scrape.
@functools.lru_cache(maxsize=1 << 20)
def _labels(text: str) -> frozenset:
    labels, position = {}, 0
    while position < len(text):
        match = _PAIR.match(text, position)
        if match is None:
            raise MalformedMetrics(f"labels: {text}")
        name, value, _ = match.groups()
        if name in labels:
            raise MalformedMetrics(f"a label twice: {text}")
        labels[name] = re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), value)
        position = match.end()
    return frozenset(labels.items())


@functools.lru_cache(maxsize=1 << 20)
def _without_bound(labels: frozenset) -> tuple[frozenset, float]:
    """Of a bucket: the other labels, and its upper bound."""
    bounds = [pair for pair in labels if pair[0] == "le"]
    if len(bounds) != 1:
        raise MalformedMetrics(f"a bucket without le: {dict(labels)}")
    return labels - set(bounds), _number(bounds[0][1], bounds[0][1])


def _number(text: str, line: str) -> float:
    # prometheus-cpp writes Nan; Prometheus reads numbers as Go does, whatever the case of this word.
    special = {"+Inf": math.inf, "-Inf": -math.inf, "NaN": math.nan, "Nan": math.nan}
    if text.isdigit():
        return float(text)
    if text in special:
        return special[text]
    if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text):
        raise MalformedMetrics(f"value: {line}")
    return float(text)


class Metrics:
    """One scrape."""

    def __init__(self, text: str):
        self.text = text
        self.types: dict[str, str] = {}
        # sample name → {frozenset of labels → value}
        self.samples: dict[str, dict[frozenset, float]] = {}
        if text and not text.endswith("\n"):
            raise MalformedMetrics("the last line does not end")
        helps: set[str] = set()
        closed: set[str] = set()
        family = last_name = None
        for line in text.split("\n")[:-1]:
            if line.startswith(("# HELP ", "# TYPE ")):
                _, kind, name, rest = line.split(" ", 3)
                if name != family:
                    if name in closed:
                        raise MalformedMetrics(f"{name} comes in two pieces")
                    if family is not None:
                        closed.add(family)
                    family, last_name = name, None
                if kind == "HELP":
                    if name in helps or not rest:
                        raise MalformedMetrics(line)
                    helps.add(name)
                elif name in self.types or rest not in _TYPES:
                    raise MalformedMetrics(line)
                else:
                    self.types[name] = rest
                continue
            if line.startswith("#"):
                continue
            match = _SAMPLE.match(line)
            if match is None:
                raise MalformedMetrics(f"sample: {line!r}")
            name, labels, value = match.groups()
            if name != last_name:
                last_name = name
                base = self._family_of(name)
                if base is None or base != family or base not in helps:
                    raise MalformedMetrics(f"outside its family, or without HELP and TYPE: {line}")
            key = _labels(labels or "")
            series = self.samples.setdefault(name, {})
            if key in series:
                raise MalformedMetrics(f"twice: {line}")
            series[key] = _number(value, line)
        for name, kind in self.types.items():
            if kind == "counter":
                self._check_counter(name)
            elif kind == "histogram":
                self._check_histogram(name)

    def _family_of(self, name: str):
        if name in self.types:
            return name
        for suffix in ("_bucket", "_sum", "_count"):
            base = name.removesuffix(suffix)
            if base != name and self.types.get(base) in ("histogram", "summary"):
                return base
        return None

    def _check_counter(self, name: str) -> None:
        if not name.endswith("_total"):
            raise MalformedMetrics(f"the counter {name} does not end in _total")
        for labels, value in self.samples.get(name, {}).items():
            if not value >= 0:
                raise MalformedMetrics(f"{name}{dict(labels)} is {value}")

    def _check_histogram(self, name: str) -> None:
        buckets: dict[frozenset, list] = {}
        for labels, value in self.samples.get(name + "_bucket", {}).items():
            rest, bound = _without_bound(labels)
            buckets.setdefault(rest, []).append((bound, value))
        counts = self.samples.get(name + "_count", {})
        if buckets.keys() != counts.keys() or buckets.keys() != self.samples.get(name + "_sum", {}).keys():
            raise MalformedMetrics(f"{name}: buckets, sums and counts do not belong together")
        for labels, pairs in buckets.items():
            values = [value for _, value in sorted(pairs)]
            if values != sorted(values) or max(pairs)[0] != math.inf or values[-1] != counts[labels]:
                raise MalformedMetrics(f"{name}{dict(labels)}: not cumulative, or not complete")

    # Asking.

    def series(self, name: str, **labels) -> dict[frozenset, float]:
        """Those whose labels include `labels`."""
        wanted = set(labels.items())
        return {key: value for key, value in self.samples.get(name, {}).items() if wanted <= key}

    def value(self, name: str, **labels) -> float:
        """Of the one series that fits."""
        found = self.series(name, **labels)
        if len(found) != 1:
            raise AssertionError(f"{name}{labels}: {len(found)} series, expected one")
        return next(iter(found.values()))

    def sum(self, name: str, **labels) -> float:
        """0 without any: a counter that does not exist yet has counted nothing."""
        return sum(self.series(name, **labels).values())

    def state(self, name: str, label: str, **labels) -> str:
        """Which of a family of 0/1 gauges is 1."""
        found = [dict(key)[label] for key, value in self.series(name, **labels).items() if value == 1]
        if len(found) != 1:
            raise AssertionError(f"{name}{labels}: {found} are 1, expected exactly one")
        return found[0]

    def keys(self) -> set:
        """Every series, by name and labels."""
        return {(name, labels) for name, series in self.samples.items() for labels in series}


CHANNEL = ("country", "network", "target", "probe")


def unbalanced(metrics: Metrics) -> list[str]:
    """Channels for which sent = answered + lost + in flight does not hold, in words."""
    wrong = []
    for labels, sent in metrics.series("blipd_probes_sent_total").items():
        channel = dict(labels)
        answered = metrics.value("blipd_probes_answered_total", **channel)
        lost = metrics.sum("blipd_probes_lost_total", **channel)
        in_flight = metrics.value("blipd_probes_in_flight", **channel)
        if sent != answered + lost + in_flight or in_flight < 0:
            wrong.append(f"{channel}: sent {sent}, answered {answered}, lost {lost}, in flight {in_flight}")
    return wrong
