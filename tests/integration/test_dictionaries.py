"""docs/metrics.md and docs/logs.md against a daemon that runs: what one has, the other has. That every line of every
daemon of every test is in docs/logs.md, the harness sees to."""

import pathlib
import re

import pytest
from harness import dictionaries, settings
from harness.daemon import configuration

PROBES = {
    "ping": {"type": "icmp", "interval": "200ms", "timeout": "500ms"},
    "soa": {"type": "dns", "query": "example.org", "interval": "500ms", "timeout": "400ms"},
    "path": {"type": "trace"},
    "flows": {"type": "icmp", "interval": "200ms", "timeout": "500ms", "flows": 2},
    "page": {"type": "http", "tls": True, "interval": "500ms", "timeout": "400ms"},
}
TARGETS = {"one": ("198.18.1.1", ["ping", "soa", "path", "page", "flows"]), "two": ("198.18.1.2", ["ping"])}
_WORD = re.compile(r'"([a-z]+(?:_[a-z]+)*)"')
CONTROLS = [{"name": "c", "host": "198.18.2.1", "probes": ["ping"]}]


@pytest.fixture(scope="module")
def scraped(pair, run_for_module, module_directory):
    more = {
        "journal": str(module_directory / "journal.db"),
        "record": str(module_directory / "record.jsonl"),
        "controls": CONTROLS,
    }
    return run_for_module(pair.near, configuration(TARGETS, PROBES, **more)).wait_ready().scrape()


def labels_of(scraped, family):
    kind = scraped.types[family]
    names = [family + "_bucket"] if kind == "histogram" else [family]
    found = set()
    for name in names:
        for labels in scraped.samples[name]:
            found |= {label for label, _ in labels}
    return found - ({"le"} if kind == "histogram" else set())


def test_every_metric_is_documented_and_every_documented_one_is_there(scraped):
    assert set(scraped.types) == set(dictionaries.metrics())


def test_types_and_labels_are_as_documented(scraped):
    for family, (kind, labels) in dictionaries.metrics().items():
        assert scraped.types[family] == kind, family
        assert labels_of(scraped, family) - dictionaries.PLACE == labels, family


def test_every_event_that_the_code_can_log_is_documented_and_every_documented_one_is_in_the_code():
    """Names are literals, mostly behind a severity; beside them stand keys of the line, which the document names too."""
    literals, named = set(), set()
    for file in (settings.ROOT / "daemon").rglob("*.cpp"):
        literals |= set(_WORD.findall(file.read_text()))
        for call in re.findall(r"Severity::k\w+.*?;", file.read_text(), re.DOTALL):
            named |= set(_WORD.findall(call))
    documented = set(dictionaries.events())
    assert documented <= literals, f"documented, and nowhere in the code: {documented - literals}"
    words = set(re.findall(r"`(\w+)`", (settings.ROOT / "docs/logs.md").read_text()))
    assert named <= words, f"in the code, and not documented: {named - words}"


def test_this_check_would_notice():
    assert dictionaries.undocumented("level=info event=started channels=3\n") == set()
    for strange in ("level=info event=nobody_knows", "level=error event=started", "what is this"):
        assert dictionaries.undocumented(strange + "\n") == {strange}
    assert pathlib.Path(settings.ROOT / "docs/logs.md").exists()
