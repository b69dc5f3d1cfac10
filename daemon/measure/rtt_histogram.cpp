#include "daemon/measure/rtt_histogram.hpp"

#include <algorithm>
#include <limits>

namespace blipd::measure {

RttHistogram::RttHistogram(std::size_t bounds) : buckets_(static_cast<std::uint8_t>(bounds + 1)) {
  if (buckets_ > kNarrow) widen();
}

void RttHistogram::add(base::Duration rtt, std::span<const double> bounds) {
  const double seconds = base::to_seconds(rtt);
  const auto above = static_cast<std::size_t>(std::ranges::lower_bound(bounds, seconds) - bounds.begin());
  const std::size_t bucket = std::min<std::size_t>(above, buckets_ - 1U);
  sum_seconds_ += seconds;
  if (!wide_) {
    if (narrow_[bucket] < std::numeric_limits<std::uint32_t>::max()) {
      ++narrow_[bucket];
      return;
    }
    widen();
  }
  ++wide_[bucket];
}

void RttHistogram::widen() {
  wide_ = std::make_unique<std::uint64_t[]>(buckets_);
  std::copy_n(narrow_.begin(), std::min<std::size_t>(buckets_, kNarrow), wide_.get());
}

HistogramView RttHistogram::view() const {
  HistogramView view;
  view.sum_seconds = sum_seconds_;
  if (wide_) {
    view.counts.assign(wide_.get(), wide_.get() + buckets_);
  } else {
    view.counts.assign(narrow_.begin(), narrow_.begin() + buckets_);
  }
  return view;
}

}  // namespace blipd::measure
