// What one minute came to, for whoever keeps history: one row a channel, a network and a country, by index in the plan
// that the batch carries. Plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "config/plan.hpp"
#include "daemon/detect/states.hpp"
#include "probes/base/time.hpp"

namespace blipd::pipeline {

// Of the round trips of a minute, seconds. Points by nearest rank.
struct MinuteRtt {
  float least = 0, p10 = 0, p25 = 0, p50 = 0, p75 = 0, p90 = 0, most = 0;
  float mean = 0;
};

struct ChannelMinute {
  probes::ChannelIndex channel = 0;
  std::uint32_t answered = 0;
  std::uint32_t lost = 0;     // timeouts and unreachables
  std::uint32_t aborted = 0;  // vantage faults among them
  std::uint32_t late = 0;
  std::optional<MinuteRtt> rtt;  // absent: no round trip
};

// What was asked of a network or a country, on all its channels.
struct MinuteSums {
  std::uint64_t answered = 0;
  std::uint64_t lost = 0;
  std::optional<float> rtt_median;  // of all round trips, seconds; beyond some thousands 0.73 % off at most
};

struct NetworkMinute {
  config::NetworkIndex network = 0;
  detect::NetworkState state = detect::NetworkState::kUnknown;  // at the minute's end
  bool is_unstable = false;
  std::uint32_t down_milliseconds = 0;         // within that minute, as far as declared
  std::uint32_t unknown_milliseconds = 0;      // within that minute: vantage fault, nothing settled
  std::optional<float> reachable_ratio;        // at the minute's end
  std::optional<float> usual_reachable_ratio;  // what was usual then
  MinuteSums sums;
};

struct CountryMinute {
  config::CountryIndex country = 0;
  detect::CountryLevel level = detect::CountryLevel::kUnknown;
  bool is_unstable = false;
  std::uint32_t total_milliseconds = 0;
  std::uint32_t unknown_milliseconds = 0;
  std::optional<float> reachable_ratio;
  std::optional<float> usual_reachable_ratio;
  MinuteSums sums;
};

struct Minutes {
  base::WallTime start{};  // of the minute: a whole number of minutes of Unix time
  std::shared_ptr<const config::Plan> plan;
  std::vector<ChannelMinute> channels;  // only those with something to say
  std::vector<NetworkMinute> networks;  // controls' networks are not among them
  std::vector<CountryMinute> countries;
};

}  // namespace blipd::pipeline
