// /metrics of channels against what prometheus-cpp's own serialiser makes of the same values.
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "daemon/serve/channel_metrics.hpp"
#include "tests/unit/serve/metrics_text.hpp"
#include "tests/unit/serve/sample.hpp"

using namespace blipd;
using namespace blipd::serve;
using namespace std::chrono_literals;

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

const std::vector<ClientMetric::Label> kPing = {
    {"country", "KP"}, {"network", "star-jv"}, {"target", "ns1"}, {"probe", "ping"}};

std::vector<ClientMetric::Label> with(std::vector<ClientMetric::Label> labels, const std::string& name,
                                      const std::string& value) {
  labels.push_back({name, value});
  return labels;
}

ClientMetric of_value(std::vector<ClientMetric::Label> labels, MetricType type, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return metric;
}

MetricFamily single(const std::string& name, MetricType type, double value) {
  return {name, "help", type, {of_value(kPing, type, value)}};
}

// One channel in which everything has happened.
sample::Draft busy() {
  sample::PlanMaker maker;
  maker.channel(maker.target(maker.network(maker.country("KP", "North Korea"), "star-jv"), "ns1", "192.0.2.15"),
                "ping");
  sample::Draft draft = sample::empty_snapshot(std::move(maker.plan));
  pipeline::ChannelRow& row = draft.channels[0];
  row.counters = {.sent = 12345678901,
                  .answered = 12345678000,
                  .lost = 800,
                  .unreachable = 100,
                  .in_flight = 1,
                  .late = 7,
                  .duplicate = 8,
                  .differing = 9,
                  .reordered = 11,
                  .malformed = 12,
                  .forged = 13,
                  .unexpected = 14};
  row.counters.aborted = {0, 1, 20, 300, 4000, 50000};
  row.rtt_histogram = {.counts = {1, 22, 333, 4444}, .sum_seconds = 0.1 + 0.2};
  row.usual_answer_ratio = 0.987654;
  row.has_vote = false;
  row.last_answered = sample::kTaken - 1250ms;
  for (std::size_t w = 0; w < row.windows.size(); ++w) {
    measure::WindowView& window = row.windows[w];
    window.samples = static_cast<std::uint32_t>(60 * (w + 1));
    window.failed = static_cast<std::uint32_t>(w);
    window.round_trips = w == 3 ? 0 : window.samples - window.failed;
    window.rtt = {1ns, 1500us, 1234567890ns, 68s + 7ms};
    window.pdv = w == 1 ? 0ns : 999999999ns;
  }
  return draft;
}

