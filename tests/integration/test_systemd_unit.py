"""The units under a real systemd: readiness, watchdog, restarts, reload, what the sandbox allows and what it does not.

All hosts that are asked are addresses of the machine's own loopback.
"""

import contextlib
import http.client
import os
import re
import signal

import pytest
import yaml

from harness import settings
from harness.metrics import Metrics
from harness.processes import wait_until

PORT = 10547
MOST_EXPOSED = 1.7  # a raw socket and the Internet do not allow less
CAP_NET_RAW = 1 << 13


@pytest.fixture(scope="module", autouse=True)
def installed(machine):
    machine.install(settings.package())
    machine.run("ip", "route", "add", "local", "198.18.0.0/24", "dev", "lo")
    # Nothing here shall wait for long: what a unit of production does in seconds it does in tenths.
    for unit in ("blipd.service", "blipd@.service"):
        machine.write(f"/etc/systemd/system/{unit}.d/quick.conf", "[Service]\nRestartSec=200ms\n")
    machine.run("systemctl", "daemon-reload")


def lab(**more) -> dict:
    return {
        "vantage": {"name": "test"},
        "probes": {
            "ping": {"type": "icmp", "interval": "200ms", "timeout": "100ms"},
            "syn": {"type": "tcp", "port": PORT, "interval": "200ms", "timeout": "100ms"},
            "connect": {"type": "tcp", "port": PORT, "mode": "connect", "interval": "200ms", "timeout": "100ms"},
        },
        "countries": [
            {
                "code": "LB",
                "networks": [
                    {
                        "name": "net",
                        "targets": [
                            {"name": "own", "host": "127.0.0.1", "probes": ["ping", "syn", "connect"]},
                            {"name": "other", "host": "198.18.0.5", "probes": ["ping"]},
                            {"name": "v6", "host": "::1", "probes": ["ping"]},
                            {"name": "named", "host": "localhost", "probes": ["ping"]},
                        ],
                    }
                ],
            }
        ],
        **more,
    }


def get(machine, path: str, port: int = PORT) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        connection.sock = machine.network.connect("127.0.0.1", port, 5)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def scrape(machine) -> Metrics:
    return Metrics(get(machine, "/metrics")[1])


def start(machine, config: dict | str, unit: str = "blipd", name: str = "blipd") -> int:
    """A new start with this configuration; its process. It is ready by then, for that is what systemd waits for."""
    machine.write(f"/etc/blipd/{name}.yaml", config if isinstance(config, str) else yaml.safe_dump(config))
    machine.run("systemctl", "reset-failed", check=False)
    machine.run("systemctl", "restart", unit)
    return machine.main_process(unit)


def wait_for_another(machine, process: int, seconds: float = 10) -> int:
    return wait_until(
        lambda: (now := machine.main_process()) not in (0, process)
        and machine.show("blipd", "ActiveState") == "active" and now,
        seconds, "systemd has started it again",
    )


def status_of(machine, process: int) -> dict[str, str]:
    text = machine.run("cat", f"/proc/{process}/status").stdout
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


@contextlib.contextmanager
def changed(machine, text: str, unit: str = "blipd.service"):
    """A drop-in, as an administrator would write it."""
    file = f"/etc/systemd/system/{unit}.d/test.conf"
    machine.write(file, text)
    machine.run("systemctl", "daemon-reload")
    try:
        yield
    finally:
        machine.path(file).unlink()
        machine.run("systemctl", "daemon-reload")


def test_systemd_has_nothing_to_say_against_the_units(machine):
    for unit in ("blipd.service", "blipd@.service", "blipd.socket"):
        done = machine.run("systemd-analyze", "verify", f"/lib/systemd/system/{unit}")
        assert done.stderr + done.stdout == "", unit


@pytest.mark.parametrize("unit", ["blipd.service", "blipd@any.service"])
def test_the_units_are_hardly_exposed(machine, unit):
    said = machine.run("systemd-analyze", "security", unit).stdout
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert level and float(level.group(1)) <= MOST_EXPOSED, said


def test_every_way_of_asking_works_within_the_sandbox(machine):
    start(machine, lab())
    said = scrape(machine)
    assert said.value("blipd_capturing") == 1
    assert said.value("blipd_clock_source", source="capture") == 1
    assert said.value("blipd_journal_writing") == 1
    assert get(machine, "/-/ready")[0] == 200  # systemctl returned when it was
    assert len(said.series("blipd_probes_sent_total")) == 6

    def all_are_answered():
        return all(scrape(machine).series("blipd_probes_answered_total").values())

    wait_until(all_are_answered, 5, "all six channels are answered")
    assert "level=error" not in machine.log_of()


