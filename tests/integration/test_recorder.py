"""The flight recorder: what was on the wire around a cut is in files that tshark reads, as tcpdump saw it beside."""

import collections
import json
import pathlib
import re
import subprocess
import time
from typing import NamedTuple

import pytest
from harness import settings
from harness.daemon import configuration
from harness.processes import wait_until

PROBES = {
    "ping": {"type": "icmp", "interval": "200ms", "timeout": "500ms"},
    "syn": {"type": "tcp", "port": 8080, "interval": "200ms", "timeout": "500ms"},
    "name": {"type": "dns", "query": "example.com", "interval": "200ms", "timeout": "500ms"},
}
V4, V6 = "198.18.1.1", "2001:2:0:1::1"
OTHER = "198.18.2.1"
CONTROLS = [{"name": f"c{n}", "host": f"198.18.9.{n}", "network": f"c{n}", "probes": ["ping"]} for n in (1, 2, 3)]
# Knows no name, which is an answer.
DNS_SERVER = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("198.18.1.1", 53))
while True:
    question, sender = s.recvfrom(2048)
    s.sendto(question[:2] + bytes([question[2] | 0x80, 0x83]) + question[4:], sender)
"""


def config(evidence: dict, **more) -> dict:
    networks = {
        "cut": {"v4": (V4, ["ping", "syn", "name"]), "v6": (V6, ["ping", "syn"])},
        "calm": {"host": (OTHER, ["ping"])},
    }
    return configuration(
        networks, PROBES, country="XX", controls=CONTROLS, evidence=evidence,
        detect={"relapse": "0s", "recovery": "0s"}, **more,
    )  # fmt: skip


# Beside the daemon of the story, which runs until the last test of this file.
BESIDE = 10548


def cut(pair) -> None:
    pair.far.nft(
        "table inet cut {\nchain in {\ntype filter hook prerouting priority raw;\n"
        "ip daddr 198.18.1.0/24 drop\nip6 daddr 2001:2:0:1::/64 drop\n}\n}"
    )


def mend(pair) -> None:
    pair.far.run("nft", "delete", "table", "inet", "cut", check=False)


def events(daemon) -> list[dict]:
    status, text = daemon.request("/api/v1/outages")
    assert status == 200, text
    return json.loads(text)["events"]


def with_packets(daemon, moment: str) -> dict | None:
    """The last event of the network that has its file of this moment."""
    for event in events(daemon):
        files = event.get("evidence", {}).get("packets", [])
        if event["network"] == "cut" and event["scope"] == "network" and any(f["moment"] == moment for f in files):
            return event
    return None


def of(event: dict, moment: str) -> dict[str, dict]:
    return {file["network"]: file for file in event["evidence"]["packets"] if file["moment"] == moment}


class Seen(NamedTuple):
    at: int  # nanoseconds
    direction: str
    comment: str


FIELDS = ("frame.time_epoch", "frame.packet_flags_direction", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "ip.proto",
          "ipv6.nxt", "icmp.type", "icmp.seq", "icmpv6.type", "icmpv6.echo.sequence_number", "tcp.srcport",
          "tcp.dstport", "tcp.flags", "udp.srcport", "udp.dstport", "dns.id", "frame.comment")  # fmt: skip


def read(file: pathlib.Path) -> dict[tuple, Seen]:
    """By what tells a packet from others. tshark must have nothing to complain of."""
    done = subprocess.run(
        [settings.peer("tshark"), "-n", "-r", file, "-Y", "icmp or icmpv6 or tcp or udp", "-T", "fields",
         "-E", "separator=\t", "-E", "occurrence=f", *(part for field in FIELDS for part in ("-e", field))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    complaints = [line for line in done.stderr.splitlines() if "Running as user" not in line]
    assert not complaints, complaints
    seen = {}
    for line in done.stdout.splitlines():
        at, direction, *key, comment = line.split("\t")
        seconds, _, fraction = at.partition(".")
        seen[tuple(key)] = Seen(int(seconds) * 10**9 + int(fraction.ljust(9, "0")), direction, comment)
    return seen


def remote(key: tuple) -> set[str]:
    return set(key[:4])


def comments_of(file: pathlib.Path) -> str:
    return subprocess.run([settings.peer("capinfos"), file], capture_output=True, text=True, check=True).stdout


class Cut(NamedTuple):
    daemon: object
    directory: pathlib.Path
    wire: pathlib.Path
    event: dict
    ended: dict
    moments: tuple[int, int]  # of the cut and of mending it, nanoseconds


@pytest.fixture(scope="module", params=[1, 2], ids=["one shard", "two shards"])
def story(request, pair, run_for_module, module_directory):
    work = module_directory / f"shards-{request.param}"
    work.mkdir()
    wire = work / "wire.pcap"
    server = pair.far.start("dns", "/usr/bin/python3", "-c", DNS_SERVER)
    tcpdump = pair.near.start(
        "tcpdump", settings.peer("tcpdump"), "-i", "near0", "-n", "-p", "-U", "-B", "8192", "--time-stamp-precision=nano",
        "-Z", "root", "-w", wire, "ip or ip6",
    )  # fmt: skip
    wait_until(lambda: wire.exists() and wire.stat().st_size > 0, 5, "tcpdump writes")
    files = work / "files"
    daemon = run_for_module(
        pair.near, config({"packets": "4MiB", "directory": str(files)}, engine={"shards": request.param}),
        name=f"blipd-{request.param}",
    )  # fmt: skip
    try:
        daemon.wait_ready(20)
        time.sleep(8)
        cut_at = time.time_ns()
        cut(pair)
        wait_until(lambda: with_packets(daemon, "start"), 45, "packets are attached to the event")
        event = with_packets(daemon, "start")
        mended_at = time.time_ns()
        mend(pair)
        wait_until(lambda: with_packets(daemon, "end"), 45, "packets are attached to its end")
        time.sleep(1)
        yield Cut(daemon, files, wire, event, with_packets(daemon, "end"), (cut_at, mended_at))
    finally:
        mend(pair)
        daemon.kill()
        tcpdump.kill()
        server.kill()


def test_the_files_are_listed_and_served_as_they_are(story):
    status, text = story.daemon.request("/api/v1/evidence")
    assert status == 200
    listed = {file["file"]: file["bytes"] for file in json.loads(text)["files"]}
    assert listed == {file.name: file.stat().st_size for file in story.directory.iterdir()}
    for file in story.ended["evidence"]["packets"]:
        assert listed[file["file"]] == file["bytes"]
        got = story.daemon.request_bytes(f"/api/v1/evidence/{file['file']}")
        assert got == (200, (story.directory / file["file"]).read_bytes())
    for name in ("../blipd.yaml", "..%2Fblipd.yaml", "%2e%2e/blipd.yaml", ".", "nothing.pcapng"):
        assert story.daemon.request(f"/api/v1/evidence/{name}")[0] == 404


@pytest.mark.parametrize("moment", ["start", "end"])
def test_the_section_names_the_event_and_the_network(story, moment):
    files = of(story.ended, moment)
    assert set(files) == {"cut", "c1", "c2"}
    for network, file in files.items():
        told = comments_of(story.directory / file["file"])
        assert f"event {story.ended['id']} ({moment})" in told
        assert f"incident {story.ended['incident']}" in told
        assert re.search(rf"network (XX/)?{network}, seen from test", told)
        assert "blipd 0." in told
        assert re.search(r"Number of packets:\s+\d", told)
        assert "nanoseconds (9)" in told


@pytest.mark.parametrize("moment", ["start", "end"])
def test_every_packet_that_tcpdump_saw_is_there_once_with_its_direction_and_time(story, moment):
    """From the first that was kept to the last, of the network's own hosts: nothing is missing, nothing is more."""
    file = of(story.ended, moment)["cut"]
    ours = read(story.directory / file["file"])
    wire = {key: seen for key, seen in read(story.wire).items() if remote(key) & {V4, V6}}
    # A connection that is not ours to open: the kernel's reset to a SYN-ACK or ours to end one. See docs/evidence.md.
    assert len(ours) == file["packets"]
    first, last = min(s.at for s in ours.values()), max(s.at for s in ours.values())
    cut_at = story.moments[moment == "end"]
    assert first < cut_at - 5 * 10**9 and last > cut_at + 5 * 10**9
    expected = {key: seen for key, seen in wire.items() if first <= seen.at <= last and is_a_probes(key)}
    assert set(ours) == set(expected)
    for key, seen in ours.items():
        assert abs(seen.at - expected[key].at) < 2_000_000, (key, seen, expected[key])
        is_out = key[0] == "198.19.0.1" or key[2] == "2001:2:0:ffff::1"
        assert seen.direction == ("0x00000002" if is_out else "0x00000001"), (key, seen)


