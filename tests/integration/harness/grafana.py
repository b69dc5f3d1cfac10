"""Grafana's part in a dashboard, without Grafana: variables, their interpolation, and what it asks a Prometheus.

After Grafana 9's Prometheus data source, as documented. Only what can be told without a browser: which questions are
asked, and what the answers hold. How a panel looks remains unseen.
"""

import dataclasses
import json
import math
import re

import pytest

from . import settings
from .peers import Prometheus

FOLDER = settings.ROOT / "config" / "grafana"
POINTS = 1000  # that a panel is wide
BUILT_IN = {"__interval", "__interval_ms", "__rate_interval", "__range", "__range_s", "__from", "__to", "__url_time_range"}
_VARIABLE = re.compile(r"\$\{(\w+)(?:\.([\w.]+))?(?::(\w+))?\}|\$(\w+)|\[\[(\w+)(?::(\w+))?\]\]")


def names_in(text: str) -> set[str]:
    """Of variables; `__field.labels.network` whole."""
    found = set()
    for match in _VARIABLE.finditer(text):
        name, field = match[1] or match[4] or match[5], match[2]
        found.add(f"{name}.{field}" if field else name)
    return found


def _escaped(value: str) -> str:
    """For a regular expression within double quotes, as the data source does it."""
    doubled = value.replace("\\", "\\\\\\\\")
    return re.sub(r"[$^*{}\[\]+?.()|']", lambda match: "\\\\" + match[0], doubled)


def _in_query(variable: dict, value) -> str:
    if not variable["multi"] and not variable["includeAll"]:
        return value.replace("\\", "\\\\").replace('"', '\\"')
    values = [_escaped(one) for one in value]
    return values[0] if len(values) == 1 else "(" + "|".join(values) + ")"


@dataclasses.dataclass(frozen=True)
class Series:
    labels: dict
    values: list  # floats


class Dashboard:
    def __init__(self, path):
        self.path = path
        self.model = json.loads(path.read_text())
        self.uid = self.model["uid"]
        self.variables = {one["name"]: one for one in self.model["templating"]["list"]}
        self.annotations = self.model["annotations"]["list"]
        self.panels = []
        self.repeated_by = {}  # by the panel's id: the variable that repeats it, or its row
        row_repeat = None
        for panel in self.model["panels"]:
            if panel["type"] == "row":
                assert panel["panels"] == [], "collapsed rows hide their panels from this reader"
                row_repeat = panel.get("repeat")
                continue
            self.panels.append(panel)
            self.repeated_by[panel["id"]] = panel.get("repeat") or row_repeat


DASHBOARDS = {board.uid: board for board in map(Dashboard, sorted((FOLDER / "dashboards").glob("*.json")))}
PANELS = [(board, panel) for board in DASHBOARDS.values() for panel in board.panels]


def each_panel(test):
    """Runs it with `board, panel`."""
    ids = [f"{board.uid}: {panel['title']}" for board, panel in PANELS]
    return pytest.mark.parametrize("board, panel", PANELS, ids=ids)(test)


