"""Against software that is not ours: the kernel's ICMP and TCP, nginx and NSD, over IPv4 and IPv6."""

import math

import pytest
from harness import peers
from harness.daemon import configuration
from harness.metrics import unbalanced

HOST4, HOST6 = "198.18.1.1", "2001:2:0:1::101"
SILENT4, SILENT6 = "198.18.66.1", "2001:2:0:1::6601"
FORBIDDEN4, FORBIDDEN6 = "198.18.66.2", "2001:2:0:1::6602"
OPEN, CLOSED, REFUSED = 80, 82, 83  # nginx; nobody; a firewall that says so

FIREWALL = f"""
table inet world {{
  chain in {{
    type filter hook input priority 0; policy accept;
    ip daddr {SILENT4} drop
    ip6 daddr {SILENT6} drop
    ip daddr {FORBIDDEN4} reject with icmp type admin-prohibited
    ip6 daddr {FORBIDDEN6} reject with icmpv6 type admin-prohibited
    tcp dport {REFUSED} reject with icmpx type port-unreachable
  }}
}}
"""

FAST = {"interval": "200ms", "timeout": "500ms"}
SOA = {"type": "dns", "query": peers.ZONE, "record": "SOA", **FAST}


def tcp(port: int, mode: str) -> dict:
    return {"type": "tcp", "port": port, "mode": mode, **FAST}


PROBES = {
    "ping": {"type": "icmp", **FAST},
    "ping-large": {"type": "icmp", "size": 1400, "dont_fragment": True, **FAST},
    **{f"{mode}-open": tcp(OPEN, mode) for mode in ("syn", "connect")},
    **{f"{mode}-closed": tcp(CLOSED, mode) for mode in ("syn", "connect")},
    **{f"{mode}-refused": tcp(REFUSED, mode) for mode in ("syn", "connect")},
    **{f"soa-{way}": {**SOA, "transport": way, "expect": {"rcodes": ["NOERROR"]}} for way in ("udp", "tcp")},
    "soa-serial": {**SOA, "expect": {"answer_matches": [str(peers.SERIAL)]}},
    "soa-wrong": {**SOA, "expect": {"answer_matches": ["1999123199"]}},
    "soa-forbidden": {**SOA, "expect": {"answer_mismatches": ["hostmaster"]}},
    "nxdomain": {**SOA, "query": f"nobody.{peers.ZONE}", "expect": {"rcodes": ["NXDOMAIN"]}},
    "nxdomain-wrong": {**SOA, "query": f"nobody.{peers.ZONE}", "expect": {"rcodes": ["NOERROR"]}},
    "refused": {**SOA, "query": "elsewhere.test", "expect": {"rcodes": ["REFUSED"]}},
}
TCP_WAYS = [name for name, probe in PROBES.items() if probe["type"] == "tcp"]
DNS_WAYS = [name for name, probe in PROBES.items() if probe["type"] == "dns"]
ANSWERING = ["ping", "ping-large", "syn-open", "connect-open", "syn-closed", "connect-closed"]
ENOUGH = 5  # settled probes of each channel


@pytest.fixture(scope="module")
def daemon(pair, run_for_module, module_directory):
    pair.far.nft(FIREWALL)
    peers.web_server(pair.far, module_directory / "nginx")
    peers.NameServer(pair.far, module_directory / "nsd")
    both = {
        "host": ((HOST4, HOST6), ["ping", "ping-large", *TCP_WAYS]),
        "silent": ((SILENT4, SILENT6), ["ping", "syn-open", "connect-open", "soa-udp", "soa-tcp"]),
        "forbidden": ((FORBIDDEN4, FORBIDDEN6), ["ping", "syn-open", "connect-open", "soa-udp", "soa-tcp"]),
        "ns": ((peers.NSD4, peers.NSD6), DNS_WAYS),
    }
    targets = {
        f"{name}{family}": (address, ways)
        for name, (addresses, ways) in both.items()
        for family, address in zip((4, 6), addresses)
    }
    made = run_for_module(pair.near, configuration(targets, PROBES))
    made.wait_ready()
    return made


@pytest.fixture(scope="module")
def settled(daemon):
    """A scrape in which every channel has settled a few probes."""

    def has_enough(metrics):
        return all(
            sum(metrics.sum(f"blipd_probes_{what}_total", **dict(labels)) for what in ("answered", "lost")) >= ENOUGH
            for labels in metrics.series("blipd_probes_sent_total")
        )

    return daemon.wait_for(has_enough, 15, f"every channel has settled {ENOUGH} probes")


