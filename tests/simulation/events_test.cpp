// Hand-made hard cases, from the results of probes to the events that they must and must not give.
#include <catch2/catch.hpp>

#include "daemon/event/json.hpp"
#include "tests/simulation/story.hpp"

namespace blipd::simulation {
namespace {

using event::Class;
using event::Kind;
using event::Scope;

TEST_CASE("A quiet day has no event", "[simulation][events]") {
  Story story({});
  story.run(kStart + 24h);
  CHECK(story.events.empty());
}

TEST_CASE("An outage is one event of the network and one of the country, of one incident", "[simulation][events]") {
  Story story({});
  story.cut_all(10min, 20min);
  story.run(kStart + 1h);
  const auto networks = story.of(Scope::kNetwork, Kind::kOutage);
  const auto countries = story.of(Scope::kCountry, Kind::kOutage);
  REQUIRE(networks.size() == 1);
  REQUIRE(countries.size() == 1);
  CHECK(networks[0].incident == countries[0].incident);
  for (const Event& event : {networks[0], countries[0]}) {
    CHECK(event.length == Class::kOutage);
    CHECK(seconds(event.start.earliest) <= 600);
    CHECK(seconds(event.start.latest) >= 600 - 0.3);
    CHECK(seconds(event.start.middle()) == Approx(600).margin(5));
    REQUIRE(event.end);
    CHECK(seconds(event.end->middle()) == Approx(1800).margin(5));
    CHECK(event.onset.shape == event::Shape::kAbrupt);
    CHECK(event.reachable.lowest == 0);
    CHECK(seconds(event.declared) < 620);
  }
  CHECK(networks[0].onset.order.size() == 6);
  CHECK(networks[0].onset.failures.silent >= 6);
  for (const Event& event : story.of(Scope::kTarget, Kind::kOutage)) CHECK(event.incident == networks[0].incident);
}

TEST_CASE("An outage that is open says how low it has sunk, before anything else is said of it",
          "[simulation][events]") {
  Story story({});
  story.cut_all(10min, 20min);
  story.run(kStart + 10min + 40s);
  for (const Scope scope : {Scope::kNetwork, Scope::kCountry}) {
    const auto events = story.of(scope, Kind::kOutage);
    REQUIRE(events.size() == 1);
    CHECK(events[0].is_open());
    CHECK(events[0].length == Class::kBlip);
    CHECK(events[0].reachable.lowest == 0);
    CHECK(events[0].revision <= 4);  // not one for each host
  }
}

TEST_CASE("A blip is shorter than its limit, an outage is not", "[simulation][events]") {
  for (const auto& [length, wanted] : {std::pair{4min + 45s, Class::kBlip}, std::pair{5min + 15s, Class::kOutage}}) {
    Story story({});
    story.cut_all(10min, length);
    story.run(kStart + 1h);
    const auto networks = story.of(Scope::kNetwork, Kind::kOutage);
    REQUIRE(networks.size() == 1);
    CHECK(networks[0].length == wanted);
    CHECK(base::to_seconds(networks[0].duration()) == Approx(base::to_seconds(length)).margin(6));
  }
}

TEST_CASE("One dead host is an event of that host alone, whatever number of ways it is asked", "[simulation][events]") {
  for (const int channels : {1, 3}) {
    Layout layout;
    layout.channels = channels;
    Story story(layout);
    story.country.target_cuts[story.country.target(0, 2)].push_back({kStart + 10min, kStart + 40min});
    story.run(kStart + 1h);
    REQUIRE(story.events.size() == 1);
    const Event& event = story.events.begin()->second;
    CHECK(event.scope == Scope::kTarget);
    CHECK(event.target == "target2");
    CHECK(event.length == Class::kOutage);
    CHECK(base::to_seconds(event.duration()) == Approx(1800).margin(15));
  }
}

TEST_CASE("A host that never answered has no event and no vote", "[simulation][events]") {
  Story story({});
  story.country.target_cuts[story.country.target(0, 0)].push_back({kStart, kStart + 10h});
  story.cut_all(30min, 10min);
  story.run(kStart + 1h);
  CHECK(story.of(Scope::kNetwork, Kind::kOutage).size() == 1);
  for (const Event& event : story.of(Scope::kTarget, Kind::kOutage)) CHECK(event.target != "target0");
}

TEST_CASE("A network of one target has its outages", "[simulation][events]") {
  Layout layout;
  layout.targets = {1};
  Story story(layout);
  story.cut_all(10min, 10min);
  story.run(kStart + 1h);
  REQUIRE(story.of(Scope::kNetwork, Kind::kOutage).size() == 1);
  CHECK(story.of(Scope::kCountry, Kind::kOutage).size() == 1);
}

TEST_CASE("A fault of our own link is one event of the vantage point and nobody else's", "[simulation][events]") {
  Layout layout;
  layout.targets = {6, 3};
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Story story(layout, seed);
    story.country.loss = 0.05;
    story.country.link_cuts.push_back({kStart + 20min, kStart + 25min});
    story.run(kStart + 1h);
    REQUIRE(story.events.size() == 1);
    const Event& event = story.events.begin()->second;
    CHECK(event.kind == Kind::kVantageFault);
    CHECK(seconds(event.start.middle()) == Approx(1200).margin(8));
    REQUIRE(event.end);
    CHECK(seconds(event.end->middle()) == Approx(1500).margin(8));
  }
}

TEST_CASE("An outage soon after a fault of our own link is found within twenty seconds", "[simulation][events]") {
  for (const base::Duration gap : {5s, 10s, 30s, 60s}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      Story story({}, seed);
      story.country.link_cuts.push_back({kStart + 10min, kStart + 10min + 30s});
      story.cut_all(10min + 30s + gap, 20min);
      story.run(kStart + 1h);
      const auto countries = story.of(Scope::kCountry, Kind::kOutage);
      INFO(base::to_seconds(gap) << " s after it, seed " << seed);
      REQUIRE(countries.size() == 1);
      CHECK(seconds(countries[0].declared) <= 630 + base::to_seconds(gap) + 20);
    }
  }
}

