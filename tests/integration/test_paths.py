"""Paths through real kernel routers: what is found agrees with scamper and mtr, and what is lost is named right."""

import json
import re

import pytest
import yaml
from harness import settings
from harness.processes import wait_until
from harness.routers import Routers, address, towards_us, way

METHODS = ("icmp", "udp", "tcp")
# Network → the router that passes over what comes for it, the place of the first hop that is lost then, and the last
# that answers.
CUTS = {
    "at-edge": ("edge", "near", None),
    "at-transit": ("transit", "between", "edge"),
    "at-first": ("first", "upstream", "transit"),
    "at-border": ("border", "country", "first"),
    "at-inner": ("inner", "country", "border"),
    "at-host": ("host", "country", "inner"),
}
AS_NUMBERS = ["AS64496", "AS64500", "AS64501", "AS64510", "AS64510", "AS64510"]
CALM, LINK, TWO = "calm", "by-link", "two-ways"
NETWORKS = [*CUTS, CALM, LINK, TWO]
TARGETS = [(method, family) for family in (4, 6) for method in METHODS]


def prefix(network: str, family: int) -> str:
    number = NETWORKS.index(network)
    return f"198.18.{130 + number}.0/24" if family == 4 else f"2001:2:0:{0x8002 + number:x}::/64"


def host(network: str, method: str, family: int) -> str:
    number = METHODS.index(method) + 1
    return prefix(network, family).replace("0/24", str(number)).replace("::/64", f"::{number:x}")


def config(as_table: str) -> dict:
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
        "countries": [
            {
                "code": "XX",
                "networks": [
                    {
                        "name": network,
                        "asn": 64510,
                        "upstream": "AS64501",
                        "targets": [
                            {"name": f"{method}{family}", "host": host(network, method, family),
                             "probes": ["ping", method]}
                            # Of a network three are traced for an event: each method once, the families in turn.
                            for method, family in TARGETS if (METHODS.index(method) + NETWORKS.index(network)) % 2 == (family == 6)
                        ],
                    }
                    for network in NETWORKS
                ],
            }
        ],
        "evidence": {"as_table": as_table},
        "detect": {"relapse": "0s", "recovery": "0s"},
        "listen": "127.0.0.1:10547",
        "journal": "none",
    }  # fmt: skip


@pytest.fixture(scope="module")
def routers(module_directory):
    made = Routers(module_directory)
    for network in NETWORKS:
        # An address that is merely routed to the host is not one that it sends ICMPv6 errors from.
        for method in METHODS:
            made.host.run("ip", "address", "add", f"{host(network, method, 6)}/128", "dev", "lo")
    yield made
    made.close()


@pytest.fixture(scope="module")
def daemon(routers, run_for_module, module_directory):
    table = module_directory / "as.txt"
    table.write_text(routers.as_table())
    made = run_for_module(routers.us, config(str(table)))
    made.wait_ready(20)
    return made


def reached(metrics, value=1):
    return [labels for labels, is_reached in metrics.series("blipd_path_reached").items() if is_reached == value]


@pytest.fixture(scope="module")
def traced(daemon):
    """A scrape in which every path has been traced and was whole."""
    return daemon.wait_for(
        lambda now: len(reached(now)) == 3 * len(NETWORKS) + 3, 30, "every path has been traced to its end"
    )


def events_of(daemon) -> list[dict]:
    status, text = daemon.request("/api/v1/outages")
    assert status == 200, text
    return json.loads(text)["events"]


def find(daemon, network: str, moment: str, is_open: bool | None = None) -> dict | None:
    """The last event of a network that has paths of this moment."""
    for event in events_of(daemon):
        is_of = event["scope"] == "network" and event["network"] == network
        has = any(path["moment"] == moment for path in event.get("evidence", {}).get("paths", []))
        if is_of and has and is_open in (None, event["end"] is None):
            return event
    return None


def paths(event: dict, moment: str, control: bool = False) -> list[dict]:
    return [p for p in event["evidence"]["paths"] if p["moment"] == moment and p["control"] is control]


