// Round trips since the start in the buckets of the channel's spec, and their sum: what Prometheus wants.
// The bounds stay with their owner and are passed in; counts are per bucket, not cumulative.
#pragma once

#include <array>
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
  std::size_t heap_bytes() const { return wide_ ? buckets_ * sizeof(std::uint64_t) : 0; }

 private:
  // As many as the default bounds make.
  static constexpr std::size_t kNarrow = 17;

  void widen();

  double sum_seconds_ = 0;
  // Null as long as there are no more than kNarrow buckets, and none passes 2^32, which takes 136 years at one probe
  // a second. From then on the counts are here.
  std::unique_ptr<std::uint64_t[]> wide_;
  std::array<std::uint32_t, kNarrow> narrow_{};
  std::uint8_t buckets_;
};

}  // namespace blipd::measure
