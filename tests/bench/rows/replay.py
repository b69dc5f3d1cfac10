"""The pipeline alone: recorded results of a simulated country, played as fast as they are read."""

import csv
import json
import os
import resource
import subprocess
import time

from harness import settings
from rig.programs import ROOT
from rig.report import AtLeast, Figure

SCENARIO = ROOT / "config" / "scenarios" / "kp-2014-12.yaml"
COLUMNS = ("time", "country", "network", "target", "probe", "type", "upstream", "outcome", "rtt", "settled", "answer")


def _run(*command, output) -> tuple[float, float]:
    """CPU and wall-clock seconds of a child."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    with open(output, "wb") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, check=False, timeout=300)
    assert done.returncode == 0, done.stderr.decode()[-1000:]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - began


class Replay:
    name = "replay"
    title = "the pipeline alone: December 2014 recorded and replayed, results a second of CPU time"
    rounds = None
    figures = [
        Figure("jsonl_rate", "JSON lines", "/s", AtLeast(2_000_000)),
        Figure("csv_rate", "CSV", "/s", AtLeast(2_000_000)),
        Figure("simulate_rate", "simulated, without reading a file", "/s"),
        Figure("results", "results"),
    ]

    def measure(self, bench) -> dict:
        blipd, folder = settings.blipd(), bench.directory
        jsonl, table, config = (folder / name for name in ("recorded.jsonl", "recorded.csv", "recorded.yaml"))
        if not jsonl.exists():
            _run(blipd, "simulate", SCENARIO, "--dump", output=config)
            _run(blipd, "simulate", SCENARIO, "--record", jsonl, output=os.devnull)
            if not bench.quick:
                write_csv(jsonl, table)
        results = sum(block.count(b"\n") for block in _blocks(jsonl))
        simulated, _ = _run(blipd, "simulate", SCENARIO, "--format", "json", output=folder / "events.simulated")
        found = {"results": results, "simulate_rate": results / simulated}
        for name, file in (("jsonl", jsonl), ("csv", table)):
            if not file.exists():
                found[f"{name}_missing"] = "left out of a quick run"
                continue
            cpu, wall = _run(blipd, "replay", file, "--config", config, "--format", "json", output=folder / f"events.{name}")
            found |= {f"{name}_rate": results / cpu, f"{name}_wall_seconds": wall}
            # The same results give the same events, or what was measured is something else.
            assert (folder / f"events.{name}").read_bytes() == (folder / "events.simulated").read_bytes(), name
        return found


def write_csv(jsonl, file) -> None:
    """The same results as CSV."""
    with jsonl.open() as lines, file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for line in lines:
            result = json.loads(line)
            # json gives None where there is nothing, csv writes that as an empty field.
            writer.writerow([result.get(column) for column in COLUMNS])


def _blocks(file):
    with file.open("rb") as data:
        while block := data.read(1 << 22):
            yield block