def test_it_runs_as_its_own_user_and_has_given_up_every_capability(machine):
    status = status_of(machine, start(machine, lab()))
    user = machine.run("id", "-u", "blipd").stdout.strip()
    assert user != "0" and status["Uid"].split() == [user] * 4
    for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert int(status["CapBnd"], 16) == CAP_NET_RAW
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert status["Umask"] == "0027"


def test_with_real_time_priority_only_the_probing_thread_has_it(machine):
    """The drop-in of docs/scaling.md, as it stands there."""
    text = (settings.ROOT / "docs" / "scaling.md").read_text()
    drop_in = next(block for block in re.findall(r"```ini\n(.*?)```", text, re.DOTALL) if "CPUSchedulingPolicy" in block)
    with changed(machine, drop_in):
        process = start(machine, lab())
        get(machine, "/metrics")
        policies = {}
        for thread in machine.run("ls", f"/proc/{process}/task").stdout.split():
            stat = machine.run("cat", f"/proc/{process}/task/{thread}/stat").stdout
            policies[int(thread)] = int(stat[stat.rindex(")") + 2 :].split()[38])  # proc(5): field 41, counted from the third
    assert policies.pop(process) == os.SCHED_FIFO
    assert policies and set(policies.values()) == {os.SCHED_OTHER}, policies
    start(machine, lab())


def test_what_is_not_needed_is_refused(machine):
    """The sandbox as it is, around a program that tries what an intruder would."""
    attempts = """
import ctypes, os, socket, mmap
libc = ctypes.CDLL(None, use_errno=True)
state = os.environ["STATE_DIRECTORY"].rpartition(":")[2]

def attempt(name, call):
    try:
        call()
        print("ALLOWED", name, flush=True)
    except (OSError, PermissionError) as refusal:
        print("refused", name, refusal.errno, flush=True)

def checked(result):
    if result in (-1, 2**64 - 1):
        raise OSError(ctypes.get_errno(), "")

def write(path):
    with open(path, "w") as file:
        file.write("x")

attempt("write /etc", lambda: write("/etc/blipd/new"))
attempt("write /usr", lambda: write("/usr/bin/new"))
attempt("write /var", lambda: write("/var/lib/new"))
attempt("write /proc/sys", lambda: write("/proc/self/oom_score_adj/../../sys/kernel/hostname"))
attempt("read /home", lambda: os.listdir("/home/somebody"))
attempt("read another process", lambda: open("/proc/1/status").read())
attempt("run a program", lambda: os.posix_spawn("/usr/bin/true", ["true"], {}))
attempt("a packet socket of another kind", lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM))
attempt("a namespace", lambda: checked(libc.unshare(0x10000000)))
attempt("code that is written", lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC))
attempt("set the clock", lambda: checked(libc.clock_settime(0, ctypes.byref((ctypes.c_long * 2)(1, 1)))))
attempt("mount", lambda: checked(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)))
attempt("trace", lambda: checked(libc.ptrace(16, 1, 0, 0)))
attempt("become root", lambda: os.setuid(0))
attempt("real time", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))
attempt("a disk", lambda: checked(libc.mknod(state.encode() + b"/disk", 0o60600, 0x800)))
write(state + "/tried")
socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
print("needed: allowed", flush=True)
"""
    machine.write("/opt/attempts.py", attempts)
    machine.path("/home/somebody").mkdir(parents=True, exist_ok=True)
    drop_in = "[Service]\nType=oneshot\nExecStart=\nExecStart=/usr/bin/python3 -B /opt/attempts.py\nExecPaths=/usr/bin/python3\n"
    with changed(machine, drop_in + "Restart=no\nNotifyAccess=none\nWatchdogSec=0\n", "blipd@.service"):
        machine.run("systemctl", "start", "blipd@tries")
        said = machine.log_of("blipd@tries")
    assert "needed: allowed" in said
    assert said.count("refused") == 16, said
    assert "ALLOWED" not in said


def test_reload_goes_on_with_the_same_process_and_a_faulty_file_changes_nothing(machine):
    process = start(machine, lab())
    name = "blipd_config_last_reload_success_timestamp_seconds"
    before = scrape(machine).value(name)
    machine.write("/etc/blipd/blipd.yaml", yaml.safe_dump(lab(retention="30d")))
    machine.run("systemctl", "reload", "blipd")
    wait_until(lambda: scrape(machine).value(name) > before, 5, "it is reloaded")
    machine.write("/etc/blipd/blipd.yaml", "countries: nonsense\n")
    machine.run("systemctl", "reload", "blipd", check=False)  # whether systemd hears of the fault is the daemon's affair
    wait_until(lambda: scrape(machine).value("blipd_config_last_reload_successful") == 0, 5, "the fault is noticed")
    assert machine.main_process() == process
    assert get(machine, "/-/ready")[0] == 200


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_it_is_started_again_when_it_dies(machine, number):
    process = start(machine, lab())
    machine.run("kill", f"-{int(number)}", process)
    wait_for_another(machine, process)


