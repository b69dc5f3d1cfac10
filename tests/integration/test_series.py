"""What the journal's minutes come to over HTTP: those of a daemon that runs, and those of a month that was made up."""

import json
import math
import sqlite3
import subprocess
import time
import urllib.parse

import pytest
import yaml
from harness import settings
from harness.daemon import PORT, configuration
from harness.journal import seconds
from harness.network import FAR4
from harness.processes import wait_until

PROBES = {"ping": {"type": "icmp", "interval": "1s", "timeout": "500ms"}}
DECEMBER = settings.ROOT / "config" / "scenarios" / "kp-2014-12.yaml"
POINTS = ("least", "p10", "p25", "p50", "p75", "p90", "most")


def series(daemon, status=200, **query):
    given, text = daemon.request(f"/api/v1/series?{urllib.parse.urlencode(query)}")
    assert given == status, text
    return json.loads(text)


def lengths(series_or_part):
    """Of all arrays in it but the list of channels."""
    for key, value in series_or_part.items():
        if isinstance(value, dict):
            yield from lengths(value)
        elif isinstance(value, list) and key != "channels":
            yield len(value)


def test_a_daemon_tells_the_minutes_that_it_kept(pair, run, directory):
    config = configuration(
        {"t": (FAR4, ["ping"])}, PROBES, journal=str(directory / "journal.db"),
    )
    daemon = run(pair.near, config)
    daemon.wait_listening()

    def kept():
        told = series(daemon, country="KP", network="net", points=2000)
        return [
            (at, told["states"]["answered"][i]) for i, at in enumerate(told["times"]) if told["states"]["minutes"][i]
        ]

    wait_until(lambda: len(kept()) >= 2, 130, "two minutes are on record", 1)
    (_, first), (last, answered) = kept()[:2]
    assert 0 < first <= 60
    assert 58 <= answered <= 62, "a whole minute of a probe a second"
    assert time.time() - 130 < last < time.time()

    within = {"from": last, "to": last + 60}
    for place in ({}, {"network": "net"}):
        told = series(daemon, country="KP", **place, **within)
        assert told["step_seconds"] == 60
        assert told["source"] == "journal"
        assert told["problem"] == ""
        assert set(lengths(told)) == {1}
        states = told["states"]
        assert states["reachable"] == [1]
        assert sum(states[state][0] for state in ("normal", "degraded", "partial", "outage", "recovering", "unknown")) == 1
        assert states["answered"] == [answered]
        assert states["lost"] == [0]
        assert 0 < states["rtt_median"][0] < 0.1
    (channel,) = series(daemon, country="KP", network="net", target="t", **within)["channels"]
    assert (channel["probe"], channel["type"], channel["answered"]) == ("ping", "icmp", [answered])
    points = [channel["rtt"][name][0] for name in POINTS]
    assert points == sorted(points)
    assert points[0] > 0
    assert math.isclose(channel["rtt"]["p50"][0], states["rtt_median"][0], rel_tol=0.01, abs_tol=2e-6)

    assert "is not before" in series(daemon, 400, country="KP", **{"from": 20, "to": 10})["error"]
    assert series(daemon, 404, country="KP", network="other")["error"] == "there is no network 'other' in KP; there is net"


@pytest.fixture(scope="module")
def december(module_directory):
    """A journal of the month, and the configuration by which it was asked."""
    journal = module_directory / "december.db"
    for more in (["--journal", journal], ["--dump"]):
        played = subprocess.run(
            settings.computing(settings.blipd(), "simulate", DECEMBER, *more), capture_output=True, text=True, timeout=120
        )
        assert played.returncode == 0, played.stdout + played.stderr
    return journal, yaml.safe_load(played.stdout)