def hops(path: dict) -> list[str | None]:
    return [hop["address"] for hop in path["hops"]]


def family_of(path: dict) -> int:
    return int(path["target"][-1])


def scamper(routers, target: str, method: str) -> list[str]:
    # Its udp-paris finds nothing over IPv6 here.
    kind = {"icmp": "icmp-paris", "udp": "udp" if ":" in target else "udp-paris", "tcp": "tcp"}[method]
    port = {"icmp": "", "udp": "-d 33434", "tcp": "-d 80"}[method]
    command = [settings.peer("scamper"), "-p", 200, "-c", f"trace -P {kind} {port} -q 1 -w 1", "-i", target]
    for _ in range(3):  # now and then it ends at once without a single hop, and has then found out nothing
        text = routers.us.run(*command).stdout
        if found := re.findall(r"^ *\d+ +(\S+) +", text, re.MULTILINE):
            return found
    raise AssertionError(f"scamper found no hop: {text}")


def mtr(routers, target: str, method: str) -> list[str]:
    kind = {"icmp": [], "udp": ["--udp"], "tcp": ["--tcp", "--port", "80"]}[method]
    report = json.loads(routers.us.run(settings.peer("mtr"), "-n", "-j", "-c", "2", "-i", "0.3", *kind, target).stdout)
    return [hub["host"] for hub in report["report"]["hubs"]]


@pytest.fixture(scope="module")
def cut(daemon, traced, routers):
    """The events of all cuts at once: each of another network, and so each at another hop."""
    calm_before = daemon.scrape()
    for network, (router, _, _) in CUTS.items():
        routers.drop_at(router, [prefix(network, 4), prefix(network, 6)])
    try:
        wait_until(
            lambda: all(find(daemon, network, "start", True) for network in CUTS), 45, "paths are attached to each event"
        )
        events = {network: find(daemon, network, "start", True) for network in CUTS}
        calm_after = daemon.scrape()
    finally:
        for router, _, _ in CUTS.values():
            routers.mend(router)
    wait_until(lambda: all(find(daemon, network, "end", False) for network in CUTS), 60, "the events have ended")
    ended = {network: find(daemon, network, "end", False) for network in CUTS}
    return {"events": events, "ended": ended, "before": calm_before, "after": calm_after}


@pytest.mark.parametrize("network", CUTS)
def test_the_first_lost_hop_and_where_it_lies_are_right(cut, network):
    router, place, last = CUTS[network]
    found = paths(cut["events"][network], "start")
    assert sorted(path["probe"] for path in found) == sorted(METHODS)
    for path in found:
        family = family_of(path)
        loss = path["loss"]
        lost = host(network, path["probe"], family) if router == "host" else towards_us(router, family)
        assert loss["hop"]["address"] == lost, path
        assert loss["place"] == place, path
        after = loss["after"]["address"] if loss["after"] else None
        assert after == (towards_us(last, family) if last else None), path


@pytest.mark.parametrize("network", CUTS)
def test_the_path_before_is_kept_and_agrees_with_scamper_and_mtr(cut, routers, network):
    for path in paths(cut["events"][network], "start"):
        target = host(network, path["probe"], family_of(path))
        before = hops(path["before"])
        assert before == [*way("first", family_of(path)), target]
        assert path["before"]["upstream"] == 64501
        assert before == scamper(routers, target, path["probe"])
        assert before == mtr(routers, target, path["probe"])


@pytest.mark.parametrize("network", CUTS)
def test_the_path_is_whole_again_when_the_event_has_ended(cut, network):
    event = cut["ended"][network]
    for path in paths(event, "end"):
        assert path["now"]["end"] == "reached"
        assert path["loss"] is None
        assert hops(path["now"]) == hops(path["before"])
    assert paths(event, "start"), "what was found at the start is still there"


def test_paths_to_controls_stand_beside_for_comparison(cut):
    for event in cut["events"].values():
        controls = paths(event, "start", control=True)
        assert len(controls) == 3
        assert all(path["now"]["end"] == "reached" for path in controls)
        assert [hop["place"] for hop in controls[0]["now"]["hops"]] == ["near", "between", "between"]


