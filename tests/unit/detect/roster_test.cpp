#include "daemon/detect/roster.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <random>

namespace blipd::detect {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const config::Plan> plan_of(std::size_t targets, std::size_t ways) {
  config::Configuration configuration;
  config::Country country;
  country.code = "KP";
  country.networks.resize(2);
  for (std::size_t n = 0; n < 2; ++n) {
    country.networks[n].name = "n" + std::to_string(n);
    for (std::size_t i = 0; i < targets; ++i) {
      config::Target& target = country.networks[n].targets.emplace_back();
      target.name = "t" + std::to_string(i);
      target.host = "198.18.0.1";
      target.probes.resize(ways);
      for (std::size_t w = 0; w < ways; ++w) target.probes[w].name = "p" + std::to_string(w);
    }
  }
  configuration.countries.push_back(country);
  return config::make_plan(configuration, nullptr);
}

NetworkCount counted_anew(const Roster& roster, const config::Plan& plan, config::NetworkIndex index) {
  NetworkCount count;
  for (const auto t : plan.networks[index].targets) {
    const TargetEntry& target = roster.target(t);
    std::uint32_t votes = 0;
    for (const auto c : plan.channels_of(t)) {
      votes += roster.channel(c).usual.is_heard(plan.configuration.detect.usual_floor) ? 1 : 0;
    }
    if (votes == 0) continue;
    ++count.voting_targets;
    count.up_targets += target.state == TargetState::kUp ? 1 : 0;
    count.down_targets += target.is_firm ? 1 : 0;
    if (target.is_known_down) continue;
    ++count.electors;
    count.elector_channels += votes;
    count.failed_electors += target.is_failed ? 1 : 0;
  }
  return count;
}

TEST_CASE("A network's counts are those that counting anew would give, whatever happens", "[roster]") {
  const auto plan = plan_of(4, 2);
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Roster roster;
    roster.adopt(*plan, nullptr);
    base::MonoTime now{1000s};
    for (int step = 0; step < 3000; ++step) {
      now += 1s;
      const auto index = static_cast<probes::ChannelIndex>(random() % plan->channels.size());
      ChannelEntry& channel = roster.channel(index);
      // Every third channel answers too seldom to keep its vote.
      if (random() % 10 < (index % 3 == 0 ? 1U : 8U)) {
        channel.usual.learn_answer(0.05);
        channel.contact.on_answer(now);
      } else {
        channel.usual.learn_failure(0.05);
        channel.contact.on_failure(now);
      }
      roster.refresh_after(*plan, index, kDownAfter);
      const bool flag = random() % 2 == 0;
      switch (random() % 4) {
        case 0:
          roster.edit(channel.target, [&](TargetEntry& target) { target.is_failed = flag; });
          break;
        case 1:
          roster.edit(channel.target, [&](TargetEntry& target) { target.is_firm = flag; });
          break;
        case 2:
          roster.edit(channel.target, [&](TargetEntry& target) { target.is_known_down = flag; });
          break;
        default:
          if (step % 100 == 0) roster.forget_failures(now - 5s);
      }
      for (const config::NetworkIndex n : {0U, 1U}) REQUIRE(roster.network(n) == counted_anew(roster, *plan, n));
    }
  }
}

TEST_CASE("What failures say together is exact of few targets, and sampled of many", "[roster]") {
  for (const std::size_t targets : {Roster::kSample, Roster::kSample + 1, 10 * Roster::kSample}) {
    CAPTURE(targets);
    const auto plan = plan_of(targets, 1);
    Roster roster;
    roster.adopt(*plan, nullptr);
    double sum = 0;
    for (const auto t : plan->networks[0].targets) {
      const probes::ChannelIndex index = plan->channels_of(t).front();
      ChannelEntry& channel = roster.channel(index);
      for (int i = 0; i < 30; ++i) channel.usual.learn_answer(0.05);
      channel.contact.on_answer(base::MonoTime(1s));
      roster.refresh_after(*plan, index, kDownAfter);
      sum += failure_evidence(channel.usual.ratio(), plan->configuration.detect);
    }
    CHECK(roster.failure_strength(*plan, 0) == Approx(sum));
    CHECK(roster.failure_strength(*plan, 1) == 0.0);
  }
}

}  // namespace
}  // namespace blipd::detect
