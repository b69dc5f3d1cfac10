"""A thousand channels: what watching a small country costs all day."""

import time

from rig import accounting, blipd, exporters
from rig.far_end import addresses
from rig.report import AtMost, Figure

CHANNELS = 1000


class Calm:
    name = "calm"
    title = "calm: 1,000 channels at 1 s, 50 ms away"
    rounds = None
    figures = [
        Figure("core_percent", "blipd", "% of a core", AtMost(2.5)),
        Figure("us", "blipd, per probe", "µs"),
        Figure("lost", "blipd: false loss", "", AtMost(0), "worst"),
        Figure("blackbox_core_percent", "blackbox_exporter, 1,000 a second", "% of a core"),
        Figure("blackbox_rate", "blackbox_exporter's rate", "/s"),
    ]

    def measure(self, bench) -> dict:
        hosts, seconds = addresses(CHANNELS), bench.stretch(10)
        with bench.far_ends.responder() as far:
            with blipd.running(far, bench.directory, blipd.configuration(hosts)) as daemon:
                stretch = accounting.Stretch(far, daemon.process)
                time.sleep(seconds)
                found = stretch.end()
                found["lost"] = blipd.settled(daemon.get("/metrics")[0])["lost"]
                daemon.end()
            far.check()
        theirs = bench.beside(
            "blackbox", lambda far: exporters.blackbox(far, bench.directory, hosts, "icmp", CHANNELS, seconds)
        )
        if theirs:
            found |= {f"blackbox_{key}": theirs[key] for key in ("core_percent", "rate", "us")}
        return found
