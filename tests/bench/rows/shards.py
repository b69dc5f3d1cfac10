"""Two shards, as fast as it goes: the rate is raised until something is lost or not sent in time."""

import time

from rig import accounting, blipd, pingers
from rig.far_end import FarEndDidNotKeepUp, addresses
from rig.report import AtLeast, Figure

CHANNELS = 100_000
RATES = {1: (100_000, 125_000, 150_000), 2: (200_000, 225_000, 250_000, 300_000)}


def engine(shards: int) -> str:
    return f"engine: {{shards: {shards}}}" if shards > 1 else ""


class Shards:
    name = "shards"
    title = "as fast as it goes without loss, 100,000 channels; the far kernel answers at once"
    rounds = None
    figures = [
        Figure("two_rate", "two shards", "/s", AtLeast(200_000)),
        Figure("two_us", "two shards, CPU per probe", "µs"),
        Figure("one_rate", "one shard", "/s"),
        Figure("one_us", "one shard, CPU per probe", "µs"),
        Figure("zmap_rate", "zmap, one sender", "/s"),
        Figure("zmap_us", "zmap", "µs"),
        Figure("masscan_rate", "masscan", "/s"),
        Figure("masscan_us", "masscan", "µs"),
    ]

    def measure(self, bench) -> dict:
        found = {}
        for shards, name in ((1, "one"), (2, "two")):
            probe = blipd.configuration(addresses(1), extra=engine(shards))
            if not blipd.accepts(probe, bench.directory):
                found[f"{name}_missing"] = "not available: this blipd knows no engine.shards"
                bench.say(f"  {shards} shards: {found[f'{name}_missing']}")
                continue
            fastest = self._fastest(bench, shards)
            found |= {f"{name}_{key}": value for key, value in fastest.items()}
        runs = {
            "zmap": lambda far: pingers.zmap(far, bench.directory, rate=1_000_000, probes=8),
            "masscan": lambda far: pingers.masscan(far, bench.directory, rate=1_000_000),
        }
        for name, run in runs.items():
            theirs = bench.beside(name, run, far="kernel")
            if theirs:
                found |= {f"{name}_{key}": value for key, value in theirs.items()}
        return found

    def _fastest(self, bench, shards: int) -> dict:
        """Of the last rate at which everything was sent in time and answered."""
        best = {"rate": 0.0, "us": None}
        for rate in RATES[shards][: 2 if bench.quick else None]:
            result = self._at(bench, shards, rate)
            if result["lost"] or result["aborted"] or result["rate"] < 0.97 * rate:
                best["stopped_by"] = {"asked": rate, **result}
                break
            best |= {"rate": result["rate"], "us": result["us"]}
        return best

    def _at(self, bench, shards: int, rate: int) -> dict:
        interval = round(1000 * CHANNELS / rate)
        text = blipd.configuration(
            addresses(CHANNELS), interval=f"{interval}ms", timeout=f"{interval - 20}ms", extra=engine(shards)
        )
        with bench.far_ends.kernel() as far:
            with blipd.running(far, bench.directory, text) as daemon:
                stretch = accounting.Stretch(far, daemon.process)
                time.sleep(bench.stretch(4))
                result = stretch.end()
                counts = blipd.settled(daemon.counts(CHANNELS))
                daemon.end()
            try:
                far.check()
            except FarEndDidNotKeepUp as failure:
                result["void"] = str(failure)
        bench.say(f"  {shards} shard(s), {rate}/s: {result['rate']:.0f}/s, {counts['lost']:.0f} lost")
        return result | {"lost": counts["lost"], "aborted": counts["aborted"]}
