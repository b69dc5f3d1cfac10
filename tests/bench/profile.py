#!/usr/bin/python3
"""Where blipd's time goes while it probes many channels 50 ms away: the functions at the top, by their own time and with what
they call, as text short enough for a document. Wants perf (Debian: linux-perf), and a build with symbols (./dev build release)."""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tests" / "integration")]

from harness import settings  # noqa: E402
from rig import accounting, blipd  # noqa: E402
from rig.far_end import FarEnds, addresses  # noqa: E402
from rig.report import table  # noqa: E402


def record(far, directory: pathlib.Path, channels: int, seconds: int, scraped: bool) -> tuple[pathlib.Path, dict]:
    data = directory / "perf.data"
    with blipd.running(far, directory, blipd.configuration(addresses(channels))) as daemon:
        stretch = accounting.Stretch(far, daemon.process)
        # No hardware counters in most virtual machines. Our builds keep no frame pointers, so stacks are copied and unwound.
        perf = subprocess.Popen(
            [settings.peer("perf"), "record", "-q", "-e", "cpu-clock", "-F", "299", "--call-graph", "dwarf,8192",
             "-p", str(daemon.process.pid), "-o", str(data), "--", "sleep", str(seconds)],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while perf.poll() is None:
            if scraped:
                daemon.get("/metrics")
            try:
                perf.wait(1)
            except subprocess.TimeoutExpired:
                continue
        result = stretch.end()
        daemon.end()
    return data, result


def shares(data: pathlib.Path, *options) -> list[tuple[float, str]]:
    """Percent and name, largest first. perf's own comments and what it cannot name are left out."""
    done = subprocess.run(
        [settings.peer("perf"), "report", "-i", str(data), "--stdio", "--no-inline", "-g", "none", "--percent-limit", "0.5", *options],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"perf report: {done.stderr[-500:]}")
    found = []
    for line in done.stdout.splitlines():
        if match := re.match(r"\s+(\d+\.\d+)%\s+(?:\d+\.\d+%\s+)?(.*\S)", line):
            found.append((float(match[1]), shortened(match[2])))
    return found


def shortened(symbol: str) -> str:
    """Without template arguments, parameters and our namespace; [k] marks the kernel."""
    symbol = re.sub(r"(\s+-)+\s*$", "", symbol)  # perf's empty columns for branches
    symbol = symbol.replace("[.] ", "").replace("blipd::", "").replace("(anonymous namespace)::", "")
    while (shorter := re.sub(r"<[^<>]*>", "", symbol)) != symbol:
        symbol = shorter
    return re.sub(r"\(.*", "", symbol).strip()[:70]


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench profile", description=__doc__)
    parser.add_argument("--channels", type=int, default=100_000, help="at 1 s (default: 100000)")
    parser.add_argument("--seconds", type=int, default=10, help="how long to look (default: 10)")
    parser.add_argument("--top", type=int, default=25, help="functions to show (default: 25)")
    parser.add_argument("--scraped", action="store_true", help="with a scrape a second")
    arguments = parser.parse_args()
    try:
        settings.require_root()
        settings.peer("perf")
    except RuntimeError as failure:
        print(f"profile: {failure}", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory(prefix="blipd-profile-") as name:
        directory = pathlib.Path(name)
        ends = FarEnds(directory)
        try:
            with ends.responder() as far:
                data, result = record(far, directory, arguments.channels, arguments.seconds, arguments.scraped)
            parts = shares(data, "--no-children", "--sort", "dso")
            own = shares(data, "--no-children", "--sort", "symbol")
            inclusive = shares(data, "--children", "--sort", "symbol")
        finally:
            ends.close()
    print(f"{arguments.channels:,} channels at 1 s: {result['us']:.2f} µs a probe under perf, {result['core_percent']:.0f} % of a core\n")
    print(table(("part", "%"), [(name, f"{percent:.1f}") for percent, name in parts[:8]]) + "\n")
    for title, listed in (("own time", own), ("with what it calls", inclusive)):
        print(table((title, "%"), [(name, f"{percent:.1f}") for percent, name in listed[: arguments.top]]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
