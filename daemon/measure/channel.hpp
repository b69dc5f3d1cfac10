// All that is measured of one channel: counters since the start, the histogram, the windows, and the last
// result. Flat and bounded: a channel's size depends on how often it is asked, never on how long. Judges
// nothing.
#pragma once

#include <optional>
#include <span>

#include "daemon/measure/rtt_histogram.hpp"
#include "daemon/measure/tally.hpp"
#include "daemon/measure/view.hpp"
#include "daemon/measure/windows.hpp"
#include "probes/base/prefetch.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::measure {

// The last result that was given; times are as the source gave them.
struct LastResult {
  probes::Outcome outcome = probes::Outcome::kAborted;
  probes::StampSource stamps = probes::StampSource::kNone;  // of the last round trip
  std::optional<base::Duration> rtt;                        // the last one measured
  std::optional<base::MonoTime> settled;                    // of the last probe that was not aborted
  std::optional<base::MonoTime> answered;
};

// Whatever a probe touches lies in these four cache lines, but for one sample in five, when older ones are
// put away.
class alignas(64) Channel {
 public:
  explicit Channel(std::size_t rtt_bounds) : histogram_(rtt_bounds) {}

  void on_sent() { tally_.on_sent(); }
  // False, and nothing changes, when no probe of this channel is under way. `rtt_bounds` are the spec's.
  bool on_result(const probes::Result& result, std::span<const double> rtt_bounds);
  void on_remark(probes::RemarkKind kind) { tally_.on_remark(kind); }

  // Fetches into the processor's caches what the next calls will touch.
  void prefetch() const { base::prefetch(*this); }

  Counters counters() const { return tally_.counters(); }
  HistogramView histogram() const { return histogram_.view(); }
  WindowViews windows(base::MonoTime now) const { return windows_.view(now); }
  // As they are, for somebody else to look at: copying costs a tenth of viewing.
  void copy_windows(Windows& into) const { into = windows_; }
  // The samples of the last minute, and some that are a little older.
  const Recent& recent() const { return windows_.recent(); }
  LastResult last() const;

  // Beside sizeof(Channel).
  std::size_t heap_bytes() const { return tally_.heap_bytes() + histogram_.heap_bytes() + windows_.heap_bytes(); }

 private:
  static constexpr base::MonoTime kNever = base::MonoTime::min();

  Tally tally_;
  [[no_unique_address]] RttHistogram histogram_;  // the outcome and stamps lie in its padding
  probes::Outcome last_outcome_ = probes::Outcome::kAborted;
  probes::StampSource last_stamps_ = probes::StampSource::kNone;
  base::Duration last_rtt_ = base::Duration(-1);  // negative: none
  base::MonoTime last_answered_ = kNever;
  Windows windows_;
};
static_assert(sizeof(Channel) == 256);

}  // namespace blipd::measure
