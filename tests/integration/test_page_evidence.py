"""What an event has for evidence, as people see it: real routers, a cut at one of them, the page, its files, reports."""

import html
import json
import re
import subprocess

import pytest
from harness import browser, settings
from harness.processes import wait_until
from harness.routers import Routers, towards_us

pytestmark = pytest.mark.browser

METHODS = ("icmp", "udp")
CUT, CALM = "telecom", "calm"
PREFIXES = {CUT: "198.18.130.0/24", CALM: "198.18.131.0/24"}
HOSTS = {network: prefix.replace("0/24", "1") for network, prefix in PREFIXES.items()}


def config(directory) -> dict:
    ways = {method: {"type": "trace", "method": method, "interval": "10s", "timeout": "300ms"} for method in METHODS}
    return {
        "vantage": {
            "name": "us",
            "controls": [
                {"name": f"c{n}", "host": f"198.18.120.{n}", "network": f"c{n}", "probes": ["ping", "icmp"]}
                for n in (1, 2, 3)
            ],
        },
        "probes": {"ping": {"type": "icmp", "interval": "200ms", "timeout": "500ms"}, **ways},
        "countries": [{
            "code": "XX", "name": "Testland",
            "networks": [
                {"name": network, "asn": 64510, "upstream": "AS64501", "targets": [
                    {"name": f"ns{n}", "host": f"{HOSTS[network][:-1]}{n}", "probes": ["ping", method]}
                    for n, method in enumerate(METHODS, 1)
                ]}
                for network in PREFIXES
            ],
        }],
        "evidence": {"as_table": str(directory / "as.txt"), "packets": "1MiB"},
        "detect": {"relapse": "0s", "recovery": "0s"},
        "listen": "127.0.0.1:10547",
        "journal": str(directory / "journal.db"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def routers(module_directory):
    made = Routers(module_directory)
    yield made
    made.close()


def event_of(daemon) -> dict | None:
    """The network's last event that has all it is to have: paths and packets of its start and of its end."""
    status, text = daemon.request("/api/v1/outages")
    assert status == 200, text
    for event in json.loads(text)["events"]:
        evidence = event.get("evidence", {})
        moments = [{piece["moment"] for piece in evidence.get(kind, [])} for kind in ("paths", "packets")]
        if event["scope"] == "network" and event["network"] == CUT and moments == [{"start", "end"}] * 2:
            return event
    return None


def has_start(daemon) -> bool:
    events = json.loads(daemon.request("/api/v1/outages")[1])["events"]
    return any(e["scope"] == "network" and e["network"] == CUT and e.get("evidence", {}).get("paths") for e in events)


@pytest.fixture(scope="module")
def story(routers, run_for_module, module_directory):
    """A daemon, and the event of a cut at the border that is over."""
    (module_directory / "as.txt").write_text(routers.as_table())
    daemon = run_for_module(routers.us, config(module_directory)).wait_ready(20)
    daemon.wait_for(lambda now: now.sum("blipd_path_reached") == 7, 30, "every path has been traced to its end")
    routers.drop_at("border", [PREFIXES[CUT]])
    try:
        daemon.wait_for(
            lambda now: now.state("blipd_network_state", "state", country="XX", network=CUT) == "outage", 45, "it is out"
        )
        wait_until(lambda: has_start(daemon), 45, "its paths are attached to the event")
        cut = {name: page_of(daemon, path) for name, path in {"network": network(CUT), "host": f"{network(CUT)}/target/ns1"}.items()}
    finally:
        routers.mend("border")
    wait_until(lambda: event_of(daemon), 60, "all of its evidence is there")
    return daemon, event_of(daemon), cut


def network(name: str) -> str:
    return f"/country/XX/network/{name}"


def page_of(daemon, path: str) -> str:
    status, text = daemon.request(path)
    assert status == 200, text
    return text


def rows(text: str) -> list[str]:
    """Of its tables, as somebody reads them."""
    found = re.findall(r"<tr[^>]*>(.*?)</tr>", text, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]*>", " ", row)).split()) for row in found]


def test_the_view_of_the_event_names_the_first_lost_hop(story):
    daemon, event, _ = story
    said = rows(page_of(daemon, f"/event/{event['id']}"))
    lost = [row for row in said if "first lost hop" in row]
    # One for each of the two paths at the start, none for controls and none at the end.
    assert len(lost) == len(METHODS)
    for row in lost:
        assert row.startswith(f"4 {towards_us('border')} AS64510, country"), row
    for method, host in zip(METHODS, ("ns1", "ns2"), strict=True):
        name = f"{CUT}/{host} by {method.upper()}"
        assert (
            f"{name} cut first silent hop after {towards_us('first')} (AS64501, upstream), where {towards_us('border')} "
            "(AS64510, country) answered before AS64501 unknown" in said
        )
        assert f"{name} whole reached its target AS64501 AS64501" in said
    assert sum(row.startswith("control c") and " whole " in row for row in said) == 6


def test_its_files_are_linked_and_tshark_reads_them(story, directory):
    daemon, event, _ = story
    text = page_of(daemon, f"/event/{event['id']}")
    links = re.findall(r'<a href="(/api/v1/evidence/[^"]+)">', text)
    assert len(links) == len(event["evidence"]["packets"]) >= 6
    for link, listed in zip(links, event["evidence"]["packets"], strict=True):
        status, content = daemon.request_bytes(html.unescape(link))
        assert status == 200
        file = directory / "linked.pcapng"
        file.write_bytes(content)
        read = subprocess.run([settings.peer("tshark"), "-n", "-r", file, "-T", "fields", "-e", "frame.number"],
                              capture_output=True, text=True, check=True)  # fmt: skip
        assert len(read.stdout.split()) == listed["packets"]
        assert link.endswith(listed["file"])


def test_views_of_the_network_and_the_host_show_the_paths_of_now(story):
    daemon, event, cut = story
    assert any(row.startswith(f"{CUT}/ns1 by ICMP cut 6 AS64501") for row in rows(cut["network"]))
    assert any(row.startswith(f"4 {towards_us('border')}") and "first lost hop" in row for row in rows(cut["host"]))
    daemon.wait_for(lambda now: now.sum("blipd_path_reached", network=CUT) == 2, 30, "they are whole again")
    now = page_of(daemon, network(CUT))
    assert any(row.startswith(f"{CUT}/ns1 by ICMP whole 6 AS64501") for row in rows(now))
    ours = [file["file"] for file in event["evidence"]["packets"] if file["network"] == CUT]
    assert sorted(re.findall(r'<a href="/api/v1/evidence/([^"]+)">', now)) == sorted(ours)
    assert "/api/v1/evidence/" not in page_of(daemon, network(CALM))
    assert "/api/v1/evidence/" not in page_of(daemon, "/")
    host = page_of(daemon, f"{network(CUT)}/target/ns1")
    assert f"{CUT}/ns1 by ICMP" in host and f"{CUT}/ns2" not in host


def test_reports_tell_of_it(story, module_directory):
    daemon, event, _ = story
    wanted = f"first silent hop after {towards_us('first')} (AS64501, upstream), where {towards_us('border')} (AS64510, country) answered before"

    def report(kind: str) -> str:
        command = [settings.blipd(), "report", "--journal", module_directory / "journal.db", "--format", kind]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    # The journal is written every few seconds.
    wait_until(lambda: all(file["file"] in report("text") for file in event["evidence"]["packets"]), 20, "it is on record", 1)
    for kind, before in (("text", "    "), ("markdown", "  - ")):
        lines = report(kind).splitlines()
        assert before + wanted in lines
        for file in event["evidence"]["packets"]:
            packets = f"{before}packets at its {file['moment']}: {file['file']} ({file['packets']:,} packets, {file['from'][11:17]}"
            assert any(line.startswith(packets) for line in lines), (packets, lines)
    page = report("html")
    assert sum("first lost hop" in row for row in rows(page)) == len(METHODS)
    assert all(file["file"] in page for file in event["evidence"]["packets"])
    assert "/api/" not in page


def test_a_browser_shows_it_light_and_dark_on_a_desk_and_on_a_phone(story):
    browser.expect("evidence", story[0])