// The families of a channel, with some help.
std::vector<MetricFamily> expected(const pipeline::ChannelRow& row) {
  const measure::Counters& n = row.counters;
  const auto counter = MetricType::Counter;
  const auto gauge = MetricType::Gauge;
  const auto reasons = [&](const std::string& name, const std::vector<std::pair<std::string, std::uint64_t>>& values) {
    MetricFamily family{name, "help", counter, {}};
    for (const auto& [reason, value] : values) {
      family.metric.push_back(of_value(with(kPing, "reason", reason), counter, static_cast<double>(value)));
    }
    return family;
  };
  std::vector<MetricFamily> families = {
      single("blipd_probes_sent_total", counter, static_cast<double>(n.sent)),
      single("blipd_probes_answered_total", counter, static_cast<double>(n.answered)),
      reasons("blipd_probes_lost_total", {{"timeout", n.lost}, {"unreachable", n.unreachable}}),
      reasons("blipd_probes_aborted_total", {{"send_error", n.aborted[1]},
                                             {"unresolved", n.aborted[2]},
                                             {"vantage_fault", n.aborted[3]},
                                             {"clock", n.aborted[4]},
                                             {"overrun", n.aborted[5]}}),
      single("blipd_probes_in_flight", gauge, static_cast<double>(n.in_flight)),
      single("blipd_answers_late_total", counter, static_cast<double>(n.late)),
      single("blipd_answers_duplicate_total", counter, static_cast<double>(n.duplicate)),
      single("blipd_answers_differing_total", counter, static_cast<double>(n.differing)),
      single("blipd_answers_reordered_total", counter, static_cast<double>(n.reordered)),
      reasons("blipd_answers_rejected_total", {{"malformed", n.malformed}, {"forged", n.forged}}),
      single("blipd_answers_unexpected_total", counter, static_cast<double>(n.unexpected)),
      single("blipd_usual_answer_ratio", gauge, *row.usual_answer_ratio),
      single("blipd_channel_has_vote", gauge, row.has_vote ? 1 : 0),
      single("blipd_probe_last_answer_timestamp_seconds", gauge, base::to_unix_seconds(*row.last_answered)),
  };
  MetricFamily histogram{"blipd_probe_rtt_seconds", "help", MetricType::Histogram, {ClientMetric{}}};
  histogram.metric[0].label = kPing;
  auto& buckets = histogram.metric[0].histogram;
  buckets.bucket = {{1, 0.01}, {23, 0.1}, {356, 1.0}, {4800, std::numeric_limits<double>::infinity()}};
  buckets.sample_count = 4800;
  buckets.sample_sum = row.rtt_histogram.sum_seconds;
  families.push_back(histogram);

  MetricFamily samples{"blipd_window_samples", "help", gauge, {}};
  MetricFamily loss{"blipd_window_loss_ratio", "help", gauge, {}};
  MetricFamily pdv{"blipd_window_pdv_seconds", "help", gauge, {}};
  MetricFamily rtt{"blipd_window_rtt_seconds", "help", gauge, {}};  // of a summary without sum and count, but for TYPE
  for (std::size_t w = 0; w < row.windows.size(); ++w) {
    const measure::WindowView& window = row.windows[w];
    const auto labels = with(kPing, "window", measure::kWindowNames[w]);
    const auto seconds = [&](base::Duration d) {
      return window.round_trips > 0 ? base::to_seconds(d) : std::numeric_limits<double>::quiet_NaN();
    };
    samples.metric.push_back(of_value(labels, gauge, window.samples));
    loss.metric.push_back(of_value(labels, gauge, *window.loss_ratio()));
    pdv.metric.push_back(of_value(labels, gauge, seconds(window.pdv)));
    const std::array<const char*, 4> quantiles = {"0.5", "0.9", "0.99", "1"};
    for (std::size_t q = 0; q < quantiles.size(); ++q) {
      rtt.metric.push_back(of_value(with(labels, "quantile", quantiles[q]), gauge, seconds(window.rtt[q])));
    }
  }
  for (MetricFamily* family : {&samples, &loss, &pdv, &rtt}) families.push_back(*family);
  return families;
}

std::vector<std::string> sorted(std::vector<std::string> lines) {
  std::ranges::sort(lines);
  return lines;
}

}  // namespace

TEST_CASE("the metrics of a channel are those that the reference serialiser writes, series for series") {
  const sample::Draft draft = busy();
  const auto published = sample::publish(draft);
  const auto reference = sample::read_metrics(prometheus::TextSerializer().Serialize(expected(draft.channels[0])));
  ChannelMetrics body(published->snapshot, std::make_shared<const ChannelLabels>(published->snapshot->plan));
  auto written = sample::read_metrics(sample::text_of(body));
  for (const char* of_targets : {"blipd_target_state", "blipd_target_info", "blipd_interference_signs_total"}) {
    REQUIRE(written.families.erase(of_targets) == 1);
  }
  REQUIRE(written.families.size() == reference.families.size());
  for (const auto& [name, family] : reference.families) {
    CAPTURE(name);
    CHECK(sorted(written.families.at(name).series) == sorted(family.series));
    const std::string type = name == "blipd_window_rtt_seconds" ? "summary" : family.type;
    CHECK(written.families.at(name).type == type);
    for (const std::string& series : family.series) {
      CAPTURE(series);
      const std::string& a = written.at(series);
      const std::string& b = reference.at(series);
      if (b == "Nan") {
        CHECK(a == "NaN");
      } else {
        CHECK(std::stod(a) == Approx(std::stod(b)).epsilon(1e-15).margin(0));  // it writes 16 digits
      }
    }
  }
}
