"""The reference for round trips: tcpdump at both ends of the link, beside the tool.

A tool's round trip is compared with what passed the near end of the link. blipd takes its stamps where tcpdump does, and
the kernel gives both the same one; that is its design, and the error is what it adds. "above the far end" shares no stamp
with the tool: what was reported less the far end's own turnaround. It holds the way there and back, so it bounds the error
from above.
"""

import bisect
import json
import pathlib
import socket
import statistics

from harness import pcap, peers
from harness.network import FAR_LINK, NEAR_LINK


class Captures:
    """tcpdump at both ends of the link; `only`: of a part of the addresses, where all would be too much for the machine."""

    def __init__(self, far, directory: pathlib.Path, only: str = ""):
        expression = "icmp" + (f" and net {only}" if only else "")
        self._captures = [
            peers.Capture(side, link, directory, expression=expression, snap=96, name=f"capture-{link}")
            for side, link in ((far.near, NEAR_LINK), (far.far, FAR_LINK))
        ]

    def stop(self) -> dict[bytes, list[tuple[int, int, int]]]:
        """By address: time of the request, round trip at the near end, turnaround at the far end; nanoseconds."""
        files = peers.stop_captures(self._captures)
        near, far = map(pcap.round_trips, files)
        joined = {}
        for remote, entries in near.items():
            # The same requests were seen at both ends, but for the first and last ones; the far end sees them later.
            turnarounds = far.get(remote, [])
            times = [at for at, _ in turnarounds]
            found = []
            for at, rtt in entries:
                place = bisect.bisect_left(times, at)
                if place < len(times) and times[place] <= at + rtt:
                    found.append((at, rtt, turnarounds[place][1]))
            joined[remote] = found
        return joined


def of_recorded(
    record: pathlib.Path, hosts: list[str], reference: dict, interval_ms: int = 1000
) -> list[tuple[float, int, int]]:
    """blipd's recorded answers beside the capture: (reported seconds, captured, turnaround in nanoseconds). The request is the
    one nearest in time; farther than two fifths of the interval it is another probe's, asked before or after the capture."""
    remotes = {f"t{i}": socket.inet_aton(host) for i, host in enumerate(hosts)}
    times = {remote: [entry[0] for entry in entries] for remote, entries in reference.items()}
    compared = []
    with record.open() as lines:
        for line in lines:
            result = json.loads(line)
            known = times.get(remotes[result["target"]])
            if not known or result["rtt"] is None:
                continue
            at = int(result["time"] * 1e9)
            place = bisect.bisect(known, at)
            near = min(range(max(0, place - 1), min(len(known), place + 1)), key=lambda i: abs(known[i] - at))
            if abs(known[near] - at) < interval_ms * 400_000:
                compared.append((result["rtt"], *reference[remotes[result["target"]]][near][1:]))
    return compared


def of_fping(round_trips: dict[str, list], reference: dict) -> list[tuple[float, int, int]]:
    """The same of fping, which ended before the capture did: the last request in it is the last that fping made."""
    compared = []
    for address, rtts in round_trips.items():
        entries = reference.get(socket.inet_aton(address), [])
        if entries and None not in rtts[-len(entries) :]:
            compared += [(rtt, *entry[1:]) for rtt, entry in zip(rtts[-len(entries) :], entries)]
    return compared


def error_figures(compared: list[tuple[float, int, int]]) -> dict:
    """Microseconds."""
    if len(compared) < 100:
        raise AssertionError(f"only {len(compared)} round trips were found in the capture")
    errors = sorted(abs(reported * 1e9 - captured) / 1000 for reported, captured, _ in compared)
    above = sorted((reported * 1e9 - turnaround) / 1000 for reported, _, turnaround in compared)
    late = int(0.99 * (len(errors) - 1))
    return {
        "samples": len(errors),
        "error_p50": statistics.median(errors),
        "error_p99": errors[late],
        "above_p50": statistics.median(above),
        "above_p99": above[late],
    }
