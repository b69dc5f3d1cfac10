"""Network namespaces without a name, and a pair of them joined by a veth link.

The far one answers, by its kernel, for the whole of 198.18.0.0/16 and 2001:2:0:1::/64 (local routes, "AnyIP");
nftables there loses, refuses and cuts.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import socket
import struct
import subprocess
import tempfile

from . import settings
from .processes import Process, wait_until

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

NEAR4, FAR4, NEAR4_OTHER = "198.19.0.1", "198.19.0.2", "198.19.0.3"
NEAR6, FAR6 = "2001:2:0:ffff::1", "2001:2:0:ffff::2"
FAR_PREFIX4, FAR_PREFIX6 = "198.18.0.0/16", "2001:2:0:1::/64"
NEAR_LINK, FAR_LINK = "near0", "far0"


def _setns(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class Namespace:
    """The network (and mount) namespace of one process that lives as long as it."""

    def __init__(self, holder_pid: int, directory: pathlib.Path):
        self.pid = holder_pid
        self.directory = directory
        self._children: list[Process] = []

    @staticmethod
    def make(directory: pathlib.Path, name: str) -> "Namespace":
        settings.require_root()
        ours = os.readlink("/proc/self/ns/net")
        holder = Process(
            f"namespace-{name}",
            ["/usr/bin/unshare", "--net", "--mount", "--propagation", "private", "/usr/bin/sleep", "infinity"],
            directory,
        )

        def is_apart():
            holder.expect_running()
            # The mount namespace comes with the network's; /usr/bin/sleep runs only once both are there.
            return (
                os.readlink(f"/proc/{holder.pid}/ns/net") != ours
                and pathlib.Path(f"/proc/{holder.pid}/comm").read_text().strip() == "sleep"
            )

        wait_until(is_apart, 5, f"a namespace for {name}", 0.01)
        namespace = Namespace(holder.pid, directory)
        namespace._children.append(holder)
        namespace.run("ip", "link", "set", "lo", "up")
        return namespace

    def command(self, *command) -> list[str]:
        return ["/usr/bin/nsenter", "-t", str(self.pid), "-n", "-m", "--", *map(str, command)]

    def run(self, *command, stdin: str = "", check: bool = True, timeout: float = 30) -> subprocess.CompletedProcess:
        done = subprocess.run(
            self.command(*command), input=stdin, capture_output=True, text=True, timeout=timeout, check=False, cwd="/"
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stderr}{done.stdout}")
        return done

    def start(self, name: str, *command, env=None, directory: pathlib.Path | None = None) -> Process:
        process = Process(name, self.command(*command), directory or self.directory, env)
        self._children.append(process)
        return process

    @contextlib.contextmanager
    def entered(self):
        """The calling thread is inside: sockets made here stay here for good."""
        with open("/proc/thread-self/ns/net", "rb") as back, open(f"/proc/{self.pid}/ns/net", "rb") as there:
            _setns(there.fileno())
            try:
                yield
            finally:
                _setns(back.fileno())

    def connect(self, address: str, port: int, timeout: float = 5) -> socket.socket:
        with self.entered():
            return socket.create_connection((address, port), timeout)

    def sysctl(self, **values) -> None:
        """Keys with '__' for '.'."""
        self.run("sysctl", "-qw", *[f"{key.replace('__', '.')}={value}" for key, value in values.items()])

    def nft(self, script: str) -> None:
        self.run("nft", "-f", "-", stdin=script if script.endswith("\n") else script + "\n")

    def nft_counter(self, table: str, name: str) -> int:
        """Packets."""
        listed = json.loads(self.run("nft", "-j", "list", "counter", "inet", table, name).stdout)
        return next(item["counter"]["packets"] for item in listed["nftables"] if "counter" in item)

    def snmp(self, protocol: str, field: str) -> int:
        """A counter of the namespace's kernel, as in /proc/net/snmp."""
        lines = pathlib.Path(f"/proc/{self.pid}/net/snmp").read_text().splitlines()
        names, values = [line.split()[1:] for line in lines if line.startswith(protocol + ":")]
        return int(values[names.index(field)])

    def offload_off(self, link: str) -> None:
        """Transmit checksums by the kernel rather than by a card that does not exist, so that a capture shows them."""
        ethtool_set_tx_checksum, siocethtool = 0x17, 0x8946
        value = ctypes.create_string_buffer(struct.pack("II", ethtool_set_tx_checksum, 0))
        with self.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            request = struct.pack("16sP16x", link.encode(), ctypes.addressof(value))
            fcntl.ioctl(any_socket.fileno(), siocethtool, request)

    def close(self) -> None:
        for process in reversed(self._children):
            process.kill()
        self._children.clear()


