"""What users of other tools complain of. Each test is named after the complaint that it answers.

Not here: clock steps corrupt round trips. The wall clock of a test machine cannot be stepped from inside a
namespace (a time namespace covers the monotonic clocks only), so that row is held by the engine's unit tests.
More answers than requests: test_accounting.py. Starts and reloads: test_reloads.py.
"""

import threading
import time

import pytest
from harness import peers
from harness.daemon import Daemon, configuration
from harness.metrics import unbalanced
from harness.network import NEAR4, NEAR4_OTHER, NEAR6, NEAR_LINK, Pair
from harness.processes import wait_until

PING = {"type": "icmp", "interval": "200ms", "timeout": "500ms"}


def only(metrics, what, target, **labels):
    return metrics.sum(f"blipd_probes_{what}_total", target=target, **labels)


def answers_grow(daemon, target, timeout=10, by=5):
    """Waits until `target` has answered a few times more than now."""
    start = only(daemon.scrape(), "answered", target)
    return daemon.wait_for(
        lambda now: only(now, "answered", target) >= start + by, timeout, f"{target} answers (again)"
    )


def test_raw_counters_and_not_only_ratios(pair, run):
    """ping_exporter #24 #37: all start at 0 and are there before anything happened."""
    daemon = run(pair.near, configuration({"t": ("198.18.1.1", ["ping"])}, {"ping": PING})).wait_listening()
    metrics = daemon.scrape()
    for what in ("probes_sent", "probes_answered", "answers_late", "answers_duplicate", "answers_reordered"):
        assert len(metrics.series(f"blipd_{what}_total", target="t", probe="ping")) == 1
    reasons = {dict(labels)["reason"] for labels in metrics.series("blipd_probes_lost_total")}
    assert reasons == {"timeout", "unreachable"}
    reasons = {dict(labels)["reason"] for labels in metrics.series("blipd_probes_aborted_total")}
    assert reasons == {"send_error", "unresolved", "vantage_fault", "clock", "overrun"}
    reasons = {dict(labels)["reason"] for labels in metrics.series("blipd_answers_rejected_total")}
    assert reasons == {"malformed", "forged"}


# Names


@pytest.fixture
def name_server(pair, directory):
    """NSD inside blipd's own namespace, and a resolv.conf of the namespace's that names it."""
    resolv = directory / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    server = peers.NameServer(
        pair.near, directory / "nsd", "moving 1 A 198.18.23.1\nsteady 1 A 198.18.23.9\nlate 1 TXT none\n", ("127.0.0.1",)
    )
    pair.near.run("mount", "--bind", resolv, "/etc/resolv.conf")
    yield server
    pair.near.run("umount", "/etc/resolv.conf")
    server.process.kill()


def heard(pair, address):
    return pair.far.nft_counter("ears", "at_" + address.replace(".", "_"))


@pytest.fixture
def ears(pair):
    addresses = ("198.18.23.1", "198.18.23.2")
    named = [(address, "at_" + address.replace(".", "_")) for address in addresses]
    counters = "\n".join(f"counter {name} {{ }}" for _, name in named)
    rules = "\n".join(f"ip daddr {address} counter name {name}" for address, name in named)
    pair.far.nft(
        f"table inet ears {{\n{counters}\nchain in {{ type filter hook prerouting priority 0; policy accept;\n{rules}\n }}\n }}"
    )
    yield
    pair.far.run("nft", "delete", "table", "inet", "ears")


def test_names_are_resolved_again_and_the_last_address_stays_when_that_fails(pair, run, name_server, ears):
    """smokeping_prober #15 #133, cloudprober: on the name's TTL, here one second, but no sooner than after 30 s."""
    targets = {"moving": (f"moving.{peers.ZONE}", ["ping"]), "steady": (f"steady.{peers.ZONE}", ["ping"])}
    daemon = run(pair.near, configuration(targets, {"ping": PING})).wait_ready(15)
    before = answers_grow(daemon, "moving")
    assert heard(pair, "198.18.23.1") > 0 and heard(pair, "198.18.23.2") == 0
    # The one has a new address, the other does not exist any more.
    name_server.replace_records("moving 1 A 198.18.23.2\n")
    wait_until(lambda: heard(pair, "198.18.23.2") > 3, 40, "the new address is asked")
    old = heard(pair, "198.18.23.1")
    failures = "blipd_resolution_failures_total"
    daemon.wait_for(lambda now: now.value(failures) > before.value(failures), 40, "a resolution fails")
    answers_grow(daemon, "steady")
    after = answers_grow(daemon, "moving")
    assert heard(pair, "198.18.23.1") <= old + 1, "the old address is left alone"
    for target in targets:
        assert only(after, "lost", target) == 0
        assert only(after, "aborted", target) == only(before, "aborted", target)


