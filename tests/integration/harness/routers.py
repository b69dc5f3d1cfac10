"""Real kernel routers between us and a country: namespaces that forward, with two upstreams side by side.

    us ── edge ── transit ──┬── first ───┬── border ── inner ── host
                            ├── second ──┘
                            └── control

Every link is a /24 and a /64 of its own, and a router answers with its address on the link towards us. `host` answers for
all of 198.18.128.0/17 and 2001:2:0:8000::/49, which the country's networks share.
"""

import ipaddress
import pathlib
import subprocess

from . import settings
from .network import Namespace
from .processes import wait_until

# Link → (who is nearer to us, who is further), numbered in this order.
LINKS = {
    1: ("us", "edge"),
    2: ("edge", "transit"),
    3: ("transit", "first"),
    4: ("transit", "second"),
    5: ("first", "border"),
    6: ("second", "border"),
    7: ("border", "inner"),
    8: ("inner", "host"),
    9: ("transit", "control"),
}
COUNTRY4, COUNTRY6 = "198.18.128.0/17", "2001:2:0:8000::/49"
CONTROLS4, CONTROLS6 = "198.18.120.0/24", "2001:2:0:7800::/64"
NUMBERS = {"edge": 64496, "transit": 64500, "first": 64501, "second": 64502, "border": 64510, "inner": 64510,
           "control": 64520}  # fmt: skip

# What a packet may be sent through on its way to the country, and back.
_TO_COUNTRY = {"us": 1, "edge": 2, "transit": 3, "first": 5, "second": 6, "border": 7, "inner": 8}
_BACK = {"edge": 1, "transit": 2, "first": 3, "second": 4, "border": 5, "inner": 7, "host": 8, "control": 9}


def address(link: int, name: str, family: int = 4) -> str:
    """Of a router on one of its links."""
    end = LINKS[link].index(name) + 1
    return f"198.18.{link}.{end}" if family == 4 else f"2001:2:0:{link:x}::{end:x}"


def towards_us(name: str, family: int = 4, upstream: str = "first") -> str:
    """The address that a router answers with."""
    link = {"border": {"first": 5, "second": 6}[upstream]}.get(name, _BACK.get(name))
    return address(link, name, family)


def way(upstream: str = "first", family: int = 4) -> list[str]:
    """The hops to the country's host, without it."""
    return [towards_us(name, family, upstream) for name in ("edge", "transit", upstream, "border", "inner")]


