// What is kept of samples older than five minutes: summaries of stretches of time, packed into as few bytes
// as their content allows (some 15 to 40 for a steady channel), and the walk over such bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "daemon/measure/loss_runs.hpp"
#include "daemon/measure/recent.hpp"
#include "daemon/measure/rtt_code.hpp"

namespace blipd::measure {

using Period = std::int64_t;  // 75 s since the start of MonoTime
inline constexpr base::Duration kPeriod = std::chrono::seconds(75);
inline constexpr Tick kPeriodTicks = kPeriod / kTick;
inline constexpr Period kLongPeriods = 4;  // periods in a slice that only the longest window needs

// What can be said of a stretch of samples in a few numbers, joined without loss.
struct Totals {
  LossRuns losses;
  std::uint32_t round_trips = 0;
  RttCode minimum = kRttCodes;
  double ipdv_sum = 0;  // ns
  std::uint32_t ipdv_pairs = 0;

  // `previous` is the code of the sample before; used when this one follows it.
  void add(const Sample& sample, RttCode previous);
  // `next` follows at once.
  void join(const Totals& next);
};

// How many round trips fell into each coarse bin.
struct Bins {
  std::uint32_t first = kBins;  // bins outside first..last are zero
  std::uint32_t last = 0;
  std::array<std::uint32_t, kBins> counts{};

  void add(std::uint32_t bin, std::uint32_t samples) {
    counts[bin] += samples;
    first = std::min(first, bin);
    last = std::max(last, bin);
  }
  void join(const Bins& other);
  // Costs what was in it.
  void clear();
};

// One stretch, unpacked. Reused from stretch to stretch.
struct Slice {
  Period start = 0;
  bool is_long = false;  // kLongPeriods long instead of one
  Totals totals;
  Bins bins;

  void clear(Period new_start);
  void add(const Sample& sample, RttCode previous);
  void join(const Slice& next);
};

// Appends the slice; its time is stored relative to `base`, the start of the slice before.
void pack(const Slice& slice, Period base, std::vector<std::uint8_t>& out);

// Reads one slice from the front of `bytes`, which pack() wrote, and moves past it.
void unpack(std::span<const std::uint8_t>& bytes, Period base, Slice& slice);

struct SliceHead {
  Period start = 0;
  bool is_long = false;
};
// The same, without the content.
SliceHead skip(std::span<const std::uint8_t>& bytes, Period base);

// Appends a packed slice as it is, but for its time, which becomes relative to `base`.
void repack(std::span<const std::uint8_t> packed, Period start, Period base, std::vector<std::uint8_t>& out);

}  // namespace blipd::measure
