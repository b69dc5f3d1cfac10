"""Three vantage points and one Prometheus: a quorum decides, and the odd one is named. As test_paging, times shortened."""

import time

import pytest
from harness.lab import Laboratory
from harness.network import Namespace
from harness.paging import RECOVERY, SUSTAINED, Paging, Told, config_of, scenario, wait_until_second
from harness.processes import wait_until

ODD, ODD_OVER = 16, 62  # c alone finds the country down: its path is cut, its controls answer
OWN_LINK, LINK_BACK = 66, 120  # c's own link is cut
GONE, RETURNED = 80, 100  # for a and b
MANY_END = RETURNED + RECOVERY + 12
SCENARIOS = {
    "a": [(GONE, RETURNED, "all")],
    "b": [(GONE, RETURNED, "all")],
    "c": [(ODD, ODD_OVER, "all"), (OWN_LINK, LINK_BACK, "vantage")],
}


def join(monitor, lab, number):
    """A link from where Prometheus is to a vantage point; the address of the latter."""
    near, far = f"198.19.{number}.1", f"198.19.{number}.2"
    monitor.run("ip", "link", "add", f"to{number}", "type", "veth", "peer", "name", "monitor", "netns", str(lab.namespace.pid))
    for namespace, link, address in ((monitor, f"to{number}", near), (lab.namespace, "monitor", far)):
        namespace.run("ip", "addr", "add", f"{address}/30", "dev", link)
        namespace.run("ip", "link", "set", link, "up")
    return far


@pytest.fixture(scope="module")
def many(run_for_module, module_directory):
    labs, paging = {}, None
    monitor = Namespace.make(module_directory, "monitor")
    try:
        for name, timeline in SCENARIOS.items():
            labs[name] = Laboratory(scenario(*timeline), module_directory / name)
        targets = []
        for number, (name, lab) in enumerate(labs.items()):
            run_for_module(lab.namespace, config_of(name, listen="0.0.0.0:10547"), name=f"blipd-{name}")
            targets.append(f"{join(monitor, lab, number)}:10547")
        paging = Paging(monitor, module_directory / "many", targets)
        wait_until(lambda: len(paging.query("blipd:country_vote == 0")) == 3, ODD, "all three know the country to be well")
        last = labs["c"]
        assert time.monotonic() < last.started + ODD, "this machine was too slow to be ready in time"
        wait_until_second(last, GONE - 2)
        votes = {labels["vantage"]: value for labels, value in paging.query("blipd:country_vote")}
        wait_until_second(last, MANY_END)
        yield Told(last.started, paging), votes
    finally:
        if paging is not None:
            paging.close()
        monitor.close()
        for lab in labs.values():
            lab.close()


def test_with_three_no_rule_fails(many):
    assert many[0].rule_errors == []


def test_one_that_alone_finds_the_country_down_does_not_page_and_is_named(many):
    told, _ = many
    assert told.names(0, OWN_LINK) == {"BlipdVantagePointDisagrees", "BlipdCountrySeenFromSomePlaces"}
    (at, labels, texts), *_ = told.alerts("BlipdVantagePointDisagrees")
    assert ODD + SUSTAINED + 30 <= at
    assert labels["vantage"] == "c"
    assert "c alone finds KP down" in texts["summary"]
    assert "Down from c; up from a, b." in told.alerts("BlipdCountrySeenFromSomePlaces")[0][2]["description"]


def test_one_that_is_cut_off_is_named_and_the_others_have_a_quorum(many):
    told, votes = many
    assert votes == {"a": 0, "b": 0}
    faults = told.alerts("BlipdVantageFault")
    assert {labels["vantage"] for _, labels, _ in faults} == {"c"}
    assert OWN_LINK + SUSTAINED <= faults[0][0] < LINK_BACK
    assert "BlipdTooFewVantagePoints" not in told.names(0, MANY_END)


def test_two_healthy_ones_page_once_and_resolve_once(many):
    told, _ = many
    ((at, page),) = told.pages("firing")
    assert GONE + SUSTAINED <= at < RETURNED
    assert "Seen from a, b; 2 of 3 vantage points are healthy." in page.alerts[0]["annotations"]["description"]
    ((over, _),) = told.pages("resolved")
    assert over >= RETURNED + RECOVERY
