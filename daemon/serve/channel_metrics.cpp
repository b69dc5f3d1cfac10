#include "daemon/serve/channel_metrics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "daemon/serve/host_verdicts.hpp"

namespace blipd::serve {

namespace {

using measure::Counters;
using measure::WindowView;
using probes::AbortReason;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// A line's ends: without further labels, and with one.
constexpr std::string_view kPlain = "} ";

struct Window {
  std::string_view label;
  std::array<std::string_view, measure::kQuantiles.size()> quantiles;
};
constexpr std::array<Window, measure::kWindows.size()> kWindowTails = {{
    {R"(,window="1m"} )",
     {R"(,window="1m",quantile="0.5"} )", R"(,window="1m",quantile="0.9"} )", R"(,window="1m",quantile="0.99"} )",
      R"(,window="1m",quantile="1"} )"}},
    {R"(,window="5m"} )",
     {R"(,window="5m",quantile="0.5"} )", R"(,window="5m",quantile="0.9"} )", R"(,window="5m",quantile="0.99"} )",
      R"(,window="5m",quantile="1"} )"}},
    {R"(,window="15m"} )",
     {R"(,window="15m",quantile="0.5"} )", R"(,window="15m",quantile="0.9"} )", R"(,window="15m",quantile="0.99"} )",
      R"(,window="15m",quantile="1"} )"}},
    {R"(,window="1h"} )",
     {R"(,window="1h",quantile="0.5"} )", R"(,window="1h",quantile="0.9"} )", R"(,window="1h",quantile="0.99"} )",
      R"(,window="1h",quantile="1"} )"}},
}};

// Everything that the lines of one channel or target are made of.
struct Row {
  SeriesWriter& out;
  std::string_view name;    // of the family, with a brace
  std::string_view labels;  // without braces
  std::size_t index;
  const pipeline::Snapshot& snapshot;
  BucketLines& buckets;

  template <class Number>
  void put(std::string_view tail, Number value) const {
    out.line(name, labels, tail, value);
  }
};

// One of the two functions is set: it says whether rows are channels or targets.
struct Family {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  void (*of_channel)(const Row& row) = nullptr;
  void (*of_target)(const Row& row) = nullptr;
};

template <std::uint64_t Counters::*Field>
void put_counter(const Row& row) {
  row.put(kPlain, row.snapshot.channels.counters(row.index).*Field);
}

void put_lost(const Row& row) {
  const Counters counters = row.snapshot.channels.counters(row.index);
  row.put(R"(,reason="timeout"} )", counters.lost);
  row.put(R"(,reason="unreachable"} )", counters.unreachable);
}

void put_aborted(const Row& row) {
  const Counters counters = row.snapshot.channels.counters(row.index);
  const auto put = [&](AbortReason reason, std::string_view tail) {
    row.put(tail, counters.aborted[static_cast<std::size_t>(reason)]);
  };
  put(AbortReason::kSendError, R"(,reason="send_error"} )");
  put(AbortReason::kUnresolved, R"(,reason="unresolved"} )");
  put(AbortReason::kVantageFault, R"(,reason="vantage_fault"} )");
  put(AbortReason::kClock, R"(,reason="clock"} )");
  put(AbortReason::kOverrun, R"(,reason="overrun"} )");
}

void put_rejected(const Row& row) {
  const Counters counters = row.snapshot.channels.counters(row.index);
  row.put(R"(,reason="malformed"} )", counters.malformed);
  row.put(R"(,reason="forged"} )", counters.forged);
}

void put_rtt_histogram(const Row& row) {
  BucketLines& buckets = row.buckets;
  buckets.use(row.snapshot.plan->channels[row.index].spec().rtt_buckets);
  row.snapshot.channels.histogram(row.index, buckets.histogram);
  const auto& counts = buckets.histogram.counts;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < buckets.tails.size(); ++i) {
    below += i < counts.size() ? counts[i] : 0;
    row.out.line("blipd_probe_rtt_seconds_bucket{", row.labels, buckets.tails[i], below);
  }
  for (std::size_t i = buckets.tails.size(); i < counts.size(); ++i) below += counts[i];
  row.out.line("blipd_probe_rtt_seconds_bucket{", row.labels, R"(,le="+Inf"} )", below);
  row.out.line("blipd_probe_rtt_seconds_sum{", row.labels, kPlain, buckets.histogram.sum_seconds);
  row.out.line("blipd_probe_rtt_seconds_count{", row.labels, kPlain, below);
}

template <class Put>
void for_each_window(const Row& row, const Put& put) {
  const measure::WindowViews windows = row.snapshot.channels.windows(row.index);
  for (std::size_t i = 0; i < windows.size(); ++i) put(kWindowTails[i], windows[i]);
}

void put_window_samples(const Row& row) {
  for_each_window(
      row, [&](const Window& window, const WindowView& view) { row.put(window.label, std::uint64_t{view.samples}); });
}

void put_window_loss(const Row& row) {
  for_each_window(row, [&](const Window& window, const WindowView& view) {
    row.put(window.label, view.loss_ratio().value_or(kNan));
  });
}

// Without a round trip a window has no such time.
void put_time(const Row& row, std::string_view tail, const WindowView& view, base::Duration time) {
  if (view.round_trips > 0) {
    row.put(tail, time);
  } else {
    row.put(tail, kNan);
  }
}

void put_window_pdv(const Row& row) {
  for_each_window(row,
                  [&](const Window& window, const WindowView& view) { put_time(row, window.label, view, view.pdv); });
}

void put_window_rtt(const Row& row) {
  for_each_window(row, [&](const Window& window, const WindowView& view) {
    for (std::size_t q = 0; q < view.rtt.size(); ++q) put_time(row, window.quantiles[q], view, view.rtt[q]);
  });
}

void put_usual(const Row& row) {
  row.put(kPlain, row.snapshot.channels.state(row.index).usual_answer_ratio.value_or(kNan));
}

void put_vote(const Row& row) { row.put(kPlain, std::uint64_t{row.snapshot.channels.state(row.index).has_vote}); }

void put_last_answer(const Row& row) {
  const auto answered = row.snapshot.channels.state(row.index).last_answered;
  row.put(kPlain, answered ? base::to_unix_seconds(*answered) : 0.0);
}

void put_target_state(const Row& row) {
  constexpr std::array<std::string_view, 3> kTails = {R"(,state="up"} )", R"(,state="down"} )",
                                                      R"(,state="unknown"} )"};
  const auto state = static_cast<std::size_t>(row.snapshot.targets[row.index].state);
  for (std::size_t i = 0; i < kTails.size(); ++i) row.put(kTails[i], std::uint64_t{state == i});
}

void put_target_info(const Row& row) {
  std::string host = R"(,host=")";
  append_label_value(host, row.snapshot.plan->targets[row.index].host);
  host += R"("} )";
  row.put(host, std::uint64_t{1});
}

