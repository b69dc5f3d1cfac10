"""What a supervisor sees: readiness, the watchdog's food, and privileges that are gone once they are not needed."""

import pathlib
import signal
import socket
import threading
import time

import pytest
from harness.daemon import configuration
from harness.network import NEAR_LINK
from harness.processes import wait_until

QUICK = {"type": "icmp", "interval": "200ms", "timeout": "500ms"}
TARGETS = {"one": ("198.18.1.1", ["ping"]), "two": ("198.18.1.2", ["ping"])}
CAP_DAC_OVERRIDE = 1 << 1
NET_RAW_ONLY = [
    "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
    "--inh-caps=-all,+net_raw", "--ambient-caps=-all,+net_raw", "--bounding-set=-all,+net_raw",
]  # fmt: skip


class Supervisor:
    """The other end of sd_notify(3)."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        self.told: list[tuple[float, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        path.chmod(0o777)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            message = self._socket.recv(4096).decode()
            if not message:
                return
            self.told.append((time.monotonic(), message))

    def times(self, message: str) -> list[float]:
        return [at for at, told in self.told if told == message]

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", str(self.path))
        self._socket.close()


@pytest.fixture
def supervisor(directory):
    made = Supervisor(directory / "notify")
    yield made
    made.close()


def test_a_supervisor_is_told_of_readiness_progress_reloads_and_the_end(pair, run, supervisor):
    env = {"NOTIFY_SOCKET": str(supervisor.path), "WATCHDOG_USEC": "800000"}
    silent = {"silent": ("198.18.66.1", ["slow"])}
    slow = {"type": "icmp", "interval": "2s", "timeout": "1500ms"}
    pair.far.nft("table inet supervised { chain in { type filter hook input priority 0; ip daddr 198.18.66.1 drop\n }\n }")
    daemon = run(pair.near, configuration(TARGETS | silent, {"ping": QUICK, "slow": slow}), env=env)
    daemon.wait_listening()
    while not supervisor.times("READY=1"):
        is_early = daemon.request("/-/ready")[0] == 503
        time.sleep(0.02)
        assert is_early or supervisor.times("READY=1") or daemon.request("/-/ready")[0] == 200
        daemon.process.expect_running()
    daemon.wait_ready(1)  # what is told is what /-/ready says
    begin = time.monotonic()
    time.sleep(2)
    fed = [at for at in supervisor.times("WATCHDOG=1") if at >= begin]
    assert len(fed) >= 2000 / (800 / 2), "the watchdog is fed at least twice within its patience"
    daemon.reload()
    wait_until(lambda: len(supervisor.times("READY=1")) == 2, 2, "the end of the reload is told")
    words = [told for _, told in supervisor.told if told.startswith(("RELOADING", "READY"))]
    reloading, stamp = words[1].split("\n")
    assert (words[0], reloading, words[2]) == ("READY=1", "RELOADING=1", "READY=1")
    assert abs(int(stamp.removeprefix("MONOTONIC_USEC=")) / 1e6 - time.monotonic()) < 10
    assert any(told.startswith("STATUS=3 channels") for _, told in supervisor.told)
    daemon.stop()
    assert supervisor.told[-1][1] == "STOPPING=1"


def test_a_loop_that_stands_still_starves_the_watchdog(pair, run, supervisor):
    env = {"NOTIFY_SOCKET": str(supervisor.path), "WATCHDOG_USEC": "400000"}
    daemon = run(pair.near, configuration(TARGETS, {"ping": QUICK}), env=env).wait_ready()
    wait_until(lambda: supervisor.times("WATCHDOG=1"), 2, "the watchdog is fed")
    daemon.process.signal(signal.SIGSTOP)
    time.sleep(0.3)
    before = len(supervisor.told)
    time.sleep(1)
    assert len(supervisor.told) == before
    daemon.process.signal(signal.SIGCONT)
    wait_until(lambda: len(supervisor.told) > before, 2, "it is fed again")
    daemon.stop()


def status_of_threads(daemon) -> list[dict[str, str]]:
    found = []
    for task in pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        found.append(dict(line.split(":\t", 1) for line in lines if ":\t" in line))
    return found


def everything(directory: pathlib.Path) -> dict:
    """A configuration that has each thread and each kind of socket at work."""
    probes = {
        "ping": QUICK,
        "syn": {**QUICK, "type": "tcp", "port": 9},
        "connect": {**QUICK, "type": "tcp", "port": 9, "mode": "connect"},
        "soa": {**QUICK, "type": "dns", "query": "example.org"},
    }
    (directory / "more.json").write_text("[]")
    targets = {"one": ("198.18.1.1", list(probes)), "six": ("2001:2:0:1::1", list(probes)), "name": ("localhost", ["ping"])}
    return configuration(
        targets, probes, journal=str(directory / "journal.db"), record=str(directory / "record.jsonl"),
        targets_files=[str(directory / "more.json")],
    )  # fmt: skip


@pytest.mark.parametrize("who", ["root", "a user with CAP_NET_RAW"])
def test_no_thread_keeps_a_privilege(pair, run, directory, who):
    directory.chmod(0o777)
    config = everything(directory)
    wrap = [] if who == "root" else NET_RAW_ONLY
    kept = CAP_DAC_OVERRIDE if who == "root" else 0
    daemon = run(pair.near, config, wrap=wrap).wait_ready()
    assert daemon.scrape().value("blipd_capturing") == 1
    threads = status_of_threads(daemon)
    assert len(threads) >= 6  # probing, log, serving, journal, record, names, target files
    for thread in threads:
        name = thread["Name"]
        assert int(thread["CapPrm"], 16) == int(thread["CapEff"], 16) == kept, name
        assert int(thread["CapAmb"], 16) == int(thread["CapInh"], 16) == 0, name
        assert thread["NoNewPrivs"] == "1", name
        if who == "root":
            assert int(thread["CapBnd"], 16) == 0 or name == "log", name

    # And none is missed: a reload brings sockets of every kind, an interface and IPv6 that were not asked for before.
    later = {name: {**probe, "interface": NEAR_LINK, "dscp": 10} for name, probe in config["probes"].items()}
    targets = config["countries"][0]["networks"][0]["targets"]
    targets.append({"name": "new", "host": "198.18.1.9", "probes": list(later)})
    targets[:] = [target for target in targets if target["name"] != "name"]  # not to be reached through that link
    daemon.reload({**config, "probes": later})
    named = [f"{target}/{probe}" for target in ("one", "six", "new") for probe in later]

    def all_answered(now):
        return all(
            now.sum("blipd_probes_answered_total", target=target, probe=probe) >= 2
            or now.sum("blipd_probes_lost_total", target=target, probe=probe) >= 2
            for target, probe in (name.split("/") for name in named)
        )

    after = daemon.wait_for(all_answered, 5, "all are asked through the interface")
    assert after.value("blipd_send_errors_total") == 0
    assert after.sum("blipd_probes_answered_total", target="new", probe="ping") >= 2
    assert after.sum("blipd_probes_answered_total", target="six", probe="ping") >= 2
    daemon.stop()


def test_an_interface_that_goes_and_comes_back_is_used_again(pair, run):
    """Without a new socket, for which the privilege is gone."""

    def make():
        pair.near.run("ip", "link", "add", "tunnel0", "type", "veth", "peer", "name", "tunnel1")
        pair.near.run("ip", "addr", "add", "198.19.8.1/24", "dev", "tunnel0")
        for end in ("tunnel0", "tunnel1"):
            pair.near.run("ip", "link", "set", end, "up")
        pair.near.run("ip", "neigh", "add", "198.19.8.9", "lladdr", "02:00:00:00:00:09", "dev", "tunnel0")

    make()
    probe = {**QUICK, "interface": "tunnel0"}
    daemon = run(pair.near, configuration({"far": ("198.19.8.9", ["ping"])}, {"ping": probe}, engine={"max_lag": "1s"}))
    daemon.wait_ready()

    def sent(now):
        return now.sum("blipd_probes_sent_total")

    before = daemon.wait_for(lambda now: sent(now) >= 3, 5, "it is asked through tunnel0")
    assert before.value("blipd_send_errors_total") == 0
    pair.near.run("ip", "link", "del", "tunnel0")
    gone = daemon.wait_for(lambda now: now.value("blipd_send_errors_total") >= 2, 5, "sending fails")
    make()
    daemon.wait_for(lambda now: sent(now) >= sent(gone) + 3, 5, "it is asked again")
    pair.near.run("ip", "link", "del", "tunnel0")
    daemon.stop()
