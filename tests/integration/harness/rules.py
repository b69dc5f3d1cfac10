"""Stories for `promtool test rules`: what blipd exports over time, written down by what happens, and when alerts fire.

Time goes in ticks of 15 s, the default interval of scrapes and evaluations. A story begins at 0 with all well.
"""

import json
import pathlib
import subprocess

import yaml

from . import settings

TICK = 15
RULES = settings.ROOT / "config" / "prometheus" / "rules"
RULE_FILES = sorted(RULES.glob("*.yml"))
EXTERNAL = {"blipd_docs": "https://docs.example", "blipd_dashboards": "https://grafana.example"}

LEVELS = ("normal", "degraded", "partial", "total", "recovering", "unknown")
STATES = ("normal", "degraded", "partial", "outage", "recovering", "unknown")
FOUND, SUSTAINED = 10, 60  # seconds from a cut until it is found, and until it is known to be sustained
RECOVERY, RELAPSE, LONG = 600, 60, 300  # detect.recovery, relapse, blip_limit


def alert_names() -> list[str]:
    """Of all alerts, each once."""
    names = []
    for file in RULE_FILES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            names += [rule["alert"] for rule in group["rules"] if "alert" in rule]
    return sorted(names)


def within(spans, t) -> bool:
    """Spans are half-open: from, until."""
    return any(start <= t < end for start, end in spans)


class Outage:
    """A cut from `start` to `end` as blipd tells of it, of a network or a whole country."""

    def __init__(self, start, end, sustained_after=SUSTAINED):
        self.start, self.end, self.sustained_after = start, end, sustained_after

    def is_known(self, t) -> bool:
        return self.start + FOUND <= t < self.end + FOUND

    def is_held(self, t, patience) -> bool:
        """Open, or ended so lately that a relapse would continue it."""
        return self.start + FOUND <= t < self.end + FOUND + patience

    def is_sustained(self, t, is_of_network: bool) -> bool:
        patience = RECOVERY if self.end - self.start >= LONG and not is_of_network else RELAPSE
        return self.is_held(t, patience) and self.end - self.start >= self.sustained_after and t >= self.start + self.sustained_after

    def is_recovering(self, t) -> bool:
        return self.is_held(t, RECOVERY) and not self.is_known(t) and self.end - self.start >= LONG


class Blipd:
    """One instance. Spans of seconds: `faults` of the vantage point, `away` when it cannot be scraped, `fresh` after a
    start, when it knows nothing yet. `series`: more of them, as {name{labels}: function of time, or a value}; None is no
    sample."""

    def __init__(self, vantage, networks=("north", "south"), outages=(), network_outages=None, *, job="blipd", country="KP",
                 faults=(), away=(), fresh=(), shard=False, has_controls=True, series=None, weights=None):
        self.vantage, self.networks, self.country, self.job = vantage, networks, country, job
        self.outages, self.network_outages = list(outages), dict(network_outages or {})
        self.faults, self.away, self.fresh, self.shard, self.has_controls = faults, away, fresh, shard, has_controls
        self.weights = weights or {}
        self.more = dict(series or {})
        self.instance = f"{vantage}{'-' + networks[0] if shard else ''}:10547"

    def of_network(self, name) -> list[Outage]:
        return self.network_outages.get(name) or self.outages

    def is_blind(self, t) -> bool:
        return within(self.faults, t) or within(self.fresh, t)

    @staticmethod
    def word(outages, t, out, else_well="normal") -> str:
        if any(o.is_known(t) for o in outages):
            return out
        return "recovering" if any(o.is_recovering(t) for o in outages) else else_well

    def samples(self, t) -> dict:
        """{series: value} of one scrape."""
        values = {}

        def put(name, value, /, **labels):
            inner = ",".join(f'{key}="{text}"' for key, text in labels.items() if text)
            values[f"{name}{{{inner}}}" if inner else name] = value

        place = {"country": self.country}
        is_blind, knows_sustained = self.is_blind(t), not within(self.fresh, t)
        put("blipd_vantage_info", 1, vantage=self.vantage)
        put("blipd_vantage_ok", (0 if within(self.faults, t) else 1) if self.has_controls else "NaN")
        put("blipd_vantage_fault_start_timestamp_seconds", next((s for s, e in self.faults if s <= t < e), 0))
        put("blipd_sustained_seconds", SUSTAINED)
        put("blipd_snapshot_timestamp_seconds", t)
        put("blipd_country_info", 1, **place, name="North Korea")
        country = [] if self.shard else self.outages
        level = "unknown" if is_blind or self.shard else self.word(country, t, "total")
        for each in LEVELS:
            put("blipd_country_level", int(each == level), **place, level=each)
        if self.shard:
            put("blipd_country_split", 1, **place)
        put("blipd_country_unstable", 0, **place)
        for name, outages, labels in [("", country, place)] + [(n, self.of_network(n), {**place, "network": n}) for n in self.networks]:
            is_open = [o for o in outages if o.is_known(t)]
            put("blipd_outage_start_timestamp_seconds", is_open[0].start if is_open else 0, **labels)
            put("blipd_outage_sustained", int(knows_sustained and any(o.is_sustained(t, bool(name)) for o in outages)), **labels)
            put("blipd_outage_shape", int(bool(is_open)), **labels, shape="abrupt")
            put("blipd_outage_shape", int(not is_open), **labels, shape="none")
            put("blipd_outage_fall_seconds", 2 if is_open else "NaN", **labels)
            if not name:
                continue
            state = "unknown" if is_blind else self.word(outages, t, "outage")
            for each in STATES:
                put("blipd_network_state", int(each == state), **labels, state=each)
            put("blipd_network_weight", self.weights.get(name, 1), **labels)
            put("blipd_network_unstable", 0, **labels)
        for name, value in self.more.items():
            value = value(t) if callable(value) else value
            values[name] = value
        return {key: value for key, value in values.items() if value is not None}

    def input_series(self, end) -> list[dict]:
        rows: dict[str, dict[int, object]] = {}
        ticks = range(0, end + TICK, TICK)
        for t in ticks:
            scraped = {} if within(self.away, t) else self.samples(t)
            scraped = {self._labelled(key): value for key, value in scraped.items()}
            scraped[self._labelled("up")] = 0 if within(self.away, t) else 1
            for key in rows.keys() | scraped.keys():
                # What a scrape no longer has is marked stale.
                rows.setdefault(key, {})[t] = scraped.get(key, "stale")
        return [{"series": key, "values": _values([row.get(t, "_") for t in ticks])} for key, row in rows.items()]

    def _labelled(self, key) -> str:
        mine = f'job="{self.job}",instance="{self.instance}"'
        return f"{key[:-1]},{mine}}}" if key.endswith("}") else f"{key}{{{mine}}}"


