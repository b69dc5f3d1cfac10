// Runs of consecutive failures (RFC 3357) in a stretch of samples, so described that stretches can be joined.
#pragma once

#include <algorithm>
#include <cstdint>

namespace blipd::measure {

struct LossRuns {
  std::uint32_t samples = 0;
  std::uint32_t failed = 0;
  std::uint32_t runs = 0;
  std::uint32_t first = 0;  // length of the run that the stretch begins with; 0: it begins with an answer
  std::uint32_t last = 0;   // of the one that it ends with
  std::uint32_t longest = 0;

  void add(bool is_failure) {
    ++samples;
    if (!is_failure) {
      last = 0;
      return;
    }
    ++failed;
    if (++last == 1) ++runs;
    longest = std::max(longest, last);
    if (last == samples) first = last;
  }

  // `next` follows at once.
  void join(const LossRuns& next) {
    if (next.samples == 0) return;
    const std::uint32_t bridge = last + next.first;
    runs += next.runs - (last > 0 && next.first > 0 ? 1 : 0);
    longest = std::max({longest, next.longest, bridge});
    if (first == samples) first += next.first;
    last = next.last == next.samples ? last + next.last : next.last;
    samples += next.samples;
    failed += next.failed;
  }
};

}  // namespace blipd::measure