def test_one_bad_name_does_not_stop_the_start(pair, run, name_server):
    """smokeping_prober #68, SmokePing #332: the rest starts, the bad one is unresolved and never lost."""
    targets = {
        "good": (f"steady.{peers.ZONE}", ["ping"]),
        "address": ("198.18.1.1", ["ping"]),
        "bad": (f"nobody.{peers.ZONE}", ["ping"]),
    }
    daemon = run(pair.near, configuration(targets, {"ping": PING})).wait_ready(15)
    answers_grow(daemon, "good")
    metrics = answers_grow(daemon, "address")
    assert only(metrics, "sent", "bad") == only(metrics, "lost", "bad") == 0
    assert metrics.value("blipd_unresolved_targets") == 1
    metrics = daemon.wait_for(
        lambda now: only(now, "aborted", "bad", reason="unresolved") > 0, 5, "the bad name is said to be unresolved"
    )
    assert metrics.state("blipd_target_state", "state", target="bad") == "unknown"
    # It is asked for again, and comes alive when the name does.
    name_server.replace_records("steady 1 A 198.18.23.9\nnobody 1 A 198.18.23.4\n")
    answers_grow(daemon, "bad", 60)


# Faults of our own


@pytest.fixture
def own_faults(directory):
    """A pair whose near side may be broken."""
    broken = Pair(directory)
    yield broken
    broken.close()


HOSTS = {"host4": ("198.18.1.1", ["ping", "syn"]), "host6": ("2001:2:0:1::101", ["ping", "syn"])}
WAYS = {"ping": PING, "syn": {"type": "tcp", "port": 82, "mode": "syn", "interval": "200ms", "timeout": "500ms"}}


def test_not_dead_for_ever_after_a_link_down(own_faults, run):
    """smokeping_prober #213."""
    near = own_faults.near
    daemon = run(near, configuration(HOSTS, WAYS)).wait_ready()
    answers_grow(daemon, "host4")
    near.run("ip", "link", "set", NEAR_LINK, "down")
    before = daemon.scrape()
    down = daemon.wait_for(
        lambda now: all(only(now, "aborted", host) >= only(before, "aborted", host) + 5 for host in HOSTS),
        10,
        "sends fail, and say so",
    )
    lost = only(down, "lost", "host4")
    assert lost <= 4, "at most what was on its way when the link went"
    near.run("ip", "link", "set", NEAR_LINK, "up")
    near.run("ip", "addr", "replace", f"{NEAR6}/64", "dev", NEAR_LINK, "nodad")
    own_faults.add_routes()
    answers_grow(daemon, "host4")
    answers_grow(daemon, "host6")
    end = answers_grow(daemon, "host4")
    assert unbalanced(end) == []
    assert only(end, "lost", "host4") <= lost + 4
    daemon.stop()


def test_not_dead_for_ever_after_a_lost_route(own_faults, run):
    """smokeping_prober #213; cloudprober #576: no route is our fault, not loss."""
    daemon = run(own_faults.near, configuration(HOSTS, WAYS)).wait_ready()
    answers_grow(daemon, "host4")
    own_faults.remove_routes()
    before = daemon.scrape()
    without = daemon.wait_for(
        lambda now: all(only(now, "aborted", host, reason="send_error") >= 5 for host in HOSTS), 10, "sends fail"
    )
    for host in HOSTS:
        assert only(without, "lost", host) <= only(before, "lost", host) + 2, host
    own_faults.add_routes()
    answers_grow(daemon, "host4")
    end = answers_grow(daemon, "host6")
    for host in HOSTS:
        assert only(end, "lost", host) == only(without, "lost", host), host
    daemon.stop()


def test_not_dead_for_ever_after_a_changed_address(own_faults, run):
    """ping_exporter #87: answers go to the new address and are still ours."""
    near = own_faults.near
    near.sysctl(net__ipv4__conf__all__promote_secondaries=1, **{f"net__ipv4__conf__{NEAR_LINK}__promote_secondaries": 1})
    daemon = run(near, configuration(HOSTS, WAYS)).wait_ready()
    answers_grow(daemon, "host4")
    near.run("ip", "addr", "add", f"{NEAR4_OTHER}/29", "dev", NEAR_LINK)
    near.run("ip", "addr", "del", f"{NEAR4}/29", "dev", NEAR_LINK)
    near.run("ip", "addr", "add", "2001:2:0:ffff::3/64", "dev", NEAR_LINK, "nodad")
    near.run("ip", "addr", "del", f"{NEAR6}/64", "dev", NEAR_LINK)
    own_faults.add_routes()
    for host in HOSTS:
        for probe in WAYS:
            start = only(daemon.scrape(), "answered", host, probe=probe)
            daemon.wait_for(
                lambda now: only(now, "answered", host, probe=probe) >= start + 5, 10, f"{host} answers {probe} again"
            )
    end = daemon.scrape()
    assert unbalanced(end) == []
    assert end.sum("blipd_probes_lost_total") <= 2 * len(HOSTS) * len(WAYS)


