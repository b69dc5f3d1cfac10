"""What survives: events over a kill, and probing over every fault of the journal's file."""

import json
import signal
import sqlite3
import subprocess
import time

import pytest
from harness.daemon import configuration
from harness.journal import expect_that_parts_add_up, of_scope, report, seconds
from harness.lab import Laboratory
from harness.processes import wait_until

CUT, BACK = 10, 34  # seconds of the scenario
CONTROLS = [
    {"name": f"c{i}", "host": f"198.18.{200 + i}.1", "network": f"outside{i % 3}", "probes": ["ping"]} for i in range(5)
]
SCENARIO = {
    "country": "KP",
    "defaults": {"rtt": "20ms"},
    "networks": [{"name": "north", "prefixes": ["198.18.1.0/24"], "default": "answer"}],
    "controls": [{"name": c["name"], "network": c["network"], "host": c["host"]} for c in CONTROLS],
    "timeline": [{"at": f"{CUT}s", "for": f"{BACK - CUT}s", "all": True, "effect": "cut"}],
}
PROBES = {"ping": {"type": "icmp", "interval": "1s", "timeout": "900ms"}}
TARGETS = {"north": {f"t{i}": (f"198.18.1.{i + 1}", ["ping"]) for i in range(4)}}


def config(journal):
    return configuration(TARGETS, PROBES, controls=CONTROLS, journal=str(journal), detect={"blip_limit": "10s"})


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory):
    """Mounted before the laboratory's namespaces are made, so that they see it."""
    path = tmp_path_factory.mktemp("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", path], check=True)
    yield path
    subprocess.run(["umount", "--lazy", path], check=True)


@pytest.fixture(scope="module")
def lab(module_directory, small_disk):  # pylint: disable=unused-argument  # the disk first
    made = Laboratory(SCENARIO, module_directory)
    yield made
    made.close()


@pytest.fixture(scope="module")
def told(lab, run_for_module, tmp_path_factory):
    """The journal of a daemon that was killed in the middle of an outage and started again, and both logs."""
    journal = tmp_path_factory.mktemp("journal") / "journal.db"

    def until(second):
        time.sleep(max(0.0, lab.started + second - time.monotonic()))

    first = run_for_module(lab.namespace, config(journal), name="first")
    first.wait_listening()
    until(CUT + 12)
    before = report(journal)
    first.process.signal(signal.SIGKILL)
    first.process.wait(5)
    until(CUT + 16)
    second = run_for_module(lab.namespace, config(journal), name="second")
    second.wait_listening()
    until(BACK + 8)
    second.stop()
    return before, report(journal), second.log


@pytest.mark.parametrize("scope", ["network", "country"])
def test_an_event_keeps_its_id_over_a_kill(told, scope):
    before, after, _ = told
    (open_event,) = of_scope(before["events"], scope)
    (ended,) = of_scope(after["events"], scope)
    assert open_event["end"] is None
    assert ended["id"] == open_event["id"]
    assert ended["start"] == open_event["start"]
    assert ended["revision"] > open_event["revision"]
    assert ended["class"] == "outage"
    assert ended["duration_seconds"] == pytest.approx(BACK - CUT, abs=4)


def test_network_and_country_are_one_incident(told):
    incidents = {event["incident"] for event in told[1]["events"] if event["scope"] != "vantage"}
    assert len(incidents) == 1


def test_what_was_not_watched_is_a_gap_and_no_outage_of_its_own(told):
    _, after, log = told
    assert "event=recalled" in log
    assert len(after["gaps"]) == 1
    for place in after["availability"]:
        # Alive is noted every ten seconds: the gap reaches back to the last note.
        assert 2 < place["not_watched_seconds"] < 20
    expect_that_parts_add_up(after)


def test_a_process_that_was_stopped_says_that_it_did_not_watch(lab, run, tmp_path):
    journal = tmp_path / "journal.db"
    daemon = run(lab.namespace, config(journal)).wait_ready()
    daemon.process.signal(signal.SIGSTOP)
    time.sleep(4)
    daemon.process.signal(signal.SIGCONT)
    wait_until(lambda: "event=not_watched" in daemon.log, 10, "the gap is noticed")
    daemon.stop()
    after = report(journal)
    (gap,) = after["gaps"]
    assert seconds(gap["to"]) - seconds(gap["from"]) == pytest.approx(4, abs=1)


