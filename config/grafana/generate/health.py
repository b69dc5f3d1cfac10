"""The dashboard of blipd itself: how well we measure."""

from .common import NO_BLIPD, control_lines, vantage_tile, vantage_timeline
from .dashboard import VANTAGE, by_name, dashboard
from .panels import heatmap, lines, now, query, row, tiles, timeline
from .states import BLUE, GREEN, GREY, ORANGE, RED, YELLOW, steps, words_for

CONTROLS = VANTAGE + ', country=""'
NO_JOURNAL = "no journal is configured"


def _all(metric: str, form: str = "{}", more: str = "") -> str:
    return by_name(form.format(f"{metric}{{{VANTAGE}{more}}}"))


def _flag_tile(title, description, metric, no, yes, **rest) -> dict:
    (no_text, no_colour), (yes_text, yes_colour) = no, yes
    return tiles(title, f"{description} {metric}.", [now(_all(metric), "{{vantage}}")], unit="none",
                 mappings=words_for({0: (no_text, no_colour), 1: (yes_text, yes_colour)}),
                 thresholds=steps(no_colour, {1: yes_colour}), **{"none": NO_BLIPD, **rest})  # fmt: skip


def _counts(title, description, metrics: dict, **rest) -> dict:
    """Bars of how much counters grew. `metrics`: {what it is called: metric}."""
    described = f"{description} {', '.join(metrics.values())}."
    queries = [query(_all(metric, "increase({}[$__rate_interval])"), "{{vantage}}: " + name) for name, metric in metrics.items()]
    return lines(title, described, queries, bars=True, fill=60, unit="short", decimals=0, low=0,
                 **{"none": NO_BLIPD, **rest})  # fmt: skip


def _now() -> list:
    return [
        row("Now"),
        tiles("Scraped", "Whether Prometheus could scrape each blipd at its last attempt. up.",
              [now(f"up{{{VANTAGE}}}", "{{instance}}")],
              unit="none", mappings=words_for({0: ("NOT SCRAPED", RED), 1: ("scraped", GREEN)}),
              thresholds=steps(RED, {1: GREEN}), none=NO_BLIPD, width=4, height=5),
        vantage_tile(width=4, height=5),
        _flag_tile("Packet capture", "Packets are stamped on their way; without the privilege answers are read from sockets, "
                   "which is coarser.", "blipd_capturing", ("FROM SOCKETS", YELLOW), ("captured", GREEN), width=4, height=5),
        _flag_tile("Configuration", "Of the last load: a bad file changes nothing and is logged with all its faults.",
                   "blipd_config_last_reload_successful", ("REFUSED", RED), ("loaded", GREEN), width=4, height=5),
        _flag_tile("Journal", "Whether the file can be written; if not, all is kept in memory for the time being.",
                   "blipd_journal_writing", ("IN MEMORY", ORANGE), ("written", GREEN), none=NO_JOURNAL, width=4, height=5),
        tiles("Version", "Of the program. blipd_build_info.", [now(_all("blipd_build_info"), "{{vantage}}: {{version}}")],
              show="name", unit="none", thresholds=steps(GREY, {}), none=NO_BLIPD, width=4, height=5),
        tiles("Started", "When the daemon started. blipd_start_timestamp_seconds.",
              [now("1000 * " + _all("blipd_start_timestamp_seconds"), "{{vantage}}")],
              unit="dateTimeFromNow", thresholds=steps(GREY, {}), none=NO_BLIPD, width=6, height=4),
        tiles("Configuration loaded", "When it was last loaded with success. "
              "blipd_config_last_reload_success_timestamp_seconds.",
              [now("1000 * " + _all("blipd_config_last_reload_success_timestamp_seconds"), "{{vantage}}")],
              unit="dateTimeFromNow", thresholds=steps(GREY, {}), none=NO_BLIPD, width=6, height=4),
        tiles("Age of the values", "Between the moment at which the scraped values were taken and the scrape: a quarter of a "
              "second at most while the probing loop delivers. blipd_snapshot_timestamp_seconds.",
              [now(_all("blipd_snapshot_timestamp_seconds", "timestamp({0}) - {0}"), "{{vantage}}")],
              unit="s", decimals=2, thresholds=steps(GREEN, {2: ORANGE, 10: RED}), none=NO_BLIPD, width=6, height=4),
        tiles("Time stamps from", "Where the time stamps of answers come from: capture is best, then kernel, then user. "
              "blipd_clock_source.",
              [now(_all("blipd_clock_source", "{} == 1"), "{{vantage}}: {{source}}")],
              show="name", unit="none", thresholds=steps(GREY, {}), none=NO_BLIPD, width=6, height=4),
    ]  # fmt: skip