def test_local_send_errors_are_not_remote_loss(pair, run):
    """ping_exporter, cloudprober #576 #620: EPERM from our own firewall, and no route at all."""
    pair.near.nft(
        "table inet own { chain out { type filter hook output priority 0; policy accept; "
        "ip daddr 198.18.30.1 drop\n ip6 daddr 2001:2:0:1::3001 drop\n }\n }"
    )
    targets = {
        "dropped4": ("198.18.30.1", ["ping", "syn", "connect", "soa"]),
        "dropped6": ("2001:2:0:1::3001", ["ping", "syn", "connect", "soa"]),
        "routeless4": ("198.19.200.1", ["ping", "syn", "connect", "soa"]),
        "routeless6": ("2001:2:0:2::1", ["ping", "syn", "connect", "soa"]),
        "fine": ("198.18.1.1", ["ping", "syn", "connect"]),
    }
    quick = {"interval": "200ms", "timeout": "500ms"}
    probes = {
        "ping": PING,
        "syn": WAYS["syn"],
        "connect": {"type": "tcp", "port": 82, "mode": "connect", **quick},
        "soa": {"type": "dns", "query": peers.ZONE, "record": "SOA", **quick},
    }
    daemon = run(pair.near, configuration(targets, probes)).wait_ready()
    try:
        metrics = daemon.wait_for(
            lambda now: all(
                only(now, "aborted", host, probe=probe, reason="send_error") >= 5
                for host in targets
                for probe in probes
                if host != "fine"
                # A dropped SYN of the kernel's own looks to connect() like a silent network; see below.
                and not (host.startswith("dropped") and probe == "connect")
            ),
            10,
            "failed sends are counted as aborted",
        )
        for host in ("dropped4", "dropped6", "routeless4", "routeless6"):
            for probe in ("ping", "syn", "soa"):
                assert only(metrics, "lost", host, probe=probe) == 0, (host, probe)
                assert only(metrics, "sent", host, probe=probe) == 0, (host, probe)
        assert only(metrics, "lost", "routeless4") == only(metrics, "lost", "routeless6") == 0
        assert only(metrics, "aborted", "fine") == only(metrics, "lost", "fine") == 0
        assert metrics.state("blipd_target_state", "state", target="routeless4") == "unknown"
        assert unbalanced(metrics) == []
    finally:
        pair.near.run("nft", "delete", "table", "inet", "own")


# Many of a kind


def test_two_targets_on_one_address_are_both_answered(pair, run):
    """cloudprober: one of them reads 100 % lost."""
    targets = {"one": ("198.18.1.1", ["ping", "syn"]), "two": ("198.18.1.1", ["ping", "syn"])}
    daemon = run(pair.near, configuration(targets, WAYS)).wait_ready()
    answers_grow(daemon, "one")
    metrics = answers_grow(daemon, "two")
    assert metrics.sum("blipd_probes_lost_total") == metrics.sum("blipd_answers_rejected_total") == 0


def test_the_same_host_with_two_sizes(pair, run):
    """smokeping_prober #130: it breaks the scrape."""
    probes = {"small": {**PING, "size": 16}, "large": {**PING, "size": 1400}}
    daemon = run(pair.near, configuration({"t": ("198.18.1.1", ["small", "large"])}, probes)).wait_ready()
    for probe in probes:
        start = daemon.scrape().value("blipd_probes_answered_total", probe=probe)
        daemon.wait_for(
            lambda now: now.value("blipd_probes_answered_total", probe=probe) >= start + 5, 10, f"{probe} is answered"
        )
    assert daemon.scrape().sum("blipd_probes_lost_total") == 0


def test_answers_to_another_process_do_not_confuse(pair, run, directory):
    """blackbox_exporter #411 #632 #1537, ping_exporter #87: fping and a second blipd ask the same hosts."""
    addresses = [f"198.18.{40 + i}.1" for i in range(10)]
    targets = {f"t{i}": (address, ["ping", "syn"]) for i, address in enumerate(addresses)}
    one = run(pair.near, configuration(targets, WAYS), name="one")
    two = run(pair.near, configuration(targets, WAYS, port=10548), name="two")
    one.wait_ready()
    two.wait_ready()
    fping = peers.Fping(pair.near, directory, addresses, count=20, period=0.2, gap=0.01)
    others = fping.round_trips(20)
    assert None not in [rtt for rtts in others.values() for rtt in rtts]
    for daemon in (one, two):
        metrics = daemon.scrape()
        assert metrics.sum("blipd_probes_answered_total") > 200
        assert metrics.sum("blipd_probes_lost_total") == 0
        for what in ("duplicate", "differing", "rejected", "late"):
            assert metrics.sum(f"blipd_answers_{what}_total") == 0, what
        assert unbalanced(metrics) == []