void put_signs(const Row& row) {
  constexpr std::array<std::string_view, 4> kTails = {R"(,sign="two-dns-answers"} )",
                                                      R"(,sign="answer-from-elsewhere"} )", R"(,sign="reset-ttl"} )",
                                                      R"(,sign="synack-ttl"} )"};
  const auto possible = possible_signs(*row.snapshot.plan, row.index);
  const detect::TargetSigns* const signs =
      row.snapshot.signs ? detect::find_signs(*row.snapshot.signs, static_cast<config::TargetIndex>(row.index))
                         : nullptr;
  for (std::size_t i = 0; i < kTails.size(); ++i) {
    if (possible[i]) row.put(kTails[i], signs == nullptr ? std::uint64_t{0} : signs->counts[i].count);
  }
}

// The quantiles are of type summary, not gauge: promtool (2.42) has the label `quantile` nowhere else, and
// quantiles over a sliding time window are what the format defines a summary as.
constexpr Family kFamilies[] = {
    {"blipd_probes_sent_total", "counter", "Probes put on the wire: answered, lost, or still in flight.",
     put_counter<&Counters::sent>},
    {"blipd_probes_answered_total", "counter", "Probes answered within their timeout.",
     put_counter<&Counters::answered>},
    {"blipd_probes_lost_total", "counter",
     "Probes settled without an answer: nothing came within the timeout, or an ICMP unreachable did.", put_lost},
    {"blipd_probes_aborted_total", "counter",
     "Probes never judged, because something on our side was at fault; never counted as lost.", put_aborted},
    {"blipd_probes_in_flight", "gauge", "Probes on the wire that are not settled yet.",
     put_counter<&Counters::in_flight>},
    {"blipd_answers_late_total", "counter", "First answers that came after their probe was settled as lost.",
     put_counter<&Counters::late>},
    {"blipd_answers_duplicate_total", "counter", "Further, equal answers to one probe.",
     put_counter<&Counters::duplicate>},
    {"blipd_answers_differing_total", "counter", "Further answers to one probe that say something else.",
     put_counter<&Counters::differing>},
    {"blipd_answers_reordered_total", "counter", "Answers that came after the answer to a later probe.",
     put_counter<&Counters::reordered>},
    {"blipd_answers_rejected_total", "counter",
     "Answers meant for the channel but not believed: broken, or with a wrong token or sender.", put_rejected},
    {"blipd_answers_unexpected_total", "counter", "Answers whose content did not meet the configured expectations.",
     put_counter<&Counters::unexpected>},
    {"blipd_probe_rtt_seconds", "histogram", "Round trips of answered probes.", put_rtt_histogram},
    {"blipd_probe_last_answer_timestamp_seconds", "gauge", "When the last answer was settled; 0 before the first.",
     put_last_answer},
    {"blipd_window_samples", "gauge", "Settled probes in the sliding window.", put_window_samples},
    {"blipd_window_loss_ratio", "gauge", "Share of the window's settled probes that were lost; NaN when it is empty.",
     put_window_loss},
    {"blipd_window_rtt_seconds", "summary",
     "Quantiles of the window's round trips, 1 being the largest; NaN when there are none.", put_window_rtt},
    {"blipd_window_pdv_seconds", "gauge",
     "Packet delay variation in the window: 99th percentile less minimum; NaN when there are no round trips.",
     put_window_pdv},
    {"blipd_usual_answer_ratio", "gauge", "Share of probes that the channel usually answers; NaN until learned.",
     put_usual},
    {"blipd_channel_has_vote", "gauge", "1 when the channel answers often enough to be counted in judging, else 0.",
     put_vote},
    {"blipd_target_state", "gauge", "1 for the state that the target is in, else 0.", nullptr, put_target_state},
    {"blipd_interference_signs_total", "counter",
     "Answers that looked as if something else gave them in the host's place, of targets that can show it.", nullptr,
     put_signs},
    {"blipd_target_info", "gauge", "The target's host as configured; always 1.", nullptr, put_target_info},
};
constexpr std::size_t kFamilyCount = std::size(kFamilies);

}  // namespace