class Routers:
    def __init__(self, directory: pathlib.Path):
        self.by_name: dict[str, Namespace] = {}
        try:
            for name in ("us", "edge", "transit", "first", "second", "border", "inner", "host", "control"):
                self.by_name[name] = self._make(directory, name)
            for link in LINKS:
                self._join(link)
            self._route()
            for target in ("198.18.128.1", "2001:2:0:8000::1", "198.18.120.1", "2001:2:0:7800::1"):
                wait_until(lambda: self._answers(target), 10, f"{target} answers", 0.05)
        except BaseException:
            self.close()
            raise

    def __getattr__(self, name: str) -> Namespace:
        try:
            return self.__dict__["by_name"][name]
        except KeyError:
            raise AttributeError(name) from None

    @staticmethod
    def _make(directory: pathlib.Path, name: str) -> Namespace:
        made = Namespace.make(directory, name)
        made.sysctl(
            net__ipv4__conf__all__rp_filter=0, net__ipv4__conf__default__rp_filter=0,
            net__ipv6__conf__all__accept_dad=0, net__ipv6__conf__default__accept_dad=0,
            net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1,
            net__ipv4__icmp_ratelimit=0, net__ipv6__icmp__ratelimit=0,
            net__ipv4__fib_multipath_hash_policy=1, net__ipv6__fib_multipath_hash_policy=1,
        )  # fmt: skip
        return made

    def _answers(self, target: str) -> bool:
        return self.us.run(settings.peer("fping"), "-q", "-c1", "-t300", target, check=False).returncode == 0

    def _join(self, link: int) -> None:
        near, far = LINKS[link]
        subprocess.run(
            ["ip", "link", "add", f"l{link}", "netns", str(self.by_name[near].pid), "type", "veth",
             "peer", "name", f"l{link}", "netns", str(self.by_name[far].pid)],
            check=True,
        )  # fmt: skip
        for name in (near, far):
            side = self.by_name[name]
            side.run("ip", "address", "add", f"{address(link, name)}/24", "dev", f"l{link}")
            side.run("ip", "address", "add", f"{address(link, name, 6)}/64", "dev", f"l{link}", "nodad")
            side.run("ip", "link", "set", f"l{link}", "up")

    def _route(self) -> None:
        for name, link in _TO_COUNTRY.items():
            self.route(name, link)
        for name, link in _BACK.items():
            near = LINKS[link][0]
            for family, prefix in ((4, "198.18.1.0/24"), (6, "2001:2:0:1::/64")):
                if name != "edge":
                    self._add_route(name, family, prefix, address(link, near, family), link)
        for name, link in (("us", 1), ("edge", 2), ("transit", 9)):
            for family, prefix in ((4, CONTROLS4), (6, CONTROLS6)):
                self._add_route(name, family, prefix, address(link, LINKS[link][1], family), link)
        for name, (prefix4, prefix6) in {"host": (COUNTRY4, COUNTRY6), "control": (CONTROLS4, CONTROLS6)}.items():
            self.by_name[name].run("ip", "route", "add", "local", prefix4, "dev", "lo")
            self.by_name[name].run("ip", "-6", "route", "add", "local", prefix6, "dev", "lo")

    def _add_route(self, name: str, family: int, prefix: str, via: str, link: int) -> None:
        self.by_name[name].run("ip", f"-{family}", "route", "replace", prefix, "via", via, "dev", f"l{link}")

    def route(self, name: str, link: int) -> None:
        """Sends what goes to the country by this link."""
        for family, prefix in ((4, COUNTRY4), (6, COUNTRY6)):
            self._add_route(name, family, prefix, address(link, LINKS[link][1], family), link)

    def route_back(self, name: str, link: int) -> None:
        for family, prefix in ((4, "198.18.1.0/24"), (6, "2001:2:0:1::/64")):
            self._add_route(name, family, prefix, address(link, LINKS[link][0], family), link)

    def use_upstream(self, name: str) -> None:
        links = {"first": (3, 5), "second": (4, 6)}[name]
        self.route("transit", links[0])
        self.route_back("border", links[1])

    def drop_at(self, name: str, prefixes: list[str], hook: str = "prerouting") -> None:
        """The router passes over what comes for these. Before routing even that which would expire at it."""
        rules = "".join(
            f"    {'ip' if ipaddress.ip_network(prefix).version == 4 else 'ip6'} daddr {prefix} drop\n"
            for prefix in prefixes
        )
        self.by_name[name].nft(
            f"table inet cut {{\n  chain passing {{\n    type filter hook {hook} priority -300;\n{rules}  }}\n}}"
        )

    def mend(self, name: str) -> None:
        self.by_name[name].nft("delete table inet cut")

    def as_table(self) -> str:
        """prefix,asn of each link, by whose address on it is seen from us."""
        lines = ["prefix,asn"]
        for link, (_, far) in LINKS.items():
            number = NUMBERS.get(far, 64510)
            lines += [f"198.18.{link}.0/24,{number}", f"2001:2:0:{link:x}::/64 AS{number}"]
        lines += [f"{COUNTRY4}|64510", f"{COUNTRY6},64510", f"{CONTROLS4},64520", f"{CONTROLS6},64520"]
        return "\n".join(lines) + "\n"

    def close(self) -> None:
        for namespace in self.by_name.values():
            namespace.close()
