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
        Figure("balance", "sent less answered, lost, in flight and aborted after sending", "", AtMost(0), "worst"),
        Figure("core_percent", "CPU", "% of a core"),
        Figure("healthy_ms", "/-/healthy meanwhile, longest of 10", "ms", AtMost(500)),
        Figure("scrape_seconds", "a scrape meanwhile", "s"),
    ]

    def measure(self, bench) -> dict:
        text = blipd.configuration(addresses(CHANNELS), interval=INTERVAL, timeout="200ms")
        with bench.far_ends.kernel() as far:
            daemon = blipd.Blipd(far.near, text, bench.directory)
            try:
                daemon.wait_listening(60)
                time.sleep(10)  # the first round cannot be ready in time: that is the point
                stretch = accounting.Stretch(far, daemon.process)
                healthy = []
                for _ in range(10):
                    time.sleep(bench.stretch(0.8))
                    healthy.append(daemon.get("/-/healthy")[1])
                result = stretch.end()
                metrics, took = daemon.get("/metrics")
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
            "overrun": blipd.aborted(metrics, "overrun"),
            "lost": counts["lost"],
            "balance": max(0.0, counts["sent"] - counts["answered"] - counts["lost"] - flying - counts["aborted"]),
        }
