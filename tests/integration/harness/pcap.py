"""Reads what tcpdump wrote (nanosecond pcap, Ethernet), as far as echo requests and replies go."""

import pathlib
import struct
from typing import NamedTuple


class Echo(NamedTuple):
    at: int  # nanoseconds since 1970
    is_request: bool
    remote: bytes  # the address of whoever is asked
    key: bytes  # identifier and sequence number


def echoes(file: pathlib.Path):
    """ICMP echo, IPv4, without options, in the order of the file."""
    data = file.read_bytes()
    magic, linktype = struct.unpack_from("<I", data)[0], struct.unpack_from("<I", data, 20)[0]
    if magic != 0xA1B23C4D or linktype != 1:
        raise ValueError(f"{file}: not a nanosecond Ethernet capture (magic {magic:#x}, link type {linktype})")
    position, size = 24, len(data)
    record = struct.Struct("<IIII")
    while position + 16 <= size:
        seconds, nanoseconds, length, _ = record.unpack_from(data, position)
        packet = position + 16
        position = packet + length
        if length < 42 or data[packet + 12 : packet + 15] != b"\x08\x00\x45" or data[packet + 23] != 1:
            continue
        kind = data[packet + 34]
        if kind not in (0, 8):
            continue
        is_request = kind == 8
        remote = data[packet + 30 : packet + 34] if is_request else data[packet + 26 : packet + 30]
        yield Echo(seconds * 1_000_000_000 + nanoseconds, is_request, remote, data[packet + 38 : packet + 42])


def round_trips(file: pathlib.Path) -> dict[bytes, list[tuple[int, int]]]:
    """By address of whoever was asked: (time of the request, round trip), nanoseconds, in order of requests.

    A request that is not answered in the capture is left out.
    """
    waiting: dict[tuple[bytes, bytes], list] = {}
    found: dict[bytes, list[tuple[int, int]]] = {}
    for echo in echoes(file):
        if echo.is_request:
            entry = [echo.at, None]
            waiting[echo.remote, echo.key] = entry
            found.setdefault(echo.remote, []).append(entry)
        else:
            entry = waiting.pop((echo.remote, echo.key), None)
            if entry is not None:
                entry[1] = echo.at - entry[0]
    return {remote: [(at, rtt) for at, rtt in entries if rtt is not None] for remote, entries in found.items()}
