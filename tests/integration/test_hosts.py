"""What several ways of asking say of a host, and signs that something else answers: real routers, nftables, NSD and nginx.

Of every case there is a network with a host of each family. All is calm at first; then each has its own kind of trouble
at the same time; then all is mended.
"""

import json
import re
import threading

import pytest
from harness import settings
from harness.forge import UDP, Stranger
from harness.peers import ZONE, NameServer, web_server
from harness.processes import wait_until
from harness.routers import Routers, towards_us

PROBES = {
    "ping": {"type": "icmp", "interval": "400ms", "timeout": "300ms"},
    "web": {"type": "tcp", "port": 80, "interval": "400ms", "timeout": "300ms"},
    "shut": {"type": "tcp", "port": 81, "interval": "400ms", "timeout": "300ms"},
    "soa": {"type": "dns", "query": ZONE, "record": "SOA", "interval": "400ms", "timeout": "300ms"},
}
# Case → verdict and words while it lasts, and its signs. Where the routers stand decides about the TTLs: the host's
# answers have 59, and what `transit` sends has 63.
TROUBLE = {
    "calm": ("up-all", "up, answers every way", []),
    "refused": ("port-refused", "up, port 81 is refused", []),
    "nodns": ("port-refused", "up, DNS is refused", []),
    "filtered": ("icmp-filtered", "up, ICMP is not answered, others are", []),
    "dnsonly": ("dns-only", "up, DNS is answered, nothing else is", []),
    "icmponly": ("icmp-only", "up, ICMP is answered, nothing else is", []),
    "nameless": ("name-server-silent-others-up", "up, DNS is not answered, others are", []),
    "partly": ("up-partly", "up, but not by every way: port 80 is not answered", []),
    "silent": ("silent", "no answer by any way", []),
    "unreachable": ("unreachable", "no answer by any way; {inner} says unreachable (ICMP type {type} code {code})", []),
    "nearer": (
        "reset-nearer",
        "port 80 is reset by something nearer than the host: a reset with TTL 63, echo replies with 59; ICMP and DNS are "
        "answered",
        ["reset-ttl"],
    ),
    "proxied": ("up-all", "up, answers every way", ["synack-ttl"]),
    "twice": ("up-all", "up, answers every way", ["two-dns-answers"]),
    "elsewhere": ("up-all", "up, answers every way", ["answer-from-elsewhere"]),
}
CASES = list(TROUBLE)
USUAL = {"refused": ("port-refused", "up, port 81 is refused"), "nodns": ("port-refused", "up, DNS is refused")}
FAMILIES = (4, 6)


def host(case: str, family: int) -> str:
    number = CASES.index(case)
    return f"198.18.{130 + number}.1" if family == 4 else f"2001:2:0:{0x8002 + number:x}::1"


def name(case: str, family: int) -> str:
    return f"{case}{family}"


def ways(case: str) -> list[str]:
    return ["ping", "shut" if case == "refused" else "web", "soa"]


def config() -> dict:
    return {
        "vantage": {
            "name": "us",
            "controls": [
                {"name": f"c{n}", "host": f"198.18.120.{n}", "network": f"c{n}", "probes": ["ping"]} for n in (1, 2, 3)
            ],
        },
        "probes": PROBES,
        "countries": [
            {
                "code": "XX",
                "networks": [
                    {
                        "name": case,
                        "targets": [
                            {"name": name(case, family), "host": host(case, family), "probes": ways(case)}
                            for family in FAMILIES
                        ],
                    }
                    for case in CASES
                ],
            }
        ],
        "detect": {"relapse": "0s", "recovery": "0s"},
        "listen": "127.0.0.1:10547",
        "journal": "none",
    }


def both(case: str, rest: str) -> str:
    """A rule of nftables for each family."""
    return f"ip daddr {host(case, 4)} {rest}\nip6 daddr {host(case, 6)} {rest}\n"


