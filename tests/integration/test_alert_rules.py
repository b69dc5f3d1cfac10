"""The alerts that do not page, as promtool judges the rules, just below and at each threshold; and what all alerts have."""

import re
import subprocess

import pytest
import yaml
from harness import settings
from harness.rules import (
    BACK, NETWORK_OVER, OUTAGE, PAGED, RULE_FILES, WELL, Blipd, Outage, Story, alert_names, length, promtool, three,
)  # fmt: skip

PAGE, NETWORK, FAULT = "BlipdCountryOutage", "BlipdNetworkOutage", "BlipdVantageFault"
PLACES, ODD, FEW = "BlipdCountrySeenFromSomePlaces", "BlipdVantagePointDisagrees", "BlipdTooFewVantagePoints"
NOT_SCRAPED = "BlipdNotScraped"


def gauge(value, start=600, end=1800, otherwise=0):
    """A sample that has this value for a while."""
    return lambda t: value if start <= t < end else otherwise


def country_wide(value):
    return {'blipd_country_unstable{country="KP"}': gauge(value)}


def partial(t):
    return {f'blipd_country_level{{country="KP",level="{level}"}}': (lambda t, level=level: int((level == "partial") == (600 <= t < 1800) and level in ("normal", "partial"))) for level in ("normal", "partial")}


def a(**more):
    return [Blipd("a", **more)]


def story(name, instances, alert, *spans, end=None, others=(), **labels):
    return Story(name, instances, length(spans, end)).fires(alert, *spans, **labels).only(alert, *others)


def counter(per_second, start=600, end=1800):
    return lambda t: round(max(0, min(t, end) - start) * per_second, 6)


TARGET = {f'blipd_target_state{{country="KP",network="north",target="ns1",state="{state}"}}': gauge(int(state == "down"), 600, 600 + 7200, int(state == "up")) for state in ("up", "down", "unknown")}  # fmt: skip
SHORT_TARGET = {key: gauge(int("down" in key), 600, 600 + 3585, int('"up"' in key)) for key in TARGET}
LAG = {'blipd_scheduling_lag_seconds_bucket{le="0.1"}': counter(0.98), "blipd_scheduling_lag_seconds_count": counter(1)}
LITTLE_LAG = {**LAG, 'blipd_scheduling_lag_seconds_bucket{le="0.1"}': counter(0.991)}
OVERRUN = 'blipd_probes_aborted_total{country="KP",network="north",target="ns1",probe="ping",reason="overrun"}'
DEGRADED = "BlipdMeasurementDegraded"
EXPIRES, WEEK = "BlipdCertificateExpires", 7 * 86400
CERTIFICATE = 'blipd_probe_certificate_expiry_timestamp_seconds{country="KP",network="north",target="ns1",probe="page"}'


def degraded(name, series, *spans, reason, end=None):
    return story(f"measurement: {name}", a(series=series), DEGRADED, *spans, end=end, reason=reason, vantage="a")


