"""What every dashboard of blipd has: variables, links to the others, annotations."""

from .panels import DATASOURCE, placed
from .states import BLUE, GREY, PURPLE, RED

VANTAGE = 'job=~"$job", instance=~"$instance"'  # what limits every query to the chosen vantage points
COUNTRY = VANTAGE + ', country="$country"'
NETWORK = COUNTRY + ', network="$network"'
TARGET = NETWORK + ', target="$target"'
CHANNEL = TARGET + ', probe=~"$probe"'

TAG = "blipd"
UIDS = {name: f"blipd-{name}" for name in ("country", "network", "target", "health")}
SCHEMA_VERSION = 36  # that of Grafana 9.0; later ones bring it up to theirs as they read it


def by_name(expr: str) -> str:
    """With the vantage point's configured name as label `vantage`."""
    return f"({expr}) * on (job, instance) group_left (vantage) blipd_vantage_info{{{VANTAGE}}}"


# ----------------------------------------------------------------------------------------------------- variables


def _chosen(name, label, query, *, several=False, regex="", description=""):
    return {
        "type": "query",
        "name": name,
        "label": label,
        "description": description,
        "datasource": DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": "StandardVariableQuery"},
        "regex": regex,
        "refresh": 2,  # whenever the range of time changes
        "sort": 5,  # by name, without regard to case
        "multi": several,
        "includeAll": several,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]} if several else {},
        "options": [],
        "hide": 0,
        "skipUrlSync": False,
    }


def _values(name, label, metric, selector, *, of=None, several=False, description=""):
    query = f"label_values({metric}{{{selector}}}, {of or name})"
    return _chosen(name, label, query, several=several, description=description)


_VARIABLES = (
    {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "description": "The Prometheus that scrapes blipd.",
        "query": "prometheus",
        "regex": "",
        "refresh": 1,
        "multi": False,
        "includeAll": False,
        "current": {},
        "options": [],
        "hide": 0,
        "skipUrlSync": False,
    },
    _chosen("job", "Job", "label_values(blipd_build_info, job)", several=True, description="Scrape job of blipd."),
    _chosen(
        "instance", "Vantage point", "query_result(last_over_time(blipd_vantage_info{job=~\"$job\"}[$__range]))", several=True,
        regex='/vantage="(?<text>[^"]+)|instance="(?<value>[^"]+)/g',
        description="Shown by its configured name; the value is the scraped address.",
    ),
    _values("country", "Country", "blipd_country_level", VANTAGE),
    _values("network", "Network", "blipd_network_state", COUNTRY),
    _values("target", "Target", "blipd_target_state", NETWORK),
    _values("probe", "Probe", "blipd_probes_sent_total", TARGET, several=True, description="Ways in which it is asked."),
)  # fmt: skip


#: Of the network's targets those that are shown. Not called `target`, which is one target wherever it occurs.
SHOWN_TARGETS = _values(
    "shown", "Targets shown", "blipd_target_state", NETWORK, of="target", several=True,
    description="Limits the panels by target.",
)  # fmt: skip

_WINDOWS = ("1m", "5m", "15m", "1h")
WINDOW = {
    "type": "custom",
    "name": "window",
    "label": "Window",
    "description": "Sliding window of the medians and percentiles.",
    "query": ",".join(_WINDOWS),
    "multi": False,
    "includeAll": False,
    "current": {"selected": True, "text": "1m", "value": "1m"},
    "options": [{"text": one, "value": one, "selected": one == "1m"} for one in _WINDOWS],
    "hide": 0,
    "skipUrlSync": False,
}


def _variables_down_to(last: str) -> list:
    names = [one["name"] for one in _VARIABLES]
    return list(_VARIABLES[: names.index(last) + 1])


# --------------------------------------------------------------------------------------------------------- links


def link(title: str, to: str, keep: tuple, from_series: tuple = ()) -> dict:
    """A data link. Carries the time, the variables in `keep` as they are, and others from the series' labels."""
    parts = [f"${{{name}:queryparam}}" for name in ("datasource", "job", "instance", *keep)]
    parts += [f"var-{name}=${{__field.labels.{name}}}" for name in from_series]
    return {"title": title, "url": f"/d/{UIDS[to]}/{UIDS[to]}?" + "&".join([*parts, "${__url_time_range}"]),
            "targetBlank": False}  # fmt: skip


def _menu() -> list:
    return [
        {
            "type": "dashboards",
            "title": "blipd",
            "tags": [TAG],
            "asDropdown": False,
            "includeVars": True,
            "keepTime": True,
            "targetBlank": False,
            "icon": "external link",
            "tooltip": "The other dashboards, with the same variables and range of time",
            "url": "",
        }
    ]


# --------------------------------------------------------------------------------------------------- annotations

STEP = "10s"  # of annotation queries; what lies no further apart is drawn as one


def _annotation(name, colour, expr, title, text, tags, *, value_is_time=False, shown=True):
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": shown,
        "hide": False,
        "iconColor": colour,
        "expr": expr,
        "step": STEP,
        "titleFormat": title,
        "textFormat": text,
        "tagKeys": tags,
        "useValueForTime": value_is_time,
    }


def _when(metric: str, selector: str) -> str:
    """A metric that is a time, in milliseconds, which are Grafana's; 0 is no time."""
    return f"1000 * (max_over_time({metric}{{{selector}}}[$__interval]) > 0)"


def _annotations(outages: str | None) -> list:
    """`outages`: selector of whose outages are marked."""
    found = []
    if outages:
        found.append(
            _annotation(
                "Outages begin", RED, _when("blipd_outage_start_timestamp_seconds", outages), "Outage begins",
                "{{country}} {{network}}, seen from {{instance}}", "country,network,instance", value_is_time=True,
            )
        )  # fmt: skip
    ok = f"blipd_vantage_ok{{{VANTAGE}}}"
    found += [
        _annotation(
            "Vantage faults", PURPLE, f"(1 - min_over_time({ok}[$__interval])) or ({ok} == bool 0)", "Vantage fault",
            "The controls do not answer {{instance}}: the fault is ours, and nothing is judged.", "instance",
        ),
        _annotation(
            "Restarts", GREY, _when("blipd_start_timestamp_seconds", VANTAGE), "blipd started", "{{instance}}",
            "instance", value_is_time=True,
        ),
        _annotation(
            "Reloads", BLUE, _when("blipd_config_last_reload_success_timestamp_seconds", VANTAGE),
            "Configuration loaded", "{{instance}}", "instance", value_is_time=True,
        ),
    ]  # fmt: skip
    return found


# ----------------------------------------------------------------------------------------------------- dashboard


def dashboard(name, title, description, panels, *, last_variable, more_variables=(), outages=None) -> dict:
    return {
        "uid": UIDS[name],
        "title": title,
        "description": description,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,  # one crosshair for all panels
        "style": "dark",
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "timepicker": {},
        "fiscalYearStartMonth": 0,
        "weekStart": "",
        "links": _menu(),
        "annotations": {"list": _annotations(outages)},
        "templating": {"list": [*_variables_down_to(last_variable), *more_variables]},
        "panels": placed(panels),
    }
