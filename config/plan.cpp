#include "config/plan.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace blipd::config {

namespace {

// Controls live under a name that cannot be a country's code, which has two letters.
constexpr std::string_view kVantage = "vantage";

std::string join(std::string_view scope, std::string_view name) { return fmt::format("{}/{}", scope, name); }

std::string network_name(const Plan& plan, const PlannedNetwork& network) {
  return join(network.country ? std::string_view(plan.countries[*network.country].code) : kVantage, network.name);
}

// Takes `part` and a slash from the front of `name`, if they stand there.
bool take_part(std::string_view& name, std::string_view part) {
  if (!name.starts_with(part) || name.size() <= part.size() || name[part.size()] != '/') return false;
  name.remove_prefix(part.size() + 1);
  return true;
}

// Grows `table` to hold `index` and returns its row.
template <class Row>
Row& row_at(std::vector<Row>& table, std::uint32_t index) {
  if (index >= table.size()) table.resize(index + 1);
  return table[index];
}

struct Place {
  std::uint32_t index;
  bool is_kept;
};

// Hands out the positions of a table that had `size` rows. `before` says of each row of the new one where it stood:
// whoever was there keeps its place, newcomers fill the lowest free ones.
std::vector<Place> hand_out(std::size_t size, const std::vector<std::optional<std::uint32_t>>& before) {
  std::vector<bool> is_taken(size, false);
  for (const auto& kept : before) {
    if (kept) is_taken[*kept] = true;
  }
  std::vector<Place> places;
  places.reserve(before.size());
  std::uint32_t next = 0;
  for (const auto& kept : before) {
    if (kept) {
      places.push_back({*kept, true});
      continue;
    }
    while (next < size && is_taken[next]) ++next;
    places.push_back({next++, false});
  }
  return places;
}

// Indices at which two tables differ. Rows that are not active are all alike.
template <class Row>
std::vector<std::uint32_t> differences(const std::vector<Row>& before, const std::vector<Row>& now) {
  std::vector<std::uint32_t> indices;
  for (std::uint32_t i = 0; i < now.size(); ++i) {
    const bool is_same = i < before.size() && before[i].is_active == now[i].is_active &&
                         before[i].since_generation == now[i].since_generation;
    if (!is_same) indices.push_back(i);
  }
  indices.shrink_to_fit();
  return indices;
}

// A network of the configuration, be it a country's or one that controls share.
struct NetworkSource {
  std::string full_name;
  const Country* country = nullptr;  // none: controls
  const Network* network = nullptr;  // none: controls
  std::string name;
  std::vector<const Target*> targets;
  std::vector<std::string_view> upstreams;  // of path controls, at the position of `targets`
};

std::vector<NetworkSource> networks_of(const Configuration& configuration) {
  std::vector<NetworkSource> sources;
  for (const Country& country : configuration.countries) {
    for (const Network& network : country.networks) {
      NetworkSource source{join(country.code, network.name), &country, &network, network.name, {}, {}};
      source.targets.reserve(network.targets.size());
      for (const Target& target : network.targets) source.targets.push_back(&target);
      sources.push_back(std::move(source));
    }
  }
  std::unordered_map<std::string, std::size_t> control_networks;
  for (const Control& control : configuration.controls) {
    const auto [found, is_new] = control_networks.emplace(control.network, sources.size());
    if (is_new) sources.push_back({join(kVantage, control.network), nullptr, nullptr, control.network, {}, {}});
    sources[found->second].targets.push_back(&control.target);
    sources[found->second].upstreams.emplace_back(control.upstream);
  }
  return sources;
}

class Planner {
 public:
  Planner(const Configuration& configuration, const Plan* previous)
      : configuration_(configuration),
        is_first_(previous == nullptr),
        previous_(previous ? *previous : empty_),
        sources_(networks_of(configuration)),
        plan_(std::make_shared<Plan>()) {
    plan_->generation = previous ? previous->generation + 1 : 1;
    plan_->configuration = static_cast<const Options&>(configuration);
    // Rows that nobody takes stay inactive, so no table ever shrinks under those who hold an index.
    plan_->countries.resize(previous_.countries.size());
    plan_->networks.resize(previous_.networks.size());
    plan_->targets.resize(previous_.targets.size());
    plan_->channels.resize(previous_.channels.size());
  }

  std::shared_ptr<const Plan> make() {
    place_countries();
    place_networks();
    place_targets();
    place_channels();
    place_traces();
    if (!is_first_) {
      plan_->changes = {previous_.generation, differences(previous_.channels, plan_->channels),
                        differences(previous_.targets, plan_->targets)};
    }
    return plan_;
  }

