"""Starts, reloads, and what stays as it is through them. Named after complaints of other tools' users, too."""

import json
import signal
import time

import pytest
from harness.daemon import Watcher, configuration
from harness.metrics import unbalanced
from harness.processes import wait_until

PING = {"type": "icmp", "interval": "200ms", "timeout": "500ms"}


def only(metrics, what, target):
    return metrics.sum(f"blipd_probes_{what}_total", target=target)


MANY = {f"t{i}": (f"198.18.{100 + i // 10}.{1 + i % 10}", ["ping"]) for i in range(500)}
SECOND = {"type": "icmp", "interval": "1s", "timeout": "800ms"}


def many_configuration(targets):
    return configuration(targets, {"ping": SECOND}, port=10549, defaults={"rtt_buckets": ["10ms", "100ms"]})


@pytest.fixture(scope="module")
def many(pair, run_for_module):
    return run_for_module(pair.near, many_configuration(MANY), name="many").wait_ready()


@pytest.fixture
def silent(pair):
    """A host that does not answer, for as long as the test: others may ask it, too."""
    host = "198.18.66.1"
    pair.far.nft(f"table inet silent {{ chain in {{ type filter hook input priority 0; ip daddr {host} drop\n }}\n }}")
    yield host
    pair.far.run("nft", "delete", "table", "inet", "silent")


@pytest.mark.parametrize("shards", [1, 2])
def test_ready_says_so_only_once_the_first_round_has_settled(pair, run, silent, shards):
    """None of the others has /-/ready."""
    targets = {"answers": ("198.18.1.1", ["ping"]), "silent": (silent, ["ping"])}
    probes = {"ping": {"type": "icmp", "interval": "2s", "timeout": "1s"}}
    daemon = run(
        pair.near, configuration(targets, probes, engine={"shards": shards}), name=f"first{shards}"
    ).wait_listening()
    assert daemon.request("/-/healthy")[0] == 200
    status, _ = daemon.request("/-/ready")
    assert status == 503
    daemon.wait_ready()
    metrics = daemon.scrape()
    assert all(
        only(metrics, "answered", target) + only(metrics, "lost", target) >= 1 for target in targets
    ), "ready before its first round had settled"


def test_no_false_loss_at_the_start(many):
    """smokeping_prober loses probes at every start; from some 450 targets up cloudprober does all the time."""
    metrics = many.scrape()
    assert metrics.sum("blipd_probes_answered_total") >= len(MANY)
    assert metrics.sum("blipd_probes_lost_total") == 0
    assert metrics.sum("blipd_probes_aborted_total") == 0
    assert metrics.sum("blipd_answers_late_total") == 0


def test_a_reload_applies_the_difference_and_leaves_the_rest_alone(many):
    """cloudprober #644, smokeping_prober: counters, windows and phase of untouched channels stay."""
    before = many.scrape()
    gone, new = list(MANY)[:10], {f"new{i}": (f"198.18.200.{i + 1}", ["ping"]) for i in range(10)}
    kept = {name: target for name, target in MANY.items() if name not in gone}
    many.reload(many_configuration(kept | new))
    many.wait_for(lambda now: all(only(now, "answered", name) >= 1 for name in new), 5, "newcomers are asked")
    after = many.scrape()
    for name in kept:
        for what in ("sent", "answered"):
            assert only(after, what, name) >= only(before, what, name), name
        assert after.value("blipd_window_samples", target=name, window="1m") >= before.value(
            "blipd_window_samples", target=name, window="1m"
        )
    for name in gone:
        assert after.series("blipd_probes_sent_total", target=name) == {}
    assert after.sum("blipd_probes_lost_total") == 0
    assert after.sum("blipd_probes_aborted_total") == 0
    # A phase that is thrown anew leaves a gap, or asks twice: nobody is asked much more or less than once a second.
    start, at = many.scrape(), time.monotonic()
    for _ in range(3):
        many.reload()
    time.sleep(max(0.0, at + 3 - time.monotonic()))
    passed, end = time.monotonic() - at, many.scrape()
    for name in kept:
        asked = only(end, "sent", name) - only(start, "sent", name)
        assert passed - 1.5 <= asked <= passed + 1.5, f"{name} was asked {asked} times in {passed:.1f} s"
    assert end.sum("blipd_probes_lost_total") == 0


