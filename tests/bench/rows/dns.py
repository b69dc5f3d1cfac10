"""DNS over UDP, beside dnsperf and blackbox_exporter."""

import math
import time

from rig import accounting, blipd, exporters
from rig.far_end import addresses
from rig.report import AtLeast, AtMost, Figure

RATE = 5000


class Dns:
    name = "dns"
    title = "DNS over UDP, 5,000 channels at 1 s, 50 ms away: CPU per probe"
    rounds = None
    figures = [
        Figure("us", "blipd", "µs", AtMost(22)),
        Figure("lost", "false loss", "", AtMost(0), "worst"),
        Figure("dnsperf_us", "dnsperf, 5,000/s to one server", "µs"),
        Figure("dnsperf_ratio", "dnsperf / blipd", "×", AtLeast(1)),
        Figure("blackbox_us", "blackbox_exporter, as fast as it goes", "µs"),
        Figure("blackbox_rate", "blackbox_exporter's rate", "/s"),
        Figure("blackbox_ratio", "blackbox_exporter / blipd", "×", AtLeast(1)),
    ]

    def measure(self, bench) -> dict:
        hosts, seconds = addresses(RATE), bench.stretch(8)
        text = blipd.configuration(hosts, probe="type: dns, query: example.test, record: A")
        with bench.far_ends.responder() as far:
            with blipd.running(far, bench.directory, text) as daemon:
                stretch = accounting.Stretch(far, daemon.process, "questions")
                time.sleep(seconds)
                found = stretch.end()
                found |= blipd.settled(daemon.get("/metrics")[0])
                daemon.end()
            far.check()
        runs = {
            "dnsperf": lambda far: exporters.dnsperf(far, bench.directory, hosts[0], RATE, seconds),
            "blackbox": lambda far: exporters.blackbox(far, bench.directory, hosts, "dns", math.inf, seconds),
        }
        for name, run in runs.items():
            theirs = bench.beside(name, run)
            if theirs:
                found |= {f"{name}_{key}": theirs[key] for key in ("us", "rate", "lost")}
                found[f"{name}_ratio"] = theirs["us"] / found["us"]
        return found
