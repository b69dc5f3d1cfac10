"""Memory for each channel, while the windows fill and after."""

import time

from rig import accounting, blipd, pingers
from rig.far_end import addresses
from rig.report import AtMost, Figure

CHANNELS = 100_000
# The windows keep five minutes of samples as they came, and an hour in summaries, which are small beside them; what they
# come to after an hour is measured apart, in virtual time (./dev bench micro).
FILLED_SECONDS = 360


class Memory:
    name = "memory"
    title = "memory: 100,000 channels at 1 s, 50 ms away, six minutes, a scrape each minute"
    rounds = 1
    figures = [
        Figure("resident_mib", "resident after six minutes", "MiB", AtMost(256)),
        Figure("per_channel", "for each channel (less what one channel takes)", "bytes", AtMost(2048)),
        Figure("start_mib", "resident when ready, unscraped", "MiB"),
        Figure("first_scrape_mib", "resident after the first scrape", "MiB"),
        Figure("single_mib", "resident with one channel", "MiB"),
        Figure("lost", "lost meanwhile", "", AtMost(0), "worst"),
        Figure("smokeping_per_target", "smokeping_prober, for each of 100 targets", "bytes"),
    ]

    def measure(self, bench) -> dict:
        found = {"single_mib": self._single(bench)}
        with bench.far_ends.responder() as far:
            with blipd.running(far, bench.directory, blipd.configuration(addresses(CHANNELS))) as daemon:
                pid = daemon.process.pid
                found["start_mib"] = accounting.memory_bytes(pid) / 2**20
                daemon.get("/metrics")
                found["first_scrape_mib"] = accounting.memory_bytes(pid) / 2**20
                minutes = []
                seconds = FILLED_SECONDS if not bench.quick else 20
                for _ in range(round(seconds / 60) or 1):
                    time.sleep(min(60, seconds))
                    metrics, _ = daemon.get("/metrics")
                    minutes.append(accounting.memory_bytes(pid) / 2**20)
                daemon.end()
            far.check()
        found |= {"minutes_mib": minutes, "resident_mib": minutes[-1], "lost": blipd.settled(metrics)["lost"]}
        found["per_channel"] = (minutes[-1] - found["single_mib"]) * 2**20 / CHANNELS

        def smokeping(far, count):
            return pingers.smokeping_prober(far, bench.directory, addresses(count), 5)

        small, large = (bench.beside("smokeping", lambda far, n=n: smokeping(far, n)) for n in (1, 100))
        if small and large:
            found["smokeping_per_target"] = (large["resident"] - small["resident"]) / 99
        return found

    def _single(self, bench) -> float:
        with bench.far_ends.kernel() as far:
            with blipd.running(far, bench.directory, blipd.configuration(addresses(1))) as daemon:
                daemon.get("/metrics")
                resident = accounting.memory_bytes(daemon.process.pid) / 2**20
                daemon.end()
        return resident
