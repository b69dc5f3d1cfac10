// What measuring says about one channel, as plain numbers for others to show: counters since the start,
// and the sliding windows. An empty window is empty, not zero: its ratios and times are absent.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "probes/base/time.hpp"

namespace blipd::measure {

inline constexpr std::array<base::Duration, 4> kWindows = {std::chrono::minutes(1), std::chrono::minutes(5),
                                                           std::chrono::minutes(15), std::chrono::hours(1)};
inline constexpr std::array<const char*, 4> kWindowNames = {"1m", "5m", "15m", "1h"};
inline constexpr std::array<double, 4> kQuantiles = {0.5, 0.9, 0.99, 1.0};

struct WindowView {
  std::uint32_t samples = 0;      // settled: answered, lost or unreachable; aborted ones are not samples
  std::uint32_t failed = 0;       // lost or unreachable
  std::uint32_t round_trips = 0;  // answered with a valid round trip
  std::array<base::Duration, kQuantiles.size()> rtt{};  // by kQuantiles; valid when round_trips > 0
  base::Duration minimum_rtt{};                         // valid when round_trips > 0
  // Packet delay variation: 99th percentile less minimum (RFC 5481, 4.2). Valid when round_trips > 0.
  base::Duration pdv{};
  // Mean absolute difference of consecutive round trips (inter-packet delay variation, RFC 5481, 4.1); valid
  // when ipdv_pairs > 0.
  base::Duration mean_ipdv{};
  std::uint32_t ipdv_pairs = 0;
  // Loss runs (RFC 3357): how many runs of consecutive failures, and the longest, in probes.
  std::uint32_t loss_runs = 0;
  std::uint32_t longest_loss_run = 0;

  std::optional<double> loss_ratio() const {
    if (samples == 0) return std::nullopt;
    return static_cast<double>(failed) / static_cast<double>(samples);
  }

  bool operator==(const WindowView&) const = default;
};

// Counters since the start. Disjoint and complete: sent = answered + lost + unreachable + in_flight, at any moment.
// A probe that was sent and is then voided (a clock step, a vantage fault) is counted under aborted and asked
// again in effect: its place under `sent` is taken by the channel's next probe; until then it stays in flight.
struct Counters {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t lost = 0;
  std::uint64_t unreachable = 0;
  std::uint64_t in_flight = 0;
  std::array<std::uint64_t, 6> aborted{};  // by probes::AbortReason; [kNone] stays 0
  std::uint64_t late = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t differing = 0;
  std::uint64_t reordered = 0;
  std::uint64_t malformed = 0;
  std::uint64_t forged = 0;
  std::uint64_t unexpected = 0;  // answers whose content did not meet the expectations

  bool operator==(const Counters&) const = default;
};

// Cumulative, as Prometheus wants it, except that `counts` are per bucket: counts[i] is the number of round
// trips in (bounds[i−1], bounds[i]], and counts[bounds.size()] those above the last bound.
struct HistogramView {
  std::vector<std::uint64_t> counts;
  double sum_seconds = 0;
};

}  // namespace blipd::measure
