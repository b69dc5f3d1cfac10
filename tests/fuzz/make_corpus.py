#!/usr/bin/env python3
"""Writes the seed inputs of the packet and text fuzz targets into corpus/NAME/.

The packets are those that a Linux kernel sent and answered (tests/unit/probes/captured.hpp says how), read from
that header so that both stay the same, and what is made of them here: options, extension headers, fragments, short
quotes, cuts. Run it from anywhere; it writes the same bytes every time and leaves other folders alone.
"""

import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
CAPTURED = HERE.parent / "unit" / "probes" / "captured.hpp"

TEXTS = {
    "credentials": [
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "basic   dGVzdDoxMjPCow== ",
        "Basic Og",
        "Basic YTpiOmM=",
        "Bearer YTpi",
        "Basic YToAYg==",
    ],
    "text": [
        "0", "0s", "500ms", "5s", "1m30s", "1y2w3d4h5m6s7ms8us9ns", "9223372036854775807ns", "292y171d",
        "2014-12-22T16:15:00Z", "2014-12-22 16:15:00.123456789+09:00", "1990-12-31T15:59:60-08:00",
        "2262-04-11T23:47:15Z", "1677-09-21T00:12:45Z", "1419264900", "1419264900.25", "9223372035.999999999",
        "192.0.2.15", "255.255.255.255", "0.0.0.0/0", "192.0.2.0/24", "198.18.0.0/15", "::", "2001:db8::1:0:0:1",
        "::ffff:192.0.2.1", "2001:2::/48", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
    ]
}


def captured():
    """Name → bytes of every packet in the header, 'EchoReplyV4' and the like."""
    source = CAPTURED.read_text()
    packets = {}
    for name, literals in re.findall(r"std::string_view k(\w+) =\s*((?:\"[0-9a-f ]+\"\s*)+);", source):
        packets[name] = bytes.fromhex("".join(re.findall(r'"([^"]+)"', literals)).replace(" ", ""))
    return packets


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF).to_bytes(2, "big")


def ipv4(protocol, payload, options=b"", flags=0):
    words = (20 + len(options)) // 4
    head = bytes([0x40 | words, 0]) + (20 + len(options) + len(payload)).to_bytes(2, "big") + b"\x12\x34"
    head += flags.to_bytes(2, "big") + bytes([64, protocol])
    ends = bytes.fromhex("c6120002c6120001") + options
    return head + checksum(head + b"\0\0" + ends) + ends + payload


def ipv6(next_header, payload):
    head = bytes.fromhex("60000000") + len(payload).to_bytes(2, "big") + bytes([next_header, 64])
    return head + bytes.fromhex("2001000200000000000000000000000220010002000000000000000000000001") + payload


def icmp_error_v4(quoted):
    head, rest = b"\x03\x01", b"\0\0\0\0" + quoted
    return ipv4(1, head + checksum(head + b"\0\0" + rest) + rest)


# Two MPLS labels (RFC 4950) and an interface with index, address, name and MTU (RFC 5837), behind an RFC 4884 header.
LABELS = bytes.fromhex("000c010103e81001186a41fe")
INTERFACE = bytes.fromhex("0020020f0000000700010000c00002010c657468302e313030000000000005dc")


def extended_error_v4(quoted, objects, tells_length=True):
    structure = b"\x20\0\0\0" + objects
    structure = structure[:2] + checksum(structure) + structure[4:]
    rest = bytes([0, 32 if tells_length else 0, 0, 0]) + quoted.ljust(128, b"\0") + structure
    return ipv4(1, b"\x0b\0" + checksum(b"\x0b\0\0\0" + rest) + rest)


def traces(packets):
    udp = ipv4(17, bytes.fromhex("ef3282 9a00181234".replace(" ", "")) + b"\0" * 16)
    return {
        "TraceUdpV4": udp,
        "TraceExpiredV4": extended_error_v4(udp, b""),
        "TraceLabelsV4": extended_error_v4(udp, LABELS),
        "TraceInterfaceV4": extended_error_v4(packets["SynV4"], INTERFACE + LABELS),
        "TraceOldLabelsV4": extended_error_v4(packets["EchoRequestV4"], LABELS, tells_length=False),
        "TraceLieV4": extended_error_v4(udp, b"\x01" + LABELS[1:]),
    }


def variants(packets):
    reply4, reply6, syn = packets["EchoReplyV4"], packets["EchoReplyV6"], packets["SynV4"]
    option = bytes.fromhex("3c00010400000000")
    udp = bytes.fromhex("0035f0f9000c0000aabbccdd")
    return {
        "Ipv4Options": ipv4(1, reply4[20:], options=b"\x94\x04\0\0"),
        "Ipv4FirstFragment": ipv4(1, reply4[20:], flags=0x2000),
        "Ipv4LastFragment": ipv4(1, reply4[20:], flags=0x0003),
        "Ipv4Udp": ipv4(17, udp),
        "Ipv6Udp": ipv6(17, udp),
        "Ipv6Extensions": ipv6(0, option + bytes.fromhex("2b00010400000000") + bytes.fromhex("3c00000000000000")
                               + bytes.fromhex("3a00010400000000") + reply6[40:]),
        "Ipv6AtomicFragment": ipv6(44, bytes.fromhex("3a00000000000001") + reply6[40:]),
        "Ipv6FirstFragment": ipv6(44, bytes.fromhex("3a00000100000001") + reply6[40:]),
        "Ipv6LaterFragment": ipv6(44, bytes.fromhex("3a00000800000001") + reply6[40:]),
        "Ipv6Authentication": ipv6(51, bytes.fromhex("3a0400000000000100000001000102030405060708090a0b") + reply6[40:]),
        "Ipv6TooManyExtensions": ipv6(60, option * 8 + bytes.fromhex("3a00010400000000") + reply6[40:]),
        "EchoShortQuoteV4": icmp_error_v4(packets["EchoRequestV4"][:28]),
        "SynShortQuoteV4": icmp_error_v4(syn[:28]),
        "UdpQuoteV4": icmp_error_v4(ipv4(17, udp)),
        "EchoReplyCutV4": reply4[:-1],
        "EchoReplyCutV6": reply6[:60],
        "SynCutV4": syn[:34],
    }


def main():
    packets = captured()
    assert len(packets) >= 16, "captured.hpp has changed its shape"
    packets |= variants(packets)
    chosen = {
        "ip": packets,
        "icmp": {n: p for n, p in packets.items() if "Echo" in n or n.startswith("Ip")},
        "trace": traces(packets) | {n: p for n, p in packets.items() if not n.startswith("Ip")},
        "tcp": {n: p for n, p in packets.items() if "Syn" in n or "Reset" in n},
    }
    for target, texts in TEXTS.items():
        chosen[target] = {f"{i:02}": text.encode() for i, text in enumerate(texts)}
    for target, inputs in chosen.items():
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in inputs.items():
            (folder / name).write_bytes(data)
        print(f"{folder.relative_to(HERE)}: {len(inputs)} files")


if __name__ == "__main__":
    main()
