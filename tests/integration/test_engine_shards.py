"""Several threads that probe in one process (`engine: shards`): judged as one, and told when one of them hangs."""

import time

import pytest
from harness.daemon import Watcher, configuration
from harness.metrics import unbalanced
from harness.threads import held, threads

PING = {"type": "icmp", "interval": "500ms", "timeout": "400ms"}
SYN = {"type": "tcp", "port": 80, "mode": "syn", "interval": "500ms", "timeout": "400ms"}
NETWORKS = {f"net{i}": {f"t{i}-{j}": (f"198.18.{140 + i}.{j + 1}", ["ping", "syn"]) for j in range(12)} for i in range(3)}
CONTROLS = [{"name": f"c{i}", "host": f"198.18.139.{i + 1}", "network": f"out{i % 3}", "probes": ["ping"]} for i in range(6)]
SHARDS = 3


def sharded(port, networks=None, **rest):
    probes = {"ping": PING, "syn": SYN}
    return configuration(networks or NETWORKS, probes, controls=CONTROLS, port=port, engine={"shards": SHARDS}, **rest)


@pytest.fixture(scope="module")
def daemon(pair, run_for_module):
    return run_for_module(pair.near, sharded(10570), name="sharded").wait_ready()


def probing(daemon) -> list[int]:
    named = threads(daemon.process.pid)
    return [named[f"blipd-probe-{i + 1}"] for i in range(SHARDS)]


def is_out(network):
    return lambda now: now.value("blipd_network_state", network=network, state="outage") == 1


def cut(pair, name, prefix):
    pair.far.nft(f"table inet {name} {{ chain in {{ type filter hook input priority 0; ip daddr {prefix} drop\n }}\n }}")


def test_each_shard_is_a_thread_that_probes(daemon):
    metrics = daemon.scrape()
    assert metrics.value("blipd_engine_shards") == SHARDS
    assert metrics.value("blipd_engine_silent_shards") == 0
    named = threads(daemon.process.pid)
    assert all(f"blipd-probe-{i + 1}" in named for i in range(SHARDS)) and f"blipd-probe-{SHARDS + 1}" not in named


def test_every_channel_is_asked_once_an_interval_and_every_answer_finds_its_probe(daemon):
    first, at = daemon.scrape(), time.monotonic()
    time.sleep(4)
    last, passed = daemon.scrape(), time.monotonic() - at
    series = last.series("blipd_probes_sent_total")
    assert len(series) == 3 * 12 * 2 + len(CONTROLS)
    for labels, sent in series.items():
        asked = sent - first.value("blipd_probes_sent_total", **dict(labels))
        assert passed / 0.5 - 2 <= asked <= passed / 0.5 + 2, dict(labels)
    assert last.sum("blipd_probes_lost_total") == 0
    assert last.value("blipd_unmatched_packets_total") == 0
    assert last.value("blipd_rejected_packets_total", reason="forged") == 0
    assert last.value("blipd_capture_drops_total") == 0


def test_a_network_that_is_asked_by_all_of_them_is_found_down_and_up_again(pair, daemon):
    cut(pair, "one", "198.18.140.0/24")
    daemon.wait_for(is_out("net0"), 10, "the network is found down")
    now = daemon.scrape()
    assert not is_out("net1")(now) and not is_out("net2")(now)
    pair.far.run("nft", "delete", "table", "inet", "one")
    daemon.wait_for(lambda now: not is_out("net0")(now), 10, "it is found up again")


def test_what_judging_wants_to_hear_at_once_is_asked_at_once(pair, run):
    """Hosts that are asked every twenty seconds, and a network that is down in less: by being asked out of turn."""
    slow = {"type": "icmp", "interval": "20s", "timeout": "900ms"}
    quick = {"type": "icmp", "interval": "300ms", "timeout": "290ms"}
    networks = {"slow": {f"s{i}": (f"198.18.150.{i + 1}", ["ping"]) for i in range(20)}}
    controls = [{**control, "probes": ["quick"]} for control in CONTROLS]
    probes = {"ping": slow, "quick": quick}
    config = configuration(networks, probes, port=10571, engine={"shards": 2, "ask_at_once": True}, controls=controls)
    daemon = run(pair.near, config, name="slow").wait_ready(40)
    time.sleep(3)
    before = daemon.scrape()
    cut(pair, "slow", "198.18.150.0/24")
    at = time.monotonic()
    down = daemon.wait_for(is_out("slow"), 15, "the network is found down")
    passed = time.monotonic() - at
    asked = down.sum("blipd_probes_sent_total", network="slow") - before.sum("blipd_probes_sent_total", network="slow")
    pair.far.run("nft", "delete", "table", "inet", "slow")
    assert asked > 20 / 20 * passed + 5, f"{asked} asked in {passed:.1f} s"
    daemon.stop()


def test_a_reload_reaches_all_of_them(pair, run):
    daemon = run(pair.near, sharded(10572), name="reloaded").wait_ready()
    watcher = Watcher(daemon, rate=5)
    for turn in range(6):
        changed = dict(NETWORKS)
        changed["net2"] = {f"x{turn}-{j}": (f"198.18.{160 + turn}.{j + 1}", ["ping", "syn"]) for j in range(12)}
        daemon.reload(sharded(10572, changed))
        daemon.wait_for(
            lambda now, turn=turn: all(now.sum("blipd_probes_answered_total", target=f"x{turn}-{j}") >= 1 for j in range(12)),
            5,
            "all newcomers are asked",
        )
    scrapes = [metrics for _, metrics in watcher.finish()]
    for metrics in scrapes:
        assert unbalanced(metrics) == []
        assert metrics.sum("blipd_probes_lost_total") == 0
    for before, after in zip(scrapes, scrapes[1:]):
        for labels, sent in before.series("blipd_probes_sent_total", network="net0").items():
            assert after.value("blipd_probes_sent_total", **dict(labels)) >= sent
    daemon.reload({**sharded(10572), "engine": {"shards": 2}})
    assert "engine.shards: changes only with a restart" in daemon.log
    assert daemon.scrape().value("blipd_engine_shards") == SHARDS
    daemon.stop()


def test_one_that_hangs_is_told_and_the_rest_is_judged_without_it(pair, daemon):
    stuck = probing(daemon)[1]
    lost = daemon.scrape().sum("blipd_probes_lost_total", network="net1")
    with held(stuck):
        daemon.wait_for(lambda now: now.value("blipd_engine_silent_shards") == 1, 6, "one is missed")
        assert "event=shard_silent" in daemon.log
        cut(pair, "two", "198.18.142.0/24")
        daemon.wait_for(is_out("net2"), 15, "what the others ask is judged")
        pair.far.run("nft", "delete", "table", "inet", "two")
    daemon.wait_for(lambda now: now.value("blipd_engine_silent_shards") == 0, 5, "it is heard of again")
    back = daemon.wait_for(lambda now: not is_out("net2")(now), 10, "the network is up again")
    assert "event=shard_recovered" in daemon.log
    # What it could not ask is no loss, nor is what was answered while it could not look.
    assert back.sum("blipd_probes_lost_total", network="net1") == lost
    assert back.sum("blipd_probes_aborted_total", reason="overrun") > 0
    assert unbalanced(back) == []


def test_it_ends_at_once(daemon):
    daemon.stop()