class Pair:
    """near: where blipd runs. far: the world."""

    def __init__(self, directory: pathlib.Path | None = None):
        self._temporary = None
        if directory is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="blipd-test-")
            directory = pathlib.Path(self._temporary.name)
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.near = Namespace.make(directory, "near")
        try:
            self.far = Namespace.make(directory, "far")
        except BaseException:
            self.near.close()
            raise
        try:
            self._join()
        except BaseException:
            self.close()
            raise

    def _join(self) -> None:
        near, far = self.near, self.far
        for side in (near, far):
            side.sysctl(net__ipv4__conf__all__rp_filter=0, net__ipv4__conf__default__rp_filter=0)
            # Before there is a link: it takes these at birth. Looking for duplicates of an address takes a second or two.
            side.sysctl(net__ipv6__conf__all__accept_dad=0, net__ipv6__conf__default__accept_dad=0)
        subprocess.run(
            ["ip", "link", "add", NEAR_LINK, "netns", str(near.pid), "type", "veth",
             "peer", "name", FAR_LINK, "netns", str(far.pid)],
            check=True,
        )  # fmt: skip
        # The kernel limits the ICMP errors (and, in IPv6, replies) that it sends; a world has no such limit.
        far.sysctl(net__ipv4__icmp_ratelimit=0, net__ipv6__icmp__ratelimit=0)
        far.sysctl(net__ipv6__ip_nonlocal_bind=1)  # IPv4 lets a server bind to an address of a local route anyway
        near.run("ip", "addr", "add", f"{NEAR4}/29", "dev", NEAR_LINK)
        near.run("ip", "addr", "add", f"{NEAR6}/64", "dev", NEAR_LINK, "nodad")
        far.run("ip", "addr", "add", f"{FAR4}/29", "dev", FAR_LINK)
        far.run("ip", "addr", "add", f"{FAR6}/64", "dev", FAR_LINK, "nodad")
        near.run("ip", "link", "set", NEAR_LINK, "up")
        far.run("ip", "link", "set", FAR_LINK, "up")
        far.run("ip", "route", "add", "local", FAR_PREFIX4, "dev", "lo")
        far.run("ip", "-6", "route", "add", "local", FAR_PREFIX6, "dev", "lo")
        self.add_routes()
        for far_end in (FAR4, FAR6):
            wait_until(lambda: self._is_answered(far_end), 10, f"{far_end} answers", 0.01)

    def _is_answered(self, address: str) -> bool:
        return self.near.run(settings.peer("fping"), "-q", "-c1", "-t200", address, check=False).returncode == 0

    def add_routes(self) -> None:
        self.near.run("ip", "route", "replace", FAR_PREFIX4, "via", FAR4)
        self.near.run("ip", "-6", "route", "replace", FAR_PREFIX6, "via", FAR6)

    def remove_routes(self) -> None:
        self.near.run("ip", "route", "del", FAR_PREFIX4)
        self.near.run("ip", "-6", "route", "del", FAR_PREFIX6)

    def close(self) -> None:
        self.near.close()
        if hasattr(self, "far"):
            self.far.close()
        if self._temporary is not None:
            self._temporary.cleanup()
