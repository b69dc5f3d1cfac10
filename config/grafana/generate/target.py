"""The dashboard of a target, with the round trips of each way in which it is asked."""

from .common import NO_BLIPD, state_tile, state_timeline
from .dashboard import CHANNEL, NETWORK, TARGET, WINDOW, by_name, dashboard, link
from .panels import fixed, heatmap, lines, now, query, row, styled, tiles
from .states import BLUE, DARK_BLUE, GREEN, GREY, ORANGE, PURPLE, RED, YELLOW, steps, words_for

TO_NETWORK = link("Network", "network", ("country", "network"))
QUANTILES = {"median": "0.5", "p90": "0.9", "p99": "0.99", "max": "1"}
PECULIAR = ("late", "duplicate", "differing", "reordered", "unexpected")


def _channels(metric: str, more: str = "") -> str:
    return by_name(f"{metric}{{{CHANNEL}{more}}}")


def _now() -> list:
    return [
        row("Now"),
        state_tile("target", TARGET, "State",
                   "Up when the latest probe of any kind was answered, DOWN after two failures in a row on every probe that has "
                   "a vote. A click leads to the network. blipd_target_state.",
                   links=[TO_NETWORK], width=5, height=5),
        tiles("Host", "The address or name that is asked. blipd_target_info.",
              [now(f"max by (host) (blipd_target_info{{{TARGET}}})", "{{host}}")],
              show="name", unit="none", thresholds=steps(GREY, {}), none=NO_BLIPD, width=4, height=5),
        tiles("Last answer", "When the last answer was settled. blipd_probe_last_answer_timestamp_seconds.",
              [now("1000 * " + _channels("blipd_probe_last_answer_timestamp_seconds"), "{{vantage}}: {{probe}}")],
              unit="dateTimeFromNow", mappings=words_for({0: ("never", GREY)}), thresholds=steps(GREY, {1: BLUE}),
              none=NO_BLIPD, width=5, height=5),
        tiles("Loss, 5 minutes", "Share of the settled probes that were lost. blipd_window_loss_ratio.",
              [now(_channels("blipd_window_loss_ratio", ', window="5m"'), "{{vantage}}: {{probe}}")],
              unit="percentunit", decimals=1, low=0, high=1, thresholds=steps(GREEN, {0.05: YELLOW, 0.2: ORANGE, 0.9: RED}),
              none=NO_BLIPD, width=5, height=5),
        tiles("Vote", "A probe that usually answers too seldom has no vote in judging. blipd_channel_has_vote.",
              [now(_channels("blipd_channel_has_vote"), "{{vantage}}: {{probe}}")],
              unit="none", mappings=words_for({0: ("NO VOTE", GREY), 1: ("counts", GREEN)}),
              thresholds=steps(GREY, {1: GREEN}), none=NO_BLIPD, width=5, height=5),
        state_timeline("target", TARGET, "State, as each vantage point sees it",
                       "The state of the target over time; within each step the worst. blipd_target_state.",
                       width=24, height=5),
    ]  # fmt: skip


def _round_trips() -> list:
    """A row that Grafana repeats for each chosen probe."""
    return [
        {**row("Round trips: $probe"), "repeat": "probe"},
        heatmap("Smoke: round trips of $probe",
                "How many round trips fell into each bucket, of all chosen vantage points; the scale says which colour is how "
                "many. Rows are the probe's rtt_buckets, equally high however wide, so the axis is about logarithmic. A thin "
                "line is a steady path, a cloud above it jitter or queues, a step another path, a gap nothing heard. "
                "blipd_probe_rtt_seconds_bucket.",
                f"sum by (le) (increase(blipd_probe_rtt_seconds_bucket{{{CHANNEL}}}[$__rate_interval]))",
                none="no round trips in this range", width=12, height=10),
        lines("Median, percentiles and largest of $probe, window $window",
              "Of the round trips in the sliding window. The largest is exact, as spikes matter; all are absent while nothing "
              "answers. blipd_window_rtt_seconds.",
              [query(_channels("blipd_window_rtt_seconds", f', window="$window", quantile="{quantile}"'),
                     f"{{{{vantage}}}}: {name}") for name, quantile in QUANTILES.items()],
              unit="s", logarithmic=True, none="nothing answered in this range",
              overrides=[styled(": median$", custom__lineWidth=3), styled(": max$", custom__lineStyle={
                  "fill": "dash", "dash": [4, 4]})],
              width=12, height=10),
    ]  # fmt: skip


