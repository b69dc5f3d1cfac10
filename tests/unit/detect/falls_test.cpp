#include "daemon/detect/falls.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <list>
#include <random>
#include <tuple>

namespace blipd::detect {
namespace {

using namespace std::chrono_literals;
using base::WallTime;
using event::Event;
using event::Kind;
using event::Scope;

constexpr auto kNear = 600s;

// The rule as it reads, which looks at every event.
bool is_within(const std::string& outer, const std::string& inner) { return outer.empty() || outer == inner; }

bool is_part(const Place& a, const Event& b, WallTime start) {
  if (a.country != b.country || a.scope == Scope::kVantage || b.scope == Scope::kVantage) return false;
  if (b.kind != Kind::kOutage && b.kind != Kind::kPartial) return false;
  const bool is_near = start - b.start.latest <= kNear;
  const bool are_kin = (is_within(a.network, b.network) && is_within(a.target, b.target)) ||
                       (is_within(b.network, a.network) && is_within(b.target, a.target));
  if (are_kin) return is_near || (b.scope == Scope::kCountry && b.is_open());
  return a.scope == Scope::kNetwork && b.scope == Scope::kNetwork && is_near && b.is_open();
}

const Event* first_of(const std::list<Event>& events, const Place& place, WallTime start) {
  const Event* first = nullptr;
  for (const Event& event : events) {
    if (!is_part(place, event, start)) continue;
    if (first == nullptr || std::tie(event.start.latest, event.id) < std::tie(first->start.latest, first->id)) {
      first = &event;
    }
  }
  return first;
}

class Chance {
 public:
  int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }

  Place place() {
    Place place;
    place.scope = static_cast<Scope>(below(4));
    if (place.scope == Scope::kVantage) return place;
    place.country = below(2) == 0 ? "KP" : "XX";
    if (place.scope != Scope::kCountry) place.network = "n" + std::to_string(below(4));
    if (place.scope == Scope::kTarget) place.target = "t" + std::to_string(below(3));
    return place;
  }
  WallTime time() { return WallTime(std::chrono::seconds(below(3000))); }

  Event event(int number) {
    const Place at = place();
    Event event;
    event.id = std::to_string(number);
    event.scope = at.scope;
    event.country = at.country;
    event.network = at.network;
    event.target = at.target;
    event.kind = static_cast<Kind>(below(4));
    event.start = {WallTime(0s), time()};
    if (below(2) == 0) event.end = event::Span{event.start.latest, event.start.latest + 10s};
    return event;
  }

 private:
  std::mt19937 random_{20141222};
};

TEST_CASE("An event's incident is that of the first of its kin, as if all had been looked at", "[falls]") {
  Chance chance;
  int found = 0;
  for (int round = 0; round < 200; ++round) {
    Falls falls;
    std::list<Event> events;
    for (int i = 0; i < 40; ++i) falls.add(events.emplace_back(chance.event(i)));
    for (int i = 0; i < 10; ++i) {
      const auto gone = std::next(events.begin(), chance.below(static_cast<int>(events.size())));
      falls.remove(*gone);
      events.erase(gone);
    }
    // An end changes nothing about where an event is.
    events.front().end.reset();
    for (int i = 0; i < 20; ++i) {
      const Place place = chance.place();
      const WallTime start = chance.time();
      const Event* const first = falls.first_of(place, start, kNear);
      CHECK(first == first_of(events, place, start));
      found += first != nullptr ? 1 : 0;
    }
  }
  CHECK(found > 500);
}

}  // namespace
}  // namespace blipd::detect
