"""Software that is not ours, run inside a namespace: NSD, nginx, Prometheus, fping, tcpdump and tshark."""

import contextlib
import json
import pathlib
import re
import signal
import socket
import subprocess
import time
import urllib.parse

import yaml

from . import settings
from .daemon import Connection
from .network import Namespace
from .processes import Process, wait_until

NSD4, NSD6 = "198.18.53.1", "2001:2:0:1::53"
ZONE = "example.test"
SERIAL = 2014122201
NSID = "ns1.example.test"

_NSD = """
server:
  ip-address: {NSD4}
  ip-address: {NSD6}
  username: ""
  chroot: ""
  database: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  xfrdir: "{folder}"
  nsid: "ascii_{NSID}"
  server-count: 1
  {ratelimit}
  verbosity: 1
remote-control:
  control-enable: no
zone:
  name: {ZONE}
  zonefile: zone
"""

_ZONE = f"""$ORIGIN {ZONE}.
$TTL 60
@ SOA ns1 hostmaster {SERIAL} 3600 900 86400 60
@ NS ns1
ns1 A {NSD4}
ns1 AAAA {NSD6}
"""


class NameServer:
    """NSD with one small zone."""

    def __init__(self, namespace: Namespace, directory: pathlib.Path, records: str = "", addresses=(NSD4, NSD6)):
        directory.mkdir(parents=True, exist_ok=True)
        self.namespace, self.address = namespace, addresses[0]
        text = _NSD.format(folder=directory, ratelimit="rrl-ratelimit: 0", NSD4=NSD4, NSD6=NSD6, NSID=NSID, ZONE=ZONE)
        listed = "".join(f"  ip-address: {address}\n" for address in addresses)
        text = text.replace(f"  ip-address: {NSD4}\n  ip-address: {NSD6}\n", listed)
        self.zone_file = directory / "zone"
        self.zone_file.write_text(_ZONE + records)
        config = directory / "nsd.conf"
        config.write_text(text)
        self.process = namespace.start("nsd", settings.peer("nsd"), "-d", "-c", config, directory=directory)
        wait_until(self._answers, 10, "NSD answers")

    def _answers(self) -> bool:
        """It has answered a question. (The kernel takes connections and datagrams for it long before.)"""
        self.process.expect_running()
        name = b"".join(bytes([len(label)]) + label.encode() for label in ZONE.split(".")) + b"\0"
        with self.namespace.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(0.5)
            asker.connect((self.address, 53))
            with contextlib.suppress(OSError):
                asker.send(b"\x12\x34\0\0\0\1\0\0\0\0\0\0" + name + b"\0\6\0\1")
                return asker.recv(512)[:2] == b"\x12\x34"
        return False

    def replace_records(self, records: str) -> None:
        """Takes effect at once: NSD reads the zone again on SIGHUP."""
        serial = int(re.search(r"hostmaster (\d+)", self.zone_file.read_text())[1]) + 1
        self.zone_file.write_text(_ZONE.replace(str(SERIAL), str(serial)) + records)
        self.process.signal(signal.SIGHUP)


def web_server(namespace: Namespace, directory: pathlib.Path, port: int = 80) -> Process:
    """nginx on every address of the namespace."""
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "nginx.conf"
    temporary = "".join(
        f"{kind}_temp_path {directory}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config.write_text(
        f"daemon off; master_process off; pid {directory}/nginx.pid; error_log {directory}/nginx.log; user root;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary}\n"
        f"server {{ listen 0.0.0.0:{port}; listen [::]:{port}; return 204; }} }}\n"
    )
    process = namespace.start(
        "nginx", settings.peer("nginx"), "-c", config, "-e", directory / "nginx.log", directory=directory
    )

    def listens():
        process.expect_running()
        with contextlib.suppress(OSError), namespace.connect("127.0.0.1", port, 0.5):
            return True
        return False

    wait_until(listens, 10, "nginx listens")
    return process


class Capture:
    """tcpdump into a file, from the moment on which the constructor returns."""

    def __init__(self, namespace: Namespace, link: str, directory: pathlib.Path, *, expression="", snap=0, name="capture"):
        directory.mkdir(parents=True, exist_ok=True)
        self.file = directory / f"{name}.pcap"
        command = [settings.peer("tcpdump"), "-i", link, "-w", self.file, "-s", snap, "-n", "-Z", "root", "-B", 32768]
        command += ["--time-stamp-precision=nano"] + ([expression] if expression else [])
        self.process = namespace.start(name, *command, directory=directory)

        def listens():
            self.process.expect_running()
            return "listening on" in self.process.errors

        wait_until(listens, 10, "tcpdump captures", 0.01)

    def stop(self) -> pathlib.Path:
        return stop_captures([self])[0]


