"""A hundred thousand hosts fall silent: half of each network, then all, and come back. The hour for which all of it is there."""

import re
import time

from rig import accounting, blipd
from rig.far_end import addresses
from rig.report import AtMost, Figure

CHANNELS = 100_000
PHASES = {"half": "half of each network falls silent", "all": "all do", "nobody": "all are back"}
SECONDS = 20


class Outage:
    name = "outage"
    title = "100,000 channels at 1 s, 50 ms away, fall silent, half of each network first, and come back"
    rounds = 1
    figures = [
        *(Figure(f"{whom}_lag_p99_ms", f"{what}: lag p99", "ms") for whom, what in PHASES.items()),
        *(
            Figure(f"realtime_{whom}_lag_p99_ms", f"{what}: lag p99 with real-time priority", "ms", AtMost(15))
            for whom, what in PHASES.items()
        ),
        *(Figure(f"{whom}_core_percent", f"{what}: CPU", "% of a core") for whom, what in PHASES.items()),
        Figure("said_seconds", "all silent: the country's outage is said after", "s"),
        Figure("back_seconds", "all back: its end is said after", "s"),
        Figure("outages_seconds", "/api/v1/outages meanwhile, longest", "s"),
        Figure("aborted", "not sent in time", "", AtMost(0), "worst"),
        Figure("balance", "sent less answered, lost and in flight", "", AtMost(0), "worst"),
        Figure("resident_mib", "resident before", "MiB"),
        Figure("peak_mib", "most of it", "MiB"),
    ]

    def measure(self, bench) -> dict:
        return blipd.without_and_with_priority(bench, _fall)


def _fall(bench, **more) -> dict:
    text = blipd.configuration(addresses(CHANNELS))
    found: dict = {}
    with bench.far_ends.responder() as far:
        with blipd.running(far, bench.directory, text, warm_up=10, **more) as daemon:
            before = daemon.counts(CHANNELS)
            found["resident_mib"] = accounting.memory_bytes(daemon.process.pid) / 2**20
            first, _ = daemon.head()
            for whom in PHASES:
                stretch = accounting.Stretch(None, daemon.process)
                far.silence(whom)
                found |= {f"{whom}_{key}": value for key, value in _phase(bench, daemon, whom).items()}
                found[f"{whom}_core_percent"] = stretch.end()["core_percent"]
                last, _ = daemon.head()
                found[f"{whom}_lag_p99_ms"] = blipd.lag_quantile_ms(first, last)
                first = last
            after = daemon.counts(CHANNELS)
            found["peak_mib"] = accounting.memory_bytes(daemon.process.pid, "VmHWM") / 2**20
            daemon.end()
        far.check(punctual=False)
    counts = blipd.settled(after)
    flying = blipd.total(after, "blipd_probes_in_flight")
    return found | {
        "said_seconds": found["all_told"],
        "back_seconds": found["nobody_told"],
        "outages_seconds": max(found[f"{whom}_outages_seconds"] for whom in PHASES),
        "aborted": counts["aborted"] - blipd.settled(before)["aborted"],
        "balance": abs(counts["sent"] - counts["answered"] - counts["lost"] - flying),
    }


def _phase(bench, daemon, whom: str) -> dict:
    """When the country's outage was said to have begun or to have ended, and how long it took to be told the events."""
    line = {"all": r"event=event_begun .*scope=country .*kind=outage", "nobody": r"event=event_ended .*scope=country .*kind=outage"}
    began, told, longest = time.monotonic(), None, 0.0
    seen = len(daemon.log)
    while time.monotonic() - began < bench.stretch(SECONDS):
        longest = max(longest, daemon.get("/api/v1/outages")[1])
        if told is None and whom in line and re.search(line[whom], daemon.log[seen:]):
            told = time.monotonic() - began
        time.sleep(0.5)
    return {"outages_seconds": longest, "told": told}
