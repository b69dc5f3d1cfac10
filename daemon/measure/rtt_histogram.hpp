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
  std::size_t heap_bytes() const { return buckets_ * sizeof(std::uint64_t); }

 private:
  std::unique_ptr<std::uint64_t[]> counts_;
  std::uint32_t buckets_;
  double sum_seconds_ = 0;
};

}  // namespace blipd::measure
