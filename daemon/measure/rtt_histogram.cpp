#include "daemon/measure/rtt_histogram.hpp"

#include <algorithm>

namespace blipd::measure {

RttHistogram::RttHistogram(std::size_t bounds)
    : counts_(std::make_unique<std::uint64_t[]>(bounds + 1)), buckets_(static_cast<std::uint32_t>(bounds + 1)) {}

void RttHistogram::add(base::Duration rtt, std::span<const double> bounds) {
  const double seconds = base::to_seconds(rtt);
  const auto bucket = static_cast<std::size_t>(std::ranges::lower_bound(bounds, seconds) - bounds.begin());
  ++counts_[std::min<std::size_t>(bucket, buckets_ - 1)];
  sum_seconds_ += seconds;
}

HistogramView RttHistogram::view() const {
  return HistogramView{{counts_.get(), counts_.get() + buckets_}, sum_seconds_};
}

}  // namespace blipd::measure
