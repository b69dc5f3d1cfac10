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
OURS = f"(ip.src == {NEAR4} || ip.src == {NEAR4_OTHER} || ipv6.src == {NEAR6})"
PACKETS = {  # display filter of each way's requests
    "ping-large": "((icmp.type == 8 && ip.len == 1028) || (icmpv6.type == 128 && ipv6.plen == 1008))",
    "syn": "tcp.dstport == 80 && tcp.flags.syn == 1",
    "connect": "tcp.dstport == 81 && tcp.flags.syn == 1",
    "soa": "dns && udp",
    "soa-tcp": "tcp.dstport == 53 && tcp.flags.syn == 1",
}


@pytest.fixture(scope="module")
def captured(pair, run_for_module, module_directory):
    """A capture of a few seconds of every kind of probe."""
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
    return capture.stop()


def test_tshark_finds_nothing_malformed(captured):
    assert peers.tshark(captured, f"{OURS} && (_ws.malformed || _ws.expert.severity == error)") == []


@pytest.mark.parametrize("field", ["ip", "tcp", "udp", "icmp", "icmpv6"])
def test_every_checksum_is_right(captured, field):
    wrong = peers.tshark(captured, f"{OURS} && {field} && !({field}.checksum.status == 1)")
    assert wrong == []
    assert len(peers.tshark(captured, f"{OURS} && {field}.checksum.status == 1")) >= 5


@pytest.mark.parametrize("way", ["ping-large", "syn", "connect", "soa", "soa-tcp"])
@pytest.mark.parametrize("family", [4, 6])
def test_dscp_and_ttl_are_as_configured(captured, way, family):
    fields = ("ip.dsfield.dscp", "ip.ttl") if family == 4 else ("ipv6.tclass.dscp", "ipv6.hlim")
    version = "ip" if family == 4 else "ipv6"
    rows = peers.tshark(captured, f"{OURS} && {version} && {PACKETS[way]}", *fields)
    assert len(rows) >= 5
    expected = [str(PROBES[way]["dscp"]), str(PROBES[way]["ttl"])]
    assert [row for row in rows if row != expected] == []


def test_size_and_dont_fragment_are_as_configured(captured):
    rows = peers.tshark(captured, f"icmp.type == 8 && {OURS}", "ip.len", "ip.flags.df")
    assert {row[0] for row in rows} == {str(28 + size) for size in (16, 40, 1000)}
    assert {row[1] for row in rows if row[0] == "1028"} <= {"1", "True"}


def test_source_address_and_interface_are_as_configured(captured):
    rows = peers.tshark(captured, f"icmp.type == 8 && ip.src == {NEAR4_OTHER}", "ip.len")
    assert len(rows) >= 5 and {row[0] for row in rows} == {"68"}


def test_a_half_open_probe_never_finishes_the_handshake(captured):
    assert peers.tshark(captured, f"{OURS} && tcp.dstport == 80 && tcp.flags.syn == 0 && tcp.flags.reset == 0") == []


def test_dns_ids_and_ports_vary(captured):
    rows = peers.tshark(captured, f"{OURS} && dns && udp", "dns.id", "udp.srcport")
    assert len({row[0] for row in rows}) >= 0.9 * len(rows)


def test_dns_questions_ask_for_the_servers_name_and_get_it(captured):
    asked = peers.tshark(captured, f"{OURS} && dns && dns.opt.code == 3")
    assert len(asked) >= 10
    named = peers.tshark(captured, "dns.flags.response == 1 && udp", "dns.opt.nsid.ascii", "dns.opt.data")
    assert {peers.NSID in "".join(row) or peers.NSID.encode().hex() in "".join(row) for row in named} == {True}
