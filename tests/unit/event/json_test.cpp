#include "daemon/event/json.hpp"

#include <catch2/catch.hpp>

using namespace blipd;
using namespace std::chrono_literals;
using base::WallTime;

namespace {

event::Event whole_event() {
  event::Event event;
  event.id = "KP-20141222T161500Z/star \"jv\"/outage";
  event.incident = "KP-20141222T161500Z";
  event.scope = event::Scope::kNetwork;
  event.country = "KP";
  event.network = "star \"jv\"";
  event.kind = event::Kind::kOutage;
  event.length = event::Class::kOutage;
  event.start = {WallTime(1419264900s), WallTime(1419264905s)};
  event.end = event::Span{WallTime(1419299160s), WallTime(1419299162s)};
  event.declared = WallTime(1419264912s);
  event.updated = WallTime(1419299170s);
  event.reachable = {0.97, 0.0};
  event.onset.shape = event::Shape::kAfterInstability;
  event.onset.fall = 12s;
  event.onset.order = {{"ns1", {WallTime(1419264900s), WallTime(1419264901s)}, 1}};
  event.onset.before = {{1h, 3, 0.25, 0.125, 1.5, 7}, {6h, 4, std::nullopt, std::nullopt, std::nullopt, 0}};
  event.onset.failures = {5, 2, 1, {{3, 1, "198.18.0.1", 2}}};
  event.flaps = 4;
  event.during = "x";
  event.path = "AS4837";
  event.needs_review = true;
  event.vantage = "fra1";
  event.revision = 7;
  return event;
}

}  // namespace

TEST_CASE("An event written and read back is written the same") {
  const std::string json = event::to_json(whole_event());
  const auto read = event::from_json(json);
  REQUIRE(read);
  CHECK(event::to_json(*read) == json);
  CHECK(read->onset.before.size() == 2);
  CHECK(read->onset.before[0].loss_slope == 0.125);
  CHECK_FALSE(read->onset.before[1].loss_ratio);
  CHECK(read->length == event::Class::kOutage);
}

TEST_CASE("An event with times finer than those written is written the same again") {
  for (const auto fraction : {499999ns, 500000ns, 999999ns, 1500001ns}) {
    event::Event event = whole_event();
    event.start.earliest += fraction;
    event.end->latest += 3 * fraction;
    event.updated += fraction;
    for (const bool is_open : {false, true}) {
      if (is_open) event.end.reset();
      const std::string json = event::to_json(event);
      CHECK(event::to_json(*event::from_json(json)) == json);
    }
  }
}

TEST_CASE("The duration runs from the middle of the start to the middle of the end") {
  event::Event event = whole_event();
  CHECK(event.duration() == 34258500ms);
  event.end.reset();
  CHECK(event.duration() == 34267500ms);
}

TEST_CASE("What is cut short or is something else is refused, never half read") {
  const std::string json = event::to_json(whole_event());
  for (std::size_t length = 0; length < json.size(); ++length) {
    CHECK_FALSE(event::from_json(std::string_view(json).substr(0, length)));
  }
  CHECK_FALSE(event::from_json("{}"));
  CHECK_FALSE(event::from_json("[]"));
  std::string odd = json;
  odd.replace(odd.find("\"outage\""), 8, "\"outrage\"");
  CHECK(event::from_json(odd).error().text == "is no event: 'outrage' is not known");
}
