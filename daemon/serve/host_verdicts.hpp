// What a snapshot says of each host by all its ways of asking: put together from its channels for whoever shows it.
// Internal to this floor.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/detect/host_verdict.hpp"
#include "daemon/pipeline/snapshot.hpp"

namespace blipd::serve {

// Valid as long as the snapshot's plan.
std::vector<detect::Way> ways_of(const pipeline::Snapshot& snapshot, std::size_t target);

// `,"verdict":…,"verdict_words":…,"verdict_as_usual":…,"signs":[…]`
void append_verdict(std::string& out, const pipeline::Snapshot& snapshot, std::size_t target);
// `,"says":…,"says_as_usual":…`
void append_says(std::string& out, const pipeline::ChannelState& state);

// How many hosts of a network have each verdict, by index of network.
using HostCounts = std::array<std::uint32_t, event::kHostVerdictNames.size()>;
std::vector<HostCounts> count_hosts(const pipeline::Snapshot& snapshot);

// Which signs a target can show, as it is asked.
std::array<bool, event::kHostSignNames.size()> possible_signs(const config::Plan& plan, std::size_t target);

}  // namespace blipd::serve
