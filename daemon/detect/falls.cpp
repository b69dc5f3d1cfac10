#include "daemon/detect/falls.hpp"

#include <tuple>

namespace blipd::detect {

namespace {

bool is_fall(const event::Event& event) {
  const bool is_of_country = event.scope != event::Scope::kVantage;
  return is_of_country && (event.kind == event::Kind::kOutage || event.kind == event::Kind::kPartial);
}

// The earliest by its start; of several the first by its id.
class First {
 public:
  void see(const event::Event& event) {
    if (first_ == nullptr || std::tie(event.start.latest, event.id) < std::tie(first_->start.latest, first_->id)) {
      first_ = &event;
    }
  }
  const event::Event* get() const { return first_; }

 private:
  const event::Event* first_ = nullptr;
};

}  // namespace

Falls::Events& Falls::events_at(Country& country, const event::Event& event) {
  if (event.scope == event::Scope::kCountry) return country.own;
  Network& network = country.networks[event.network];
  return event.scope == event::Scope::kNetwork ? network.own : network.targets[event.target];
}

void Falls::add(const event::Event& event) {
  if (is_fall(event)) events_at(countries_[event.country], event).push_back(&event);
}

void Falls::remove(const event::Event& event) {
  if (!is_fall(event)) return;
  const auto country = countries_.find(event.country);
  if (country == countries_.end()) return;
  std::erase(events_at(country->second, event), &event);
  // Names come and go with the configuration.
  const auto network = country->second.networks.find(event.network);
  if (network == country->second.networks.end()) return;
  const auto target = network->second.targets.find(event.target);
  if (target != network->second.targets.end() && target->second.empty()) network->second.targets.erase(target);
  if (network->second.own.empty() && network->second.targets.empty()) country->second.networks.erase(network);
}

const event::Event* Falls::first_of(const Place& place, base::WallTime start, base::Duration near) const {
  const auto country = countries_.find(place.country);
  if (place.scope == event::Scope::kVantage || country == countries_.end()) return nullptr;
  First first;
  const auto is_near = [&](const event::Event& event) { return start - event.start.latest <= near; };
  const auto see_near = [&](const Events& events) {
    for (const event::Event* event : events) {
      if (is_near(*event)) first.see(*event);
    }
  };
  const auto see_within = [&](const Network& network) {
    see_near(network.own);
    for (const auto& [name, events] : network.targets) see_near(events);
  };
  for (const event::Event* event : country->second.own) {
    if (event->is_open() || is_near(*event)) first.see(*event);
  }
  const std::map<std::string, Network>& networks = country->second.networks;
  if (place.scope == event::Scope::kCountry) {
    for (const auto& [name, network] : networks) see_within(network);
    return first.get();
  }
  if (const auto own = networks.find(place.network); own != networks.end()) {
    if (place.scope == event::Scope::kNetwork) {
      see_within(own->second);
    } else {
      see_near(own->second.own);
      const auto same = own->second.targets.find(place.target);
      if (same != own->second.targets.end()) see_near(same->second);
    }
  }
  if (place.scope == event::Scope::kTarget) return first.get();
  // Its neighbours.
  for (const auto& [name, network] : networks) {
    for (const event::Event* event : network.own) {
      if (event->is_open() && is_near(*event)) first.see(*event);
    }
  }
  return first.get();
}

}  // namespace blipd::detect
