"""The December of 2014 as it is simulated, kept in a journal as if it had been watched; moved in time where wanted."""

import datetime
import re
import subprocess

import yaml

from . import settings

SCENARIO = settings.ROOT / "config" / "scenarios" / "kp-2014-12.yaml"
START = datetime.datetime(2014, 12, 1, tzinfo=datetime.timezone.utc)
END = datetime.datetime(2014, 12, 28, tzinfo=datetime.timezone.utc)
COLLAPSE = datetime.datetime(2014, 12, 22, 16, 15, tzinfo=datetime.timezone.utc)

_TIME = re.compile(r"2014-12-\d\dT\d\d:\d\d:\d\dZ")


def _text(time: datetime.datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


class December:
    """`until`: that moment of December, where the journal ends; `at`: when that is to be (as it was, by default)."""

    def __init__(self, directory, until: datetime.datetime = END, at: datetime.datetime | None = None):
        moved = (at or until) - until
        parsed = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))  # noqa: E731
        text = _TIME.sub(lambda match: _text(parsed(match.group()) + moved), SCENARIO.read_text())
        # As texts: YAML's own times would not be written as they were read.
        scenario = yaml.load(text, yaml.BaseLoader)
        scenario["length"] = f"{int((until - START).total_seconds())}s"
        scenario["timeline"] = [item for item in scenario["timeline"] if parsed(item["at"]) < until + moved]
        for item in scenario["timeline"]:
            if "until" in item and parsed(item["until"]) > until + moved:
                item["until"] = _text(until + moved)
        scenario.pop("expect", None)
        self.scenario = scenario
        self.file, self.journal = directory / "december.yaml", directory / "journal.db"
        self.file.write_text(yaml.safe_dump(scenario, sort_keys=False))
        self._run("--journal", self.journal, "--format", "json")
        # Who was asked, and how: what goes on from there asks the same.
        self.configuration = yaml.safe_load(self._run("--dump"))

    def _run(self, *arguments) -> str:
        done = subprocess.run(
            [settings.blipd(), "simulate", self.file, *arguments], capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout
