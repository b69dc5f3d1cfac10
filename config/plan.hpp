// The configuration as flat tables with stable positions, which is what everything that runs works with:
// channels, targets, networks and countries by index. Immutable once made. A plan made from its
// predecessor keeps the index of whatever keeps its name, so a reload leaves the state of untouched
// channels where it is; indices that fell free are marked inactive and given to newcomers.
//
// Lean, since a process may hold a million channels and, while a reload is under way, two plans: ways of asking are
// shared by all channels that are asked alike, and a channel's name is put together when somebody wants it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "config/ways.hpp"
#include "probes/result.hpp"
#include "probes/spec.hpp"

namespace blipd::config {

using probes::ChannelIndex;
using TargetIndex = std::uint32_t;
using NetworkIndex = std::uint32_t;
using CountryIndex = std::uint32_t;
// How many plans there were in this line, this one included: one a second lasts for 136 years.
using Generation = std::uint32_t;

struct PlannedChannel {
  // Never null; belongs to the plan's `ways`.
  const probes::ProbeSpec* asks = &nothing();
  TargetIndex target = 0;
  NetworkIndex network = 0;
  // The generation of the plan that first gave this index to this channel with this spec: differs between two
  // plans when the index was given to a newcomer or the way of asking changed, so state must start anew.
  Generation since_generation = 0;
  bool is_active = false;

  const probes::ProbeSpec& spec() const { return *asks; }

 private:
  static const probes::ProbeSpec& nothing();  // of a channel that is not active
};

struct PlannedTarget {
  std::string name;
  std::string host;
  NetworkIndex network = 0;
  Generation since_generation = 0;  // of this name at this host
  // Its channels; see Plan::channels_of().
  std::uint32_t first_channel = 0;
  std::uint32_t channel_count : 31 = 0;
  bool is_active : 1 = false;
};

// A target whose path is looked at: no channel, so nothing is counted or judged of it.
struct PlannedTrace {
  TargetIndex target = 0;
  NetworkIndex network = 0;
  const probes::ProbeSpec* asks = nullptr;  // with a TraceSpec; never null; belongs to the plan's `ways`
};
using TraceIndex = std::uint32_t;

struct PlannedNetwork {
  bool is_active = false;
  std::string name;
  std::optional<CountryIndex> country;  // none: controls
  std::optional<std::uint32_t> asn;
  std::string access;
  std::string upstream;
  double weight = 1.0;
  std::vector<TargetIndex> targets;
  Generation since_generation = 0;

  bool is_control() const { return !country.has_value(); }
};

struct PlannedCountry {
  bool is_active = false;
  std::string code;
  std::string name;
  std::vector<NetworkIndex> networks;
  Generation since_generation = 0;
  // Some of its networks are another process's to ask: here nothing can be said of it as a whole.
  bool is_split = false;
};

// What a plan has different from its predecessor, by index, ascending: rows that are new, gone or another's now, and
// channels that are asked in another way. With it a reload costs what it changes and not what there is.
struct Changes {
  Generation predecessor = 0;  // its generation; 0: none, everything is new, and the lists are not made
  std::vector<ChannelIndex> channels;
  std::vector<TargetIndex> targets;
};

struct Plan {
  Generation generation = 1;
  Options configuration;  // what it was made from, but for whom to ask, which the tables hold
  std::vector<PlannedChannel> channels;
  std::vector<PlannedTarget> targets;
  std::vector<ChannelIndex> channels_by_target;  // those of a target side by side
  std::vector<PlannedNetwork> networks;
  std::vector<PlannedCountry> countries;
  // Of path controls: the upstream inside which each sits.
  std::map<TargetIndex, std::string> path_controls;
  // In the order of the configuration: with a new plan positions change. A trace is known by its name.
  std::vector<PlannedTrace> traces;
  std::vector<std::shared_ptr<const Ways::List>> ways;  // keeps what `asks` points at
  Changes changes;

  // country/network/target/probe, put together from the rows: the channel's identity, and what its phase is hashed
  // from. Empty for one that is not active.
  std::string channel_name(ChannelIndex index) const;

  std::string trace_name(TraceIndex index) const;

  // By country/network/target/probe; controls are vantage/network/target/probe. Empty when there is none. Looks at
  // every target of the network: who searches for many makes a table of the names.
  std::optional<ChannelIndex> find_channel(std::string_view name) const;

  // In the order of the configuration.
  std::span<const ChannelIndex> channels_of(const PlannedTarget& target) const {
    return std::span(channels_by_target).subspan(target.first_channel, target.channel_count);
  }
  std::span<const ChannelIndex> channels_of(TargetIndex target) const { return channels_of(targets[target]); }

  // Whether it is a control that speaks for our own link, which path controls do not.
  bool is_vouching(TargetIndex target) const {
    return networks[targets[target].network].is_control() && !path_controls.contains(target);
  }

  // The labels that Prometheus and the log use. Of controls: country "" and network as configured.
  std::string_view country_code(NetworkIndex network) const;
};

// `previous` may be null.
std::shared_ptr<const Plan> make_plan(const Configuration& configuration, const Plan* previous);

// What is different between two plans of one line, whatever lies between them. Without `before` it is every row.
Changes changes_between(const Plan* before, const Plan& now);

}  // namespace blipd::config
