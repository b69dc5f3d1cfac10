// The round trips of a network or a country in one minute, for their median. Exact while they are few; beyond that
// counted in bins (measure::kFine, 0.73 % off at most), so that no pool grows with what is asked.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/measure/rtt_code.hpp"
#include "probes/base/time.hpp"

namespace blipd::pipeline {

class RttPool {
 public:
  static constexpr std::size_t kMostExact = measure::kFineBins;  // as much memory as the bins take

  void add(measure::RttCode code) {
    ++count_;
    if (!bins_.empty()) {
      ++bins_[measure::bin_of(code, measure::kFine)];
      return;
    }
    codes_.push_back(code);
    if (codes_.size() <= kMostExact) return;
    bins_.assign(measure::kFineBins, 0);
    for (const measure::RttCode each : codes_) ++bins_[measure::bin_of(each, measure::kFine)];
    codes_.clear();
  }

  std::size_t count() const { return count_; }

  // Nearest rank, the lower of two in the middle; absent: no round trip. Reorders what is kept.
  std::optional<base::Duration> median() {
    if (count_ == 0) return std::nullopt;
    const std::size_t rank = (count_ - 1) / 2;
    if (bins_.empty()) {
      const auto middle = codes_.begin() + static_cast<std::ptrdiff_t>(rank);
      std::nth_element(codes_.begin(), middle, codes_.end());
      return measure::decode_rtt(*middle);
    }
    std::uint32_t bin = 0;
    for (std::size_t below = bins_[0]; below <= rank; below += bins_[bin]) ++bin;
    return measure::decode_bin(bin, measure::kFine);
  }

  void clear() {
    count_ = 0;
    codes_.clear();
    bins_.clear();
  }

 private:
  std::size_t count_ = 0;
  std::vector<measure::RttCode> codes_;
  std::vector<std::uint32_t> bins_;  // empty: all are in codes_
};

}  // namespace blipd::pipeline