def test_a_bad_file_changes_nothing(many):
    """cloudprober #644: the old configuration stays, and the metric says so."""
    good = many.config_file.read_text()
    before = many.scrape()
    try:
        many.config_file.write_text(good + "\nunknown_key: 1\n")
        many.process.signal(1)
        failed = many.wait_for(
            lambda now: now.value("blipd_config_last_reload_successful") == 0, 5, "the reload is said to have failed"
        )
    finally:
        many.config_file.write_text(good)
    assert {name for name, _ in before.keys()} == {name for name, _ in failed.keys()}
    assert "unknown_key" in many.log
    many.wait_for(
        lambda now: now.sum("blipd_probes_answered_total") > before.sum("blipd_probes_answered_total") + 400,
        5,
        "probing goes on",
    )
    many.reload()
    assert many.scrape().value("blipd_config_last_reload_successful") == 1


def test_series_stay_while_configured(pair, run):
    """prometheus #14085: a target that dies, or never lived, keeps every series."""
    pair.far.nft("table inet cut { set dead { type ipv4_addr; }\n chain in { type filter hook input priority 0; ip daddr @dead drop\n }\n }")
    targets = {"lives": ("198.18.1.1", ["ping"]), "dies": ("198.18.31.1", ["ping"])}
    daemon = run(pair.near, configuration(targets, {"ping": PING}))
    daemon.wait_listening()
    first = daemon.scrape().keys()
    daemon.wait_ready()
    assert daemon.scrape().keys() >= first
    pair.far.run("nft", "add", "element", "inet", "cut", "dead", "{ 198.18.31.1 }")
    dead = daemon.wait_for(
        lambda now: now.state("blipd_target_state", "state", target="dies") == "down", 15, "the target is down"
    )
    assert dead.keys() >= first
    pair.far.run("nft", "delete", "table", "inet", "cut")
    back = daemon.wait_for(
        lambda now: now.state("blipd_target_state", "state", target="dies") == "up", 15, "the target is up"
    )
    assert back.keys() >= first


def hosts_file(path, *hosts):
    """Written aside and moved into place, as whoever writes such files should."""
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps([{"targets": list(hosts), "labels": {"country": "KP", "network": "net"}}]))
    aside.replace(path)


def test_target_files_are_watched(pair, run, directory):
    listed = directory / "targets.json"
    hosts_file(listed, "198.18.31.1")
    config = configuration({"one": ("198.18.30.1", ["ping"])}, {"ping": PING}, targets_files=["*.json"])
    daemon = run(pair.near, config, name="watching").wait_ready()
    successful = "blipd_config_last_reload_successful"

    def is_asked(host):
        return lambda now: only(now, "answered", host) >= 1

    assert is_asked("198.18.31.1")(daemon.scrape())
    # The configuration itself is being edited: that waits for somebody to ask for a reload.
    daemon.config_file.write_text("half a configur")
    hosts_file(listed, "198.18.31.1", "198.18.31.2")
    daemon.wait_for(is_asked("198.18.31.2"), 10, "the newcomer is asked")
    assert 'event=reloaded channels=3 by=target_files' in daemon.log
    # A file that is at fault changes nothing, is said once, and is tried again when it has changed.
    listed.write_text('[{"targets": ["198.18.31.3"], "labels": {"country": "KP"}}]')
    daemon.wait_for(lambda now: now.value(successful) == 0, 10, "the fault is noticed")
    assert "targets.json:1:" in daemon.log and "network" in daemon.log
    time.sleep(5)
    assert daemon.log.count("event=reload_failed") == 1
    now = daemon.scrape()
    assert is_asked("198.18.31.2")(now) and not now.series("blipd_probes_sent_total", target="198.18.31.3")
    hosts_file(listed, "198.18.31.3")
    hosts_file(directory / "second.json", "198.18.31.4")
    after = daemon.wait_for(lambda now: is_asked("198.18.31.3")(now) and is_asked("198.18.31.4")(now), 10, "both are asked")
    assert after.value(successful) == 1
    assert not after.series("blipd_probes_sent_total", target="198.18.31.2")
    assert after.sum("blipd_probes_lost_total") == 0
    daemon.stop()


