"""Against the laboratory, under loss, late, reordered, duplicated, corrupted and forged answers, through reloads and
until the very end: the books balance at every scrape; and fping, at the same time, measures the same."""

import json
import math
import statistics
import time

import pytest
from harness import peers
from harness.daemon import AHEAD, Watcher, configuration
from harness.lab import Laboratory
from harness.metrics import CHANNEL, unbalanced

LOSS = 0.10
SECONDS, PERIOD = 20, 0.1
SCENARIO = {
    "country": "KP",
    "networks": [
        {
            "name": "plain",
            "prefixes": ["198.18.10.0/24"],
            "default": "answer",
            "loss": LOSS,
            "rtt": {"shape": "normal", "mean": "50ms", "deviation": "1ms", "minimum": "40ms"},
        },
        {
            "name": "wild",
            "prefixes": ["198.18.20.0/24", "2001:2:0:20::/64"],
            "default": "answer",
            "open": [80],
            "dns": True,
            "loss": 0.05,
            "rtt": {"shape": "exponential", "minimum": "5ms", "mean": "20ms"},
            "late": {"ratio": 0.05, "delay": "600ms"},
            "reordered": {"ratio": 0.10, "delay": "250ms"},
            "duplicated": {"ratio": 0.10, "delay": "3ms"},
            "corrupted": 0.03,
            "forged": {"ratio": 0.05, "wrong": ["token", "source"]},
        },
    ],
    "zones": [{"origin": "example.test", "records": ["@ 60 IN SOA ns1 hostmaster 2014122201 3600 900 86400 60"]}],
}
PLAIN = {f"p{i}": (f"198.18.10.{i + 1}", ["ping"]) for i in range(30)}
WILD = {f"w{i}": (f"198.18.20.{i + 1}", ["ping", "syn", "soa"]) for i in range(10)} | {
    f"x{i}": (f"2001:2:0:20::{i + 1}", ["ping", "syn", "soa"]) for i in range(10)
}
QUICK = {"interval": "100ms", "timeout": "400ms"}
PROBES = {
    "ping": {"type": "icmp", **QUICK},
    "syn": {"type": "tcp", "port": 80, "mode": "syn", **QUICK},
    "soa": {"type": "dns", "query": "example.test", "record": "SOA", **QUICK},
}


class Busy:
    """What was seen in some twenty seconds, from before /-/ready until the process was gone."""


@pytest.fixture(scope="module", params=[1, 2], ids=["one_thread", "two_threads"])
def busy(request, run_for_module, module_directory):
    directory = module_directory / str(request.param)
    directory.mkdir(mode=0o755)
    # Both ahead: a far end that waits for blipd's thread would hold up its own probes more than fping's.
    lab = Laboratory(SCENARIO, directory, wrap=AHEAD)
    try:
        yield _watch(lab, run_for_module, directory, request.param)
    finally:
        lab.close()


def _watch(lab, run_for_module, directory, shards):
    record = directory / "results.jsonl"
    # A country in three prefixes, asked at 1,000 a second.
    rest = {"record": str(record), "budget": {"prefix_rate": 0}, "engine": {"shards": shards}}
    config = configuration({"plain": PLAIN, "wild": WILD}, PROBES, **rest)
    fewer = {name: target for name, target in WILD.items() if name != "w0"}
    changed = configuration({"plain": PLAIN, "wild": fewer}, PROBES, **rest)
    daemon = run_for_module(lab.namespace, config, name=f"shards{shards}", wrap=AHEAD)
    daemon.wait_listening()
    watcher = Watcher(daemon, rate=8)
    daemon.wait_ready()
    addresses = [host for host, _ in PLAIN.values()]
    count = int(SECONDS / PERIOD)
    fping = peers.Fping(
        lab.namespace, directory, addresses, count=count, period=PERIOD, gap=PERIOD / len(addresses), timeout=0.4
    )
    start = time.time()
    for number in range(1, 7):
        time.sleep(SECONDS / 8)
        daemon.reload(changed if number % 2 else config)
    seen = Busy()
    seen.fping = fping.round_trips(SECONDS + 10)
    end = time.time()
    daemon.stop()
    seen.scrapes = [metrics for _, metrics in watcher.finish()]
    seen.last = seen.scrapes[-1]
    seen.log = daemon.log
    results = [json.loads(line) for line in record.read_text().splitlines()]
    plain = [result for result in results if result["target"] in PLAIN and start <= result["time"] <= end]
    seen.results = plain
    return seen


