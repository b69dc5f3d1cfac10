// More hard cases made by hand: thresholds to the nanosecond, hosts that share a fate, resolvers only, limited ICMP,
// controls that are themselves in trouble, and a wall clock that is set while something is down.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <utility>

#include "daemon/event/json.hpp"
#include "tests/simulation/story.hpp"

namespace blipd::simulation {
namespace {

using event::Class;
using event::Kind;
using event::Scope;

// A story of which the rules are changed. Everything else being equal, times are the same to the nanosecond.
Story with_rules(Layout layout, std::function<void(config::Detect&)> change) {
  layout.change_rules = std::move(change);
  return Story(layout);
}

Event only(const std::vector<Event>& events) {
  for (const Event& event : events) UNSCOPED_INFO(event::to_json(event));
  REQUIRE(events.size() == 1);
  return events.front();
}

TEST_CASE("An outage is a blip below its limit, and none from the limit on", "[simulation][hard]") {
  const auto outage = [](Duration limit) {
    Story story = with_rules({}, [&](config::Detect& rules) { rules.blip_limit = limit; });
    story.cut_all(10min, 2min);
    story.run(kStart + 30min);
    return only(story.of(Scope::kNetwork, Kind::kOutage));
  };
  const Duration length = outage(5min).duration();
  REQUIRE(base::to_seconds(length) == Approx(120).margin(6));
  CHECK(outage(length - 1ns).length == Class::kOutage);
  CHECK(outage(length).length == Class::kOutage);
  // A blip that is over before it could be an outage; one that may still be one is called so, see the next case.
  CHECK(outage(length + 20s).length == Class::kBlip);
}

TEST_CASE("Down again sooner than a relapse may take is the same event, at that time it is another",
          "[simulation][hard]") {
  const auto outages = [](Duration relapse) {
    Story story = with_rules({}, [&](config::Detect& rules) { rules.relapse = relapse; });
    story.cut_all(10min, 1min);
    story.cut_all(12min, 1min);
    story.run(kStart + 30min);
    return story.of(Scope::kNetwork, Kind::kOutage);
  };
  const auto two = outages(10s);
  REQUIRE(two.size() == 2);
  const auto [first, second] =
      std::minmax(two[0], two[1], [](const Event& a, const Event& b) { return a.start.latest < b.start.latest; });
  const Duration between = second.start.latest - first.end->latest;
  CHECK(outages(between - 1ns).size() == 2);
  CHECK(outages(between).size() == 2);
  // Until it is said that it is down again some seconds pass, see the next case.
  CHECK(base::to_seconds(only(outages(between + 15s)).duration()) == Approx(180).margin(6));
}

TEST_CASE("Whether it is a relapse goes by when it fell, not by when that is known", "[simulation][hard]") {
  Story story = with_rules({}, [&](config::Detect& rules) { rules.relapse = 62s; });
  story.cut_all(10min, 1min);
  story.cut_all(12min, 1min);
  story.run(kStart + 30min);
  const auto found = story.of(Scope::kNetwork, Kind::kOutage);
  CHECK(found.size() == 1);
}

TEST_CASE("Something open asks for review from its time on", "[simulation][hard]") {
  const auto needs_review = [](Duration after, Duration open_for) {
    Story story = with_rules({}, [&](config::Detect& rules) { rules.review_after = after; });
    story.cut_all(10min, 3h);
    story.run(kStart + 10min + open_for);
    const Event event = only(story.of(Scope::kNetwork, Kind::kOutage));
    REQUIRE(event.is_open());
    return event.needs_review;
  };
  CHECK_FALSE(needs_review(1h, 1h - 10s));
  CHECK(needs_review(1h, 1h + 10s));
}

TEST_CASE("A country is partial below its share, and no longer from the upper share on", "[simulation][hard]") {
  Layout layout;
  layout.targets = {10, 10};
  // Spread over both networks, of which none is partial by itself.
  for (const int down : {3, 4, 5}) {
    CAPTURE(down);
    Story story = with_rules(layout, [](config::Detect& rules) { rules.chance = 1e-12; });
    for (int t = 0; t < down; ++t) {
      const auto network = static_cast<std::size_t>(t % 2);
      const auto host = static_cast<std::size_t>(t / 2);
      story.country.target_cuts[story.country.target(network, host)].push_back({kStart + 1h, kStart + 2h});
    }
    story.run(kStart + 3h);
    // 85, 80 and 75 % are left: 80 % is not below 80 %.
    CHECK(story.of(Scope::kCountry, Kind::kPartial).size() == (down == 5 ? 1U : 0U));
    CHECK(story.of(Scope::kCountry, Kind::kOutage).empty());
  }
}

TEST_CASE("A network of one host asked in three ways is not down for one lost round", "[simulation][hard]") {
  Layout layout;
  layout.targets = {1};
  layout.channels = 3;
  Story story(layout);
  story.cut_all(10min, 5s);
  story.run(kStart + 20min);
  CHECK(story.of(Scope::kNetwork, Kind::kOutage).empty());
  CHECK(story.of(Scope::kCountry, Kind::kOutage).empty());
  story.cut_all(30min, 10min);
  story.run(kStart + 1h);
  CHECK(base::to_seconds(only(story.of(Scope::kNetwork, Kind::kOutage)).duration()) == Approx(600).margin(12));
  CHECK(story.of(Scope::kCountry, Kind::kOutage).size() == 1);
}

TEST_CASE("A country of resolvers only has its outages, by one protocol", "[simulation][hard]") {
  Layout layout;
  layout.targets = {3, 2};
  layout.is_dns = true;
  layout.interval = 30s;
  layout.timeout = 4s;
  Story story(layout);
  story.cut_all(1h, 20min);
  story.run(kStart + 2h);
  CHECK(story.of(Scope::kNetwork, Kind::kOutage).size() == 2);
  const Event event = only(story.of(Scope::kCountry, Kind::kOutage));
  CHECK(event.length == Class::kOutage);
  CHECK(base::to_seconds(event.duration()) == Approx(1200).margin(60));
}

TEST_CASE("A usual loss of 17 % hides no outage and lengthens none", "[simulation][hard]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    Story story({}, seed);
    story.country.loss = 0.17;
    story.cut_all(6h, 20min);
    story.cut_all(10h, 2min);
    story.run(kStart + 14h);
    const auto outages = story.of(Scope::kNetwork, Kind::kOutage);
    REQUIRE(outages.size() == 2);
    for (const Event& event : outages) {
      const double wanted = event.length == Class::kOutage ? 1200 : 120;
      CHECK(base::to_seconds(event.duration()) == Approx(wanted).margin(20));
    }
    CHECK(story.of(Scope::kCountry, Kind::kOutage).size() == 2);
    CHECK(story.of(Scope::kNetwork, Kind::kDegraded).empty());
  }
}

// What a host answers of what it is asked: a token bucket, as routers limit ICMP.
struct Limiter {
  double rate = 0;  // a second
  double burst = 1;
  std::map<config::TargetIndex, std::pair<double, MonoTime>> buckets;