def test_tracing_an_outage_disturbs_no_probe_and_stays_within_the_budget(cut):
    before, after = cut["before"], cut["after"]
    for family in ("sent", "answered"):
        assert after.sum(f"blipd_probes_{family}_total", network=CALM) > before.sum(
            f"blipd_probes_{family}_total", network=CALM
        )
    assert after.sum("blipd_probes_lost_total", network=CALM) == 0
    assert after.sum("blipd_probes_aborted_total") == before.sum("blipd_probes_aborted_total")
    assert after.value("blipd_budget_deferrals_total") == before.value("blipd_budget_deferrals_total")
    late = after.value("blipd_scheduling_lag_seconds_bucket", le="+Inf") - after.value(
        "blipd_scheduling_lag_seconds_bucket", le="0.05"
    )
    assert late <= 0.01 * after.value("blipd_scheduling_lag_seconds_count")
    # Six networks of three, and three controls; behind a cut no more than 11 hops twice.
    sent = after.value("blipd_trace_packets_sent_total") - before.value("blipd_trace_packets_sent_total")
    assert 0 < sent < 3 * (3 * len(NETWORKS) + 3) * 22


def test_metrics_say_how_long_each_path_is_and_by_which_upstream(traced):
    for network in NETWORKS:
        for labels, count in traced.series("blipd_path_hops").items():
            if dict(labels)["network"] == network:
                assert count == 6
    assert all(
        (dict(labels)["upstream"] == "AS64501") == (used == 1)
        for labels, used in traced.series("blipd_path_upstream", country="XX").items()
    )
    assert traced.sum("blipd_path_changes_total") == 0
    assert traced.value("blipd_tracing") == 1


def test_another_upstream_is_noticed_and_counted_as_one_change(cut, daemon, routers):
    changes = daemon.scrape().sum("blipd_path_changes_total", network=TWO)

    def uses(number):
        return lambda now: all(
            now.value("blipd_path_upstream", network=TWO, target=target, upstream=f"AS{number}") == 1
            for target in {dict(labels)["target"] for labels in now.series("blipd_path_hops") if dict(labels)["network"] == TWO}
        )  # fmt: skip

    routers.use_upstream("second")
    try:
        now = daemon.wait_for(
            lambda now: now.sum("blipd_path_upstream", network=TWO, upstream="AS64502") == 3, 30, "the second is in use"
        )
        assert uses(64502)(now)
        assert now.sum("blipd_path_upstream", network=TWO, upstream="AS64501") == 0
        assert now.sum("blipd_path_changes_total", network=TWO) - changes == 3
    finally:
        routers.use_upstream("first")
    daemon.wait_for(lambda now: now.sum("blipd_path_upstream", network=TWO, upstream="AS64501") == 3, 30, "the first is")


def test_a_link_that_is_down_is_found_where_it_is(cut, daemon, routers):
    """The router before it says that there is no way on, and is named as the last that answers."""
    # The way before is that of now, and not one by the second upstream that another test left as the last seen.
    daemon.wait_for(
        lambda now: now.sum("blipd_path_upstream", country="XX", upstream="AS64501") == 3 * len(NETWORKS), 30,
        "all paths are by the first upstream",
    )  # fmt: skip
    routers.border.run("ip", "link", "set", "l7", "down")
    try:
        wait_until(lambda: find(daemon, LINK, "start", True), 45, "paths are attached")
        event = find(daemon, LINK, "start", True)
        # Every network is behind it: the country's own event has paths of several.
        def of_country():
            """The country's event, once it has paths: what hosts said comes sooner."""
            found = [e for e in events_of(daemon) if e["scope"] == "country" and e.get("evidence", {}).get("paths")]
            return found[0] if found else None

        country = wait_until(of_country, 45, "paths are attached to the country's event")
    finally:
        routers.border.run("ip", "link", "set", "l7", "up")
        routers.border.run("ip", "address", "replace", f"{address(7, 'border', 6)}/64", "dev", "l7", "nodad")
        routers.route("border", 7)
    assert len({path["network"] for path in paths(country, "start")}) == 6
    found = [*paths(event, "start"), *paths(country, "start")]
    for path in found:
        family = family_of(path)
        assert path["loss"] and path["loss"]["after"] and path["loss"]["hop"], path
        ends = (path["loss"]["after"]["address"], path["loss"]["hop"]["address"])
        exact = (towards_us("border", family), towards_us("inner", family))
        # Linux says "unreachable" once a second (ip_error, which no sysctl of a namespace changes): most hear nothing of
        # the border either, and then that is the first hop that is lost.
        assert ends == exact or path["now"]["end"] == "silent" and ends == (
            towards_us("first", family), towards_us("border", family)
        ), path  # fmt: skip
        assert path["loss"]["place"] == "country"
    assert any(path["now"]["end"] == "unreachable" for path in found)


