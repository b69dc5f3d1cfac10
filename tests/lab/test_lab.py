"""The laboratory end to end: real programs in its namespace, as root and as nobody, and nothing left behind.

Run by ctest, or by hand: BLIPD_LAB=build/dev/blipd-lab pytest tests/lab/test_lab.py
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
LAB = os.environ.get("BLIPD_LAB", str(HERE.parents[1] / "build/dev/blipd-lab"))
SCENARIO = HERE / "scenarios" / "plain.yaml"
PROTOCOLS = ("icmp", "tcp", "tcp_data", "udp")
FATES = ("answered", "pending", "corrupted", "unreachable", "lost", "cut", "limited", "silent", "overflowed")


@pytest.fixture
def folder():
    """Open to everybody, unlike tmp_path, since half of the tests run as nobody."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="blipd-lab-"))
    path.chmod(0o777)
    yield path
    shutil.rmtree(path)


def as_root(folder):
    if os.geteuid() != 0:
        pytest.skip("not root")
    return []


def as_nobody(folder):
    """Without privileges. Where /dev/net/tun is not open to all, a node of its own that is."""
    if stat.S_IMODE(os.stat("/dev/net/tun").st_mode) & 0o006 != 0o006:
        if os.geteuid() != 0:
            pytest.skip("/dev/net/tun is not open to this user")
        node = folder / "tun"
        if not node.exists():
            os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(10, 200))
            node.chmod(0o666)
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


