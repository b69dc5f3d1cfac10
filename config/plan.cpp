#include "config/plan.hpp"

#include <algorithm>
#include <functional>
#include <queue>
#include <unordered_map>

namespace blipd::config {

namespace {

// Hands out the positions of one table: who was there before keeps its place, newcomers fill the lowest free ones.
class Positions {
 public:
  // Registers everyone that the new plan holds; call place() only afterwards, once for each.
  Positions(std::unordered_map<std::string, std::uint32_t> before, std::uint32_t size,
            const std::vector<std::string>& now)
      : size_(size) {
    std::vector<bool> is_taken(size, false);
    for (const std::string& name : now) {
      const auto found = before.find(name);
      if (found == before.end()) continue;
      kept_.emplace(name, found->second);
      is_taken[found->second] = true;
    }
    for (std::uint32_t i = 0; i < size; ++i) {
      if (!is_taken[i]) free_.push(i);
    }
  }

  struct Place {
    std::uint32_t index;
    bool is_kept;
  };
  Place place(const std::string& name) {
    if (const auto found = kept_.find(name); found != kept_.end()) return {found->second, true};
    if (free_.empty()) return {size_++, false};
    const std::uint32_t index = free_.top();
    free_.pop();
    return {index, false};
  }

 private:
  std::unordered_map<std::string, std::uint32_t> kept_;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free_;
  std::uint32_t size_;
};

// Controls live under a name that cannot be a country's code, which has two letters.
constexpr std::string_view kVantage = "vantage";

std::string join(std::string_view scope, std::string_view name) { return fmt::format("{}/{}", scope, name); }

std::string network_name(const Plan& plan, const PlannedNetwork& network) {
  return join(network.country ? std::string_view(plan.countries[*network.country].code) : kVantage, network.name);
}

// Grows `table` to hold `index` and returns its row.
template <class Row>
Row& row_at(std::vector<Row>& table, std::uint32_t index) {
  if (index >= table.size()) table.resize(index + 1);
  return table[index];
}

// Where each active row of a table stands, by its full name.
template <class Row, class NameOf>
std::unordered_map<std::string, std::uint32_t> places_of(const std::vector<Row>& table, NameOf name_of) {
  std::unordered_map<std::string, std::uint32_t> places;
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    if (table[i].is_active) places.emplace(name_of(table[i]), i);
  }
  return places;
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
      : previous_(previous ? *previous : empty_),
        sources_(networks_of(configuration)),
        plan_(std::make_shared<Plan>()) {
    plan_->generation = previous ? previous->generation + 1 : 1;
    plan_->configuration = configuration;
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
    sort_names();
    return plan_;
  }

 private:
  template <class Row>
  std::uint64_t since(const std::vector<Row>& before, Positions::Place place) const {
    return place.is_kept ? before[place.index].since_generation : plan_->generation;
  }

  void place_countries() {
    const auto& countries = plan_->configuration.countries;
    std::vector<std::string> names;
    for (const Country& country : countries) names.push_back(country.code);
    Positions positions(places_of(previous_.countries, [](const PlannedCountry& row) { return row.code; }),
                        static_cast<std::uint32_t>(previous_.countries.size()), names);
    for (const Country& country : countries) {
      const auto place = positions.place(country.code);
      // What is known of a country as a whole begins and ends with having all of it.
      const bool is_same = place.is_kept && previous_.countries[place.index].is_split == country.is_split;
      const std::uint64_t from = since(previous_.countries, {place.index, is_same});
      row_at(plan_->countries, place.index) = {true, country.code, country.name, {}, from, country.is_split};
      country_at_.emplace(country.code, place.index);
    }
  }

  void place_networks() {
    std::vector<std::string> names;
    for (const NetworkSource& source : sources_) names.push_back(source.full_name);
    Positions positions(
        places_of(previous_.networks, [this](const PlannedNetwork& row) { return network_name(previous_, row); }),
        static_cast<std::uint32_t>(previous_.networks.size()), names);
    for (const NetworkSource& source : sources_) {
      const auto place = positions.place(source.full_name);
      PlannedNetwork& row = row_at(plan_->networks, place.index);
      row.is_active = true;
      row.name = source.name;
      row.since_generation = since(previous_.networks, place);
      if (source.network) {
        const CountryIndex country = country_at_.at(source.country->code);
        row.country = country;
        row.asn = source.network->asn;
        row.access = source.network->access;
        row.upstream = source.network->upstream;
        row.weight = source.network->weight;
        plan_->countries[country].networks.push_back(place.index);
      }
      network_at_.push_back(place.index);
    }
  }

