#include "daemon/page/event_table.hpp"

#include <catch2/catch.hpp>

#include "sample.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using namespace page;
using page::sample::outage;

TEST_CASE("The blips of a beat are told of by the instability, an outage within it by itself") {
  event::Event event = outage("a", event::Scope::kNetwork, "star-jv", 1h, 2min);
  event.during = "beat";
  CHECK(stands_alone(event));
  event.length = event::Class::kBlip;
  CHECK_FALSE(stands_alone(event));
  event.during.clear();
  CHECK(stands_alone(event));
  event.scope = event::Scope::kTarget;
  CHECK_FALSE(stands_alone(event));
}

TEST_CASE("Networks that fell with their country are told of by it") {
  const auto told =
      told_of({outage("n1", event::Scope::kNetwork, "star-jv", 2h, 1h), outage("c", event::Scope::kCountry, "", 2h, 1h),
               outage("n2", event::Scope::kNetwork, "mobile", 2h, 1h),
               outage("n3", event::Scope::kNetwork, "mobile", 10h, 1h)});
  REQUIRE(told.size() == 2);
  CHECK(told[0].event.id == "c");
  CHECK(told[0].networks == 2);
  CHECK(told[1].event.id == "n3");
}

TEST_CASE("What is open lasts until now") {
  const auto link = [](const event::Event& event) { return "/event/" + event.id; };
  const Told told{outage("a", event::Scope::kCountry, "", 3h, std::nullopt), 0};
  const std::string text = event_table(std::vector{told}, sample::kNow, link, "Events").text();
  CHECK(sample::contains(text, "<strong>open</strong>, 3\u00A0h so far"));
  CHECK(sample::contains(text, "href=\"/event/a\""));
  CHECK(sample::contains(event_table({}, sample::kNow, link, "Events").text(), "none"));
}
