"""Panels that more than one dashboard has."""

from .dashboard import VANTAGE, by_name
from .panels import fixed, lines, now, panel, query, styled, tiles, timeline
from .states import (GREEN, GREY, ORANGE, PURPLE, RED, YELLOW, mappings, number_now, steps, thresholds, words_for,
                     worst_number)  # fmt: skip

NO_BLIPD = "no blipd was scraped in this range"
PENALTY_STEPS = steps(GREEN, {750: YELLOW, 2500: RED})
VANTAGE_STEPS = steps(PURPLE, {1: GREEN})
VANTAGE_WORDS = words_for({0: ("FAULT OF OURS", PURPLE), 1: ("fine", GREEN)}) + [
    {"type": "special", "options": {"match": "nan", "result": {"text": "not known", "color": GREY, "index": 2}}}
]


def state_tile(scope: str, selector: str, title: str, description: str, **rest) -> dict:
    return tiles(title, description, [now(by_name(number_now(scope, selector)), "{{vantage}}")], unit="none",
                 mappings=mappings(scope), thresholds=thresholds(), none=NO_BLIPD, **rest)  # fmt: skip


def state_timeline(scope: str, selector: str, title: str, description: str, **rest) -> dict:
    queries = [query(by_name(worst_number(scope, selector)), "{{vantage}}")]
    return timeline(title, description, queries, mappings=mappings(scope), thresholds=thresholds(), none=NO_BLIPD, **rest)


def reachable_tile(what: str, selector: str, **rest) -> dict:
    reachable, usual = (f"blipd_{what}_{kind}reachable_ratio{{{selector}}}" for kind in ("", "usual_"))
    return tiles(
        "Reachable, of usual",
        f"Reachable ratio of the {what} divided by what it usually is; the bare ratio until that is learned. Orange below 80 %, "
        f"from where a country is partly out; yellow below 85 %, up to where that lasts. "
        f"blipd_{what}_reachable_ratio, blipd_{what}_usual_reachable_ratio.",
        [now(by_name(f"{reachable} / ({usual} > 0) or {reachable}"), "{{vantage}}")],
        unit="percentunit", decimals=0, low=0, none=NO_BLIPD,
        thresholds=steps(ORANGE, {0.8: YELLOW, 0.85: GREEN}), **rest,
    )  # fmt: skip


def reachable_lines(what: str, selector: str, meaning: str, **rest) -> dict:
    return lines(
        "Reachable ratio and what is usual",
        f"{meaning} The thin grey line is what it usually is, learned in calm times and absent until then. "
        f"blipd_{what}_reachable_ratio, blipd_{what}_usual_reachable_ratio.",
        [
            query(by_name(f"blipd_{what}_reachable_ratio{{{selector}}}"), "{{vantage}}"),
            query(by_name(f"blipd_{what}_usual_reachable_ratio{{{selector}}}"), "{{vantage}}: usual"),
        ],
        unit="percentunit", decimals=0, low=0, high=1, none=NO_BLIPD,
        overrides=[styled(": usual$", color=fixed(GREY))], **rest,
    )  # fmt: skip


def open_outage_tile(selector: str, **rest) -> dict:
    return tiles(
        "Open outage since",
        "When the outage began that has not ended yet. blipd_outage_start_timestamp_seconds; 0 is shown as none.",
        [now(by_name(f"1000 * blipd_outage_start_timestamp_seconds{{{selector}}}"), "{{vantage}}")],
        unit="dateTimeFromNow", mappings=words_for({0: ("none", GREEN)}), thresholds=steps(GREEN, {1: RED}), none=NO_BLIPD,
        **rest,
    )  # fmt: skip


