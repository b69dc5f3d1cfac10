"""How cost grows with the number of channels, and whether a million start."""

import time

from rig import accounting, blipd, lateness
from rig.far_end import addresses, addresses6
from rig.report import AtMost, Figure, growth_exponent
from rows.reload import reload_once, with_changes

SIZES = (100, 1000, 10_000, 100_000)
MILLION = 1_000_000
KEPT = 1 << 30  # of a million's scrape: the counters come first, and all of it would be many gigabytes


class Growth:
    name = "growth"
    title = "growth from 100 to 100,000 channels at 1 s, 50 ms away: exponent from the last but one to the last (1 is linear)"
    rounds = 1
    # A tenth beyond 1 is what a noisy machine makes of a straight line through two points a factor of ten apart.
    figures = [
        Figure(f"exponent_{key}", what, "", AtMost(1.1))
        for key, what in (
            ("core_percent", "CPU"),
            ("resident_mib", "resident memory, scraped"),
            ("ready_seconds", "start-up"),
            ("reload_seconds", "reload of 1 %"),
            ("scrape_seconds", "scrape"),
        )
    ] + [
        Figure("lag_p99_ms", "lag p99 of the last", "ms", AtMost(15)),
        Figure("machine_lag_p99_ms", "the machine's own meanwhile: a real-time thread's, p99", "ms"),
        Figure("machine_lag_worst_ms", "the same, longest", "ms"),
    ]

    def measure(self, bench) -> dict:
        counts = SIZES[:-1] if bench.quick else SIZES
        sizes = [self._at(bench, count) for count in counts]
        found = {"sizes": sizes} | {key: value for key, value in sizes[-1].items() if "lag_" in key}
        for figure in self.figures:
            if figure.key.startswith("exponent_"):
                key = figure.key.removeprefix("exponent_")
                found[figure.key] = growth_exponent(counts[-2:], [size[key] for size in sizes[-2:]])
        return found

    def _at(self, bench, count: int) -> dict:
        with bench.far_ends.responder() as far:
            with blipd.running(far, bench.directory, blipd.configuration(addresses(count))) as daemon:
                first, _ = daemon.head()
                stretch = accounting.Stretch(far, daemon.process)
                time.sleep(bench.stretch(5))
                result = stretch.end()
                with lateness.watched() as end_watch:
                    # The median of three: a single one of a small size is mostly noise.
                    scrapes = sorted(daemon.head()[1] for _ in range(3))
                    reloads = sorted(reload_once(daemon, with_changes(count, count // 100, turn)) for turn in (1, 2, 3))
                    machine = end_watch()
                last, _ = daemon.head()
                resident = accounting.memory_bytes(daemon.process.pid)
                lost = blipd.settled(daemon.counts(count))["lost"]
                daemon.end()
            far.check(punctual=False)
        bench.say(f"  {count} channels: {result['us']:.2f} µs a probe")
        return {
            "channels": count,
            "us": result["us"],
            "core_percent": result["core_percent"],
            "resident_mib": resident / 2**20,
            "ready_seconds": daemon.ready_seconds,
            "reload_seconds": reloads[1],
            "scrape_seconds": scrapes[1],
            "lag_p99_ms": blipd.lag_quantile_ms(first, last),
            **machine,
            "lost": lost,
        }


class Million:
    name = "million"
    title = "a million channels at 20 s, over IPv6; the far kernel answers at once"
    rounds = 1
    figures = [
        Figure("ready_seconds", "ready after", "s"),
        Figure("resident_mib", "resident, unscraped", "MiB"),
        Figure("rate", "probes", "/s"),
        Figure("core_percent", "CPU", "% of a core"),
        Figure("lost", "lost", "", AtMost(0), "worst"),
        Figure("aborted", "aborted", "", None, "worst"),
        Figure("scrape_seconds", "a scrape", "s"),
        Figure("body_mib", "size of a scrape", "MiB"),
    ]

    def measure(self, bench) -> dict:
        count = MILLION if not bench.quick else MILLION // 10
        text = blipd.configuration(addresses6(count), interval="20s", timeout="2s")
        with bench.far_ends.kernel() as far:
            with blipd.running(far, bench.directory, text, ready_within=300) as daemon:
                before = far.far_packets()
                cpu = accounting.cpu_nanoseconds(daemon.process.pid)
                began = time.monotonic()
                time.sleep(bench.stretch(10))
                passed = time.monotonic() - began
                core = (accounting.cpu_nanoseconds(daemon.process.pid) - cpu) / 1e7 / passed
                rate = (far.far_packets() - before) / passed
                resident = accounting.memory_bytes(daemon.process.pid)
                metrics, took = daemon.get("/metrics", timeout=180, keep=KEPT)
                size = daemon.received
                daemon.end()
        counts = blipd.settled(metrics)
        return {
            "ready_seconds": daemon.ready_seconds,
            "resident_mib": resident / 2**20,
            "rate": rate,
            "core_percent": core,
            "lost": counts["lost"],
            "aborted": counts["aborted"],
            "scrape_seconds": took,
            "body_mib": size / 2**20,
            **({} if count == MILLION else {"million_missing": f"a quick run asks {count:,} channels"}),
        }