OTHERS = [
    # A network
    story("a network alone", a(network_outages={"north": [OUTAGE]}), NETWORK, (PAGED, NETWORK_OVER), country="KP", network="north"),
    story("a network's blip", a(network_outages={"north": [Outage(600, 659)]}), NETWORK),
    story("a network's shortest outage", a(network_outages={"north": [Outage(600, 660)]}), NETWORK, (660, 735)),
    story("a network as one of three sees it", three(WELL, WELL, WELL, a={"network_outages": {"north": [OUTAGE]}}), NETWORK),
    story("a network as one of two sees it", [*a(network_outages={"north": [OUTAGE]}), Blipd("b")], NETWORK),
    story("a network as two of three see it", three(WELL, WELL, WELL, a={"network_outages": {"north": [OUTAGE]}}, b={"network_outages": {"north": [OUTAGE]}}),
          NETWORK, (PAGED, NETWORK_OVER), network="north"),
    story("a network, over a failed scrape", a(network_outages={"north": [OUTAGE]}, away=[(900, 915)]), NETWORK, (PAGED, NETWORK_OVER)),
    # The rest of a country
    story("partial for five minutes", a(series=partial(0)), "BlipdCountryPartial", (900, 1800 + 300), country="KP"),
    story("partial for less", a(series={k: (lambda t, f=f: f(t if t < 885 else 0)) for k, f in partial(0).items()}), "BlipdCountryPartial"),
    story("partial as one of two sees it", [*a(series=partial(0)), Blipd("b")], "BlipdCountryPartial"),
    story("partial as two of three see it", [*a(series=partial(0)), Blipd("b", series=partial(0)), Blipd("c")], "BlipdCountryPartial", (900, 2100)),
    story("partial and at fault", a(series=partial(0), faults=[(300, 3000)]), "BlipdCountryPartial", others=[FAULT]),
    Story("partial, in parts: a fifth of the weight", [
        Blipd("a", ["north"], network_outages={"north": [OUTAGE]}, shard=True, weights={"north": 1}),
        Blipd("a", ["south"], shard=True, weights={"south": 4}),
    ], 3000).only(NETWORK),
    Story("partial, in parts: more than that", [
        Blipd("a", ["north"], network_outages={"north": [OUTAGE]}, shard=True, weights={"north": 1.01}),
        Blipd("a", ["south"], shard=True, weights={"south": 4}),
    ], 3000).fires("BlipdCountryPartial", (PAGED + 300, BACK + 315), country="KP"),
    story("unstable", a(series=country_wide(1)), "BlipdCountryUnstable", (600, 1800 + 900), country="KP"),
    story("unstable as one of two sees it", [*a(series=country_wide(1)), Blipd("b")], "BlipdCountryUnstable"),
    story("unstable as two of three see it", [*a(series=country_wide(1)), Blipd("b", series=country_wide(1)), Blipd("c")], "BlipdCountryUnstable", (600, 2700)),
    Story("unstable, in parts: a quarter of the weight", [
        Blipd("a", ["north"], shard=True, series={'blipd_network_unstable{country="KP",network="north"}': gauge(1)}, weights={"north": 1}),
        Blipd("a", ["south"], shard=True, weights={"south": 3}),
    ], 3000).fires("BlipdCountryUnstable", (600, 2700), country="KP").only("BlipdCountryUnstable"),
    Story("unstable, in parts: less than that", [
        Blipd("a", ["north"], shard=True, series={'blipd_network_unstable{country="KP",network="north"}': gauge(1)}, weights={"north": 0.99}),
        Blipd("a", ["south"], shard=True, weights={"south": 3}),
    ], 3000).only("none"),
    # Where it is seen from
    story("seen from one place of two", three(OUTAGE, WELL)[:2], PLACES, (PAGED + 30, BACK + 15), country="KP"),
    story("seen from one place for less than half a minute", three(Outage(600, 675), WELL)[:2], PLACES),
    story("a network more here than there is no disagreement", three(OUTAGE, OUTAGE, OUTAGE), PLACES, others=[PAGE, NETWORK]),
    story("the odd one finds it down", three(OUTAGE, WELL, WELL), ODD, (PAGED + 30, BACK + 15), others=[PLACES], vantage="a"),
    story("the odd one finds it up", three(OUTAGE, OUTAGE, WELL), ODD, (PAGED + 30, BACK + 15), others=[PAGE, NETWORK], vantage="c"),
    story("of two, nobody is the odd one", three(OUTAGE, WELL)[:2], ODD, others=[PLACES]),
    # Nothing known
    story("nothing known for a quarter of an hour", a(fresh=[(600, 1800)]), "BlipdCountryUnknown", (1500, 2100), country="KP"),
    story("nothing known for less", a(fresh=[(600, 1485)]), "BlipdCountryUnknown"),
    story("nothing known for a fault is the fault's affair", a(faults=[(600, 2400)]), "BlipdCountryUnknown", others=[FAULT]),
    story("nothing known at one of two", [*a(fresh=[(600, 2400)]), Blipd("b")], "BlipdCountryUnknown"),
    # Vantage points
    story("a vantage fault", a(faults=[(600, 1200)]), FAULT, (660, 1200), vantage="a"),
    story("a vantage fault of less than a minute", a(faults=[(600, 660)]), FAULT),
    story("a vantage fault of just a minute", a(faults=[(600, 675)]), FAULT, (660, 675)),
    story("one of two cut off: no majority", three(WELL, WELL, b={"faults": [(600, 1800)]})[:2], FEW, (900, 2100), others=[FAULT], country="KP"),
    story("one of two cut off for less", three(WELL, WELL, b={"faults": [(600, 885)]})[:2], FEW, others=[FAULT]),
    story("one of three cut off: a majority", three(WELL, WELL, WELL, b={"faults": [(600, 1800)]}), FEW, others=[FAULT]),
    story("two of three cut off: none", three(WELL, WELL, WELL, b={"faults": [(600, 1800)]}, c={"away": [(600, 1800)]}), FEW, (900, 2100), others=[FAULT, NOT_SCRAPED]),
    story("the only one cut off: its own alert is enough", a(faults=[(600, 1800)]), FEW, others=[FAULT]),
    story("not scraped", a(away=[(600, 1200)]), NOT_SCRAPED, (720, 1320), vantage="a"),
    story("not scraped for less than two minutes", a(away=[(600, 705)]), NOT_SCRAPED),
    story("never scraped", [Blipd("a"), Blipd("b", away=[(0, 9000)])], NOT_SCRAPED, (120, 9000), vantage=""),
    Story("somebody else's job is not ours", [Blipd("a"), Blipd("b", job="other", away=[(0, 9000)])], 3000).only("none"),
    story("no job at all", [Blipd("a", job="other", networks=())], "BlipdAbsent", (300, 9000)),
    story("three restarts in a quarter of an hour", a(series={"blipd_start_timestamp_seconds": lambda t: sum(t >= at for at in (600, 900, 1200))}),
          "BlipdRestarting", (1200, 1200 + 300 + 300), vantage="a", others=()),
    story("two of them", a(series={"blipd_start_timestamp_seconds": lambda t: sum(t >= at for at in (600, 900))}), "BlipdRestarting"),
    # Measurement. Rates have begun after a tick or two; then for five minutes, and five more.
    degraded("no capture", {"blipd_capturing": gauge(0, otherwise=1)}, (900, 2100), reason="no_capture"),
    degraded("no capture for less", {"blipd_capturing": gauge(0, end=885, otherwise=1)}, reason="no_capture"),
    degraded("drops", {"blipd_capture_drops_total": counter(0.1), "blipd_socket_drops_total": 0}, (915, 2700), reason="drops"),
    degraded("drops of sockets", {"blipd_capture_drops_total": 0, "blipd_socket_drops_total": counter(0.1)}, (915, 2700), reason="drops"),
    degraded("none", {"blipd_capture_drops_total": 7, "blipd_socket_drops_total": 7}, reason="drops"),
    degraded("late by more than a percent", LAG, (915, 2700), reason="lag"),
    degraded("late by less", LITTLE_LAG, reason="lag"),
    degraded("the clock was set three times", {"blipd_clock_steps_total": lambda t: sum(t >= at for at in (600, 900, 1200))}, (1500, 4500), reason="clock", end=4000),
    degraded("the clock was set twice", {"blipd_clock_steps_total": lambda t: sum(t >= at for at in (600, 900))}, reason="clock"),
    degraded("sending fails", {"blipd_send_errors_total": counter(0.2)}, (1215, 2400), reason="send_errors"),
    degraded("sending fails seldom", {"blipd_send_errors_total": counter(0.099)}, reason="send_errors"),
    degraded("old values", {"blipd_snapshot_timestamp_seconds": lambda t: min(t, 600) if t < 1800 else t}, (960, 2100), reason="stale"),
    degraded("values of less than a minute", {"blipd_snapshot_timestamp_seconds": lambda t: t - 59}, reason="stale"),
    # The journal, the configuration, the budget
    story("a journal that is not written", a(series={"blipd_journal_writing": gauge(0, otherwise=1), "blipd_journal_dropped_total": 0}),
          "BlipdJournalNotWriting", (900, 2100), vantage="a"),
    story("a journal that is not written for less", a(series={"blipd_journal_writing": gauge(0, end=885, otherwise=1), "blipd_journal_dropped_total": 0}), "BlipdJournalNotWriting"),
    story("a journal that gave up records", a(series={"blipd_journal_writing": 1, "blipd_journal_dropped_total": lambda t: int(t >= 600)}),
          "BlipdJournalNotWriting", (900, 9000), end=3600),
    story("a bad configuration", a(series={"blipd_config_last_reload_successful": gauge(0, otherwise=1)}), "BlipdReloadFailed", (600, 1800), vantage="a"),
    story("more to ask than may be", a(series={OVERRUN: counter(0.05)}), "BlipdBudgetOverrun", (600 + 180 + 15 + 900, 1800 + 720 + 300), vantage="a"),
    story("hardly more", a(series={OVERRUN: counter(0.0099)}), "BlipdBudgetOverrun"),
    # Hosts
    story("a host that is down for an hour", a(series=TARGET), "BlipdTargetDown", (4200, 7800 + 300), end=9000, target="ns1", network="north"),
    story("a host that is down for less", a(series=SHORT_TARGET), "BlipdTargetDown", end=6000),
    story("a certificate that ends within a week", a(series={CERTIFICATE: WEEK}), EXPIRES, (915, 9000), end=1200, target="ns1", probe="page"),
    story("a certificate that ended", a(series={CERTIFICATE: -5}), EXPIRES, (900, 9000), end=1200, network="north"),
    story("a certificate of just more than a week", a(series={CERTIFICATE: WEEK + 1200}), EXPIRES, end=1200),
    story("a certificate that is renewed in time", a(series={CERTIFICATE: lambda t: WEEK + (600 if t < 1500 else 9000)}), EXPIRES, end=3000),
    story("a certificate that nobody saw", a(series={CERTIFICATE: lambda t: "NaN"}), EXPIRES, end=1800),
    story("a certificate as the worse of two sees it", [*a(series={CERTIFICATE: 10 * WEEK}), Blipd("b", series={CERTIFICATE: WEEK})], EXPIRES, (915, 9000), end=1200),
    story("a host as one of two sees it", [*a(series=TARGET), Blipd("b", series={k: int('"up"' in k) for k in TARGET})], "BlipdTargetDown", end=6000),
]  # fmt: skip


