"""The pipeline alone: recorded results, played as fast as they are read. Twenty-seven days of a simulated country with few
hosts, where time passes between results, and forty minutes of a thousand channels asked each second, where there is hardly any.
"""

import csv
import json
import os
import random
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
    title = "the pipeline alone: recordings replayed, results a second of CPU time"
    rounds = None
    figures = [
        Figure("busy_rate", "1,000 channels at 1 s, JSON lines", "/s", AtLeast(2_000_000)),
        Figure("jsonl_rate", "December 2014, JSON lines", "/s", AtLeast(2_000_000)),
        Figure("csv_rate", "December 2014, CSV", "/s", AtLeast(2_000_000)),
        Figure("journal_rate", "December 2014, JSON lines, into a journal: with windows, minutes and SQLite", "/s"),
        Figure("simulate_rate", "December 2014, simulated, without reading a file", "/s"),
        Figure("results", "results of December 2014"),
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
        options = ("--config", config, "--format", "json")
        cpu, _ = _run(blipd, "replay", jsonl, *options, "--journal", _nothing(folder / "replayed.db"), output=os.devnull)
        found["journal_rate"] = results / cpu
        busy = folder / "busy.jsonl"
        if not busy.exists():
            write_busy(busy, folder / "busy.yaml", seconds=300 if bench.quick else 2400)
        count = sum(block.count(b"\n") for block in _blocks(busy))
        output = folder / "events.busy"
        cpu, _ = _run(blipd, "replay", busy, "--config", folder / "busy.yaml", "--format", "json", output=output)
        return found | {"busy_rate": count / cpu}


BUSY_NETWORKS, BUSY_TARGETS = 10, 100


def write_busy(file, config, seconds: int) -> None:
    """Ten networks of a hundred hosts, each asked once a second; one answer in a hundred is missing."""
    hosts = [(n, t) for n in range(BUSY_NETWORKS) for t in range(BUSY_TARGETS)]
    with config.open("w") as out:
        out.write("journal: none\nprobes:\n  ping: {type: icmp, interval: 1s, timeout: 3s}\n")
        out.write("countries:\n  - code: ZZ\n    networks:\n")
        for network in range(BUSY_NETWORKS):
            out.write(f"      - name: net{network}\n        targets:\n")
            for target in range(BUSY_TARGETS):
                out.write(f"          - {{name: t{target}, host: 198.18.{network}.{target + 1}, probes: [ping]}}\n")
    draw = random.Random(4)
    phases = sorted((draw.random(), host) for host in hosts)
    with file.open("w") as out:
        for second in range(1_417_392_000, 1_417_392_000 + seconds):
            for phase, (network, target) in phases:
                fate = '"lost","rtt":null' if draw.random() < 0.01 else f'"answered","rtt":{0.05 + 0.005 * draw.random():.9f}'
                out.write(
                    f'{{"time":{second + phase:.9f},"country":"ZZ","network":"net{network}","target":"t{target}",'
                    f'"probe":"ping","type":"icmp","outcome":{fate}}}\n'
                )


def _nothing(file):
    """A journal of an earlier round would be gone on with."""
    for name in file.parent.glob(file.name + "*"):
        name.unlink()
    return file


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
