"""Peers that are asked over HTTP, and dnsperf."""

import contextlib
import pathlib
import re
import time

from harness import settings
from harness.processes import wait_until
from rig import accounting, http_load

_PORT = 9115
_MODULES = """
modules:
  icmp: {prober: icmp, timeout: 1s, icmp: {preferred_ip_protocol: ip4}}
  tcp: {prober: tcp, timeout: 1s, tcp: {preferred_ip_protocol: ip4}}
  dns: {prober: dns, timeout: 1s, dns: {query_name: example.test, query_type: A, transport_protocol: udp, preferred_ip_protocol: ip4}}
"""


def blackbox(far, directory: pathlib.Path, hosts: list[str], module: str, rate: float, seconds: float) -> dict:
    """blackbox_exporter, asked `rate` times a second on up to 100 connections, or as often as it can."""
    config = directory / "blackbox.yml"
    config.write_text(_MODULES)
    process = far.near.start(
        "blackbox", settings.peer("prometheus-blackbox-exporter"), f"--config.file={config}",
        f"--web.listen-address=127.0.0.1:{_PORT}", "--log.level=error", directory=directory,
    )  # fmt: skip

    def listens():
        process.expect_running()
        with contextlib.suppress(OSError), far.near.connect("127.0.0.1", _PORT, 1):
            return True
        return False

    kind = {"icmp": "echoes", "tcp": "handshakes", "dns": "questions"}[module]
    port = {"icmp": "", "tcp": ":80", "dns": ":53"}[module]
    paths = [f"/probe?module={module}&target={host}{port}" for host in hosts]
    try:
        wait_until(listens, 10, "blackbox_exporter listens")
        http_load.drive(far.near, _PORT, paths, connections=100, rate=rate, seconds=1.0)
        stretch = accounting.Stretch(far, process, kind)
        driven = http_load.drive(far.near, _PORT, paths, connections=100, rate=rate, seconds=seconds)
        result = stretch.end()
        if driven["succeeded"] < 0.9 * driven["answered"] or driven["answered"] == 0:
            raise AssertionError(f"blackbox_exporter: of {driven['answered']} probes {driven['succeeded']} succeeded")
        result["lost"] = driven["answered"] - driven["succeeded"]
        result["resident"] = accounting.memory_bytes(process.pid)
        return result
    finally:
        process.kill()


def dnsperf(far, directory: pathlib.Path, server: str, rate: int, seconds: float) -> dict:
    questions = directory / "dnsperf.questions"
    questions.write_text("example.test A\n")
    length = round(seconds) + 3
    process = far.near.start(
        "dnsperf", settings.peer("dnsperf"), "-s", server, "-d", questions, "-Q", rate, "-l", length, "-t", 1, "-q", 10_000,
        "-T", 1, "-c", 4, directory=directory,
    )  # fmt: skip
    try:
        time.sleep(1.5)
        stretch = accounting.Stretch(far, process, "questions")
        time.sleep(seconds)
        result = stretch.end()
        assert process.wait(length + 10) == 0, process.errors
        lost = re.search(r"Queries lost:\s+(\d+)", process.output)
        result["lost"] = int(lost[1])
        return result
    finally:
        process.kill()
