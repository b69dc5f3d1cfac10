"""A real Prometheus scrapes blipd, and promtool finds nothing to say."""

import pytest
from harness import peers
from harness.daemon import configuration
from harness.metrics import unbalanced

PROBES = {"ping": {"type": "icmp", "interval": "500ms", "timeout": "400ms"}}
TARGETS = {f"t{i}": (f"198.18.{i}.1", ["ping"]) for i in range(20)} | {"gone": ("198.18.66.1", ["ping"])}


@pytest.fixture(scope="module")
def daemon(pair, run_for_module):
    pair.far.nft("table inet world { chain in { type filter hook input priority 0; ip daddr 198.18.66.1 drop\n }\n }")
    return run_for_module(pair.near, configuration(TARGETS, PROBES)).wait_ready()


@pytest.fixture(scope="module")
def prometheus(pair, daemon, module_directory):
    made = peers.Prometheus(pair.near, module_directory / "prometheus", daemon.port)
    peers.wait_until(lambda: len(made.query("up")) == 1, 15, "Prometheus has scraped")
    peers.wait_until(lambda: made.query("count_over_time(up[1m])")[0][1] >= 5, 15, "five scrapes", 0.3)
    return made


def test_promtool_is_silent(daemon):
    done = peers.promtool_check(daemon.scrape().text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_scrape_succeeds(prometheus):
    assert prometheus.scrape_errors() == []
    assert prometheus.query("min_over_time(up[1m])")[0][1] == 1


def test_the_sums_are_those_of_the_scrape(daemon, prometheus):
    before = daemon.scrape()
    assert unbalanced(before) == []

    def sums():
        return {
            what: prometheus.query(f"sum(blipd_probes_{what}_total)")[0][1] for what in ("sent", "answered", "lost")
        }

    at_first = {what: before.sum(f"blipd_probes_{what}_total") for what in ("sent", "answered", "lost")}
    peers.wait_until(lambda: sums()["answered"] >= at_first["answered"], 5, "Prometheus has caught up", 0.2)
    seen, after = sums(), daemon.scrape()
    for what, value in seen.items():
        assert at_first[what] <= value <= after.sum(f"blipd_probes_{what}_total"), what


def test_sent_is_answered_plus_lost_plus_in_flight_as_prometheus_computes_it(prometheus):
    on = "on(country, network, target, probe)"
    difference = prometheus.query(
        f"blipd_probes_sent_total - {on} blipd_probes_answered_total "
        f"- {on} sum by(country, network, target, probe) (blipd_probes_lost_total) - {on} blipd_probes_in_flight"
    )
    assert len(difference) == len(TARGETS)
    assert {value for _, value in difference} == {0}


def test_rates_and_quantiles_can_be_asked_for(prometheus):
    assert prometheus.query("sum(rate(blipd_probes_sent_total[4s]))")[0][1] > len(TARGETS)
    quantile = prometheus.query(
        "histogram_quantile(0.5, sum by(le) (rate(blipd_probe_rtt_seconds_bucket[4s])))"
    )[0][1]
    assert 0 < quantile < 0.1
    down = prometheus.query('blipd_target_state{state="down"} == 1')
    assert [labels["target"] for labels, _ in down] == ["gone"]
