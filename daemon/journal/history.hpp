// Minutes read back, gathered into bins of equal width: what pictures, reports and /api/v1/series are made of. Reads
// while a daemon writes and holds up nobody. Every function of History throws SqlFailure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/journal/spread.hpp"
#include "daemon/journal/store.hpp"
#include "probes/base/time.hpp"

namespace blipd::journal {

// [from, from + count * width): whole minutes of Unix time.
struct Bins {
  base::WallTime from{};
  base::Duration width = std::chrono::minutes(1);
  std::size_t count = 0;

  base::WallTime start_of(std::size_t bin) const { return from + width * static_cast<std::int64_t>(bin); }
  base::WallTime end() const { return start_of(count); }
};

// The narrowest usual width (1, 2, 5, 10, 15 or 30 min, 1, 2, 3, 6 or 12 h, whole days) with which [from, to) takes at
// most `most` bins; they begin at a multiple of the width and cover the range.
Bins bins_for(base::WallTime from, base::WallTime to, std::size_t most);

// What a bin of a network or a country came to.
struct StateBin {
  std::uint32_t minutes = 0;                  // on record; fewer than the width has: the rest was not watched
  std::array<std::uint32_t, 6> minutes_in{};  // by state at the minute's end, in the order of kNetworkStateNames
  std::uint32_t minutes_unstable = 0;         // at their end
  base::Duration down{};                      // as far as declared
  base::Duration unknown{};                   // vantage fault, nothing settled
  std::optional<float> reachable;             // mean share, 0–1
  std::optional<float> least_reachable;       // 0–1
  std::optional<float> usual_reachable;       // mean of what was usual then, 0–1
  std::uint64_t answered = 0;                 // probes
  std::uint64_t lost = 0;                     //
  std::optional<float> rtt_median;            // seconds: the median over minutes of the median of all round trips
};

struct ChannelBin {
  std::uint32_t minutes = 0;  // on record
  std::uint64_t answered = 0;
  std::uint64_t lost = 0;
  std::uint64_t aborted = 0;
  std::uint64_t late = 0;
  std::optional<RttSpread> rtt;
};

class History {
 public:
  explicit History(const std::string& path);

  // What is asked for from now on must be there within so long.
  void limit_time(base::Duration duration) { db_.limit_time(duration); }

  // `place` is a country's code or country/network. As many bins as asked for; empty ones where nothing is on record.
  std::vector<StateBin> states(const std::string& place, const Bins& bins);
  // `place` is country/network/target/probe.
  std::vector<ChannelBin> channel(const std::string& place, const Bins& bins);

 private:
  Connection db_;
  int schema_ = 0;
};

}  // namespace blipd::journal
