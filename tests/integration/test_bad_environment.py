"""What is wrong around blipd: one clear message that names the remedy, exit 3, nothing left behind."""

import re
import signal
import socket
import time

import pytest
from harness import settings
from harness.daemon import PORT, configuration
from harness.processes import wait_until

PING = {"type": "icmp", "interval": "200ms", "timeout": "500ms"}
TARGETS = {"t": ("198.18.1.1", ["ping"]), "six": ("2001:2:0:1::101", ["ping"])}
NOBODY = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
          "--ambient-caps=-all", "--bounding-set=-all"]  # fmt: skip


@pytest.fixture
def config():
    return configuration(TARGETS, {"ping": PING})


def refused(daemon, *words, code=3):
    """It gives up within a few seconds, with a message that holds each of the words (as patterns)."""
    assert daemon.process.wait(5) == code, daemon.log
    for word in words:
        assert re.search(word, daemon.log, re.IGNORECASE), f"no {word!r} in:\n{daemon.log}"
    errors = [line for line in daemon.log.splitlines() if "level=error" in line]
    assert 1 <= len(errors) <= 2, daemon.log
    assert "terminate called" not in daemon.log
    assert daemon.process.output == ""


def nobody_listens(namespace, port=PORT):
    with pytest.raises(OSError):
        namespace.connect("127.0.0.1", port, 0.5)


def test_without_privileges_it_names_the_capability_and_the_sysctl(pair, run, config):
    pair.near.sysctl(net__ipv4__ping_group_range="1 0")
    daemon = run(pair.near, config, wrap=NOBODY)
    refused(daemon, "CAP_NET_RAW", "setcap|AmbientCapabilities", "ping_group_range")
    nobody_listens(pair.near)


def test_without_privileges_unprivileged_icmp_serves_and_says_so(pair, run, config):
    pair.near.sysctl(net__ipv4__ping_group_range="0 2147483647")
    try:
        daemon = run(pair.near, config, wrap=NOBODY).wait_ready()
        metrics = daemon.wait_for(
            lambda now: all(value >= 5 for value in now.series("blipd_probes_answered_total").values()), 10, "answers"
        )
        assert metrics.sum("blipd_probes_lost_total") == 0
        assert metrics.value("blipd_capturing") == 0
        assert metrics.value("blipd_clock_source", source="capture") == 0
        assert "level=warn" in daemon.log and "CAP_NET_RAW" in daemon.log
        daemon.stop()
    finally:
        pair.near.sysctl(net__ipv4__ping_group_range="1 0")


def test_cap_net_raw_alone_is_enough(pair, run, config):
    """No root: a user with the one capability gets the capture and raw sockets."""
    wrap = NOBODY[:-3] + ["--inh-caps=-all,+net_raw", "--ambient-caps=-all,+net_raw", "--bounding-set=-all,+net_raw"]
    daemon = run(pair.near, config, wrap=wrap).wait_ready()
    metrics = daemon.scrape()
    assert metrics.value("blipd_capturing") == 1
    assert metrics.sum("blipd_probes_answered_total") >= 2
    daemon.stop()


def test_a_taken_port_is_named(pair, run, config):
    with pair.near.entered():
        taken = socket.create_server(("127.0.0.1", PORT))
    with taken:
        refused(run(pair.near, config), f"127.0.0.1:{PORT}", "in use|taken", "listen")


def test_an_unknown_interface_is_named(pair, run):
    config = configuration(TARGETS, {"ping": {**PING, "interface": "nosuch0"}})
    refused(run(pair.near, config), "nosuch0", "interface", "ip link")


def test_a_source_that_is_not_ours_is_named(pair, run):
    config = configuration({"t": ("198.18.1.1", ["ping"])}, {"ping": {**PING, "source": "198.19.77.77"}})
    refused(run(pair.near, config), "198.19.77.77", "source")


def test_an_unreadable_file_is_named(pair, run, config, directory):
    daemon = run(pair.near, config, name="first")
    daemon.kill()
    daemon.config_file.chmod(0o600)  # root's
    process = pair.near.start("second", *NOBODY, settings.blipd(), "run", "--config", daemon.config_file)
    assert process.wait(5) == 3, process.errors
    assert str(daemon.config_file) in process.errors and "permission" in process.errors.lower()
    process = pair.near.start("third", settings.blipd(), "run", "--config", directory / "missing.yaml")
    assert process.wait(5) == 3, process.errors
    assert "missing.yaml" in process.errors