def test_sent_is_answered_plus_lost_plus_in_flight_at_every_scrape(busy):
    assert len(busy.scrapes) >= 0.7 * 8 * SECONDS
    for metrics in busy.scrapes:
        assert unbalanced(metrics) == []


def test_never_more_answers_than_requests(busy):
    """smokeping_prober #62, fping #97 #116 #156, ping_exporter #93 #114."""
    for metrics in busy.scrapes:
        for labels, sent in metrics.series("blipd_probes_sent_total").items():
            assert metrics.value("blipd_probes_answered_total", **dict(labels)) <= sent
    assert busy.last.sum("blipd_answers_duplicate_total") > 20, "nothing was duplicated: the test tests nothing"


def test_counters_never_fall_through_reloads(busy):
    names = [f"blipd_probes_{what}_total" for what in ("sent", "answered", "lost")]
    for name in names:
        before = {}
        for metrics in busy.scrapes:
            now = metrics.series(name, network="plain")
            for labels, value in now.items():
                assert value >= before.get(labels, 0), f"{name}{dict(labels)}"
            before = now


def test_each_oddity_is_counted_under_its_own_name(busy):
    for name, least in {
        "blipd_answers_late_total": 20,
        "blipd_answers_duplicate_total": 20,
        "blipd_answers_reordered_total": 20,
    }.items():
        assert busy.last.sum(name, network="wild") >= least, name
        # The laboratory itself may be held up once in a while; nothing is scripted there.
        assert busy.last.sum(name, network="plain") <= 0.001 * busy.last.sum("blipd_probes_sent_total"), name
    rejected = busy.last.sum("blipd_answers_rejected_total", network="wild")
    assert rejected + busy.last.sum("blipd_rejected_packets_total") >= 20


def test_nothing_is_aborted_and_nothing_dropped(busy):
    """But for what a busy test machine made late: each channel's next probe is due 100 ms after, and says overrun."""
    overrun = busy.last.sum("blipd_probes_aborted_total", reason="overrun")
    assert busy.last.sum("blipd_probes_aborted_total") == overrun
    assert overrun <= 0.01 * busy.last.sum("blipd_probes_sent_total")
    assert busy.last.value("blipd_capture_drops_total") == busy.last.value("blipd_socket_drops_total") == 0


def test_every_channel_has_each_of_its_labels(busy):
    for labels in busy.last.series("blipd_probes_sent_total"):
        assert set(dict(labels)) == set(CHANNEL)


def test_fping_agrees_on_loss(busy):
    """Both within four standard deviations of the truth and of each other."""
    theirs = [rtt is None for rtts in busy.fping.values() for rtt in rtts]
    settled = [result for result in busy.results if result["outcome"] in ("answered", "lost")]
    ours = [result["outcome"] == "lost" for result in settled]
    assert len(theirs) >= len(PLAIN) * SECONDS / PERIOD
    assert len(ours) > 0.9 * len(theirs)
    deviation = math.sqrt(LOSS * (1 - LOSS))
    their_loss, our_loss = statistics.mean(theirs), statistics.mean(ours)
    told = f"ours {our_loss:.4f} of {len(ours)}, fping's {their_loss:.4f} of {len(theirs)}"
    assert abs(our_loss - LOSS) < 4 * deviation / math.sqrt(len(ours)), told
    assert abs(our_loss - their_loss) < 4 * deviation * math.sqrt(1 / len(ours) + 1 / len(theirs)), told


def test_fping_agrees_on_the_round_trip(busy):
    """The medians of thousands lie within 0.1 ms. The distribution's standard deviation of 1 ms allows for 0.03 ms.

    fping prints three digits, here tenths of a millisecond: its median is interpolated within such a class.
    """
    tenths = [round(rtt * 10_000) for rtts in busy.fping.values() for rtt in rtts if rtt is not None]
    theirs = statistics.median_grouped(tenths, 1) / 10_000
    ours = statistics.median(result["rtt"] for result in busy.results if result["rtt"] is not None)
    assert abs(ours - theirs) < 0.0001, f"ours {ours * 1000:.3f} ms, fping's {theirs * 1000:.3f} ms"
    assert 0.049 < ours < 0.053