void BucketLines::use(const std::vector<double>& wanted) {
  if (bounds == wanted) return;
  bounds = wanted;
  tails.clear();
  for (const double bound : bounds) {
    std::string& tail = tails.emplace_back(R"(,le=")");
    append_number(tail, bound);
    tail += R"("} )";
  }
}

ChannelMetrics::ChannelMetrics(std::shared_ptr<const pipeline::Snapshot> snapshot,
                               std::shared_ptr<const ChannelLabels> labels)
    : snapshot_(std::move(snapshot)), labels_(std::move(labels)) {}

std::size_t ChannelMetrics::rows() const {
  const config::Plan& plan = labels_->plan();
  return kFamilies[family_].of_channel != nullptr ? std::min(plan.channels.size(), snapshot_->channels.size())
                                                  : std::min(plan.targets.size(), snapshot_->targets.size());
}

void ChannelMetrics::begin_family(SeriesWriter& out) {
  const Family& family = kFamilies[family_];
  is_begun_ = true;
  name_ = family.name;
  name_ += '{';
  for (const std::string_view part :
       {std::string_view("# HELP "), family.name, std::string_view(" "), family.help, std::string_view("\n# TYPE "),
        family.name, std::string_view(" "), family.type, std::string_view("\n")}) {
    out.text(part);
  }
}

void ChannelMetrics::write_row(SeriesWriter& out) {
  const Family& family = kFamilies[family_];
  const bool is_of_channels = family.of_channel != nullptr;
  row_labels_.clear();
  if (is_of_channels) {
    labels_->append_channel(row_labels_, row_);
  } else {
    labels_->append_target(row_labels_, row_);
  }
  if (row_labels_.empty()) return;  // nobody has this index
  const Row row{out, name_, row_labels_, row_, *snapshot_, buckets_};
  (is_of_channels ? family.of_channel : family.of_target)(row);
}

bool ChannelMetrics::next(std::string& piece) {
  SeriesWriter out(piece, family_ == kFamilyCount ? 0 : kMaxPieceBytes);
  for (; family_ < kFamilyCount && out.size() < kPieceBytes; ++family_, row_ = 0, is_begun_ = false) {
    if (!is_begun_) begin_family(out);
    for (const std::size_t count = rows(); row_ < count; ++row_) {
      if (out.size() >= kPieceBytes) break;
      write_row(out);
    }
    if (row_ < rows()) break;
  }
  out.finish();
  return !piece.empty();
}

}  // namespace blipd::serve
