"""Every question that a dashboard asks has an answer, from a real Prometheus that scraped two vantage points of blipd in the
laboratory while a country had a blip, an outage, an instability, and our own link failed."""

import copy
import math
import re
import time

import pytest
from harness import peers
from harness.daemon import Daemon, configuration
from harness.grafana import DASHBOARDS, Browser, each_panel, names_in
from harness.lab import Laboratory

ANNOTATIONS = [(board, annotation) for board in DASHBOARDS.values() for annotation in board.annotations]

_LABEL = re.compile(r"\{\{(\w+)\}\}")  # in a legend

# Of which single-valued variables each value is tried, not only the first.
EACH = {"blipd-network": {"network"}, "blipd-target": {"network"}}


# ----------------------------------------------------------------------------------------------------- the story

# What is usual is known after a minute of calm, so trouble comes after that. The end is a step of the annotations later than
# the last trouble.
BLIP, RELOAD, TOTAL, FLAPS, VANTAGE, END = 16, 40, 76, (88, 93), 99, 114
NETWORKS = {name: f"198.18.{number}" for number, name in enumerate(("north", "south", "east"), 1)}
SCENARIO = {
    "country": "KP",
    "defaults": {"rtt": {"shape": "lognormal", "minimum": "20ms", "median": "5ms", "sigma": 0.6}},
    "networks": [{"name": name, "prefixes": [f"{prefix}.0/24"], "default": "answer"} for name, prefix in NETWORKS.items()],
    "controls": [{"name": f"c{i}", "network": f"outside{i % 3}", "host": f"198.18.{200 + i}.1"} for i in range(5)],
    "timeline": [
        {"at": f"{BLIP}s", "for": "4s", "networks": ["south"], "effect": "cut"},
        {"at": f"{TOTAL}s", "for": "9s", "all": True, "effect": "cut"},
        *({"at": f"{at}s", "for": "3s", "networks": ["south"], "effect": "cut"} for at in FLAPS),
        {"at": f"{VANTAGE}s", "for": "5s", "vantage": True, "effect": "cut"},
    ],
}
SCENARIO["networks"][2] |= {
    "loss": 0.1,
    "late": {"ratio": 0.05, "delay": "500ms"},
    "duplicated": {"ratio": 0.05, "delay": "2ms"},
}
PROBES = {
    "ping": {"type": "icmp", "interval": "500ms", "timeout": "400ms"},
    "web": {"type": "tcp", "port": 80, "interval": "1s", "timeout": "400ms"},
}
TARGETS = {
    name: {f"{name}.{i}": (f"{prefix}.{i + 1}", ["ping", "web"]) for i in range(4)} for name, prefix in NETWORKS.items()
}
CONTROLS = [
    {"name": f"c{i}", "host": f"198.18.{200 + i}.1", "network": f"outside{i % 3}", "probes": ["ping"]} for i in range(5)
]
# Hours are seconds here.
DETECT = {
    "blip_limit": "5s",
    "relapse": "1s",
    "recovery": "3s",
    "flap_half_life": "1m",
    "unstable_from": 1700,
}
PORTS = {"fra1": 10547, "sin1": 10548}


def start_vantage_point(name, lab, directory, run) -> Daemon:
    config = configuration(TARGETS, PROBES, controls=CONTROLS, port=PORTS[name], detect=DETECT,
                           journal=str(directory / f"{name}.db"))  # fmt: skip
    config["vantage"]["name"] = name
    config["countries"][0]["networks"][0] |= {"asn": 64496, "upstream": "cable"}  # of the others it is not said
    return run(lab.namespace, config, name=name)


@pytest.fixture(scope="module")
def browser(run_for_module, module_directory):
    """Who looks at the whole story, once it is told."""
    lab = Laboratory(SCENARIO, module_directory)
    try:
        daemons = [start_vantage_point(name, lab, module_directory, run_for_module) for name in PORTS]
        for daemon in daemons:
            daemon.wait_listening()
        prometheus = peers.Prometheus(lab.namespace, module_directory / "prometheus", list(PORTS.values()))
        peers.wait_until(lambda: len(prometheus.query("up == 1")) == len(PORTS), 15, "Prometheus has scraped")
        start = time.time()
        time.sleep(max(0.0, lab.started + RELOAD - time.monotonic()))
        for daemon in daemons:
            daemon.reload()
        time.sleep(max(0.0, lab.started + END - time.monotonic()))
        yield Browser(prometheus, start, time.time())
    finally:
        lab.close()


