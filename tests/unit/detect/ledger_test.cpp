#include "daemon/detect/ledger.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace blipd::detect {
namespace {

using namespace std::chrono_literals;
using base::BootTime;
using base::Moment;
using base::MonoTime;
using base::WallTime;
using event::Event;
using event::Kind;
using event::Scope;

Moment at(base::Duration passed, base::Duration stepped = 0s) {
  return {MonoTime(passed), WallTime(1000000s + passed + stepped), BootTime(passed), {}};
}

struct Bench {
  Ledger ledger{"us", at(0s)};

  std::string fall(const std::string& target, base::Duration when) {
    const MonoTime time(when);
    const std::string id = ledger.open({Scope::kTarget, "XX", "n", target}, Kind::kOutage, {time, time});
    ledger.revise(id, [](Event&) {});
    return id;
  }
  void end(const std::string& id) {
    ledger.revise(id, [](Event& event) { event.end = event.start; });
    ledger.release(id);
  }
  std::vector<std::string> taken() {
    std::vector<std::string> targets;
    for (const Event& event : ledger.take()) targets.push_back(event.target);
    return targets;
  }
};

using Names = std::vector<std::string>;

TEST_CASE("What changed is told once, as it now stands, in the order of its last change", "[ledger]") {
  Bench b;
  const std::string first = b.fall("a", 0s);
  b.fall("b", 0s);
  b.ledger.revise(first, [](Event& event) { event.flaps = 7; });
  const std::vector<Event> told = b.ledger.take();
  REQUIRE(told.size() == 2);
  CHECK(told[0].target == "b");
  CHECK(told[1].target == "a");
  CHECK(told[1].flaps == 7);
  CHECK(told[1].revision == 2);
  CHECK(b.ledger.take().empty());
}

TEST_CASE("Those that are open are shared until they change", "[ledger]") {
  Bench b;
  const std::string first = b.fall("a", 0s);
  const std::string second = b.fall("b", 0s);
  const event::OpenEvents before = b.ledger.open_events();
  REQUIRE(before.size() == 2);
  b.ledger.revise(second, [](Event& event) { event.flaps = 1; });
  const event::OpenEvents after = b.ledger.open_events();
  CHECK(&*before.begin() == &*after.begin());
  CHECK((++before.begin())->flaps == 0);
  CHECK((++after.begin())->flaps == 1);
  b.end(first);
  REQUIRE(b.ledger.open_events().size() == 1);
  CHECK(b.ledger.open_events().begin()->target == "b");
  b.ledger.revise(first, [](Event& event) { event.end.reset(); });
  CHECK(b.ledger.open_events().size() == 2);
}

TEST_CASE("What ended is kept for ten minutes that passed, whatever the wall clock was set to", "[ledger]") {
  Bench b;
  const std::string gone = b.fall("a", 0s);
  b.end(gone);
  CHECK(b.taken() == Names{"a"});
  b.ledger.set_now(at(300s, 3600s));
  b.fall("b", 300s);
  CHECK(b.ledger.holds(gone));
  b.ledger.set_now(at(601s, 3600s));
  b.fall("c", 601s);
  CHECK_FALSE(b.ledger.holds(gone));
}

TEST_CASE("What ended is told before it is forgotten", "[ledger]") {
  Bench b;
  const std::string gone = b.fall("a", 0s);
  b.end(gone);
  b.ledger.set_now(at(700s));
  b.fall("b", 700s);
  CHECK(b.taken() == Names{"a", "b"});
  b.fall("c", 700s);
  CHECK_FALSE(b.ledger.holds(gone));
}

}  // namespace
}  // namespace blipd::detect
