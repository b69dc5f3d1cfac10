"""Pings each host of scenarios/trouble.yaml N times, 10 ms apart, on a raw socket, and sorts what comes back.

A packet socket sees answers before the kernel drops those with a wrong checksum.
"""

import json
import select
import socket
import struct
import sys
import time

HOSTS = {f"198.18.1.{i + 1}": name for i, name in enumerate(
    ["duplicated", "corrupted", "token", "source", "ttl", "limited", "late", "reordered"])}
COUNT = int(sys.argv[1])
KINDS = ("valid", "broken", "altered", "elsewhere", "other_ttl", "late", "out_of_order")


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def payload(host, sequence):
    return f"{HOSTS[host]:>12}{sequence:04d}".encode()


def request(host, sequence):
    message = struct.pack(">BBHHH", 8, 0, 0, 0x4242, sequence) + payload(host, sequence)
    return message[:2] + struct.pack(">H", checksum(message)) + message[4:]


def sort(counts, packet, sent, newest):
    """Counts one answer. The identifier field's sequence and the name in the payload say whose it is."""
    source = socket.inet_ntoa(packet[12:16])
    message = packet[20:]
    if packet[9] != 1 or message[0] != 0 or source == "198.18.0.1":
        return
    sequence = struct.unpack(">H", message[6:8])[0]
    host = source
    if host not in HOSTS or message[8:20].decode(errors="replace").strip() != HOSTS[host]:
        named = [h for h, name in HOSTS.items() if message[8:20].decode(errors="replace").strip() == name]
        if named and checksum(message) == 0:
            counts[HOSTS[named[0]]]["elsewhere"] += 1
            return
    kinds = counts[HOSTS[host]]
    if checksum(message) != 0:
        kinds["broken"] += 1
    elif message[8:] != payload(host, sequence):
        kinds["altered"] += 1
    elif packet[8] != 60:
        kinds["other_ttl"] += 1
    else:
        kinds["valid"] += 1
        kinds["late"] += time.monotonic() - sent[host, sequence] > 0.3
        kinds["out_of_order"] += sequence < newest.get(host, 0)
        newest[host] = max(sequence, newest.get(host, 0))


def main():
    counts = {name: dict.fromkeys(KINDS, 0) for name in HOSTS.values()}
    sent, newest = {}, {}
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    heard = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    heard.bind(("lab0", 0x0800))
    start = time.monotonic()
    done = 0
    while time.monotonic() < start + 0.01 * COUNT + 1.0:
        if done < COUNT and time.monotonic() >= start + 0.01 * done:
            for host in HOSTS:
                sent[host, done] = time.monotonic()
                out.sendto(request(host, done), (host, 0))
            done += 1
        if select.select([heard], [], [], 0.002)[0]:
            packet, about = heard.recvfrom(2000)
            if about[2] != socket.PACKET_OUTGOING:
                sort(counts, packet, sent, newest)
    print(json.dumps(counts))


main()
