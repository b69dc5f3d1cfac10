#include "daemon/engine/share.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "config/load.hpp"
#include "daemon/engine/first_round.hpp"
#include "daemon/engine/roster.hpp"

using namespace blipd;
using engine::Share;

namespace {

std::shared_ptr<const config::Plan> plan_of(int first, int last, const config::Plan* previous = nullptr) {
  std::string targets;
  for (int i = first; i < last; ++i) {
    targets += fmt::format("{{name: t{0}, host: 198.18.{1}.{2}, probes: [a, b]}}, ", i, i / 250, 1 + i % 250);
  }
  const auto loaded = config::load_text(
      "probes: {a: {type: icmp}, b: {type: tcp, port: 80}}\n"
      "countries: [{code: XX, networks: [{name: n, targets: [" +
          targets + "]}]}]",
      "test.yaml");
  REQUIRE(loaded.faults.empty());
  return config::make_plan(loaded.configuration, previous);
}

std::string owner_of(const config::Plan& plan, const std::string& target, std::uint32_t count) {
  const auto owners = Share::owners_of(plan, count);
  const auto found = std::ranges::find_if(plan.targets, [&](const auto& t) { return t.is_active && t.name == target; });
  return std::to_string(owners[static_cast<std::size_t>(found - plan.targets.begin())]);
}

}  // namespace

TEST_CASE("every target is in exactly one share, with all of its channels") {
  const auto plan = plan_of(0, 500);
  for (const std::uint32_t count : {1U, 2U, 3U, 64U}) {
    const auto shares = Share::split(*plan, count);
    REQUIRE(shares.size() == count);
    for (std::size_t t = 0; t < plan->targets.size(); ++t) {
      const auto holders = std::ranges::count_if(
          shares, [&](const Share& share) { return share.has(static_cast<config::TargetIndex>(t)); });
      REQUIRE(holders == 1);
      for (const Share& share : shares) {
        for (const auto channel : plan->channels_of(plan->targets[t])) {
          REQUIRE(share.has(plan->channels[channel]) == share.has(static_cast<config::TargetIndex>(t)));
        }
      }
    }
  }
}

TEST_CASE("shares are of about the same size") {
  const auto plan = plan_of(0, 4000);
  for (const std::uint32_t count : {2U, 8U}) {
    std::vector<int> sizes(count);
    for (const std::uint8_t owner : Share::owners_of(*plan, count)) ++sizes.at(owner);
    const double expected = 4000.0 / count;
    for (const int size : sizes) CHECK(std::abs(size - expected) < 5 * std::sqrt(expected));
  }
}

TEST_CASE("a target stays in its share through reloads, whatever position it has") {
  const auto before = plan_of(0, 300);
  const auto next = plan_of(100, 400, before.get());  // takes a hundred away and gives their positions to others
  const auto anew = plan_of(100, 400);
  for (int i = 100; i < 300; ++i) {
    const std::string name = "t" + std::to_string(i);
    CHECK(owner_of(*before, name, 7) == owner_of(*next, name, 7));
    CHECK(owner_of(*before, name, 7) == owner_of(*anew, name, 7));
  }
}

TEST_CASE("a roster knows the targets of its share only") {
  const auto plan = plan_of(0, 100);
  const engine::Budget budget(plan->configuration.budget);
  std::vector<engine::Roster> rosters(2);
  const auto shares = Share::split(*plan, 2);
  for (std::size_t i = 0; i < 2; ++i) rosters[i].adopt(plan, budget, shares[i]);
  for (std::size_t c = 0; c < plan->channels.size(); ++c) {
    const auto channel = static_cast<probes::ChannelIndex>(c);
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(rosters[i].address(channel, 0).has_value() == shares[i].has(plan->channels[c]));
    }
  }
}

TEST_CASE("a first round is over with the channels of its share") {
  struct Nowhere final : probes::ResultSink {
    void on_sent(probes::ChannelIndex, base::MonoTime) override {}
    void on_result(const probes::Result&, const probes::AnswerDetail*) override {}
    void on_remark(const probes::Remark&) override {}
  } nowhere;
  const auto plan = plan_of(0, 20);
  const auto shares = Share::split(*plan, 2);
  engine::FirstRound round(nowhere);
  round.adopt(*plan, shares[1]);
  CHECK_FALSE(round.is_settled());
  for (std::size_t c = 0; c < plan->channels.size(); ++c) {
    if (!shares[1].has(plan->channels[c])) continue;
    CHECK_FALSE(round.is_settled());
    probes::Result result;
    result.channel = static_cast<probes::ChannelIndex>(c);
    round.on_result(result, nullptr);
  }
  CHECK(round.is_settled());
}
