"""Peers that ask many hosts by themselves, each in the way it is meant to be used. Every run is bounded in rate, count and
time, and goes out by the link of a namespace of ours."""

import json
import pathlib
import re
import time

from harness import peers, settings
from harness.network import FAR_LINK, NEAR4, NEAR_LINK
from rig import accounting, programs

WARM_UP = 2.0


def _targets(directory: pathlib.Path, hosts: list[str], name: str) -> pathlib.Path:
    file = directory / f"{name}.targets"
    file.write_text("".join(f"{host}\n" for host in hosts))
    return file


def bare(far, directory: pathlib.Path, hosts: list[str], seconds: float) -> dict:
    """The bare loop, tests/bench/bare: each host once a second."""
    process = far.near.start(
        "bare", programs.built("bench_bare"), "--targets", _targets(directory, hosts, "bare"),
        "--seconds", round(WARM_UP + seconds + 2), directory=directory,
    )  # fmt: skip
    try:
        time.sleep(WARM_UP)
        stretch = accounting.Stretch(far, process)
        time.sleep(seconds)
        result = stretch.end()
        assert process.wait(20) == 0, process.errors
        counted = json.loads(process.output)
        return result | {"lost": counted["sent"] - counted["failed"] - counted["answered"], "asked": counted["sent"]}
    finally:
        process.kill()


def fping(far, directory: pathlib.Path, hosts: list[str], seconds: float, gap: float, after=None) -> dict:
    """Each host once a second. With a gap of just 1/N fping falls behind at some thousands a second (its sleeps run over); with
    a tiny one it sends in bursts, which no host on the Internet deserves, and is at its cheapest. `after`: called when the
    stretch is over, given what fping found."""
    rounds = round(WARM_UP + seconds) + 3
    tool = peers.Fping(far.near, directory, hosts, count=rounds, period=1.0, gap=gap)
    try:
        time.sleep(WARM_UP)
        stretch = accounting.Stretch(far, tool.process)
        time.sleep(seconds)
        result = stretch.end()
        result["resident"] = accounting.memory_bytes(tool.process.pid)
        captures = after() if after else None
        found = tool.round_trips(rounds + 20)
        result["lost"] = sum(rtt is None for rtts in found.values() for rtt in rtts)
        result["asked"] = sum(map(len, found.values()))
        return result | ({"found": found, "reference": captures.stop()} if captures else {})
    finally:
        tool.process.kill()


def scamper(far, directory: pathlib.Path, hosts: list[str], seconds: float) -> dict:
    """`scamper ping` of each host once a second. It takes up to 10,000 packets a second."""
    count = round(WARM_UP + seconds) + 4
    rate = min(10_000, round(len(hosts) * 1.2))
    process = far.near.start(
        "scamper", settings.peer("scamper"), "-O", "warts", "-o", "/dev/null", "-p", rate, "-w", len(hosts),
        "-c", f"ping -i 1 -c {count} -o {count}", "-f", _targets(directory, hosts, "scamper"), directory=directory,
    )  # fmt: skip
    try:
        time.sleep(WARM_UP + 1)
        stretch = accounting.Stretch(far, process)
        time.sleep(seconds)
        return stretch.end()
    finally:
        process.kill()


def smokeping_prober(far, directory: pathlib.Path, hosts: list[str], seconds: float) -> dict:
    port = 9374
    process = far.near.start(
        "smokeping_prober", settings.peer("prometheus-smokeping-prober"), f"--web.listen-address=127.0.0.1:{port}",
        "--config.file=", "--privileged", "--ping.interval=1s", "--log.level=error", *hosts, directory=directory,
    )  # fmt: skip
    try:
        time.sleep(WARM_UP + 1)
        stretch = accounting.Stretch(far, process)
        time.sleep(seconds)
        result = stretch.end()
        result["resident"] = accounting.memory_bytes(process.pid)
        return result
    finally:
        process.kill()


def _link_address(namespace, link: str) -> str:
    return json.loads(namespace.run("ip", "-j", "link", "show", link).stdout)[0]["address"]


def zmap(far, directory: pathlib.Path, rate: int, probes: int) -> dict:
    """`probes` ICMP echo requests to each address of 198.18.0.0/16, as fast as it goes up to `rate`; the whole run counts."""
    nothing = directory / "zmap.empty"  # Debian's list excludes addresses for benchmarks, which ours are
    nothing.write_text("")
    found = directory / "zmap.found"
    before = far.count("echoes")
    process = far.near.start(
        "zmap", settings.peer("zmap"), "-C", nothing, "-b", nothing, "-M", "icmp_echoscan", "-i", NEAR_LINK, "-S", NEAR4,
        "-G", _link_address(far.far, FAR_LINK), "-r", rate, "-P", probes, "-t", 30, "-c", 1, "-e", 1, "-q", "-v", 3,
        "-f", "saddr", "-o", found, "198.18.0.0/16", directory=directory,
    )  # fmt: skip
    result = _whole_run(process, far, before, 60)
    if probes == 1:
        result["lost"] = result["requests"] - sum(1 for _ in found.open())
    return result


def masscan(far, directory: pathlib.Path, rate: int) -> dict:
    """One ICMP echo request to each address of ours, as fast as it goes up to `rate`; the whole run counts."""
    found = directory / "masscan.found"
    before = far.count("echoes")
    dashed = [_link_address(side, link).replace(":", "-") for side, link in ((far.near, NEAR_LINK), (far.far, FAR_LINK))]
    process = far.near.start(
        "masscan", settings.peer("masscan"), "198.18.0.0/16", "198.19.64.0/18", "198.19.128.0/17", "--ping",
        "--rate", rate, "--adapter", NEAR_LINK, "--adapter-ip", NEAR4, "--adapter-mac", dashed[0], "--router-mac", dashed[1],
        "--wait", 1, "--seed", 1, "-oL", found, directory=directory,
    )  # fmt: skip
    result = _whole_run(process, far, before, 60)
    result["lost"] = result["requests"] - sum(line.startswith("open icmp") for line in found.read_text().splitlines())
    return result


def _whole_run(process, far, before: int, within: float) -> dict:
    """CPU of a tool from its start to its end; how fast it sent, from the far end's count while it did."""
    began = time.monotonic()
    first = last = None
    try:
        while process.is_running:
            count, now = far.count("echoes") - before, time.monotonic()
            if count > 0 and first is None:
                first = (now, count)
            if last is None or count > last[1]:
                last = (now, count)
            if now - began > within:
                raise AssertionError(f"{process.name} still runs after {within:g} s")
            time.sleep(0.02)
        requests = far.count("echoes") - before
        # A process that has ended keeps its account until it is waited for.
        cpu = accounting.cpu_nanoseconds(process.pid)
        if process.exit_code != 0 or requests == 0 or last is None or first is None or last[0] <= first[0]:
            raise AssertionError(f"{process.name} ended with {process.exit_code}, {requests} requests: "
                                 f"{re.sub(chr(13), chr(10), process.errors)[-600:]}")  # fmt: skip
        return {
            "requests": requests,
            "rate": (last[1] - first[1]) / (last[0] - first[0]),
            "us": cpu / 1000 / requests,
            "core_percent": 100 * cpu / 1e9 / (last[0] - first[0]),
        }
    finally:
        process.kill()
