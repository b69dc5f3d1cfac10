#include "daemon/event/open_events.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace blipd::event {

namespace {

using Key = std::tuple<std::string_view, std::string_view, Kind>;

Key key_of(const Event* event) { return {event->country, event->network, event->kind}; }

}  // namespace

OpenEvents::OpenEvents(std::vector<Shared> events) {
  Known known{std::move(events), {}};
  for (const Shared& event : known.all) {
    if (event->scope == Scope::kCountry || event->scope == Scope::kNetwork) known.of_places.push_back(event.get());
  }
  std::ranges::stable_sort(known.of_places, {}, key_of);
  known_ = std::make_shared<const Known>(std::move(known));
}

const Event* OpenEvents::find(std::string_view country, std::string_view network, Kind kind) const {
  const Key wanted{country, network, kind};
  const auto found = std::ranges::lower_bound(known_->of_places, wanted, {}, key_of);
  return found != known_->of_places.end() && key_of(*found) == wanted ? *found : nullptr;
}

}  // namespace blipd::event