def test_results_that_cannot_be_written_are_refused(pair, run):
    config = configuration(TARGETS, {"ping": PING}, record="/nonexistent/results.jsonl")
    refused(run(pair.near, config), "/nonexistent/results.jsonl", "record")


def test_a_faulty_file_is_the_inputs_fault(pair, run, config):
    config["probes"] = {"ping": {**PING, "intervall": "1s"}}
    daemon = run(pair.near, config)
    refused(daemon, "intervall", "interval", code=1)


@pytest.mark.parametrize("limit", [4, 8, 10])
def test_a_full_descriptor_table_is_named(pair, run, config, limit):
    daemon = run(pair.near, config, wrap=["/usr/bin/prlimit", f"--nofile={limit}:{limit}"])
    refused(daemon, "descriptor|too many open files", "LimitNOFILE|ulimit|descriptor")
    nobody_listens(pair.near)


def test_descriptors_that_run_out_later_are_not_loss(pair, run):
    """Connections need one each: those that cannot be made are aborted, the rest goes on."""
    probes = {
        "ping": PING,
        "connect": {"type": "tcp", "port": 82, "mode": "connect", "interval": "200ms", "timeout": "1s"},
    }
    pair.far.nft("table inet slow { chain in { type filter hook input priority 0; tcp dport 82 drop\n }\n }")
    targets = {f"t{i}": (f"198.18.3.{i + 1}", ["connect"]) for i in range(60)} | TARGETS
    daemon = run(pair.near, configuration(targets, probes), wrap=["/usr/bin/prlimit", "--nofile=100:100"])
    try:
        # Up to 300 at a time would be open.
        metrics = daemon.wait_listening().wait_for(
            lambda now: now.sum("blipd_probes_aborted_total", probe="connect", reason="send_error") > 20, 10, "a full table"
        )
        before = metrics.sum("blipd_probes_answered_total", probe="ping")
        metrics = daemon.wait_for(
            lambda now: now.sum("blipd_probes_answered_total", probe="ping") > before + 10, 10, "pings go on"
        )
        assert metrics.sum("blipd_probes_lost_total", probe="ping") == 0
        daemon.stop()
    finally:
        pair.far.run("nft", "delete", "table", "inet", "slow")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_within_a_second_and_leaves_nothing(pair, run, config, number):
    daemon = run(pair.near, config).wait_ready()
    descriptors = daemon.process.descriptors()
    assert descriptors < 64
    daemon.stop(number)
    nobody_listens(pair.near)


@pytest.mark.parametrize("after", [0.0, 0.01, 0.03, 0.1, 0.3])
def test_a_signal_during_the_start_stops_it_too(pair, run, config, after):
    daemon = run(pair.near, config)
    wait_until(lambda: (daemon.process.expect_running(), _comm(daemon) == "blipd")[1], 5, "it is running", 0.001)
    time.sleep(after)
    start = time.monotonic()
    daemon.process.signal(signal.SIGTERM)
    code = daemon.process.wait(5)
    assert time.monotonic() - start < 1
    # Before it can handle signals at all the kernel's default ends it; afterwards it ends well.
    assert code in (0, -signal.SIGTERM) if after < 0.3 else code == 0, daemon.log


def _comm(daemon):
    with open(f"/proc/{daemon.process.pid}/comm", encoding="ascii") as file:
        return file.read().strip()


def test_it_stops_in_time_with_a_client_that_never_reads(pair, run):
    many = {f"t{i}": (f"198.18.{i // 50}.{1 + i % 50}", ["ping"]) for i in range(1000)}
    daemon = run(pair.near, configuration(many, {"ping": {"type": "icmp", "interval": "2s", "timeout": "1s"}}))
    daemon.wait_ready()
    clients = []
    for _ in range(3):
        client = pair.near.connect("127.0.0.1", PORT)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        clients.append(client)
    time.sleep(0.2)
    try:
        daemon.stop()
    finally:
        for client in clients:
            client.close()
