"""What we put on the wire, as tshark reads it at the far end: nothing malformed, every checksum right."""

import pytest
from harness import peers
from harness.daemon import configuration
from harness.network import FAR_LINK, NEAR4, NEAR4_OTHER, NEAR6, NEAR_LINK

HOST4, HOST6 = "198.18.1.1", "2001:2:0:1::101"
QUICK = {"interval": "200ms", "timeout": "1s"}
PROBES = {
    "ping": {"type": "icmp", "size": 16, **QUICK},
    "ping-large": {"type": "icmp", "size": 1000, "dont_fragment": True, "dscp": 46, "ttl": 77, **QUICK},
    "ping-source": {"type": "icmp", "size": 40, "source": NEAR4_OTHER, "interface": NEAR_LINK, **QUICK},
    "syn": {"type": "tcp", "port": 80, "mode": "syn", "dscp": 10, "ttl": 99, **QUICK},
    "connect": {"type": "tcp", "port": 81, "mode": "connect", "dscp": 12, "ttl": 55, **QUICK},
    "soa": {"type": "dns", "query": peers.ZONE, "record": "SOA", "dscp": 18, "ttl": 44, **QUICK},
    "soa-tcp": {"type": "dns", "query": peers.ZONE, "record": "SOA", "transport": "tcp", "dscp": 20, "ttl": 33, **QUICK},
}
WAYS = [name for name in PROBES if not name.startswith("soa")]
OURS = (NEAR4, NEAR4_OTHER, NEAR6)
FIELDS = ("frame.number", "frame.protocols", "_ws.malformed", "_ws.expert.severity", "_ws.expert.message", "ip.src",
          "ipv6.src", "ip.ttl", "ipv6.hlim", "ip.dsfield.dscp", "ipv6.tclass.dscp", "ip.flags.df", "ip.len", "ipv6.plen",
          "icmp.type", "icmpv6.type", "tcp.dstport", "tcp.flags", "udp.srcport", "dns.id", "dns.flags.response",
          "dns.opt.code", "dns.opt.data", "ip.checksum.status", "tcp.checksum.status", "udp.checksum.status",
          "icmp.checksum.status", "icmpv6.checksum.status")  # fmt: skip
SYN, RST, ACK = 0x02, 0x04, 0x10
EXPERT_ERROR = "8388608"  # PI_ERROR of Wireshark's epan/proto.h


def holds(packet, protocol):
    return protocol in packet["frame.protocols"].split(":")


def is_echo_request(packet):
    return packet["icmp.type"] == "8" or packet["icmpv6.type"] == "128"


def is_syn_to(port):
    return lambda packet: packet["tcp.dstport"] == port and int(packet["tcp.flags"], 16) == SYN


REQUESTS = {
    "ping-large": lambda p: is_echo_request(p) and (p["ip.len"] == "1028" or p["ipv6.plen"] == "1008"),
    "syn": is_syn_to("80"),
    "connect": is_syn_to("81"),
    "soa": lambda p: holds(p, "dns") and holds(p, "udp"),
    "soa-tcp": is_syn_to("53"),
}


@pytest.fixture(scope="module")
def captured(pair, run_for_module, module_directory):
    """What tshark makes of a few seconds of every kind of probe."""
    pair.near.offload_off(NEAR_LINK)
    pair.far.offload_off(FAR_LINK)
    pair.near.run("ip", "addr", "add", f"{NEAR4_OTHER}/29", "dev", NEAR_LINK)
    peers.web_server(pair.far, module_directory / "nginx")
    peers.NameServer(pair.far, module_directory / "nsd")
    targets = {"host4": (HOST4, WAYS), "host6": (HOST6, [way for way in WAYS if way != "ping-source"])}
    targets |= {"ns4": (peers.NSD4, ["soa", "soa-tcp"]), "ns6": (peers.NSD6, ["soa", "soa-tcp"])}
    capture = peers.Capture(pair.far, FAR_LINK, module_directory)
    daemon = run_for_module(pair.near, configuration(targets, PROBES))
    daemon.wait_ready()

    def has_enough(metrics):
        return all(value >= 5 for value in metrics.series("blipd_probes_answered_total").values())

    daemon.wait_for(has_enough, 10, "five answers to every channel")
    daemon.stop()
    return peers.tshark(capture.stop(), FIELDS)


@pytest.fixture(scope="module")
def ours(captured):
    return [packet for packet in captured if packet["ip.src"] in OURS or packet["ipv6.src"] in OURS]


def test_tshark_finds_nothing_malformed(captured, ours):
    assert len(ours) >= 100
    assert [packet for packet in captured if packet["_ws.malformed"]] == []
    assert [packet for packet in ours if EXPERT_ERROR in packet["_ws.expert.severity"].split(",")] == []


@pytest.mark.parametrize("protocol", ["ip", "tcp", "udp", "icmp", "icmpv6"])
def test_every_checksum_is_right(ours, protocol):
    status = [packet[f"{protocol}.checksum.status"] for packet in ours if holds(packet, protocol)]
    assert len(status) >= 5
    assert set(status) == {"1"}, "0 is bad, 2 not verified"


@pytest.mark.parametrize("way", ["ping-large", "syn", "connect", "soa", "soa-tcp"])
@pytest.mark.parametrize("family", [4, 6])
def test_dscp_and_ttl_are_as_configured(ours, way, family):
    dscp, ttl = ("ip.dsfield.dscp", "ip.ttl") if family == 4 else ("ipv6.tclass.dscp", "ipv6.hlim")
    found = [(p[dscp], p[ttl]) for p in ours if holds(p, "ip" if family == 4 else "ipv6") and REQUESTS[way](p)]
    assert len(found) >= 5
    assert set(found) == {(str(PROBES[way]["dscp"]), str(PROBES[way]["ttl"]))}


def test_size_and_dont_fragment_are_as_configured(ours):
    found = {(p["ip.len"], p["ip.flags.df"]) for p in ours if p["icmp.type"] == "8"}
    assert {length for length, _ in found} == {str(28 + size) for size in (16, 40, 1000)}
    assert {flag for length, flag in found if length == "1028"} == {"1"}
    assert {flag for length, flag in found if length != "1028"} == {"0"}


def test_source_address_and_interface_are_as_configured(ours):
    lengths = [packet["ip.len"] for packet in ours if packet["ip.src"] == NEAR4_OTHER]
    assert len(lengths) >= 5 and set(lengths) == {"68"}
    assert "68" not in {packet["ip.len"] for packet in ours if packet["ip.src"] == NEAR4 and packet["icmp.type"] == "8"}


def test_a_half_open_probe_never_finishes_the_handshake(ours):
    flags = {int(packet["tcp.flags"], 16) for packet in ours if packet["tcp.dstport"] == "80"}
    assert SYN in flags
    assert flags <= {SYN, RST, RST | ACK}


def test_dns_ids_vary(ours):
    ids = [packet["dns.id"] for packet in ours if REQUESTS["soa"](packet)]
    assert len(ids) >= 10 and len(set(ids)) >= 0.9 * len(ids)


def test_dns_questions_ask_for_the_servers_name_and_get_it(captured, ours):
    asked = [packet for packet in ours if holds(packet, "dns")]
    assert {packet["dns.opt.code"] for packet in asked} == {"3"}
    answers = [p for p in captured if holds(p, "dns") and p["dns.flags.response"] in ("1", "True")]
    assert len(answers) >= 10
    assert {packet["dns.opt.data"].replace(":", "") for packet in answers} == {peers.NSID.encode().hex()}
