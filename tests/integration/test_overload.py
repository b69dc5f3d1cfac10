"""Asked for more than the machine can do, and held up: what could not be asked is overrun, what was asked is judged
truly, and whoever wants to know is told. The far kernel answers everything, so there is no loss to find."""

import signal
import time

import pytest
from harness.daemon import configuration
from harness.processes import wait_until

pytestmark = pytest.mark.alone

BUDGET = {"total_rate": 1_000_000, "prefix_rate": 0}
RELOADED = "blipd_config_last_reload_success_timestamp_seconds"


def hosts(count: int) -> dict:
    return {f"t{i}": (f"198.18.{i // 250}.{1 + i % 250}", ["ping"]) for i in range(count)}


def at_interval(count: int, interval: str) -> dict:
    probes = {"ping": {"type": "icmp", "interval": interval, "timeout": "1s"}}
    return configuration(hosts(count), probes, budget=BUDGET)


def look(daemon):
    return daemon.scrape("blipd_probes_", "blipd_answers_late_", RELOADED, timeout=30)


def by_channel(metrics, name: str) -> dict:
    sums: dict = {}
    for labels, value in metrics.series(name).items():
        target = dict(labels)["target"]
        sums[target] = sums.get(target, 0) + value
    return sums


def unanswered_at_far_end(pair) -> int:
    """At most: what is answered between the two looks makes it less."""
    return pair.far.snmp("Icmp", "InEchos") - pair.far.snmp("Icmp", "OutEchoReps")


def test_more_than_the_machine_can_do_is_overrun_and_never_lost(pair, run):
    """300,000 a second are asked for, of one thread."""
    count = 30_000
    daemon = run(pair.near, at_interval(count, "100ms"))
    daemon.wait_listening(30)
    time.sleep(6)
    slowest = 0.0
    for _ in range(5):
        began = time.monotonic()
        assert daemon.request("/-/healthy", 5)[0] == 200
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.2)
    assert slowest < 1, "whoever asks whether it is alive waits"
    metrics = look(daemon)
    sent, answered = by_channel(metrics, "blipd_probes_sent_total"), by_channel(metrics, "blipd_probes_answered_total")
    lost, in_flight = by_channel(metrics, "blipd_probes_lost_total"), by_channel(metrics, "blipd_probes_in_flight")
    assert [t for t in sent if sent[t] != answered[t] + lost[t] + in_flight[t]] == []
    assert sum(lost.values()) == 0
    assert unanswered_at_far_end(pair) <= 0, "the far end did not answer: the test is void"
    overrun = metrics.sum("blipd_probes_aborted_total", reason="overrun")
    assert overrun == metrics.sum("blipd_probes_aborted_total") > 0, "the machine can do this: ask for more"
    assert sum(sent.values()) >= 100_000, "it was to send what it can"
    # Every host gets its share: none is asked five times as seldom as they are on average.
    assert min(sent.values()) > sum(sent.values()) / count / 5

    # With less to do it is itself again.
    daemon.write(at_interval(count, "5s"))
    daemon.process.signal(signal.SIGHUP)
    before = metrics.value(RELOADED)
    wait_until(lambda: look(daemon).value(RELOADED) > before, 30, "reloaded", 1)
    time.sleep(3)
    first = look(daemon)
    time.sleep(6)
    second = look(daemon)
    assert first.sum("blipd_probes_aborted_total") == second.sum("blipd_probes_aborted_total")
    assert second.sum("blipd_probes_lost_total") == 0
    assert second.sum("blipd_probes_sent_total") - first.sum("blipd_probes_sent_total") >= count


@pytest.mark.parametrize(("held_up", "times"), [(0.1, 20), (0.4, 5), (2.5, 2)])
def test_a_process_that_was_held_up_reports_no_loss(pair, run, held_up, times):
    """As a debugger, a hypervisor or a frozen control group would. The last is longer than timeout and interval."""
    daemon = run(pair.near, at_interval(5000, "1s")).wait_ready(20)
    for _ in range(times):
        time.sleep(0.35)
        daemon.process.signal(signal.SIGSTOP)
        time.sleep(held_up)
        daemon.process.signal(signal.SIGCONT)
    time.sleep(2.5)
    metrics = look(daemon)
    assert metrics.sum("blipd_probes_lost_total") == 0
    assert metrics.sum("blipd_answers_late_total") == 0, "an answer that came in time was taken for a late one"
    assert metrics.sum("blipd_probes_sent_total") > 5000 * times * 0.35 * 0.8
    assert unanswered_at_far_end(pair) <= 0, "the far end did not answer: the test is void"
