"""The other commands against the same far end: probe, check, status."""

import json
import re

import pytest
import yaml
from harness import peers, settings
from harness.daemon import PORT, configuration

PING = {"type": "icmp", "interval": "200ms", "timeout": "500ms"}


@pytest.fixture(scope="module")
def world(pair, module_directory):
    pair.far.nft(
        "table inet world { chain in { type filter hook input priority 0; policy accept;\n"
        "ip daddr 198.18.66.1 drop\nip daddr 198.18.66.2 reject with icmp type admin-prohibited\n"
        "ip daddr 198.18.66.3 icmp type echo-request drop\n }\n }"
    )
    peers.web_server(pair.far, module_directory / "nginx")
    peers.NameServer(pair.far, module_directory / "nsd")
    return pair


@pytest.fixture
def probe(world, directory):
    """blipd probe of one host: its lines by way of asking."""
    file = directory / "blipd.yaml"
    quick = {"interval": "1s", "timeout": "500ms"}
    probes = {
        "ping": {"type": "icmp", **quick},
        "web": {"type": "tcp", "port": 80, **quick},
        "closed": {"type": "tcp", "port": 82, "mode": "connect", **quick},
        "soa": {"type": "dns", "query": peers.ZONE, "record": "SOA", **quick},
    }
    file.write_text(yaml.safe_dump(configuration({"t": ("198.18.1.1", list(probes))}, probes)))

    def ask(host):
        done = world.near.run(settings.blipd(), "probe", "--config", file, host, timeout=10)
        lines = [line.split(None, 1) for line in done.stdout.splitlines() if line.startswith("  ")]
        return {way: said for way, said in lines}

    return ask


def test_probe_says_how_each_way_was_answered(probe):
    said = probe("198.18.1.1")
    assert re.search(r"reply.*\d ?(ms|µs|us)", said["ping"]), said
    assert re.search(r"SYN-ACK|open", said["web"], re.I), said
    assert re.search(r"reset|refused|closed", said["closed"], re.I), said
    assert "up" in said["verdict"], said


def test_probe_tells_the_server_that_answers_dns(probe):
    said = probe(peers.NSD4)
    assert "NOERROR" in said["soa"] and str(peers.SERIAL) in said["soa"], said
    assert peers.NSID in said["soa"], said


def test_probe_keeps_code_and_sender_of_an_icmp_error(probe):
    said = probe("198.18.66.2")
    for way in ("ping", "web", "soa"):
        assert "198.18.66.2" in said[way] or "198.19.0.2" in said[way], said
        assert re.search(r"prohibited|code 13", said[way]), said


def test_probe_compares_the_protocols(probe):
    assert "no answer" in probe("198.18.66.1")["verdict"]
    filtered = probe("198.18.66.3")["verdict"]
    assert "up" in filtered and "ICMP" in filtered, filtered


def test_check_names_every_fault_with_its_place(directory, world):
    file = directory / "bad.yaml"
    file.write_text(
        "probes:\n  ping: {type: icmp, intervall: 5s}\ncountries:\n  - code: KP\n    networks:\n      - name: n\n"
        "        targets:\n          - {name: t, host: 198.18.1.1, probes: [pong]}\n"
    )
    done = world.near.run(settings.blipd(), "check", "--config", file, check=False)
    assert done.returncode == 1
    faults = [line for line in (done.stderr + done.stdout).splitlines() if line.startswith(f"{file}:")]
    assert any(line.startswith(f"{file}:2:") and "interval" in line for line in faults), done.stderr
    assert any(line.startswith(f"{file}:8:") and "pong" in line and "ping" in line for line in faults), done.stderr


def test_check_dumps_what_loads_again(directory, world):
    file, again = directory / "good.yaml", directory / "again.yaml"
    file.write_text(yaml.safe_dump(configuration({"t": ("198.18.1.1", ["ping"])}, {"ping": PING})))
    first = world.near.run(settings.blipd(), "check", "--config", file, "--dump").stdout
    again.write_text(first)
    assert world.near.run(settings.blipd(), "check", "--config", again, "--dump").stdout == first


def test_status_shows_what_the_daemon_believes(world, run):
    targets = {"lives": ("198.18.1.1", ["ping"]), "dies": ("198.18.66.1", ["ping"])}
    daemon = run(world.near, configuration(targets, {"ping": PING})).wait_ready()
    daemon.wait_for(
        lambda now: now.state("blipd_target_state", "state", target="dies") == "down"
        and now.state("blipd_target_state", "state", target="lives") == "up",
        10,
        "states are known",
    )
    shown = world.near.run(settings.blipd(), "status", "--url", f"http://127.0.0.1:{PORT}").stdout
    assert re.search(r"lives.*up", shown) and re.search(r"dies.*down", shown), shown
    assert "\x1b" not in shown, "colour into a pipe"
    status, body = daemon.request("/api/v1/status")
    assert status == 200 and json.loads(body)


def test_status_of_nobody_says_so(world):
    done = world.near.run(settings.blipd(), "status", "--url", "http://127.0.0.1:1", check=False)
    assert done.returncode == 3 and "127.0.0.1:1" in done.stderr and done.stdout == ""


def test_wrong_use_is_exit_2(world):
    assert world.near.run(settings.blipd(), "run", "--nonsense", check=False).returncode == 2
    assert world.near.run(settings.blipd(), check=False).returncode == 2
