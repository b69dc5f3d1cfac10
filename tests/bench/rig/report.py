"""From rounds of figures to what was reached: medians, spread, verdicts. Pure, and tested by test_report.py."""

import dataclasses
import math
import statistics


@dataclasses.dataclass(frozen=True)
class AtMost:
    limit: float

    def holds(self, value: float) -> bool:
        return value <= self.limit

    def __str__(self) -> str:
        return f"≤ {number(self.limit)}"


@dataclasses.dataclass(frozen=True)
class AtLeast:
    limit: float

    def holds(self, value: float) -> bool:
        return value >= self.limit

    def __str__(self) -> str:
        return f"≥ {number(self.limit)}"


@dataclasses.dataclass(frozen=True)
class Figure:
    """One number that a row gives each round. `over`: how rounds become one value: median, or the worst for what may never
    be wrong (the largest)."""

    key: str
    what: str
    unit: str = ""
    goal: AtMost | AtLeast | None = None
    over: str = "median"


def number(value: float) -> str:
    """Short, with no more digits than mean something."""
    if math.isnan(value):
        return "–"
    if value == int(value) and abs(value) < 1e7 or abs(value) >= 1000:
        return f"{round(value):,}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}"


def sum_up(figure: Figure, rounds: list[dict]) -> dict | None:
    """None when no round has it. A goal is reached by the one value of all rounds; NaN reaches none."""
    values = [float(each[figure.key]) for each in rounds if each.get(figure.key) is not None]
    if not values:
        return None
    value = max(values) if figure.over == "worst" else statistics.median(values)
    return {
        "key": figure.key,
        "what": figure.what,
        "unit": figure.unit,
        "value": value,
        "values": values,
        "spread_percent": spread_percent(values),
        "goal": str(figure.goal) if figure.goal else None,
        "reached": figure.goal.holds(value) if figure.goal else None,
    }


def spread_percent(values: list[float]) -> float:
    """The largest less the smallest, in percent of the median; 0 of equal ones, NaN where the median is 0."""
    middle = statistics.median(values)
    width = max(values) - min(values)
    if width == 0:
        return 0.0
    return 100 * width / abs(middle) if middle else math.nan


def growth_exponent(sizes: list[float], costs: list[float]) -> float:
    """b of cost = a · size^b by least squares on logarithms: 1 is linear. NaN with fewer than two sizes or no cost."""
    points = [(math.log(size), math.log(cost)) for size, cost in zip(sizes, costs) if cost > 0]
    if len(points) < 2:
        return math.nan
    mean_x, mean_y = (statistics.fmean(values) for values in zip(*points))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else math.nan


def verdict(entry: dict) -> str:
    if entry["reached"] is None:
        return ""
    return "reached" if entry["reached"] else "NOT reached"


def table(head: tuple, rows: list[tuple]) -> str:
    """A Markdown table whose source can be read: the first column to the left, the others to the right."""
    texts = [head, *rows]
    widths = [max(len(str(row[column])) for row in texts) for column in range(len(head))]

    def line(row) -> str:
        cells = [str(cell).ljust(width) if i == 0 else str(cell).rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join("-" * (width + 2) if i == 0 else "-" * (width + 1) + ":" for i, width in enumerate(widths)) + "|"
    return "\n".join([line(head), rule, *map(line, rows)])


def row_lines(row: dict, before: dict | None = None) -> list[tuple]:
    """Of one row's report: what, value, goal, reached, spread; and, where there was a run before, its value."""
    earlier = {entry["key"]: number(entry["value"]) for entry in (before or {}).get("figures", [])}
    return [
        (
            entry["what"],
            f"{number(entry['value'])} {entry['unit']}".strip(),
            entry["goal"] or "",
            verdict(entry),
            f"{number(entry['spread_percent'])} %" if len(entry["values"]) > 1 else "",
            *([earlier.get(entry["key"], "")] if before is not None else []),
        )
        for entry in row["figures"]
    ]