def test_a_daemon_that_hangs_is_ended_and_started_again(machine):
    with changed(machine, "[Service]\nWatchdogSec=1s\n"):
        process = start(machine, lab())
        machine.run("kill", "-STOP", process)
        wait_for_another(machine, process, 15)
        assert "Watchdog timeout" in machine.log_of()


def test_a_daemon_that_probes_feeds_its_watchdog(machine):
    with changed(machine, "[Service]\nWatchdogSec=1s\n"):
        process = start(machine, lab())
        asked = scrape(machine).sum("blipd_probes_sent_total")
        # Six channels, five times a second each: three times as long as the watchdog waits.
        wait_until(lambda: scrape(machine).sum("blipd_probes_sent_total") > asked + 90, 10, "it has probed for 3 s", 0.2)
        assert machine.main_process() == process


def test_a_faulty_configuration_is_no_reason_to_start_again(machine):
    start(machine, lab())
    machine.write("/etc/blipd/blipd.yaml", "countries: [{code: wrong}]\n")
    machine.run("systemctl", "restart", "blipd", check=False)
    wait_until(lambda: machine.show("blipd", "ActiveState") == "failed", 5, "it has failed")
    assert machine.show("blipd", "ExecMainStatus") == "1"
    assert machine.show("blipd", "NRestarts") == "0"
    assert "event=config_fault" in machine.log_of()


def test_a_broken_environment_is_tried_again_until_it_is_mended(machine):
    start(machine, lab())
    machine.write("/etc/blipd/blipd.yaml", yaml.safe_dump(lab(listen="198.19.0.9:10547")))
    machine.run("systemctl", "restart", "blipd", check=False)
    wait_until(lambda: int(machine.show("blipd", "NRestarts")) >= 7, 15, "it is tried more often than systemd's usual limit")
    machine.run("ip", "address", "add", "198.19.0.9/32", "dev", "lo")
    wait_until(lambda: machine.show("blipd", "ActiveState") == "active", 10, "it runs once the address is there")
    machine.run("ip", "address", "del", "198.19.0.9/32", "dev", "lo")


def test_it_stops_cleanly_and_at_once(machine):
    start(machine, lab())
    machine.run("systemctl", "stop", "blipd", timeout=5)
    assert machine.show("blipd", "Result") == "success"
    assert "event=stopped" in machine.log_of()


def test_instances_have_their_own_configuration_and_state(machine):
    start(machine, lab())
    for number, name in enumerate(("fra1", "sgp1")):
        start(machine, lab(vantage={"name": name}, listen=f"127.0.0.1:{10600 + number}"), f"blipd@{name}", name)
        assert f'"name":"{name}"' in get(machine, "/api/v1/status", 10600 + number)[1]
        assert machine.exists(f"/var/lib/blipd/{name}/journal.db")
    assert machine.show("blipd", "ActiveState") == "active"
    assert machine.run("stat", "-c", "%U:%G %a", "/var/lib/blipd", "/var/lib/blipd/fra1").stdout.split("\n")[:2] == [
        "blipd:blipd 750"] * 2
    machine.run("systemctl", "stop", "blipd@fra1", "blipd@sgp1")


def test_the_socket_keeps_the_port_while_the_daemon_is_away(machine):
    machine.run("systemctl", "stop", "blipd")
    machine.run("systemctl", "start", "blipd.socket")
    try:
        start(machine, lab(listen="127.0.0.1:10999"))  # which counts for nothing now
        assert get(machine, "/-/ready")[0] == 200
        machine.run("systemctl", "stop", "blipd")
        assert get(machine, "/-/healthy")[0] == 200  # which started it
        wait_until(lambda: machine.show("blipd", "ActiveState") == "active", 5, "it is ready again")
    finally:
        machine.run("systemctl", "stop", "blipd.socket", "blipd")


@pytest.mark.parametrize("is_running", [True, False])
def test_a_report_is_for_the_group_and_for_nobody_else(machine, is_running):
    start(machine, lab())
    wait_until(lambda: machine.exists("/var/lib/blipd/journal.db"), 5, "there is a journal")
    if not is_running:
        machine.run("systemctl", "stop", "blipd")
    machine.run("setpriv", "--reuid=65534", "--regid=65534", "--groups=blipd", "blipd", "report")
    stranger = machine.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "blipd", "report", check=False)
    assert stranger.returncode == 3
