// The outages and partial outages that are open or ended lately, by place: which incident a new event belongs to is
// found without looking at all of them, of which there may be as many as hosts. Knows events by pointer; whoever owns
// them takes them out again.
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

  // Of what a new event at `place` that began at `start` is part: the earliest of its kin that is open, or began within
  // `near` before. Null: it begins an incident.
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
