#!/usr/bin/python3
"""What blipd costs, how true it is and how it grows, beside its peers and beside what the machine allows.

Everything runs in network namespaces of its own; nothing leaves the machine, and nothing else should run meanwhile. Rows are in
tests/bench/rows, what they measure with in tests/bench/rig; docs/benchmarks.md holds the last whole run and how to read it.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "integration")]

from harness import settings  # noqa: E402
from rig import document  # noqa: E402
from rig.bench import Bench  # noqa: E402
from rows import ROWS  # noqa: E402

REPORT = ROOT / "docs" / "benchmarks.md"
PEERS = ("fping", "zmap", "masscan", "scamper", "prometheus-blackbox-exporter", "prometheus-smokeping-prober", "dnsperf")


def machine() -> dict:
    cpu = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if "model name" in line)
    return {
        "processor": f"{os.cpu_count()} × {cpu}",
        "kernel": platform.release(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load_at_start": os.getloadavg()[0],
    }


def said_by(*command) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def stolen() -> tuple[int, int]:
    """Ticks that the hypervisor took, and all ticks."""
    ticks = [int(text) for text in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return ticks[7], sum(ticks)


def command(arguments) -> str:
    """As it would be given again; where its output went is nobody else's business."""
    rows = [] if arguments.rows == ",".join(row.name for row in ROWS) else ["--rows", arguments.rows]
    quick = ["--quick"] if arguments.quick else []
    return " ".join(["./dev bench", *quick, *rows, "--rounds", str(arguments.rounds)])


def measure(rows: list, arguments) -> dict:
    report = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": said_by("git", "-c", "safe.directory=*", "-C", ROOT, "describe", "--always", "--dirty") or "unknown",
        "command": command(arguments),
        "machine": machine(),
        "peers": {name: said_by("dpkg-query", "-W", "-f", "${Version}", name) or "missing" for name in PEERS},
    }
    began, before = time.monotonic(), stolen()
    with tempfile.TemporaryDirectory(prefix="blipd-bench-") as name:
        bench = Bench(pathlib.Path(name), arguments.quick)
        try:
            report["rows"] = bench.run(rows, arguments.rounds)
        finally:
            bench.close()
    after = stolen()
    report["steal_percent"] = 100 * (after[0] - before[0]) / max(1, after[1] - before[1])
    report["build"] = bench.build or said_by(settings.blipd(), "--version")
    report["minutes"] = (time.monotonic() - began) / 60
    return report


def parse() -> tuple[argparse.Namespace, list]:
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", default=",".join(names), help=f"which (default: all): {', '.join(names)}")
    parser.add_argument("--rounds", type=int, help="how often each row is measured (default: 2; quick: 1)")
    parser.add_argument("--quick", action="store_true", help="shorter stretches, one round: to see that it works")
    parser.add_argument("--json", type=pathlib.Path, help="write the whole report there as JSON")
    parser.add_argument("--before", type=pathlib.Path, help="a report of an earlier run (--json), to stand beside this one")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md, too")
    arguments = parser.parse_args()
    wanted = arguments.rows.split(",")
    if unknown := sorted(set(wanted) - set(names)):
        parser.error(f"there is no row {', '.join(unknown)}; there are {', '.join(names)}")
    if arguments.rounds is None:
        arguments.rounds = 1 if arguments.quick else 2
    if not 1 <= arguments.rounds <= 20:
        parser.error("--rounds takes 1 to 20")
    return arguments, [row for row in ROWS if row.name in wanted]


def main() -> int:
    arguments, rows = parse()
    try:
        settings.require_root()
        before = json.loads(arguments.before.read_text()) if arguments.before else None
        report = measure(rows, arguments)
    except (RuntimeError, OSError, ValueError, KeyError) as failure:
        print(f"bench: {failure!r}", file=sys.stderr)
        return 3
    if before:
        report["before"] = {key: before[key] for key in ("date", "commit", "rows")}
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    print(document.of_rows(report))
    for line in document.missed(report):
        print(f"NOT reached: {line}")
    if arguments.write:
        REPORT.write_text(document.markdown(report))
        print(f"written: {REPORT.relative_to(ROOT)}")
    return 0 if all(row["figures"] and not row["failures"] for row in report["rows"]) else 3


if __name__ == "__main__":
    sys.exit(main())