def stability_tile(what: str, selector: str, **rest) -> dict:
    return tiles(
        "Stability",
        f"UNSTABLE while the {what} goes down more often than is usual there: outages then are no isolated blips. "
        f"blipd_{what}_unstable.",
        [now(by_name(f"blipd_{what}_unstable{{{selector}}}"), "{{vantage}}")],
        unit="none", mappings=words_for({0: ("steady", GREEN), 1: ("UNSTABLE", ORANGE)}),
        thresholds=steps(GREEN, {1: ORANGE}), none=NO_BLIPD, **rest,
    )  # fmt: skip


def usual_flaps_tile(what: str, selector: str, **rest) -> dict:
    return tiles(
        "Usually down, times a day",
        f"How often a day the {what} usually goes down, from 28 days of calm watching; half a time a day where nothing is "
        f"known yet. blipd_{what}_usual_flaps_per_day.",
        [now(by_name(f"blipd_{what}_usual_flaps_per_day{{{selector}}}"), "{{vantage}}")],
        unit="short", decimals=2, thresholds=steps(GREY, {}), none=NO_BLIPD, **rest,
    )  # fmt: skip


def outage_tiles(selector: str, **rest) -> list:
    """How many, and how long, in the range."""
    meaning = (
        "A blip is shorter than the configured blip_limit, a flap is a blip during an instability. An outage counts once it is "
        "long enough to be one, a blip a minute after its end. The most that any chosen vantage point saw. "
    )

    def inside(metric):
        return f"max by (class) (increase({metric}{{{selector}}}[$__range]))"

    return [
        tiles(
            "Outages in this range", meaning + "blipd_outages_total.",
            [now(f"round({inside('blipd_outages_total')})", "{{class}}")],
            unit="short", decimals=0, thresholds=steps(GREEN, {1: YELLOW}), none=NO_BLIPD, **rest,
        ),
        tiles(
            "Time out in this range", meaning + "blipd_outage_seconds_total.",
            [now(inside("blipd_outage_seconds_total"), "{{class}}")],
            unit="dtdurations", decimals=0, thresholds=steps(GREEN, {1: YELLOW}), none=NO_BLIPD, **rest,
        ),
    ]  # fmt: skip


def vantage_tile(**rest) -> dict:
    return tiles(
        "Vantage point",
        "Fine while enough of the controls, hosts outside every watched country, answer. At a fault of ours nothing is said of "
        "the country; not known without controls. blipd_vantage_ok.",
        [now(by_name(f"blipd_vantage_ok{{{VANTAGE}}}"), "{{vantage}}")],
        unit="none", mappings=VANTAGE_WORDS, thresholds=VANTAGE_STEPS, none=NO_BLIPD, **rest,
    )  # fmt: skip


def vantage_timeline(**rest) -> dict:
    ok = f"blipd_vantage_ok{{{VANTAGE}}}"
    return timeline(
        "Vantage points over time",
        "While a vantage point is at fault its states read unknown, and what is open stays open. The worst within each step. "
        "blipd_vantage_ok.",
        [query(by_name(f"min_over_time({ok}[$__interval])"), "{{vantage}}")],
        mappings=VANTAGE_WORDS, thresholds=VANTAGE_STEPS, none=NO_BLIPD, **rest,
    )  # fmt: skip


def control_lines(**rest) -> dict:
    return lines(
        "Controls that answer",
        "Share of controls that answered their last probe. Below the configured control_quorum, one half unless changed, the "
        "fault is ours. blipd_vantage_control_answer_ratio.",
        [query(by_name(f"blipd_vantage_control_answer_ratio{{{VANTAGE}}}"), "{{vantage}}")],
        unit="percentunit", decimals=0, low=0, high=1, thresholds=steps(PURPLE, {0.5: GREEN}), threshold_lines=True,
        none="no controls are configured", **rest,
    )  # fmt: skip


def bars_by_name(title, description, expr, legend, **rest) -> dict:
    options = {
        "displayMode": "basic",
        "minVizHeight": 10,
        "minVizWidth": 0,
        "orientation": "horizontal",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showUnfilled": True,
        "text": {},
    }
    return panel("bargauge", title, description, [now(expr, legend)], options=options, **rest)
