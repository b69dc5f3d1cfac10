// How well we measure ourselves: counters and levels of the engine, as plain numbers.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "probes/base/time.hpp"

namespace blipd::engine {

// Upper bounds of the scheduling-lag histogram, in seconds.
inline constexpr std::array<double, 13> kLagBuckets = {0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.05,
                                                       0.1,   0.2,   0.5,   1.0,  2.0,   5.0};

// By probes::PathEnd.
inline constexpr std::size_t kTraceEnds = 5;

struct Health {
  bool is_capturing = false;          // false: answers come from sockets, see `clock_source`
  std::string clock_source = "none";  // capture | kernel | user
  bool is_first_round_settled = false;
  std::uint64_t capture_drops = 0;      // packets that the capture ring had no room for
  std::uint64_t socket_drops = 0;       // datagrams that our sockets had no room for
  std::uint64_t clock_steps = 0;        // wall clock steps and suspends noticed
  std::uint64_t send_errors = 0;        // failed sends, whatever the reason
  std::uint64_t unmatched_packets = 0;  // well-formed, but of no channel: strangers' and stale ones
  std::uint64_t malformed_packets = 0;  // claimed to be ours, cut short or wrong
  std::uint64_t forged_packets = 0;     // claimed to be ours, token or sender wrong
  std::uint64_t budget_deferrals = 0;   // probes that waited for the budget
  std::uint64_t ticks = 0;
  std::uint64_t resolutions = 0;                                   // names looked up
  std::uint64_t resolution_failures = 0;                           // of those, failed: the last addresses stay in use
  std::uint32_t unresolved_targets = 0;                            // without any address at present
  std::uint32_t refused_targets = 0;                               // on the do-not-probe list
  std::array<std::uint64_t, kLagBuckets.size() + 1> lag_counts{};  // per bucket, the last one above all bounds
  double lag_sum_seconds = 0;
  std::uint32_t shards = 1;         // probing threads
  std::uint32_t silent_shards = 0;  // of those, not heard of: see Tide
  std::uint64_t held_ticks = 0;     // turns that sent nothing because judging was behind

  bool can_trace = false;                                // there is a raw socket to trace with
  std::uint64_t trace_packets = 0;                       // sent by traces
  std::array<std::uint64_t, kTraceEnds> traces_ended{};  // by probes::PathEnd
  std::uint32_t traces_waiting = 0;                      // due or under way

  bool is_receiving() const { return is_capturing || clock_source != "none"; }
};

// Of all shards as one: counts are added up, levels are those of the worst. A step of the clock is one, however many
// noticed it. Never empty.
Health joined(std::span<const Health> shards);

}  // namespace blipd::engine