def is_a_probes(key: tuple) -> bool:
    """Echo, SYN and what answers it, DNS; not neighbour discovery, nor what the kernel says to a stray SYN-ACK."""
    icmp, icmpv6, flags = key[6], key[8], key[12]
    if icmp or icmpv6:
        return icmp in ("0", "8") or icmpv6 in ("128", "129")
    if flags:
        is_out = key[0] == "198.19.0.1" or key[2] == "2001:2:0:ffff::1"
        return not is_out or int(flags, 16) & 0x17 == 2
    return True


def test_before_the_cut_there_are_answers_and_after_it_requests_alone(story):
    cut_at, mended_at = story.moments
    ours = read(story.directory / of(story.ended, "start")["cut"]["file"])
    kinds = {when: collections.Counter() for when in ("before", "after")}
    for seen in ours.values():
        # An answer may have been on its way.
        when = "before" if seen.at < cut_at else "after" if seen.at > cut_at + 200_000_000 else None
        if when and seen.at < mended_at:
            kinds[when][re.sub(r" \d+/\d+$", "", seen.comment)] += 1
    out, back = {"echo request", "TCP SYN", "DNS question"}, {"echo reply", "TCP reset", "DNS answer"}
    assert set(kinds["before"]) == out | back
    assert set(kinds["after"]) == out
    assert all(kinds["after"][kind] >= 20 for kind in out)
    ended = read(story.directory / of(story.ended, "end")["cut"]["file"])
    back_after = {re.sub(r" \d+/\d+$", "", s.comment) for s in ended.values() if s.at > mended_at and s.direction == "0x00000001"}
    assert back_after == back