class Browser:
    """Looks at dashboards over one range of time."""

    def __init__(self, prometheus: Prometheus, start: float, end: float, scrape_interval: float = 1):
        self.prometheus, self.start, self.end, self.scrape_interval = prometheus, start, end, scrape_interval

    # Variables

    def options(self, variable: dict, chosen: dict, variables: dict) -> list[tuple[str, str]]:
        """(text, value) of each."""
        if variable["type"] == "datasource":
            return [("Prometheus", "uid-of-prometheus")]
        if variable["type"] == "custom":
            return [(one["text"], one["value"]) for one in variable["options"]]
        query = self.interpolated(variable["query"]["query"], chosen, variables)
        if match := re.fullmatch(r"label_values\((.+),\s*(\w+)\)", query):
            found = self.prometheus.api(
                f"/api/v1/label/{match[2]}/values", {"match[]": match[1], "start": self.start, "end": self.end}
            )
            texts = [(value, value) for value in found]
        elif match := re.fullmatch(r"query_result\((.+)\)", query):
            texts = [(row, row) for row in self._rows(match[1])]
        else:
            raise AssertionError(f"no query of a variable: {query}")
        if variable["regex"]:
            texts = [pair for text, _ in texts if (pair := _named_groups(variable["regex"], text))]
        return sorted(set(texts), key=lambda pair: pair[0].lower())

    def _rows(self, query: str) -> list[str]:
        """As query_result() writes them."""
        found = self.prometheus.api("/api/v1/query", {"query": query, "time": self.end})["result"]
        rows = []
        for row in found:
            labels = ",".join(f'{name}="{value}"' for name, value in row["metric"].items() if name != "__name__")
            rows.append(f"{row['metric'].get('__name__', '')}{{{labels}}} {row['value'][1]} {row['value'][0] * 1000:.0f}")
        return rows

    def choices(self, dashboard: Dashboard, wanted: dict):
        """What the variables may be: of single ones the first, or all where `wanted` names them; of others `All`."""
        todo = [{}]
        for name, variable in dashboard.variables.items():
            following = []
            for chosen in todo:
                options = [value for _, value in self.options(variable, chosen, dashboard.variables)]
                assert options, f"{dashboard.uid}: nothing to choose from for {name} with {chosen}"
                if variable["multi"]:
                    following.append({**chosen, name: options})
                elif name in wanted:
                    following += [{**chosen, name: value} for value in options]
                else:
                    following.append({**chosen, name: options[0]})
            todo = following
        return todo

    # Queries

    def interpolated(self, text: str, chosen: dict, variables: dict, interval: float | None = None) -> str:
        interval = interval or self.interval()

        def replaced(match):
            name = match[1] or match[4] or match[5]
            if name in chosen:
                return _in_query(variables[name], chosen[name])
            built_in = {
                "__interval": f"{interval:g}s",
                "__rate_interval": f"{max(interval + self.scrape_interval, 4 * self.scrape_interval):g}s",
                "__range": f"{self.end - self.start:.0f}s",
            }
            return built_in.get(name, match[0])

        return _VARIABLE.sub(replaced, text)

    def interval(self, least: float = 0) -> float:
        return max(self.scrape_interval, least, math.ceil((self.end - self.start) / POINTS))

    def ask(self, target: dict, chosen: dict, variables: dict) -> list[Series]:
        expr = self.interpolated(target["expr"], chosen, variables)
        if target["instant"]:
            found = self.prometheus.api("/api/v1/query", {"query": expr, "time": self.end})
            assert found["resultType"] == "vector", found["resultType"]
            return [Series(row["metric"], [float(row["value"][1])]) for row in found["result"]]
        return self._range(expr, self.interval())

    def missing(self, target: dict, chosen: dict, variables: dict) -> list[str]:
        """Selectors of the query that find no series in the whole range: what `or` would hide."""
        expr = self.interpolated(target["expr"], chosen, variables)
        whole = f"[{math.ceil(self.end - self.start)}s]"
        return [
            selector
            for selector in dict.fromkeys(re.findall(r"\b[a-z_]+\{[^{}]*\}", expr))
            if not self.prometheus.api("/api/v1/query", {"query": f"last_over_time({selector}{whole})", "time": self.end})["result"]
        ]

    def _range(self, expr: str, step: float) -> list[Series]:
        start = self.start // step * step
        found = self.prometheus.api(
            "/api/v1/query_range", {"query": expr, "start": start, "end": self.end, "step": step}
        )["result"]
        return [Series(row["metric"], [float(value) for _, value in row["values"]]) for row in found]

    def events(self, annotation: dict, chosen: dict, variables: dict) -> list[tuple[float, float, dict]]:
        """(first, last, labels) of what an annotation query marks, in seconds; what is a step apart is one."""
        step = self.interval(float(annotation["step"].removesuffix("s")))
        expr = self.interpolated(annotation["expr"], chosen, variables, step)
        start = self.start // step * step
        rows = self.prometheus.api(
            "/api/v1/query_range", {"query": expr, "start": start, "end": self.end, "step": step}
        )["result"]
        events = []
        for row in rows:
            first = last = None
            for at, text in row["values"]:
                value = float(text)
                when = value / 1000 if annotation["useValueForTime"] else float(at)
                if not annotation["useValueForTime"] and not value > 0:
                    continue
                if last is not None and last + step >= when:
                    last = when
                    continue
                if first is not None:
                    events.append((first, last, row["metric"]))
                first = last = when
            if first is not None:
                events.append((first, last, row["metric"]))
        return events


def _named_groups(regex: str, text: str):
    """(text, value) by the groups of these names, each from the first match that has it."""
    pattern = re.sub(r"\(\?<(\w+)>", r"(?P<\1>", re.fullmatch(r"/(.*)/g?", regex)[1])
    found = {}
    for match in re.finditer(pattern, text):
        for name, value in match.groupdict().items():
            if value is not None:
                found.setdefault(name, value)
    return (found.get("text", found.get("value")), found.get("value", found.get("text"))) if found else None