@pytest.mark.parametrize("shards", [1, 2])
def test_reloads_under_full_probing_lose_nothing_and_turn_no_counter_back(pair, run, shards):
    """3,000 probes a second; every reload takes 100 targets away and brings 100 others, and a bad one comes between."""
    probe = {"type": "icmp", "interval": "250ms", "timeout": "400ms", "rtt_buckets": ["10ms", "100ms"]}
    kept = {f"k{i}": (f"198.18.{110 + i // 100}.{1 + i % 100}", ["ping"]) for i in range(650)}

    def variant(turn):
        changing = {f"v{turn}-{i}": (f"198.18.{130 + turn}.{1 + i}", ["ping"]) for i in range(100)}
        rest = {"budget": {"prefix_rate": 0}, "engine": {"shards": shards}}
        return configuration(kept | changing, {"ping": probe}, port=10552, **rest)

    daemon = run(pair.near, variant(0), name=f"full{shards}").wait_ready(20)
    watcher = Watcher(daemon, rate=2)
    for turn in range(1, 8):
        daemon.reload(variant(turn))
        daemon.config_file.write_text("countries: [")
        failed = daemon.log.count("event=reload_failed")
        daemon.process.signal(signal.SIGHUP)
        wait_until(lambda failed=failed: daemon.log.count("event=reload_failed") > failed, 5, "the bad file is refused")
    scrapes = [metrics for _, metrics in watcher.finish()]
    assert len(scrapes) >= 4
    last = daemon.wait_for(lambda now: now.sum("blipd_probes_sent_total") > 0, 1, "a last scrape")
    for metrics in [*scrapes, last]:
        assert unbalanced(metrics) == []
        assert metrics.sum("blipd_probes_lost_total") == 0
        assert metrics.sum("blipd_probes_aborted_total") == 0
    for before, after in zip(scrapes, [*scrapes[1:], last]):
        for family in ("sent", "answered", "lost", "aborted"):
            earlier, later = (m.samples[f"blipd_probes_{family}_total"] for m in (before, after))
            back = [labels for labels, value in earlier.items() if labels in later and later[labels] < value]
            assert back == []
    assert last.value("blipd_capture_drops_total") == 0
    daemon.stop(within=3)


def numbers(text, name):
    """{labels: value} of one family, without the cost of reading all others of a large scrape."""
    return {
        labels: float(value)
        for labels, value in (line[len(name) :].rsplit(" ", 1) for line in text.splitlines() if line.startswith(name + "{"))
    }


def test_a_reload_of_many_targets_costs_what_it_changes(pair, run, directory):
    """20,000 hosts of which one in a hundred is exchanged: nobody else misses a beat, and probing goes on meanwhile."""
    hosts = [f"198.18.{i // 250}.{1 + i % 250}" for i in range(20_000)]
    others = [f"198.18.{100 + i // 250}.{1 + i % 250}" for i in range(200)]
    listed = directory / "many.json"
    config = configuration(
        {"one": ("198.18.200.1", ["ping"])},
        {"ping": {"type": "icmp", "interval": "5s", "timeout": "2s", "rtt_buckets": ["100ms"]}},
        targets_files=["many.json"],
    )
    hosts_file(listed, *hosts)
    daemon = run(pair.near, config, name="large").wait_ready(60)

    def look():
        text = daemon.request("/metrics", 30)[1]
        lag = numbers(text, "blipd_scheduling_lag_seconds_bucket")
        late = lag['{le="+Inf"}'] - lag['{le="0.05"}']
        return text, lag['{le="+Inf"}'], late

    _, asked_first, late_first = look()
    time.sleep(5)
    before, asked_before, late_before = look()
    hosts_file(listed, *hosts[200:], *others)
    daemon.process.signal(signal.SIGHUP)
    wait_until(lambda: "event=reloaded channels=20001 by=request" in daemon.log, 20, "the reload is applied", 0.02)
    time.sleep(6)
    after, asked_after, late_after = look()

    sent_before, sent_after = (numbers(text, "blipd_probes_sent_total") for text in (before, after))
    gone = set(sent_before) - set(sent_after)
    assert len(gone) == len(set(sent_after) - set(sent_before)) == 200
    kept = set(sent_before) & set(sent_after)
    assert all(1 <= sent_after[channel] - sent_before[channel] for channel in kept), "a beat was missed"
    assert sum(numbers(after, "blipd_probes_lost_total").values()) == 0
    assert sum(numbers(after, "blipd_probes_aborted_total").values()) == 0
    # The machine may be busy with something else: measured against the quiet stretch before.
    usual = (late_before - late_first) / (asked_before - asked_first)
    during = (late_after - late_before) / (asked_after - asked_before)
    assert during <= usual + 0.02, f"{during:.1%} were asked more than 50 ms late, usually {usual:.1%}"
