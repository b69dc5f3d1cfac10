"""A hundred thousand channels on one core, with a scrape every few seconds."""

import time

from rig import accounting, blipd, lateness, pingers
from rig.far_end import addresses
from rig.report import AtMost, Figure

CHANNELS = 100_000


class Hundred:
    name = "hundred"
    title = "100,000 channels at 1 s, 50 ms away, scraped every 4 s"
    rounds = None
    figures = [
        Figure("core_percent", "CPU without scrapes", "% of a core", AtMost(70)),
        Figure("us", "CPU per probe without scrapes", "µs", AtMost(7)),
        Figure("bare_us", "bare loop, CPU per probe", "µs"),
        Figure("bare_ratio", "blipd / bare loop", "×"),
        Figure("scraped_us", "CPU per probe, scrapes included", "µs"),
        Figure("probes", "probes while it was watched"),
        Figure("lost", "lost, since the start", "", AtMost(0), "worst"),
        Figure("aborted", "of them aborted", "", AtMost(0), "worst"),
        Figure("aborted_at_start", "aborted before, while it started", "", None, "worst"),
        Figure("lag_p99_ms", "lag p99, scrapes included", "ms"),
        Figure("machine_lag_p99_ms", "the machine's own: a real-time thread's beside it, p99", "ms"),
        Figure("machine_lag_worst_ms", "the same, longest", "ms"),
        Figure("ready_seconds", "ready after", "s"),
        Figure("resident_mib", "resident at the end", "MiB"),
    ]

    def measure(self, bench) -> dict:
        text = blipd.configuration(addresses(CHANNELS))
        with bench.far_ends.responder() as far:
            with blipd.running(far, bench.directory, text) as daemon:
                whole = accounting.Stretch(far, daemon.process)
                before = blipd.settled(daemon.counts(CHANNELS))
                first, _ = daemon.head()
                quiet = accounting.Stretch(far, daemon.process)
                time.sleep(bench.stretch(6))
                result = quiet.end()
                with lateness.watched() as end_watch:
                    for _ in range(2):
                        daemon.head()
                        time.sleep(bench.stretch(4))
                    scraped = whole.end()
                    machine = end_watch()
                last, _ = daemon.head()
                resident = accounting.memory_bytes(daemon.process.pid)
                after = blipd.settled(daemon.counts(CHANNELS))
                daemon.end()
            far.check()
        bare = bench.beside("bare", lambda far: pingers.bare(far, bench.directory, addresses(CHANNELS), bench.stretch(4)))
        return {
            **result,
            "bare_us": bare and bare["us"],
            "bare_ratio": bare and result["us"] / bare["us"],
            "scraped_us": scraped["us"],
            "probes": after["sent"] - before["sent"],
            "lost": after["lost"],  # since the start: nothing may ever be lost
            "aborted": after["aborted"] - before["aborted"],
            "aborted_at_start": before["aborted"],
            "lag_p99_ms": blipd.lag_quantile_ms(first, last),
            **machine,
            "ready_seconds": daemon.ready_seconds,
            "resident_mib": resident / 2**20,
        }
