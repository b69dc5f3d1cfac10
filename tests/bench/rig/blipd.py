"""blipd as the rows run it: a configuration of any size, written as people write it; figures from its own metrics."""

import contextlib
import pathlib
import re
import socket
import subprocess
import time

from harness import settings
from harness.daemon import PORT, Daemon

NETWORK_SIZE = 250  # targets of one network


def configuration(hosts: list[str], *, probe: str = "type: icmp", interval: str = "1s", timeout: str = "900ms",
                  extra: str = "") -> str:  # fmt: skip
    lines = [
        "vantage: {name: bench}",
        f"listen: 127.0.0.1:{PORT}",
        "journal: none",
        # The benchmark's load is meant; the defaults are for hosts of others.
        "budget: {total_rate: 10000000, prefix_rate: 10000000}",
        extra,
        f"probes: {{ask: {{{probe}, interval: {interval}, timeout: {timeout}}}}}",
        "defaults: {probes: [ask]}",
        "countries:",
        "  - code: XX",
        "    networks:",
    ]
    for number in range(0, len(hosts), NETWORK_SIZE):
        lines += [f"      - name: net{number // NETWORK_SIZE}", "        targets:"]
        for i, host in enumerate(hosts[number : number + NETWORK_SIZE], number):
            lines.append(f"          - {{name: t{i}, host: '{host}'}}")
    return "\n".join(line for line in lines if line) + "\n"


def accepts(text: str, directory: pathlib.Path) -> bool:
    """Whether this blipd knows all keys of a configuration."""
    file = directory / "asked.yaml"
    file.write_text(text)
    done = subprocess.run([settings.blipd(), "check", "--config", file], capture_output=True, check=False, timeout=60)
    return done.returncode == 0


class Blipd(Daemon):
    """Started with the text of a configuration."""

    def __init__(self, namespace, text: str, directory: pathlib.Path, name="blipd", env=None):
        self.text = text
        super().__init__(namespace, {"listen": f"127.0.0.1:{PORT}"}, directory, name=name, env=env)
        self.began = time.monotonic()

    def write(self, config: dict) -> None:
        self.config_file.write_text(self.text)

    def rewrite(self, text: str) -> None:
        self.config_file.write_text(text)

    def get(self, path: str, timeout: float = 60) -> tuple[bytes, float]:
        """The answer's body and how long it took. Reads as fast as a socket can be read, and looks at nothing meanwhile."""
        self.process.expect_running()
        began = time.monotonic()
        with self.namespace.connect("127.0.0.1", self.port, timeout) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
            pieces = []
            while piece := connection.recv(1 << 20):
                pieces.append(piece)
        took = time.monotonic() - began
        head, _, body = b"".join(pieces).partition(b"\r\n\r\n")
        if b" 200 " not in head.splitlines()[0]:
            raise AssertionError(f"{path}: {head.splitlines()[0]!r} {body[:300]!r}")
        if b"transfer-encoding: chunked" in head.lower():
            body = _unchunked(body)
        return body, took

    def wait_ready(self, timeout: float = 120) -> float:
        """Seconds from the start until the first round of probes had settled."""
        super().wait_ready(timeout)
        return time.monotonic() - self.began

    def end(self) -> None:
        self.stop(within=10)


def _unchunked(body: bytes) -> bytes:
    pieces, at = [], 0
    while True:
        line_end = body.index(b"\r\n", at)
        size = int(body[at:line_end].split(b";")[0], 16)
        if size == 0:
            return b"".join(pieces)
        pieces.append(body[line_end + 2 : line_end + 2 + size])
        at = line_end + 2 + size + 2


@contextlib.contextmanager
def running(far, directory: pathlib.Path, text: str, warm_up: float = 2.0):
    """A blipd that is ready and has been so for a while."""
    daemon = Blipd(far.near, text, directory)
    try:
        daemon.ready_seconds = daemon.wait_ready()
        time.sleep(warm_up)
        yield daemon
    finally:
        daemon.kill()


def total(metrics: bytes, family: str) -> float:
    """The sum of a family's samples."""
    found = re.findall(rb"^%s(?:\{[^\n]*\})? (\S+)$" % family.encode(), metrics, re.MULTILINE)
    if not found:
        raise AssertionError(f"no {family} in the metrics")
    return sum(map(float, found))


def aborted(metrics: bytes, reason: str) -> float:
    found = re.findall(rb'^blipd_probes_aborted_total\{[^\n]*reason="%s"[^\n]*\} (\S+)$' % reason.encode(), metrics,
                       re.MULTILINE)  # fmt: skip
    return sum(map(float, found))


def settled(metrics: bytes) -> dict[str, float]:
    """Counts since the start."""
    families = ("sent", "answered", "lost", "aborted")
    return {name: total(metrics, f"blipd_probes_{name}_total") for name in families}


def lag_counts(metrics: bytes) -> dict[float, float]:
    """How many probes were sent at most so many seconds late; shards together."""
    found: dict[float, float] = {}
    for labels, value in re.findall(rb"^blipd_scheduling_lag_seconds_bucket\{([^\n]*)\} (\S+)$", metrics, re.MULTILINE):
        bound = float(re.search(rb'le="([^"]+)"', labels)[1])
        found[bound] = found.get(bound, 0.0) + float(value)
    if not found:
        raise AssertionError("no blipd_scheduling_lag_seconds in the metrics")
    return found


def lag_quantile_ms(before: bytes, after: bytes, quantile: float = 0.99) -> float:
    """Of the probes between two scrapes; linear within a bucket, as Prometheus has it."""
    first, last = lag_counts(before), lag_counts(after)
    return 1000 * bucket_quantile({bound: last[bound] - first.get(bound, 0.0) for bound in last}, quantile)


def bucket_quantile(cumulative: dict[float, float], quantile: float) -> float:
    """NaN of nothing; the last finite bound of what lies beyond it."""
    bounds = sorted(cumulative)
    rank = quantile * cumulative[bounds[-1]]
    if rank <= 0:
        return float("nan")
    low, below = 0.0, 0.0
    for bound in bounds:
        if cumulative[bound] >= rank:
            if bound == float("inf"):
                return low
            return low + (bound - low) * (rank - below) / (cumulative[bound] - below)
        low, below = bound, cumulative[bound]
    return low
