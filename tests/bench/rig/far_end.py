"""Who answers: a program of ours that takes exactly 50 ms, or the kernel of the far namespace, which answers at once.

Both sit behind one gateway and answer for all that addresses() gives. Each says how many requests of a kind reached it,
whatever the tool that asked believes, and whether it kept up.
"""

import contextlib
import pathlib
import signal
import struct
import time

from harness.network import FAR4, FAR_LINK, FAR_PREFIX4, NEAR_LINK, Pair
from harness.processes import wait_until
from rig import programs

MORE_PREFIXES = ("198.19.64.0/18", "198.19.128.0/17")
DELAY_SECONDS = 0.05


class FarEndDidNotKeepUp(AssertionError):
    """What was measured against it is void."""


def addresses(count: int) -> list[str]:
    """Spread over the prefixes of 24 bits: one of each, then the next of each. At most 113,792."""
    prefixes = [f"198.18.{third}" for third in range(256)] + [f"198.19.{third}" for third in range(64, 256)]
    if not 1 <= count <= 254 * len(prefixes):
        raise ValueError(f"no {count} addresses there")
    return [f"{prefixes[i % len(prefixes)]}.{1 + i // len(prefixes)}" for i in range(count)]


def addresses6(count: int) -> list[str]:
    """Of 2001:2:0:1::/64, which the far kernel answers for."""
    return [f"2001:2:0:1::{1 + i // 0xffff:x}:{1 + i % 0xffff:x}" for i in range(count)]


class Kernel:
    """Answers within microseconds, in the context of whoever sends: part of its work is in the sender's CPU time."""

    name = "the far kernel, which answers at once"

    def __init__(self, pair: Pair):
        self.pair, self.near, self.far = pair, pair.near, pair.far

    def count(self, kind: str) -> int:
        where = {"echoes": ("Icmp", "InEchos"), "handshakes": ("Tcp", "PassiveOpens"), "questions": ("Udp", "InDatagrams")}
        return self.far.snmp(*where[kind])

    def far_packets(self) -> int:
        """All that came over the link, of either family."""
        lines = pathlib.Path(f"/proc/{self.far.pid}/net/dev").read_text().splitlines()
        return next(int(line.split(":")[1].split()[1]) for line in lines if line.strip().startswith(FAR_LINK + ":"))

    def check(self, punctual: bool = True) -> None:
        """Raises FarEndDidNotKeepUp. Read when nobody asks."""
        missing = self.far.snmp("Icmp", "InEchos") - self.far.snmp("Icmp", "OutEchoReps")
        if missing:
            raise FarEndDidNotKeepUp(f"the far kernel did not answer {missing} echo requests")


class Responder:
    """tests/bench/far: answers 50 ms after the kernel's stamp of a request's arrival, on a thread of its own."""

    name = "a responder 50 ms away"
    _FIELDS = ("echoes", "handshakes", "segments", "questions", "answered", "ring_drops", "queue_drops", "send_failures",
               "late", "worst_late_ns", "ignored", "silenced")  # fmt: skip

    def __init__(self, pair: Pair, directory: pathlib.Path):
        self.pair, self.near, self.far = pair, pair.near, pair.far
        self._file = directory / "far.counters"
        self.process = pair.far.start(
            "far", programs.built("bench_far"), "--link", FAR_LINK, "--counters", self._file,
            "--delay-us", round(DELAY_SECONDS * 1e6), directory=directory,
        )  # fmt: skip

        def answers():
            self.process.expect_running()
            return "answering" in self.process.output

        wait_until(answers, 5, "the far end answers", 0.01)

    def counters(self) -> dict[str, int]:
        return dict(zip(self._FIELDS, struct.unpack(f"{len(self._FIELDS)}Q", self._file.read_bytes())))

    def count(self, kind: str) -> int:
        return self.counters()[kind]

    def silence(self, whom: str) -> None:
        """From now on nobody of these is answered: "half" (every second prefix of 24 bits), "all" or "nobody"."""
        self.process.signal({"half": signal.SIGUSR1, "all": signal.SIGUSR2, "nobody": signal.SIGHUP}[whom])

    def check(self, punctual: bool = True) -> None:
        """Raises FarEndDidNotKeepUp: answers that were dropped, or one in a hundred more than a millisecond late; where it does
        not matter just when answers come, one that is later than half a second, when timeouts begin to matter."""
        time.sleep(2 * DELAY_SECONDS)
        self.process.expect_running()
        seen = self.counters()
        asked = seen["echoes"] + seen["handshakes"] + seen["segments"] + seen["questions"]
        dropped = seen["ring_drops"] + seen["queue_drops"] + seen["send_failures"]
        is_late = seen["late"] * 100 > asked if punctual else seen["worst_late_ns"] > 500_000_000
        if dropped or is_late:
            raise FarEndDidNotKeepUp(
                f"the far end dropped {dropped} and was over 1 ms late with {seen['late']} of {asked} answers "
                f"(worst {seen['worst_late_ns'] / 1e6:.1f} ms)"
            )


class FarEnds:
    """A pair of namespaces for each kind of far end, made when first asked for."""

    def __init__(self, directory: pathlib.Path):
        self._directory = directory
        self._pairs: dict[str, Pair] = {}

    def _pair(self, name: str) -> Pair:
        if name not in self._pairs:
            pair = self._pairs[name] = Pair(self._directory / name)
            for prefix in MORE_PREFIXES:
                pair.near.run("ip", "route", "add", prefix, "via", FAR4)
            pair.near.offload_off(NEAR_LINK)  # or the responder would see no checksum of UDP and TCP
            pair.near.sysctl(net__ipv4__ip_local_port_range="2048 61000")
        return self._pairs[name]

    @contextlib.contextmanager
    def kernel(self):
        is_new = "kernel" not in self._pairs
        pair = self._pair("kernel")
        if is_new:
            for prefix in MORE_PREFIXES:
                pair.far.run("ip", "route", "add", "local", prefix, "dev", "lo")
        yield Kernel(pair)

    @contextlib.contextmanager
    def responder(self):
        """One of its own for each use: an idle one would still wake up, and what it counts belongs to one tool."""
        is_new = "responder" not in self._pairs
        pair = self._pair("responder")
        if is_new:
            # The kernel there shall neither answer nor think for long about what is the responder's.
            pair.far.run("ip", "route", "del", "local", FAR_PREFIX4, "dev", "lo")
            pair.far.run("ip", "route", "add", "blackhole", "198.18.0.0/15")
        far = Responder(pair, pair.directory)
        try:
            yield far
        finally:
            far.process.kill()

    def close(self) -> None:
        for pair in self._pairs.values():
            pair.close()
        self._pairs.clear()
