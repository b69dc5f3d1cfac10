#include "daemon/engine/health.hpp"

#include <algorithm>

namespace blipd::engine {

namespace {

// From worst to best.
constexpr std::array<std::string_view, 4> kClockSources = {"none", "user", "kernel", "capture"};

auto quality(const Health& health) { return std::ranges::find(kClockSources, health.clock_source); }

void add(Health& whole, const Health& shard) {
  whole.is_capturing = whole.is_capturing && shard.is_capturing;
  if (quality(shard) < quality(whole)) whole.clock_source = shard.clock_source;
  whole.is_first_round_settled = whole.is_first_round_settled && shard.is_first_round_settled;
  whole.capture_drops += shard.capture_drops;
  whole.socket_drops += shard.socket_drops;
  whole.clock_steps = std::max(whole.clock_steps, shard.clock_steps);
  whole.send_errors += shard.send_errors;
  whole.unmatched_packets += shard.unmatched_packets;
  whole.malformed_packets += shard.malformed_packets;
  whole.forged_packets += shard.forged_packets;
  whole.budget_deferrals += shard.budget_deferrals;
  whole.ticks += shard.ticks;
  whole.resolutions += shard.resolutions;
  whole.resolution_failures += shard.resolution_failures;
  whole.unresolved_targets += shard.unresolved_targets;
  whole.refused_targets += shard.refused_targets;
  for (std::size_t i = 0; i < whole.lag_counts.size(); ++i) whole.lag_counts[i] += shard.lag_counts[i];
  whole.lag_sum_seconds += shard.lag_sum_seconds;
  whole.shards += shard.shards;
  whole.silent_shards += shard.silent_shards;
  whole.held_ticks += shard.held_ticks;
  whole.can_trace = whole.can_trace && shard.can_trace;
  whole.trace_packets += shard.trace_packets;
  for (std::size_t i = 0; i < whole.traces_ended.size(); ++i) whole.traces_ended[i] += shard.traces_ended[i];
  whole.traces_waiting += shard.traces_waiting;
}

}  // namespace

Health joined(std::span<const Health> shards) {
  Health whole = shards.front();
  for (const Health& shard : shards.subspan(1)) add(whole, shard);
  return whole;
}

}  // namespace blipd::engine