@pytest.mark.parametrize("told", OTHERS, ids=lambda told: told.name)
def test_alerts_fire_when_they_should_and_not_otherwise(told, tmp_path):
    assert promtool(told, tmp_path) == ""

def rules():
    for file in RULE_FILES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from (rule for rule in group["rules"] if "alert" in rule)


def test_every_alert_fires_in_some_story_and_is_silent_in_another():
    fired, silent = set(), set()
    for told in OTHERS:
        for name in alert_names():
            (fired if any(name in test["expr"] and test["exp_samples"] for test in told.tests) else silent).add(name)
    assert fired == set(alert_names()) - {PAGE}  # which is test_page_rules' affair
    assert silent == set(alert_names())


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_is_and_where_to_read_on(rule):
    texts = rule["annotations"]
    assert texts.keys() >= {"summary", "description", "runbook_url", "dashboard_url"} or rule["alert"] == "BlipdTargetDown"
    assert rule["labels"]["severity"] in ("page", "warning", "info")
    assert (rule["labels"]["severity"] == "page") == (rule["alert"] == PAGE)
    assert texts["runbook_url"].endswith(f"/runbook.md#{rule['alert'].lower()}")
    # Nobody is named as the cause of anything.
    assert not re.search("because of|caused by|attack|blame", " ".join(texts.values()))


def test_the_runbook_has_one_section_for_each_alert_and_no_other():
    text = (settings.ROOT / "docs" / "runbook.md").read_text()
    sections = dict(re.findall(r"^## (Blipd\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert sorted(sections) == alert_names() == sorted(re.findall(r"^## (Blipd\w+)$", text, re.MULTILINE))
    for name, section in sections.items():
        assert re.findall(r"^\*\*(.+?)\*\*", section, re.MULTILINE) == ["What it means.", "What to look at.", "What to do."], name


@pytest.mark.parametrize("name", ["prometheus.yml", "prometheus-many.yml"])
def test_the_sample_configurations_are_valid(name):
    file = settings.ROOT / "config" / "prometheus" / name
    done = subprocess.run([settings.peer("promtool"), "check", "config", "--lint-fatal", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "3 rule files found" in done.stdout, done.stdout + done.stderr
