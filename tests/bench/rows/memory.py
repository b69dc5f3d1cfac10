"""Memory for each channel, while the windows fill and after."""

import re
import subprocess
import time

from rig import accounting, blipd, pingers, programs
from rig.far_end import addresses
from rig.report import AtMost, Figure

CHANNELS = 100_000
# The windows keep five minutes of samples as they came, and an hour in summaries. What those still add after that is
# measured in virtual time (tests/bench/micro/memory.cpp), since an hour of a benchmark is too long.
FILLED_SECONDS = 330


class Memory:
    name = "memory"
    title = "memory: 100,000 channels at 1 s, 50 ms away, five and a half minutes, scrapes in between"
    rounds = 1
    figures = [
        Figure("resident_mib", "resident after five and a half minutes", "MiB"),
        Figure("per_channel", "for each channel (less what one channel takes)", "bytes"),
        Figure("full_mib", "resident with an hour's windows full: that, and what virtual time adds", "MiB", AtMost(256)),
        Figure("full_per_channel", "for each channel with an hour's windows full", "bytes", AtMost(2048)),
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
                daemon.head()
                found["first_scrape_mib"] = accounting.memory_bytes(pid) / 2**20
                minutes = []
                seconds = FILLED_SECONDS if not bench.quick else 10
                for _ in range(round(seconds / 55) or 1):
                    time.sleep(min(55, seconds))
                    metrics = daemon.counts(CHANNELS)
                    minutes.append(accounting.memory_bytes(pid) / 2**20)
                daemon.end()
            far.check(punctual=False)
        found |= {"each_mib": minutes, "resident_mib": minutes[-1], "lost": blipd.settled(metrics)["lost"]}
        found["per_channel"] = (minutes[-1] - found["single_mib"]) * 2**20 / CHANNELS
        more = bench.attempt("virtual time", self._more_by_the_hour)
        if more is not None:
            found["full_per_channel"] = found["per_channel"] + more
            found["full_mib"] = found["resident_mib"] + more * CHANNELS / 2**20

        def smokeping(far, count):
            return pingers.smokeping_prober(far, bench.directory, addresses(count), 5)

        small, large = (bench.beside("smokeping", lambda far, n=n: smokeping(far, n)) for n in (1, 100))
        if small and large:
            found["smokeping_per_target"] = (large["resident"] - small["resident"]) / 99
        return found

    def _more_by_the_hour(self) -> float:
        """Bytes that a channel's windows still grow by after that."""
        done = subprocess.run([programs.built("bench_memory"), "--channels", "2000"], capture_output=True, text=True, check=True)
        after = {int(minutes): float(size) for minutes, size in re.findall(r"(\d+) minutes: (\d+) bytes", done.stdout)}
        return max(0.0, after[max(after)] - after[5])

    def _single(self, bench) -> float:
        with bench.far_ends.kernel() as far:
            with blipd.running(far, bench.directory, blipd.configuration(addresses(1))) as daemon:
                daemon.get("/metrics")
                resident = accounting.memory_bytes(daemon.process.pid) / 2**20
                daemon.end()
        return resident