  bool takes(config::TargetIndex target, MonoTime at) {
    auto& [tokens, since] = buckets.try_emplace(target, burst, at).first->second;
    tokens = std::min(burst, tokens + rate * base::to_seconds(at - since));
    since = at;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  }
};

TEST_CASE("Hosts that limit ICMP are neither down nor degraded by being asked too often", "[simulation][hard]") {
  // Every second question finds nothing left; or all is well until they are asked at once for want of an answer.
  for (const double rate : {0.1, 0.22}) {
    CAPTURE(rate);
    Story story({}, 3);
    story.country.loss = 0.02;
    Limiter limiter{rate, 1, {}};
    const config::Plan& plan = *story.country.plan;
    story.country.is_dropped = [&](probes::ChannelIndex channel, MonoTime at) {
      const bool is_control = plan.networks[plan.channels[channel].network].is_control();
      return !is_control && !limiter.takes(plan.channels[channel].target, at);
    };
    story.cut_all(12h, 20min);
    story.run(kStart + 24h);
    const Event outage = only(story.of(Scope::kNetwork, Kind::kOutage));
    CHECK(base::to_seconds(outage.duration()) == Approx(1200).margin(30));
    CHECK(story.of(Scope::kNetwork, Kind::kDegraded).empty());
    CHECK(story.of(Scope::kNetwork, Kind::kInstability).empty());
  }
}

TEST_CASE("Controls that fall and rise together are faults of our own, and never the country's beat",
          "[simulation][hard]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    Story story({}, seed);
    const config::Plan& plan = *story.country.plan;
    for (std::size_t t = 0; t < plan.targets.size(); ++t) {
      if (!plan.networks[plan.targets[t].network].is_control()) continue;
      for (int i = 0; i < 20; ++i) {
        const MonoTime from = kStart + 1h + std::chrono::minutes(3 * i);
        story.country.target_cuts[t].push_back({from, from + 1min});
      }
    }
    story.run(kStart + 4h);
    CHECK(story.of(Scope::kVantage, Kind::kVantageFault).size() == 20);
    for (const auto& [id, event] : story.events) CHECK(event.scope == Scope::kVantage);
  }
}

TEST_CASE("An outage during which controls flap is one outage", "[simulation][hard]") {
  Story story({});
  const config::Plan& plan = *story.country.plan;
  for (std::size_t t = 0; t < plan.targets.size(); ++t) {
    if (!plan.networks[plan.targets[t].network].is_control()) continue;
    for (int i = 0; i < 5; ++i) {
      const MonoTime from = kStart + 1h + std::chrono::minutes(5 + 4 * i);
      story.country.target_cuts[t].push_back({from, from + 1min});
    }
  }
  story.cut_all(1h, 30min);
  story.run(kStart + 3h);
  CHECK(base::to_seconds(only(story.of(Scope::kNetwork, Kind::kOutage)).duration()) == Approx(1800).margin(10));
  CHECK(base::to_seconds(only(story.of(Scope::kCountry, Kind::kOutage)).duration()) == Approx(1800).margin(10));
  CHECK(story.of(Scope::kVantage, Kind::kVantageFault).size() == 5);
}