AT_HOST = (
    both("filtered", "meta l4proto { icmp, ipv6-icmp } drop")
    + both("dnsonly", "meta l4proto != udp drop")
    + both("icmponly", "meta l4proto { tcp, udp } drop")
    + both("nameless", "udp dport 53 drop")
    + both("partly", "tcp dport 80 drop")
    + both("silent", "drop")
)
AT_INNER = (
    f"ip daddr {host('unreachable', 4)} reject with icmp type host-unreachable\n"
    f"ip6 daddr {host('unreachable', 6)} reject with icmpv6 type no-route\n"
)
AT_TRANSIT = both("nearer", "tcp dport 80 reject with tcp reset")
PROXY = (
    "table inet proxy {\nchain before {\ntype nat hook prerouting priority dstnat\n"
    + both("proxied", "tcp dport 80 redirect to :8080")
    + "}\n}"
)


def filtering(hook: str, rules: str) -> str:
    return f"table inet trouble {{\nchain passing {{\ntype filter hook {hook} priority 0\n{rules}}}\n}}"


@pytest.fixture(scope="module")
def routers(module_directory):
    made = Routers(module_directory)
    made.host.sysctl(net__ipv6__ip_nonlocal_bind=1)
    # An address that is merely routed to the host is not one that it sends ICMPv6 errors from.
    made.host.run("ip", "address", "add", f"{host('nodns', 6)}/128", "dev", "lo")
    NameServer(
        made.host,
        module_directory / "nsd",
        addresses=tuple(host(case, family) for case in CASES if case != "nodns" for family in FAMILIES),
    )
    web_server(made.host, module_directory / "nginx")
    web_server(made.transit, module_directory / "proxy", 8080)
    yield made
    made.close()


class Forger:
    """Between us and the hosts: sees queries and answers them, too."""

    def __init__(self, routers: Routers):
        self._stranger = Stranger(routers.transit, 1, "l3")
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        # Whom each is answered by: None stands for who was asked.
        answering = {host("twice", family): None for family in FAMILIES} | {
            host("elsewhere", family): host("calm", family) for family in FAMILIES
        }
        while not self._is_ending.is_set():
            query = self._stranger.hear_any(list(answering), UDP)
            self._stranger.reply(query, self._stranger.dns_answer(query), answering[query.destination])

    def end(self) -> None:
        self._is_ending.set()
        self._thread.join(20)
        self._stranger.close()


def targets(daemon) -> dict[str, dict]:
    status, text = daemon.request("/api/v1/targets")
    assert status == 200, text
    return {target["name"]: target for target in json.loads(text)["targets"] if not target["control"]}


def status(daemon) -> str:
    return daemon.namespace.run(settings.blipd(), "status", "--url", "http://127.0.0.1:10547").stdout


def probed(routers, case: str, family: int, directory) -> str:
    """The verdict of `blipd probe`."""
    file = directory / "probe.json"
    file.write_text(json.dumps(config()))
    done = routers.us.run(settings.blipd(), "probe", "--config", file, name(case, family))
    return re.search(r"^  verdict +(.*)$", done.stdout, re.MULTILINE)[1]


def signs(target: dict) -> list[str]:
    return [sign["sign"] for sign in target["signs"]]


@pytest.fixture(scope="module")
def daemon(routers, run_for_module):
    made = run_for_module(routers.us, config())
    made.namespace = routers.us
    made.wait_ready(20)
    return made


# What `blipd probe` says behind the verdict when it meets the forger.
FORGED = {
    "twice": "(asked once); two differing answers to one DNS query",
    "elsewhere": "(asked once); a DNS query's answer from another address or port than was asked",
}


class Story:
    pass


def is_as_told(daemon, told) -> bool:
    now = targets(daemon)
    return all(now[name(case, family)]["verdict"] == told(case) for case in CASES for family in FAMILIES)


def is_signed(daemon) -> bool:
    now = targets(daemon)
    return all(signs(now[name(case, family)]) == TROUBLE[case][2] for case in CASES for family in FAMILIES)


def events(daemon) -> list[dict]:
    code, text = daemon.request("/api/v1/outages")
    assert code == 200, text
    return json.loads(text)["events"]


