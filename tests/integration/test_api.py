"""Outages and targets over HTTP: from the journal, and from memory where there is none or it cannot be read."""

import json
import time

import pytest
from harness.daemon import configuration
from harness.journal import report
from harness.lab import Laboratory
from harness.processes import wait_until

CUT, BACK = 6, 12  # seconds of the scenario
CONTROLS = [
    {"name": f"c{i}", "host": f"198.18.{200 + i}.1", "network": f"outside{i % 3}", "probes": ["ping"]} for i in range(5)
]
SCENARIO = {
    "country": "KP",
    "defaults": {"rtt": "20ms"},
    "networks": [{"name": "north", "prefixes": ["198.18.1.0/24"], "default": "answer", "open": [80]}],
    "controls": [{"name": c["name"], "network": c["network"], "host": c["host"]} for c in CONTROLS],
    "timeline": [{"at": f"{CUT}s", "for": f"{BACK - CUT}s", "networks": ["north"], "effect": "cut"}],
}
PROBES = {
    "ping": {"type": "icmp", "interval": "1s", "timeout": "900ms"},
    "web": {"type": "tcp", "port": 80, "mode": "syn", "interval": "2s", "timeout": "900ms"},
}
TARGETS = {"north": {f"t{i}": (f"198.18.1.{i + 1}", ["ping", "web"]) for i in range(4)}}


class Two:
    """Two daemons that watch the same: one keeps a journal, one does not."""

    def __init__(self, lab, start, directory):
        self.lab = lab
        self.journal = directory / "journal.db"
        with_journal, without = (
            configuration(TARGETS, PROBES, controls=CONTROLS, journal=str(journal), port=port)
            for journal, port in ((self.journal, 10547), ("none", 10548))
        )
        self.keeps = start(lab.namespace, with_journal, name="keeps")
        self.forgets = start(lab.namespace, without, name="forgets")
        for daemon in (self.keeps, self.forgets):
            daemon.wait_listening()

    def open_events(self):
        """How many each of them tells of."""
        return [
            sum(event["end"] is None for event in outages(daemon)["events"]) for daemon in (self.keeps, self.forgets)
        ]


def ask(daemon, path, status=200):
    given, text = daemon.request(path)
    assert given == status, text
    return json.loads(text)


def outages(daemon, query=""):
    return ask(daemon, f"/api/v1/outages{query}")


@pytest.fixture(scope="module")
def two(run_for_module, module_directory, tmp_path_factory):
    lab = Laboratory(SCENARIO, module_directory)
    try:
        made = Two(lab, run_for_module, tmp_path_factory.mktemp("journal"))
        time.sleep(max(0.0, lab.started + CUT + 1 - time.monotonic()))
        wait_until(lambda: all(made.open_events()), 8, "an outage is told by both while it lasts")
        wait_until(lambda: not any(made.open_events()), 20, "both tell its end")
        yield made
    finally:
        lab.close()


def by_id(events):
    return {event["id"]: event for event in events}


def places(answer):
    return [(event["scope"], event["kind"]) for event in answer["events"]]


def test_outages_come_from_the_journal_where_there_is_one(two):
    answer = outages(two.keeps)
    assert (answer["source"], answer["problem"], answer["next_to"]) == ("journal", "", None)
    assert {("network", "outage"), ("country", "outage")} <= set(places(answer))
    def are_the_same():
        """The journal is a second behind, and where its report ends by itself is noted every ten."""
        written = report(two.journal, "--from", "0", "--to", "4102444800")
        return by_id(written["events"]) == by_id(outages(two.keeps)["events"])

    wait_until(are_the_same, 5, "the report says the same")


def test_outages_come_from_memory_where_there_is_no_journal(two):
    answer = outages(two.forgets)
    assert answer["source"] == "memory"
    assert answer["problem"].startswith("no journal is kept")
    assert {("network", "outage"), ("country", "outage")} <= set(places(answer))


def test_outages_come_from_memory_while_the_journal_cannot_be_read(two):
    told = outages(two.keeps)["events"]
    aside = two.journal.with_suffix(".aside")
    two.journal.rename(aside)
    two.journal.mkdir()  # so that no new one is begun meanwhile
    try:
        answer = outages(two.keeps)
        assert answer["source"] == "memory"
        assert "cannot be read" in answer["problem"]
        # On a busy machine the values may be some seconds old.
        wait_until(lambda: outages(two.keeps)["events"] == told, 10, "memory tells the same")
    finally:
        two.journal.rmdir()
        aside.rename(two.journal)


def test_a_range_is_held_to_and_bad_ones_are_refused(two):
    begun = outages(two.keeps)["events"][0]["start"]["earliest"]
    assert outages(two.keeps, f"?from=0&to={begun}")["events"] == []
    assert outages(two.keeps, f"?from={begun}&to=4102444800")["events"]
    for query, word in (
        ("?from=yesterday", "yesterday"),
        ("?from=10&to=5", "not before"),
        ("?form=0", "from and to"),
        ("?from=%zz", "query"),
    ):
        assert word in ask(two.keeps, f"/api/v1/outages{query}", 400)["error"]


def test_each_target_is_told_with_its_place_channels_and_last_answer(two):
    targets = ask(two.keeps, "/api/v1/targets")["targets"]
    assert [(t["country"], t["network"], t["name"], t["host"]) for t in targets if not t["control"]] == [
        ("KP", "north", name, host) for name, (host, _) in TARGETS["north"].items()
    ]
    assert {t["name"] for t in targets if t["control"]} == {c["name"] for c in CONTROLS}
    for target in targets:
        assert target["state"] == "up"
        assert target["last_answered"]
        assert [c["probe"] for c in target["channels"]] == (["ping"] if target["control"] else ["ping", "web"])
        for channel in target["channels"]:
            assert channel["last"]["rtt_seconds"] >= 0.02