def test_packets_of_a_trace_ride_one_of_two_equal_paths(cut, daemon, routers):
    """ECMP by flow: whatever a trace finds, it finds the same each time."""
    routers.transit.run(
        "ip", "route", "replace", "198.18.128.0/17",
        "nexthop", "via", address(3, "first"), "nexthop", "via", address(4, "second"),
    )  # fmt: skip
    try:
        times = "blipd_path_traced_timestamp_seconds"
        begun = daemon.scrape().series(times)
        # The first trace after the change may have been under way.
        for _ in range(2):
            daemon.wait_for(lambda now: all(now.series(times)[key] > begun[key] for key in begun), 30, "all are traced")
            begun = daemon.scrape().series(times)
        before = daemon.scrape()
        daemon.wait_for(lambda now: all(now.series(times)[key] > begun[key] for key in begun), 30, "all are traced")
        after = daemon.scrape()
        assert after.sum("blipd_path_changes_total") == before.sum("blipd_path_changes_total")
        assert len({dict(labels)["upstream"] for labels, used in after.series("blipd_path_upstream", country="XX").items() if used}) == 2
    finally:
        routers.use_upstream("first")


def test_tshark_finds_every_packet_of_a_trace_well_formed(daemon, traced, routers, directory):
    file = directory / "trace.pcap"
    capture = routers.us.start("tcpdump", settings.peer("tcpdump"), "-i", "l1", "-w", file, "-U", "-s", "0",
                               "(icmp or icmp6 or udp or tcp)", directory=directory)  # fmt: skip
    wait_until(lambda: "listening" in capture.errors, 5, "tcpdump listens")
    count = daemon.scrape().value("blipd_trace_packets_sent_total")
    daemon.wait_for(lambda now: now.value("blipd_trace_packets_sent_total") - count > 150, 30, "traces have been sent")
    capture.signal(2)
    capture.wait(5)
    routers.us.run("chmod", "644", file)
    # A payload of zeros but for two bytes is taken for RTCP now and then, and malformed it is.
    plain = ("-d", "udp.port==33434,data")
    bad = routers.us.run(
        settings.peer("tshark"), *plain, "-r", file, "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
        "-o", "tcp.check_checksum:TRUE", "-Y",
        "(ip.ttl < 20 or ipv6.hlim < 20) and (ip.src == 198.18.1.1 or ipv6.src == 2001:2:0:1::1) and (_ws.malformed or "
        'ip.checksum.status == "Bad" or udp.checksum.status == "Bad" or tcp.checksum.status == "Bad" or '
        'icmp.checksum.status == "Bad" or icmpv6.checksum.status == "Bad")',
        "-T", "fields", "-e", "frame.number",
    ).stdout.split()  # fmt: skip
    assert not bad
    kinds = routers.us.run(
        settings.peer("tshark"), *plain, "-r", file, "-Y", "ip.ttl < 20 or ipv6.hlim < 20", "-T", "fields", "-e", "ip.proto",
        "-e", "ipv6.nxt", "-E", "occurrence=f",
    ).stdout  # fmt: skip
    seen = {number for line in kinds.splitlines() for number in line.split("\t")}
    assert {"1", "6", "17", "58"} <= seen