def stop_captures(captures: list[Capture]) -> list[pathlib.Path]:
    """Their files, whole."""
    time.sleep(1.2)  # tcpdump takes what its ring holds at least once a second
    for capture in captures:
        capture.process.signal(signal.SIGINT)
    for capture in captures:
        assert capture.process.wait(10) == 0, capture.process.errors
        dropped = re.search(r"(\d+) packets? dropped by kernel", capture.process.errors)
        assert dropped and int(dropped[1]) == 0, capture.process.errors
    return [capture.file for capture in captures]


def tshark(file: pathlib.Path, fields) -> list[dict[str, str]]:
    """Every packet as tshark reads it, with all checksums verified: fields by name, empty where there is none."""
    command = [settings.peer("tshark"), "-n", "-r", str(file), "-T", "fields", "-E", "occurrence=a"]
    for preference in ("ip.check_checksum", "tcp.check_checksum", "udp.check_checksum"):
        command += ["-o", f"{preference}:TRUE"]
    for field in fields:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [dict(zip(fields, line.split("\t"))) for line in done.stdout.splitlines()]


class Fping:
    """One run of `fping -C`: every target `count` times, `period` apart, replies kept one by one."""

    def __init__(self, namespace, directory, targets, *, count, period, gap, timeout=None, name="fping"):
        """Times in seconds; `gap` lies between any two packets."""
        directory.mkdir(parents=True, exist_ok=True)
        self.targets, self.count = list(targets), count
        listing = directory / f"{name}.targets"
        listing.write_text("".join(f"{target}\n" for target in self.targets))
        command = [settings.peer("fping"), "-q", "-C", count, "-p", f"{period * 1000:.3f}", "-i", f"{gap * 1000:.4f}"]
        if timeout is not None:
            command += ["-t", f"{timeout * 1000:.0f}"]
        self.process = namespace.start(name, *command, "-f", listing, directory=directory)

    def round_trips(self, timeout: float) -> dict[str, list]:
        """By target: a list of seconds, None for what was lost."""
        code = self.process.wait(timeout)
        assert code in (0, 1), self.process.errors  # 1: some did not answer
        found = {}
        for line in self.process.errors.splitlines():
            match = re.match(r"(\S+)\s+: ((?:-|[\d.]+)(?: (?:-|[\d.]+))*)$", line)
            if match:
                found[match[1]] = [None if text == "-" else float(text) / 1000 for text in match[2].split()]
        assert sorted(found) == sorted(self.targets), self.process.errors[-2000:]
        return found


class Prometheus:
    """A real one, scraping every second, with its data in a directory of the test's. `target_port`: one, or several."""

    PORT = 10590

    def __init__(self, namespace: Namespace, directory: pathlib.Path, target_port, rules=(), **scrape):
        """`target_port`: one or several; `scrape`: more of the scrape configuration, such as tls_config."""
        directory.mkdir(parents=True, exist_ok=True)
        ports = [target_port] if isinstance(target_port, int) else target_port
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "900ms", "evaluation_interval": "1s"},
            "scrape_configs": [
                {"job_name": "blipd", "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}]} | scrape,
            ],
        }
        config_file = directory / "prometheus.yml"
        config_file.write_text(yaml.safe_dump(config))
        self.namespace = namespace
        self.process = namespace.start(
            "prometheus",
            settings.peer("prometheus"),
            f"--config.file={config_file}",
            f"--storage.tsdb.path={directory}/data",
            f"--web.listen-address=127.0.0.1:{self.PORT}",
            directory=directory,
        )
        wait_until(self._is_ready, 30, "Prometheus is ready")

    def _get(self, path: str) -> tuple[int, bytes]:
        with contextlib.closing(Connection(self.namespace, self.PORT)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def _is_ready(self) -> bool:
        self.process.expect_running()
        with contextlib.suppress(OSError, socket.timeout):
            return self._get("/-/ready")[0] == 200
        return False

    def api(self, path: str, parameters: dict):
        """The `data` of an answer. AssertionError when it is an error, with Prometheus' own words."""
        status, body = self._get(f"{path}?{urllib.parse.urlencode(parameters)}")
        assert status == 200, f"{parameters}: {body.decode()}"
        return json.loads(body)["data"]

    def query(self, expression: str) -> list[tuple[dict, float]]:
        """An instant vector: labels and value of each series."""
        status, body = self._get("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        assert status == 200, body
        return [(row["metric"], float(row["value"][1])) for row in json.loads(body)["data"]["result"]]

    def scrape_errors(self) -> list[str]:
        _, body = self._get("/api/v1/targets")
        return [target["lastError"] for target in json.loads(body)["data"]["activeTargets"] if target["lastError"]]


def promtool_check(text: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [settings.peer("promtool"), "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False
    )


def promtool_check_web(file: pathlib.Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [settings.peer("promtool"), "check", "web-config", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
