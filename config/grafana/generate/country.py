"""The dashboard of a country."""

from .common import (NO_BLIPD, PENALTY_STEPS, bars_by_name, control_lines, open_outage_tile, outage_tiles, reachable_lines,
                     reachable_tile, stability_tile, state_tile, state_timeline, usual_flaps_tile, vantage_tile,
                     vantage_timeline)  # fmt: skip
from .dashboard import COUNTRY, by_name, dashboard, link
from .panels import lines, now, query, row, tiles, timeline
from .states import GREEN, YELLOW, mappings, number_now, steps, thresholds, worst_number

TO_NETWORK = link("Network ${__field.labels.network}", "network", (), ("country", "network"))
ITSELF = COUNTRY + ', network=""'  # of metrics that networks have as well
NETWORKS = COUNTRY + ', network!=""'


def build() -> dict:
    shown = {"mappings": mappings("network"), "thresholds": thresholds(), "links": [TO_NETWORK], "none": NO_BLIPD}
    panels = [
        row("Now"),
        state_tile("country", COUNTRY, "Level",
                   "What each vantage point believes of the country: normal, DEGRADED (loss or round trips beyond what is "
                   "usual), PARTIAL (part of it out), TOTAL (every network out), recovering, or unknown. blipd_country_level.",
                   width=5, height=5),
        reachable_tile("country", COUNTRY, width=4, height=5),
        open_outage_tile(ITSELF, width=4, height=5),
        stability_tile("country", COUNTRY, width=3, height=5),
        usual_flaps_tile("country", COUNTRY, width=4, height=5),
        vantage_tile(width=4, height=5),
        tiles("Networks, worst first",
              "One tile a network, with its state now: the worst that any chosen vantage point sees, unknown last. A click "
              "leads to the network. blipd_network_state.",
              [now(f"sort_desc(max by (country, network) ({number_now('network', COUNTRY)}))", "{{network}}")],
              unit="none", width=24, height=7, **shown),
        row("Over time"),
        state_timeline("country", COUNTRY, "Level, as each vantage point sees it",
                       "The level of the country over time; within each step the worst. blipd_country_level.",
                       width=24, height=6),
        timeline("Networks over time",
                 "The state of each network, the worst that any chosen vantage point saw within each step. A click leads to "
                 "the network. blipd_network_state.",
                 [query(f"max by (country, network) ({worst_number('network', COUNTRY)})", "{{network}}")],
                 width=24, height=9, **shown),
        reachable_lines("country", COUNTRY, "Share of the country's targets that are up, weighted over its networks.",
                        width=12, height=8),
        lines("Flap penalty of networks",
              "Each time down adds to it and it halves with time, as in routers (RFC 2439). Dashed lines are the defaults from "
              "which a network is unstable (2500) and down to which it stays so (750). The larger of those by the configured "
              "half-life and by 15 minutes. blipd_network_flap_penalty.",
              [query(f"max by (country, network) (blipd_network_flap_penalty{{{COUNTRY}}})", "{{network}}")],
              unit="none", decimals=0, low=0, thresholds=PENALTY_STEPS, threshold_lines=True, links=[TO_NETWORK],
              none=NO_BLIPD, width=12, height=8),
        row("Outages"),
        *outage_tiles(ITSELF, width=6, height=8),
        bars_by_name("Outages of networks in this range",
                     "How often each network was out, by class as for the country. The most that any chosen vantage point "
                     "saw. blipd_outages_total.",
                     f"sort_desc(max by (country, network, class) (round(increase(blipd_outages_total{{{NETWORKS}}}"
                     "[$__range]))))", "{{network}}: {{class}}",
                     unit="short", decimals=0, low=0, thresholds=steps(GREEN, {1: YELLOW}), links=[TO_NETWORK],
                     none=NO_BLIPD, width=12, height=8),
        row("Seen from each vantage point"),
        tiles("Networks by vantage point",
              "What each vantage point sees now. Where they differ, the trouble may lie between one of them and the network. "
              "blipd_network_state.",
              [now(f"sort_desc({by_name(number_now('network', COUNTRY))})", "{{vantage}}: {{network}}")],
              unit="none", width=24, height=7, **shown),
        vantage_timeline(width=12, height=6),
        control_lines(width=12, height=6),
    ]  # fmt: skip
    return dashboard("country", "blipd: country", "Is the country on the Internet, as seen from outside?", panels,
                     last_variable="country", outages=COUNTRY)  # fmt: skip
