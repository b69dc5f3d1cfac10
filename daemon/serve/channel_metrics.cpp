#include "daemon/serve/channel_metrics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>

namespace blipd::serve {

namespace {

using measure::Counters;
using measure::WindowView;
using pipeline::ChannelRow;
using probes::AbortReason;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Writes the series of one row: all begin with the family's name and the row's labels.
class Row {
 public:
  Row(std::string& out, std::string_view family, std::string_view labels)
      : out_(out), family_(family), labels_(labels) {}

  // `more` is further labels, each with a comma before it.
  template <class Number>
  void put(std::string_view more, Number value) {
    put_suffixed("", more, value);
  }

  // For histograms, whose series add to the family's name.
  template <class Number>
  void put_suffixed(std::string_view suffix, std::string_view more, Number value) {
    out_.append(family_);
    out_.append(suffix);
    out_ += '{';
    out_.append(labels_);
    out_.append(more);
    out_.append("} ");
    append_number(out_, value);
    out_ += '\n';
  }

 private:
  std::string& out_;
  std::string_view family_;
  std::string_view labels_;
};

struct Channel {
  const ChannelRow& row;
  const probes::ProbeSpec& spec;
};

struct Target {
  const pipeline::TargetRow& row;
  const config::PlannedTarget& planned;
};

// One of the two functions is set: it says whether rows are channels or targets.
struct Family {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  void (*of_channel)(Row& out, const Channel& channel) = nullptr;
  void (*of_target)(Row& out, const Target& target) = nullptr;
};

template <std::uint64_t Counters::*Field>
void put_counter(Row& out, const Channel& channel) {
  out.put("", channel.row.counters.*Field);
}

void put_lost(Row& out, const Channel& channel) {
  out.put(R"(,reason="timeout")", channel.row.counters.lost);
  out.put(R"(,reason="unreachable")", channel.row.counters.unreachable);
}

void put_aborted(Row& out, const Channel& channel) {
  const auto put = [&](AbortReason reason, std::string_view label) {
    out.put(label, channel.row.counters.aborted[static_cast<std::size_t>(reason)]);
  };
  put(AbortReason::kSendError, R"(,reason="send_error")");
  put(AbortReason::kUnresolved, R"(,reason="unresolved")");
  put(AbortReason::kVantageFault, R"(,reason="vantage_fault")");
  put(AbortReason::kClock, R"(,reason="clock")");
  put(AbortReason::kOverrun, R"(,reason="overrun")");
}

void put_rejected(Row& out, const Channel& channel) {
  out.put(R"(,reason="malformed")", channel.row.counters.malformed);
  out.put(R"(,reason="forged")", channel.row.counters.forged);
}

void put_rtt_histogram(Row& out, const Channel& channel) {
  const auto& counts = channel.row.rtt_histogram.counts;
  const auto& bounds = channel.spec.rtt_buckets;
  std::uint64_t below = 0;
  std::string le;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    below += i < counts.size() ? counts[i] : 0;
    le = R"(,le=")";
    append_number(le, bounds[i]);
    le += '"';
    out.put_suffixed("_bucket", le, below);
  }
  for (std::size_t i = bounds.size(); i < counts.size(); ++i) below += counts[i];
  out.put_suffixed("_bucket", R"(,le="+Inf")", below);
  out.put_suffixed("_sum", "", channel.row.rtt_histogram.sum_seconds);
  out.put_suffixed("_count", "", below);
}

constexpr std::array<std::string_view, measure::kWindows.size()> kWindowLabels = {
    R"(,window="1m")", R"(,window="5m")", R"(,window="15m")", R"(,window="1h")"};

template <class Value>
void put_windows(Row& out, const Channel& channel, const Value& value) {
  for (std::size_t i = 0; i < kWindowLabels.size(); ++i) out.put(kWindowLabels[i], value(channel.row.windows[i]));
}

void put_window_loss(Row& out, const Channel& channel) {
  put_windows(out, channel, [](const WindowView& window) { return window.loss_ratio().value_or(kNan); });
}

void put_window_samples(Row& out, const Channel& channel) {
  put_windows(out, channel, [](const WindowView& window) { return std::uint64_t{window.samples}; });
}

