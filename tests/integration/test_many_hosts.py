"""More than a thousand hosts of one network fall at once: each is an event, and none of them is in the way."""

import json
import re
import time

import pytest
from harness import settings
from harness.daemon import configuration
from harness.lab import Laboratory
from harness.metrics import unbalanced
from harness.processes import wait_until

CUT = 12  # seconds of the scenario
FALLEN = 1300
SIDES = {"east": 10, "west": 30}  # lab's network → the first of its prefixes' third octets
SCENARIO = {
    "country": "XX",
    "defaults": {"rtt": "20ms"},
    "networks": [
        {"name": name, "prefixes": [f"198.18.{first + i}.0/24" for i in range(6)], "default": "answer"}
        for name, first in SIDES.items()
    ],
    "timeline": [{"at": f"{CUT}s", "for": "1h", "networks": ["west"], "effect": "cut"}],
}
PROBES = {"ping": {"type": "icmp", "interval": "2s", "timeout": "900ms"}}
# Both sides are one network to blipd.
TARGETS = {
    "all": {
        f"{name}{i}": (f"198.18.{first + i // 250}.{1 + i % 250}", ["ping"])
        for i in range(FALLEN)
        for name, first in SIDES.items()
    }
}


@pytest.fixture(scope="module")
def lab(module_directory):
    made = Laboratory(SCENARIO, module_directory)
    yield made
    made.close()


class Seen:
    """Once all have fallen."""


@pytest.fixture(scope="module")
def seen(lab, run_for_module, module_directory):
    config = configuration(
        TARGETS, PROBES, country="XX", journal=str(module_directory / "journal.db"), budget={"total_rate": 0, "prefix_rate": 0}
    )
    daemon = run_for_module(lab.namespace, config)
    daemon.wait_ready()
    assert time.monotonic() < lab.started + CUT, "the hosts fell before they were known"

    def fallen():
        status = json.loads(daemon.request("/api/v1/status")[1])
        hosts = sum(event["scope"] == "target" for event in status["open_events"])
        return status if hosts + status["open_events_left_out"] == FALLEN else None

    seen = Seen()
    seen.status = wait_until(fallen, CUT + 30, "all have fallen", 0.5)
    time.sleep(11)  # what is left out of the log is said every ten seconds; the journal has all, too
    seen.metrics = daemon.scrape()
    seen.outages, to = [], ""
    while to is not None:
        page = json.loads(daemon.request(f"/api/v1/outages{to}")[1])
        seen.outages += page["events"]
        assert len(page["events"]) <= 1000
        to = page["next_to"] and f"?to={page['next_to']}"
    seen.words = lab.namespace.run(settings.blipd(), "status", "--url", "http://127.0.0.1:10547").stdout
    daemon.stop()
    seen.log = daemon.log
    return seen


def test_each_is_an_event_and_each_is_told(seen):
    hosts = {event["target"] for event in seen.outages if event["scope"] == "target"}
    assert hosts == {f"west{i}" for i in range(FALLEN)}
    assert len({event["id"] for event in seen.outages}) == len(seen.outages)


def test_the_status_has_a_thousand_of_them_and_says_so(seen):
    hosts = [event for event in seen.status["open_events"] if event["scope"] == "target"]
    assert len(hosts) == 1000
    assert seen.status["open_events_left_out"] == FALLEN - 1000
    assert f"and {FALLEN - 1000} more of hosts" in seen.words


def test_the_log_is_not_drowned_in_hosts(seen):
    lines = [line for line in seen.log.splitlines() if "event=event_begun" in line and "scope=target" in line]
    left_out = sum(map(int, re.findall(r"event=events_untold .*count=(\d+)", seen.log)))
    assert len(lines) < 400  # a hundred in each ten seconds
    assert len(lines) + left_out == FALLEN


def test_probing_goes_on(seen):
    assert unbalanced(seen.metrics) == []
    assert seen.metrics.sum("blipd_probes_aborted_total") <= 0.01 * seen.metrics.sum("blipd_probes_sent_total")
