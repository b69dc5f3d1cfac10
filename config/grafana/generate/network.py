"""The dashboard of a network."""

from .common import (NO_BLIPD, PENALTY_STEPS, open_outage_tile, outage_tiles, reachable_lines, reachable_tile,
                     stability_tile, state_tile, state_timeline, usual_flaps_tile)  # fmt: skip
from .dashboard import NETWORK, SHOWN_TARGETS, by_name, dashboard, link
from .panels import lines, now, query, row, tiles, timeline
from .states import GREEN, GREY, RED, mappings, steps, thresholds, worst_number

TO_TARGET = link("Target ${__field.labels.target}", "target", (), ("country", "network", "target"))
TO_COUNTRY = link("Country", "country", ("country",))
SHOWN = NETWORK + ', target=~"$shown"'
EACH = "max by (country, network, target)"


def _configured() -> str:
    """What is not configured is an empty label, which is none."""
    expr = f"max by (asn, access, upstream) (blipd_network_info{{{NETWORK}}})"
    for label in ("asn", "upstream"):
        expr = f'label_replace({expr}, "{label}", "(not said)", "{label}", "")'
    return expr


def build() -> dict:
    panels = [
        row("Now"),
        state_tile("network", NETWORK, "State",
                   "What each vantage point believes of the network: normal, DEGRADED, PARTIAL (several targets dead at once), "
                   "OUTAGE, recovering or unknown. A click leads to the country. blipd_network_state.",
                   links=[TO_COUNTRY], width=5, height=5),
        reachable_tile("network", NETWORK, width=4, height=5),
        open_outage_tile(NETWORK, width=4, height=5),
        stability_tile("network", NETWORK, width=3, height=5),
        usual_flaps_tile("network", NETWORK, width=4, height=5),
        tiles("Configured as",
              "Number of the autonomous system, kind of access and upstream, as far as they are configured. "
              "blipd_network_info.",
              [now(_configured(), "AS {{asn}}, {{access}}, via {{upstream}}")],
              show="name", unit="none", thresholds=steps(GREY, {}), none=NO_BLIPD, width=4, height=5),
        row("Over time"),
        state_timeline("network", NETWORK, "State, as each vantage point sees it",
                       "The state of the network over time; within each step the worst. blipd_network_state.",
                       width=24, height=6),
        reachable_lines("network", NETWORK, "Share of the network's voting targets that are up.", width=12, height=8),
        lines("Evidence W",
              "Log-likelihood ratio of down against up: each failure raises it, each answer lowers it, by how telling they are "
              "in this network. Dashed lines are the default thresholds: down from 9.2 on (6.9 with fewer than four channels), "
              "up again from -9.2. blipd_network_evidence.",
              [query(by_name(f"max_over_time(blipd_network_evidence{{{NETWORK}}}[$__interval])"), "{{vantage}}")],
              unit="none", decimals=1, soft=(-12, 12), thresholds=steps(GREEN, {-9.2: GREY, 9.2: RED}),
              threshold_lines=True, none=NO_BLIPD, width=12, height=8),
        lines("Flap penalty",
              "Each time down adds to it and it halves with time, by the configured half-life and by the 15 minutes of routers "
              "(RFC 2439). Dashed lines are the defaults from which the network is unstable (2500) and down to which it stays "
              "so (750). blipd_network_flap_penalty.",
              [query(by_name(f"blipd_network_flap_penalty{{{NETWORK}}}"), "{{vantage}}: half-life {{half_life}}")],
              unit="none", decimals=0, low=0, thresholds=PENALTY_STEPS, threshold_lines=True, none=NO_BLIPD,
              width=12, height=8),
        *outage_tiles(NETWORK, width=6, height=8),
        row("Targets"),
        timeline("Targets over time",
                 "The state of each target: down after two failures in a row on every probe that has a vote. The worst that "
                 "any chosen vantage point saw within each step. A click leads to the target. blipd_target_state.",
                 [query(f"{EACH} ({worst_number('target', SHOWN)})", "{{target}}")],
                 mappings=mappings("target"), thresholds=thresholds(), links=[TO_TARGET], none=NO_BLIPD,
                 width=24, height=10),
        lines("Loss by target, 5 minutes",
              "Share of the settled probes of the last five minutes that were lost; of several probes and vantage points the "
              "largest. What could not be asked is never loss. blipd_window_loss_ratio.",
              [query(f'{EACH} (blipd_window_loss_ratio{{{SHOWN}, window="5m"}})', "{{target}}")],
              unit="percentunit", decimals=0, low=0, high=1, links=[TO_TARGET], none=NO_BLIPD, width=12, height=9),
        lines("Median round trip by target, 5 minutes",
              "Of several probes and vantage points the largest. Absent while nothing answers. blipd_window_rtt_seconds.",
              [query(f'{EACH} (blipd_window_rtt_seconds{{{SHOWN}, window="5m", quantile="0.5"}})', "{{target}}")],
              unit="s", logarithmic=True, links=[TO_TARGET], none="nothing answered in this range", width=12, height=9),
    ]  # fmt: skip
    return dashboard("network", "blipd: network", "One network of a country: state, evidence, targets.", panels,
                     last_variable="network", more_variables=[SHOWN_TARGETS], outages=NETWORK)  # fmt: skip
