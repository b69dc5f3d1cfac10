// The outages and partial outages that are open or ended lately, by place: which incident a new event belongs to is
// found among those of its place. There may be as many as hosts; only a country's event looks at all of them. Knows
// events by pointer; whoever owns them takes them out again.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/event/event.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {

struct Place {
  event::Scope scope = event::Scope::kNetwork;
  std::string country, network, target;
};

class Falls {
 public:
  void add(const event::Event& event);
  void remove(const event::Event& event);

  // Whose incident a new event at `place` that began at `start` is part of: the earliest of those that began at most
  // `near` before it and lie in it, or in which it lies; of its country even when that began earlier, while it is open;
  // and of a network's open neighbours. Null: it begins one.
  const event::Event* first_of(const Place& place, base::WallTime start, base::Duration near) const;

 private:
  using Events = std::vector<const event::Event*>;
  struct Network {
    Events own;
    std::map<std::string, Events> targets;
  };
  struct Country {
    Events own;
    std::map<std::string, Network> networks;
  };

  static Events& events_at(Country& country, const event::Event& event);

  std::map<std::string, Country> countries_;
};

}  // namespace blipd::detect
