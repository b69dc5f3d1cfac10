"""The arithmetic of ./dev bench: medians and verdicts, quantiles of buckets, sums of metrics, the configurations it writes."""

import json
import math
import pathlib
import sys

import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tests" / "integration")]

from rig import blipd, document, http_load, reference  # noqa: E402
from rig.bench import Bench  # noqa: E402
from rig.far_end import FarEndDidNotKeepUp, addresses, addresses6  # noqa: E402
from rig.report import AtLeast, AtMost, Figure, growth_exponent, number, spread_percent, sum_up, table  # noqa: E402
from rows import ROWS  # noqa: E402
from rows.reload import with_changes  # noqa: E402


@pytest.mark.parametrize("value, at_most, at_least", [(8.999, True, False), (9.0, True, True), (9.001, False, True)])
def test_a_goal_is_reached_at_its_limit(value, at_most, at_least):
    assert AtMost(9).holds(value) is at_most
    assert AtLeast(9).holds(value) is at_least


def test_no_goal_is_reached_by_what_is_not_a_number():
    assert not AtMost(9).holds(math.nan)
    assert not AtLeast(9).holds(math.nan)


def test_the_median_of_the_rounds_meets_the_goal_and_the_worst_where_nothing_may_go_wrong():
    rounds = [{"us": 8.0, "lost": 0}, {"us": 30.0, "lost": 1}, {"us": 9.0, "lost": 0}]
    assert sum_up(Figure("us", "cost", "µs", AtMost(9)), rounds)["reached"] is True
    entry = sum_up(Figure("lost", "lost", "", AtMost(0), "worst"), rounds)
    assert (entry["value"], entry["reached"]) == (1, False)


def test_rounds_without_a_figure_are_passed_over_and_none_at_all_gives_no_line():
    assert sum_up(Figure("us", "cost"), [{}, {"us": None}, {"us": 4.0}])["values"] == [4.0]
    assert sum_up(Figure("us", "cost"), [{}]) is None


def test_the_spread_is_the_distance_of_the_extremes_over_the_median():
    assert spread_percent([9.0, 10.0, 12.0]) == pytest.approx(30)
    assert spread_percent([0.0, 0.0]) == 0
    assert math.isnan(spread_percent([-1.0, 0.0, 1.0]))


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_exponent_of_growth_is_found(power):
    sizes = [100, 1000, 10_000]
    assert growth_exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)
    assert math.isnan(growth_exponent(sizes, [0, 0, 5]))


def test_numbers_have_no_more_digits_than_mean_something():
    assert [number(value) for value in (0, 2.504, 123.45, 100_000, 12345.6, math.nan)] == [
        "0", "2.50", "123.5", "100,000", "12,346", "–",
    ]  # fmt: skip


METRICS = b"""# TYPE blipd_probes_lost_total counter
blipd_probes_lost_total{target="a",reason="timeout"} 3
blipd_probes_lost_total{target="b",reason="timeout"} 4
# HELP blipd_probes_lost_totally Another family.
# TYPE blipd_probes_lost_totally counter
blipd_probes_lost_totally 100
# TYPE blipd_probes_aborted_total counter
blipd_probes_aborted_total{target="a",reason="overrun"} 5
blipd_probes_aborted_total{target="a",reason="clock"} 6
# TYPE blipd_scheduling_lag_seconds histogram
blipd_scheduling_lag_seconds_bucket{le="0.01"} 900
blipd_scheduling_lag_seconds_bucket{le="0.02"} 1000
blipd_scheduling_lag_seconds_bucket{le="+Inf"} 1000
"""


def test_sums_are_of_one_family_and_one_reason():
    assert blipd.total(METRICS, "blipd_probes_lost_total") == 7
    assert blipd.aborted(METRICS, "overrun") == 5
    with pytest.raises(AssertionError):
        blipd.total(METRICS, "blipd_probes_lost")


def test_the_lag_is_that_of_the_probes_between_two_scrapes():
    later = METRICS.replace(b" 900", b" 1880").replace(b" 1000", b" 2000")
    # Of the thousand in between 980 took at most 10 ms: the 990th is half way through the next bucket.
    assert blipd.lag_quantile_ms(METRICS, later) == pytest.approx(15)


def test_quantiles_of_buckets_at_their_edges():
    assert math.isnan(blipd.bucket_quantile({1.0: 0, math.inf: 0}, 0.5))
    assert blipd.bucket_quantile({1.0: 10, math.inf: 10}, 1.0) == 1.0
    assert blipd.bucket_quantile({1.0: 0, 2.0: 10, math.inf: 10}, 0.5) == 1.5
    assert blipd.bucket_quantile({1.0: 5, math.inf: 10}, 0.99) == 1.0


def test_addresses_are_distinct_and_spread_over_prefixes():
    found = addresses(100_000)
    assert len(set(found)) == 100_000
    assert len({address.rpartition(".")[0] for address in found[:448]}) == 448
    assert not any(address.startswith("198.19.0.") for address in found)
    assert len(set(addresses6(70_000))) == 70_000
    with pytest.raises(ValueError):
        addresses(113_793)


def test_a_configuration_holds_each_host_once():
    read = yaml.safe_load(blipd.configuration(addresses(600), extra="engine: {shards: 2}"))
    networks = read["countries"][0]["networks"]
    assert [len(network["targets"]) for network in networks] == [250, 250, 100]
    assert [target["host"] for network in networks for target in network["targets"]] == addresses(600)
    assert read["engine"] == {"shards": 2}


