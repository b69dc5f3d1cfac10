#include <catch2/catch.hpp>

#include "daemon/event/json.hpp"
#include "tests/simulation/story.hpp"

namespace blipd::simulation {
namespace {

event::Evidence a_path(const char* target) {
  event::Evidence evidence;
  evidence.paths.resize(1);
  evidence.paths[0].target = target;
  return evidence;
}

Layout one_network() {
  Layout layout;
  layout.targets = {4};
  return layout;
}

}  // namespace

TEST_CASE("What is attached to an event comes out as one more revision, while it is open and shortly after") {
  Story story(one_network());
  story.cut(0, 30min, 5min);
  story.run(kStart + 32min);
  const auto open = story.of(event::Scope::kNetwork, event::Kind::kOutage);
  REQUIRE(open.size() == 1);
  REQUIRE(open[0].is_open());
  const std::string id = open[0].id;
  auto& pipeline = story.country.pipeline;

  CHECK(pipeline.attach(id, a_path("one")));
  auto told = pipeline.take_events();
  REQUIRE(told.size() == 1);
  CHECK(told[0].id == id);
  CHECK(told[0].revision == open[0].revision + 1);
  REQUIRE(told[0].evidence.paths.size() == 1);

  story.run(kStart + 37min);
  const Event ended = story.events.at(id);
  REQUIRE(ended.end);
  CHECK(ended.evidence.paths.size() == 1);
  CHECK(pipeline.attach(id, a_path("two")));
  told = pipeline.take_events();
  REQUIRE(told.size() == 1);
  CHECK(told[0].revision == ended.revision + 1);
  CHECK(told[0].duration() == ended.duration());
  CHECK(told[0].evidence.paths[1].target == "two");
}

TEST_CASE("Nothing is attached to an event that is not known, nor when there is nothing to attach") {
  Story story(one_network());
  story.cut(0, 30min, 5min);
  story.run(kStart + 32min);
  const std::string id = story.of(event::Scope::kNetwork, event::Kind::kOutage).at(0).id;
  CHECK_FALSE(story.country.pipeline.attach("KP-20141222T161500Z/nobody/outage", a_path("one")));
  CHECK_FALSE(story.country.pipeline.attach(id, {}));
  CHECK(story.country.pipeline.take_events().empty());
}

TEST_CASE("What is attached changes nothing else that is told of an event") {
  Story with(one_network());
  Story without(one_network());
  for (Story* story : {&with, &without}) {
    story->cut(0, 30min, 5min);
    story->run(kStart + 32min);
  }
  const std::string id = with.of(event::Scope::kNetwork, event::Kind::kOutage).at(0).id;
  REQUIRE(with.country.pipeline.attach(id, a_path("one")));
  with.run(kStart + 50min);
  without.run(kStart + 50min);
  REQUIRE(with.events.size() == without.events.size());
  for (auto& [key, event] : with.events) {
    Event other = without.events.at(key);
    other.revision = event.revision;
    event.evidence = {};
    CHECK(event::to_json(event) == event::to_json(other));
  }
}

}  // namespace blipd::simulation