TEST_CASE("A fault of our own link in the middle of an outage leaves it one event", "[simulation][events]") {
  Story story({});
  story.cut_all(10min, 40min);
  story.country.link_cuts.push_back({kStart + 20min, kStart + 25min});
  story.run(kStart + 90min);
  const auto networks = story.of(Scope::kNetwork, Kind::kOutage);
  REQUIRE(networks.size() == 1);
  CHECK(base::to_seconds(networks[0].duration()) == Approx(2400).margin(10));
  CHECK(story.of(Scope::kVantage, Kind::kVantageFault).size() == 1);
}

TEST_CASE("Controls that flap without half of them being gone change nothing", "[simulation][events]") {
  Story story({});
  const auto& plan = *story.country.plan;
  int seen = 0;
  for (std::size_t t = 0; t < plan.targets.size(); ++t) {
    if (!plan.networks[plan.targets[t].network].is_control() || seen++ >= 2) continue;
    for (int i = 0; i < 60; ++i) {
      const MonoTime from = kStart + std::chrono::minutes(2 * i + seen);
      story.country.target_cuts[t].push_back({from, from + 50s});
    }
  }
  story.cut_all(1h, 10min);
  story.run(kStart + 2h);
  CHECK(story.of(Scope::kVantage, Kind::kVantageFault).empty());
  CHECK(story.of(Scope::kNetwork, Kind::kOutage).size() == 1);
}

