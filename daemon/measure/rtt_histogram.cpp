#include "daemon/measure/rtt_histogram.hpp"

#include <algorithm>

namespace blipd::measure {

RttHistogram::RttHistogram(std::size_t bounds)
    : counts_(std::make_unique<std::uint32_t[]>(bounds + 1)), buckets_(static_cast<std::uint32_t>(bounds + 1)) {}

void RttHistogram::add(base::Duration rtt, std::span<const double> bounds) {
  const double seconds = base::to_seconds(rtt);
  const auto above = static_cast<std::size_t>(std::ranges::lower_bound(bounds, seconds) - bounds.begin());
  const std::size_t bucket = std::min<std::size_t>(above, buckets_ - 1);
  if (++counts_[bucket] == 0) {
    if (!carries_) carries_ = std::make_unique<std::uint32_t[]>(buckets_);
    ++carries_[bucket];
  }
  sum_seconds_ += seconds;
}

HistogramView RttHistogram::view() const {
  HistogramView view{{counts_.get(), counts_.get() + buckets_}, sum_seconds_};
  for (std::size_t i = 0; carries_ && i < buckets_; ++i) view.counts[i] += std::uint64_t{carries_[i]} << 32;
  return view;
}

}  // namespace blipd::measure
