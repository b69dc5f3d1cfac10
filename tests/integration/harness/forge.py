"""A stranger at the far end: sees what arrives on its link, and sends whatever it likes from any address."""

import ipaddress
import os
import random
import socket
import struct
import time

from .network import FAR_LINK, Namespace

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
_ETH_IP, _ETH_IP6 = 0x0800, 0x86DD


def checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _pseudo(source: str, destination: str, protocol: int, length: int) -> bytes:
    a, b = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    if a.version == 4:
        return a.packed + b.packed + struct.pack("!BBH", 0, protocol, length)
    return a.packed + b.packed + struct.pack("!IHBB", length, 0, 0, protocol)


def with_checksum(source: str, destination: str, protocol: int, message: bytes) -> bytes:
    """The message with its checksum filled in."""
    at = {ICMP: 2, ICMP6: 2, TCP: 16, UDP: 6}[protocol]
    message = message[:at] + b"\0\0" + message[at + 2 :]
    pseudo = b"" if protocol == ICMP else _pseudo(source, destination, protocol, len(message))
    return message[:at] + struct.pack("!H", checksum(pseudo + message)) + message[at + 2 :]


class Packet:
    """An IP packet as it came in, without options and extension headers."""

    def __init__(self, data: bytes):
        self.data = data
        if data[0] >> 4 == 4:
            head = (data[0] & 15) * 4
            self.protocol = data[9]
            self.source, self.destination = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
            self.payload = data[head : struct.unpack_from("!H", data, 2)[0]]
        else:
            self.protocol = data[6]
            self.source = socket.inet_ntop(socket.AF_INET6, data[8:24])
            self.destination = socket.inet_ntop(socket.AF_INET6, data[24:40])
            self.payload = data[40 : 40 + struct.unpack_from("!H", data, 4)[0]]


class Stranger:
    def __init__(self, far: Namespace, seed: int, link: str = FAR_LINK):
        self.random = random.Random(seed)
        with far.entered():
            self._ear = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))  # ETH_P_ALL
            self._ear.bind((link, 3))
            self._raw4 = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            self._raw6 = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
            self._raw6.setsockopt(socket.IPPROTO_IPV6, 36, 1)  # IPV6_HDRINCL
        self._ear.setblocking(False)

    def close(self) -> None:
        for each in (self._ear, self._raw4, self._raw6):
            each.close()

    def hear(self, destination: str, protocol: int, timeout: float = 3) -> Packet:
        """The next packet to `destination` that arrives after this call."""
        return self.hear_any([destination], protocol, timeout)

    def hear_any(self, destinations: list[str], protocol: int, timeout: float = 3) -> Packet:
        """The same, to one of several."""
        while True:  # what came before is old
            try:
                self._ear.recv(65535)
            except BlockingIOError:
                break
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                data, (_, kind, *_rest) = self._ear.recvfrom(65535)
            except BlockingIOError:
                time.sleep(0.0005)
                continue
            if kind in (_ETH_IP, _ETH_IP6):
                packet = Packet(data)
                if packet.destination in destinations and packet.protocol == protocol:
                    return packet
        raise AssertionError(f"nothing came for {', '.join(destinations)} within {timeout} s")

    def send(self, source: str, destination: str, protocol: int, message: bytes) -> None:
        """As it is: fill in the message's checksum with with_checksum() where it is to be right."""
        a, b = ipaddress.ip_address(source), ipaddress.ip_address(destination)
        if a.version == 4:
            header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(message), 0, 0, 57, protocol, 0) + a.packed + b.packed
            self._raw4.sendto(header + message, (destination, 0))
        else:
            header = struct.pack("!IHBB", 6 << 28, len(message), protocol, 57) + a.packed + b.packed
            self._raw6.sendto(header + message, (destination, 0))

    def reply(self, packet: Packet, message: bytes, source: str | None = None, protocol: int | None = None) -> None:
        """To whoever sent `packet`, by default from whoever it was sent to, with the right checksum."""
        source = source or packet.destination
        protocol = protocol or packet.protocol
        self.send(source, packet.source, protocol, with_checksum(source, packet.source, protocol, message))

    # Answers, right in every respect

    @staticmethod
    def echo_reply(packet: Packet) -> bytes:
        return bytes([0 if packet.protocol == ICMP else 129]) + packet.payload[1:]

    @staticmethod
    def syn_ack(packet: Packet, ack_offset: int = 1, flags: int = 0x12) -> bytes:
        source, destination, sequence = struct.unpack_from("!HHI", packet.payload)
        ack = (sequence + ack_offset) & 0xFFFFFFFF
        return struct.pack("!HHIIBBHHH", destination, source, 12345, ack, 5 << 4, flags, 65535, 0, 0)

    @staticmethod
    def dns_answer(packet: Packet, message: bytes | None = None) -> bytes:
        """The query, turned into an empty answer."""
        source, destination = struct.unpack_from("!HH", packet.payload)
        if message is None:
            query = packet.payload[8:]
            message = query[:2] + struct.pack("!H", 0x8400) + query[4:6] + b"\0" * 6 + query[12:]
            end = 12
            while message[end]:
                end += 1 + message[end]
            message = message[: end + 5]
        return struct.pack("!HHHH", destination, source, 8 + len(message), 0) + message

    def icmp_error(self, quoted: bytes, version: int) -> tuple[int, bytes]:
        """Host unreachable about `quoted`: protocol and message."""
        if version == 4:
            return ICMP, struct.pack("!BBHI", 3, 1, 0, 0) + quoted
        return ICMP6, struct.pack("!BBHI", 1, 3, 0, 0) + quoted

    def noise(self, length: int) -> bytes:
        return self.random.randbytes(length) if length else b""


def fresh_seed() -> int:
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")
    return seed
