"""The error of reported round trips against a capture beside the tool, calm and near the limit of a core."""

import time

from rig import accounting, blipd, pingers, reference
from rig.far_end import addresses
from rig.report import AtMost, Figure

CALM, LOADED = 1000, 100_000
CAPTURED = "198.18.0.0/21"  # of the hundred thousand some 1,800: as many as tcpdump follows without disturbing


class RoundTrips:
    name = "rtt"
    title = "error of the round trip against a capture beside it, 50 ms away"
    rounds = None
    figures = [
        Figure("calm_error_p50", "blipd, calm: p50", "µs", AtMost(2)),
        Figure("calm_error_p99", "blipd, calm: p99", "µs", AtMost(10)),
        Figure("loaded_error_p50", "blipd, loaded: p50", "µs", AtMost(2)),
        Figure("loaded_error_p99", "blipd, loaded: p99", "µs", AtMost(10)),
        Figure("loaded_core_percent", "the load", "% of a core"),
        Figure("fping_error_p50", "fping, 1,000 targets that answer at once: p50", "µs"),
        Figure("fping_error_p99", "fping, 1,000 targets that answer at once: p99", "µs"),
        Figure("calm_above_p50", "blipd, calm, above the far end: p50", "µs"),
        Figure("calm_above_p99", "blipd, calm, above the far end: p99", "µs"),
        Figure("fping_above_p50", "fping, above the far end: p50", "µs"),
        Figure("fping_above_p99", "fping, above the far end: p99", "µs"),
    ]

    _interval: int | None = None  # milliseconds; found in the first round

    def measure(self, bench) -> dict:
        calm = self._ours(bench, CALM, 1000, "")
        # What a probe costs, recording included, says at which interval a core is nine tenths busy.
        if bench.quick:
            self._interval = 1000
        if self._interval is None:
            self._interval = max(200, round(1000 * self._load(bench, LOADED, 1000) / 90))
        loaded = self._ours(bench, LOADED, self._interval, CAPTURED)
        found = {f"calm_{key}": value for key, value in calm.items()}
        found |= {f"loaded_{key}": value for key, value in loaded.items()}
        hosts = addresses(CALM)

        # fping prints three digits: a tenth of a millisecond at 50 ms. Where answers come at once it shows what it can.
        def fping(far):
            ran = pingers.fping(far, bench.directory, hosts, bench.stretch(5), gap=0.6 / CALM,
                                after=lambda: reference.Captures(far, bench.directory))  # fmt: skip
            return reference.error_figures(reference.of_fping(ran["found"], ran["reference"]))

        theirs = bench.beside("fping", fping, far="kernel")
        if theirs:
            found |= {f"fping_{key}": value for key, value in theirs.items()}
        return found

    def _text(self, count: int, interval: int, record) -> str:
        return blipd.configuration(
            addresses(count), interval=f"{interval}ms", timeout=f"{min(900, interval - 20)}ms", extra=f"record: {record}"
        )

    def _load(self, bench, count: int, interval: int) -> float:
        """Percent of a core."""
        record = bench.directory / "results.jsonl"
        with bench.far_ends.responder() as far:
            with blipd.running(far, bench.directory, self._text(count, interval, record)) as daemon:
                stretch = accounting.Stretch(far, daemon.process)
                time.sleep(bench.stretch(3))
                percent = stretch.end()["core_percent"]
                daemon.end()
            record.unlink()
        return percent

    def _ours(self, bench, count: int, interval: int, only: str) -> dict:
        record = bench.directory / "results.jsonl"
        record.unlink(missing_ok=True)
        with bench.far_ends.responder() as far:
            with blipd.running(far, bench.directory, self._text(count, interval, record)) as daemon:
                captures = reference.Captures(far, bench.directory, only)
                stretch = accounting.Stretch(far, daemon.process)
                time.sleep(bench.stretch(5))
                load = stretch.end()
                captured = captures.stop()
                daemon.end()
            far.check(punctual=False)
        compared = reference.of_recorded(record, addresses(count), captured, interval)
        record.unlink()
        return {**reference.error_figures(compared), "core_percent": load["core_percent"], "rate": load["rate"]}