def complaints(browser, board, panel) -> list[str]:
    """What is wrong with the answers that the panel would show."""
    found = []
    for chosen in browser.choices(board, EACH.get(board.uid, set())):
        repeated = board.repeated_by[panel["id"]]
        for one in chosen[repeated] if repeated else [None]:
            scoped = {**chosen, repeated: [one]} if repeated else chosen
            names = []
            for target in panel["targets"]:
                wrong, named = _asked(browser, board, panel, target, scoped)
                found += [f"{target['expr']} with {scoped}: {one}" for one in wrong]
                names += named
            found += [f"two of the name {name}" for name in set(names) if names.count(name) > 1]
    return found


def _asked(browser, board, panel, target, chosen) -> tuple[list[str], list[str]]:
    """What is wrong with one query's answer, and how its series are called."""
    try:
        answer = browser.ask(target, chosen, board.variables)
    except AssertionError as failure:
        return [str(failure)], []
    if not answer:
        return ["an empty answer"], []
    if missing := browser.missing(target, chosen, board.variables):
        return [f"nothing is found by {missing}"], []
    needed = set(_LABEL.findall(target["legendFormat"]))
    for place in panel["fieldConfig"]["defaults"]["links"]:
        needed |= {name.removeprefix("__field.labels.") for name in names_in(place["url"]) if name.startswith("__field.")}
    found = [f"{one.labels} has no finite value" for one in answer if not any(map(math.isfinite, one.values))]
    found += [f"{one.labels} lacks {needed - set(one.labels)}" for one in answer if not needed <= set(one.labels)]
    return found, [_LABEL.sub(lambda m, one=one: one.labels.get(m[1], ""), target["legendFormat"]) for one in answer]


@each_panel
def test_every_query_has_an_answer_of_numbers(browser, board, panel):
    assert complaints(browser, board, panel) == []


@each_panel
def test_a_metric_that_is_not_there_is_told(browser, board, panel):
    broken = copy.deepcopy(panel)
    for target in broken["targets"]:
        target["expr"] = re.sub(r"\b(blipd|up|scrape)(?=[a-z_]*\{)", r"\1_no_such", target["expr"], count=1)
    assert len(complaints(browser, board, broken)) >= len(panel["targets"])


@pytest.mark.parametrize(
    "fault",
    [
        ("blipd_", "blipd_no_such_"),
        ('"partial"', '"partiall"'),  # of one branch of several
        ("[$__", "[$__no_such_"),
        ("$country", "$no_such"),
        ("(", "(("),
    ],
    ids=str,
)
def test_a_query_that_asks_wrongly_is_told(browser, fault):
    board = DASHBOARDS["blipd-country"]
    panel = copy.deepcopy(next(one for one in board.panels if one["type"] == "state-timeline"))
    assert complaints(browser, board, panel) == []
    panel["targets"][0]["expr"] = panel["targets"][0]["expr"].replace(*fault)
    assert complaints(browser, board, panel) != []


def test_a_legend_by_a_label_that_is_not_there_is_told(browser):
    board = DASHBOARDS["blipd-country"]
    panel = copy.deepcopy(board.panels[0])
    panel["targets"][0]["legendFormat"] = "{{no_such}}"
    assert complaints(browser, board, panel) != []


# ------------------------------------------------------------------------------- that it is this story that is told


def shown(browser, uid, title, **chosen):
    """[(labels, values)] of all the panel's queries, with the first of every choice unless given."""
    board = DASHBOARDS[uid]
    panel = next(one for one in board.panels if one["title"] == title)
    choice = next(one for one in browser.choices(board, set(chosen)) if chosen.items() <= one.items())
    return [(one.labels, one.values) for target in panel["targets"] for one in browser.ask(target, choice, board.variables)]


