#include "daemon/simulate/timeline.hpp"

#include <catch2/catch.hpp>

#include "daemon/simulate/country.hpp"
#include "daemon/simulate/load.hpp"

namespace {

using namespace blipd;
using namespace std::chrono_literals;
using simulate::Fate;
using simulate::Timeline;

// Networks 0 (targets x, y), 1, and the control network 2.
simulate::Scenario scenario(const std::string& timeline) {
  const std::string yaml = R"(
networks:
  - {name: a, targets: [{name: x, host: 198.18.1.1}, {name: y, host: 198.18.1.2}]}
  - {name: b, targets: [{name: z, host: 198.18.2.1}]}
controls: [{name: c, host: 198.18.100.1}]
)" + timeline;
  auto loaded = simulate::load_scenario(yaml, "test.yaml");
  for (const auto& fault : loaded.faults) UNSCOPED_INFO(fault.to_string());
  REQUIRE(loaded.faults.empty());
  return loaded.scenario;
}

}  // namespace

TEST_CASE("an effect begins at its start and is over at its end") {
  const auto s = scenario("timeline: [{at: 60s, for: 30s, networks: [a], effect: cut}]");
  Timeline timeline(s);
  CHECK_FALSE(timeline.at(60s - 1ns, 0, {}).is_cut);
  CHECK(timeline.at(60s, 0, {}).is_cut);
  CHECK(timeline.at(90s - 1ns, 0, {}).is_cut);
  CHECK_FALSE(timeline.at(90s, 0, {}).is_cut);
  CHECK_FALSE(timeline.at(70s, 1, {}).is_cut);
}

TEST_CASE("the timeline may be asked for times in any order") {
  const auto s = scenario("timeline: [{at: 60s, for: 30s, networks: [a], effect: cut}]");
  Timeline timeline(s);
  CHECK_FALSE(timeline.at(100s, 0, {}).is_cut);
  CHECK(timeline.at(75s, 0, {}).is_cut);
  CHECK_FALSE(timeline.at(0s, 0, {}).is_cut);
  CHECK(timeline.at(60s, 0, {}).is_cut);
}

TEST_CASE("an effect without an end lasts") {
  const auto s = scenario("timeline: [{at: 1s, networks: [a], effect: cut}]");
  Timeline timeline(s);
  CHECK_FALSE(timeline.at(999ms, 0, {}).is_cut);
  CHECK(timeline.at(1000h, 0, {}).is_cut);
}

TEST_CASE("all spares the controls and vantage does not") {
  const auto s = scenario(R"(
timeline:
  - {at: 10s, for: 10s, all: true, effect: cut}
  - {at: 30s, for: 10s, vantage: true, effect: cut}
)");
  Timeline timeline(s);
  CHECK(timeline.at(15s, 0, {}).is_cut);
  CHECK(timeline.at(15s, 1, {}).is_cut);
  CHECK_FALSE(timeline.at(15s, 2, {}).is_cut);
  CHECK(timeline.at(35s, 0, {}).is_cut);
  CHECK(timeline.at(35s, 2, {}).is_cut);
}

TEST_CASE("one host can be down while its network is up") {
  const auto s = scenario("timeline: [{at: 1s, for: 1s, targets: [a/y], effect: cut}]");
  Timeline timeline(s);
  CHECK_FALSE(timeline.at(1s, 0, 0).is_cut);
  CHECK(timeline.at(1s, 0, 1).is_cut);
  CHECK_FALSE(timeline.at(1s, 0, {}).is_cut);
  CHECK_FALSE(timeline.at(2s, 0, 1).is_cut);
}

TEST_CASE("effects that overlap add up") {
  const auto s = scenario(R"(
timeline:
  - {at: 0s, for: 10s, networks: [a], effect: loss, ratio: 0.5}
  - {at: 5s, for: 10s, networks: [a], effect: loss, ratio: 0.2}
  - {at: 0s, for: 10s, networks: [a], effect: delay, delay: 30ms}
  - {at: 5s, for: 10s, targets: [a/x], effect: delay, delay: 40ms}
)");
  Timeline timeline(s);
  CHECK(timeline.at(4s, 0, 0).loss == Approx(0.5));
  CHECK(timeline.at(5s, 0, 0).loss == Approx(0.6));
  CHECK(timeline.at(10s, 0, 0).loss == Approx(0.2));
  CHECK(timeline.at(5s, 0, 0).delay == 70ms);
  CHECK(timeline.at(5s, 0, 1).delay == 30ms);
}

TEST_CASE("a repeated timeline starts anew, to the nanosecond") {
  const auto s = scenario("repeat: 1m\ntimeline: [{at: 50s, for: 10s, networks: [a], effect: cut}]");
  Timeline timeline(s);
  CHECK(timeline.at(60s - 1ns, 0, {}).is_cut);
  CHECK_FALSE(timeline.at(60s, 0, {}).is_cut);
  CHECK_FALSE(timeline.at(110s - 1ns, 0, {}).is_cut);
  CHECK(timeline.at(110s, 0, {}).is_cut);
  CHECK(timeline.at(3 * 60s + 55s, 0, {}).is_cut);
}

TEST_CASE("a beat is one line: every so often, so many times") {
  const auto s = scenario("timeline: [{at: 10s, for: 2s, every: 5s, times: 3, networks: [a], effect: cut}]");
  REQUIRE(s.timeline.size() == 3);
  Timeline timeline(s);
  for (const auto start : {10s, 15s, 20s}) {
    CHECK(timeline.at(start, 0, {}).is_cut);
    CHECK_FALSE(timeline.at(start + 2s, 0, {}).is_cut);
  }
  CHECK_FALSE(timeline.at(25s, 0, {}).is_cut);
}

TEST_CASE("a cut silences and an unreachable effect makes routers speak") {
  const std::string timeline = R"(
timeline:
  - {at: 10s, for: 10s, networks: [a], effect: cut}
  - {at: 30s, for: 10s, networks: [a], effect: unreachable, code: network, from: 198.18.100.254}
)";
  simulate::Country country(scenario(timeline), 1);
  const simulate::Question question{base::Address::parse("198.18.1.1").value(), simulate::Protocol::kIcmp, 0};
  CHECK(country.decide(question, 5s).fate == Fate::kAnswered);
  CHECK(country.decide(question, 15s).fate == Fate::kCut);
  const auto told = country.decide(question, 35s);
  CHECK(told.fate == Fate::kUnreachable);
  CHECK(told.notice == simulate::NoticeCode::kNetwork);
  CHECK(told.notice_from == base::Address::parse("198.18.100.254").value());
  CHECK(country.decide(question, 40s).fate == Fate::kAnswered);
}
