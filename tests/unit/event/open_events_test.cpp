#include "daemon/event/open_events.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/open_events.hpp"

namespace blipd::event {
namespace {

Event at(Scope scope, const std::string& country, const std::string& network, Kind kind) {
  Event event;
  event.id = country + "/" + network + "/" + kKindNames[static_cast<std::size_t>(kind)];
  event.scope = scope;
  event.country = country;
  event.network = network;
  event.kind = kind;
  if (scope == Scope::kTarget) event.target = "t";
  return event;
}

TEST_CASE("An open event is found by its place and kind", "[open_events]") {
  const OpenEvents open = test::open_events(
      {at(Scope::kTarget, "KP", "n", Kind::kOutage), at(Scope::kNetwork, "XX", "n", Kind::kPartial),
       at(Scope::kNetwork, "KP", "m", Kind::kInstability), at(Scope::kCountry, "KP", "", Kind::kInstability),
       at(Scope::kCountry, "KP", "", Kind::kOutage)});
  CHECK(open.size() == 5);
  CHECK(open.find("KP", "", Kind::kOutage)->id == "KP//outage");
  CHECK(open.find("KP", "", Kind::kInstability)->id == "KP//instability");
  CHECK(open.find("KP", "m", Kind::kInstability)->network == "m");
  CHECK(open.find("KP", "n", Kind::kOutage) == nullptr);  // that is a host's
  CHECK(open.find("XX", "n", Kind::kOutage) == nullptr);
  CHECK(open.find("", "", Kind::kOutage) == nullptr);
  CHECK(OpenEvents().find("KP", "", Kind::kOutage) == nullptr);
  CHECK(OpenEvents().empty());
}

}  // namespace
}  // namespace blipd::event