def test_both_vantage_points_show_the_country_as_it_went(browser):
    rows = shown(browser, "blipd-country", "Level, as each vantage point sees it")
    assert {labels["vantage"] for labels, _ in rows} == set(PORTS)
    for _, values in rows:
        assert {0, 1, 5} <= set(values)  # unknown during the vantage fault, normal, total


def test_the_outages_of_the_range_are_counted(browser):
    country = {labels["class"]: values for labels, values in shown(browser, "blipd-country", "Outages in this range")}
    assert country["outage"] == [1]
    networks = {
        (labels["network"], labels["class"]): values[0]
        for labels, values in shown(browser, "blipd-country", "Outages of networks in this range")
    }
    assert networks["north", "outage"] == networks["east", "outage"] == networks["south", "outage"] == 1
    assert networks["south", "blip"] + networks["south", "flap"] >= 2
    assert networks["south", "flap"] >= 1


def test_the_network_that_keeps_falling_is_unstable(browser):
    assert {values[0] for _, values in shown(browser, "blipd-network", "Stability", network="south")} == {1}
    assert {values[0] for _, values in shown(browser, "blipd-network", "Stability", network="north")} == {0}


def test_tiles_come_worst_first(browser):
    for title in ("Networks, worst first", "Networks by vantage point"):
        numbers = [values[0] for _, values in shown(browser, "blipd-country", title)]
        assert len(numbers) >= len(NETWORKS)
        assert numbers == sorted(numbers, reverse=True)


def test_the_vantage_point_is_chosen_by_its_name(browser):
    board = DASHBOARDS["blipd-country"]
    variable = board.variables["instance"]
    options = browser.options(variable, {"job": ["blipd"]}, board.variables)
    assert options == [(name, f"127.0.0.1:{port}") for name, port in sorted(PORTS.items())]


def test_one_chosen_vantage_point_is_shown_alone(browser):
    board = DASHBOARDS["blipd-country"]
    chosen = {**browser.choices(board, set())[0], "instance": [f"127.0.0.1:{PORTS['sin1']}"]}
    answer = browser.ask(board.panels[0]["targets"][0], chosen, board.variables)
    assert [one.labels["vantage"] for one in answer] == ["sin1"]


def test_the_smoke_is_where_the_round_trips_are(browser):
    rows = shown(browser, "blipd-target", "Smoke: round trips of $probe", network="north")
    rising = sorted((float(labels["le"]), sum(values)) for labels, values in rows)
    below = dict(rising)
    assert below[0.02] == 0  # nearer than the country is
    assert below[0.05] > 0.5 * below[math.inf] > 0  # the rest is for a busy machine


# --------------------------------------------------------------------------------------------------- annotations


@pytest.mark.parametrize("board, annotation", ANNOTATIONS, ids=lambda value: getattr(value, "uid", None) or value["name"])
def test_every_annotation_marks_something(browser, board, annotation):
    marks = []
    for chosen in browser.choices(board, set()):
        marks += browser.events(annotation, chosen, board.variables)
    assert marks
    for first, last, labels in marks:
        assert browser.start - 60 < first <= last <= browser.end + 60, "in seconds, where Grafana takes milliseconds"
        for template in (annotation["titleFormat"], annotation["textFormat"]):
            assert set(_LABEL.findall(template)) - {"network"} <= set(labels)


def test_annotations_stand_where_it_happened(browser):
    board = DASHBOARDS["blipd-country"]
    (chosen,) = browser.choices(board, set())
    by_name = {one["name"]: browser.events(one, chosen, board.variables) for one in board.annotations}
    began = browser.end - END
    total = [first for first, _, labels in by_name["Outages begin"] if "network" not in labels]
    assert total and all(abs(first - began - TOTAL) < 3 for first in total)
    assert any(abs(first - began - BLIP) < 3 for first, _, labels in by_name["Outages begin"] if labels.get("network") == "south")
    assert all(VANTAGE - 1 <= first - began <= END for first, _, _ in by_name["Vantage faults"])
    assert any(abs(first - began - RELOAD) < 3 for first, _, _ in by_name["Reloads"])
