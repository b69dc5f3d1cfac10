"""What a journal says, through the program's own report."""

import datetime
import json
import subprocess

from . import settings

PARTS = ("up_seconds", "down_seconds", "vantage_fault_seconds", "not_watched_seconds")


def report(journal, *more):
    asked = subprocess.run(
        [settings.blipd(), "report", "--journal", journal, "--format", "json", *more],
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    return json.loads(asked.stdout)


def seconds(text: str) -> float:
    """Unix time of a time as blipd writes it."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def middle(span: dict) -> float:
    return (seconds(span["earliest"]) + seconds(span["latest"])) / 2


def of_scope(events, scope, kind="outage"):
    return [event for event in events if event["scope"] == scope and event["kind"] == kind]


def expect_that_parts_add_up(told: dict) -> None:
    """For every place the four parts are the whole range."""
    whole = seconds(told["to"]) - seconds(told["from"])
    assert told["availability"]
    for place in told["availability"]:
        assert all(place[part] >= 0 for part in PARTS), place
        assert abs(sum(place[part] for part in PARTS) - whole) < 0.01, place