def _vantage() -> list:
    one_control = "max by (network, target) ({}{{{}, window=\"1m\"{}}})"
    return [
        row("Vantage point and its controls"),
        vantage_timeline(width=12, height=6),
        control_lines(width=12, height=6),
        lines("Loss of controls, 1 minute",
              "Of each control, the largest of its probes and vantage points. All at once: our own link. "
              "blipd_window_loss_ratio without a country.",
              [query(one_control.format("blipd_window_loss_ratio", CONTROLS, ""), "{{network}}/{{target}}")],
              unit="percentunit", decimals=0, low=0, high=1, none="no controls are configured", width=12, height=8),
        lines("Median round trip of controls, 1 minute",
              "All rising at once: a queue near us. blipd_window_rtt_seconds without a country.",
              [query(one_control.format("blipd_window_rtt_seconds", CONTROLS, ', quantile="0.5"'), "{{network}}/{{target}}")],
              unit="s", logarithmic=True, none="no controls are configured", width=12, height=8),
    ]  # fmt: skip


def _probing() -> list:
    return [
        row("Probing"),
        heatmap("Scheduling lag",
                "How much later than planned probes were sent, in how many cases. Probes that would be sent later than the "
                "configured max_lag are given up as overrun, never lost. blipd_scheduling_lag_seconds_bucket.",
                f"sum by (le) (increase(blipd_scheduling_lag_seconds_bucket{{{VANTAGE}}}[$__rate_interval]))",
                none=NO_BLIPD, width=12, height=8),
        lines("Probes sent and answered",
              "Of all countries and controls. blipd_probes_sent_total, blipd_probes_answered_total.",
              [query(by_name(f"sum by (job, instance) (rate(blipd_probes_{what}_total{{{VANTAGE}}}[$__rate_interval]))"),
                     "{{vantage}}: " + what) for what in ("sent", "answered")],
              unit="cps", low=0, none=NO_BLIPD, width=12, height=8),
        lines("Aborted probes",
              "What could not be sent or judged, by reason; none of it counts as loss. blipd_probes_aborted_total.",
              [query(by_name(f"sum by (job, instance, reason) (increase(blipd_probes_aborted_total{{{VANTAGE}}}"
                             "[$__rate_interval]))"), "{{vantage}}: {{reason}}")],
              bars=True, fill=60, unit="short", decimals=0, low=0, none=NO_BLIPD, width=12, height=8),
        _counts("Drops", "Packets that the capture ring or our sockets had no room for. They look like loss and are ours: "
                "nothing but zero is right.",
                {"capture": "blipd_capture_drops_total", "sockets": "blipd_socket_drops_total"}, width=12, height=8),
        _counts("Send errors, deferrals, clock steps", "Failed attempts to send; probes that waited for their prefix's or the "
                "total budget; steps of the wall clock and suspends.",
                {"send errors": "blipd_send_errors_total", "budget deferrals": "blipd_budget_deferrals_total",
                 "clock steps": "blipd_clock_steps_total"}, width=12, height=8),
        lines("Packets not taken for answers",
              "Well-formed but of no channel, or not believed: malformed, or forged (token or sender wrong). "
              "blipd_unmatched_packets_total, blipd_rejected_packets_total.",
              [query(_all("blipd_unmatched_packets_total", "increase({}[$__rate_interval])"), "{{vantage}}: unmatched"),
               query(_all("blipd_rejected_packets_total", "increase({}[$__rate_interval])"), "{{vantage}}: {{reason}}")],
              bars=True, fill=60, unit="short", decimals=0, low=0, none=NO_BLIPD, width=12, height=8),
        lines("Turns of the probing loop",
              "On a tick of some milliseconds; a fall to zero is a loop that hangs. blipd_engine_ticks_total.",
              [query(_all("blipd_engine_ticks_total", "rate({}[$__rate_interval])"), "{{vantage}}")],
              unit="cps", low=0, none=NO_BLIPD, width=12, height=8),
        lines("Names and refusals",
              "Targets without an address at present, those on the do-not-probe list, and names looked up without success. "
              "blipd_unresolved_targets, blipd_refused_targets, blipd_resolution_failures_total.",
              [query(_all("blipd_unresolved_targets"), "{{vantage}}: unresolved"),
               query(_all("blipd_refused_targets"), "{{vantage}}: refused"),
               query(_all("blipd_resolution_failures_total", "increase({}[$__rate_interval])"), "{{vantage}}: failed look-ups")],
              unit="short", decimals=0, low=0, none=NO_BLIPD, width=12, height=8),
    ]  # fmt: skip