def is_writing(metrics):
    return metrics.value("blipd_journal_writing") == 1


def test_a_broken_journal_is_set_aside_and_a_new_one_begun(lab, run, tmp_path):
    journal = tmp_path / "journal.db"
    journal.write_bytes(b"this is no database at all" * 100)
    daemon = run(lab.namespace, config(journal)).wait_ready()
    daemon.wait_for(is_writing, 10, "the journal is written")
    assert "event=journal_degraded" in daemon.log
    (aside,) = tmp_path.glob("journal.db.corrupt-*")
    assert aside.read_bytes().startswith(b"this is no database")
    daemon.stop()
    assert report(journal)["events"] == []


def test_a_locked_journal_holds_up_nothing_and_is_written_later(lab, run, tmp_path):
    journal = tmp_path / "journal.db"
    daemon = run(lab.namespace, config(journal)).wait_ready()
    daemon.wait_for(is_writing, 10, "the journal is written")
    other = sqlite3.connect(journal, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        locked = daemon.wait_for(lambda m: not is_writing(m), 30, "the lock is noticed")
        assert locked.value("blipd_journal_errors_total") > 0
        sent = locked.sum("blipd_probes_sent_total")
        daemon.wait_for(lambda m: m.sum("blipd_probes_sent_total") > sent + 10, 5, "probing goes on")
    finally:
        other.execute("ROLLBACK")
        other.close()
    daemon.wait_for(is_writing, 10, "the journal is written again")
    assert "event=journal_recovered" in daemon.log


def test_a_full_disk_holds_up_nothing_and_is_written_later(lab, run, small_disk):
    daemon = run(lab.namespace, config(small_disk / "journal.db")).wait_ready()
    daemon.wait_for(is_writing, 10, "the journal is written")
    filler = small_disk / "filler"
    with pytest.raises(OSError):
        filler.write_bytes(bytes(1 << 20))
    full = daemon.wait_for(lambda m: not is_writing(m), 40, "the full disk is noticed")
    sent = full.sum("blipd_probes_sent_total")
    daemon.wait_for(lambda m: m.sum("blipd_probes_sent_total") > sent + 10, 5, "probing goes on")
    filler.unlink()
    daemon.wait_for(is_writing, 10, "the journal is written again")
    assert "event=journal_recovered" in daemon.log


def test_results_that_cannot_be_recorded_are_counted_and_leave_no_half_line(lab, run, small_disk):
    recorded = small_disk / "results.jsonl"
    daemon = run(lab.namespace, config("none") | {"record": str(recorded)}).wait_ready()
    filler = small_disk / "filler"
    with pytest.raises(OSError):
        filler.write_bytes(bytes(1 << 20))
    full = daemon.wait_for(lambda m: m.value("blipd_record_writing") == 0, 40, "the full disk is noticed")
    daemon.wait_for(lambda m: m.sum("blipd_probes_sent_total") > full.sum("blipd_probes_sent_total") + 10, 5, "probing goes on")
    filler.unlink()
    wait_until(lambda: "event=record_recovered" in daemon.log, 15, "results are recorded again")
    after = daemon.scrape()
    assert after.value("blipd_record_writing") == 1
    assert after.value("blipd_record_dropped_total") > 0
    assert daemon.log.count("event=record_degraded") == daemon.log.count("event=record_recovered") == 1
    daemon.stop()
    for line in recorded.read_text().splitlines():
        json.loads(line)
    recorded.unlink()


def test_a_journal_that_cannot_be_made_is_said_once_and_probing_goes_on(lab, run, tmp_path):
    daemon = run(lab.namespace, config(tmp_path / "nowhere" / "journal.db")).wait_ready()
    metrics = daemon.wait_for(lambda m: m.value("blipd_journal_errors_total") >= 2, 15, "it is tried again")
    assert not is_writing(metrics)
    assert daemon.log.count("event=journal_degraded") == 1
    (tmp_path / "nowhere").mkdir()
    daemon.wait_for(is_writing, 10, "the journal is written")
