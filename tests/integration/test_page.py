"""The page in a real browser, on a country in the laboratory."""

import json

import pytest
from harness import browser
from harness.daemon import configuration
from harness.lab import Laboratory
from harness.processes import wait_until

pytestmark = pytest.mark.browser

NETWORKS = {name: f"198.18.{number}.0/24" for number, name in enumerate(("north", "south", "east"), 1)}
PROBES = {
    "ping": {"type": "icmp", "interval": "1s", "timeout": "900ms"},
    "web": {"type": "tcp", "port": 80, "mode": "syn", "interval": "1s", "timeout": "900ms"},
}
TARGETS = {
    name: {f"{name}{i}": (f"{prefix.removesuffix('.0/24')}.{i + 1}", ["ping", "web"]) for i in range(4)}
    for name, prefix in NETWORKS.items()
}
CONTROLS = [
    {"name": f"c{i}", "host": f"198.18.{200 + i}.1", "network": f"outside{i % 3}", "probes": ["ping"]} for i in range(5)
]


def scenario(*timeline) -> dict:
    return {
        "country": "KP",
        "defaults": {"rtt": "20ms"},
        "networks": [
            {"name": name, "prefixes": [prefix], "default": "answer", "open": [80]} for name, prefix in NETWORKS.items()
        ],
        "controls": [{"name": f"c{i}", "network": f"outside{i % 3}", "host": f"198.18.{200 + i}.1"} for i in range(5)],
        "timeline": list(timeline),
    }


@pytest.fixture
def country(run, directory):
    """country(*timeline) starts the laboratory and a daemon that watches it."""
    labs = []

    def start(*timeline, **rest):
        labs.append(Laboratory(scenario(*timeline), directory / "lab"))
        config = configuration(TARGETS, PROBES, controls=CONTROLS, journal=str(directory / "journal.db"), **rest)
        daemon = run(labs[-1].namespace, config)
        daemon.wait_ready()
        return daemon

    yield start
    for lab in labs:
        lab.close()


def test_the_level_changes_within_three_seconds_of_the_api(country):
    daemon = country({"at": "14s", "for": "12s", "all": True, "effect": "cut"})
    print(browser.expect("level", daemon))


@pytest.fixture(scope="module")
def outage(run_for_module, module_directory):
    """In the middle of an outage of one network, a minute after the start."""
    lab = Laboratory(scenario({"at": "8s", "for": "1h", "networks": ["north"], "effect": "cut"}), module_directory / "lab")
    try:
        journal = str(module_directory / "journal.db")
        daemon = run_for_module(lab.namespace, configuration(TARGETS, PROBES, controls=CONTROLS, journal=journal)).wait_ready()
        daemon.wait_for(
            lambda m: m.state("blipd_network_state", "state", country="KP", network="north") == "outage",
            30,
            "the north is out",
        )
        # Two minutes are on record then.
        wait_until(lambda: _minutes(daemon) >= 2, 130, "minutes are on record", 1)
        yield daemon
    finally:
        lab.close()


def _minutes(daemon) -> int:
    status, text = daemon.request("/api/v1/series?country=KP")
    assert status == 200, text
    return sum(json.loads(text)["states"]["minutes"])


def test_every_view_is_accessible_and_fits(outage):
    browser.expect("looks", outage)


def test_every_view_is_readable_without_scripts(outage):
    browser.expect("still", outage)


def test_events_tell_their_onset(outage):
    browser.expect("event", outage)


def test_time_can_be_zoomed_and_has_an_address(outage):
    browser.expect("zoom", outage)


def test_a_share_that_is_of_no_more_goes_without_a_stream(outage):
    browser.expect("told", outage)


def test_charts_turn_dark_with_the_system(outage):
    browser.expect("dusk", outage)


def test_a_page_that_stays_open_does_not_grow(outage):
    print(browser.expect("day", outage))
