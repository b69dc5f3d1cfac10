"""Fifty thousand probes a second into a country that loses, doubles and reorders: what blipd counts for each host is what
the laboratory counted itself, to the packet. A machine too busy to keep the pace sends less, and that must be said
(overrun), never shown as loss."""

import collections
import json
import os
import pathlib
import signal

import pytest
from harness.daemon import configuration
from harness.lab import Laboratory
from harness.processes import wait_until

HOSTS, INTERVAL, SECONDS = 10_000, 0.2, 12
ADDRESSES = [f"198.18.{100 + i // 250}.{1 + i % 250}" for i in range(HOSTS)]
SCENARIO = {
    "country": "KP",
    "networks": [
        {
            "name": "plain",
            "prefixes": ["198.18.100.0/22", "198.18.104.0/21", "198.18.112.0/20", "198.18.128.0/20"],
            "targets": [{"name": f"t{i}", "host": address} for i, address in enumerate(ADDRESSES)],
            "loss": 0.05,
            "rtt": {"shape": "normal", "mean": "50ms", "deviation": "5ms", "minimum": "20ms"},
            "duplicated": {"ratio": 0.05, "delay": "3ms"},
            "reordered": {"ratio": 0.05, "delay": "300ms"},
        }
    ],
}
# An answer that the laboratory was slow to give is late, not missing: it is waited for.
PROBES = {"ping": {"type": "icmp", "interval": f"{int(INTERVAL * 1000)}ms", "timeout": "2s"}}
BUDGET = {"total_rate": 2 * HOSTS / INTERVAL, "prefix_rate": 0}

pytestmark = pytest.mark.alone


class Counted:
    """By host: what blipd says, and what the laboratory says."""


@pytest.fixture(scope="module", params=[1, 2], ids=["one shard", "two shards"])
def counted(request, run_for_module, module_directory):
    lab = Laboratory(SCENARIO, module_directory / f"shards-{request.param}")
    try:
        yield _count(lab, run_for_module, {"shards": request.param})
    finally:
        lab.close()


def _count(lab, run, engine):
    targets = {f"t{i}": (address, ["ping"]) for i, address in enumerate(ADDRESSES)}
    config = configuration(targets, PROBES, budget=BUDGET, engine=engine)
    daemon = run(lab.namespace, config, directory=lab.stats_file.parent)
    daemon.wait_ready(30)
    wait_until(lambda: _requests(lab) >= HOSTS / INTERVAL * SECONDS, 60, "so many probes", 0.5)
    # From now on nobody is asked, so that everything that is under way gets its verdict.
    refused = BUDGET | {"do_not_probe": ["198.18.0.0/15"]}
    daemon.reload(configuration(targets, PROBES, budget=refused, engine=engine))

    def look():
        return daemon.scrape("blipd_probes_", "blipd_answers_", "blipd_capture_drops", "blipd_socket_drops", timeout=30)

    wait_until(lambda: look().sum("blipd_probes_in_flight") == 0, 30, "nothing in flight", 0.5)
    metrics = look()
    daemon.stop(within=5)
    seen = Counted()
    seen.metrics = metrics
    seen.ours = collections.defaultdict(dict)
    for what, name in {
        "sent": "blipd_probes_sent_total",
        "answered": "blipd_probes_answered_total",
        "lost": "blipd_probes_lost_total",
        "late": "blipd_answers_late_total",
        "duplicated": "blipd_answers_duplicate_total",
        "reordered": "blipd_answers_reordered_total",
    }.items():
        for labels, value in metrics.series(name).items():
            seen.ours[dict(labels)["target"]][what] = seen.ours[dict(labels)["target"]].get(what, 0) + int(value)
    seen.lab = _statistics(lab)
    seen.theirs = {row["target"]: row["icmp"] for row in seen.lab["targets"] if "icmp" in row}
    return seen


def _statistics(lab) -> dict:
    before = lab.stats_file.stat().st_mtime_ns if lab.stats_file.exists() else 0
    os.kill(lab.process.pid, signal.SIGUSR1)
    wait_until(lambda: lab.stats_file.exists() and lab.stats_file.stat().st_mtime_ns > before, 10, "statistics", 0.02)
    return json.loads(lab.stats_file.read_text())


def _requests(lab) -> int:
    """As the device in the laboratory's namespace counts them: asking the laboratory itself would hold it up."""
    fields = pathlib.Path(f"/proc/{lab.namespace.pid}/net/dev").read_text().split("lab0:")[1].split()
    return int(fields[9])


def test_every_host_was_asked_and_the_laboratory_lost_nothing_of_its_own(counted):
    packets = counted.lab["packets"]
    assert packets["device_drops"] == packets["write_errors"] == packets["malformed"] == packets["nobody"] == 0, packets
    assert len(counted.theirs) == len(counted.ours) == HOSTS
    total = counted.lab["total"]
    assert total["requests"] >= 0.9 * HOSTS / INTERVAL * SECONDS
    assert min(total["lost"], total["duplicated"], total["overtaken"]) > 0.02 * total["requests"], "nothing was tested"


def _differences(counted, claim) -> list:
    return [(target, ours, counted.theirs[target]) for target, ours in counted.ours.items()
            if not claim(ours, counted.theirs[target])][:5]  # fmt: skip


def test_what_was_sent_arrived(counted):
    assert _differences(counted, lambda ours, theirs: ours["sent"] == theirs["requests"]) == []


def test_what_was_answered_is_answered(counted):
    """In time, or late where the laboratory was slow: never a loss of its own."""
    assert _differences(counted, lambda ours, theirs: ours["answered"] + ours["late"] == theirs["answered"]) == []


def test_what_was_lost_is_lost(counted):
    assert _differences(counted, lambda ours, theirs: ours["lost"] - ours["late"] == theirs["lost"]) == []


def test_what_came_twice_is_a_duplicate(counted):
    assert _differences(counted, lambda ours, theirs: ours["duplicated"] == theirs["duplicated"]) == []


def test_what_was_overtaken_is_reordered(counted):
    """An answer that came late has no place in the order."""
    if counted.metrics.sum("blipd_answers_late_total") == 0:
        assert _differences(counted, lambda ours, theirs: ours["reordered"] == theirs["overtaken"]) == []
    else:
        ours = counted.metrics.sum("blipd_answers_reordered_total")
        assert abs(ours - counted.lab["total"]["overtaken"]) <= 2 * counted.metrics.sum("blipd_answers_late_total")


def test_nothing_was_dropped_and_what_was_not_sent_is_overrun(counted):
    metrics = counted.metrics
    assert metrics.value("blipd_capture_drops_total") == metrics.value("blipd_socket_drops_total") == 0
    said = metrics.sum("blipd_probes_aborted_total", reason="overrun") + metrics.sum(
        "blipd_probes_aborted_total", reason="unresolved"
    )
    assert metrics.sum("blipd_probes_aborted_total") == said