void put_window_pdv(Row& out, const Channel& channel) {
  put_windows(out, channel,
              [](const WindowView& window) { return window.round_trips > 0 ? base::to_seconds(window.pdv) : kNan; });
}

void put_window_rtt(Row& out, const Channel& channel) {
  constexpr std::array<std::string_view, measure::kQuantiles.size()> kLabels = {
      R"(,quantile="0.5")", R"(,quantile="0.9")", R"(,quantile="0.99")", R"(,quantile="1")"};
  std::string labels;
  for (std::size_t w = 0; w < kWindowLabels.size(); ++w) {
    const WindowView& window = channel.row.windows[w];
    for (std::size_t q = 0; q < kLabels.size(); ++q) {
      labels = kWindowLabels[w];
      labels += kLabels[q];
      out.put(labels, window.round_trips > 0 ? base::to_seconds(window.rtt[q]) : kNan);
    }
  }
}

void put_usual(Row& out, const Channel& channel) { out.put("", channel.row.usual_answer_ratio.value_or(kNan)); }

void put_vote(Row& out, const Channel& channel) { out.put("", std::uint64_t{channel.row.has_vote}); }

void put_last_answer(Row& out, const Channel& channel) {
  out.put("", channel.row.last_answered ? base::to_unix_seconds(*channel.row.last_answered) : 0.0);
}

void put_target_state(Row& out, const Target& target) {
  constexpr std::array<std::string_view, 3> kLabels = {R"(,state="up")", R"(,state="down")", R"(,state="unknown")"};
  for (std::size_t i = 0; i < kLabels.size(); ++i) {
    out.put(kLabels[i], std::uint64_t{static_cast<std::size_t>(target.row.state) == i});
  }
}

void put_target_info(Row& out, const Target& target) {
  std::string host = R"(,host=")";
  append_label_value(host, target.planned.host);
  host += '"';
  out.put(host, std::uint64_t{1});
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
    {"blipd_target_info", "gauge", "The target's host as configured; always 1.", nullptr, put_target_info},
};
constexpr std::size_t kFamilyCount = std::size(kFamilies);

}  // namespace

ChannelMetrics::ChannelMetrics(std::shared_ptr<const pipeline::Snapshot> snapshot,
                               std::shared_ptr<const LabelBlocks> labels)
    : snapshot_(std::move(snapshot)), labels_(std::move(labels)) {}

std::size_t ChannelMetrics::rows() const {
  const config::Plan& plan = labels_->plan();
  return kFamilies[family_].of_channel != nullptr ? std::min(plan.channels.size(), snapshot_->channels.size())
                                                  : std::min(plan.targets.size(), snapshot_->targets.size());
}

void ChannelMetrics::begin_family(std::string& piece) {
  const Family& family = kFamilies[family_];
  is_begun_ = true;
  piece.append("# HELP ").append(family.name).append(" ").append(family.help).append("\n");
  piece.append("# TYPE ").append(family.name).append(" ").append(family.type).append("\n");
}

void ChannelMetrics::write_row(std::string& piece) {
  const Family& family = kFamilies[family_];
  const config::Plan& plan = labels_->plan();
  if (family.of_channel != nullptr) {
    if (!plan.channels[row_].is_active) return;
    Row out(piece, family.name, labels_->channel(row_));
    family.of_channel(out, Channel{snapshot_->channels[row_], plan.channels[row_].spec()});
  } else {
    if (!plan.targets[row_].is_active) return;
    Row out(piece, family.name, labels_->target(row_));
    family.of_target(out, Target{snapshot_->targets[row_], plan.targets[row_]});
  }
}

bool ChannelMetrics::next(std::string& piece) {
  piece.clear();
  if (family_ == kFamilyCount) return false;
  piece.reserve(kMaxPieceBytes);
  for (; family_ < kFamilyCount; ++family_, row_ = 0, is_begun_ = false) {
    if (!is_begun_) begin_family(piece);
    for (const std::size_t count = rows(); row_ < count; ++row_) {
      if (piece.size() >= kPieceBytes) return true;
      write_row(piece);
    }
  }
  return !piece.empty();
}

}  // namespace blipd::serve
