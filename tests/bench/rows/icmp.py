"""ICMP at the rate that fping reaches: what a probe costs, beside the machine's limit and the peers."""

import math
import time

from rig import accounting, blipd, exporters, pingers
from rig.far_end import addresses
from rig.report import AtLeast, AtMost, Figure

CHANNELS = 6500


class Icmp:
    name = "icmp"
    title = "ICMP, 6,500 channels at 1 s, 50 ms away: CPU per probe, windows and verdicts included"
    rounds = None
    figures = [
        Figure("us", "blipd", "µs", AtMost(9)),
        Figure("lost", "blipd: false loss", "", AtMost(0), "worst"),
        Figure("bare_us", "bare loop", "µs"),
        Figure("bare_ratio", "blipd / bare loop", "×", AtMost(1.25)),
        Figure("paced_us", "fping, paced", "µs"),
        Figure("paced_ratio", "fping, paced / blipd", "×", AtLeast(6)),
        Figure("burst_us", "fping, in bursts", "µs"),
        Figure("burst_ratio", "fping, in bursts / blipd", "×"),
        Figure("scamper_us", "scamper", "µs"),
        Figure("scamper_ratio", "scamper / blipd", "×"),
        Figure("blackbox_us", "blackbox_exporter, as fast as it goes", "µs"),
        Figure("blackbox_rate", "blackbox_exporter's rate", "/s"),
        Figure("blackbox_ratio", "blackbox_exporter / blipd", "×", AtLeast(60)),
        Figure("smokeping_us", "smokeping_prober, 100 targets", "µs"),
        Figure("smokeping_ratio", "smokeping_prober / blipd", "×", AtLeast(150)),
    ]

    def measure(self, bench) -> dict:
        hosts = addresses(CHANNELS)
        seconds = bench.stretch(8)
        tools = {
            "bare": lambda far: pingers.bare(far, bench.directory, hosts, seconds),
            "paced": lambda far: pingers.fping(far, bench.directory, hosts, seconds, gap=0.6 / CHANNELS),
            "burst": lambda far: pingers.fping(far, bench.directory, hosts, seconds, gap=1e-6),
            "scamper": lambda far: pingers.scamper(far, bench.directory, hosts, seconds),
            "blackbox": lambda far: exporters.blackbox(far, bench.directory, hosts, "icmp", math.inf, seconds),
            "smokeping": lambda far: pingers.smokeping_prober(far, bench.directory, hosts[:100], seconds),
        }
        with bench.far_ends.responder() as far:
            ours = _blipd(far, bench, hosts, seconds)
            far.check()
        found = {**ours}
        for name, run in tools.items():
            theirs = bench.beside(name, run)
            if theirs is None:
                continue
            found |= {f"{name}_{key}": theirs[key] for key in ("us", "rate", "lost", "asked", "resident") if key in theirs}
            # How much dearer than blipd; of the bare loop, how much dearer blipd is.
            found[f"{name}_ratio"] = ours["us"] / theirs["us"] if name == "bare" else theirs["us"] / ours["us"]
        return found


def _blipd(far, bench, hosts, seconds) -> dict:
    with blipd.running(far, bench.directory, blipd.configuration(hosts)) as daemon:
        stretch = accounting.Stretch(far, daemon.process)
        time.sleep(seconds)
        result = stretch.end()
        metrics, _ = daemon.get("/metrics")
        counts = blipd.settled(metrics)
        bench.note_build(metrics)
        daemon.end()
    return result | {"lost": counts["lost"], "aborted": counts["aborted"], "answered": counts["answered"]}