TEST_CASE("A steady beat is an instability, and its falls are part of it", "[simulation][events]") {
  Story story({});
  for (int i = 0; i < 8; ++i) story.cut_all(1h + std::chrono::minutes(25 * i), 90s);
  story.run(kStart + 14h);
  const auto falls = story.of(Scope::kNetwork, Kind::kOutage);
  const auto beats = story.of(Scope::kNetwork, Kind::kInstability);
  REQUIRE(falls.size() == 8);
  REQUIRE(beats.size() == 1);
  CHECK(beats[0].flaps == 8);
  REQUIRE(beats[0].end);
  int isolated = 0;
  for (const Event& event : falls) isolated += event.during.empty() ? 1 : 0;
  CHECK(isolated <= 4);
  CHECK(story.of(Scope::kCountry, Kind::kInstability).size() == 1);
  const auto network = story.country.snapshot()->networks[story.country.networks[0]];
  CHECK(network.stability.outages[0].count + network.stability.outages[2].count == 8);
  CHECK_FALSE(network.stability.is_unstable);
}

TEST_CASE("Two blips a day are no beat", "[simulation][events]") {
  Story story({});
  for (int day = 0; day < 4; ++day) {
    story.cut_all(24h * day + 5h, 90s);
    story.cut_all(24h * day + 17h, 2min);
  }
  story.run(kStart + 24h * 4);
  CHECK(story.of(Scope::kNetwork, Kind::kOutage).size() == 8);
  CHECK(story.of(Scope::kNetwork, Kind::kInstability).empty());
  CHECK(story.of(Scope::kCountry, Kind::kInstability).empty());
}

TEST_CASE("Many hosts down at once are a partial outage of their network", "[simulation][events]") {
  Layout layout;
  layout.targets = {20};
  for (const std::size_t down : {2U, 8U}) {
    Story story(layout);
    for (std::size_t t = 0; t < down; ++t) {
      story.country.target_cuts[story.country.target(0, t)].push_back({kStart + 1h, kStart + 2h});
    }
    story.run(kStart + 3h);
    const auto partial = story.of(Scope::kNetwork, Kind::kPartial);
    REQUIRE(partial.size() == (down == 8 ? 1 : 0));
    CHECK(story.of(Scope::kNetwork, Kind::kOutage).empty());
    if (down == 2) continue;
    CHECK(seconds(partial[0].start.middle()) == Approx(3600).margin(10));
    CHECK(seconds(partial[0].end->middle()) == Approx(7200).margin(15));
    CHECK(partial[0].reachable.lowest == Approx(0.6));
  }
}

TEST_CASE("Networks that go one after another are a staged fall, in their order", "[simulation][events]") {
  Layout layout;
  layout.targets = {4, 4, 4, 4};
  Story story(layout);
  for (int n = 0; n < 4; ++n) {
    story.cut(static_cast<std::size_t>(n), 1h + std::chrono::minutes(4 * n), 2h - std::chrono::minutes(4 * n));
  }
  story.run(kStart + 4h);
  const auto total = story.of(Scope::kCountry, Kind::kOutage);
  REQUIRE(total.size() == 1);
  CHECK(total[0].onset.shape == event::Shape::kStaged);
  REQUIRE(total[0].onset.order.size() == 4);
  for (std::uint32_t n = 0; n < 4; ++n) {
    CHECK(total[0].onset.order[n].place == "network" + std::to_string(n));
    CHECK(total[0].onset.order[n].rank == n + 1);
  }
  REQUIRE(total[0].onset.fall);
  CHECK(base::to_seconds(*total[0].onset.fall) == Approx(720).margin(10));
  CHECK(story.of(Scope::kCountry, Kind::kPartial).size() == 1);
}

TEST_CASE("Loss that rises is a degradation and then a gradual fall", "[simulation][events]") {
  Story story({});
  story.country.loss = 0.02;
  story.run(kStart + 3h);
  CHECK(story.events.empty());
  story.country.loss = 0.45;
  story.run(kStart + 3h + 40min);
  CHECK(story.of(Scope::kNetwork, Kind::kDegraded).size() == 1);
  CHECK(story.country.network_state(0) == NetworkState::kDegraded);
  story.country.loss = 1;
  story.run(kStart + 5h);
  const auto outages = story.of(Scope::kNetwork, Kind::kOutage);
  REQUIRE(outages.size() == 1);
  CHECK(outages[0].onset.shape == event::Shape::kGradual);
}

