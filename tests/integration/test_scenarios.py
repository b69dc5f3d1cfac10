"""The scripted countries that ship: each meets the expectations written in its file, whatever the seed."""

import concurrent.futures
import json
import subprocess

import pytest
import yaml
from harness import settings

SCENARIOS = sorted((settings.ROOT / "config" / "scenarios").glob("*.yaml"))
TOLD = [path for path in SCENARIOS if "expect" in yaml.safe_load(path.read_text())]
SEEDS = {"kp-2014-12": range(1, 11)}
USUAL_SEEDS = range(1, 4)


def simulate(path, seed, *more):
    return subprocess.run(
        settings.computing(settings.blipd(), "simulate", path, "--seed", seed, *more), capture_output=True, text=True, timeout=300
    )


@pytest.mark.parametrize("path", TOLD, ids=lambda path: path.stem)
def test_a_scenario_meets_its_expectations_with_each_seed(path):
    seeds = SEEDS.get(path.stem, USUAL_SEEDS)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda seed: simulate(path, seed), seeds))
    for seed, run in zip(seeds, runs):
        unmet = [line for line in run.stdout.splitlines() if line.startswith("NOT met")]
        assert not unmet, f"seed {seed}: {unmet}"
        assert run.returncode == 0, run.stderr
        assert run.stdout.count("\nmet: ") + run.stdout.startswith("met: ") == len(
            yaml.safe_load(path.read_text())["expect"]
        )


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    path = settings.ROOT / "config" / "scenarios" / "kp-2014-12.yaml"
    first, again, other = (simulate(path, seed, "--format", "json").stdout for seed in (5, 5, 6))
    assert first == again
    assert first != other


@pytest.mark.parametrize("name, least", [("kp-2014-12", 100), ("kp-2022-01", 10)])
def test_events_never_overlap_in_one_place_and_end_after_they_start(name, least):
    path = settings.ROOT / "config" / "scenarios" / f"{name}.yaml"
    events = [json.loads(line) for line in simulate(path, 3, "--format", "json").stdout.splitlines()]
    assert len({event["id"] for event in events}) == len(events) > least
    ends = {}
    for event in sorted(events, key=lambda e: (e["start"]["latest"], e["id"])):
        assert event["start"]["earliest"] <= event["start"]["latest"]
        place = (event["scope"], event["country"], event["network"], event["target"], event["kind"])
        assert event["start"]["latest"] >= ends.get(place, ""), f"{event['id']} overlaps the one before it"
        if event["end"]:
            assert event["start"]["latest"] <= event["end"]["earliest"] <= event["end"]["latest"]
            assert event["duration_seconds"] >= 0
            ends[place] = event["end"]["earliest"]


def test_a_scenario_that_does_not_do_as_expected_is_said_so(tmp_path):
    path = tmp_path / "quiet.yaml"
    path.write_text(
        "country: LB\nlength: 10m\nnetworks: [{name: n, targets: [{name: a, host: 198.18.0.1}]}]\n"
        "expect: [{why: an outage, kind: outage}]\n"
    )
    run = simulate(path, 1)
    assert run.returncode == 1
    assert run.stdout == "NOT met: an outage (found 0, expected at least 1; line 4)\n"


def test_a_scenario_with_faults_is_refused_with_their_places(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("country: LB\nnetworks: [{name: n, targets: [{name: a, host: nobody}]}]\nexpect: [{kind: outrage}]\n")
    run = simulate(path, 1)
    assert run.returncode == 1
    assert run.stdout == ""
    assert f"{path}:2:" in run.stderr
    assert f"{path}:3:" in run.stderr
