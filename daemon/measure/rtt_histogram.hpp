// Round trips since the start in the buckets of the channel's spec, and their sum: what Prometheus wants.
// The bounds stay with their owner and are passed in; counts are per bucket, not cumulative.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "daemon/measure/view.hpp"
#include "probes/base/time.hpp"

namespace blipd::measure {

class RttHistogram {
 public:
  explicit RttHistogram(std::size_t bounds);

  // `bounds` ascend, in seconds, as many as at construction. A round trip equal to a bound is within it.
  void add(base::Duration rtt, std::span<const double> bounds);
  HistogramView view() const;
  void prefetch() const { __builtin_prefetch(counts_.get(), 1); }
  std::size_t heap_bytes() const { return buckets_ * sizeof(std::uint32_t) * (carries_ ? 2 : 1); }

 private:
  // Half the size for as long as nothing passes 2^32, which takes 136 years at one probe a second.
  std::unique_ptr<std::uint32_t[]> counts_;
  std::unique_ptr<std::uint32_t[]> carries_;  // upper halves; null while all are zero
  std::uint32_t buckets_;
  double sum_seconds_ = 0;
};

}  // namespace blipd::measure