def start(folder, prefix, command, *options, scenario=SCENARIO, **more):
    tun = folder / "tun"
    extra = ["--tun", str(tun)] if tun.exists() else []
    words = [*prefix, LAB, "--scenario", str(scenario), "--stats", str(folder / "stats.json"), *extra, *options]
    return subprocess.Popen([*words, "--", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def run(folder, prefix, command, *options, **more):
    process = start(folder, prefix, command, *options, **more)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def stats(folder):
    return json.loads((folder / "stats.json").read_text())


def tally(report, name):
    return next(t for t in report["targets"] if t["target"] == name)


def check_sums(report):
    for target in report["targets"]:
        for protocol in PROTOCOLS:
            if protocol in target:
                counts = target[protocol]
                assert counts["requests"] == sum(counts[fate] for fate in FATES), target


def wait_for(claim, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(0.05)
    return False


def processes_with(marker):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if marker in (entry / "cmdline").read_bytes().decode(errors="replace").split("\0"):
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


@pytest.mark.parametrize("user", [as_root, as_nobody])
def test_fping_gets_the_loss_and_round_trips_of_the_scenario(folder, user):
    code, _, err = run(folder, user(folder), ["fping", "-q", "-c", "20", "-p", "50", "-t", "900",
                                              "198.18.1.15", "198.18.1.16", "2001:2:0:1::15"])
    assert "198.18.1.15    : xmt/rcv/%loss = 20/20/0%" in err, err
    assert "2001:2:0:1::15 : xmt/rcv/%loss = 20/20/0%" in err, err
    shortest = float(next(l for l in err.splitlines() if l.startswith("198.18.1.15 ")).split("= ")[-1].split("/")[0])
    assert 30 <= shortest < 50, err  # 30 ms, never less; the rest is the machine
    report = stats(folder)
    check_sums(report)
    assert report["packets"]["malformed"] == 0
    assert tally(report, "steady")["icmp"]["answered"] == 20
    lossy = tally(report, "lossy")["icmp"]
    assert lossy["requests"] == 20 and 0 < lossy["lost"] < 20
    assert f"xmt/rcv/%loss = 20/{lossy['answered']}/" in err, err
    assert code == 0  # fping's own: every host answered at least once


@pytest.mark.parametrize("user", [as_root, as_nobody])
def test_the_kernels_tcp_and_udp_are_answered(folder, user):
    code, out, err = run(folder, user(folder), [sys.executable, str(HERE / "speak.py")])
    assert code == 0, out + err
    said = json.loads(out)
    assert said["soa"] == {"id_kept": True, "rcode": 0, "answers": 1, "aa": True, "nsid": "steady"}
    assert said["missing"]["rcode"] == 3
    assert said["outside"]["rcode"] == 5
    assert said["soa_over_tcp"] == said["soa"]
    assert said["http"] == ""
    assert said["open"] == "connected" and said["open_v6"] == "connected"
    assert said["closed"] == "ECONNREFUSED"
    assert said["filtered"] == "timeout"
    assert said["no_port"] == "ECONNREFUSED"
    assert said["unreachable"] == "EHOSTUNREACH"
    report = stats(folder)
    check_sums(report)
    assert tally(report, "filtered")["tcp"]["silent"] >= 1
    assert tally(report, "steady")["udp"]["requests"] == 4
    assert report["packets"]["malformed"] == 0


def test_the_timeline_cuts_and_mends(folder):
    code, _, err = run(folder, as_root(folder), ["fping", "-q", "-c", "30", "-p", "100", "-t", "90",
                                                 "198.18.2.1", "198.18.100.1"])
    cut = tally(stats(folder), "cut")["icmp"]
    # Cut from 1 s to 2 s; the first request leaves some time after the start.
    assert cut["requests"] == 30 and 5 <= cut["cut"] <= 11, cut
    assert tally(stats(folder), "control")["icmp"]["cut"] == 0


def test_every_kind_of_trouble_reaches_the_asker(folder):
    code, out, err = run(folder, as_root(folder), [sys.executable, str(HERE / "listen.py"), "40"],
                         scenario=HERE / "scenarios" / "trouble.yaml")
    assert code == 0, out + err
    seen = json.loads(out)
    report = stats(folder)
    check_sums(report)
    assert seen["duplicated"]["valid"] == 40 + tally(report, "duplicated")["icmp"]["duplicated"] > 40
    assert seen["corrupted"]["broken"] == tally(report, "corrupted")["icmp"]["corrupted"] > 0
    assert seen["corrupted"]["valid"] == tally(report, "corrupted")["icmp"]["answered"] > 0
    assert seen["token"]["altered"] == tally(report, "token")["icmp"]["forged"] == 40
    assert seen["source"]["elsewhere"] == tally(report, "source")["icmp"]["forged"] == 40
    assert seen["ttl"]["other_ttl"] == tally(report, "ttl")["icmp"]["forged"] == 40
    assert seen["limited"]["valid"] == tally(report, "limited")["icmp"]["answered"] < 40
    assert seen["late"]["late"] == tally(report, "late")["icmp"]["late"] > 0
    assert seen["reordered"]["out_of_order"] > 0 and tally(report, "reordered")["icmp"]["reordered"] > 0


def test_an_unlisted_address_answers_when_the_network_says_so(folder):
    code, _, err = run(folder, as_root(folder), ["fping", "-q", "-c", "1", "-t", "900",
                                                 "198.18.64.7", "198.18.95.250", "198.18.1.99"])
    assert "198.18.64.7   : xmt/rcv/%loss = 1/1/0%" in err, err
    assert "198.18.95.250 : xmt/rcv/%loss = 1/1/0%" in err, err
    assert "198.18.1.99   : xmt/rcv/%loss = 1/0/100%" in err, err


def test_the_same_seed_gives_the_same_losses(folder):
    lost = []
    for seed in ("5", "5", "6"):
        _, _, err = run(folder, as_root(folder), ["fping", "-C", "40", "-q", "-p", "20", "-t", "200", "198.18.1.16"],
                        "--seed", seed)
        line = next(l for l in err.splitlines() if l.startswith("198.18.1.16"))
        lost.append([word == "-" for word in line.split(":")[1].split()])
    assert lost[0] == lost[1] != lost[2]


@pytest.mark.parametrize("user", [as_root, as_nobody])
def test_a_socket_from_outside_reaches_the_command_as_systemd_hands_it(folder, user):
    with socket.socket() as probe:  # a free port
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = ("import os, socket; assert os.environ['LISTEN_FDS'] == '1'; "
              "assert os.environ['LISTEN_PID'] == str(os.getpid()); s = socket.socket(fileno=3); "
              "c, _ = s.accept(); c.sendall(b'from within')")
    process = start(folder, user(folder), [sys.executable, "-c", script], "--publish", f"127.0.0.1:{port}")
    try:
        assert wait_for(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0 or process.poll() is not None)
    finally:
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err


def test_the_exit_code_is_the_commands(folder):
    prefix = as_root(folder)
    assert run(folder, prefix, ["true"])[0] == 0
    assert run(folder, prefix, ["sh", "-c", "exit 7"])[0] == 7
    assert run(folder, prefix, ["sh", "-c", "kill -9 $$"])[0] == 128 + 9
    assert run(folder, prefix, ["/nonexistent"])[0] == 127
    assert run(folder, prefix, ["sleep", "60"], "--for", "300ms")[0] == 0
    assert run(folder, prefix, ["sh", "-c", "trap 'exit 5' TERM; sleep 60 & wait"], "--for", "500ms")[0] == 5


def test_wrong_use_says_what_to_do(folder):
    prefix = as_root(folder)
    bad = folder / "bad.yaml"
    bad.write_text("networks: [{name: a, prefixes: [198.18.1.0/24], losss: 1}]\n")
    code, _, err = run(folder, prefix, ["true"], scenario=bad)
    assert code == 1 and "did you mean 'loss'?" in err, err
    assert subprocess.run([LAB], capture_output=True, check=False).returncode == 2
    assert run(folder, prefix, ["true"], "--for", "soon")[0] == 2
    code, _, err = run(folder, prefix, ["true"], "--publish", "127.0.0.1")
    assert code == 3 and "such as 127.0.0.1:10547" in err, err
    code, _, err = run(folder, prefix, ["true"], "--tun", "/dev/null")
    assert code == 3 and "cannot make the device lab0" in err, err
    code, _, err = run(folder, prefix, ["true"], "--tun", "/nonexistent")
    assert code == 3 and "run as root" in err, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("user", [as_root, as_nobody])
def test_nothing_is_left_behind(folder, user, number):
    marker = f"{folder.name}-{number}"
    ready = folder / "ready"
    # A child in a session of its own, which no signal to a process group reaches.
    script = f"setsid python3 -c 'import time; time.sleep(99)' {marker} & exec python3 -c 'import time; time.sleep(99)' {marker}"
    process = start(folder, user(folder), ["sh", "-c", script], "--ready-file", str(ready))
    try:
        assert wait_for(lambda: len(processes_with(marker)) >= 2), process.poll()
        pid = int(ready.read_text())
        namespace = os.readlink(f"/proc/{pid}/ns/net")
        assert namespace != os.readlink("/proc/self/ns/net")
        # setpriv executes the laboratory in its own place, so the process is the laboratory itself.
        process.send_signal(number)
        process.wait(timeout=20)
        assert wait_for(lambda: not processes_with(marker))
        assert not os.path.exists(f"/proc/{pid}/ns/net") or os.readlink(f"/proc/{pid}/ns/net") != namespace
    finally:
        process.kill()
        process.communicate()


def test_a_command_that_ignores_the_request_to_end_is_killed(folder):
    ready = folder / "ready"
    process = start(folder, as_root(folder), [sys.executable, "-c", "import signal, time; "
                    "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(99)"],
                    "--ready-file", str(ready))
    assert process.stdout.readline() == "deaf\n"
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + 9 and "is killed" in err


def test_counts_can_be_read_while_it_runs(folder):
    process = start(folder, as_root(folder), ["sh", "-c", "fping -q -c 3 -p 50 198.18.1.15; echo asked; sleep 60"])
    assert process.stdout.readline() == "asked\n"
    process.send_signal(signal.SIGUSR1)
    assert wait_for(lambda: (folder / "stats.json").exists())
    assert tally(stats(folder), "steady")["icmp"]["answered"] == 3
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