def test_the_outage_of_december_2014_can_be_seen(december, pair, run):
    journal, config = december
    config |= {"listen": f"127.0.0.1:{PORT}", "journal": str(journal), "retention": "36500d"}
    daemon = run(pair.near, config)
    daemon.wait_listening()
    began, ended = seconds("2014-12-22T16:15:00Z"), seconds("2014-12-23T01:46:00Z")
    told = series(daemon, country="KP", points=600, **{"from": began - 3600, "to": ended + 3600})
    assert told["source"] == "journal"
    assert told["step_seconds"] == 120
    states = told["states"]
    assert set(states["minutes"]) == {2}
    down = dict(zip(told["times"], states["down_seconds"]))
    assert all(value == 120 for at, value in down.items() if began + 120 <= at < ended - 120)
    inside = [value for at, value in down.items() if began - 120 <= at <= ended + 120]
    assert abs(sum(inside) - (9 * 3600 + 31 * 60)) < 90
    reachable = dict(zip(told["times"], states["reachable"]))
    assert max(value for at, value in reachable.items() if began + 240 <= at < ended - 240) == 0
    assert all(value is None for at, value in zip(told["times"], states["rtt_median"]) if began + 240 <= at < ended - 240)
    assert min(value for value in states["usual"] if value is not None) > 0.5

    # As text, from the same file.
    reported = subprocess.run(
        [settings.blipd(), "report", "--journal", journal, "--from", "2014-12-22T16:00:00Z", "--to", "2014-12-23T02:00:00Z"],
        capture_output=True, text=True, check=True,
    )
    assert "not watched 0s" in reported.stdout

    month = series(daemon, country="KP", network="star-176", **{"from": seconds("2014-12-01T00:00:00Z"), "to": seconds("2014-12-28T00:00:00Z")})
    assert month["step_seconds"] == 3 * 3600
    assert sum(month["states"]["minutes"]) == 27 * 24 * 60
    (ping,) = [
        channel
        for channel in series(daemon, country="KP", network="star-179", target="a", **{"from": began - 86400, "to": began})["channels"]
        if channel["type"] == "icmp"
    ]
    assert all(value is None or 0.095 <= value < 0.3 for value in ping["rtt"]["p50"])


def test_a_replay_keeps_the_same_minutes_as_the_simulation_did(directory):
    lab = settings.ROOT / "config" / "scenarios" / "lab.yaml"
    files = {name: directory / name for name in ("lab.jsonl", "lab.yaml", "simulated.db", "replayed.db")}
    for command in (
        ["simulate", lab, "--record", files["lab.jsonl"], "--journal", files["simulated.db"]],
        ["simulate", lab, "--dump"],
        ["replay", files["lab.jsonl"], "--config", files["lab.yaml"], "--journal", files["replayed.db"]],
        ["replay", files["lab.jsonl"], "--config", files["lab.yaml"], "--journal", files["replayed.db"]],
    ):
        played = subprocess.run([settings.blipd(), *map(str, command)], capture_output=True, text=True, timeout=60)
        assert played.returncode == 0, played.stdout + played.stderr
        if "--dump" in command:
            files["lab.yaml"].write_text(played.stdout)

    def rows(file):
        asked = (
            "SELECT p.name, s.* FROM state_minutes s JOIN places p ON p.id = s.place ORDER BY 1, 3",
            "SELECT p.name, c.* FROM channel_minutes c JOIN places p ON p.id = c.place ORDER BY 1, 3",
            "SELECT '', id, json FROM events ORDER BY id",
            "SELECT DISTINCT '', from_ms, until_ms FROM watched",
        )
        with sqlite3.connect(file) as db:
            return [[(row[0], *row[2:]) for row in db.execute(sql)] for sql in asked]

    simulated, replayed = rows(files["simulated.db"]), rows(files["replayed.db"])
    assert all(simulated)
    assert simulated == replayed


@pytest.mark.parametrize("command", ["simulate", "replay"])
def test_a_journal_that_cannot_be_written_is_said_at_once(command, directory):
    something = directory / "something.db"
    something.write_text("this is no journal, however long it is")
    file = DECEMBER if command == "simulate" else directory / "lines.jsonl"
    if command == "replay":
        file.write_text("")
    for journal in (something, directory / "nowhere" / "journal.db"):
        played = subprocess.run(
            [settings.blipd(), command, file, "--journal", journal], capture_output=True, text=True, timeout=5
        )
        assert played.returncode == 3
        assert f"blipd {command}: cannot write {journal}: " in played.stderr
        assert "--journal" in played.stderr
    assert something.read_text().startswith("this is no journal")