def test_paths_by_hand_are_those_that_the_daemon_finds(daemon, traced, routers, directory):
    """By each protocol, from a configuration that traces one of them and knows autonomous systems, and without one."""
    table = directory / "as.txt"
    table.write_text(routers.as_table())
    known = config(str(table))
    file = directory / "blipd.yaml"
    file.write_text(yaml.safe_dump(known))
    for family in (4, 6):
        target = host(CALM, "icmp", family)
        for arguments in ((), ("--config", file)):
            text = routers.us.run(settings.blipd(), "probe", "--trace", *arguments, target).stdout
            found = re.findall(r"^ +(\d+)  (\S+)(?: +(AS\d+))?", text, re.MULTILINE)
            wanted = [*way("first", family), target]
            assert [address for _, address, _ in found] == wanted * 3, text
            assert [int(distance) for distance, _, _ in found] == [1, 2, 3, 4, 5, 6] * 3
            assert [number for _, _, number in found] == (AS_NUMBERS * 3 if arguments else [""] * 18), text
            assert text.count("reached the host") == 3
            for method in METHODS:
                assert re.search(rf"^  (path by )?{method}$", text, re.MULTILINE), text


def test_each_of_several_probing_threads_traces_its_share(routers, run, module_directory):
    table = module_directory / "as-shards.txt"
    table.write_text(routers.as_table())
    many = {**config(str(table)), "engine": {"shards": 3}, "listen": "127.0.0.1:10548"}
    daemon = run(routers.us, many, name="shards")
    daemon.wait_ready(20)
    now = daemon.wait_for(lambda now: len(reached(now)) == 3 * len(NETWORKS) + 3, 30, "every path has been traced")
    assert now.value("blipd_engine_shards") == 3
    assert all(hops == 6 for hops in now.series("blipd_path_hops", country="XX").values())
    assert now.sum("blipd_rejected_packets_total") == 0


def test_the_table_is_read_anew_with_a_reload_and_a_bad_one_changes_nothing(routers, run, directory):
    table = directory / "as.txt"
    table.write_text("# nobody knows anything\n")
    whole = config(str(table))
    whole["countries"][0]["networks"] = whole["countries"][0]["networks"][:1]
    daemon = run(routers.us, {**whole, "listen": "127.0.0.1:10549"}, name="table")
    daemon.wait_ready(20)
    daemon.wait_for(lambda now: len(reached(now)) == 6, 30, "every path has been traced")
    assert daemon.scrape().sum("blipd_path_upstream", country="XX", upstream="unknown") == 3
    table.write_text("198.18.0.0/16,nonsense\n")
    daemon.process.signal(1)
    wait_until(lambda: "reload_failed" in daemon.log, 5, "it is refused")
    assert "as.txt:1:1: 'nonsense' is no AS number" in daemon.log
    table.write_text(routers.as_table())
    daemon.reload()
    daemon.wait_for(lambda now: now.sum("blipd_path_upstream", upstream="AS64501") == 3, 30, "the upstream is known")


def test_without_raw_sockets_no_path_is_traced_and_that_is_said(routers, run, directory):
    routers.us.sysctl(net__ipv4__ping_group_range="0 2147483647")
    whole = config("")
    del whole["evidence"]
    whole["countries"][0]["networks"] = whole["countries"][0]["networks"][:1]
    daemon = run(
        routers.us, {**whole, "listen": "127.0.0.1:10550"}, name="unprivileged",
        wrap=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"),
    )  # fmt: skip
    daemon.wait_ready(20)
    assert "event=no_traces" in daemon.log
    now = daemon.wait_for(lambda now: now.value("blipd_traces_total", end="aborted") > 0, 20, "traces are given up")
    assert now.value("blipd_tracing") == 0
    assert now.value("blipd_trace_packets_sent_total") == 0
