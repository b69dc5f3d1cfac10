"""The process is stopped for 100 ms, again and again: what came in the meantime must not be called lost."""

import random
import signal
import time

from rig import blipd
from rig.far_end import addresses
from rig.report import AtMost, Figure

CHANNELS = 6500
STALLS = 10
STALL_SECONDS = 0.1


class Stall:
    name = "stall"
    title = f"{STALLS} stalls of 100 ms (SIGSTOP, SIGCONT), 6,500 channels at 1 s, 50 ms away, timeout 100 ms"
    rounds = None
    figures = [
        Figure("lost", "false loss", "", AtMost(0), "worst"),
        Figure("answered", "answered"),
        Figure("late", "late answers", "", None),
        Figure("aborted", "aborted, never lost"),
    ]

    def measure(self, bench) -> dict:
        # A timeout so short that a stall is longer than what is left of it: judging by the clock alone would find loss.
        text = blipd.configuration(addresses(CHANNELS), timeout="100ms")
        moments = random.Random(1)
        with bench.far_ends.responder() as far:
            with blipd.running(far, bench.directory, text) as daemon:
                for _ in range(STALLS):
                    daemon.process.signal(signal.SIGSTOP)
                    time.sleep(STALL_SECONDS)
                    daemon.process.signal(signal.SIGCONT)
                    time.sleep(0.5 + moments.random() / 4)
                time.sleep(1.0)
                metrics, _ = daemon.get("/metrics")
                daemon.end()
            far.check()
        counts = blipd.settled(metrics)
        return {**counts, "late": blipd.total(metrics, "blipd_answers_late_total")}