TEST_CASE("After a restart in an outage it is known to be down again within seconds", "[simulation][hard]") {
  Story before({});
  before.cut_all(1h, 1h);
  before.run(kStart + 70min);
  const pipeline::Memory memory = before.country.pipeline.memory();
  Story after({}, 2);
  REQUIRE(after.country.pipeline.restore(memory));
  after.cut_all(0s, 10min);
  after.run(kStart + 30s);
  CHECK(after.country.network_state(0) == NetworkState::kOutage);
  CHECK(after.country.level() == CountryLevel::kTotal);
}

// Where targets are asked so often that some are known to be down before their network is, each has an event.
TEST_CASE("After a restart in an outage that hosts fell before, it is known to be down again within seconds",
          "[simulation][hard]") {
  Layout layout;
  layout.targets = {4};
  layout.interval = layout.control_interval = 400ms;
  layout.timeout = 900ms;
  Story before(layout);
  before.cut_all(1min, 1h);
  before.run(kStart + 70s);
  const pipeline::Memory memory = before.country.pipeline.memory();
  Story after(layout, 2);
  REQUIRE(after.country.pipeline.restore(memory));
  after.cut_all(0s, 10min);
  after.run(kStart + 30s);
  CHECK(after.country.network_state(0) == NetworkState::kOutage);
}

// Wall times are for people, durations are measured. When the clock is set while something is down, the time at which
// it began is shown on the clock as it is now, which is the one that is right; the duration is what passed.
TEST_CASE("Setting the wall clock in the middle of an event changes no duration", "[simulation][hard][clock]") {
  Layout layout;
  layout.targets = {6, 20};
  for (const Duration by : {Duration(1h), Duration(-1h), Duration(24h * 3650)}) {
    CAPTURE(base::to_seconds(by));
    Story story(layout);
    story.country.clock_steps.push_back({kStart + 1h + 5min, by});
    // A network falls, and a host of the other one.
    story.cut(0, 1h, 10min);
    story.country.target_cuts[story.country.target(1, 0)].push_back({kStart + 1h, kStart + 1h + 10min});
    story.run(kStart + 1h + 6min);
    const Event open = only(story.of(Scope::kNetwork, Kind::kOutage));
    story.run(kStart + 3h);
    for (const Event& event :
         {only(story.of(Scope::kNetwork, Kind::kOutage)), only(story.of(Scope::kTarget, Kind::kOutage))}) {
      INFO(event::to_json(event));
      CHECK(event.length == Class::kOutage);
      REQUIRE(event.end);
      CHECK(base::to_seconds(event.duration()) == Approx(600).margin(15));
      CHECK(seconds(event.start.middle()) == Approx(3600 + base::to_seconds(by)).margin(15));
      CHECK(seconds(event.end->middle()) == Approx(4200 + base::to_seconds(by)).margin(15));
    }
    CHECK(only(story.of(Scope::kNetwork, Kind::kOutage)).id == open.id);
  }
}

TEST_CASE("Setting the wall clock in the middle of a fault of our own changes no duration",
          "[simulation][hard][clock]") {
  Story story({});
  story.country.clock_steps.push_back({kStart + 1h + 1min, -1h});
  story.country.link_cuts.push_back({kStart + 1h, kStart + 1h + 2min});
  story.run(kStart + 2h);
  const Event event = only(story.of(Scope::kVantage, Kind::kVantageFault));
  REQUIRE(event.end);
  CHECK(base::to_seconds(event.duration()) == Approx(120).margin(10));
}

TEST_CASE("Setting the wall clock makes no outage of a blip, and asks for no review", "[simulation][hard][clock]") {
  Story story({});
  story.country.clock_steps.push_back({kStart + 1h + 30s, 24h * 30});
  story.cut_all(1h, 1min);
  story.run(kStart + 2h);
  for (const Scope scope : {Scope::kNetwork, Scope::kCountry}) {
    const Event event = only(story.of(scope, Kind::kOutage));
    CHECK(event.length == Class::kBlip);
    CHECK_FALSE(event.needs_review);
  }
}

TEST_CASE("Setting the wall clock in calm times is no event", "[simulation][hard][clock]") {
  Story story({});
  for (const int hour : {1, 2, 3})
    story.country.clock_steps.push_back({kStart + std::chrono::hours(hour), hour % 2 == 0 ? -5h : 5h});
  story.run(kStart + 5h);
  CHECK(story.events.empty());
}

}  // namespace
}  // namespace blipd::simulation
