"""Recorded results, played again by the real program: what simulate and the daemon wrote, packed or not, and all that can
be wrong with a file."""

import csv
import gzip
import io
import json
import random
import subprocess
import time

import pytest
import yaml
from harness import settings
from harness.daemon import configuration

SCENARIO = """
country: KP
seed: 3
start: 2014-12-22T16:00:00Z
length: 40m
ask: {interval: 5s, control_interval: 5s, timeout: 2s}
defaults: {rtt: 90ms, loss: 0.05, late: {ratio: 0.01, delay: 3s}}
networks:
  - name: one
    upstream: AS4837
    targets: [{name: gw, host: 198.18.1.1}, {name: ns, host: 198.18.1.2, dns: true}]
  - name: two
    targets: [{name: gw, host: 198.18.2.1}, {name: www, host: 198.18.2.2, open: [80]}]
controls: [{name: c1, host: 198.18.100.1}, {name: c2, host: 198.18.101.1}]
timeline:
  - {at: 10m, for: 3m, networks: [one], effect: unreachable, code: host, from: 198.18.1.1}
  - {at: 25m, for: 8m, all: true, effect: cut}
"""
HEADER = "time,target,probe,outcome,rtt\n"


def blipd(*arguments, **more):
    return subprocess.run([settings.blipd(), *arguments], capture_output=True, text=True, timeout=120, **more)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A simulation: its configuration, its record and its events."""
    folder = tmp_path_factory.mktemp("played")
    scenario, config, record = folder / "scenario.yaml", folder / "config.yaml", folder / "record.jsonl"
    scenario.write_text(SCENARIO)
    config.write_text(blipd("simulate", scenario, "--dump").stdout)
    run = blipd("simulate", scenario, "--format", "json", "--record", record)
    assert run.returncode == 0, run.stderr
    kinds = [json.loads(line)["kind"] for line in run.stdout.splitlines()]
    assert kinds.count("outage") >= 3
    return config, record, run.stdout


def replay(file, config=None, **more):
    options = ["--config", config] if config else []
    return blipd("replay", file, "--format", "json", *options, **more)


def refused(file, *faults, config=None):
    run = replay(file, config)
    assert run.returncode == 1, run.stderr
    assert run.stdout == ""
    assert run.stderr.splitlines() == [f"{file}{fault}" for fault in faults]


def test_a_replay_gives_the_events_of_the_simulation_to_the_byte(played):
    config, record, events = played
    run = replay(record, config)
    assert run.returncode == 0 and run.stderr == ""
    assert run.stdout == events
    assert blipd("replay", record, "--config", config).stdout.count("\n") == events.count("\n")


@pytest.mark.parametrize("command, ending", [(["gzip", "-c"], "gz"), (["zstd", "-q", "-c"], "zst"), (["gzip", "-c"], "txt")])
def test_packed_files_are_known_by_what_is_in_them(played, tmp_path, command, ending):
    config, record, events = played
    packed = tmp_path / f"record.{ending}"
    with packed.open("wb") as file:
        subprocess.run([settings.peer(command[0]), *command[1:], record], stdout=file, check=True)
    assert replay(packed, config).stdout == events
    with packed.open("rb") as file:
        assert replay("-", config, stdin=file).stdout == events
    whole = packed.read_bytes()
    packed.write_bytes(whole[: len(whole) // 2])
    run = replay(packed, config)
    assert run.returncode == 1 and run.stdout == ""
    assert run.stderr.startswith(f"{packed}:")
    assert f"{command[0]} data that is cut off; copy the file anew" in run.stderr


def test_what_is_damaged_within_a_packed_file_is_said(played, tmp_path):
    packed = tmp_path / "record.gz"
    whole = bytearray(gzip.compress(played[1].read_bytes()))
    whole[len(whole) // 2] ^= 0x55
    packed.write_bytes(whole)
    run = replay(packed, played[0])
    assert run.returncode == 1 and run.stdout == ""
    assert "broken" in run.stderr


def test_csv_says_the_same_as_json(played, tmp_path):
    config, record, events = played
    rows = [json.loads(line, parse_float=str) for line in record.read_text().splitlines()]
    columns = sorted({key for row in rows for key in row})
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    file = tmp_path / "record.csv"
    file.write_text(text.getvalue())
    assert replay(file, config).stdout == events


def test_the_order_of_lines_within_a_second_does_not_matter(played, tmp_path):
    config, record, events = played
    lines = record.read_text().splitlines(keepends=True)
    random.Random(1).shuffle(lines)
    file = tmp_path / "shuffled.jsonl"
    file.write_text("".join(sorted(lines, key=lambda line: line[8:18])))
    assert replay(file, config).stdout == events


def test_without_a_configuration_the_same_happened_to_the_country(played):
    _, record, events = played
    run = replay(record)
    assert run.returncode == 0 and run.stderr == ""

    def of_country(text):
        return [e["id"] for e in map(json.loads, text.splitlines()) if e["scope"] == "country"]

    assert of_country(run.stdout) == of_country(events) != []


def test_each_faulty_line_is_named_with_what_to_do(tmp_path):
    file, config = tmp_path / "results.csv", tmp_path / "config.yaml"
    config.write_text(
        "countries: [{code: KP, networks: [{name: n, targets: [{name: t, host: 198.18.1.1, probes: [ping]}]}]}]\n"
        "probes: {ping: {type: icmp}}\n"
    )
    file.write_text(HEADER + "100,t,ping,answered,0.1\n1e2,t,ping,lost,\n200,t,ping,lsot,\n200,u,ping,lost,\n"
                    "200,t,ping,lost,\n130,t,ping,lost,\n")
    refused(
        file,
        ":3: time: '1e2' is not a time; write one like 2014-12-22T16:15:00Z or 1419264900",
        ":4: outcome: 'lsot' is unknown; write answered, lost, unreachable, aborted or late",
        ":5: target: 'u' is not in the configuration; add it there, or say country and network here",
        ":7: time: 1m10s before what earlier lines know; sort the file, a minute at most is sorted here",
        config=config,
    )
    file.write_text(HEADER + "100,t,ping,answered,0.1\n")
    assert replay(file, config).returncode == 0


def test_of_many_faults_some_are_enough(tmp_path):
    file = tmp_path / "results.csv"
    file.write_text(HEADER + "1,2\n" * 1000)
    run = replay(file)
    assert run.returncode == 1
    lines = run.stderr.splitlines()
    assert len(lines) == 21
    assert lines[-1] == f"{file}: so many faults; the rest was not read"


@pytest.mark.parametrize("text", ["", "\n\n", HEADER])
def test_nothing_recorded_is_nothing_to_judge(tmp_path, text):
    file = tmp_path / "empty"
    file.write_text(text)
    refused(file, ": no results in it; give what `record:` or `blipd simulate --record` wrote")


def test_what_cannot_be_opened_or_is_no_configuration_is_said(tmp_path, played):
    run = replay(tmp_path / "missing")
    assert run.returncode == 3
    assert run.stderr == f"{tmp_path}/missing: cannot be opened: No such file or directory; check its name and rights\n"
    run = replay(tmp_path)
    assert run.returncode != 0 and f"{tmp_path}" in run.stderr
    bad = tmp_path / "bad.yaml"
    bad.write_text("countries: 7\n")
    run = replay(played[1], bad)
    assert run.returncode == 1 and run.stdout == "" and run.stderr.startswith(f"{bad}:")
    assert blipd("replay").returncode == 2
    assert blipd("replay", played[1], "--format", "xml").returncode == 2


def test_what_the_daemon_recorded_is_played_again(pair, run, directory):
    pair.far.nft(
        "table inet replay { chain in { type filter hook input priority 0; policy accept;\n"
        "ip daddr 198.18.66.1 drop\nip daddr 198.18.66.2 reject with icmp type admin-prohibited\n }\n }"
    )
    record = directory / "results.jsonl"
    probes = {"ping": {"type": "icmp", "interval": "200ms", "timeout": "500ms"}}
    targets = {"up": ("198.18.1.1", ["ping"]), "down": ("198.18.66.1", ["ping"]), "closed": ("198.18.66.2", ["ping"])}
    config = configuration(targets, probes, record=str(record))
    daemon = run(pair.near, config).wait_ready()
    daemon.wait_for(lambda now: now.state("blipd_target_state", "state", target="down") == "down", 10, "it is down")
    time.sleep(1)
    daemon.stop()
    file = directory / "config.yaml"
    file.write_text(yaml.safe_dump(config))
    rows = [json.loads(line) for line in record.read_text().splitlines()]
    assert {row["outcome"] for row in rows} >= {"answered", "lost", "unreachable"}
    notice = next(row for row in rows if row["outcome"] == "unreachable")
    assert (notice["icmp_type"], notice["icmp_code"]) == (3, 13)
    for arguments in ([], ["--config", file]):
        done = blipd("replay", record, "--format", "json", *arguments)
        assert done.returncode == 0, done.stderr
        assert done.stdout == blipd("replay", record, "--format", "json", *arguments).stdout
