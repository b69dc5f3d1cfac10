"""Flows through two paths of real kernel routers, of which one breaks: which flows are lost is which took that path."""

import json
import re
import time

import pytest
from harness import settings
from harness.daemon import configuration
from harness.peers import ZONE, NameServer
from harness.processes import wait_until
from harness.routers import COUNTRY4, COUNTRY6, Routers, address

FLOWS = 12
HOST4, HOST6 = "198.18.130.1", "2001:2:0:8002::1"
NAME4 = "198.18.130.53"
PROBES = {
    "ping": {"type": "icmp", "interval": "50ms", "timeout": "400ms"},
    "ping-flows": {"type": "icmp", "interval": "50ms", "timeout": "400ms", "flows": FLOWS},
    "syn": {"type": "tcp", "port": 80, "interval": "50ms", "timeout": "400ms"},
    "syn-one": {"type": "tcp", "port": 81, "interval": "50ms", "timeout": "400ms", "flows": 1},
    "syn-flows": {"type": "tcp", "port": 82, "interval": "50ms", "timeout": "400ms", "flows": FLOWS},
    "name-flows": {"type": "dns", "query": ZONE, "record": "SOA", "interval": "50ms", "timeout": "400ms", "flows": FLOWS},
}
# Rotating channels whose routers choose by what they rotate.
ROTATING = [("v4", "syn-flows"), ("v6", "syn-flows"), ("v6", "ping-flows"), ("ns", "name-flows")]


def two_ways(routers) -> None:
    """To the country over both upstreams: IPv4 by ports, IPv6 by the flow label."""
    routers.transit.sysctl(net__ipv4__fib_multipath_hash_policy=1, net__ipv6__fib_multipath_hash_policy=0)
    for family, prefix in ((4, COUNTRY4), (6, COUNTRY6)):
        hops = [part for link, name in ((3, "first"), (4, "second"))
                for part in ("nexthop", "via", address(link, name, family), "dev", f"l{link}")]  # fmt: skip
        routers.transit.run("ip", f"-{family}", "route", "replace", prefix, *hops)


@pytest.fixture(scope="module")
def routers(module_directory):
    made = Routers(module_directory)
    made.host.run("ip", "address", "add", f"{NAME4}/32", "dev", "lo")
    made.host.run("ip", "address", "add", "2001:2:0:8002::53/128", "dev", "lo")
    server = NameServer(made.host, module_directory / "nsd", addresses=(NAME4, "2001:2:0:8002::53"))
    two_ways(made)
    yield made
    server.process.expect_running()
    made.close()


def config() -> dict:
    ways = ["ping", "ping-flows", "syn", "syn-one", "syn-flows"]
    targets = {"v4": (HOST4, ways), "v6": (HOST6, ways), "ns": (NAME4, ["name-flows"])}
    controls = [{"name": f"c{n}", "host": f"198.18.120.{n}", "network": f"c{n}", "probes": ["ping"]} for n in (1, 2, 3)]
    made = configuration(targets, PROBES, country="XX", budget={"prefix_rate": 1000})
    made["vantage"]["controls"] = controls
    return made


@pytest.fixture(scope="module")
def daemon(routers, run_for_module):
    return run_for_module(routers.us, config()).wait_ready(20)


def recent(daemon, target: str, probe: str) -> dict[str, float]:
    """Recent loss by flow."""
    found = daemon.scrape().series("blipd_flow_recent_loss_ratio", target=target, probe=probe)
    return {dict(labels)["flow"]: value for labels, value in found.items()}


def ports_through(routers, router: str, directory, seconds: float) -> set[str]:
    """Source ports of SYNs to port 82 that tcpdump sees on the router's way to the country."""
    link = {"first": "l5", "second": "l6"}[router]
    capture = routers.by_name[router].start(
        f"tcpdump-{router}", settings.peer("tcpdump"), "-l", "-n", "-i", link, "tcp dst port 82 and ip", directory=directory,
    )  # fmt: skip
    wait_until(lambda: "listening" in capture.errors, 5, "tcpdump listens")
    time.sleep(seconds)
    capture.signal(2)
    capture.wait(5)
    return set(re.findall(r"IP 198\.18\.1\.1\.(\d+) > ", capture.output))


@pytest.fixture(scope="module")
def calm(daemon):
    daemon.wait_for(
        lambda now: len(now.series("blipd_flow_answered_total")) == 5 * FLOWS
        and min(now.series("blipd_flow_answered_total").values()) >= 4,
        30, "each flow has been answered",
    )  # fmt: skip
    return daemon.scrape()