def _values(values) -> str:
    """In promtool's notation; runs are written as one."""
    words, i = [], 0
    while i < len(values):
        run = next((j for j in range(i, len(values)) if values[j] != values[i]), len(values)) - i
        value = values[i]
        if value == "_":
            words.append(f"_x{run}")
        elif value in ("stale", "NaN") or run == 1:
            words += [str(value)] * run
        else:
            words.append(f"{value}x{run - 1}")
        i += run
    return " ".join(words)


class Story:
    """What some instances export until `end`, and what must come of it."""

    def __init__(self, name, instances, end, restarts_of_prometheus=()):
        """While Prometheus is away there are neither samples nor evaluations worth counting on: gaps, not stale marks."""
        self.name, self.end = name, end
        self.instances, self.restarts = list(instances), restarts_of_prometheus
        self.tests = []
        self.texts = []

    def fires(self, alert, *spans, **labels):
        """It fires exactly in these spans, with exactly one alert whose labels include these."""
        selector = ",".join(f'{key}="{value}"' for key, value in {"alertname": alert, "alertstate": "firing", **labels}.items())
        for t in range(0, self.end + 1, TICK):
            expected = [{"labels": "{}", "value": 1}] if within(spans, t) else []
            self.tests.append({"expr": f"count(ALERTS{{{selector}}})", "eval_time": f"{t}s", "exp_samples": expected})
        return self

    def only(self, *alerts):
        """Nothing but these ever fires."""
        others = f'ALERTS{{alertstate="firing",alertname!~"{"|".join(alerts) or "none"}"}}'
        for t in range(0, self.end + 1, TICK):
            self.tests.append({"expr": others, "eval_time": f"{t}s", "exp_samples": []})
        return self

    def says(self, alert, t, labels, annotations):
        self.texts.append({"eval_time": f"{t}s", "alertname": alert,
                           "exp_alerts": [{"exp_labels": labels, "exp_annotations": annotations}]})  # fmt: skip
        return self

    def as_test(self) -> dict:
        series = [row for instance in self.instances for row in instance.input_series(self.end)]
        if self.restarts:
            series = [{**row, "values": _with_gaps(row["values"], self.restarts)} for row in series]
        return {"name": self.name, "interval": f"{TICK}s", "external_labels": EXTERNAL, "input_series": series,
                "promql_expr_test": self.tests, "alert_rule_test": self.texts}  # fmt: skip


def _with_gaps(values, spans) -> str:
    flat = []
    for word in values.split():
        value, _, run = word.rpartition("x")
        if word == "stale" or not run.isdigit() or not value:
            flat.append(word)
        else:
            flat += [value] * (int(run) + (value != "_"))
    return _values(["_" if within(spans, i * TICK) else value for i, value in enumerate(flat)])


def promtool(story: Story, directory: pathlib.Path, rule_files=None) -> str:
    """Empty when all is as the story says, else what promtool has to say."""
    file = directory / "story.yml"
    file.write_text(json.dumps({  # which is YAML, and written much sooner
        "rule_files": [str(path) for path in rule_files or RULE_FILES], "evaluation_interval": f"{TICK}s",
        "group_eval_order": ["blipd_verdicts", "blipd_outages", "blipd_targets", "blipd_vantage", "blipd_measurement"],
        "tests": [story.as_test()],
    }))  # fmt: skip
    done = subprocess.run(settings.computing(settings.peer("promtool"), "test", "rules", file), capture_output=True, text=True, timeout=120,
                          check=False)  # fmt: skip
    return "" if done.returncode == 0 else f"{story.name}:\n{done.stdout[-6000:]}{done.stderr[-2000:]}"


# What most stories are made of.

CUT, BACK = 600, 1800
PAGED, OVER = CUT + 60, BACK + 10 + 605  # sustained; back and steady for detect.recovery, to the tick
NETWORK_OVER = BACK + 10 + 65  # detect.relapse
OUTAGE = Outage(CUT, BACK)
WELL = None


def three(*outages, **of_each):
    """Vantage points a, b and c, with an outage (or none) each; keywords by name: more about one."""
    return [
        Blipd(name, outages=[outage] if outage else [], **of_each.get(name, {}))
        for name, outage in zip("abc", outages or [OUTAGE] * 3)
    ]


def length(spans, end):
    """Until a little after the last thing that is expected."""
    return end or max([2000, *(until + 120 for _, until in spans if until < 9000)])
