"""A reload of a hundred thousand channels of which one in a hundred has changed."""

import signal
import time

from harness.processes import wait_until
from rig import blipd, lateness
from rig.far_end import addresses
from rig.report import AtMost, Figure

CHANNELS = 100_000
CHANGED = 1000
RELOADS = 3


def with_changes(count: int, changed: int, turn: int) -> str:
    """The same configuration with other addresses for `changed` of the targets, others each turn."""
    hosts = addresses(count + changed)
    spare = hosts[count:]
    for i in range(changed):
        hosts[(i * (count // changed) + turn) % count] = spare[i]
    return blipd.configuration(hosts[:count])


def reload_once(daemon: blipd.Blipd, text: str) -> float:
    """Seconds from SIGHUP to the log's line that the difference was applied."""
    daemon.rewrite(text)
    before = daemon.log.count("event=reloaded")
    began = time.monotonic()
    daemon.process.signal(signal.SIGHUP)
    wait_until(lambda: daemon.log.count("event=reloaded") > before, 120, "the reload is applied", 0.005)
    return time.monotonic() - began


class Reload:
    name = "reload"
    title = "reload of 100,000 channels at 1 s, 50 ms away, 1 % changed"
    rounds = None
    figures = [
        Figure("seconds", "from SIGHUP to the log's line, longest", "s", AtMost(1)),
        Figure("lag_p99_ms", "lag p99 over the reloads", "ms", AtMost(15)),
        Figure("realtime_lag_p99_ms", "the same with the probing thread at real-time priority", "ms", AtMost(15)),
        Figure("machine_lag_p99_ms", "the machine's own: a real-time thread's beside it, p99", "ms"),
        Figure("machine_lag_worst_ms", "the same, longest", "ms"),
        Figure("lost", "lost meanwhile", "", AtMost(0), "worst"),
        Figure("overrun", "not sent in time meanwhile", "", None, "worst"),
    ]

    def measure(self, bench) -> dict:
        return blipd.without_and_with_priority(bench, _reloads)


def _reloads(bench, **more) -> dict:
    text = blipd.configuration(addresses(CHANNELS))
    with bench.far_ends.responder() as far:
        with blipd.running(far, bench.directory, text, **more) as daemon:
            texts = [with_changes(CHANNELS, CHANGED, turn) for turn in range(1, RELOADS + 1)]
            before = daemon.counts(CHANNELS)
            first, _ = daemon.head()
            times = []
            with lateness.watched() as end_watch:
                for changed in texts:
                    times.append(reload_once(daemon, changed))
                    time.sleep(1.5)
                machine = end_watch()
            last, _ = daemon.head()
            after = daemon.counts(CHANNELS)
            daemon.end()
        far.check(punctual=False)
    return {
        "seconds": max(times),
        "times": times,
        "lag_p99_ms": blipd.lag_quantile_ms(first, last),
        **machine,
        "lost": blipd.settled(after)["lost"],
        "overrun": blipd.aborted(after, "overrun") - blipd.aborted(before, "overrun"),
    }
