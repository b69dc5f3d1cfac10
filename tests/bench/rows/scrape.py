"""Scraping a hundred thousand channels while they are probed."""

import statistics
import time

from rig import accounting, blipd, lateness
from rig.far_end import addresses
from rig.report import AtMost, Figure

CHANNELS = 100_000
SCRAPES = 5


class Scrape:
    name = "scrape"
    title = f"scrape of 100,000 channels while they are probed at 1 s, 50 ms away; {SCRAPES} scrapes"
    rounds = None
    figures = [
        Figure("seconds", "time, median", "s", AtMost(0.5)),
        Figure("worst_seconds", "time, longest", "s"),
        Figure("transient_mib", "peak of resident memory above what is steady", "MiB", AtMost(8)),
        Figure("lag_p99_ms", "lag p99 from the first scrape to the last", "ms", AtMost(15)),
        Figure("realtime_lag_p99_ms", "the same with the probing thread at real-time priority", "ms", AtMost(15)),
        Figure("machine_lag_p99_ms", "the machine's own: a real-time thread's beside it, p99", "ms"),
        Figure("machine_lag_worst_ms", "the same, longest", "ms"),
        Figure("body_mib", "size", "MiB"),
        Figure("lost", "lost meanwhile", "", AtMost(0), "worst"),
    ]

    def measure(self, bench) -> dict:
        return blipd.without_and_with_priority(bench, _scrapes)


def _scrapes(bench, **more) -> dict:
    text = blipd.configuration(addresses(CHANNELS))
    with bench.far_ends.responder() as far:
        with blipd.running(far, bench.directory, text, **more) as daemon:
            pid = daemon.process.pid
            daemon.head()  # what the first one makes for good is no longer transient
            time.sleep(1.0)
            first, _ = daemon.head()
            times, transients = [], []
            with lateness.watched() as end_watch:
                for _ in range(SCRAPES):
                    before = accounting.memory_bytes(pid)
                    accounting.forget_peak(pid)
                    _, took = daemon.head()
                    # Windows fill meanwhile: what is still there afterwards was not transient.
                    steady = max(before, accounting.memory_bytes(pid))
                    times.append(took)
                    size = daemon.received
                    transients.append(accounting.memory_bytes(pid, "VmHWM") - steady)
                    time.sleep(bench.stretch(1.5))
                machine = end_watch()
            last, _ = daemon.head()
            lost = blipd.settled(daemon.counts(CHANNELS))["lost"]
            daemon.end()
        far.check(punctual=False)
    return {
        "seconds": statistics.median(times),
        "worst_seconds": max(times),
        "transient_mib": max(transients) / 2**20,
        "lag_p99_ms": blipd.lag_quantile_ms(first, last),
        **machine,
        "body_mib": size / 2**20,
        "lost": lost,
    }