def test_controls_answered_all_the_while(story):
    for network in ("c1", "c2"):
        ours = read(story.directory / of(story.ended, "start")[network]["file"])
        directions = collections.Counter(seen.direction for seen in ours.values())
        assert directions["0x00000001"] >= directions["0x00000002"] - 1 > 50


def test_metrics_and_log_tell_of_it(story):
    now = story.daemon.scrape()
    assert now.value("blipd_recorder_recording") == 1
    assert now.value("blipd_recorder_writing") == 1
    assert now.value("blipd_recorder_files_written_total") == now.value("blipd_recorder_files") >= 6
    assert now.value("blipd_recorder_files_failed_total") == 0
    assert now.value("blipd_recorder_memory_bytes") <= 4 << 20
    assert now.value("blipd_recorder_files_bytes") == sum(file.stat().st_size for file in story.directory.iterdir())
    assert now.sum("blipd_probes_aborted_total") == 0
    assert "packets_attached" in story.daemon.log


def fall_and_rise(daemon, pair, failed_or_written: str) -> None:
    before = daemon.scrape().value(failed_or_written)
    cut(pair)
    try:
        daemon.wait_for(lambda now: now.value(failed_or_written) > before, 40, failed_or_written, 0.2)
    finally:
        mend(pair)


def test_a_folder_that_cannot_be_written_costs_the_files_alone_and_recovers(pair, run, directory):
    obstacle = directory / "state"
    obstacle.write_text("a file where a folder should be")
    daemon = run(pair.near, config({"directory": str(obstacle / "files")}, port=BESIDE)).wait_ready(20)
    daemon.wait_for(lambda now: now.value("blipd_recorder_writing") == 0, 5, "it is known before anything happens")
    assert "evidence_degraded" in daemon.log
    time.sleep(6)
    fall_and_rise(daemon, pair, "blipd_recorder_files_failed_total")
    now = daemon.scrape()
    assert now.value("blipd_recorder_files_written_total") == 0
    assert now.sum("blipd_probes_aborted_total") == 0
    assert daemon.log.count("evidence_degraded") == 1
    assert not with_packets(daemon, "start")
    obstacle.unlink()
    obstacle.mkdir()
    daemon.wait_for(lambda now: now.value("blipd_recorder_writing") == 1, 15, "it can be written")
    assert "evidence_recovered" in daemon.log
    daemon.wait_for(lambda now: now.value("blipd_recorder_files_written_total") >= 1, 40, "the end is written", 0.2)


def test_a_full_disk_and_a_small_allowance_bound_what_is_kept(pair, run, directory):
    files = directory / "files"
    files.mkdir()
    pair.near.run("mount", "-t", "tmpfs", "-o", "size=128k,mode=755", "tmpfs", str(files))
    fast = {"ping": {"type": "icmp", "interval": "20ms", "timeout": "500ms"}, "syn": PROBES["syn"], "name": PROBES["name"]}
    made = config({"directory": str(files), "packets": "2MiB", "most": "1MiB"}, port=BESIDE, budget={"prefix_rate": 1000})
    made["probes"] = fast
    try:
        daemon = run(pair.near, made).wait_ready(20)
        time.sleep(20)
        fall_and_rise(daemon, pair, "blipd_recorder_files_failed_total")
        daemon.wait_for(lambda now: now.value("blipd_recorder_writing") == 0, 5, "the disk is full", 0.05)
        assert "No space left on device" in daemon.log
        # Asked as often as there is a tick, now and then one probe is an overrun; but none is lost.
        assert daemon.scrape().sum("blipd_probes_lost_total", network="calm") == 0
        pair.near.run("mount", "-o", "remount,size=64m", str(files))
        daemon.wait_for(lambda now: now.value("blipd_recorder_writing") == 1, 15, "there is room")
        removed = "blipd_recorder_files_removed_total"
        for _ in range(3):
            fall_and_rise(daemon, pair, "blipd_recorder_files_written_total")
            now = daemon.scrape()
            assert now.value("blipd_recorder_files_bytes") <= 1 << 20
            if now.value(removed) > 0:
                break
            time.sleep(12)
        assert now.value("blipd_recorder_memory_bytes") <= 2 << 20
        left = pair.near.run("ls", "-A", str(files)).stdout
        assert "unfinished" not in left
        assert now.value(removed) > 0, left
    finally:
        pair.near.run("umount", "-l", str(files), check=False)


def test_without_a_capture_it_says_so_once(pair, run, directory):
    made = config({"directory": str(directory / "files")}, port=BESIDE)
    daemon = run(pair.near, made, wrap=(settings.peer("setpriv"), "--bounding-set", "-net_raw"))
    pair.near.sysctl(net__ipv4__ping_group_range="0 0")
    daemon.wait_listening()
    assert daemon.scrape().value("blipd_recorder_recording") == 0
    time.sleep(2)
    assert daemon.log.count("no_recording") == 1
