"""The routes, inhibitions and texts that ship, by Alertmanager itself."""

import json
import subprocess

import pytest
import yaml
from harness import settings
from harness.network import Namespace
from harness.paging import SHIPPED, Alertmanager
from harness.processes import wait_until

CONFIG = SHIPPED / "alertmanager" / "alertmanager.yml"
PAGE = {"alertname": "BlipdCountryOutage", "severity": "page", "country": "KP"}
NETWORK = {"alertname": "BlipdNetworkOutage", "severity": "warning", "country": "KP", "network": "north"}
HOST = {"alertname": "BlipdTargetDown", "severity": "info", "country": "KP", "network": "north", "target": "ns1"}
FAULT = {"alertname": "BlipdVantageFault", "severity": "warning", "vantage": "a"}
ODD = {"alertname": "BlipdVantagePointDisagrees", "severity": "warning", "country": "KP", "vantage": "a"}
BAD = {"alertname": "BlipdMeasurementDegraded", "severity": "warning", "vantage": "a", "reason": "lag"}
JOURNAL = {"alertname": "BlipdJournalNotWriting", "severity": "warning", "vantage": "a"}


def amtool(*arguments):
    done = subprocess.run([settings.peer("amtool"), *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_configuration_is_valid_and_has_its_texts():
    told = amtool("check-config", str(CONFIG))
    assert "SUCCESS" in told and "1 templates" in told


@pytest.mark.parametrize(
    "labels, receiver",
    [(PAGE, "blipd-pages"), (NETWORK, "blipd-warnings"), (FAULT, "blipd-warnings"), (HOST, "blipd-infos"), ({"alertname": "X"}, "blipd-warnings")],
    ids=lambda value: value if isinstance(value, str) else value["alertname"],
)  # fmt: skip
def test_an_alert_goes_to_whom_its_severity_says(labels, receiver):
    pairs = [f"{key}={value}" for key, value in labels.items()]
    assert amtool("config", "routes", "test", f"--config.file={CONFIG}", *pairs).strip() == receiver


def test_the_receivers_that_ship_tell_nobody():
    for receiver in yaml.safe_load(CONFIG.read_text())["receivers"]:
        assert [way["url"] for way in receiver.pop("webhook_configs")] == ["http://127.0.0.1:9/"]
        assert receiver.keys() == {"name"}


@pytest.fixture(scope="module")
def nowhere(module_directory):
    made = Namespace.make(module_directory, "nowhere")
    yield made
    made.close()


@pytest.fixture
def alertmanager(nowhere, directory):
    made = Alertmanager(nowhere, directory)
    yield made
    made.close()
    made.process.kill()


def test_country_over_network_over_host_and_a_vantage_fault_over_what_is_its_own(alertmanager):
    """All at once, as at the worst of times: one of several vantage points at fault while the country is out."""
    elsewhere = {"country": "LB"}
    alertmanager.post(
        PAGE, NETWORK, HOST, {**NETWORK, "alertname": "BlipdCountryPartial"}, {**NETWORK, **elsewhere}, {**HOST, **elsewhere},
        {**HOST, **elsewhere, "network": "south"}, FAULT, ODD, BAD, JOURNAL, {**BAD, "vantage": "b"},
    )  # fmt: skip

    def told():
        return sorted(
            (n.receiver, alert["labels"]["alertname"], alert["labels"].get("vantage", alert["labels"].get("country")))
            for n in alertmanager.webhook.told
            for alert in n.alerts
        )

    expected = [
        ("blipd-infos", "BlipdTargetDown", "LB"),  # of a network that is up
        ("blipd-pages", "BlipdCountryOutage", "KP"),  # whatever is at fault
        ("blipd-warnings", "BlipdJournalNotWriting", "a"),
        ("blipd-warnings", "BlipdMeasurementDegraded", "b"),
        ("blipd-warnings", "BlipdNetworkOutage", "LB"),
        ("blipd-warnings", "BlipdVantageFault", "a"),
    ]
    wait_until(lambda: len(told()) >= len(expected), 20, "all are told that should be")
    assert told() == expected


def test_the_text_has_the_facts_and_the_links():
    alert = {
        "status": "firing", "labels": PAGE, "startsAt": "2014-12-22T16:15:00Z", "endsAt": "0001-01-01T00:00:00Z",
        "annotations": {
            "summary": "KP is not on the Internet", "description": "Seen from a.", "runbook_url": "https://docs.example/r",
            "dashboard_url": "https://grafana.example/d", "blipd_url": "http://a/",
        },
    }  # fmt: skip
    over = {**alert, "status": "resolved", "endsAt": "2014-12-23T01:41:00Z"}

    def render(name, *alerts):
        data = {"receiver": "x", "status": alerts[0]["status"], "alerts": alerts, "groupLabels": {}, "commonLabels": {},
                "commonAnnotations": {}, "externalURL": ""}  # fmt: skip
        done = subprocess.run(
            [settings.peer("amtool"), "template", "render", f"--template.glob={SHIPPED}/alertmanager/templates/*.tmpl",
             f'--template.text={{{{ template "{name}" . }}}}', "--template.data=/dev/stdin"],
            input=json.dumps(data), capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert render("blipd.subject", alert) == "KP is not on the Internet"
    assert render("blipd.subject", alert, alert, alert) == "KP is not on the Internet (and 2 more)"
    assert render("blipd.subject", over) == "Over: KP is not on the Internet"
    links = "What to do: https://docs.example/r\nDashboard: https://grafana.example/d\nblipd: http://a/"
    assert render("blipd.text", alert) == f"KP is not on the Internet\nSeen from a.\n{links}"
    assert render("blipd.text", over) == f"Over since 2014-12-23 01:41:00 UTC: KP is not on the Internet\nSeen from a.\n{links}"
