#include "daemon/app/recent_events.hpp"

#include <catch2/catch.hpp>

using namespace blipd;
using namespace std::chrono_literals;
using app::RecentEvents;

namespace {

event::Event make_event(std::string id, std::uint32_t revision, bool is_open) {
  event::Event event;
  event.id = std::move(id);
  event.revision = revision;
  if (!is_open) event.end = event::Span{};
  return event;
}

}  // namespace

TEST_CASE("only what has ended is kept, as it was last revised") {
  RecentEvents recent;
  CHECK(recent.list() == nullptr);
  recent.take(make_event("a", 1, true));
  CHECK(recent.list() == nullptr);
  recent.take(make_event("a", 2, false));
  recent.take(make_event("b", 1, false));
  recent.take(make_event("a", 3, false));
  const auto list = recent.list();
  REQUIRE(list->size() == 2);
  CHECK(list->at(0)->id == "b");
  CHECK(list->at(1)->revision == 3);
  CHECK(recent.list() == list);
}

TEST_CASE("what goes on after all is not among what has ended, and a list that was given stays as it was") {
  RecentEvents recent;
  recent.take(make_event("a", 1, false));
  const auto before = recent.list();
  recent.take(make_event("a", 2, true));
  CHECK(recent.list()->empty());
  CHECK(before->size() == 1);
}

TEST_CASE("the oldest go when there are too many") {
  RecentEvents recent;
  for (std::size_t i = 0; i < RecentEvents::kMost + 10; ++i) recent.take(make_event(std::to_string(i), 1, false));
  REQUIRE(recent.list()->size() == RecentEvents::kMost);
  CHECK(recent.list()->front()->id == "10");
  recent.take(make_event("0", 2, true));  // long forgotten
  CHECK(recent.list()->size() == RecentEvents::kMost);
}
