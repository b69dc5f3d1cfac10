#include "daemon/measure/flows.hpp"

#include <algorithm>
#include <bit>
#include <tuple>
#include <unordered_set>

namespace blipd::measure {

std::optional<double> FlowTally::recent_loss() const {
  if (samples == 0) return std::nullopt;
  return static_cast<double>(std::popcount(recent)) / samples;
}

void Flows::lay_out(std::span<const Layout> channels) {
  std::unordered_set<probes::ChannelIndex> changed;
  for (const Layout& layout : channels) changed.insert(layout.channel);
  std::erase_if(tallies_, [&](const FlowTally& tally) { return changed.contains(tally.channel); });
  for (const Layout& layout : channels) {
    if (layout.flows < 2) continue;
    for (std::uint8_t flow = 0; flow < layout.flows; ++flow) {
      tallies_.push_back({.channel = layout.channel, .flow = flow});
    }
  }
  std::ranges::sort(tallies_, {}, [](const FlowTally& t) { return std::tuple(t.channel, t.flow); });
  places_.clear();
  for (std::size_t i = 0; i < tallies_.size(); ++i) {
    Place& place = places_[tallies_[i].channel];
    if (place.flows++ == 0) place.first = static_cast<std::uint32_t>(i);
  }
}

void Flows::on_result(const probes::Result& result) {
  if (result.outcome == probes::Outcome::kAborted) return;
  const auto found = places_.find(result.channel);
  if (found == places_.end()) return;
  const auto flow = probes::flow_of(found->second.flows, result.sequence);
  if (!flow) return;
  FlowTally& tally = tallies_[found->second.first + *flow];
  const bool is_lost = result.outcome != probes::Outcome::kAnswered;
  ++(is_lost ? tally.lost : tally.answered);
  tally.recent = tally.recent << 1U | (is_lost ? 1U : 0U);
  if (tally.samples < FlowTally::kRecent) ++tally.samples;
}

std::span<const FlowTally> flows_of(std::span<const FlowTally> tallies, probes::ChannelIndex channel) {
  const auto from = std::ranges::lower_bound(tallies, channel, {}, &FlowTally::channel);
  const auto to = std::ranges::upper_bound(tallies, channel, {}, &FlowTally::channel);
  return {from, to};
}

}  // namespace blipd::measure
