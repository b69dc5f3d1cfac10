"""TCP, half-open and by whole handshakes, beside blackbox_exporter."""

import math
import time

from rig import accounting, blipd, exporters
from rig.far_end import addresses
from rig.report import AtLeast, AtMost, Figure

RATE = 5000


class Tcp:
    name = "tcp"
    title = "TCP, 5,000 channels at 1 s, 50 ms away: CPU per probe"
    rounds = None
    figures = [
        Figure("syn_us", "blipd, half-open", "µs", AtMost(15)),
        Figure("syn_lost", "half-open: false loss", "", AtMost(0), "worst"),
        Figure("connect_us", "blipd, whole handshake", "µs", AtMost(50)),
        Figure("connect_lost", "whole handshake: false loss", "", AtMost(0), "worst"),
        Figure("connect_aborted", "whole handshake: aborted", "", None, "worst"),
        Figure("blackbox_us", "blackbox_exporter, as fast as it goes", "µs"),
        Figure("blackbox_rate", "blackbox_exporter's rate", "/s"),
        Figure("ratio", "blackbox_exporter / blipd's whole handshake", "×", AtLeast(1)),
    ]

    def measure(self, bench) -> dict:
        seconds, found = bench.stretch(8), {}
        for mode in ("syn", "connect"):
            text = blipd.configuration(addresses(RATE), probe=f"type: tcp, port: 80, mode: {mode}")
            with bench.far_ends.responder() as far:
                with blipd.running(far, bench.directory, text) as daemon:
                    stretch = accounting.Stretch(far, daemon.process, "handshakes")
                    time.sleep(seconds)
                    result = stretch.end()
                    counts = blipd.settled(daemon.get("/metrics")[0])
                    daemon.end()
                far.check()
            found |= {f"{mode}_{key}": result[key] for key in ("us", "rate", "core_percent")}
            found |= {f"{mode}_lost": counts["lost"], f"{mode}_aborted": counts["aborted"]}
        theirs = bench.beside(
            "blackbox", lambda far: exporters.blackbox(far, bench.directory, addresses(RATE), "tcp", math.inf, seconds)
        )
        if theirs:
            found |= {"blackbox_us": theirs["us"], "blackbox_rate": theirs["rate"], "ratio": theirs["us"] / found["connect_us"]}
        return found