  void place_targets() {
    std::vector<std::string> names;
    for (const NetworkSource& source : sources_) {
      for (const Target* target : source.targets) names.push_back(join(source.full_name, target->name));
    }
    Positions positions(places_of(previous_.targets,
                                  [this](const PlannedTarget& row) {
                                    return join(network_name(previous_, previous_.networks[row.network]), row.name);
                                  }),
                        static_cast<std::uint32_t>(previous_.targets.size()), names);
    std::size_t next = 0;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      const NetworkSource& source = sources_[i];
      for (std::size_t t = 0; t < source.targets.size(); ++t) {
        const Target* target = source.targets[t];
        const auto place = positions.place(names[next++]);
        row_at(plan_->targets, place.index) = {true, target->name, target->host, network_at_[i], {}, ""};
        if (!source.upstreams.empty()) plan_->targets[place.index].upstream = source.upstreams[t];
        plan_->networks[network_at_[i]].targets.push_back(place.index);
        target_at_.push_back(place);
      }
    }
  }

  void place_channels() {
    std::vector<std::string> names;
    for (const NetworkSource& source : sources_) {
      for (const Target* target : source.targets) {
        for (const auto& spec : target->probes) names.push_back(join(join(source.full_name, target->name), spec.name));
      }
    }
    Positions positions(places_of(previous_.channels, [](const PlannedChannel& row) { return row.name; }),
                        static_cast<std::uint32_t>(previous_.channels.size()), names);
    std::size_t next = 0;
    std::size_t next_target = 0;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      for (const Target* target : sources_[i].targets) {
        const Positions::Place at = target_at_[next_target++];
        const bool is_same_host = at.is_kept && previous_.targets[at.index].host == target->host;
        for (const probes::ProbeSpec& spec : target->probes) {
          const std::string& name = names[next++];
          auto place = positions.place(name);
          // Another host or another way of asking is another measurement, whatever its name.
          place.is_kept = place.is_kept && is_same_host && previous_.channels[place.index].spec == spec;
          row_at(plan_->channels, place.index) = {true, at.index, network_at_[i],
                                                  spec, name,     since(previous_.channels, place)};
          plan_->targets[at.index].channels.push_back(place.index);
        }
      }
    }
  }

  void sort_names() {
    auto& by_name = plan_->channels_by_name;
    for (ChannelIndex i = 0; i < plan_->channels.size(); ++i) {
      if (plan_->channels[i].is_active) by_name.push_back(i);
    }
    std::ranges::sort(by_name, {}, [this](ChannelIndex i) -> const std::string& { return plan_->channels[i].name; });
  }

  const Plan empty_;
  const Plan& previous_;
  std::vector<NetworkSource> sources_;
  std::shared_ptr<Plan> plan_;
  std::unordered_map<std::string, CountryIndex> country_at_;
  std::vector<NetworkIndex> network_at_;     // of each source, in order
  std::vector<Positions::Place> target_at_;  // of each source's targets, in order
};

}  // namespace

std::optional<ChannelIndex> Plan::find_channel(std::string_view name) const {
  const auto found = std::ranges::lower_bound(channels_by_name, name, {},
                                              [this](ChannelIndex i) -> std::string_view { return channels[i].name; });
  if (found == channels_by_name.end() || channels[*found].name != name) return std::nullopt;
  return *found;
}

std::string_view Plan::country_code(NetworkIndex network) const {
  const auto& country = networks[network].country;
  return country ? std::string_view(countries[*country].code) : std::string_view();
}

std::shared_ptr<const Plan> make_plan(const Configuration& configuration, const Plan* previous) {
  return Planner(configuration, previous).make();
}

}  // namespace blipd::config