def test_a_reload_changes_as_many_targets_as_it_says_each_turn():
    base = blipd.configuration(addresses(1000)).splitlines()
    first, second = (with_changes(1000, 10, turn).splitlines() for turn in (1, 2))
    assert sum(a != b for a, b in zip(base, first)) == 10
    assert sum(a != b for a, b in zip(first, second)) == 20  # ten change back, ten others change


def test_chunks_are_put_together():
    assert blipd._unchunked(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n") == b"abcde"


def test_an_answer_is_whole_once_its_length_is_there():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
    assert not http_load._is_whole(head[:-1])
    assert not http_load._is_whole(head + b"ab")
    assert http_load._is_whole(head + b"abc")


def test_recorded_answers_are_compared_with_the_request_nearest_in_time(tmp_path):
    record = tmp_path / "results.jsonl"
    lines = [{"time": 100 + i, "target": "t0", "rtt": 0.05 + i / 1e6} for i in range(100)]
    lines += [{"time": 500, "target": "t0", "rtt": 0.05}, {"time": 101, "target": "t0", "rtt": None}]
    record.write_text("".join(json.dumps(line) + "\n" for line in lines))
    captured = {b"\xc6\x12\x00\x01": [(int((100.0001 + i) * 1e9), 50_000_000, 49_990_000) for i in range(100)]}
    compared = reference.of_recorded(record, ["198.18.0.1"], captured)
    assert len(compared) == 100  # neither what was asked outside of the capture nor what was not answered
    figures = reference.error_figures(compared)
    assert figures["error_p50"] == pytest.approx(49.5)
    assert figures["error_p99"] == pytest.approx(98)
    assert figures["above_p50"] == pytest.approx(59.5)


def test_a_probe_asked_outside_of_the_capture_is_nobody_elses(tmp_path):
    record = tmp_path / "results.jsonl"
    record.write_text("".join(json.dumps({"time": 100 + i / 10, "target": "t0", "rtt": 0.05}) + "\n" for i in range(200)))
    captured = {b"\xc6\x12\x00\x01": [(int((105 + i / 10) * 1e9), 50_000_000, 49_990_000) for i in range(100)]}
    assert len(reference.of_recorded(record, ["198.18.0.1"], captured, interval_ms=100)) == 100


def test_too_few_samples_are_no_figure():
    with pytest.raises(AssertionError):
        reference.error_figures([(0.05, 50_000_000, 49_990_000)] * 99)


class _Row:
    title, rounds = "a sample", None
    figures = [Figure("us", "cost", "µs", AtMost(9))]

    def __init__(self, name, *outcomes):
        self.name, self._outcomes = name, list(outcomes)

    def measure(self, _bench):
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return {"us": outcome}


def test_a_round_that_fails_says_why_and_the_others_count(tmp_path):
    bench = Bench(tmp_path, quick=True)
    failing, fine = _Row("failing", FarEndDidNotKeepUp("it dropped 3"), ValueError("odd"), 7.0), _Row("fine", 1.0, 2.0, 3.0)
    report = bench.run([failing, fine], 3)
    assert report[0]["failures"] == ["round 1: void: it dropped 3", "round 2: failed: odd"]
    assert report[0]["figures"][0]["values"] == [7.0]
    assert report[1]["figures"][0]["value"] == 2.0


def test_a_figure_that_a_round_leaves_out_without_a_word_is_noticed(tmp_path):
    row = _Row("sample", 7.0)
    row.figures = [*row.figures, Figure("rate", "its rate")]
    assert Bench(tmp_path, quick=True).run([row], 1)[0]["failures"] == ["round 1: nothing was said about its rate"]


def test_the_document_names_each_goal_that_was_not_reached(tmp_path):
    rows = Bench(tmp_path, quick=True).run([_Row("sample", 10.0), _Row("other", ValueError("odd"))], 1)
    text = document.of_rows({"rows": rows})
    assert "NOT reached" in text and "failed: odd" in text
    assert document.missed({"rows": rows}) == ["sample: cost: 10 µs, goal ≤ 9", "other: no figures"]


def test_the_whole_document_has_every_goal_once_in_its_table(tmp_path):
    rows = Bench(tmp_path, quick=True).run([_Row("sample", 8.0), _Row("other", ValueError("odd"))], 1)
    report = {
        "rows": rows, "date": "2014-12-22", "commit": "c", "build": "b", "command": "./dev bench", "minutes": 1.0,
        "peers": {"fping": "5.1"}, "steal_percent": 0.0,
        "machine": {"processor": "p", "memory_gib": 1, "kernel": "k", "load_at_start": 0.0},
    }  # fmt: skip
    text = document.markdown(report)
    assert "1 of 1 goals reached." in text
    assert [line for line in text.splitlines() if line.startswith("| sample")] == ["| sample | cost |  8 µs |  ≤ 9 | reached |"]
    assert "other gave no figures" in text


def test_an_earlier_run_stands_beside_this_one(tmp_path):
    bench = Bench(tmp_path, quick=True)
    earlier, rows = bench.run([_Row("sample", 12.5)], 1), bench.run([_Row("sample", 8.0)], 1)
    text = document.of_rows({"rows": rows, "before": {"rows": earlier}})
    line = next(line for line in text.splitlines() if line.startswith("| cost"))
    assert [cell.strip() for cell in line.split("|")[1:-1]] == ["cost", "8 µs", "≤ 9", "reached", "", "12.50"]


def test_a_table_is_as_wide_as_its_widest_cells():
    assert table(("a", "b"), [("long", 1)]) == "| a    | b |\n|------|--:|\n| long | 1 |"


def test_rows_have_names_of_their_own_and_figures_keys_of_their_own():
    assert len({row.name for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert len({figure.key for figure in row.figures}) == len(row.figures), row.name