 private:
  template <class Row>
  Generation since(const std::vector<Row>& before, Place place) const {
    return place.is_kept ? before[place.index].since_generation : plan_->generation;
  }

  void place_countries() {
    std::unordered_map<std::string_view, CountryIndex> known;
    for (CountryIndex i = 0; i < previous_.countries.size(); ++i) {
      if (previous_.countries[i].is_active) known.emplace(previous_.countries[i].code, i);
    }
    const auto& countries = configuration_.countries;
    std::vector<std::optional<std::uint32_t>> before;
    for (const Country& country : countries) {
      const auto found = known.find(country.code);
      before.push_back(found == known.end() ? std::nullopt : std::optional(found->second));
    }
    const auto places = hand_out(previous_.countries.size(), before);
    for (std::size_t i = 0; i < countries.size(); ++i) {
      const Country& country = countries[i];
      const Place place = places[i];
      // What is known of a country as a whole begins and ends with having all of it.
      const bool is_same = place.is_kept && previous_.countries[place.index].is_split == country.is_split;
      const Generation from = since(previous_.countries, {place.index, is_same});
      row_at(plan_->countries, place.index) = {true, country.code, country.name, {}, from, country.is_split};
      country_at_.emplace(&country, place.index);
    }
  }

  void place_networks() {
    std::unordered_map<std::string, NetworkIndex> known;
    for (NetworkIndex i = 0; i < previous_.networks.size(); ++i) {
      const PlannedNetwork& network = previous_.networks[i];
      if (network.is_active) known.emplace(network_name(previous_, network), i);
    }
    std::vector<std::optional<std::uint32_t>> before;
    for (const NetworkSource& source : sources_) {
      const auto found = known.find(source.full_name);
      before.push_back(found == known.end() ? std::nullopt : std::optional(found->second));
    }
    network_at_ = hand_out(previous_.networks.size(), before);
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      const NetworkSource& source = sources_[i];
      const Place place = network_at_[i];
      PlannedNetwork& row = row_at(plan_->networks, place.index);
      row.is_active = true;
      row.name = source.name;
      row.since_generation = since(previous_.networks, place);
      row.targets.reserve(source.targets.size());
      if (!source.network) continue;
      const CountryIndex country = country_at_.at(source.country);
      row.country = country;
      row.asn = source.network->asn;
      row.access = source.network->access;
      row.upstream = source.network->upstream;
      row.weight = source.network->weight;
      plan_->countries[country].networks.push_back(place.index);
    }
  }