# The vantage point

CONTROLS = [
    {"name": f"c{i}", "host": f"198.18.{220 + i}.1", "network": f"outside{i % 3}", "probes": ["ping"]} for i in range(5)
]


def test_our_own_link_down_pages_nobody(own_faults, run):
    """uptime-kuma #774 #2286 #5067: controls fail too, so the fault is ours."""
    far = own_faults.far
    far.nft("table inet cut { set off { type ipv4_addr; flags interval; }\n chain in { type filter hook input priority 0; ip daddr @off drop\n }\n }")
    targets = {f"t{i}": (f"198.18.{10 + i}.1", ["ping"]) for i in range(6)}
    daemon = run(own_faults.near, configuration(targets, {"ping": PING}, controls=CONTROLS)).wait_ready()
    daemon.wait_for(lambda now: now.value("blipd_vantage_ok") == 1, 10, "the vantage point is fine")
    daemon.wait_for(
        lambda now: now.state("blipd_country_level", "level", country="KP") == "normal", 20, "the country is normal"
    )
    far.run("nft", "add", "element", "inet", "cut", "off", "{ 198.18.0.0/16 }")
    daemon.wait_for(lambda now: now.value("blipd_vantage_ok") == 0, 10, "a vantage fault is noticed")
    end = time.monotonic() + 6
    while time.monotonic() < end:
        now = daemon.scrape()
        assert now.value("blipd_vantage_ok") == 0
        assert now.value("blipd_network_state", country="KP", network="net", state="outage") == 0
        assert now.value("blipd_country_level", country="KP", level="total") == 0
        assert unbalanced(now) == []
        time.sleep(0.2)
    far.run("nft", "flush", "set", "inet", "cut", "off")
    daemon.wait_for(lambda now: now.value("blipd_vantage_ok") == 1, 10, "the vantage point is fine again")
    # The same silence with the controls answering is an outage, within seconds.
    far.run("nft", "add", "element", "inet", "cut", "off", "{ 198.18.10.0-198.18.19.255 }")
    daemon.wait_for(
        lambda now: now.value("blipd_network_state", country="KP", network="net", state="outage") == 1
        and now.value("blipd_country_level", country="KP", level="total") == 1,
        10,
        "the outage is noticed",
    )
    assert daemon.scrape().value("blipd_vantage_ok") == 1


# Memory

WARM, SOAKED = 40, 85  # seconds of the soak


class Soak:
    """4,000 probes a second that nobody answers, in namespaces of their own, beside the other tests of this file."""

    def __init__(self, directory):
        self.pair = Pair(directory)
        self.pair.far.nft(
            "table inet hole { chain in { type filter hook prerouting priority -300; ip daddr 198.18.0.0/16 drop\n }\n }"
        )
        targets = {f"t{i}": (f"198.18.{i // 20}.{1 + i % 20}", ["ping"]) for i in range(2000)}
        config = configuration(
            targets,
            {"ping": {"type": "icmp", "interval": "500ms", "timeout": "400ms"}},
            engine={"late_window": "2s"},
            defaults={"rtt_buckets": ["100ms"]},
        )
        self.daemon = Daemon(self.pair.near, config, directory)
        self.daemon.wait_ready(20)
        self.daemon.scrape()  # what the first one asks for is kept for the next
        self.start = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.resident = []  # once a second
        self._thread.start()

    def _sample(self):
        while not self._stop.wait(1) and self.daemon.process.is_running:
            self.resident.append((time.monotonic() - self.start, self.daemon.process.resident_bytes()))

    def close(self):
        self._stop.set()
        self._thread.join(5)
        self.pair.close()


@pytest.fixture(scope="module", autouse=True)
def soak(module_directory):
    made = Soak(module_directory / "soak")
    yield made
    made.close()


def test_memory_does_not_grow_with_lost_packets(soak):
    """pro-bing #31."""
    time.sleep(max(0.0, soak.start + SOAKED - time.monotonic()))
    metrics = soak.daemon.scrape()
    passed = time.monotonic() - soak.start
    lost = metrics.sum("blipd_probes_lost_total") * (1 - WARM / passed)
    assert lost > 0.9 * 4000 * (passed - WARM) - 4000
    assert metrics.sum("blipd_probes_aborted_total") == 0
    warm = next(resident for at, resident in soak.resident if at >= WARM)
    more = soak.resident[-1][1] - warm
    # Samples are kept for a minute, in four bytes each, and then in less: nothing else may come on top.
    assert more < 8 * lost + (1 << 20), f"{more} bytes more after {lost:.0f} lost probes"
    soak.daemon.stop()
