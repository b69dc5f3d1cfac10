"""From a cut in a country to somebody's pager, with a real Prometheus and a real Alertmanager and the rules that ship.

A minute of detect.sustained is 8 seconds here, recovery and relapse are shortened by blipd's configuration as well; the
rules are used byte for byte.
"""

import time

import pytest
from harness.lab import Laboratory
from harness.paging import RECOVERY, SUSTAINED, Paging, Told, config_of, scenario, wait_until_second
from harness.processes import wait_until

BLIP, BLIP_OVER = 16, 20  # seconds of the scenario
CUT, BACK = 30, 76
PAGED = CUT + SUSTAINED + 12  # at the latest; then blipd is restarted, and a little later Prometheus
FAULT, FAULT_OVER = 96, 112
END = FAULT_OVER + 5

@pytest.fixture(scope="module")
def story(run_for_module, module_directory):
    lab = Laboratory(scenario((BLIP, BLIP_OVER, "all"), (CUT, BACK, "all"), (FAULT, FAULT_OVER, "vantage")), module_directory)
    paging = None
    try:
        config = config_of("fra1", journal=str(module_directory / "journal.db"))
        daemon = run_for_module(lab.namespace, config, name="first")
        paging = Paging(lab.namespace, module_directory / "paging", [f"127.0.0.1:{daemon.port}"])
        wait_until(lambda: paging.query("blipd:country_vote == 0"), BLIP, "the country is known to be well")
        assert time.monotonic() < lab.started + BLIP, "this machine was too slow to be ready in time"
        wait_until_second(lab, CUT)
        wait_until(lambda: paging.webhook.of("blipd-pages"), lab.started + PAGED - time.monotonic(), "there is a page")
        daemon.stop(within=5)
        run_for_module(lab.namespace, config, name="second").wait_listening()
        time.sleep(5)  # so that the new one has found the outage again
        paging.stop_prometheus()
        paging.start_prometheus()
        assert time.monotonic() < lab.started + BACK - 4, "this machine was too slow to restart both in the outage"
        wait_until_second(lab, END)
        yield Told(lab.started, paging)
    finally:
        if paging is not None:
            paging.close()
        lab.close()


def test_no_rule_fails(story):
    assert story.rule_errors == []


def test_a_blip_is_told_to_nobody(story):
    assert story.names(0, CUT) == set()


def test_a_total_outage_pages_exactly_once_over_restarts_of_blipd_and_prometheus(story):
    ((at, page),) = story.pages("firing")
    assert CUT + SUSTAINED <= at <= PAGED
    assert page.names() == {"BlipdCountryOutage"}
    # What follows from it is not told beside it. (A restart is seen as a failed scrape or two, no more.)
    assert story.names(CUT, BACK) == {"BlipdCountryOutage"}


def test_the_page_says_what_is_so_and_where_to_read_on(story):
    ((_, page),) = story.pages("firing")
    (alert,) = page.alerts
    texts = alert["annotations"]
    assert alert["labels"]["country"] == "KP"
    assert "blipd_docs" not in alert["labels"] and "blipd_dashboards" not in alert["labels"]
    assert texts["summary"].startswith("KP is not on the Internet: no network of it answers, since 20")
    assert "Seen from fra1; 1 of 1 vantage points are healthy. How it began: " in texts["description"]
    assert "north" in texts["description"] and "south" in texts["description"]
    assert "not known" not in texts["description"] and "error" not in texts["description"]
    assert texts["runbook_url"] == "/usr/share/doc/blipd/runbook.md#blipdcountryoutage"
    assert texts["dashboard_url"] == "http://localhost:3000/d/blipd-country?var-country=KP"
    assert texts["blipd_url"] == "http://127.0.0.1:10547/"


def test_recovery_resolves_it_exactly_once_and_not_before(story):
    ((at, page),) = story.pages("resolved")
    assert BACK + RECOVERY <= at < FAULT
    assert page.names("resolved") == {"BlipdCountryOutage"}


def test_a_vantage_fault_has_its_own_alert_and_no_other(story):
    assert story.names(FAULT, END) == {"BlipdVantageFault"}
    (at, labels, texts), *_ = story.alerts("BlipdVantageFault")
    assert FAULT + SUSTAINED <= at < FAULT_OVER
    assert labels["vantage"] == "fra1"
    assert "fra1" in texts["summary"]


