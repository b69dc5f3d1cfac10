"""The story of a country, told by the laboratory: one network goes, then all of them, then our own link."""

import time

import pytest
from harness.daemon import Watcher, configuration
from harness.lab import Laboratory
from harness.metrics import unbalanced

ONE, ALL, BACK = 7, 11, 21  # seconds of the scenario: one network is cut, all are, all are back
VANTAGE, VANTAGE_BACK, END = 32, 40, 45
NOTICED = 10  # in so many seconds, with a probe a second and a timeout of 900 ms

NETWORKS = {name: f"198.18.{number}.0/24" for number, name in enumerate(("north", "south", "east"), 1)}
SCENARIO = {
    "country": "KP",
    "defaults": {"rtt": "20ms"},
    "networks": [
        {"name": name, "prefixes": [prefix], "default": "answer", "open": [80]} for name, prefix in NETWORKS.items()
    ],
    "controls": [{"name": f"c{i}", "network": f"outside{i % 3}", "host": f"198.18.{200 + i}.1"} for i in range(5)],
    "timeline": [
        {"at": f"{ONE}s", "for": f"{BACK - ONE}s", "networks": ["north"], "effect": "cut"},
        {"at": f"{ALL}s", "for": f"{BACK - ALL}s", "all": True, "effect": "cut"},
        {"at": f"{VANTAGE}s", "for": f"{VANTAGE_BACK - VANTAGE}s", "vantage": True, "effect": "cut"},
    ],
}
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


@pytest.fixture(scope="module")
def story(run_for_module, module_directory):
    """[(second of the scenario, scrape)]."""
    lab = Laboratory(SCENARIO, module_directory)
    try:
        daemon = run_for_module(lab.namespace, configuration(TARGETS, PROBES, controls=CONTROLS))
        daemon.wait_listening()
        watcher = Watcher(daemon, rate=4)
        time.sleep(max(0.0, lab.started + END - time.monotonic()))
        daemon.stop()
        yield [(at - lab.started, metrics) for at, metrics in watcher.finish()]
    finally:
        lab.close()


def level(metrics):
    return metrics.state("blipd_country_level", "level", country="KP")


def network(metrics, name):
    return metrics.state("blipd_network_state", "state", country="KP", network=name)


def first(story, since, claim):
    """The second at which the claim is first true from `since` on; a failure when it never is."""
    for at, metrics in story:
        if at >= since and claim(metrics):
            return at
    told = sorted({(level(m), *(network(m, n) for n in NETWORKS), m.value("blipd_vantage_ok")) for t, m in story if t >= since})
    pytest.fail(f"never so from {since} s on; there were {told}")


def between(story, start, end):
    return [metrics for at, metrics in story if start <= at <= end]


def test_the_country_is_normal_before_anything_happens(story):
    assert first(story, 0, lambda m: level(m) == "normal") < ONE
    before = between(story, ONE - 1, ONE)
    assert {level(m) for m in before} == {"normal"}
    assert {m.value("blipd_country_reachable_ratio", country="KP") for m in before} == {1.0}
    assert {m.value("blipd_vantage_ok") for m in before} == {1.0}


def test_one_network_cut_is_its_outage_and_not_the_countrys(story):
    assert first(story, ONE, lambda m: network(m, "north") == "outage") < ONE + NOTICED / 2
    for metrics in between(story, ONE, ALL):
        assert level(metrics) != "total"
        assert network(metrics, "south") == network(metrics, "east") == "normal"


def test_all_networks_cut_is_total_within_seconds(story):
    noticed = first(story, ALL, lambda m: level(m) == "total")
    assert noticed < ALL + NOTICED
    for metrics in between(story, noticed, BACK):
        assert level(metrics) == "total"
        assert metrics.value("blipd_vantage_ok") == 1
        assert {network(metrics, name) for name in NETWORKS} == {"outage"}
    assert metrics.value("blipd_country_reachable_ratio", country="KP") == 0


def test_it_ends_within_seconds_of_its_end(story):
    assert first(story, BACK, lambda m: level(m) in ("normal", "recovering")) < BACK + NOTICED
    assert first(story, BACK, lambda m: {network(m, n) for n in NETWORKS} <= {"normal", "recovering"}) < BACK + NOTICED
    after = between(story, VANTAGE - 1, VANTAGE)
    assert {level(m) for m in after} <= {"normal", "recovering"}
    assert {m.value("blipd_country_reachable_ratio", country="KP") for m in after} == {1.0}


def test_our_own_link_cut_is_a_vantage_fault_and_the_country_unknown(story):
    noticed = first(story, VANTAGE, lambda m: m.value("blipd_vantage_ok") == 0)
    assert noticed < VANTAGE + NOTICED / 2
    assert first(story, VANTAGE, lambda m: level(m) == "unknown") < VANTAGE + NOTICED
    for metrics in between(story, VANTAGE, END):
        assert level(metrics) != "total"
        assert "outage" not in {network(metrics, name) for name in NETWORKS}


def test_after_the_vantage_fault_the_country_is_as_before(story):
    assert first(story, VANTAGE_BACK, lambda m: m.value("blipd_vantage_ok") == 1) < END
    assert level(story[-1][1]) in ("normal", "recovering")


def test_the_books_balance_throughout(story):
    for _, metrics in story:
        assert unbalanced(metrics) == []