def _outcomes() -> list:
    def rate(metric, by=""):
        return f"sum{by} (rate({metric}{{{CHANNEL}}}[$__rate_interval]))"

    def more(metric, by=""):
        return f"sum{by} (increase({metric}{{{CHANNEL}}}[$__rate_interval]))"

    colours = {"answered": GREEN, "lost: timeout": RED, "lost: unreachable": ORANGE, "aborted: vantage_fault": PURPLE,
               "aborted: overrun": YELLOW, "aborted: clock": BLUE, "aborted: send_error": GREY,
               "aborted: unresolved": DARK_BLUE}  # fmt: skip
    return [
        row("Outcomes"),
        lines("Outcomes of probes",
              "Every probe ends in exactly one way: answered, lost (no answer in time, or an ICMP error that quotes it), or "
              "aborted, which is ours and never loss: not sent, no address, vantage fault, clock step, too late to send. "
              "blipd_probes_answered_total, blipd_probes_lost_total, blipd_probes_aborted_total.",
              [query(rate("blipd_probes_answered_total"), "answered"),
               query(rate("blipd_probes_lost_total", " by (reason)"), "lost: {{reason}}"),
               query(rate("blipd_probes_aborted_total", " by (reason)"), "aborted: {{reason}}")],
              stack=True, fill=80, unit="cps", low=0, none=NO_BLIPD,
              overrides=[styled(f"^{name}$", color=fixed(colour)) for name, colour in colours.items()],
              width=24, height=9),
        lines("Loss by window",
              "Share of the settled probes in each sliding window that were lost. blipd_window_loss_ratio.",
              [query(_channels("blipd_window_loss_ratio"), "{{vantage}}: {{probe}} {{window}}")],
              unit="percentunit", decimals=0, low=0, high=1, none=NO_BLIPD, width=12, height=8),
        lines("Usual answer ratio",
              "Share of probes that this channel usually answers, learned while all is well; shown from 20 probes on. What is "
              "judged is judged against it. Below 15 %, the default, a channel has no vote. blipd_usual_answer_ratio.",
              [query(_channels("blipd_usual_answer_ratio"), "{{vantage}}: {{probe}}")],
              unit="percentunit", decimals=1, low=0, high=1, thresholds=steps(GREY, {0.15: GREEN}), threshold_lines=True,
              none="not learned yet", width=12, height=8),
        lines("Peculiar answers",
              "Answers that came after their probe counted as lost (late), more than once (duplicate, differing), after the "
              "answer to a later probe (reordered), that did not say what was expected (unexpected), or that were not believed "
              "(rejected). Counts of all chosen probes. blipd_answers_*_total.",
              [*(query(more(f"blipd_answers_{kind}_total"), kind) for kind in PECULIAR),
               query(more("blipd_answers_rejected_total", " by (reason)"), "rejected: {{reason}}")],
              bars=True, fill=60, unit="short", decimals=0, low=0, none=NO_BLIPD, width=12, height=8),
        lines("Packet delay variation by window",
              "99th percentile less the smallest round trip (RFC 5481): queues, not distance. blipd_window_pdv_seconds.",
              [query(_channels("blipd_window_pdv_seconds"), "{{vantage}}: {{probe}} {{window}}")],
              unit="s", low=0, none="nothing answered in this range", width=12, height=8),
        lines("Settled probes by window",
              "On how many probes the shares and percentiles of each window rest: few say little. blipd_window_samples.",
              [query(_channels("blipd_window_samples"), "{{vantage}}: {{probe}} {{window}}")],
              unit="short", decimals=0, low=0, none=NO_BLIPD, width=12, height=8),
        lines("In flight",
              "On the wire and not settled yet. blipd_probes_in_flight.",
              [query(_channels("blipd_probes_in_flight"), "{{vantage}}: {{probe}}")],
              unit="short", decimals=0, low=0, none=NO_BLIPD, width=12, height=8),
    ]  # fmt: skip


def build() -> dict:
    return dashboard("target", "blipd: target", "One target: round trips, loss, answers.",
                     [*_now(), *_round_trips(), *_outcomes()], last_variable="probe", more_variables=[WINDOW],
                     outages=NETWORK)  # fmt: skip
