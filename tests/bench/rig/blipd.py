"""blipd as the rows run it: a configuration of any size, written as people write it; figures from its own metrics."""

import contextlib
import pathlib
import re
import subprocess
import time

from harness import settings
from harness.daemon import AHEAD, PORT, Daemon

NETWORK_SIZE = 250  # targets of one network
# Of a scrape. What a daemon says of itself, lags among it, comes first; then the counts of its channels. Whoever keeps
# more has the machine find as much memory while it is measured.
HEAD = 4 << 20
COUNTS_OF_A_CHANNEL = 2 << 10


def configuration(hosts: list[str], *, probe: str = "type: icmp", interval: str = "1s", timeout: str = "900ms",
                  extra: str = "", port: int = PORT) -> str:  # fmt: skip
    lines = [
        "vantage: {name: bench}",
        f"listen: 127.0.0.1:{port}",
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

    def __init__(self, namespace, text: str, directory: pathlib.Path, *, name="blipd", port=PORT, **more):
        self.text = text
        self._room = bytearray(1 << 22)
        super().__init__(namespace, {"listen": f"127.0.0.1:{port}"}, directory, name=name, **more)
        self.began = time.monotonic()

    def write(self, config: dict) -> None:
        self.config_file.write_text(self.text)

    def rewrite(self, text: str) -> None:
        self.config_file.write_text(text)

    def get(self, path: str, timeout: float = 60, keep: int = 1 << 32) -> tuple[bytes, float]:
        """The answer's body and how long it took. Reads as fast as a socket can be read, and looks at nothing meanwhile. Of a
        body beyond `keep` bytes the rest is read and forgotten; `received` has the whole length."""
        self.process.expect_running()
        began = time.monotonic()
        with self.namespace.connect("127.0.0.1", self.port, timeout) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
            self.received = _read_all(connection, self._room, keep)
        took = time.monotonic() - began
        filled = min(self.received, len(self._room))
        end = self._room.index(b"\r\n\r\n", 0, filled)
        head, body = bytes(self._room[:end]), bytes(memoryview(self._room)[end + 4 : filled])
        if b" 200 " not in head.splitlines()[0]:
            raise AssertionError(f"{path}: {head.splitlines()[0]!r} {body[:300]!r}")
        return _unchunked(body) if b"transfer-encoding: chunked" in head.lower() else body, took

    def head(self) -> tuple[bytes, float]:
        """What a scrape says of the daemon itself, and how long all of it took."""
        return self.get("/metrics", keep=HEAD)

    def counts(self, channels: int) -> bytes:
        """What a scrape says of the daemon itself, and how many probes of each channel became what."""
        return self.get("/metrics", keep=HEAD + channels * COUNTS_OF_A_CHANNEL)[0]

    def wait_ready(self, timeout: float = 120) -> float:
        """Seconds from the start until the first round of probes had settled."""
        super().wait_ready(timeout)
        return time.monotonic() - self.began

    def end(self) -> None:
        self.stop(within=10)


def _read_all(connection, room: bytearray, keep: int) -> int:
    """The length of the answer, whose beginning is then in `room`. That grows by doubling, up to twice `keep`, and is used
    again for the next answer: a scrape may have hundreds of megabytes, and reading must not be what limits it."""
    filled, spare = 0, bytearray(1 << 22)
    while True:
        if filled == len(room) and len(room) <= keep:
            room.extend(bytes(len(room)))
        place = memoryview(room)[filled:] if filled < len(room) else memoryview(spare)
        with place:
            count = connection.recv_into(place)
        if count == 0:
            return filled
        filled += count


def _unchunked(body: bytes) -> bytes:
    """RFC 9112, 7.1. What was cut off is left out."""
    at = 0
    pieces = []
    while (line_end := body.find(b"\r\n", at)) >= 0:
        size = int(body[at:line_end].split(b";")[0], 16)
        if size == 0:
            break
        pieces.append(body[line_end + 2 : line_end + 2 + size])
        at = line_end + 2 + size + 2
    return b"".join(pieces)


@contextlib.contextmanager
def running(far, directory: pathlib.Path, text: str, warm_up: float = 2.0, ready_within: float = 120, **more):
    """A blipd that is ready and has been so for a while. `more`: what Blipd takes by name."""
    daemon = Blipd(far.near, text, directory, **more)
    try:
        daemon.ready_seconds = daemon.wait_ready(ready_within)
        time.sleep(warm_up)
        yield daemon
    finally:
        daemon.kill()


def _family(metrics: bytes, name: str) -> bytes:
    """The lines of one family, which stand together behind its TYPE. A scrape may have hundreds of megabytes: it is searched,
    not parsed."""
    start = metrics.find(b"# TYPE %s " % name.encode())
    if start < 0:
        raise AssertionError(f"no {name} in the metrics")
    start = metrics.find(b"\n", start) + 1
    end = metrics.find(b"\n# ", start - 1)
    return metrics[start : end + 1 if end >= 0 else len(metrics)]


def without_and_with_priority(bench, run) -> dict:
    """What `run(bench, **more)` measures, `more` being for running(); and as realtime_… the same with AHEAD."""
    found = run(bench)
    realtime = bench.attempt("at real-time priority", lambda: run(bench, wrap=AHEAD))
    return found | {f"realtime_{key}": value for key, value in (realtime or {}).items()}


def total(metrics: bytes, family: str, reason: str = "") -> float:
    """The sum of a family's samples, of those with a reason where one is given."""
    wanted = b'reason="%s"' % reason.encode() if reason else b""
    return sum(float(line[line.rindex(b" ") :]) for line in _family(metrics, family).splitlines() if wanted in line)


def aborted(metrics: bytes, reason: str) -> float:
    return total(metrics, "blipd_probes_aborted_total", reason)


def settled(metrics: bytes) -> dict[str, float]:
    """Counts since the start."""
    return {name: total(metrics, f"blipd_probes_{name}_total") for name in ("sent", "answered", "lost", "aborted")}


def lag_counts(metrics: bytes) -> dict[float, float]:
    """How many probes were sent at most so many seconds late; shards together."""
    found: dict[float, float] = {}
    for labels, value in re.findall(rb"_bucket\{(.*)\} (\S+)\n", _family(metrics, "blipd_scheduling_lag_seconds")):
        bound = float(re.search(rb'le="([^"]+)"', labels)[1])
        found[bound] = found.get(bound, 0.0) + float(value)
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
