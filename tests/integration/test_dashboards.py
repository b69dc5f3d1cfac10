"""The dashboards as files: what can be said of them without asking anybody. test_grafana.py asks."""

import re
import subprocess
import sys
import urllib.parse

import pytest
import yaml
from harness.grafana import BUILT_IN, DASHBOARDS, FOLDER, PANELS, each_panel, names_in

each_dashboard = pytest.mark.parametrize("board", DASHBOARDS.values(), ids=DASHBOARDS)


def test_the_files_are_what_their_source_makes():
    command = [sys.executable, str(FOLDER / "write_dashboards.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@each_panel
def test_a_panel_says_what_it_means_and_in_what_unit(board, panel):
    defaults = panel["fieldConfig"]["defaults"]
    assert len(panel["description"]) > 20
    assert defaults["unit"]
    assert defaults["noValue"]
    assert panel["datasource"]["uid"] == "${datasource}"
    for target in panel["targets"]:
        assert target["datasource"]["uid"] == "${datasource}"
        for metric in re.findall(r"\b(?:blipd_[a-z_]+|up|scrape_[a-z_]+)\b(?=\{)", target["expr"]):
            if metric != "blipd_vantage_info":
                family = re.sub(r"_answers_[a-z]+_total", "_answers_*_total", metric)
                assert metric in panel["description"] or family in panel["description"], f"{metric}: where it comes from"


@each_panel
def test_a_state_has_words_a_colour_and_thresholds(board, panel):
    defaults = panel["fieldConfig"]["defaults"]
    if panel["type"] == "state-timeline":
        assert defaults["mappings"]
    texts = []
    for mapping in defaults["mappings"]:
        results = mapping["options"].values() if mapping["type"] == "value" else [mapping["options"]["result"]]
        texts += [(one["text"], one["color"]) for one in results]
    assert len({text for text, _ in texts}) == len({colour for _, colour in texts}) == len(texts)
    if texts and defaults["color"]["mode"] == "thresholds":
        assert len(defaults["thresholds"]["steps"]) >= 2
    values = [step["value"] for step in defaults["thresholds"]["steps"]]
    assert values[0] is None and values[1:] == sorted(values[1:])


@each_dashboard
def test_panels_have_numbers_of_their_own_and_do_not_overlap(board):
    panels = board.model["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = {}
    for panel in panels:
        place = panel["gridPos"]
        assert place["w"] >= 1 and place["x"] >= 0 and place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies over {taken[x, y]}"
                taken[x, y] = panel["title"]
    assert len({(panel["title"]) for panel in panels}) == len(panels)
    for panel in board.panels:
        ids = [target["refId"] for target in panel["targets"]]
        assert len(set(ids)) == len(ids) > 0


@each_dashboard
def test_every_variable_that_is_used_is_defined_and_the_other_way_round(board):
    used, known = set(), set()
    for variable in board.model["templating"]["list"]:
        assert variable["name"] not in known
        if variable["type"] == "query":
            assert variable["query"]["query"] == variable["definition"]
            needed = {name for name in names_in(variable["definition"]) if name not in BUILT_IN}
            assert needed <= known, f"{variable['name']} comes before what it depends on"
            used |= needed
        known.add(variable["name"])
    for panel in board.model["panels"]:
        texts = [panel["title"], panel.get("description", ""), *(one["expr"] for one in panel.get("targets", []))]
        texts += [one["url"] + one["title"] for one in panel.get("fieldConfig", {}).get("defaults", {}).get("links", [])]
        used |= set().union(*map(names_in, texts)) | ({panel["repeat"]} if "repeat" in panel else set())
    used |= set().union(*(names_in(one["expr"]) for one in board.annotations))
    used = {name for name in used if name not in BUILT_IN and not name.startswith("__field.labels.")}
    assert used | {"datasource"} == known


def links():
    for board, panel in PANELS:
        for link in panel["fieldConfig"]["defaults"]["links"]:
            yield board, panel, link


def test_every_link_leads_to_a_dashboard_with_the_variables_that_it_passes():
    seen = set()
    for board, panel, link in links():
        where, _, query = link["url"].partition("?")
        match = re.fullmatch(r"/d/([\w-]+)/[\w-]+", where)
        assert match and match[1] in DASHBOARDS, link["url"]
        goal = DASHBOARDS[match[1]]
        seen.add((board.uid, goal.uid))
        parts = query.split("&")
        assert "${__url_time_range}" in parts
        passed = {match[1] for part in parts if (match := re.fullmatch(r"\$\{(\w+):queryparam\}", part))}
        assert passed <= set(board.variables), f"{panel['title']} passes what it does not have"
        passed |= {name.removeprefix("var-") for name, _ in urllib.parse.parse_qsl(query) if name.startswith("var-")}
        assert passed <= set(goal.variables), f"{panel['title']} passes what {goal.uid} does not have"
        single = {name for name, one in goal.variables.items() if one["type"] == "query" and not one["multi"]}
        assert single <= passed, f"{panel['title']} leaves open which {single - passed}"
    assert {("blipd-country", "blipd-network"), ("blipd-network", "blipd-target")} <= seen


def test_the_menu_leads_to_all_dashboards_with_variables_and_time():
    assert set(DASHBOARDS) == {"blipd-country", "blipd-network", "blipd-target", "blipd-health"}
    for board in DASHBOARDS.values():
        (menu,) = board.model["links"]
        assert (menu["type"], menu["includeVars"], menu["keepTime"]) == ("dashboards", True, True)
        assert set(menu["tags"]) <= set.intersection(*(set(one.model["tags"]) for one in DASHBOARDS.values()))
        # One name means one thing in all dashboards, so the menu may pass it on.
        for other in DASHBOARDS.values():
            for name in set(board.variables) & set(other.variables):
                assert board.variables[name] == other.variables[name]


def test_nothing_but_the_data_source_is_asked():
    for board in DASHBOARDS.values():
        assert not re.search(r"\w+://", board.path.read_text())
        assert {panel["type"] for panel in board.panels} <= {"stat", "state-timeline", "timeseries", "heatmap", "bargauge"}


def test_provisioning_is_as_grafana_reads_it():
    (source,) = (FOLDER / "provisioning" / "datasources").glob("*.yaml")
    (provider,) = (FOLDER / "provisioning" / "dashboards").glob("*.yaml")
    sources, providers = (yaml.safe_load(path.read_text()) for path in (source, provider))
    assert sources["apiVersion"] == providers["apiVersion"] == 1
    (one,) = sources["datasources"]
    assert (one["type"], one["access"]) == ("prometheus", "proxy")
    (other,) = providers["providers"]
    assert other["type"] == "file" and other["options"]["path"].startswith("/")