def with_hosts(daemon, network: str, moment: str) -> dict | None:
    for event in events(daemon):
        is_of = event["scope"] == "network" and event["network"] == network
        if is_of and any(h["moment"] == moment for h in event.get("evidence", {}).get("hosts", [])):
            return event
    return None


@pytest.fixture(scope="module")
def story(daemon, routers, module_directory) -> Story:
    """Everything that happens, once, and what was to be seen meanwhile."""
    story = Story()
    usual = lambda case: USUAL[case][0] if case in USUAL else "up-all"  # noqa: E731
    wait_until(lambda: is_as_told(daemon, usual), 20, "all is calm")
    daemon.wait_for(lambda now: now.sum("blipd_probes_answered_total", probe="ping") > 31 * 20, 60, "a while has passed")
    story.calm, story.calm_status, story.calm_metrics = targets(daemon), status(daemon), daemon.scrape()
    story.calm_probe = probed(routers, "calm", 4, module_directory)
    routers.host.nft(filtering("input", AT_HOST))
    routers.inner.nft(filtering("forward", AT_INNER))
    routers.transit.nft(filtering("forward", AT_TRANSIT))
    routers.transit.nft(PROXY)
    forger = Forger(routers)
    try:
        wait_until(lambda: is_as_told(daemon, lambda case: TROUBLE[case][0]), 30, "every verdict is there")
        wait_until(lambda: is_signed(daemon), 30, "every sign is there")
        wait_until(
            lambda: all(with_hosts(daemon, case, "start") for case in ("silent", "unreachable")), 60, "events have hosts"
        )
        story.trouble, story.status, story.metrics = targets(daemon), status(daemon), daemon.scrape()
        story.started = {case: with_hosts(daemon, case, "start") for case in ("silent", "unreachable")}
        story.probed = {
            case: probed(routers, case, 4, module_directory) for case in ("nearer", "proxied", "filtered", "unreachable")
        }
        # The forger misses a query that comes while it answers one of the daemon's.
        for case, words in FORGED.items():
            wait_until(lambda c=case, w=words: w in probed(routers, c, 4, module_directory), 60, f"a probe meets {case}")
    finally:
        forger.end()
        for router in (routers.host, routers.inner, routers.transit):
            router.nft("delete table inet trouble")
        routers.transit.nft("delete table inet proxy")
    wait_until(lambda: is_as_told(daemon, usual), 30, "all is calm again")
    wait_until(lambda: with_hosts(daemon, "silent", "end"), 70, "the event's end has hosts")
    story.ended = with_hosts(daemon, "silent", "end")
    story.after = targets(daemon)
    return story


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("case", CASES)
def test_in_the_calm_a_host_is_as_usual_and_shows_no_sign(story, case, family):
    target = story.calm[name(case, family)]
    verdict, words = USUAL.get(case, ("up-all", "up, answers every way"))
    assert (target["verdict"], target["verdict_words"], target["signs"]) == (verdict, words, [])
    assert target["verdict_as_usual"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("case", CASES)
def test_in_trouble_verdict_words_and_signs_are_right(story, case, family):
    target = story.trouble[name(case, family)]
    verdict, words, shown = TROUBLE[case]
    error = {4: (3, 1), 6: (1, 0)}[family]
    words = words.format(inner=towards_us("inner", family), type=error[0], code=error[1])
    assert (target["verdict"], target["verdict_words"]) == (verdict, words)
    assert signs(target) == shown
    assert target["verdict_as_usual"] is (verdict == "up-all" or case in USUAL)


@pytest.mark.parametrize("case, says", [
    ("filtered", ["silent", "answers", "answers"]),
    ("dnsonly", ["silent", "silent", "answers"]),
    ("nearer", ["answers", "reset-nearer", "answers"]),
    ("refused", ["answers", "refused", "answers"]),
    ("nodns", ["answers", "answers", "refused"]),
    ("unreachable", ["unreachable"] * 3),
])  # fmt: skip
def test_each_way_says_its_part(story, case, says):
    for family in FAMILIES:
        assert [way["says"] for way in story.trouble[name(case, family)]["channels"]] == says


def test_signs_are_counted_dated_and_told_with_both_ttls(story):
    for family in FAMILIES:
        (reset,) = story.trouble[name("nearer", family)]["signs"]
        assert reset["words"] == "a reset with TTL 63, echo replies with 59"
        (proxied,) = story.trouble[name("proxied", family)]["signs"]
        assert proxied["words"] == "a SYN-ACK with TTL 63, echo replies with 59"
        for sign in (reset, proxied):
            assert sign["count"] >= 1 and sign["last"] > "2014"


def test_metrics_count_hosts_by_verdict_and_signs_by_target(story):
    for metrics, of in ((story.calm_metrics, lambda case: USUAL.get(case, ["up-all"])[0]),
                        (story.metrics, lambda case: TROUBLE[case][0])):  # fmt: skip
        for case in CASES:
            counts = {dict(labels)["verdict"]: n
                      for labels, n in metrics.series("blipd_network_hosts", network=case).items()}  # fmt: skip
            assert len(counts) == 11
            assert {verdict: n for verdict, n in counts.items() if n} == {of(case): 2}
    counted = story.metrics.series("blipd_interference_signs_total")
    assert len(counted) == len(CASES) * 2 * 4
    for key, count in counted.items():
        labels = dict(key)
        assert (count > 0) is (labels["sign"] in TROUBLE[labels["network"]][2]), labels
    assert story.calm_metrics.sum("blipd_interference_signs_total") == 0


def test_status_tells_what_is_news_and_nothing_in_the_calm(story):
    for case in CASES:
        verdict, words, shown = TROUBLE[case]
        if verdict not in ("up-all", "unreachable") and case not in USUAL:
            assert f"{name(case, 4)}: {words}" in story.status
        for sign in shown:
            assert f"{name(case, 6)}: {sign}: " in story.status
    for case in ("calm", *USUAL):
        assert f"{name(case, 4)}:" not in story.status
    for case in CASES:
        assert f"{name(case, 4)}:" not in story.calm_status, story.calm_status


def test_probe_says_the_same_of_single_answers(story):
    assert story.calm_probe == "up, answers every way (asked once)"
    assert story.probed["filtered"] == "up, ICMP is not answered, others are (asked once)"
    assert story.probed["nearer"] == TROUBLE["nearer"][1] + " (asked once)"
    assert story.probed["proxied"].endswith("; a SYN-ACK with TTL 63, echo replies with 59")
    assert story.probed["unreachable"].startswith(f"no answer by any way; {towards_us('inner')} says unreachable")


@pytest.mark.parametrize("case", ["silent", "unreachable"])
def test_an_event_has_what_its_hosts_said_when_it_began(story, case):
    hosts = [h for h in story.started[case]["evidence"]["hosts"] if h["moment"] == "start"]
    assert sorted(h["target"] for h in hosts) == [name(case, family) for family in FAMILIES]
    for told in hosts:
        assert (told["network"], told["verdict"], told["signs"]) == (case, case, [])
        assert [way["probe"] for way in told["ways"]] == ways(case)
        assert {way["says"] for way in told["ways"]} == {case}


def test_an_event_has_what_its_hosts_said_when_it_had_ended(story):
    hosts = [h for h in story.ended["evidence"]["hosts"] if h["moment"] == "end"]
    assert {h["verdict"] for h in hosts} == {"up-all"} and len(hosts) == 2
    assert len({h["moment"] for h in story.ended["evidence"]["hosts"]}) == 2


def test_signs_stay_counted_when_all_is_mended(story):
    for case in CASES:
        for family in FAMILIES:
            assert signs(story.after[name(case, family)]) == TROUBLE[case][2]


def test_the_log_tells_that_hosts_were_attached(daemon, story):
    assert re.search(r"hosts_attached.*silent 2", daemon.log), daemon.log[-2000:]
