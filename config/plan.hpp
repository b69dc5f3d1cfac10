// The configuration as flat tables with stable positions, which is what everything that runs works with:
// channels, targets, networks and countries by index. Immutable once made. A plan made from its
// predecessor keeps the index of whatever keeps its name, so a reload leaves the state of untouched
// channels where it is; indices that fell free are marked inactive and given to newcomers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "probes/result.hpp"
#include "probes/spec.hpp"

namespace blipd::config {

using probes::ChannelIndex;
using TargetIndex = std::uint32_t;
using NetworkIndex = std::uint32_t;
using CountryIndex = std::uint32_t;

struct PlannedChannel {
  bool is_active = false;
  TargetIndex target = 0;
  NetworkIndex network = 0;
  probes::ProbeSpec spec;
  // country/network/target/probe: the channel's identity, and what its phase is hashed from.
  std::string name;
  // The generation of the plan that first gave this index to this channel with this spec: differs between two
  // plans when the index was given to a newcomer or the way of asking changed, so state must start anew.
  std::uint64_t since_generation = 0;
};

struct PlannedTarget {
  bool is_active = false;
  std::string name;
  std::string host;
  NetworkIndex network = 0;
  std::vector<ChannelIndex> channels;
  std::string upstream;  // of a path control; else empty
};

struct PlannedNetwork {
  bool is_active = false;
  std::string name;
  std::optional<CountryIndex> country;  // none: controls
  std::optional<std::uint32_t> asn;
  std::string access;
  std::string upstream;
  double weight = 1.0;
  std::vector<TargetIndex> targets;
  std::uint64_t since_generation = 0;

  bool is_control() const { return !country.has_value(); }
};

struct PlannedCountry {
  bool is_active = false;
  std::string code;
  std::string name;
  std::vector<NetworkIndex> networks;
  std::uint64_t since_generation = 0;
  // Some of its networks are another process's to ask: here nothing can be said of it as a whole.
  bool is_split = false;
};

struct Plan {
  std::uint64_t generation = 1;
  Configuration configuration;  // what it was made from
  std::vector<PlannedChannel> channels;
  std::vector<PlannedTarget> targets;
  std::vector<PlannedNetwork> networks;
  std::vector<PlannedCountry> countries;
  std::vector<ChannelIndex> channels_by_name;  // the active ones, sorted by name: what find_channel searches

  // By country/network/target/probe; controls are vantage/network/target/probe. Empty when there is none.
  std::optional<ChannelIndex> find_channel(std::string_view name) const;

  // The labels that Prometheus and the log use. Of controls: country "" and network as configured.
  std::string_view country_code(NetworkIndex network) const;
};

// `previous` may be null.
std::shared_ptr<const Plan> make_plan(const Configuration& configuration, const Plan* previous);

}  // namespace blipd::config