def test_nothing_is_lost_over_two_whole_paths(calm):
    assert calm.sum("blipd_flow_lost_total") == 0
    assert calm.sum("blipd_probes_lost_total") == 0
    assert calm.sum("blipd_answers_rejected_total") == 0


def test_a_channel_without_flows_or_with_one_has_no_series_of_them(calm):
    probes = {dict(labels)["probe"] for labels in calm.series("blipd_flow_lost_total")}
    assert probes == {"ping-flows", "syn-flows", "name-flows"}


def test_the_flows_of_a_channel_are_spread_and_each_keeps_its_path(calm, routers, directory):
    first = ports_through(routers, "first", directory, 2.5)
    second = ports_through(routers, "second", directory, 2.5)
    assert first and second
    assert not first & second
    assert len(first | second) == FLOWS


@pytest.fixture(scope="module")
def broken(calm, daemon, routers, module_directory):
    """What is recent of each channel with one path broken for long enough, and through which ports it led."""
    ports = len(ports_through(routers, "second", module_directory, 2.5))
    routers.drop_at("second", [COUNTRY4, COUNTRY6])
    try:
        before = daemon.scrape()
        time.sleep(64 * FLOWS * 0.05 + 2)
        after = daemon.scrape()
        found = {channel: recent(daemon, *channel) for channel in [*ROTATING, ("v4", "ping-flows")]}
    finally:
        routers.mend("second")

    def loss(target: str, probe: str) -> float:
        lost, answered = (
            after.sum(name, target=target, probe=probe) - before.sum(name, target=target, probe=probe)
            for name in ("blipd_probes_lost_total", "blipd_probes_answered_total")
        )
        return lost / (lost + answered)

    return {"flows": found, "loss": loss, "ports": ports}


@pytest.mark.parametrize("channel", ROTATING, ids="/".join)
def test_each_flow_loses_all_or_nothing(broken, channel):
    found = broken["flows"][channel]
    assert len(found) == FLOWS
    assert set(found.values()) == {0.0, 1.0}, found


def test_as_many_flows_are_lost_as_took_the_broken_path(broken):
    assert sum(broken["flows"]["v4", "syn-flows"].values()) == broken["ports"]


def test_without_flows_every_probe_takes_its_chance(broken):
    assert 0.3 < broken["loss"]("v4", "syn") < 0.7


def test_with_one_flow_it_is_one_path(broken):
    assert broken["loss"]("v4", "syn-one") in (0, pytest.approx(1, abs=0.05))
    assert broken["loss"]("v6", "syn-one") in (0, pytest.approx(1, abs=0.05))


def test_the_api_says_the_same_of_each_flow(broken, daemon):
    status, text = daemon.request("/api/v1/targets")
    assert status == 200
    [target] = [t for t in json.loads(text)["targets"] if t["name"] == "v4"]
    channels = {channel["probe"]: channel for channel in target["channels"]}
    assert "flows" not in channels["syn"] and "flows" not in channels["syn-one"]
    flows = channels["syn-flows"]["flows"]
    assert [flow["flow"] for flow in flows] == list(range(FLOWS))
    now = daemon.scrape()
    for flow in flows:
        lost = now.value("blipd_flow_lost_total", target="v4", probe="syn-flows", flow=str(flow["flow"]))
        assert 0 <= lost - flow["lost"] <= 1
    total = now.sum("blipd_flow_lost_total", target="v4", probe="syn-flows")
    assert total == now.sum("blipd_probes_lost_total", target="v4", probe="syn-flows")


def test_a_router_that_goes_by_the_first_bytes_of_icmp_sees_flows_that_keep(broken, daemon, routers):
    """As routers do that hash type, code and checksum: half of what they make of these is dropped."""
    routers.edge.nft(
        "table ip member {\nchain passing {\ntype filter hook prerouting priority -300;\n"
        f"ip daddr {HOST4} ip protocol icmp jhash @th,0,32 mod 2 seed 0x17 0 drop\n}}\n}}"
    )
    try:
        time.sleep(64 * FLOWS * 0.05 + 2)
        found = recent(daemon, "v4", "ping-flows")
        plain = daemon.scrape()
    finally:
        routers.edge.nft("delete table ip member")
    assert len(found) == FLOWS
    assert set(found.values()) == {0.0, 1.0}, found
    lost = plain.value("blipd_window_loss_ratio", target="v4", probe="ping", window="1m")
    assert 0.3 < lost < 0.7