TEST_CASE("A day of 17 % loss has no outage and no degradation", "[simulation][events]") {
  Layout layout;
  layout.targets = {6, 3};
  layout.interval = 10s;
  Story story(layout, 7);
  story.country.loss = 0.17;
  story.run(kStart + 24h);
  for (const auto& [id, event] : story.events) {
    INFO(event::to_json(event));
    CHECK(event.scope == Scope::kTarget);
  }
}

TEST_CASE("A restart in the middle of an outage goes on with the same events", "[simulation][events]") {
  Layout layout;
  layout.targets = {4, 4};
  Story before(layout);
  before.cut_all(1h, 1h);
  before.run(kStart + 80min);
  const pipeline::Memory memory = before.country.pipeline.memory();
  REQUIRE(memory.open.size() >= 3);

  Story after(layout, 2);
  REQUIRE(after.country.pipeline.restore(memory));
  // The second life begins ten minutes before the cut ends, in its own time.
  after.cut_all(0s, 10min);
  after.run(kStart + 1h);
  for (const Event& open : memory.open) {
    if (open.scope == Scope::kTarget) continue;
    INFO(open.id);
    REQUIRE(after.events.contains(open.id));
    CHECK(after.events.at(open.id).end);
    CHECK(after.events.at(open.id).revision > open.revision);
  }
  for (const auto& entry : after.events) {
    const Event& event = entry.second;
    if (event.scope == Scope::kTarget) continue;
    INFO(event::to_json(event));
    CHECK(std::ranges::any_of(memory.open, [&](const Event& open) { return open.id == event.id; }));
  }
}

TEST_CASE("Of a country that is asked elsewhere too, networks are judged and the whole is not",
          "[simulation][events]") {
  Layout layout;
  layout.targets = {6, 6};
  layout.is_split = true;
  Story story(layout);
  story.cut_all(10min, 20min);
  story.run(kStart + 20min);
  CHECK(story.country.snapshot()->countries[0].level == pipeline::CountryLevel::kUnknown);
  CHECK_FALSE(story.country.snapshot()->countries[0].reachable_ratio);
  story.run(kStart + 1h);
  CHECK(story.of(Scope::kNetwork, Kind::kOutage).size() == 2);
  for (const auto& [id, event] : story.events) CHECK(event.scope != Scope::kCountry);
}

TEST_CASE("What was open of a country ends when it is asked elsewhere too", "[simulation][events]") {
  Layout layout;
  Story before(layout);
  before.cut_all(10min, 2h);
  before.run(kStart + 20min);
  const pipeline::Memory memory = before.country.pipeline.memory();
  REQUIRE(std::ranges::any_of(memory.open, [](const Event& open) { return open.scope == Scope::kCountry; }));

  layout.is_split = true;
  Story after(layout, 2);
  REQUIRE(after.country.pipeline.restore(memory));
  after.run(kStart + 10min);
  for (const Event& open : memory.open) {
    if (open.scope != Scope::kCountry) continue;
    REQUIRE(after.events.contains(open.id));
    CHECK(after.events.at(open.id).end);
  }
}

TEST_CASE("What cannot be read of the last run is refused and changes nothing", "[simulation][events]") {
  Story story({});
  CHECK_FALSE(story.country.pipeline.restore({{}, "{\"channels\": 7", {}}));
  story.cut_all(10min, 10min);
  story.run(kStart + 1h);
  CHECK(story.of(Scope::kNetwork, Kind::kOutage).size() == 1);
}

}  // namespace
}  // namespace blipd::simulation
