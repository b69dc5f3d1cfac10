"""One scenario, played twice: by the laboratory to the live daemon in real time, and by `blipd simulate` in virtual time,
with one configuration. The two must tell one story: what replays and simulations show holds for the daemon."""

import dataclasses
import json
import subprocess
import time

import pytest
import yaml
from harness import settings
from harness.daemon import configuration
from harness.journal import middle, seconds
from harness.lab import Laboratory

# Seconds of the scenario. What is minutes in real life is seconds here.
BLIP, BLIP_ENDS = 11, 16  # one network
VANTAGE, VANTAGE_ENDS = 26, 34  # our own link
DEAD, DEAD_ENDS = 44, 60  # one host
OUTAGE, OUTAGE_ENDS = 70, 88  # one network
TOTAL, TOTAL_ENDS = 98, 114  # the country
END = 126
# The engine asks in another phase than the simulation does: a second for each end of an interval. The third is for what
# keeps the machine from asking on time.
CLOSE = 3.0

NETWORKS = {name: f"198.18.{number}" for number, name in enumerate(("north", "south", "east"), 1)}
CONTROLS = [{"name": f"c{i}", "network": f"outside{i % 3}", "host": f"198.18.{200 + i}.1"} for i in range(5)]


def cut(at, until, **whom):
    return {"at": f"{at}s", "for": f"{until - at}s", "effect": "cut", **whom}


SCENARIO = {
    "country": "KP",
    "seed": 1,
    "length": f"{END}s",
    "defaults": {"rtt": {"shape": "normal", "mean": "40ms", "deviation": "4ms", "minimum": "20ms"}, "loss": 0.01},
    "networks": [
        {
            "name": name,
            "prefixes": [f"{prefix}.0/24"],
            "default": "answer",
            "targets": [{"name": f"{name}{i}", "host": f"{prefix}.{i}", "open": [80]} for i in range(1, 6)],
        }
        for name, prefix in NETWORKS.items()
    ],
    "controls": [{**control, "loss": 0, "rtt": "10ms"} for control in CONTROLS],
    "timeline": [
        cut(BLIP, BLIP_ENDS, networks=["north"]),
        cut(VANTAGE, VANTAGE_ENDS, vantage=True),
        cut(DEAD, DEAD_ENDS, targets=["east/east2"]),
        cut(OUTAGE, OUTAGE_ENDS, networks=["south"]),
        cut(TOTAL, TOTAL_ENDS, all=True),
    ],
}
PROBES = {
    "ping": {"type": "icmp", "interval": "1s", "timeout": "900ms"},
    "web": {"type": "tcp", "port": 80, "mode": "syn", "interval": "1s", "timeout": "900ms"},
}
TARGETS = {
    name: {f"{name}{i}": (f"{prefix}.{i}", ["ping", "web"]) for i in range(1, 6)} for name, prefix in NETWORKS.items()
}
DETECT = {"blip_limit": "10s", "relapse": "4s", "recovery": "4s", "partial_hold": "8s"}


@dataclasses.dataclass(frozen=True)
class Told:
    """An event as both are to tell it; times in seconds of the scenario."""

    scope: str
    place: str
    kind: str
    length: str | None
    is_open: bool
    start: float = dataclasses.field(compare=False)
    end: float | None = dataclasses.field(compare=False)


def story(events, zero) -> list[Told]:
    """In order of start, without the hosts that fell with their network: they are its order of falling."""
    falls = [event for event in events if event["scope"] == "network" and event["kind"] == "outage"]

    def is_part_of_a_fall(event):
        return event["scope"] == "target" and any(
            event["network"] == fall["network"] and abs(middle(event["start"]) - middle(fall["start"])) < CLOSE
            for fall in falls
        )

    told = [
        Told(
            event["scope"],
            "/".join(part for part in (event["country"], event["network"], event["target"]) if part),
            event["kind"],
            event["class"],
            event["end"] is None,
            middle(event["start"]) - zero,
            middle(event["end"]) - zero if event["end"] else None,
        )
        for event in events
        if not is_part_of_a_fall(event)
    ]
    # Things that begin together are in no order.
    return sorted(told, key=lambda each: (round(each.start / 5), each.scope, each.place))


