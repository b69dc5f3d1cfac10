// What a snapshot says of one channel, unpacked: plain values for whoever shows them.
#pragma once

#include <memory>
#include <optional>

#include "daemon/event/host.hpp"
#include "daemon/measure/view.hpp"
#include "daemon/measure/windows.hpp"
#include "daemon/pipeline/http_book.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::pipeline {

struct ChannelState {
  std::optional<double> usual_answer_ratio;  // absent until learned
  bool has_vote = true;                      // false: answers too seldom to say anything
  probes::Outcome last_outcome = probes::Outcome::kAborted;
  std::optional<base::Duration> last_rtt;
  std::optional<base::WallTime> last_settled;
  std::optional<base::WallTime> last_answered;
  probes::StampSource stamps = probes::StampSource::kNone;
  event::WaySays says = event::WaySays::kUnknown;
  bool is_as_usual = true;                   // it mostly says so
  std::optional<probes::IcmpNotice> notice;  // of kUnreachable, where it is known
};

// All but the windows, which take time to look at.
struct ChannelSums : ChannelState {
  measure::Counters counters;
  measure::HistogramView rtt_histogram;  // bounds are the spec's rtt_buckets
  std::shared_ptr<const HttpRow> http;   // null for a channel that does not ask by HTTP
};

struct ChannelRow : ChannelSums {
  measure::WindowViews windows;
};

}  // namespace blipd::pipeline
