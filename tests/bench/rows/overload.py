"""Asked for more than the machine can do: what is sent is true, and the rest is said."""

import time

from rig import accounting, blipd
from rig.far_end import addresses
from rig.report import AtLeast, AtMost, Figure

CHANNELS, INTERVAL = 100_000, "250ms"


class Overload:
    name = "overload"
    title = "overload: one shard is asked for 400,000 probes a second; the far kernel answers everything"
    rounds = 1
    figures = [
        Figure("rate", "sent all the same", "/s"),
        Figure("overrun", "given up as overrun, never lost", "", AtLeast(1)),
        Figure("lost", "of those sent, called lost though answered", "", AtMost(0), "worst"),
        Figure("balance", "sent less answered, lost and in flight", "", AtMost(0), "worst"),
        Figure("core_percent", "CPU", "% of a core"),
        Figure("healthy_ms", "/-/healthy meanwhile, longest of 10", "ms", AtMost(500)),
        Figure("refused", "scrapes refused before one was given", "", AtMost(0), "worst"),
        Figure("scrape_seconds", "a scrape meanwhile", "s"),
    ]

    def measure(self, bench) -> dict:
        text = blipd.configuration(addresses(CHANNELS), interval=INTERVAL, timeout="200ms")
        with bench.far_ends.kernel() as far:
            daemon = blipd.Blipd(far.near, text, bench.directory)
            try:
                daemon.wait_listening(60)
                time.sleep(bench.stretch(10))  # the first round cannot be ready in time: that is the point
                stretch = accounting.Stretch(far, daemon.process)
                healthy = []
                for _ in range(10):
                    time.sleep(bench.stretch(0.8))
                    healthy.append(daemon.get("/-/healthy")[1])
                result = stretch.end()
                metrics, took, refused = _insist(daemon)
                daemon.end()
            finally:
                daemon.kill()
            far.check()
        counts = blipd.settled(metrics)
        flying = blipd.total(metrics, "blipd_probes_in_flight")
        return {
            "rate": result["rate"],
            "core_percent": result["core_percent"],
            "healthy_ms": 1000 * max(healthy),
            "scrape_seconds": took,
            "refused": refused,
            "overrun": blipd.aborted(metrics, "overrun"),
            "lost": counts["lost"],
            "balance": abs(counts["sent"] - counts["answered"] - counts["lost"] - flying),
        }


def _insist(daemon: blipd.Blipd) -> tuple[bytes, float, int]:
    """A scrape, how long it took, and how often it was refused before: a probing side that is too busy even to say what it
    knows is refused for (503)."""
    for refused in range(10):
        try:
            return *daemon.get("/metrics"), refused
        except AssertionError as failure:
            if "503" not in str(failure):
                raise
            time.sleep(1)
    raise AssertionError("ten scrapes were refused: the overload leaves nothing for serving")
