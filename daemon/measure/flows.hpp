// Loss by flow (probes/flow.hpp), of channels that rotate over several: a path that is broken among some that are not
// shows as flows that lose all beside others that lose nothing. Kept beside the channels, since few have any.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "probes/flow.hpp"
#include "probes/result.hpp"

namespace blipd::measure {

struct FlowTally {
  probes::ChannelIndex channel = 0;
  probes::FlowNumber flow = 0;
  std::uint8_t samples = 0;    // that `recent` holds, at most kRecent
  std::uint64_t answered = 0;  // since the start
  std::uint64_t lost = 0;
  std::uint64_t recent = 0;  // a bit for each of the last results, the youngest lowest; 1: lost

  static constexpr std::uint8_t kRecent = 64;

  // Of the last kRecent results, 0 to 1; absent before any.
  std::optional<double> recent_loss() const;
};

class Flows {
 public:
  // A channel that is new, or means something else from now on. Below two flows nothing is kept of it.
  struct Layout {
    probes::ChannelIndex channel = 0;
    std::uint8_t flows = 0;
  };
  void lay_out(std::span<const Layout> channels);

  bool is_empty() const { return tallies_.empty(); }
  // Results that were aborted say nothing of a flow.
  void on_result(const probes::Result& result);

  // In order of channel and flow.
  const std::vector<FlowTally>& tallies() const { return tallies_; }

 private:
  std::vector<FlowTally> tallies_;
  struct Place {
    std::uint32_t first = 0;
    std::uint8_t flows = 0;
  };
  std::unordered_map<probes::ChannelIndex, Place> places_;
};

// Those of one channel.
std::span<const FlowTally> flows_of(std::span<const FlowTally> tallies, probes::ChannelIndex channel);

}  // namespace blipd::measure
