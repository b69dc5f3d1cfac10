// A country in virtual time and what is told of it: the latest revision of each event.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/event/event.hpp"
#include "tests/simulation/country.hpp"

namespace blipd::simulation {

using event::Event;

// The latest revision of each event, by id, while a country is played.
struct Story {
  explicit Story(const Layout& layout, std::uint64_t seed = 1) : country(layout, seed) {}

  void run(MonoTime until) {
    country.run(until);
    for (Event& event : country.pipeline.take_events()) {
      const std::string id = event.id;
      events.insert_or_assign(id, std::move(event));
    }
  }
  std::vector<Event> of(event::Scope scope, event::Kind kind) const {
    std::vector<Event> found;
    for (const auto& [id, event] : events) {
      if (event.scope == scope && event.kind == kind) found.push_back(event);
    }
    return found;
  }
  void cut(std::size_t network, Duration from, Duration length) {
    country.network_cuts[country.networks[network]].push_back({kStart + from, kStart + from + length});
  }
  void cut_all(Duration from, Duration length) {
    for (std::size_t n = 0; n < country.networks.size(); ++n) cut(n, from, length);
  }

  Country country;
  std::map<std::string, Event> events;
};

// Since the country's time began, on the wall clock that it began with.
inline double seconds(base::WallTime t) { return base::to_seconds(t - kWallStart); }

}  // namespace blipd::simulation