@pytest.fixture(scope="module")
def config(module_directory):
    controls = [{**control, "probes": ["ping"]} for control in CONTROLS]
    return configuration(
        TARGETS, PROBES, controls=controls, detect=DETECT, journal=str(module_directory / "journal.db")
    )


@pytest.fixture(scope="module")
def live(run_for_module, module_directory, config):
    """What the daemon tells of it at the end, asked over HTTP."""
    lab = Laboratory(SCENARIO, module_directory)
    try:
        zero = time.time() - (time.monotonic() - lab.started)
        daemon = run_for_module(lab.namespace, config)
        daemon.wait_listening()
        time.sleep(max(0.0, lab.started + END - time.monotonic()))
        status, text = daemon.request("/api/v1/outages")
        assert status == 200, text
        answer = json.loads(text)
        daemon.stop()
        assert (answer["source"], answer["problem"], answer["next_to"]) == ("journal", "", None)
        return story(answer["events"], zero)
    finally:
        lab.close()


@pytest.fixture(scope="module")
def simulated(tmp_path_factory, config):
    """The same from `blipd simulate`, of several seeds: chance must not matter."""
    directory = tmp_path_factory.mktemp("simulated")
    (directory / "scenario.yaml").write_text(yaml.safe_dump(SCENARIO, sort_keys=False))
    (directory / "blipd.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    stories = []
    for seed in range(1, 6):
        run = subprocess.run(
            [settings.blipd(), "simulate", directory / "scenario.yaml", "--config", directory / "blipd.yaml",
             "--seed", str(seed), "--format", "json"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        stories.append(story([json.loads(line) for line in run.stdout.splitlines()], seconds("1970-01-01T00:00:00.000Z")))
    return stories


EXPECTED = [
    Told("network", "KP/north", "outage", "blip", False, BLIP, BLIP_ENDS),
    Told("vantage", "", "vantage_fault", None, False, VANTAGE, VANTAGE_ENDS),
    Told("target", "KP/east/east2", "outage", "outage", False, DEAD, DEAD_ENDS),
    Told("country", "KP", "partial", None, False, OUTAGE, OUTAGE_ENDS),
    Told("network", "KP/south", "outage", "outage", False, OUTAGE, OUTAGE_ENDS),
    Told("country", "KP", "outage", "outage", False, TOTAL, TOTAL_ENDS),
    Told("network", "KP/east", "outage", "outage", False, TOTAL, TOTAL_ENDS),
    Told("network", "KP/north", "outage", "outage", False, TOTAL, TOTAL_ENDS),
    Told("network", "KP/south", "outage", "outage", False, TOTAL, TOTAL_ENDS),
]


def expect_close(told, wanted):
    assert told == wanted
    for one, other in zip(told, wanted):
        assert one.start == pytest.approx(other.start, abs=CLOSE), one
        assert one.end == pytest.approx(other.end, abs=CLOSE), one


def test_the_simulation_tells_what_was_scripted_with_each_seed(simulated):
    for told in simulated:
        expect_close(told, EXPECTED)


def test_the_live_daemon_tells_the_same_events_in_the_same_order_as_the_simulation(live, simulated):
    assert live == simulated[0]


def test_starts_and_ends_are_within_seconds_of_the_simulated_ones(live, simulated):
    expect_close(live, simulated[0])


def test_nothing_of_the_country_begins_while_our_own_link_is_cut(live, simulated):
    for told in (live, *simulated):
        assert [each.scope for each in told if VANTAGE - 2 < each.start < VANTAGE_ENDS + 2] == ["vantage"]