def _journal_and_http() -> list:
    return [
        row("Journal and HTTP"),
        timeline("Starts and reloads",
                 "How often each daemon started, and loaded its configuration, within the rate interval (four scrapes at least). "
                 "Annotations mark the moments. changes() of blipd_start_timestamp_seconds and "
                 "blipd_config_last_reload_success_timestamp_seconds.",
                 [query(_all("blipd_start_timestamp_seconds", "changes({}[$__rate_interval])"), "{{vantage}}: starts"),
                  query(_all("blipd_config_last_reload_success_timestamp_seconds", "changes({}[$__rate_interval])"),
                        "{{vantage}}: loads")],
                 mappings=words_for({0: ("none", GREY), 1: ("ONE", BLUE)}), thresholds=steps(GREY, {1: BLUE, 2: ORANGE}),
                 none=NO_BLIPD, width=24, height=6),
        lines("Journal: records that wait",
              "Written in batches; a growing queue is a file that cannot be written. blipd_journal_queued.",
              [query(_all("blipd_journal_queued"), "{{vantage}}")],
              unit="short", decimals=0, low=0, none=NO_JOURNAL, width=8, height=8),
        _counts("Journal: errors and records given up", "Nothing but zero is right.",
                {"errors": "blipd_journal_errors_total", "given up": "blipd_journal_dropped_total"},
                none=NO_JOURNAL, width=8, height=8),
        lines("Journal: size", "Of the file. blipd_journal_bytes.", [query(_all("blipd_journal_bytes"), "{{vantage}}")],
              unit="bytes", low=0, none=NO_JOURNAL, width=8, height=8),
        lines("HTTP answers by code", "Of the daemon's server. blipd_http_requests_total.",
              [query(_all("blipd_http_requests_total", "rate({}[$__rate_interval])"), "{{vantage}}: {{code}}")],
              unit="reqps", low=0, none=NO_BLIPD, width=8, height=8),
        _counts("HTTP trouble", "Connections over the limit, of clients that were too slow, that could not be accepted, and "
                "requests given up for an error of our own.",
                {"refused": "blipd_http_refused_connections_total", "cut off": "blipd_http_cut_off_connections_total",
                 "not accepted": "blipd_http_accept_errors_total", "failed": "blipd_http_failures_total"}, width=8, height=8),
        lines("Scrapes and connections",
              "How long Prometheus took to scrape, on the left, and open connections, on the right. scrape_duration_seconds, "
              "blipd_http_connections.",
              [query(f"scrape_duration_seconds{{{VANTAGE}}}", "{{instance}}: scrape"),
               query(_all("blipd_http_connections"), "{{vantage}}: connections")],
              unit="s", low=0, none=NO_BLIPD,
              overrides=[{"matcher": {"id": "byRegexp", "options": "/: connections$/"},
                          "properties": [{"id": "unit", "value": "short"}, {"id": "decimals", "value": 0},
                                         {"id": "custom.axisPlacement", "value": "right"}]}],
              width=8, height=8),
    ]  # fmt: skip


def build() -> dict:
    panels = [*_now(), *_vantage(), *_probing(), *_journal_and_http()]
    return dashboard("health", "blipd: its own health", "How well blipd measures: its link, its clock, its losses.", panels,
                     last_variable="instance")  # fmt: skip