  void place_targets() {
    std::vector<std::optional<std::uint32_t>> before;
    std::unordered_map<std::string_view, TargetIndex> known;  // of one network
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      known.clear();
      if (network_at_[i].is_kept) {
        for (const TargetIndex t : previous_.networks[network_at_[i].index].targets) {
          known.emplace(previous_.targets[t].name, t);
        }
      }
      for (const Target* target : sources_[i].targets) {
        const auto found = known.find(target->name);
        before.push_back(found == known.end() ? std::nullopt : std::optional(found->second));
      }
    }
    target_at_ = hand_out(previous_.targets.size(), before);
    plan_->targets.reserve(std::max(previous_.targets.size(), before.size()));
    auto place = target_at_.begin();
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      const NetworkSource& source = sources_[i];
      for (std::size_t t = 0; t < source.targets.size(); ++t, ++place) {
        const Target* target = source.targets[t];
        const bool is_same = place->is_kept && previous_.targets[place->index].host == target->host;
        PlannedTarget& row = row_at(plan_->targets, place->index);
        row = {target->name, target->host, network_at_[i].index, since(previous_.targets, {place->index, is_same})};
        row.is_active = true;
        if (!source.upstreams.empty() && !source.upstreams[t].empty()) {
          plan_->path_controls.emplace(place->index, source.upstreams[t]);
        }
        plan_->networks[network_at_[i].index].targets.push_back(place->index);
      }
    }
  }

  // Where the channel that asks `target` by `probe` stood before; `was` is where the target stood.
  std::optional<ChannelIndex> find_before(TargetIndex was, std::string_view probe) const {
    for (const ChannelIndex c : previous_.channels_of(was)) {
      if (previous_.channels[c].spec().name == probe) return c;
    }
    return std::nullopt;
  }

  void place_channels() {
    std::vector<std::optional<std::uint32_t>> before;
    auto target_place = target_at_.begin();
    for (const NetworkSource& source : sources_) {
      for (const Target* target : source.targets) {
        const Place at = *target_place++;
        for (const auto& spec : target->probes) {
          before.push_back(at.is_kept ? find_before(at.index, spec.name) : std::nullopt);
        }
      }
    }
    const auto places = hand_out(previous_.channels.size(), before);
    plan_->channels.reserve(std::max(previous_.channels.size(), before.size()));
    plan_->channels_by_target.reserve(before.size());
    auto place = places.begin();
    target_place = target_at_.begin();
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      for (const Target* target : sources_[i].targets) {
        const TargetIndex at = (target_place++)->index;
        if (const auto& list = target->probes.shared(); list && held_.insert(list.get()).second) {
          plan_->ways.push_back(list);
        }
        PlannedTarget& planned = plan_->targets[at];
        planned.first_channel = static_cast<std::uint32_t>(plan_->channels_by_target.size());
        planned.channel_count = static_cast<std::uint32_t>(target->probes.size()) & 0x7fffffffU;
        for (const probes::ProbeSpec& spec : target->probes) {
          place_channel(*place++, at, network_at_[i].index, spec);
        }
      }
    }
  }

  void place_channel(Place place, TargetIndex target, NetworkIndex network, const probes::ProbeSpec& spec) {
    // Another host or another way of asking is another measurement, whatever its name.
    place.is_kept = place.is_kept && plan_->targets[target].since_generation < plan_->generation &&
                    is_same(previous_.channels[place.index].spec(), spec);
    PlannedChannel& row = row_at(plan_->channels, place.index);
    row.is_active = true;
    row.target = target;
    row.network = network;
    row.asks = &spec;
    row.since_generation = since(previous_.channels, place);
    plan_->channels_by_target.push_back(place.index);
  }

  void place_traces() {
    auto place = target_at_.begin();
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      for (const Target* target : sources_[i].targets) {
        const TargetIndex at = (place++)->index;
        const auto& list = target->traces.shared();
        if (!list) continue;
        if (held_.insert(list.get()).second) plan_->ways.push_back(list);
        for (const probes::ProbeSpec& spec : *list) plan_->traces.push_back({at, network_at_[i].index, &spec});
      }
    }
  }

  // Few ways of asking are shared by many, so the same two are compared over and over.
  bool is_same(const probes::ProbeSpec& before, const probes::ProbeSpec& now) {
    const probes::ProbeSpec*& known = known_same_[&now];
    if (known == &before) return true;
    if (before != now) return false;
    known = &before;
    return true;
  }

  const Plan empty_;
  const Configuration& configuration_;
  const bool is_first_;
  const Plan& previous_;
  std::vector<NetworkSource> sources_;
  std::shared_ptr<Plan> plan_;
  std::unordered_map<const Country*, CountryIndex> country_at_;
  std::vector<Place> network_at_;  // of each source, in order
  std::vector<Place> target_at_;   // of each source's targets, in order
  std::unordered_set<const Ways::List*> held_;
  std::unordered_map<const probes::ProbeSpec*, const probes::ProbeSpec*> known_same_;
};

}  // namespace

const probes::ProbeSpec& PlannedChannel::nothing() {
  static const probes::ProbeSpec kNothing;
  return kNothing;
}

std::string Plan::channel_name(ChannelIndex index) const {
  const PlannedChannel& channel = channels[index];
  if (!channel.is_active) return {};
  return fmt::format("{}/{}/{}", network_name(*this, networks[channel.network]), targets[channel.target].name,
                     channel.spec().name);
}

std::string Plan::trace_name(TraceIndex index) const {
  const PlannedTrace& trace = traces[index];
  return fmt::format("{}/{}/{}", network_name(*this, networks[trace.network]), targets[trace.target].name,
                     trace.asks->name);
}

std::optional<ChannelIndex> Plan::find_channel(std::string_view name) const {
  for (const PlannedNetwork& network : networks) {
    std::string_view rest = name;
    if (!network.is_active || !take_part(rest, network_name(*this, network))) continue;
    for (const TargetIndex t : network.targets) {
      std::string_view probe = rest;
      if (!take_part(probe, targets[t].name)) continue;
      for (const ChannelIndex c : channels_of(t)) {
        if (channels[c].spec().name == probe) return c;
      }
    }
  }
  return std::nullopt;
}

std::string_view Plan::country_code(NetworkIndex network) const {
  const auto& country = networks[network].country;
  return country ? std::string_view(countries[*country].code) : std::string_view();
}

std::shared_ptr<const Plan> make_plan(const Configuration& configuration, const Plan* previous) {
  return Planner(configuration, previous).make();
}

Changes changes_between(const Plan* before, const Plan& now) {
  if (before == nullptr)
    return {0, differences<PlannedChannel>({}, now.channels), differences<PlannedTarget>({}, now.targets)};
  if (now.changes.predecessor == before->generation) return now.changes;
  return {before->generation, differences(before->channels, now.channels), differences(before->targets, now.targets)};
}

}  // namespace blipd::config