def lost(metrics, target, probe, reason=None):
    labels = {"target": target, "probe": probe, **({"reason": reason} if reason else {})}
    return metrics.sum("blipd_probes_lost_total", **labels)


def answered(metrics, target, probe):
    return metrics.value("blipd_probes_answered_total", target=target, probe=probe)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("way", ANSWERING)
def test_the_kernel_answers_and_the_round_trip_is_plausible(settled, family, way):
    target = f"host{family}"
    assert answered(settled, target, way) >= ENOUGH
    assert lost(settled, target, way) == 0
    count = settled.value("blipd_probe_rtt_seconds_count", target=target, probe=way)
    mean = settled.value("blipd_probe_rtt_seconds_sum", target=target, probe=way) / count
    assert 1e-6 < mean < 0.02, f"mean round trip of {mean * 1e6:.1f} µs over a link inside one machine"
    assert count == answered(settled, target, way), "an answer without a round trip"


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("way", ["ping", "syn-open", "connect-open", "soa-udp", "soa-tcp"])
def test_silence_is_loss_by_timeout(settled, family, way):
    target = f"silent{family}"
    assert answered(settled, target, way) == 0
    assert lost(settled, target, way, "timeout") >= ENOUGH
    assert lost(settled, target, way, "unreachable") == 0


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("way", ["ping", "syn-open", "connect-open", "soa-udp", "soa-tcp"])
def test_an_icmp_error_that_quotes_our_packet_is_loss_as_unreachable(settled, family, way):
    target = f"forbidden{family}"
    assert answered(settled, target, way) == 0
    assert lost(settled, target, way, "unreachable") >= ENOUGH
    assert lost(settled, target, way, "timeout") == 0


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("mode", ["syn", "connect"])
def test_a_firewalls_port_unreachable_is_told_from_a_reset(settled, family, mode):
    assert lost(settled, f"host{family}", f"{mode}-refused", "unreachable") >= ENOUGH
    assert answered(settled, f"host{family}", f"{mode}-closed") >= ENOUGH


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("way", DNS_WAYS)
def test_nsd_answers_whatever_the_content(settled, family, way):
    assert answered(settled, f"ns{family}", way) >= ENOUGH
    assert lost(settled, f"ns{family}", way) == 0


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("way", DNS_WAYS)
def test_expectations_are_judged_apart_from_reachability(settled, family, way):
    unexpected = settled.value("blipd_answers_unexpected_total", target=f"ns{family}", probe=way)
    if way in ("soa-wrong", "soa-forbidden", "nxdomain-wrong"):
        assert unexpected == answered(settled, f"ns{family}", way)
    else:
        assert unexpected == 0


def test_answers_are_neither_duplicate_nor_late_nor_rejected_nor_reordered(settled):
    odd = {
        (what, *sorted(labels))
        for what in ("duplicate", "differing", "late", "rejected", "reordered")
        for labels, value in settled.series(f"blipd_answers_{what}_total").items()
        if value
    }
    assert odd == set()


def test_every_channel_is_balanced(settled):
    assert unbalanced(settled) == []


def test_target_states_follow(settled):
    for family in (4, 6):
        assert settled.state("blipd_target_state", "state", target=f"host{family}") == "up"
        assert settled.state("blipd_target_state", "state", target=f"silent{family}") == "down"


def test_windows_show_the_loss_of_each_channel(settled):
    for family in (4, 6):
        loss = {
            target: settled.value("blipd_window_loss_ratio", target=f"{target}{family}", probe="ping", window="1m")
            for target in ("host", "silent", "forbidden")
        }
        assert loss == {"host": 0, "silent": 1, "forbidden": 1}
        assert math.isnan(
            settled.value(
                "blipd_window_rtt_seconds", target=f"silent{family}", probe="ping", window="1m", quantile="0.5"
            )
        ), "a quantile of nothing"


def test_capture_is_the_clock_and_drops_nothing(settled):
    assert settled.value("blipd_capturing") == 1
    assert settled.value("blipd_clock_source", source="capture") == 1
    assert settled.value("blipd_capture_drops_total") == 0
    assert settled.value("blipd_socket_drops_total") == 0
