"""One run of the benchmark: rounds over the rows, one after the other, so that rows and tools take turns while the machine's
mood changes. A row that fails says why, and the others go on."""

import os
import pathlib
import re
import subprocess
import sys
import time
import traceback

from rig.far_end import FarEndDidNotKeepUp, FarEnds
from rig.report import sum_up


class Bench:
    def __init__(self, directory: pathlib.Path, quick: bool):
        self.directory, self.quick = directory, quick
        self.far_ends = FarEnds(directory)
        self.build = ""
        self._failures: list[str] = []

    def close(self) -> None:
        self.far_ends.close()

    @staticmethod
    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def stretch(self, seconds: float) -> float:
        """How long to measure: half as long where the run is a quick one."""
        return max(2.0, seconds / 2) if self.quick else seconds

    def note_build(self, metrics: bytes) -> None:
        labels = dict(re.findall(r'(\w+)="([^"]*)"', re.search(rb"\nblipd_build_info\{.*", metrics)[0].decode()))
        self.build = f"blipd {labels.get('version')}, compiler {labels.get('compiler')}"

    def beside(self, name: str, run, far: str = "responder", punctual: bool = True) -> dict | None:
        """What `run(far)` measures of a peer. None, and a word in the report, when it cannot be had: a peer's failure does
        not take the row's own figures away."""

        def measured():
            with getattr(self.far_ends, far)() as there:
                result = run(there)
                there.check(punctual)
                return result

        return self.attempt(name, measured)

    def attempt(self, name: str, part):
        """What `part()` gives; None, and a word in the report, when it fails: the rest of the row is worth having."""
        try:
            return part()
        except FarEndDidNotKeepUp as failure:
            self._failures.append(f"{name}: void: {failure}")
        except (AssertionError, RuntimeError, OSError, LookupError, subprocess.SubprocessError) as failure:
            self._failures.append(f"{name}: {_first_lines(failure)}")
        self.say(f"  {self._failures[-1]}")
        return None

    def run(self, rows: list, rounds: int) -> list[dict]:
        found: dict[str, dict] = {row.name: {"rounds": [], "failures": [], "seconds": 0.0} for row in rows}
        for turn in range(1, rounds + 1):
            for row in rows:
                if row.rounds is None or turn <= row.rounds:
                    self._turn(row, turn, rounds, found[row.name])
        return [
            {
                "name": row.name,
                "title": row.title,
                "figures": [entry for figure in row.figures if (entry := sum_up(figure, found[row.name]["rounds"]))],
                **found[row.name],
            }
            for row in rows
        ]

    def _turn(self, row, turn: int, rounds: int, entry: dict) -> None:
        self.say(f"{time.strftime('%H:%M:%S')} round {turn} of {rounds}: {row.title}")
        began, load = time.monotonic(), os.getloadavg()[0]
        self._failures = []
        try:
            found = row.measure(self)
            entry["rounds"].append({**found, "load_before": load})
            absent = [figure.what for figure in row.figures if found.get(figure.key) is None]
            if absent and not self._failures and not any(key.endswith("_missing") for key in found):
                self._failures.append(f"nothing was said about {', '.join(absent)}")
        except Exception as failure:  # pylint: disable=broad-except  # whatever it is, the other rows are worth having
            kind = "void" if isinstance(failure, FarEndDidNotKeepUp) else "failed"
            self._failures.append(f"{kind}: {_first_lines(failure)}")
            self.say(f"  {self._failures[-1]}")
            if not isinstance(failure, (AssertionError, RuntimeError, OSError)):
                traceback.print_exc()
        entry["failures"] += [f"round {turn}: {text}" for text in self._failures]
        entry["seconds"] += time.monotonic() - began


def _first_lines(failure: BaseException) -> str:
    text = " ".join(str(failure).split()) or type(failure).__name__
    return text if len(text) <= 400 else text[:400] + " …"
